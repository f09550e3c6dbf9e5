"""A headline as words with their meanings, and numbers with their values, in their order.

The rule to remember: nothing is understood here. Words become meanings where the lexicon knows them, and stay
themselves, without their endings, where it does not.
"""

import re
import unicodedata
from collections.abc import Sequence
from itertools import islice

import msgspec

from service.domain import numerals
from service.domain.folding import fold
from service.domain.lexicon import APOSTROPHES, Lexicon

_MAGNITUDE = re.compile(r"\b[Mm](?=\d\.\d)")
""" "M6.1" is a number, "A320" a name."""
_POSSESSIVE = re.compile(r"['’][sS]$")
_VOWEL_SIGNS = re.compile(r"[\u0610-\u061a\u0640\u064b-\u065f\u0670]")
_LONG_MIN, _TITLE_SHARE = 4, 0.8
"""Of so many words of so many letters, if more than this share begins large, that tells no name."""
_OF_POINTS = 3
"""A fraction is one of points where "point" stands so near: "half a percentage point"."""
_ORDINAL_ENDINGS = ("th", "st", "nd", "rd", "º", "ª")
_ORDINAL_DIGITS_MAX = 6
"""Nothing is the millionth; of some hundred digits there is no whole number at all."""
PIECES_MAX = 200
"""A headline has about half as many. What folds into more (one sign may be four words) is not read to its end."""


class Item(msgspec.Struct, gc=False):
    """A word, number or break of a line. `kind` is word, number, ordinal, time, score or break."""

    kind: str
    text: str
    """The meaning, the word's stem, or the number's value."""
    capital: bool = False
    known: bool = False
    """Whether the lexicon has it."""
    raw: str = ""
    turned: bool = False
    """A verb whose doer stands behind it."""


def items(headline: str, lexicon: Lexicon, *, comma_is_decimal: bool) -> list[Item]:
    """The items of a headline in their order."""
    raw = [
        (piece, _folded(piece.text, lexicon) if piece.kind == "word" else piece.text)
        for piece in islice(numerals.pieces(_digits(headline)), PIECES_MAX)
    ]
    if _is_title_case([piece for piece, _ in raw]):
        raw = [(msgspec.structs.replace(piece, text=piece.text.lower()), word) for piece, word in raw]
    found: list[Item] = []
    at = 0
    while at < len(raw):
        taken, item = _number(raw, at, lexicon, comma_is_decimal) or _word(raw, at, lexicon)
        if item is not None:
            found.append(item)
            if item.kind == "number" and item.raw in lexicon.duals:
                found.append(Item("word", lexicon.means(item.raw) or lexicon.stem(item.raw), raw=item.raw))
        at += taken
    return found


def _is_title_case(found: Sequence[numerals.Piece]) -> bool:
    """Whether Nearly Every Word Begins Large, so that it tells no name."""
    long = [piece for piece in found if piece.kind == "word" and len(piece.text) >= _LONG_MIN]
    return len(long) >= _LONG_MIN and sum(piece.text[0].isupper() for piece in long) > _TITLE_SHARE * len(long)


def _folded(word: str, lexicon: Lexicon) -> str:
    """A word in the form in which it is looked up; a possessive as the word itself unless it stands there."""
    whole = fold(word).translate(APOSTROPHES)
    if whole in lexicon.meaning or not _POSSESSIVE.search(word):
        return whole
    return whole[:-1]


_Raw = Sequence[tuple[numerals.Piece, str]]


def _digits(line: str) -> str:
    """The line with one kind of digits and without marks that fold away."""
    line = _VOWEL_SIGNS.sub("", _MAGNITUDE.sub("", unicodedata.normalize("NFKC", line)))
    return "".join(str(unicodedata.decimal(sign)) if sign.isdecimal() else sign for sign in line)


def _number(raw: _Raw, at: int, lexicon: Lexicon, comma_is_decimal: bool) -> tuple[int, Item] | None:
    piece, word = raw[at]
    if piece.kind in ("time", "number") and (taken := _time(raw, at)):
        return taken
    if piece.kind == "score":
        return 1, Item("score", numerals.score(piece.text), raw=piece.text)
    if piece.kind == "number":
        number, end = numerals.value(piece.text, comma_is_decimal=comma_is_decimal), at + 1
        if _is_ordinal(raw[at : at + 2]):
            return 2, Item("ordinal", numerals.ordinal(int(number)))
    elif word in lexicon.fractions and _is_of_points(raw[at + 1 : at + 1 + _OF_POINTS], lexicon):
        number, end = lexicon.fractions[word], at + 1
    elif piece.kind == "word" and word in lexicon.ordinals:
        return 1, Item("ordinal", numerals.ordinal(lexicon.ordinals[word]), raw=word)
    elif piece.kind == "word" and (counted := _in_words(raw, at, lexicon)):
        number, end = counted
    else:
        return None
    while end < len(raw) and raw[end][1] in lexicon.scales:
        number *= lexicon.scales[raw[end][1]]
        end += 1
    if end < len(raw) and raw[end][1] == "m" and at and raw[at - 1][0].kind == "sign":
        number, end = number * 1e6, end + 1
    if [word for _, word in raw[end : end + 2]] in (["basis", "points"], ["puntos", "basicos"]):
        number, end = number / 100, end + 2
    return end - at, Item("number", numerals.plain(number), raw=word)


def _is_ordinal(raw: _Raw) -> bool:
    """ "4th", "2º" """
    digits = raw[0][0].text
    joined = len(raw) == 2 and raw[1][0].joined and raw[1][1] in _ORDINAL_ENDINGS
    return joined and digits.isdigit() and len(digits) <= _ORDINAL_DIGITS_MAX


def _is_of_points(following: _Raw, lexicon: Lexicon) -> bool:
    return any(lexicon.means(word) == "magnitude" for piece, word in following if piece.kind == "word")


def _time(raw: _Raw, at: int) -> tuple[int, Item] | None:
    """ "9:30", "9.30 am", "9 p.m." """
    text = raw[at][0].text
    digits = re.split(r"[:.h]", text)
    following = "".join(word for _, word in raw[at + 1 : at + 4] if word != ".")[:2]
    half = following if following in ("am", "pm") else ""
    if raw[at][0].kind == "number" and not (half and text.isdigit() and 1 <= int(text) <= 12):
        return None
    taken = 1
    letters = half
    while letters and at + taken < len(raw):
        word = raw[at + taken][1]
        if word != "." and not letters.startswith(word):
            break
        letters = letters.removeprefix(word)
        taken += 1
    minute = int(digits[1]) if len(digits) > 1 else 0
    return taken, Item("time", numerals.time_of_day(int(digits[0]), minute, half))


def _in_words(raw: _Raw, at: int, lexicon: Lexicon) -> tuple[float, int] | None:
    """The number that begins at `at` in words, and where it ends."""
    if raw[at][1] in lexicon.scales and len(raw[at][1]) > 2:
        return 1.0, at  # "a million": the scale follows
    if raw[at][1] not in lexicon.numbers:
        return None
    total, end = lexicon.numbers[raw[at][1]], at + 1
    while end < len(raw):
        step = end
        word = raw[step][1]
        if word in lexicon.joins and step + 1 < len(raw):
            step += 1
            word = raw[step][1]
        elif word[:1] in lexicon.glued and word[1:] in lexicon.numbers:
            word = word[1:]
        more = lexicon.numbers.get(word)
        # "thirty two", "treinta y dos", "five and twenty"; "two three" are two numbers
        if more is None or not _adds(total, more):
            break
        total, end = total + more, step + 1
    return total, end


def _adds(total: float, more: float) -> bool:
    if more == 0.5:
        return total >= 1
    low, high = sorted((total % 100, more))
    return 0 < low < 10 <= high and high % 10 == 0


def _word(raw: _Raw, at: int, lexicon: Lexicon) -> tuple[int, Item | None]:
    piece, word = raw[at]
    if piece.kind == "break":
        return 1, Item("break", piece.text)
    if piece.kind == "code":
        return 1, Item("word", fold(piece.text), True, raw=piece.text)
    if piece.kind != "word" or not word:  # a letter may be all that folds away, as a hamza by itself does
        return 1, None
    capital = piece.text[:1].isupper()
    is_name = capital and (at > 0 or (len(raw) > 1 and raw[1][0].text[:1].isupper()))
    bare = word[1:] if word[:1] in lexicon.glued else word
    for rest, name in (*lexicon.phrases.get(lexicon.stem(word), ()), *lexicon.phrases.get(lexicon.stem(bare), ())):
        following = raw[at + 1 : at + 1 + len(rest)]
        if len(following) == len(rest) and all(
            other.kind == "word" and lexicon.stem(said) == stem
            for (other, said), stem in zip(following, rest, strict=True)
        ):
            return 1 + len(rest), Item("word", name, capital, True, " ".join((word, *(said for _, said in following))))
    if word in lexicon.last and (at + 1 == len(raw) or raw[at + 1][0].kind == "break"):
        return 1, Item("word", lexicon.last[word], capital, True, word)
    if word in lexicon.empty and word not in lexicon.meaning and not (len(word) == 1 and capital and at):
        return 1, None
    meaning = lexicon.means(word, exactly=is_name)
    return 1, Item("word", meaning or lexicon.stem(word), capital, meaning is not None, word)
