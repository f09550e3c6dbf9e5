"""Numbers in a headline, in digits and in words, as values that compare.

The rule to remember: a value is text of a kind and a number ("n:24", "o:2", "t:570", "s:2-1"), so that a score, an hour
or "second" is never the same as a plain two.
"""

import re
from collections.abc import Iterator

import msgspec

_UNITS = (
    "km|m|cm|mm|kg|g|t|ha|k|bn|mn|tn|am|pm|th|st|nd|rd|h|hr|hrs|mph|kmh|kph|gb|tb|mb|mw|gw|kw|ft|in|mi|s|min|p|x"
    "|eur|usd"
)
"""What is written together with a number and leaves it one; other letters make a name of it: A320, 4G, 2f96f932."""

# In this order: what is longer and surer first.
TOKEN = re.compile(
    r"(?P<time>\b(?:[01]?\d|2[0-3])[:.h][0-5]\d(?=\s?(?:[ap]\.?m\b|gmt\b|utc\b))|\b(?:[01]?\d|2[0-3]):[0-5]\d\b)"
    r"|(?P<score>(?<![\d.,])\d{1,3}\s?[-–—‑]\s?\d{1,3}(?![\d.,]*\d)(?![-–—‑]?[^\W\d_]))"
    r"|(?P<code>(?![\u0600-\u06ff])[^\W\d_]+\d[^\W_]*"
    rf"|(?!\d{{1,3}}[acfo](?![^\W_]))\d+(?!(?:{_UNITS})(?![^\W_]))[^\W\d_][^\W_]*)"
    r"|(?P<number>(?<!\d)\d{1,3}(?: \d{3})+(?![\d.,])|\d+(?:[.,٫٬]\d+)*)"
    r"|(?P<word>[^\W\d_]+(?:['’`´][^\W\d_]+)*)"
    r"|(?P<sign>[%٪$€£])"
    r"|(?P<break>[,;:.!?،؛؟–—…|]|(?<=\s)-(?=\s))",
    re.IGNORECASE,
)
"""What a line is made of; quotes, brackets and the like stand for nothing."""

_GROUPS_OF_THREE = re.compile(r"\d{1,3}(?:[.,٬]\d{3})+")


class Piece(msgspec.Struct, frozen=True, gc=False):
    """A piece of a line: `kind` is the name of its group in TOKEN; `joined`: nothing stands before it."""

    kind: str
    text: str
    joined: bool


def pieces(line: str) -> Iterator[Piece]:
    """The pieces of a line in their order."""
    end = -1
    for found in TOKEN.finditer(line):
        assert found.lastgroup is not None, "every way to match has a name"
        yield Piece(found.lastgroup, found[0], found.start() == end)
        end = found.end()


def value(digits: str, *, comma_is_decimal: bool) -> float:
    """What digits with their points and commas amount to: "1,200" and "1.200" where that is how thousands are set."""
    digits = digits.replace("٫", ",").replace("٬", "").replace(" ", "")
    points, commas = digits.count("."), digits.count(",")
    if points and commas:
        decimal = max(digits.rfind("."), digits.rfind(","))
        whole = re.sub(r"[.,]", "", digits[:decimal])
        return float(f"{whole}.{digits[decimal + 1 :]}")
    if points + commas > 1:
        return float(re.sub(r"[.,]", "", digits))
    thousands = _GROUPS_OF_THREE.fullmatch(digits) is not None and not digits.startswith("0")
    if thousands and (commas or comma_is_decimal):
        return float(re.sub(r"[.,]", "", digits))
    return float(digits.replace(",", "."))


def plain(number: float) -> str:
    """As the same text however it was written."""
    return f"n:{number:.6g}" if number < 1e6 else f"n:{number:.12g}"


def ordinal(number: int) -> str:
    return f"o:{number}"


def time_of_day(hour: int, minute: int, half: str) -> str:
    """`half` is "am", "pm" or nothing."""
    if half == "pm" and hour < 12:
        hour += 12
    if half == "am" and hour == 12:
        hour = 0
    return f"t:{hour * 60 + minute}"


def loosely(value: str) -> tuple[str, ...]:
    """The plain numbers as which another line may say the same: of "9 am" a nine, of "112-98" both, of "fourth" a four;
    any other value as it is.
    """
    kind, _, told = value.partition(":")
    if kind == "t" and int(told) % 60 == 0:
        return (plain(int(told) // 60 % 12 or 12),)
    if kind == "s":
        return tuple(plain(int(number)) for number in told.split("-"))
    return (plain(int(told)),) if kind == "o" else (value,)


def score(text: str) -> str:
    """Both numbers, the greater first: who has which is not told by their order alone."""
    low, high = sorted(map(int, re.findall(r"\d+", text)))
    return f"s:{high}-{low}"
