"""A crawl of everything that anybody can see of a running system without a key: is a word to be found there?

Looked at are every GET address that the API serves, page by page; both live streams of every edition, as they begin and
replayed from the wire's beginning; what each process tells on its admin port; and the logs. An address that wants a key
is asked for without one.

The rule to remember: no address is written down here. They are read from the running API's /openapi.json, which is made
of the router's own routes and ends the start where one is missing (service/api/openapi.py). An address or query whose
parts the crawl cannot fill in fails it, so that a new one is never passed over in silence.
"""

import hashlib
import html
import http.client
import itertools
import json
import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any
from urllib.parse import parse_qsl, quote, urlencode, urlsplit

import msgspec

from tests.ears import WITHIN_S, Seen, streams
from tests.processes import CHILDREN_MAX, System

PAGES_MAX = 200
"""Of one address; a test's history is shorter by far, and a `next` that never ends is a fault."""
SHOWN_CHARS = 60
ADMIN_PATHS = ("/healthz", "/readyz", "/version", "/metrics")
_PART = re.compile(r"\{(\w+)\}")
_NOT_ASKED = frozenset({"before"})
"""Query parameters that the crawl follows from page to page."""


class Unfillable(Exception):
    """An address has a part that the crawl does not know how to fill in: teach it (see `fillings`)."""


class Hit(msgspec.Struct, frozen=True):
    """A word that was found: where, and what stands around it."""

    place: str
    word: str
    around: str


def crawl(system: System, words: Iterable[str], ids: Iterable[str] = (), heard: Iterable[Seen] = ()) -> list[Hit]:
    """Every place where one of `words` is to be found. `ids` of alerts and stories are asked for at every address that
    takes one; `heard` (of `Ears`) is looked through as well.
    """
    seen = itertools.chain(public(system, ids), streams(system), machines(system), logs(system), heard)
    return list(hits(seen, list(words)))


def marks(system: System, ids: Iterable[str] = ()) -> dict[str, str]:
    """What every public address and stream is called now: their ETags and cursors, to be compared with later ones.

    An address without an ETag has the digest of its body instead, but for /readyz, which tells of machines.
    """
    found = {}
    for seen in itertools.chain(public(system, ids), streams(system)):
        if not seen.place.endswith("/readyz"):
            found[seen.place] = seen.mark or hashlib.sha256(seen.body.encode()).hexdigest()
    return found


def hits(seen: Iterable[Seen], words: Sequence[str]) -> Iterator[Hit]:
    """Where a word stands, in whatever form: as it is, in JSON's or HTML's escapes, in an address; in any case."""
    spelled = [(word, spelling) for word in words for spelling in _spellings(word)]
    for one in seen:
        lower = one.text.lower()
        for word, spelling in spelled:
            at = lower.find(spelling)
            if at >= 0:
                yield Hit(one.place, word, one.text[max(0, at - SHOWN_CHARS) : at + len(spelling) + SHOWN_CHARS])


def _spellings(word: str) -> set[str]:
    assert word, "an empty word stands everywhere"
    return {
        form.lower() for form in (word, json.dumps(word)[1:-1], html.escape(word), quote(word), word.replace(" ", "-"))
    }


# --- the API's addresses


def public(system: System, ids: Iterable[str] = ()) -> Iterator[Seen]:
    """The answer of every address that the API serves, asked without a key; of a list, every page."""
    document = json.loads(_get(system.api_port, "/openapi.json").body)
    for template, methods in document["paths"].items():
        if "get" in methods:
            for path in fillings(template, methods["get"], tuple(ids)):
                yield from _pages(system.api_port, path)


def fillings(template: str, operation: Mapping[str, Any], ids: Sequence[str]) -> Iterator[str]:
    """Every address that a template of the description stands for. Raises Unfillable.

    An id is whatever the caller looks for; parts and queries with a list of values are tried with each; a number is as
    large as it may be; a query without a list (`stay`) is left out and sent once. What wants a key is not asked for
    with queries, and any part of it is an id: without a key there is nothing to choose from.
    """
    described = {(each["in"], each["name"]): each["schema"] for each in operation.get("parameters", ())}
    is_public = {} in (operation.get("security") or [{}])
    parts = []
    for name in _PART.findall(template):
        values = ids if name == "id" or not is_public else _values(described.get(("path", name), {}))
        if values is None:
            raise Unfillable(f"{template}: nobody has said what {{{name}}} may be; teach tests/crawl.py")
        parts.append([(name, str(value)) for value in values])
    queries: list[tuple[tuple[str, str], ...]] = [()]
    always: tuple[tuple[str, str], ...] = ()
    for (where, name), schema in described.items():
        if where != "query" or name in _NOT_ASKED or not is_public:
            continue
        if "maximum" in schema:
            always += ((name, str(schema["maximum"])),)
        elif (values := _values(schema)) is not None:
            queries += [((name, str(value)),) for value in values]
        elif schema == {"type": "string"}:
            queries.append(((name, ""),))
        else:
            raise Unfillable(f"{template}: nobody has said what ?{name}= may be; teach tests/crawl.py")
    for chosen, query in itertools.product(itertools.product(*parts), queries):
        path = template
        for name, value in chosen:
            path = path.replace(f"{{{name}}}", quote(value, safe=""))
        yield f"{path}?{urlencode(always + query)}" if always or query else path


def _values(schema: Mapping[str, Any]) -> Sequence[Any] | None:
    if schema.get("type") == "array":
        schema = schema["items"]
    found: Sequence[Any] | None = schema.get("enum")
    return found


def _pages(port: int, path: str) -> Iterator[Seen]:
    """An answer and those that it leads to with `next`."""
    address, _, query = path.partition("?")
    for _ in range(PAGES_MAX):
        seen = _get(port, path)
        yield seen
        following = _next(seen.body)
        if following is None:
            return
        path = f"{address}?{urlencode([*parse_qsl(query, keep_blank_values=True), ('before', following)])}"
    raise AssertionError(f"{address} has more than {PAGES_MAX} pages")


def _next(body: str) -> str | None:
    """The `before` of the next page; of a JSON Feed, `next_url` holds it."""
    try:
        page = json.loads(body)
    except ValueError:
        return None
    if not isinstance(page, dict):
        return None
    following = page.get("next") or dict(parse_qsl(urlsplit(page.get("next_url") or "").query)).get("before")
    return following if isinstance(following, str) else None


def _get(port: int, path: str) -> Seen:
    """One answer with its status and headers, but for those that differ each time."""
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=WITHIN_S)
    try:
        connection.request("GET", path)
        answer = connection.getresponse()
        body = answer.read().decode("utf-8", "replace")
        assert answer.status < 500 or path == "/readyz", f"{path}: {answer.status} {body[:200]}"
        told = "".join(f"{name}: {value}\n" for name, value in answer.getheaders() if name.lower() not in _CHANGING)
        return Seen(f":{port}{path}", body, f"{answer.status}\n{told}", answer.getheader("ETag", ""))
    finally:
        connection.close()


_CHANGING = frozenset({"date", "x-request-id"})


# --- what machines and people who run it are told


def machines(system: System) -> Iterator[Seen]:
    """What every process tells on its admin port."""
    there = 0
    for port, path in itertools.product(range(system.admin_port, system.admin_port + CHILDREN_MAX), ADMIN_PATHS):
        try:
            yield _get(port, path)
        except ConnectionRefusedError:
            continue
        there += 1
    assert there >= 2 * len(ADMIN_PATHS), "API and gateways tell of themselves"


def logs(system: System) -> Iterator[Seen]:
    """What all processes have said, and the store in its own log."""
    yield Seen("the log", system.log())
    for path in sorted(system.data_dir.rglob("*.log*")):
        yield Seen(f"the file {path.name}", path.read_text(encoding="utf-8", errors="replace"))
