"""Test 14, authorisation and input: every route by every kind of key as a table says, hostile texts, hostile push
endpoints, and no secret in any log.

The rule to remember: `doors.table` was read by people. A route of the API's own description that does not stand there
fails, and so does a row for a route that there is not.
"""

import asyncio
import base64
import contextlib
import json
import random
import re
import secrets
import tempfile
import time
import urllib.error
import urllib.request
import uuid
import xml.etree.ElementTree as ElementTree
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from html.parser import HTMLParser
from pathlib import Path
from typing import Any

from service.clock import now_ms
from service.store import access
from service.store.connection import for_commands
from tests.acceptance.form import Figures, nothing_of, over
from tests.acceptance.hostile_texts import KEPT, REFUSED, texts
from tests.crawl import logs, public
from tests.phones import Sandbox, house_style
from tests.phones import seed as seed_phones
from tests.processes import System, until
from tests.push.endpoints import HOSTILE, listening

PLANTS = ("door", "new-door", "text-let-in", "text-refused", "markup", "connected", "secret")
FULL: Mapping[str, Any] = {"count": 1000}
SHORT: Mapping[str, Any] = {"count": 200}
TABLE = Path(__file__).with_name("doors.table")
KINDS = ("none", "malformed", "unknown", "expired", "revoked", "correspondent", "editor", "duty", "admin", "drill")
NOBODY = "0" * 26
POINT = base64.urlsafe_b64encode(bytes.fromhex(
    "046b17d1f2e12c4247f8bce6e563a440f277037d812deb33a0f4a13945d898c296"
    "4fe342e2fe1a7f9b8ee7eb4a7c0f9e162bce33576b315ececbb6406837bf51f5")).rstrip(b"=").decode()  # fmt: skip
"""The base point of P-256: a point on the curve that everybody knows."""
SECRET = base64.urlsafe_b64encode(bytes(16)).rstrip(b"=").decode()
PARTS = {"id": NOBODY, "edition": "en", "slug": "not-found"}
EVERYBODYS_LAST = "POST /v1/keys/revoke-all"
"""Ends the keys that the others are tried with."""

REFUSALS = (400, 413, 422)
"""No JSON of ours, too much of it, or not to be shown to anybody."""

Door = tuple[str, str]
"""A route (`POST /v1/alerts`) and a kind of key."""


@dataclass(frozen=True)
class Facts:
    """What came of it all. `texts` are (what it was, whether it is to be kept, the status); `markup` are elements on a
    page that no harmless alert brings, `secrets` those that were found in a log.
    """

    doors: dict[Door, int]
    table: dict[Door, int]
    texts: tuple[tuple[str, str, int], ...]
    markup: tuple[str, ...]
    connections: int
    secrets: tuple[str, ...]


def check(facts: Facts) -> list[str]:
    """What is broken."""
    wrong = [
        f"{route} with {kind}: {facts.doors.get((route, kind))}, the table says {facts.table.get((route, kind))}"
        for route, kind in sorted(facts.doors.keys() | facts.table.keys())
        if facts.doors.get((route, kind)) != facts.table.get((route, kind))
    ]
    for what, wanted, status in facts.texts:
        if status not in ((201,) if wanted == KEPT else REFUSALS):
            wrong.append(f"a text ({what}) that is to be {wanted} was answered {status}")
    wrong += [f"markup on a page: {element}" for element in facts.markup]
    wrong += [f"{facts.connections} connections to where no push may go"] * bool(facts.connections)
    return wrong + [f"a secret in a log: {place}" for place in facts.secrets]


def plant(facts: Facts, fault: str) -> Facts:
    """The same facts with one fault in them."""
    door = ("POST /v1/keys", "editor")
    wanted = KEPT if fault == "text-refused" else REFUSED
    kept = next(index for index, text in enumerate(facts.texts) if text[1] == wanted)
    match fault:
        case "door":
            return replace(facts, doors={**facts.doors, door: 201})
        case "new-door":
            return replace(facts, doors={**facts.doors, ("GET /v1/secrets", "none"): 200})
        case "text-let-in" | "text-refused":
            what, wanted, status = facts.texts[kept]
            text = (what, wanted, 422 if status == 201 else 201)
            return replace(facts, texts=(*facts.texts[:kept], text, *facts.texts[kept + 1 :]))
        case "markup":
            return replace(facts, markup=("script",))
        case "connected":
            return replace(facts, connections=1)
    return replace(facts, secrets=("the log",))


def uncovered(figures: Figures, asked: Mapping[str, Any]) -> list[str]:
    """All of it."""
    missing = nothing_of(figures, ("doors", "texts kept", "texts refused", "endpoints", "secrets", "pages"))
    return missing + (["fewer texts than asked for"] if figures["texts"] < asked["count"] else [])


def late(figures: Figures) -> list[str]:
    """It is to end in time."""
    return over(figures, {"s in all": 120})


def table() -> dict[Door, int]:
    """What each route is to answer to each kind of key."""
    found: dict[Door, int] = {}
    for line in TABLE.read_text().splitlines():
        if line.strip() and not line.startswith("#"):
            method, path, *statuses = line.split()
            assert len(statuses) == len(KINDS), line
            found |= {(f"{method} {path}", kind): int(status) for kind, status in zip(KINDS, statuses, strict=True)}
    return found


class Doors:
    """Keys of every kind, and every route asked with each."""

    def __init__(self, system: System) -> None:
        self._system = system
        self.secrets: list[str] = []
        self.keys = asyncio.run(self._make())

    async def _make(self) -> dict[str, str | None]:
        store = for_commands(self._system.store_url, 5.0)
        try:
            now = now_ms()
            made: dict[str, str | None] = {"none": None, "malformed": "fw_live_short"}
            for role in ("correspondent", "editor", "duty", "admin"):
                made[role] = (await access.create(store, role, role, False, now)).key
            made["drill"] = (await access.create(store, "drill", "duty", True, now)).key
            made["expired"] = (await access.create(store, "expired", "admin", False, now, now + 1)).key
            revoked = await access.create(store, "revoked", "admin", False, now)
            await access.revoke(store, revoked.id, now)
            made["revoked"] = revoked.key
            made["unknown"] = revoked.key[:-8] + "00000000"
        finally:
            await store.aclose()
        self.secrets += [key for kind, key in made.items() if key and kind != "malformed"]
        return made

    def all(self) -> dict[Door, int]:
        """The status of every route for every kind of key."""
        with urllib.request.urlopen(f"{self._system.url}/openapi.json", timeout=10) as answer:
            paths = json.load(answer)["paths"]
        routes = [
            (f"{method.upper()} {path}", about) for path, methods in paths.items() for method, about in methods.items()
        ]  # fmt: skip
        found = {}
        for route, about in sorted(routes, key=lambda each: each[0] == EVERYBODYS_LAST):
            for kind in sorted(KINDS, key=lambda each: each in ("drill", "duty", "admin")):
                status = self._ask(route, about, kind)
                found[re.sub(r"-[0-9a-f]{16}[.]js", "-{hash}.js", route), kind] = status
                if route == EVERYBODYS_LAST and status == 200:
                    self.keys = asyncio.run(self._make())
        return found

    def _ask(self, route: str, about: Mapping[str, Any], kind: str) -> int:
        method, _, path = route.partition(" ")
        for name, value in PARTS.items():
            path = path.replace(f"{{{name}}}", value)
        body = _example(about)
        headers = {"If-Match": '"1"'}
        if self.keys[kind] is not None:
            headers["Authorization"] = f"Bearer {self.keys[kind]}"
        if method != "GET":
            headers["Content-Type"] = "application/json"
        if method == "POST" and path.startswith("/v1/alerts"):
            headers["Idempotency-Key"] = str(uuid.uuid4())
        status, said = _request(self._system.url + path, method, body, headers)
        if isinstance(said, dict):
            self.secrets += [said[name] for name in ("key", "secret", "ticket") if isinstance(said.get(name), str)]
        return status


def _example(about: Mapping[str, Any]) -> Any:
    for media in about.get("requestBody", {}).get("content", {}).values():
        if "example" in media:
            example = media["example"]
            if isinstance(example, dict) and "token" in example:
                return {**example, "token": secrets.token_hex(32)}
            if isinstance(example, dict) and "edition" in example:
                return {**example, "override": ["near-duplicate"], "overrideReason": "a test"}
            return example
    return {} if "requestBody" in about else None


def _request(url: str, method: str, body: Any, headers: Mapping[str, str]) -> tuple[int, Any]:
    data = None if body is None else body if isinstance(body, bytes) else json.dumps(body).encode()
    asked = urllib.request.Request(url, data, dict(headers), method=method)
    opener = urllib.request.build_opener(_Stays)
    try:
        with opener.open(asked, timeout=20) as answer:
            status, raw = answer.status, answer.read()
    except urllib.error.HTTPError as refusal:
        status, raw = refusal.code, refusal.read()
    with contextlib.suppress(ValueError):
        return status, json.loads(raw)
    return status, None


class _Stays(urllib.request.HTTPRedirectHandler):
    def redirect_request(self, *_: Any, **__: Any) -> None:
        """A redirect is an answer like any other."""


class _Elements(HTMLParser):
    def __init__(self) -> None:
        super().__init__()
        self.found: set[str] = set()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.found |= {tag, *(f"{tag} {name}" for name, _ in attrs)}


def elements(system: System, ids: Sequence[str]) -> tuple[set[str], int]:
    """Every element and attribute on the public pages that show alerts, and how many pages they were."""
    found: set[str] = set()
    pages = 0
    for seen in public(system, ids):
        kind = seen.text.lower()
        if "content-type: text/html" in kind and "/docs" not in seen.place:
            parser = _Elements()
            parser.feed(seen.body)
            found |= parser.found
            pages += 1
        elif "content-type: application/rss+xml" in kind:
            found |= {f"rss {element.tag}" for element in ElementTree.fromstring(seen.body).iter()}
            pages += 1
    return found, pages


async def observe(seed: int, count: int) -> tuple[Facts, dict[str, float]]:
    """Ask at every door, post every text, register every endpoint; what came of it, and figures."""
    started_s = time.monotonic()
    with tempfile.TemporaryDirectory(prefix="flashwire-acceptance-") as folder:
        style = house_style(Path(folder), 0.1)
        many = {"writes_per_key_per_min": 1_000_000, "wrong_keys_per_address_per_min": 1_000_000,
                "wrong_keys_per_id_per_min": 1_000_000, "idempotency_max_per_key": 1_000_000,
                "wire_max_revisions": 1_000_000, "log_level": "debug"}  # fmt: skip
        async with listening() as sentinel:
            with System(Path(folder), push="auto", config=style, **many) as system:
                phones = await seed_phones(system, 2)
                facts, figures = await asyncio.to_thread(_observe, system, seed, count, sentinel.port, len(phones))
            facts = replace(facts, connections=sentinel.connections)
    return facts, {**figures, "s in all": round(time.monotonic() - started_s, 1)}


def _observe(system: System, seed: int, count: int, port: int, phones: int) -> tuple[Facts, dict[str, float]]:
    harmless = system.post("Rain reaches the coast after a dry month")["alert"]
    system.ask(f"/v1/alerts/{harmless['id']}/correct", {"headline": "Rain reaches the hills", "correction": {
        "text": "It is the hills", "severity": "minor"}}, if_match=1)  # fmt: skip
    usual, _ = elements(system, [harmless["id"]])
    answers, ids = [], []
    for text in texts(random.Random(seed), count):
        status, said = _post(system, text.value)
        answers.append((text.what, text.wanted, status))
        if status == 201:
            ids.append(said["alert"]["id"])
    found, pages = elements(system, ids)
    for endpoint in HOSTILE:
        _subscribe(system, endpoint.replace("{port}", str(port)))
    last = system.post("Ferries sail again at noon", override=["near-duplicate"], overrideReason="a test")["alert"][
        "id"
    ]
    Sandbox(system).until_showing(last, phones)
    doors = Doors(system)
    asked = doors.all()
    until(lambda: bool(system.log()), "somebody has said something")
    hidden = {secret.rpartition("_")[2][-40:] for secret in (*doors.secrets, system.key)}
    leaked = tuple(seen.place for seen in logs(system) if any(secret in seen.text for secret in hidden))
    wanted = [wanted for _, wanted, _ in answers]
    figures: dict[str, float] = {
        "doors": len(asked), "texts": len(answers), "texts kept": wanted.count(KEPT),
        "texts refused": wanted.count(REFUSED), "endpoints": len(HOSTILE), "secrets": len(hidden), "pages": pages,
    }  # fmt: skip
    return Facts(asked, table(), tuple(answers), tuple(sorted(found - usual)), 0, leaked), figures


def _post(system: System, headline: str) -> tuple[int, Any]:
    """Lone surrogates too: JSON can write what UTF-8 cannot."""
    body = json.dumps({
        "edition": "en", "headline": headline, "level": "line", "note": headline, "places": [{"name": headline[:100]}],
    }).encode()  # fmt: skip
    headers = {"Authorization": f"Bearer {system.key}", "Content-Type": "application/json"}
    return _request(f"{system.url}/v1/alerts", "POST", body, headers)


def _subscribe(system: System, endpoint: str) -> None:
    """Register a browser that says to be reached there; most are refused, which is as good."""
    keys = {"p256dh": POINT, "auth": SECRET}
    body = {"platform": "webpush", "subscription": {"endpoint": endpoint, "keys": keys},
            "preferences": {"editions": ["en"]}}  # fmt: skip
    _request(f"{system.url}/v1/devices", "POST", body, {"Content-Type": "application/json"})
