"""The forms in which an edition's newest alerts are read, each under `/v1/editions/{edition}/`: a table.

The rule to remember: they differ in how they are written and in nothing else. Cache, ETag, filters, refusals and
headers are those of `service.api.answers` for all of them.
"""

from collections.abc import Callable

import msgspec

from service.api import feed_json, feed_rss, ticker_json, ticker_page
from service.api.queries import LIMIT_DEFAULT
from service.api.view import View

ROUTE = "/v1/editions/{edition}/"
FEED_LIMIT_DEFAULT = 50
"""A feed is looked at every hour or so: what a busy hour brought must stand in it."""

Headers = tuple[tuple[bytes, bytes], ...]


class Form(msgspec.Struct, frozen=True):
    """One form. `paged`: takes `before`; `notices`: as `service.domain.ticker.Filter` has it."""

    name: str
    media: bytes
    write: Callable[[View], bytes]
    limit_default: int = LIMIT_DEFAULT
    paged: bool = False
    notices: bool = False
    headers: Headers = ()


FORMS: dict[str, Form] = {
    form.name: form
    for form in (
        Form("ticker", b"application/json", ticker_json.write, paged=True),
        Form("ticker.html", b"text/html; charset=utf-8", ticker_page.write, headers=ticker_page.HEADERS),
        Form("feed.json", b"application/feed+json", feed_json.write, FEED_LIMIT_DEFAULT, notices=True),
        Form("feed.rss", b"application/rss+xml; charset=utf-8", feed_rss.write, FEED_LIMIT_DEFAULT, notices=True),
    )
}
