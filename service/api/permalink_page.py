"""An alert's page as HTML: the line as the ticker shows it, and its earlier versions. No script, nothing to load.

The rule to remember: whatever stands in an alert is text, and is escaped here, once, where it enters the page. What
may be read at all was decided before (`service.api.permalink`).
"""

from collections.abc import Sequence
from datetime import UTC, tzinfo
from html import escape
from zoneinfo import ZoneInfo

from service.api import own_style
from service.domain import moment
from service.domain.alert import Alert
from service.domain.newsroom import Edition

STYLE = (
    ":root{color-scheme:light dark}"
    "body{margin:2rem auto;max-width:40rem;padding:0 1rem;font:1.0625rem/1.5 system-ui,sans-serif}"
    "h1{font-size:1.6rem;line-height:1.3;margin:.5rem 0}h2{font-size:1.1rem}"
    ".level{font-weight:700;margin:0}.time{opacity:.75}li{margin-bottom:1rem}li p{margin:0}"
)
POLICY = own_style.policy(STYLE)
WORDS = {"article": "Read the article", "versions": "Versions", "expired": "This alert has expired."}
"""Stand in where a newsroom's own file has no such word in `labels.ui`."""


def render(versions: Sequence[Alert], edition: Edition, *, expired: bool) -> str:
    """The page of an alert: `versions` newest first, each as it may be read now, at least one."""
    newest = versions[0]
    line = escape(_line(newest))
    parts = [
        f'<p class="level">{_label(newest, edition)}</p>',
        f"<h1>{line}</h1>",
        _corrected(newest, edition),
        f'<p class="time">{_times(newest, edition)}</p>',
        f"<p>{_word(edition, 'expired')}</p>" if expired else "",
        _article(newest, edition),
        f"<h2>{_word(edition, 'versions')}</h2>",
        f"<ol reversed>{''.join(_version(version, edition) for version in versions)}</ol>",
    ]
    return _document(edition.language, edition.dir, line, "".join(parts))


def refusal(title: str, detail: str) -> str:
    """A page that says why there is none; in English, because nobody knows of which edition it would be."""
    return _document("en", "ltr", escape(title), f"<h1>{escape(title)}</h1><p>{escape(detail)}</p>")


def _document(language: str, dir: str, title: str, body: str) -> str:
    return (
        f'<!doctype html><html lang="{escape(language)}" dir="{dir}"><head><meta charset="utf-8">'
        f'<meta name="viewport" content="width=device-width"><title>{title}</title><style>{STYLE}</style></head>'
        f"<body><main>{body}</main></body></html>\n"
    )


def _line(alert: Alert) -> str:
    """What the ticker shows of it."""
    return alert.text or alert.headline or alert.notice or ""


def _label(alert: Alert, edition: Edition) -> str:
    """The level, and what has become of it: withdrawn, being verified, corrected, updated."""
    level = edition.labels.levels[alert.level]
    became = alert.pub_status if alert.pub_status != "usable" else next(iter(alert.signals), "")
    word = edition.labels.ui.get(became)
    return escape(f"{level} · {word}" if word else level)


def _corrected(alert: Alert, edition: Edition) -> str:
    if alert.correction is None:
        return ""
    return f"<p><strong>{escape(edition.labels.ui['correction'])}:</strong> {escape(alert.correction.text)}</p>"


def _times(alert: Alert, edition: Edition) -> str:
    """When it was first out, and when this version was made, where that is another moment."""
    moments = dict.fromkeys((alert.first_created, alert.version_created))
    return " · ".join(_time(text, edition) for text in moments)


def _time(text: str, edition: Edition) -> str:
    local = moment.in_zone(moment.from_text(text), _zone(edition.zone))
    return f'<time datetime="{escape(text)}"><bdi>{escape(local.strftime("%Y-%m-%d %H:%M %Z"))}</bdi></time>'


def _zone(name: str) -> tzinfo:
    try:
        return ZoneInfo(name)
    except (OSError, ValueError, KeyError):  # what zoneinfo raises for folders, odd characters and unknown names
        return UTC


def _article(alert: Alert, edition: Edition) -> str:
    if alert.link is None:
        return ""
    return f'<p><a rel="noreferrer" href="{escape(alert.link.url)}">{_word(edition, "article")}</a></p>'


def _version(alert: Alert, edition: Edition) -> str:
    return (
        f'<li value="{alert.version}"><p class="level">{_label(alert, edition)}</p><p>{escape(_line(alert))}</p>'
        f'{_corrected(alert, edition)}<p class="time">{_time(alert.version_created, edition)}</p></li>'
    )


def _word(edition: Edition, name: str) -> str:
    return escape(edition.labels.ui.get(name) or WORDS[name])
