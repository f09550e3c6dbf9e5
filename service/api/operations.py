"""What each route does, for those who write a client: a table from which the OpenAPI description is made.

The rule to remember: a route that does not stand here is not described, and a test fails. What it may answer stands
here too: schemathesis asks every route, and an answer that is not in the table is a finding.
"""

from typing import Any, get_args

import msgspec

from service.api import audit
from service.api.forms import FEED_LIMIT_DEFAULT
from service.api.problems import KINDS
from service.api.queries import LIMIT_DEFAULT, LIMIT_MAX
from service.api.schemas import ID, KEY_ID, Schema, listed, ref
from service.domain.alert import LEVELS, State
from service.domain.newsroom import Newsroom
from service.domain.text import HEADLINE_GRAPHEMES_MAX

HTML, JSON, STREAM = "text/html", "application/json", "text/event-stream"
FEED, RSS = "application/feed+json", "application/rss+xml"


class Good(msgspec.Struct, frozen=True):
    """An answer that is no refusal. `media` is None where it has no body."""

    what: str
    media: str | None = JSON
    schema: Schema | None = None
    headers: tuple[str, ...] = ()
    also: str | None = None
    """Another media type in which it may come."""


class Operation(msgspec.Struct, frozen=True):
    """One method of one route. `problems` are slugs of `service.api.problems`; `security` the schemes, any of which
    will do (an empty one: none is needed).
    """

    id: str
    tag: str
    summary: str
    good: dict[int, Good]
    problems: tuple[str, ...] = ()
    parameters: tuple[dict[str, Any], ...] = ()
    body: str | None = None
    body_needed: bool = True
    security: tuple[str, ...] = ()
    example: Any = None
    links: tuple[str, ...] = ()
    """Operations on what a 201 has made."""


def _in(place: str, name: str, schema: Schema, description: str, *, required: bool = False) -> dict[str, Any]:
    return {"name": name, "in": place, "required": required, "schema": schema, "description": description}


def table(newsroom: Newsroom) -> dict[str, Operation]:
    """Operations by method and path."""
    return {**_editors(newsroom), **_keys(), **_readers(newsroom), **_apps(newsroom), **_processes()}


_IDEMPOTENCY = _in("header", "Idempotency-Key", {"type": "string", "pattern": "^[!-~]{1,128}$"},
                   "The same key and body get the same answer again, for 24 hours.")  # fmt: skip
_VERSION = {"type": "string", "pattern": '^"[0-9]{1,9}"$', "examples": ['"1"']}
_IF_MATCH = _in("header", "If-Match", _VERSION, "The version that is changed, as its ETag.", required=True)
_MAY_MATCH = _in("header", "If-Match", {"anyOf": [_VERSION, {"const": "*"}]},
                 "Only if this version is current; without it, whatever is.")  # fmt: skip
_IF_NONE = _in("header", "If-None-Match", {"type": "string"}, "The ETag that you have: 304 where it still holds.")
_ALERT = _in("path", "id", ID, "The alert.", required=True)
_TICKET = _in("query", "ticket", {"type": "string"}, "In place of the key, for an event stream: of POST /v1/tickets.")
_DEVICE = _in("path", "id", ID, "The device.", required=True)
_AUDIT_AFTER = {"type": "integer", "minimum": 0, "maximum": audit.AFTER_MAX}
_AUDIT_LIMIT = {"type": "integer", "minimum": 1, "maximum": audit.LIMIT_MAX, "default": audit.LIMIT_DEFAULT}
_STORY = _in("path", "id", ID, "The story, as its alerts name it.", required=True)

_BEFORE = _in("query", "before", {"type": "string", "pattern": "^[A-Za-z0-9_-]+$"},
              "The `next` of an earlier page, as it was given.")  # fmt: skip

_KEYED = ("unauthorized", "too-many-wrong-keys", "store-unavailable")
_BODY = ("malformed", "body-too-large", "not-json", "invalid", "slow-body")
_WRITES = (*_KEYED, *_BODY, "rate-limited", "forbidden", "bad-idempotency-key", "idempotency-mismatch", "not-durable")
_CHANGES = (*_WRITES, "not-found", "bad-if-match", "version-stale", "wrong-state")
_VERBS = {
    "update": "Say more, or say it better, in the same place.",
    "correct": "Say what was wrong, and what is right.",
    "hold": "Withhold it from readers and queues until it is verified.",
    "release": "Let it out again.",
    "undo": "Take it back without a trace, as long as no phone has rung.",
    "kill": "Take it back from every screen and phone; or from among what waits.",
    "approve": "Let out what somebody else has drafted or proposed, or let it wait for its moment.",
}
_ON_PENDING = ("update", "release", "kill", "approve")
_WITH_CONTENT = {"update": "AlertUpdate", "correct": "AlertCorrection"}
_CONTENT_EXAMPLES = {
    "update": {"headline": "Ferries stay in port until the evening"},
    "correct": {"headline": "Ferries sail again at noon",
                "correction": {"text": "The storm passes north of the coast", "severity": "minor"}},
}  # fmt: skip


def _editors(newsroom: Newsroom) -> dict[str, Operation]:
    done = ("ETag", "Idempotency-Replayed")
    example = {
        "edition": newsroom.editions[0].edition, "level": "urgent", "attribution": {"kind": "none"},
        "headline": "Ferries stay in port as the storm passes the coast",
    }  # fmt: skip
    return {
        "POST /v1/alerts": Operation(
            "publish", "editors", "Publish an alert. 201 is answered once it is on disk.",
            {201: Good("It is out.", schema=ref("Done"), headers=("Location", *done)),
             202: Good("It waits: for its moment, or for a second person.", schema=ref("Waits"),
                       headers=("Location", *done))},
            (*_WRITES, "near-duplicate", "pending-full"), (_IDEMPOTENCY,), "NewAlert", security=("key",),
            example=example, links=("alert", "versions", "audit", "delivery", "permalink", *_VERBS),
        ),
        "POST /v1/alerts/check": Operation(
            "check", "editors", "What would become of an alert. Nothing is published or kept.",
            {200: Good("So it would be.", schema=ref("Checked"))}, (*_KEYED, *_BODY, "rate-limited"), (), "NewAlert",
            security=("key",), example=example,
        ),
        **{f"POST /v1/alerts/{{id}}/{verb}": _verb(verb) for verb in _VERBS},
        "POST /v1/tickets": Operation(
            "ticket", "editors", "A ticket, to open one stream where no header can be set. Good once, for a minute.",
            {201: Good("This once.", schema=ref("Ticket"))},
            (*_KEYED, *_BODY, "bad-idempotency-key", "too-many-tickets"), (_IDEMPOTENCY,), "Nothing",
            body_needed=False, security=("key",),
        ),
        "GET /v1/alerts/{id}": Operation(
            "alert", "editors", "An alert with all that editors see of it.",
            {200: Good("It stands so.", schema=ref("Seen"), headers=("ETag",))}, (*_KEYED, "not-found"), (_ALERT,),
            security=("key",),
        ),
        "GET /v1/alerts/{id}/versions": Operation(
            "versions", "editors", "Every version of an alert, oldest first.",
            {200: Good("All of them.", schema=ref("Versions"))}, (*_KEYED, "not-found"), (_ALERT,), security=("key",),
        ),
        "GET /v1/alerts/{id}/audit": Operation(
            "audit", "editors", "Who did what to an alert, oldest first, with what was refused.",
            {200: Good("A page.", schema=ref("Audit"))}, (*_KEYED, "not-found", "bad-query"),
            (_ALERT, _in("query", "limit", _AUDIT_LIMIT, "How many lines."),
             _in("query", "after", _AUDIT_AFTER, "The `next` of an earlier page.")),
            security=("key",),
        ),
        "GET /v1/alerts/{id}/delivery": Operation(
            "delivery", "editors", "How an alert is reaching its readers; with Accept: text/event-stream as it goes.",
            {200: Good("So far.", schema=ref("Report"), also=STREAM)}, (*_KEYED, "not-found", "too-many-streams"),
            (_ALERT, _TICKET), security=("key",),
        ),
        "GET /v1/alerts": Operation(
            "alerts", "editors", "Find alerts: by state, edition and the words of their headlines, newest first.",
            {200: Good("A page.", schema=ref("AlertList"))}, (*_KEYED, "bad-query", "not-loaded"),
            _search(newsroom), security=("key",),
        ),
        "GET /v1/stories/{id}": Operation(
            "story", "editors", "One event in all editions: who lags, and what is to be looked at again.",
            {200: Good("The whole of it.", schema=ref("Story"))}, (*_KEYED, "not-found"), (_STORY,), security=("key",),
        ),
    }  # fmt: skip


def _search(newsroom: Newsroom) -> tuple[dict[str, Any], ...]:
    editions = {"enum": newsroom.edition_names}
    lists = tuple(
        {**_in("query", name, listed(allowed), what), "style": "form", "explode": False}
        for name, allowed, what in (
            ("state", {"enum": list(get_args(State))}, "Alerts in any of these states."),
            ("edition", editions, "Alerts of any of these editions."),
        )
    )
    words = {"type": "string", "maxLength": HEADLINE_GRAPHEMES_MAX}
    return (
        *lists, _limit(LIMIT_DEFAULT), _BEFORE,
        _in("query", "q", words, "Words of the headline: all must stand there, the last one may be only begun."),
    )  # fmt: skip


def _verb(verb: str) -> Operation:
    brings = verb in _WITH_CONTENT
    written_upon = brings or verb == "approve"
    more = ("precondition-required",) if written_upon else ()
    many = ("too-many-versions",)
    late = {
        "undo": ("fuse-over",), "approve": ("approval-needed",), "update": many, "correct": many, "release": many,
    }.get(verb, ())  # fmt: skip
    now = ref("DoneOrWaits" if verb in _ON_PENDING else "Done")
    return Operation(
        verb, "editors", _VERBS[verb],
        {200: Good("The alert as it is now.", schema=now, headers=("ETag", "Idempotency-Replayed"))},
        (*_CHANGES, *more, *late),
        (_ALERT, _IDEMPOTENCY, _IF_MATCH if written_upon else _MAY_MATCH), _WITH_CONTENT.get(verb, "Reason"),
        body_needed=brings, security=("key",), example=_CONTENT_EXAMPLES.get(verb, {"reason": "verified by phone"}),
    )  # fmt: skip


def _keys() -> dict[str, Operation]:
    key = _in("path", "id", KEY_ID, "The key.", required=True)
    changes = tuple(slug for slug in _WRITES if slug not in _BODY)
    shown = "A key is shown in one answer: null where the request is a repetition of another."
    return {
        "GET /v1/keys": Operation(
            "keys", "keys", "All keys that are kept, ended ones too, without their secrets. For admins.",
            {200: Good("These, oldest first.", schema=ref("KeyList"))}, (*_KEYED, "forbidden"), security=("key",),
        ),
        "POST /v1/keys": Operation(
            "createKey", "keys", "Make a key. For admins; with a test key, a test key.",
            {201: Good(shown, schema=ref("IssuedKey"), headers=("Idempotency-Replayed",))},
            (*_WRITES, "too-many-keys"), (_IDEMPOTENCY,), "NewKey", security=("key",),
            example={"role": "editor", "name": "night desk"}, links=("revokeKey", "rotateKey"),
        ),
        "POST /v1/keys/{id}/rotate": Operation(
            "rotateKey", "keys", "Give a key another secret; the former one goes on for a while. For admins.",
            {200: Good(shown, schema=ref("IssuedKey"), headers=("Idempotency-Replayed",))},
            (*_WRITES, "not-found"), (key, _IDEMPOTENCY), "Rotation", body_needed=False, security=("key",),
            example={"overlapS": 3600},
        ),
        "DELETE /v1/keys/{id}": Operation(
            "revokeKey", "keys", "End a key for good; everywhere within 2 s. For admins.",
            {204: Good("It has ended.", None, headers=("Idempotency-Replayed",))},
            (*changes, "body-too-large", "slow-body", "not-found"), (key, _IDEMPOTENCY), security=("key",),
        ),
        "POST /v1/keys/revoke-all": Operation(
            "revokeAllKeys", "keys", "End every key for good, the one that asks too; everywhere within 2 s. For duty "
            "editors and admins; with a test key, every test key.",
            {200: Good("So many were ended.", schema=ref("RevokedKeys"), headers=("Idempotency-Replayed",))},
            _WRITES, (_IDEMPOTENCY,), "Nothing", body_needed=False, security=("key",),
        ),
    }  # fmt: skip


def _readers(newsroom: Newsroom) -> dict[str, Operation]:
    edition = _in("path", "edition", {"enum": newsroom.edition_names}, "", required=True)
    filters = tuple(
        {**_in("query", name, listed({"enum": list(allowed)}), what), "style": "form", "explode": False}
        for name, allowed, what in (
            ("section", newsroom.sections, "Alerts of any of these sections."),
            ("region", newsroom.regions, "Alerts of any of these regions."),
            ("level", LEVELS, "Alerts of the quietest of these levels, and of those that are louder."),
        )
    )
    newest = (edition, _limit(LIMIT_DEFAULT), _IF_NONE, *filters)
    page = (*newest, _BEFORE)
    feed = (edition, _limit(FEED_LIMIT_DEFAULT), _IF_NONE, *filters)
    refused = ("not-found", "bad-query", "not-loaded")
    unchanged = {304: Good("You have it.", None, headers=("ETag",))}
    return {
        "GET /v1/editions": Operation(
            "editions", "readers", "What there is to read, in which words, and where it streams.",
            {200: Good("All editions.", schema=ref("Editions"), headers=("ETag",)), **unchanged}, ("bad-query",),
            (_IF_NONE,),
        ),
        "GET /v1/editions/{edition}/ticker": Operation(
            "ticker", "readers", "The newest alerts of an edition, each once, in its current version.",
            {200: Good("A page.", schema=ref("Ticker"), headers=("ETag",)), **unchanged}, refused, page,
        ),
        "GET /v1/editions/{edition}/ticker.html": Operation(
            "ticker-html", "readers", "The same as a list in HTML, to be included in a page.",
            {200: Good("A fragment.", HTML, headers=("ETag",)), **unchanged}, refused, newest,
        ),
        "GET /v1/editions/{edition}/feed.json": Operation(
            "feed-json", "readers", "The same as a JSON Feed 1.1, in which a tombstone stays for a day.",
            {200: Good("The feed.", FEED, schema=ref("Feed"), headers=("ETag",)), **unchanged}, refused, feed,
        ),
        "GET /v1/editions/{edition}/feed.rss": Operation(
            "feed-rss", "readers", "The same as RSS 2.0.",
            {200: Good("The feed.", RSS, headers=("ETag",)), **unchanged}, refused, feed,
        ),
        "GET /a/{id}": Operation(
            "permalink", "readers", "An alert's page, or the way to its article.",
            {200: Good("Its page.", HTML, headers=("ETag",)), 302: Good("Its article.", None, headers=("Location",)),
             404: Good("No such alert.", HTML), 503: Good("The store cannot be reached.", HTML), **unchanged},
            (), (_ALERT, _in("query", "stay", {"type": "string"}, "Show the page although there is an article."),
                 _IF_NONE),
        ),
        **{f"GET {path}": _file(path, media) for path, media in _FILES.items()},
        "GET /": Operation("home", "pages", "To the demo page.", {307: Good("There.", None, headers=("Location",))}),
        "GET /problems/{slug}": Operation(
            "problem", "pages", "What a kind of refusal means.", {200: Good("This.", HTML)}, ("not-found",),
            (_in("path", "slug", {"enum": sorted(KINDS)}, "The kind.", required=True),),
        ),
    }  # fmt: skip


def _limit(default: int) -> dict[str, Any]:
    schema = {"type": "integer", "minimum": 1, "maximum": LIMIT_MAX, "default": default}
    return _in("query", "limit", schema, "How many.")


_FILES = {
    "/ticker.js": "text/javascript", "/ticker-{hash}.js": "text/javascript", "/sw.js": "text/javascript",
    "/alerts.js": "text/javascript", "/device.js": "text/javascript", "/demo.css": "text/css",
    "/demo.svg": "image/svg+xml", "/demo": HTML, "/docs": HTML, "/openapi.json": JSON,
    "/asyncapi.yaml": "application/yaml",
}  # fmt: skip


def _file(path: str, media: str) -> Operation:
    good = {200: Good("The file.", media, headers=("ETag",)), 304: Good("You have it.", None, headers=("ETag",))}
    problems = ("bad-query",) if path == "/demo" else ()
    return Operation(path.strip("/").replace(".", "-").replace("{hash}", "immutable"), "pages", f"The file {path}.",
                     good, problems, (_IF_NONE,))  # fmt: skip


def _apps(newsroom: Newsroom) -> dict[str, Operation]:
    held = ("device-unauthorized", "not-found", "store-unavailable")
    example = {"platform": "apns", "token": "a1" * 32, "environment": "development", "topic": "org.example.news",
               "preferences": {"editions": [newsroom.editions[0].edition]}}  # fmt: skip
    return {
        "POST /v1/devices": Operation(
            "register", "apps", "Register a device; the same token again is the same device, with a fresh secret.",
            {201: Good("A new device.", schema=ref("Registered"), headers=("Location",)),
             200: Good("A device that we know.", schema=ref("Registered"), headers=("Location",))},
            (*_BODY, *_KEYED, "test-key-needed", "too-many-registrations"), (), "Registration", security=("", "key"),
            example=example,
        ),
        "GET /v1/devices/{id}": Operation(
            "device", "apps", "What is kept of a device.", {200: Good("This.", schema=ref("Device"))}, held, (_DEVICE,),
            security=("secret",),
        ),
        "PUT /v1/devices/{id}": Operation(
            "replace", "apps", "Replace the whole state of a device, its token included.",
            {200: Good("Done.", schema=ref("Replaced"))}, (*_BODY, *held, "test-key-needed"), (_DEVICE,),
            "Registration", security=("secret",), example=example,
        ),
        "DELETE /v1/devices/{id}": Operation(
            "erase", "apps", "Erase a device.", {204: Good("It is gone.", None)}, held, (_DEVICE,),
            security=("secret",),
        ),
        "POST /v1/receipts": Operation(
            "receipts", "apps", "Say what was shown or opened; it is counted and not kept.",
            {200: Good("So many were new.", schema=ref("Counted"))},
            (*_BODY, "device-unauthorized", "store-unavailable"), (), "Receipts", security=("secret",),
            example=[{"alert": "7Q0F8R2K5M9TB4W6YE3XCZ01JV", "version": 1, "what": "shown",
                      "at": "2026-11-18T14:02:11.204Z"}],
        ),
    }  # fmt: skip


def _processes() -> dict[str, Operation]:
    return {
        "GET /healthz": Operation(
            "healthz", "operators", "The process turns.", {200: Good("It does.", schema=ref("Alive"))}
        ),
        "GET /readyz": Operation(
            "readyz", "operators", "The process is of use, or why not.",
            {200: Good("It is.", schema=ref("Ready")), 503: Good("It is not.", schema=ref("Ready"))},
        ),
        "GET /version": Operation(
            "version", "operators", "Which version runs.", {200: Good("This.", schema=ref("Version"))}
        ),
    }  # fmt: skip


HEADERS: dict[str, Schema] = {
    "ETag": {"schema": {"type": "string"}, "required": True, "description": "What this answer or version is called."},
    "Location": {"schema": {"type": "string"}, "required": True, "description": "Where it is."},
    "Idempotency-Replayed": {"schema": {"const": "true"}, "description": "It had been done before."},
    "Retry-After": {"schema": {"type": "string", "pattern": "^[0-9]+$"}, "description": "Seconds to wait."},
    "WWW-Authenticate": {"schema": {"type": "string"}, "required": True, "description": "What is needed."},
}  # fmt: skip
