"""What a headline says, taken apart so that it can be compared with another: read once, compared often.

The rule to remember: what a line must not be contradicted in (`words`, `numbers`) is told apart from what only puts it
(`soft`), and what is news in it (`core`) from what came before.
"""

from collections.abc import Iterable, Sequence

import msgspec

from service.domain import doers, numerals
from service.domain.doers import Act
from service.domain.folding import fold
from service.domain.lexicon import lexicon
from service.domain.lexicon_ar import LEXICON as ARABIC
from service.domain.lexicon_en import LEXICON as ENGLISH
from service.domain.lexicon_es import LEXICON as SPANISH
from service.domain.meanings import AXES, BACKGROUND, COUNTED, EVENTS, HAZARDS, SOFT
from service.domain.wording import Item, items

LEXICONS = {"en": ENGLISH, "ar": ARABIC, "es": SPANISH}
_PLAIN = lexicon(str, "", empty="", numbers={}, scales={}, ordinals={})
"""Of a language that we have no words of."""
_COUNTED_WITHIN = 4
"""A number belongs to what is counted so many words after it."""
_SAYER_MAX, _SENTENCE_MIN = 5, 4
"""Words of who says it, before "says"; words that must be left without them."""
_INITIALS_MIN = 3
_REACH = 3
"""Words that a "not" or a "will" is about."""


class Gist(msgspec.Struct, frozen=True, gc=False):
    """What one headline says."""

    line: tuple[str, ...]
    """Its folded words in order; of two that are alike word for word these are the same."""
    words: frozenset[str]
    """Meanings and words that must not be contradicted."""
    soft: frozenset[str]
    names: frozenset[str]
    """Of `words`, what is written as a name is."""
    actors: frozenset[str]
    """Of `words`, whose place in the line can be the news: names, and in a script without large letters what may be."""
    initials: frozenset[str]
    """Of names of several words, as they are abbreviated."""
    numbers: frozenset[str]
    near_numbers: frozenset[str]
    """`numbers`, and the plain numbers that they may be in another line."""
    codes: frozenset[str]
    """Of `words`, what has letters and digits, such as A320."""
    counts: dict[str, frozenset[str]]
    """Of what is counted, how many."""
    axes: dict[str, frozenset[str]]
    """Where and when, and of what kind, as far as there are only so many (see meanings.AXES)."""
    places: frozenset[str]
    """What the alert names as its places."""
    denied: frozenset[str]
    ahead: frozenset[str]
    """Events that are still to come."""
    core: frozenset[str]
    """`words` without what came before ("after …")."""
    denies: bool
    acts: tuple[Act, ...]
    route: tuple[str, str] | None
    """From where to where."""
    behind: dict[str, str]
    """The word that each word stands behind; "" for the first of a sentence."""


NOTHING = Gist(
    line=(), words=frozenset(), soft=frozenset(), names=frozenset(), actors=frozenset(), initials=frozenset(),
    numbers=frozenset(), near_numbers=frozenset(), codes=frozenset(), counts={}, axes={}, places=frozenset(),
    denied=frozenset(), ahead=frozenset(), core=frozenset(), denies=False, acts=(), route=None, behind={},
)  # fmt: skip
"""What a line without a word says: the same as no other."""


def read(headline: str, language: str, places: Iterable[str] = ()) -> Gist:
    """The gist of a headline without its attribution; `places` are those that the alert names beside it."""
    code = language.partition("-")[0].lower()
    found = items(headline, LEXICONS.get(code, _PLAIN), comma_is_decimal=code != "en")
    return _gist(doers.turned(_without_who_says(found)), frozenset(map(fold, places)))


def _without_who_says(found: Sequence[Item]) -> Sequence[Item]:
    """Without ", police say" at the end, where a whole sentence is left."""
    for at, item in enumerate(found):
        if item.text == "say" and len(found) - at <= 2:
            before = [place for place in range(max(0, at - _SAYER_MAX), at) if found[place].kind == "break"]
            if before and before[-1] >= _SENTENCE_MIN:
                return found[: before[-1]]
    return found


class _Sorted:
    """The words of a line, each put where it belongs."""

    def __init__(self, line: Sequence[Item]) -> None:
        self.words: set[str] = set()
        self.core: set[str] = set()
        self.names: set[str] = set()
        self.soft: set[str] = set()
        self.numbers: set[str] = set()
        self.axes: dict[str, set[str]] = {}
        self.denied: set[str] = set()
        self.ahead: set[str] = set()
        self._line = line
        self._background = False
        self._deny = self._will = 0
        for at, item in enumerate(line):
            if item.kind == "word":
                self._take(_meant(line, at), at, item.capital)
            elif item.kind != "break":
                self.numbers.add(item.text)
            else:
                self._background = False
                self._deny = self._will = 0

    def _take(self, name: str, at: int, capital: bool) -> None:
        self._deny, self._will = max(0, self._deny - 1), max(0, self._will - 1)
        if name == "not":
            self._deny = _REACH
        elif name == "will":
            self._will = _REACH
        elif name in AXES and not _is_topic(name, self._line[max(0, at - 2) : at]):
            self._background = self._background or (name in BACKGROUND and at > 0)
            self.axes.setdefault(AXES[name], set()).add(name)
        elif name in SOFT:
            self._background = self._background or (name in BACKGROUND and at > 0)
            self.soft.add(name)
        elif self._deny:
            self.denied.add(name)
            self._deny = 0
        else:
            self._keep(name, is_name=capital and at > 0)

    def _keep(self, name: str, *, is_name: bool) -> None:
        self.words.add(name)
        if not self._background:
            self.core.add(name)
        if self._will and name in EVENTS:
            self.ahead.add(name)
        if is_name:
            self.names.add(name)


def _meant(line: Sequence[Item], at: int) -> str:
    """What the word at `at` means beside the others."""
    name = line[at].text
    if name == "leave":
        has_number = any(after.kind == "number" or after.text in COUNTED for after in line[at:])
        return "cause" if has_number else "depart"
    if name == "may" and line[at].capital and at > 0:
        return "may-month"
    if name == "strike":
        return "hit" if any(item.text in HAZARDS for item in line) else "walkout"
    beside = (*line[max(0, at - 1) : at], *line[at + 1 : at + 1 + _REACH])  # an adjective may stand behind its noun
    if name == "new" and any(item.text in HAZARDS for item in beside):
        return "another"
    return name


def _gist(line: Sequence[Item], places: frozenset[str]) -> Gist:
    found = _Sorted(line)
    numbers = found.numbers
    return Gist(
        line=tuple(item.raw or item.text for item in line if item.kind != "break"), words=frozenset(found.words),
        soft=frozenset(found.soft), names=frozenset(found.names), actors=_actors(line), initials=_initials(line),
        numbers=frozenset(numbers), near_numbers=frozenset(numbers.union(*map(numerals.loosely, numbers))),
        codes=frozenset(word for word in found.words if any(map(str.isdigit, word))), counts=_counts(line),
        axes={axis: frozenset(values) for axis, values in found.axes.items()}, places=places,
        denied=frozenset(found.denied), ahead=frozenset(found.ahead), core=frozenset(found.core),
        denies=any(item.text == "not" for item in line), acts=doers.acts(line), route=doers.route(line),
        behind=doers.behind(line),
    )  # fmt: skip


def _is_topic(name: str, before: Sequence[Item]) -> bool:
    """Whether money is spoken about, and not an amount of it."""
    return AXES[name] == "money" and not any(item.kind == "number" for item in before)


def _actors(line: Sequence[Item]) -> frozenset[str]:
    large = any(item.capital for item in line)
    return frozenset(item.text for item in line if item.kind == "word" and (item.capital if large else not item.known))


def _initials(line: Sequence[Item]) -> frozenset[str]:
    """Of each row of words that begin large, its first letters."""
    rows = [""]
    for item in line:
        rows[-1] += "".join(word[0] for word in item.raw.split()) if item.capital else ""
        if not item.capital:
            rows.append("")
    return frozenset(row[start:] for row in rows for start in range(len(row)) if len(row) - start >= _INITIALS_MIN)


def _counts(line: Sequence[Item]) -> dict[str, frozenset[str]]:
    counts: dict[str, set[str]] = {}
    words = [item for item in line if item.kind != "break"]
    for at, item in enumerate(words):
        if item.kind != "number":
            continue
        # "kills 3"; but in "3 dead, 5 injured" the five are not the dead
        before = words[at - 1].text if at and (at < 2 or words[at - 2].kind != "number") else ""
        after = next((other.text for other in words[at + 1 : at + 1 + _COUNTED_WITHIN] if other.text in COUNTED), None)
        counted = before if before in COUNTED else after
        if counted is not None:
            counts.setdefault(counted, set()).add(item.text)
    return {name: frozenset(values) for name, values in counts.items()}
