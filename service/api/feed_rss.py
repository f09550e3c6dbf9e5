"""`feed.rss`: RSS 2.0 (rssboard.org), with what Atom and Dublin Core add.

The rule to remember: whatever stands in an alert enters through `_text`. A title is plain text; a description is read
as HTML, so it holds markup that is escaped once more.
"""

import re
from datetime import UTC
from email.utils import format_datetime
from html import escape

from service.api import feed
from service.api.feed import Item
from service.api.view import View
from service.domain import moment

TTL_MIN = 5
"""How often a program should look: a withdrawal has to reach what it keeps."""
_ILLEGAL = re.compile("[^\t\n\r\x20-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")
"""What XML 1.0 cannot hold, not even escaped. No text of ours may hold it either; if one does, it is left out, because
one such character would make the whole feed unreadable."""
_BEGIN = (
    '<?xml version="1.0" encoding="UTF-8"?>\n<rss version="2.0" xmlns:atom="http://www.w3.org/2005/Atom" '
    'xmlns:dc="http://purl.org/dc/elements/1.1/">\n<channel>\n'
)
_END = "</channel>\n</rss>\n"


def write(view: View) -> bytes:
    """The feed, newest first."""
    newest = max((alert.version_created for alert in view.alerts), default=None)
    head = [
        _element("title", view.title),
        _element("link", f"{view.public_url}/"),
        _element("description", feed.description(view)),
        _element("language", view.edition.language),
        "" if newest is None else _element("lastBuildDate", _date(newest)),
        _element("ttl", str(TTL_MIN)),
        f'<atom:link href="{_text(feed.address(view, "feed.rss"))}" rel="self" type="application/rss+xml"/>\n',
    ]
    return "".join((_BEGIN, *head, *(_item(item) for item in feed.items(view)), _END)).encode()


def _item(item: Item) -> str:
    parts = [
        _element("title", item.title),
        _element("link", item.url),
        _element("description", item.html),
        *(_element("category", tag) for tag in item.tags),
        f'<guid isPermaLink="false">{_text(item.id)}</guid>\n',
        _element("pubDate", _date(item.published)),
        "" if item.changed is None else _element("atom:updated", item.changed),
        _element("dc:language", item.language),
    ]
    return f"<item>\n{''.join(parts)}</item>\n"


def _element(name: str, text: str) -> str:
    return f"<{name}>{_text(text)}</{name}>\n"


def _text(text: str) -> str:
    return escape(_ILLEGAL.sub("", text))


def _date(text: str) -> str:
    """RFC 822, as `Wed, 18 Nov 2026 14:02:11 GMT`."""
    return format_datetime(moment.in_zone(moment.from_text(text), UTC), usegmt=True)
