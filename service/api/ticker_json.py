"""`ticker`: the history as JSON, what a client starts from.

The rule to remember: alerts are joined as the bytes they have on the wire and never encoded again.
"""

from base64 import urlsafe_b64encode

from service.api.view import View
from service.domain.cursor import Cursor


def write(view: View) -> bytes:
    """A page of it, newest first."""
    page, cursor = view.page, view.cursor
    following = "null" if page.next is None else f'"{opaque(Cursor(cursor.epoch, page.next))}"'
    return b"".join((
        f'{{"edition":"{view.edition.edition}","cursor":"{cursor}","alerts":['.encode(),
        b",".join(entry.encoded for entry in page.entries),
        f'],"next":{following}}}'.encode(),
    ))  # fmt: skip


def opaque(cursor: Cursor) -> str:
    """The `before` of a page, in a form that invites nobody to take it for a cursor of the live stream."""
    return urlsafe_b64encode(str(cursor).encode()).decode().rstrip("=")
