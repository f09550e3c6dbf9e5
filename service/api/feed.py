"""What a feed says of an edition and of each of its alerts, before it is JSON or XML.

The rule to remember: an item keeps its id through every version. A program that kept the sentence is given, under the
same id, its correction, or the notice that stands in its place.
"""

from html import escape

import msgspec

from service.api.alert_html import became, line
from service.api.view import View
from service.domain.alert import Alert
from service.domain.newsroom import Edition


class Item(msgspec.Struct, frozen=True):
    """An alert in a feed: `title` and `text` are plain text, `html` is markup, `changed` None for a first version."""

    id: str
    url: str
    article: str | None
    title: str
    text: str
    html: str
    tags: tuple[str, ...]
    language: str
    published: str
    changed: str | None


def address(view: View, form: str) -> str:
    """Where this very feed is found, with what was chosen from it."""
    query = f"?{view.filters}" if view.filters else ""
    return f"{view.public_url}/v1/editions/{view.edition.edition}/{form}{query}"


def description(view: View) -> str:
    """What the feed is, in the edition's words."""
    return view.edition.labels.ui.get("feed") or view.title


def items(view: View) -> list[Item]:
    """Its items, newest first."""
    return [_item(alert, view) for alert in view.alerts]


def _item(alert: Alert, view: View) -> Item:
    edition = view.edition
    state, said = became(alert, edition), line(alert)
    paragraphs = [said]
    if alert.correction is not None:
        paragraphs.append(f"{edition.labels.ui['correction']}: {alert.correction.text}")
    return Item(
        id=alert.id, url=view.permalink(alert), article=alert.link.url if alert.link else None,
        title=f"{state}: {said}" if state and alert.pub_status == "usable" else said,
        text="\n\n".join(paragraphs),
        html="".join(_paragraph(text, alert) for text in paragraphs),
        tags=_tags(alert, edition), language=alert.language, published=alert.first_created,
        changed=None if alert.msg_type == "Alert" else alert.version_created,  # versions count drafts, too
    )  # fmt: skip


def _paragraph(text: str, alert: Alert) -> str:
    return f'<p lang="{escape(alert.language)}" dir="{alert.dir}">{escape(text)}</p>'


def _tags(alert: Alert, edition: Edition) -> tuple[str, ...]:
    """Level, sections and regions as readers call them; slugs where a newsroom has dropped one since."""
    labels = edition.labels
    return (
        labels.levels[alert.level],
        *(labels.sections.get(slug, slug) for slug in alert.sections),
        *(labels.regions.get(slug, slug) for slug in alert.regions),
    )
