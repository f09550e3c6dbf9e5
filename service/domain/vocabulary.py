"""What a language's vocabulary of attributions is made of, and how its tables become patterns.

The rule to remember: a form stands in a table only if a line that has it cannot mean anything else. Names of outlets,
portfolios and roles are closed lists for that reason: an unknown word means "not certain", and the line stays whole.
"""

import re
from collections.abc import Callable, Iterable
from typing import Literal, NamedTuple

import regex  # type: ignore[import-untyped]

from service.domain.alert import AttributionKind

Where = Literal["colon", "opening", "end"]
"""Where a source is named: before a colon, at the beginning with a sign of its own (a dateline), or behind the news."""

DASH = "(?: [-–—] | -- )"


class Form(NamedTuple):
    """One way of naming a source."""

    kind: AttributionKind
    # Before a colon: matches the whole of what stands there. Elsewhere: matches all that is not the headline, with the
    # sign that parts the two, and its group `said` is the source by itself. Its other groups are fields of the
    # attribution: outlet, place, speaker, role, addressee, via.
    pattern: str
    where: Where = "colon"


class Vocabulary(NamedTuple):
    """The attributions of one language."""

    # Outlets and agencies known by name; a newsroom adds its own.
    outlets: tuple[str, ...]
    # The forms, given all outlets that are known by name.
    forms: Callable[[tuple[str, ...]], tuple[Form, ...]]
    # First words of a line about a person, not by one: "Prime minister Jane Doe: a life in pictures".
    not_said: frozenset[str]
    # Spellings that count as the same letter (`str.translate`), one for one, so that places in the line do not move.
    same_letters: dict[int, int]
    # A name as it is called, from how it stands in the line (Arabic melts "to" into the article).
    called: Callable[[str], str]


def one_of(words: Iterable[str]) -> str:
    """A pattern that matches any of `words` literally, the longest first."""
    return "(?:" + "|".join(regex.escape(word) for word in sorted(words, key=lambda word: (-len(word), word))) + ")"


def opening(words: Iterable[str]) -> tuple[str, ...]:
    """`words` as they open a sentence: the first letter large, the rest as it is."""
    return tuple(word[0].upper() + word[1:] for word in words)


def large(words: Iterable[str]) -> tuple[str, ...]:
    """`words` in title case: every first letter large, but for "of"."""
    return tuple(re.sub(r"\b(?!of\b)\w", lambda letter: letter[0].upper(), word) for word in words)
