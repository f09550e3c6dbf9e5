"""`ticker.html`: the ticker as a list in HTML, for a page that includes it (SSI, ESI), a search engine, or no script.

The rule to remember: it is a fragment, so that it may stand within another page; alone it is read as well. A script
goes on from `data-cursor`, and the widget from `data-ticker`, so that nothing falls between the page and its socket.
"""

from html import escape

from service.api import ticker_json
from service.api.alert_html import became, line, time, word
from service.api.view import View
from service.domain.alert import Alert

HEADERS = ((b"content-security-policy", b"default-src 'none'; base-uri 'none'; form-action 'none'"),)
"""For the list on its own: it loads nothing. It may stand in a frame, as it may stand in a page."""


def write(view: View) -> bytes:
    """The list, newest first. The widget takes over all or nothing: it follows the edition and filters nothing."""
    edition = view.edition
    ticker = "" if view.filters else f' data-ticker="{escape(ticker_json.write(view).decode())}"'
    rows = "".join(_row(alert, view) for alert in view.alerts)
    content = f"<ol>{rows}\n</ol>" if rows else f"<p>{word(edition, 'empty')}</p>"
    return (
        f'<section class="flash-list" lang="{escape(edition.language)}" dir="{edition.dir}" '
        f'data-edition="{escape(edition.edition)}" data-cursor="{escape(str(view.cursor))}"{ticker}>\n'
        f"<h2>{word(edition, 'title')}</h2>\n{content}\n</section>\n"
    ).encode()


def _row(alert: Alert, view: View) -> str:
    edition = view.edition
    level, state = edition.labels.levels[alert.level], became(alert, edition)
    labelled = f'<b class="label">{escape(state)}</b> ' if state else ""
    return (
        f'\n<li class="{escape(alert.level)} {escape(alert.pub_status)}">'
        f'<p class="meta"><b class="level">{escape(level)}</b> '
        f"{labelled}{time(alert.first_created, edition)}</p>"
        f'<p class="text" lang="{escape(alert.language)}" dir="{alert.dir}">{_sentence(alert, view)}</p>'
        f"{_note(alert)}</li>"
    )


def _sentence(alert: Alert, view: View) -> str:
    """The line, which leads to the article or to the alert's own page; a notice leads nowhere."""
    if alert.pub_status != "usable":
        return escape(line(alert))
    url = alert.link.url if alert.link else view.permalink(alert)
    return f'<a href="{escape(url)}">{escape(line(alert))}</a>'


def _note(alert: Alert) -> str:
    """What was wrong."""
    if alert.correction is None:
        return ""
    return f'<p class="note" lang="{escape(alert.language)}" dir="{alert.dir}">{escape(alert.correction.text)}</p>'
