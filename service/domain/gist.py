"""What a headline says, taken apart so that it can be compared with another: read once, compared often.

The rule to remember: nothing is understood here. Words become meanings where the lexicon knows them, and stay
themselves where it does not.
"""

import re
import unicodedata
from collections.abc import Sequence

import msgspec

from service.domain import numerals
from service.domain.folding import fold
from service.domain.lexicon import APOSTROPHES, Lexicon
from service.domain.lexicon_ar import LEXICON as ARABIC
from service.domain.lexicon_en import LEXICON as ENGLISH
from service.domain.lexicon_es import LEXICON as SPANISH
from service.domain.meanings import AXES, COUNTED, DIRECTED, EVENTS, HAZARDS, SOFT

LEXICONS = {"en": ENGLISH, "ar": ARABIC, "es": SPANISH}
_MAGNITUDE = re.compile(r"\b[Mm](?=\d\.\d)")
""" "M6.1" is a number, "A320" a name."""
_POSSESSIVE = re.compile(r"['’][sS]$")
_VOWEL_SIGNS = re.compile(r"[\u0610-\u061a\u0640\u064b-\u065f\u0670]")
_NEAR = 4
"""A number belongs to what is counted so many words after it …"""
_SAID_BY_MAX = 5
"""… and to who says it belong so many words before "says" …"""
_INITIALS_MIN = 3
_SENTENCE_MIN = 4
"""… where at least so much has been said."""


class Act(msgspec.Struct, frozen=True, gc=False):
    """Somebody does something to somebody: the words of one side and of the other."""

    what: str
    who: frozenset[str]
    whom: frozenset[str]


class Gist(msgspec.Struct, frozen=True, gc=False):
    """What one headline says."""

    line: tuple[str, ...]
    """Its folded words in order; of two that are alike word for word these are the same."""
    words: frozenset[str]
    """Meanings and words that must not be contradicted."""
    soft: frozenset[str]
    names: frozenset[str]
    """Of `words`, what is written as a name is."""
    initials: frozenset[str]
    """Of names of several words, as they are abbreviated."""
    numbers: frozenset[str]
    counts: dict[str, frozenset[str]]
    """Of what is counted, how many."""
    axes: dict[str, frozenset[str]]
    denied: frozenset[str]
    ahead: frozenset[str]
    """Events that are still to come."""
    core: frozenset[str]
    """`words` without what came before ("after …")."""
    acts: tuple[Act, ...]
    route: tuple[str, str] | None
    """From where to where."""


class _Item(msgspec.Struct, gc=False):
    """A word, number or break of the line while it is read."""

    kind: str
    text: str
    """The meaning, the word's stem, or the number's value."""
    capital: bool = False
    raw: str = ""
    turned: bool = False
    """A verb whose doer stands behind it."""


def read(headline: str, language: str, places: Sequence[str] = ()) -> Gist:
    """The gist of a headline without its attribution; `places` are those that the alert names beside it."""
    code = language.partition("-")[0].lower()
    lexicon = LEXICONS.get(code, _PLAIN)
    found = _items(headline, lexicon, comma_is_decimal=code != "en")
    found = _turned(_without_who_says(found))
    return _gist(found, lexicon, code)


_PLAIN = Lexicon(
    stem=str,
    meaning={},
    by_stem={},
    phrases={},
    last={},
    empty=frozenset(),
    numbers={},
    scales={},
    ordinals={},
    joins=frozenset(),
)
"""Of a language that we have no words of."""


def _items(headline: str, lexicon: Lexicon, *, comma_is_decimal: bool) -> list[_Item]:
    raw = [
        (piece, _folded(piece.text, lexicon) if piece.kind == "word" else piece.text)
        for piece in numerals.pieces(_digits(headline))
    ]
    items: list[_Item] = []
    at = 0
    while at < len(raw):
        taken, item = _number(raw, at, lexicon, comma_is_decimal) or _word(raw, at, lexicon)
        if item is not None:
            items.append(item)
            if item.kind == "number" and item.raw in lexicon.meaning:
                # a dual is a number and what is counted in one word
                items.append(_Item("word", lexicon.meaning[item.raw], raw=item.raw))
        at += taken
    return items


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


def _number(raw: _Raw, at: int, lexicon: Lexicon, comma_is_decimal: bool) -> tuple[int, _Item] | None:
    piece, word = raw[at]
    if piece.kind in ("time", "number") and (taken := _time(raw, at)):
        return taken
    if piece.kind == "score":
        return 1, _Item("score", numerals.score(piece.text), raw=piece.text)
    if piece.kind == "number":
        number, end = numerals.value(piece.text, comma_is_decimal=comma_is_decimal), at + 1
        if end < len(raw) and raw[end][0].joined and raw[end][1] in ("th", "st", "nd", "rd", "º", "ª", "a", "o"):
            if number == int(number) and raw[end][1] not in ("a", "o"):
                return 2, _Item("ordinal", numerals.ordinal(int(number)))
            end += 1
    elif piece.kind == "word" and word in lexicon.ordinals:
        return 1, _Item("ordinal", numerals.ordinal(lexicon.ordinals[word]), raw=word)
    elif piece.kind == "word" and (counted := _in_words(raw, at, lexicon)):
        number, end = counted
    else:
        return None
    while end < len(raw) and raw[end][1] in lexicon.scales:
        number *= lexicon.scales[raw[end][1]]
        end += 1
    if end < len(raw) and raw[end][1] in ("m",) and at and raw[at - 1][0].kind == "sign":
        number, end = number * 1e6, end + 1
    if [word for _, word in raw[end : end + 2]] in (["basis", "points"], ["puntos", "basicos"]):
        number, end = number / 100, end + 2
    return end - at, _Item("number", numerals.plain(number), raw=word)


def _time(raw: _Raw, at: int) -> tuple[int, _Item] | None:
    text = raw[at][0].text
    digits = re.split(r"[:.h]", text)
    following = "".join(word for _, word in raw[at + 1 : at + 4] if word != ".")[:2]
    half = following if following in ("am", "pm") else ""
    if raw[at][0].kind == "number" and not (half and len(digits) == 1 and int(text) <= 12):
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
    return taken, _Item("time", numerals.time_of_day(int(digits[0]), minute, half))


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
    return 0 < low < 10 and high >= 20 and high % 10 == 0


def _word(raw: _Raw, at: int, lexicon: Lexicon) -> tuple[int, _Item | None]:
    piece, word = raw[at]
    if piece.kind == "break":
        return 1, _Item("break", piece.text)
    if piece.kind == "code":
        return 1, _Item("word", fold(piece.text), True, piece.text)
    if piece.kind != "word":
        return 1, None
    capital = piece.text[:1].isupper()
    for rest, name in lexicon.phrases.get(lexicon.stem(word), ()):
        following = raw[at + 1 : at + 1 + len(rest)]
        if len(following) == len(rest) and all(
            other.kind == "word" and lexicon.stem(said) == stem
            for (other, said), stem in zip(following, rest, strict=True)
        ):
            return 1 + len(rest), _Item("word", name, capital, " ".join((word, *(said for _, said in following))))
    if word in lexicon.last and (at + 1 == len(raw) or raw[at + 1][0].kind == "break"):
        return 1, _Item("word", lexicon.last[word], capital, word)
    meaning = lexicon.means(word)
    if meaning is None and word in lexicon.empty and not (len(word) == 1 and capital and at):
        return 1, None
    return 1, _Item("word", meaning or lexicon.stem(word), capital, word)


def _without_who_says(items: list[_Item]) -> list[_Item]:
    """Without ", police say" at the end and "police say" at the beginning, where a whole sentence is left."""
    said = [at for at, item in enumerate(items) if item.text == "say"]
    for at in said:
        before = items[max(0, at - _SAID_BY_MAX) : at]
        breaks = [at - len(before) + number for number, item in enumerate(before) if item.kind == "break"]
        if breaks and breaks[-1] >= _SENTENCE_MIN and len(items) - at <= 2:
            return items[: breaks[-1]]
    return items


def _turned(items: list[_Item]) -> list[_Item]:
    """With "beaten by" as beating from the other side, and "loses to" as well."""
    for at, item in enumerate(items):
        following = [after.text for after in items[at + 1 : at + 4] if after.kind != "score"]
        if item.text == "lose-to" or (item.text == "lose" and following[:1] in (["to"], ["against"])):
            item.text, item.turned = "win", True
        elif item.text in DIRECTED and following[:1] == ["by"]:
            item.turned = True
    return items


def _gist(items: list[_Item], lexicon: Lexicon, code: str) -> Gist:
    words: set[str] = set()
    soft: set[str] = set()
    names: set[str] = set()
    axes: dict[str, set[str]] = {}
    denied: set[str] = set()
    ahead: set[str] = set()
    core: set[str] = set()
    numbers: set[str] = set()
    first = True
    background = False
    deny = will = 0
    hazard = any(item.text in HAZARDS for item in items)
    for at, item in enumerate(items):
        if item.kind == "break":
            deny = will = 0
            background = False
            continue
        if item.kind != "word":
            numbers.add(item.text)
            first = False
            continue
        name = item.text
        if name == "not":
            deny = 3
            continue
        if name == "will":
            will = 3
            continue
        if name == "after":
            background = at > 0
        if name == "strike":
            name = "hit" if hazard else "walkout"
        if name == "new" and any(after.text in HAZARDS for after in items[at + 1 : at + 4]):
            name = "another"
        if name in AXES:
            axes.setdefault(AXES[name], set()).add(name)
        elif name in SOFT:
            soft.add(name)
        elif deny and name not in SOFT:
            denied.add(name)
            deny = 0
        else:
            words.add(name)
            if not background:
                core.add(name)
            if will and name in EVENTS:
                ahead.add(name)
            if item.capital and not first:
                names.add(name)
        deny, will, first = max(0, deny - 1), max(0, will - 1), False
    return Gist(
        line=tuple(item.raw or item.text for item in items if item.kind != "break"), words=frozenset(words),
        soft=frozenset(soft), names=frozenset(names), initials=_initials(items), numbers=frozenset(numbers),
        counts=_counts(items),
        axes={axis: frozenset(values) for axis, values in axes.items()}, denied=frozenset(denied),
        ahead=frozenset(ahead), core=frozenset(core), acts=_acts(items), route=_route(items),
    )  # fmt: skip


def _initials(items: list[_Item]) -> frozenset[str]:
    """Of each row of words that begin large, its first letters."""
    rows = [""]
    for item in items:
        rows[-1] += "".join(word[0] for word in item.raw.split()) if item.capital else ""
        if not item.capital:
            rows.append("")
    return frozenset(row[start:] for row in rows for start in range(len(row)) if len(row) - start >= _INITIALS_MIN)


def _counts(items: list[_Item]) -> dict[str, frozenset[str]]:
    counts: dict[str, set[str]] = {}
    items = [item for item in items if item.kind != "break"]
    for at, item in enumerate(items):
        if item.kind != "number":
            continue
        # "kills 3"; but in "3 dead, 5 injured" the five are not the dead
        before = items[at - 1].text if at and (at < 2 or items[at - 2].kind != "number") else ""
        after = next((other.text for other in items[at + 1 : at + 1 + _NEAR] if other.text in COUNTED), None)
        counted = before if before in COUNTED else after
        if counted is not None:
            counts.setdefault(counted, set()).add(item.text)
    return {name: frozenset(values) for name, values in counts.items()}


def _acts(items: list[_Item]) -> tuple[Act, ...]:
    """Who does what to whom, each in its sentence; "is beaten by" and "loses to" the other way round."""
    acts = []
    for at, item in enumerate(items):
        if item.kind != "word" or item.text not in DIRECTED:
            continue
        who, whom = _side(items[:at][::-1]), _side(items[at + 1 :])
        if item.turned:
            who, whom = whom, who
        if who and whom:
            acts.append(Act(item.text, who, whom))
    return tuple(acts)


def _side(items: list[_Item]) -> frozenset[str]:
    """The words on one side of a verb, to the next break."""
    found = []
    for item in items:
        if item.kind == "break":
            break
        if item.kind == "word" and item.text not in SOFT and item.text not in AXES:
            found.append(item.text)
    return frozenset(found)


def _route(items: list[_Item]) -> tuple[str, str] | None:
    ends: dict[str, str] = {}
    for at, item in enumerate(items[:-1]):
        if item.text in ("from", "to") and items[at + 1].kind == "word":
            ends.setdefault(item.text, items[at + 1].text)
    return (ends["from"], ends["to"]) if len(ends) == 2 else None
