"""An alert's page as HTML: the line as the ticker shows it, and its earlier versions. No script, nothing to load.

The rule to remember: whatever stands in an alert is text, and is escaped where it enters the page. What may be read at
all was decided before (`service.api.permalink`).
"""

from collections.abc import Sequence
from html import escape

from service.api import own_style
from service.api.alert_html import label, line, time, word
from service.domain.alert import Alert
from service.domain.newsroom import Edition

STYLE = (
    ":root{color-scheme:light dark}"
    "body{margin:2rem auto;max-width:40rem;padding:0 1rem;font:1.0625rem/1.5 system-ui,sans-serif}"
    "h1{font-size:1.6rem;line-height:1.3;margin:.5rem 0}h2{font-size:1.1rem}"
    ".level{font-weight:700;margin:0}.time{opacity:.75}li{margin-bottom:1rem}li p{margin:0}"
)
POLICY = own_style.policy(STYLE)
FEEDS = {"feed.json": "application/feed+json", "feed.rss": "application/rss+xml"}


def render(versions: Sequence[Alert], edition: Edition, *, expired: bool) -> str:
    """The page of an alert: `versions` newest first, each as it may be read now, at least one."""
    newest = versions[0]
    title = escape(line(newest))
    parts = [
        f'<p class="level">{label(newest, edition)}</p>',
        f"<h1>{title}</h1>",
        _corrected(newest, edition),
        f'<p class="time">{_times(newest, edition)}</p>',
        f"<p>{word(edition, 'expired')}</p>" if expired else "",
        _article(newest, edition),
        f"<h2>{word(edition, 'versions')}</h2>",
        f"<ol reversed>{''.join(_version(version, edition) for version in versions)}</ol>",
    ]
    return _document(edition.language, edition.dir, title, "".join(parts), _feeds(edition))


def refusal(title: str, detail: str) -> str:
    """A page that says why there is none; in English, because nobody knows of which edition it would be."""
    return _document("en", "ltr", escape(title), f"<h1>{escape(title)}</h1><p>{escape(detail)}</p>")


def _document(language: str, dir: str, title: str, body: str, more: str = "") -> str:
    return (
        f'<!doctype html><html lang="{escape(language)}" dir="{dir}"><head><meta charset="utf-8">'
        f'<meta name="viewport" content="width=device-width"><title>{title}</title>{more}<style>{STYLE}</style></head>'
        f"<body><main>{body}</main></body></html>\n"
    )


def _feeds(edition: Edition) -> str:
    """Where a program finds the edition's feeds."""
    name, title = escape(edition.edition), escape(edition.name)
    return "".join(
        f'<link rel="alternate" type="{media}" title="{title}" href="/v1/editions/{name}/{form}">'
        for form, media in FEEDS.items()
    )


def _corrected(alert: Alert, edition: Edition) -> str:
    if alert.correction is None:
        return ""
    return f"<p><strong>{escape(edition.labels.ui['correction'])}:</strong> {escape(alert.correction.text)}</p>"


def _times(alert: Alert, edition: Edition) -> str:
    """When it was first out, and when this version was made, where that is another moment."""
    moments = dict.fromkeys((alert.first_created, alert.version_created))
    return " · ".join(time(text, edition) for text in moments)


def _article(alert: Alert, edition: Edition) -> str:
    if alert.link is None:
        return ""
    return f'<p><a rel="noreferrer" href="{escape(alert.link.url)}">{word(edition, "article")}</a></p>'


def _version(alert: Alert, edition: Edition) -> str:
    return (
        f'<li value="{alert.version}"><p class="level">{label(alert, edition)}</p><p>{escape(line(alert))}</p>'
        f'{_corrected(alert, edition)}<p class="time">{time(alert.version_created, edition)}</p></li>'
    )
