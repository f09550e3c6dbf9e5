"""What the words of a language's headlines mean, as far as comparing two of them needs it.

The rule to remember: a word stands under a meaning only where it may take the place of the others there. Meanings have
the same names in every language (`service/domain/meanings.py` says how they relate); a word that stands nowhere means
itself.
"""

import re
from collections.abc import Callable, Mapping
from typing import TypeVar

import msgspec

from service.domain.folding import fold, words

PHRASE_WORDS_MAX = 5
_WORD = re.compile(r"[^\W_]+")
Value = TypeVar("Value")

Phrases = dict[str, tuple[tuple[tuple[str, ...], str], ...]]
"""By their first word: the other words and the meaning, the longest first."""


class Lexicon(msgspec.Struct, frozen=True):
    """The words of one language, folded."""

    stem: Callable[[str], str]
    meaning: Mapping[str, str]
    by_stem: Mapping[str, str]
    phrases: Phrases
    """In stems."""
    last: Mapping[str, str]
    """What words mean only where a sentence ends with them: "the strike is over"."""
    empty: frozenset[str]
    """Words that say nothing by themselves."""
    numbers: Mapping[str, float]
    scales: Mapping[str, float]
    ordinals: Mapping[str, int]
    fractions: Mapping[str, float]
    """What is a number only of points: "half a point", "a quarter point"."""
    duals: frozenset[str]
    """Numbers that are also what is counted."""
    joins: frozenset[str]
    """What may stand inside a number that is written in words: "thirty-two", "treinta y dos"."""
    glued: str = ""
    """Letters of one-letter words that are written together with the next one."""

    def means(self, word: str, *, exactly: bool = False) -> str | None:
        """The meaning of a folded word, or None where it stands nowhere; `exactly`: not of one with another ending."""
        known = self.meaning
        found = known.get(word) or (known.get(word[:-1]) if word.endswith("s") else None)
        if found is None and self.glued and word[0] in self.glued and len(word) > 3:
            found = known.get(word[1:]) or (self.by_stem.get(self.stem(word[1:])) if len(word) > 5 else None)
        if found or exactly:
            return found
        stem = self.stem(word)
        # without an ending it is none of those that have one ("Hall" is not "halla"), but for Arabic plurals within
        return None if stem == word and not self.glued else self.by_stem.get(stem)


def lexicon(
    stem: Callable[[str], str], meanings: str, *, empty: str, numbers: Mapping[str, float], scales: Mapping[str, float],
    ordinals: Mapping[str, int], sources: tuple[str, ...] = (), joins: str = "", glued: str = "",
    last: Mapping[str, str] | None = None, fractions: Mapping[str, float] | None = None,
    duals: Mapping[str, float] | None = None,
) -> Lexicon:  # fmt: skip
    """A lexicon of its tables. `meanings` has a line for each: its name, a colon, and words or phrases with commas; of
    a word that stands in several, the first counts. `sources` are outlets, known as those who say something.
    """
    single: dict[str, str] = {}
    phrases: dict[str, list[tuple[tuple[str, ...], str]]] = {}
    said = meanings.replace("\n    ", " ") + f"officials: {', '.join(sources)}"
    # folded as a whole: thousands of words one by one would be felt at every start
    for line in fold(said.translate(APOSTROPHES)).splitlines():
        name, _, listed = line.partition(":")
        for first, *rest in filter(None, map(_WORD.findall, listed.split(","))):
            assert len(rest) < PHRASE_WORDS_MAX, f"{first} {rest} is no phrase but a sentence"
            if rest:
                phrases.setdefault(stem(first), []).append((tuple(map(stem, rest)), name))
            else:
                single.setdefault(first, name)
    stems: dict[str, str] = {}
    for word, name in single.items():
        stems.setdefault(stem(word), name)
    return Lexicon(
        stem=stem, meaning=single, by_stem=stems, last=last or {},
        phrases={first: tuple(sorted(found, key=lambda each: -len(each[0]))) for first, found in phrases.items()},
        empty=frozenset(_words(empty)), numbers=_folded({**numbers, **(duals or {})}), scales=_folded(scales),
        ordinals=_folded(ordinals), fractions=_folded(fractions or {}), duals=frozenset(_folded(duals or {})),
        joins=frozenset(_words(joins)), glued=glued,
    )  # fmt: skip


APOSTROPHES = str.maketrans("", "", "'’`´")


def _words(text: str) -> tuple[str, ...]:
    return words(text.translate(APOSTROPHES))


def _folded(table: Mapping[str, Value]) -> dict[str, Value]:
    return {fold(word): value for word, value in table.items()}
