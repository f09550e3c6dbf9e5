"""Making a payload fit: what goes first when there is too much.

The rule to remember: the sentence goes last. First a long link gives way to our own short one, which leads to the same
place, then the image; only then are the words cut, at a whole character, and the size is that of the final bytes.
"""

from collections.abc import Callable, Iterator

import msgspec

from service.domain import text
from service.domain.bidi import closed
from service.domain.payloads.notification import Notification

ELLIPSIS = "…"
Encode = Callable[[Notification], bytes]


def fitted(notification: Notification, encode: Encode, bytes_max: int) -> bytes:
    """`encode(notification)`, or as much of it as fits into `bytes_max` bytes."""
    encoded = b""
    plain = notification
    for plain in _plainer(notification):
        encoded = encode(plain)
        if len(encoded) <= bytes_max:
            return encoded
    return _cut_to_fit(plain, encode, bytes_max)


def cut(line: str, graphemes: int) -> str:
    """The first `graphemes` characters of `line` and an ellipsis, every isolate closed; `line` if it has no more."""
    kept = text.first(line, graphemes)
    return line if kept == line else closed(kept.rstrip() + ELLIPSIS)


def _plainer(notification: Notification) -> Iterator[Notification]:
    yield notification
    short = msgspec.structs.replace(notification, url=notification.permalink)
    yield short
    yield msgspec.structs.replace(short, image=None)


def _cut_to_fit(notification: Notification, encode: Encode, bytes_max: int) -> bytes:
    """The longest cut that fits, found by halving."""
    fits, too_long = 0, text.graphemes(notification.line) + text.graphemes(notification.body)
    encoded = encode(_shortened(notification, fits))
    assert len(encoded) <= bytes_max, f"{len(encoded)} bytes without a word of news do not fit into {bytes_max}"
    while too_long - fits > 1:
        middle = (fits + too_long) // 2
        candidate = encode(_shortened(notification, middle))
        if len(candidate) <= bytes_max:
            fits, encoded = middle, candidate
        else:
            too_long = middle
    return encoded


def _shortened(notification: Notification, graphemes: int) -> Notification:
    """Every line at most so long: the longest one, which is the sentence, is what is cut."""
    return msgspec.structs.replace(
        notification,
        subtitle=None if notification.subtitle is None else cut(notification.subtitle, graphemes),
        body=cut(notification.body, graphemes),
        line=cut(notification.line, graphemes),
    )
