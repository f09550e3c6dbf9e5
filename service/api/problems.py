"""Refusals: RFC 9457 `application/problem+json`, each kind once in one table that is also its page.

The rule to remember: every answer that is not a success comes from here, whoever raised it.
"""

import html
from collections.abc import Mapping

import msgspec
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response

from service.domain.errors import (
    ApprovalLapsed,
    Finding,
    FlashwireError,
    Forbidden,
    FuseOver,
    IdempotencyMismatch,
    Invalid,
    KeyEnded,
    KeysFull,
    NotDurable,
    NotFound,
    PendingFull,
    StoreUnavailable,
    TooManyTickets,
    TooManyVersions,
    VersionStale,
)
from service.domain.lifecycle import WrongState

RETRY_S = 1
"""How soon to try again when the store cannot be reached; it may be back at any moment."""
RETRY_PENDING_S = 60
"""How soon when people have to work something off first."""
RETRY_DURABLE_S = 5
"""How soon when somebody has to mend a setting first."""


class Kind(msgspec.Struct, frozen=True):
    """One kind of refusal: its status, its title, and what to do about it."""

    status: int
    title: str
    meaning: str


KINDS: dict[str, Kind] = {
    "malformed": Kind(400, "The body is not JSON", "The body must be one JSON value in UTF-8, without a byte order "
                      "mark, duplicate keys, NaN or Infinity, integers beyond 2^53, or nesting deeper than 8 levels."),
    "bad-idempotency-key": Kind(400, "The Idempotency-Key cannot be used", "An Idempotency-Key is 1 to 128 visible "
                                "ASCII characters. Make a new one for each thing you want done, a UUID for example."),
    "bad-if-match": Kind(400, "The If-Match header cannot be read", 'If-Match takes one version as the ETag of an '
                         'answer gave it, in quotes: If-Match: "3".'),
    "bad-query": Kind(400, "A query value is not allowed", "The detail names the parameter and what it takes. Unknown "
                      "parameters are ignored, wrong values are not."),
    "unauthorized": Kind(401, "A key is needed", "Send Authorization: Bearer <key> with a key that is neither expired "
                         "nor revoked. Keys come from an admin (POST /v1/keys) or from `flashwire keys create`."),
    "device-unauthorized": Kind(401, "The device's secret is needed", "Send Authorization: Bearer <secret> with the "
                                "secret that the registration answered. A registration of the same token gives a fresh "
                                "one and ends the former; register anew where it is lost."),
    "test-key-needed": Kind(403, "A test device needs a test key", 'A device with "test": true gets drills alone. It '
                            "is registered with a test key in Authorization (`flashwire keys create --test`)."),
    "forbidden": Kind(403, "This key may not do this", "Editors publish up to urgent and update, correct or undo "
                      "their own alerts; the duty desk also publishes flashes, holds, releases and kills, and may do "
                      "all of it to anybody's alert. Nobody approves what they wrote or changed."),
    "origin-refused": Kind(403, "Pages of this origin may not read the stream", "This outlet names the origins whose "
                           "pages may open live streams (FLASHWIRE_ORIGINS), and the page's is none of them."),
    "misdirected": Kind(421, "Nothing is served under this name", "The Host of the request is not one of those that "
                        "this server goes by (FLASHWIRE_HOSTS; in production those of FLASHWIRE_PUBLIC_URL and "
                        "FLASHWIRE_LIVE_URL). A proxy in front must pass on the Host that it was asked for."),
    "not-found": Kind(404, "Not found", "There is nothing of this name, or it is not yours to see."),
    "unknown-edition": Kind(404, "There is no such edition", "GET /v1/editions names them all."),
    "method-not-allowed": Kind(405, "Method not allowed", "The Allow header names the methods of this address."),
    "bad-request": Kind(400, "The request is not HTTP", "What arrived cannot be read as HTTP/1.1 (RFC 9112); for "
                        "a live stream, as a request without a body."),
    "slow-head": Kind(408, "The request's head did not arrive in time", "Request line and headers have 10 seconds."),
    "head-too-large": Kind(431, "The request's head is too large", "Request line and headers may have 16 KiB, those of "
                           "a live stream 8 KiB."),
    "slow-body": Kind(408, "The body did not arrive in time", "Send the request again, with the same Idempotency-Key."),
    "approval-needed": Kind(409, "A second person must approve", "A flash that waited too long for a second person may "
                            "be about something that is over. Update it, so that it asks again, and let somebody else "
                            "than its writers approve it."),
    "near-duplicate": Kind(409, "It has just been said", "The alert says the same as one that its edition published "
                           "lately; `duplicates` names it. Update or correct that one. Where it is different news, "
                           'send it with "override": ["near-duplicate"] and an "overrideReason".'),
    "pending-full": Kind(429, "Too much is waiting", "As many alerts wait for publication as the setting pending_max "
                         "allows; drafts may be a half of them, drills a quarter. Approve, release or kill some."),
    "wrong-state": Kind(409, "The alert's state does not allow this", "Read the alert: it is not where this verb "
                        "applies. The detail names the verbs that do."),
    "too-many-versions": Kind(409, "It has been changed too often", "An alert has at most as many versions as the "
                              "setting versions_max allows. Kill it, or leave it as it is, and publish another one of "
                              "its story. Hold, undo and kill are never refused for this."),
    "fuse-over": Kind(409, "It is too late to undo", "Phones may ring by now. Correct or kill the alert: both reach "
                      "exactly the phones that were given it."),
    "too-many-keys": Kind(409, "There are as many keys as may be", "End keys that nobody needs (DELETE /v1/keys/{id}); "
                          "those that have ended make room by themselves. The setting keys_max allows more."),
    "version-stale": Kind(412, "The alert has moved on", "Another version is current than the one that If-Match names. "
                          "Read the alert again and decide anew."),
    "precondition-required": Kind(428, "Name the version that you mean", "An update or a correction is written upon a "
                                  "version. Send its ETag along, in quotes, so that nobody's change is lost unseen: "
                                  'If-Match: "3". A star names no version.'),
    "body-too-large": Kind(413, "The body is too large", "A request body may have 16 KiB unless the settings say "
                           "otherwise."),
    "not-json": Kind(415, "The body must be application/json", "Send Content-Type: application/json."),
    "invalid": Kind(422, "The body breaks a rule", "The errors list names every place in the body and what is wrong "
                    "there."),
    "idempotency-mismatch": Kind(422, "The Idempotency-Key was used for another request", "The same Idempotency-Key "
                                 "with another body would hide one of the two. Make a new key for a new thing."),
    "too-many-tickets": Kind(429, "This key has made too many tickets", "Wait as long as Retry-After says. One ticket "
                             "opens one stream; ask for it when the stream is about to be opened, not in store."),
    "too-many-registrations": Kind(429, "Too many registrations from this address", "Wait as long as Retry-After says. "
                                   "An app registers when it is installed and when its token changes, not at every "
                                   "start."),
    "rate-limited": Kind(429, "Too many writes with this key", "A key may write 6,000 times a minute unless the "
                         "settings say otherwise. Wait as long as Retry-After says; the same Idempotency-Key is still "
                         "good. Hold, undo and kill are never refused for this."),
    "too-many-wrong-keys": Kind(429, "Too many wrong keys", "10 wrong keys a minute are answered from one address, and "
                                "20 for one key's id. Wait as long as Retry-After says. A right key is never refused "
                                "for this: see to the one that you send."),
    "internal": Kind(500, "Something went wrong on our side", "It is in our log under the request's id. Try again with "
                     "the same Idempotency-Key."),
    "store-unavailable": Kind(503, "The store cannot be reached", "Nothing is known about what became of the request. "
                              "Send it again with the same Idempotency-Key: it is done once, however often it is "
                              "sent."),
    "not-durable": Kind(503, "The store is not durable enough", "An alert is only accepted once it would survive a "
                        "power cut. /readyz says what the store must be set to."),
    "too-many-streams": Kind(503, "Too many delivery reports are being followed", "This process follows as many as it "
                             "may. Come back after Retry-After, or ask without Accept: text/event-stream."),
    "overloaded": Kind(503, "Too many readers here", "This process, or this address, has as many live streams as it "
                       "may. Come back after Retry-After, with the cursor: nothing is lost."),
    "unreachable": Kind(503, "Not reachable for the moment", "The proxy in front reaches nobody who could answer. Send "
                        "the request again after Retry-After, a write with the same Idempotency-Key: it is done once."),
    "not-loaded": Kind(503, "The wire is still being read", "The process has just started and has not heard the store "
                       "yet. Try again in a moment."),
}  # fmt: skip


class Problem(Exception):
    """A refusal on its way to the door: a kind of the table, and what is special about this one."""

    def __init__(
        self, slug: str, detail: str, *, findings: tuple[Finding, ...] = (), headers: Mapping[str, str] | None = None,
        **members: object,
    ) -> None:  # fmt: skip
        super().__init__(detail)
        assert slug in KINDS, f"{slug} stands in no table"
        self.slug = slug
        self.detail = detail
        self.findings = findings
        self.headers = dict(headers or {})
        self.members = members


def of(error: Exception) -> Problem:
    """The refusal that an exception means; `internal` for one we did not expect."""
    detail = str(error)
    match error:
        case Problem():
            return error
        case Invalid():
            return Problem("invalid", f"{len(error.findings)} found; see errors", findings=error.findings)
        case NotFound():
            return Problem("not-found", detail)
        case Forbidden():
            return Problem("forbidden", detail)
        case VersionStale():
            return Problem("version-stale", detail, current=error.current)
        case FuseOver():
            return Problem("fuse-over", f"{detail}: correct or kill it instead")
        case TooManyVersions():
            return Problem("too-many-versions", detail)
        case ApprovalLapsed():
            return Problem("approval-needed", detail)
        case PendingFull():
            return Problem("pending-full", detail, headers={"Retry-After": str(RETRY_PENDING_S)})
        case IdempotencyMismatch():
            return Problem("idempotency-mismatch", detail)
        case TooManyTickets():
            return Problem("too-many-tickets", detail, headers={"Retry-After": str(error.wait_s)})
        case KeyEnded():
            return Problem("unauthorized", detail, headers={"WWW-Authenticate": 'Bearer realm="flashwire"'})
        case KeysFull():
            return Problem("too-many-keys", detail)
        case StoreUnavailable():
            # which address did not answer, and how, is for our log alone
            return Problem("store-unavailable", "try again shortly", headers={"Retry-After": str(RETRY_S)})
        case NotDurable():
            return Problem("not-durable", detail, headers={"Retry-After": str(RETRY_DURABLE_S)})
        case WrongState():
            return Problem("wrong-state", detail, state=error.state)
        case HTTPException(status_code=405):
            return Problem("method-not-allowed", "this address takes other methods", headers=error.headers)
        case HTTPException(status_code=404):
            return Problem("not-found", "there is nothing at this address")
    return Problem("internal", "the log knows more, under this request's id")


def respond(problem: Problem) -> Response:
    """The answer for a refusal."""
    kind = KINDS[problem.slug]
    body = {
        "type": f"/problems/{problem.slug}", "title": kind.title, "status": kind.status, "detail": problem.detail,
        **problem.members,
    }  # fmt: skip
    if problem.findings:
        body["errors"] = problem.findings
    headers = {"Content-Type": "application/problem+json", "Cache-Control": "no-store", **problem.headers}
    return Response(msgspec.json.encode(body), kind.status, headers)


async def answer(_: Request, error: Exception) -> Response:
    """Starlette's exception handler for everything that we raise on purpose."""
    return respond(of(error))


HANDLERS = dict.fromkeys((HTTPException, Problem, FlashwireError, WrongState), answer)


async def page(request: Request) -> Response:
    """`/problems/<slug>`: what a kind of refusal means, for whoever follows its `type`."""
    slug = request.path_params["slug"]
    if slug not in KINDS:
        raise Problem("not-found", "there is no problem of this name")
    kind = KINDS[slug]
    title, meaning = html.escape(kind.title), html.escape(kind.meaning)
    text = (
        f'<!doctype html><html lang="en"><meta charset="utf-8"><title>{title}</title>'
        f"<h1>{title}</h1><p>Status {kind.status} · <code>{slug}</code></p><p>{meaning}</p></html>\n"
    )
    headers = {
        "Content-Type": "text/html; charset=utf-8",
        "Content-Security-Policy": "default-src 'none'; frame-ancestors 'none'; base-uri 'none'; form-action 'none'",
        "Cache-Control": "public, max-age=300",
    }
    return Response(text, headers=headers)
