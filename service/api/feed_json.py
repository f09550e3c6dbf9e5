"""`feed.json`: JSON Feed 1.1 (jsonfeed.org)."""

import msgspec

from service.api import feed
from service.api.feed import Item
from service.api.view import View

VERSION = "https://jsonfeed.org/version/1.1"


def write(view: View) -> bytes:
    """The feed, newest first."""
    return msgspec.json.encode({
        "version": VERSION,
        "title": view.title,
        "description": feed.description(view),
        "home_page_url": f"{view.public_url}/",
        "feed_url": feed.address(view, "feed.json"),
        "language": view.edition.language,
        "items": [_item(item) for item in feed.items(view)],
    })  # fmt: skip


def _item(item: Item) -> dict[str, object]:
    written: dict[str, object] = {
        "id": item.id, "url": item.url, "title": item.title, "content_text": item.text, "content_html": item.html,
        "date_published": item.published, "tags": item.tags, "language": item.language,
    }  # fmt: skip
    if item.article is not None:
        written["external_url"] = item.article
    if item.changed is not None:
        written["date_modified"] = item.changed
    return written
