"""`GET /a/{id}`: an alert's own page, where a push without an article leads.

The rule to remember: the newest version, from memory or the store, whichever is newer, decides about all of them. Once
it is withheld or canceled no older one is told, and nothing leads to the article any more.
"""

import hashlib
from collections.abc import Callable, Sequence

import msgspec
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from service.api import permalink_page
from service.api.answers import is_unchanged
from service.api.headers import alert_id
from service.api.problems import RETRY_S
from service.api.store_time import StoreTime
from service.api.wires import Wires
from service.desk import Desk
from service.domain import moment
from service.domain.alert import Alert, Record, State, redacted
from service.domain.errors import NotFound, StoreUnavailable
from service.domain.newsroom import Newsroom
from service.store import history
from service.store.connection import Store
from service.store.keys import WireName

PAGES_MAX = 256
"""Pages at hand: a push without an article sends everybody to the same one, and the store is asked once."""
CACHE_CONTROL = "public, max-age=5"
LEADS_ON_CACHE = "public, max-age=1"
"""Nobody is to be led to the article for longer once the alert is killed."""
PUBLIC_STATES: frozenset[State] = frozenset({"published", "withheld", "canceled", "expired"})


class _Page(msgspec.Struct, frozen=True):
    """A finished page; true for `version` in this life of the wires, until it expires (`until_ms`, None: it has)."""

    version: int
    loads: int
    until_ms: int | None
    article: str | None
    headers: dict[str, str]
    body: bytes


class Permalink:
    """The route. At most `PAGES_MAX` pages are kept; the oldest go first."""

    def __init__(self, newsroom: Newsroom, wires: Wires, desk: Desk, store: Store, now_ms: Callable[[], int]) -> None:
        self._newsroom = newsroom
        self._wires = wires
        self._desk = desk
        self._store = store
        self._now_ms = now_ms
        self._kept: dict[str, _Page] = {}

    def routes(self) -> list[Route]:
        return [Route("/a/{id}", self.page)]

    async def page(self, request: Request) -> Response:
        """302 to the article where there is one (not with `?stay`), else the page: 200, 304, 404, 503."""
        stays = "stay" in request.query_params
        try:
            page = await self._find(alert_id(request))
        except NotFound:
            return _refuse(404, "Not found", "There is no alert at this address.", {"Cache-Control": CACHE_CONTROL})
        except StoreUnavailable:
            headers = {"Cache-Control": "no-store", "Retry-After": str(RETRY_S)}
            return _refuse(503, "One moment", "This alert cannot be read just now. Please try again.", headers)
        if page.article is not None and not stays:
            return Response(status_code=302, headers={"Location": page.article, "Cache-Control": LEADS_ON_CACHE})
        given = request.headers.get("if-none-match")
        if given is not None and is_unchanged(given.encode("latin-1"), page.headers["ETag"].encode()):
            return Response(status_code=304, headers=page.headers)
        return Response(page.body, headers={"Content-Type": _HTML, **page.headers})

    async def _find(self, alert_id: str) -> _Page:
        """The page as it is now. Raises NotFound, StoreUnavailable."""
        kept = self._kept.get(alert_id)
        if kept is not None and self._is_true(kept, self._in_memory(alert_id)):
            return kept
        records = await StoreTime().spend(history.read_versions(self._store, alert_id))
        # looked up after the wait: a kill may have come meanwhile
        page = self._make(readable(records, self._in_memory(alert_id), self._desk.public))
        self._kept.pop(alert_id, None)
        if len(self._kept) >= PAGES_MAX:
            del self._kept[next(iter(self._kept))]
        self._kept[alert_id] = page
        return page

    def _in_memory(self, alert_id: str) -> Alert | None:
        """The current public form, as this process shows it; drills have no page."""
        for edition in self._newsroom.editions:
            wire = self._wires.get(WireName(edition.edition))
            entry = None if wire is None else wire.ticker.get(alert_id)
            if entry is not None:
                return entry.alert
        return None

    def _is_true(self, page: _Page, shown: Alert | None) -> bool:
        """Without the alert in memory nobody tells us of a kill, so that its page is made anew each time."""
        fresh = page.until_ms is None or self._now_ms() < page.until_ms
        return shown is not None and shown.version <= page.version and page.loads == self._wires.loads and fresh

    def _make(self, versions: Sequence[Alert]) -> _Page:
        newest = versions[0]
        edition = self._newsroom.edition(newest.edition)
        if edition is None:
            raise NotFound("the edition of this alert is no more")
        expires_ms = moment.from_text(newest.expires)
        expired = self._now_ms() >= expires_ms
        body = permalink_page.render(versions, edition, expired=expired).encode()
        etag = f'"{hashlib.blake2b(body, digest_size=12).hexdigest()}"'
        headers = {"ETag": etag, "Cache-Control": CACHE_CONTROL, **_SAFE}
        usable = newest.pub_status == "usable"
        return _Page(
            version=newest.version, loads=self._wires.loads, until_ms=None if expired else expires_ms,
            article=newest.link.url if usable and newest.link else None,
            headers=headers if usable else {**headers, "X-Robots-Tag": "noindex"}, body=body,
        )  # fmt: skip


def readable(records: Sequence[Record], shown: Alert | None, public: Callable[[Alert], Alert]) -> list[Alert]:
    """The versions of an alert as they may be read now, newest first. `records` are the store's, with all that
    editors see, `shown` the form in memory, `public` the desk's. Raises NotFound where readers are to see nothing.
    """
    told = {record.alert.version: public(record.alert) for record in records if record.state in PUBLIC_STATES}
    if records and records[-1].state not in PUBLIC_STATES:
        raise NotFound("it is not out, or no longer")
    if shown is not None:
        told.setdefault(shown.version, shown)
    versions = [told[version] for version in sorted(told, reverse=True)]
    if not versions or versions[0].status == "Exercise" or "undone" in versions[0].signals:
        raise NotFound("there is no alert of this id")
    newest = versions[0]
    if newest.pub_status == "usable":
        return versions
    # whatever an older version was, it is now what the newest is
    return [newest, *(_taken_back(version, newest) for version in versions[1:])]


def _taken_back(version: Alert, newest: Alert) -> Alert:
    now = msgspec.structs.replace(version, pub_status=newest.pub_status, signals=())
    return redacted(now, newest.notice or "")


_HTML = "text/html; charset=utf-8"
_SAFE = {"Content-Security-Policy": permalink_page.POLICY, "Referrer-Policy": "no-referrer"}


def _refuse(status: int, title: str, detail: str, headers: dict[str, str]) -> Response:
    told = {"Content-Type": _HTML, "X-Robots-Tag": "noindex", **_SAFE, **headers}
    return Response(permalink_page.refusal(title, detail), status, told)
