"""A second pair of eyes: what in a line is worth a look before it goes out, though nothing forbids it.

The rule to remember: a warning that comes every time is read by nobody. Here stands only what an editor at three in
the morning would thank for, and none of it ever stops an alert.
"""

import unicodedata

from service.domain import text
from service.domain.alert import Attribution
from service.domain.fields import Notice

SHOUTED_WORD_LETTERS = 5
"""A word of so many capitals is shouted; shorter ones may be NATO."""
SHOUTED_WORDS_MIN = 2
_FULL_STOPS = (".", "۔")


def lint(line: str, headline: str, attribution: Attribution, long_graphemes: int) -> tuple[Notice, ...]:
    """What is worth a look. `line` is what a ticker shows, `headline` its part without the source; beyond
    `long_graphemes` a headline is long for its level."""
    looks = (
        _source(attribution),
        _length(headline, long_graphemes),
        _capitals(headline),
        _digits(line),
        _stop(headline),
    )
    return tuple(notice for notice in looks if notice is not None)


def _source(attribution: Attribution) -> Notice | None:
    if attribution.kind != "none":
        return None
    return Notice("no-source", "nobody is named as the source: say who says so, if it is not our own")


def _length(headline: str, long_graphemes: int) -> Notice | None:
    length = text.graphemes(headline)
    if length <= long_graphemes:
        return None
    return Notice("long", f"the headline has {length} characters; at this level {long_graphemes} are read at a glance")


def _capitals(headline: str) -> Notice | None:
    """Large letters throughout. Arabic has none, so it is never shouted."""
    if any(char.islower() for char in headline):
        return None
    shouted = [word for word in headline.split() if sum(char.isupper() for char in word) >= SHOUTED_WORD_LETTERS]
    return Notice("all-caps", "the headline is all in capitals") if len(shouted) >= SHOUTED_WORDS_MIN else None


def _digits(line: str) -> Notice | None:
    """Digits of two scripts, as a paste from another desk brings them: readers search and compare in vain."""
    zeros = {ord(char) - unicodedata.decimal(char) for char in line if char.isdecimal()}
    if len(zeros) < 2:
        return None
    mixed = " and ".join("".join(chr(zero + digit) for digit in (1, 2, 3)) for zero in sorted(zeros))
    return Notice("mixed-digits", f"the line writes its numbers in {len(zeros)} ways: {mixed}")


def _stop(headline: str) -> Notice | None:
    """A full stop at the end; not that of "U.S." or an ellipsis."""
    last = headline.split()[-1] if headline.split() else ""
    if not last.endswith(_FULL_STOPS) or any(stop in last[:-1] for stop in _FULL_STOPS):
        return None
    return Notice("full-stop", "the headline ends with a full stop; headlines have none")
