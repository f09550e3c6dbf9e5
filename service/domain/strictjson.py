"""Reading a request's JSON more strictly than the standard library does (RFC 8259, reliability.md §4 "Input").

The rule to remember: what `parse` returns can be encoded again by anybody. A body that one reader takes in one way and
the next in another (duplicate keys, NaN, half a surrogate pair) is refused here, at the door.
"""

import json
import math
import re
from typing import NoReturn

DEPTH_MAX = 8
# Beyond this a reader that keeps numbers as doubles, every browser for one, loses digits in silence.
INT_MAX = 2**53

# Enough digits for `INT_MAX` and its sign: a longer one is not even converted.
_INT_CHARS_MAX = 17
_NAME_CHARS_MAX = 64
_STRING = re.compile(r'"(?:[^"\\]++|\\.)*+"', re.DOTALL)
_OPEN_OR_CLOSE = re.compile(r"[\[{]|[\]}]")
_UNENCODABLE = re.compile(r"[\x00\ud800-\udfff]")


class Malformed(ValueError):
    """The body is not JSON as we read it; `detail` says why in one sentence, in ASCII."""

    def __init__(self, detail: str) -> None:
        super().__init__(detail)
        self.detail = detail


def parse(body: bytes) -> object:
    """The value that `body` holds: dict, list, str, int, float, bool or None.

    Raises `Malformed`, and nothing else whatever the bytes are: for bad UTF-8, a byte order mark, trailing data,
    duplicate keys, NaN, Infinity, numbers outside a double, integers beyond ±2^53, nesting deeper than 8, NUL and lone
    surrogates in strings or keys.
    """
    text = _decode(body)
    if not text.strip():
        raise Malformed("is empty")
    _check_depth(text)
    try:
        value = _DECODER.decode(text)
    except json.JSONDecodeError as error:
        # `error.msg` names what the grammar wanted, never what the body holds.
        raise Malformed(f"not JSON: {error.msg} at line {error.lineno}, column {error.colno}") from None
    if "\\u" in text:
        # Only an escape can bring these in: raw NUL is no JSON, raw surrogates are no UTF-8.
        _check_strings(value)
    return value


def _decode(body: bytes) -> str:
    if body.startswith(b"\xef\xbb\xbf"):
        raise Malformed("begins with a byte order mark")
    try:
        return body.decode("utf-8")
    except UnicodeDecodeError as error:
        raise Malformed(f"not UTF-8: byte {error.start} cannot be decoded") from None


def _check_depth(text: str) -> None:
    """Before the standard library's parser, which recurses as deep as it is told to."""
    depth = 0
    for bracket in _OPEN_OR_CLOSE.finditer(_STRING.sub("", text)):
        depth += 1 if bracket[0] in "[{" else -1
        if depth > DEPTH_MAX:
            raise Malformed(f"nested deeper than {DEPTH_MAX} levels")


def _object(pairs: list[tuple[str, object]]) -> dict[str, object]:
    named: dict[str, object] = {}
    for name, value in pairs:
        if name in named:
            raise Malformed(f"the key {name[:_NAME_CHARS_MAX]!a} stands twice in one object")
        named[name] = value
    return named


def _int(digits: str) -> int:
    if len(digits) > _INT_CHARS_MAX or abs(int(digits)) > INT_MAX:
        raise Malformed("an integer is beyond 2^53")
    return int(digits)


def _float(digits: str) -> float:
    number = float(digits)
    if not math.isfinite(number):
        raise Malformed("a number is too large")
    return number


def _constant(name: str) -> NoReturn:
    raise Malformed(f"{name} is not JSON")


def _check_strings(value: object) -> None:
    """Recursion is safe: `_check_depth` has been here before."""
    if isinstance(value, str):
        if _UNENCODABLE.search(value):
            raise Malformed("a string holds NUL or half of a surrogate pair")
    elif isinstance(value, list):
        for item in value:
            _check_strings(item)
    elif isinstance(value, dict):
        for name, item in value.items():
            _check_strings(name)
            _check_strings(item)


_DECODER = json.JSONDecoder(
    object_pairs_hook=_object,
    parse_int=_int,
    parse_float=_float,
    parse_constant=_constant,
    strict=True,
)
