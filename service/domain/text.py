"""Cleaning what an editor typed or pasted into one line of news (contract §2 "Text").

The rule to remember: `clean` never guesses. It mends what cannot change the meaning and says so, and refuses the rest
by code point and place. Its text is safe to publish exactly when `errors` is empty; cleaning it again changes nothing.
"""

import itertools
import unicodedata
from collections import Counter

import msgspec
import regex  # type: ignore[import-untyped]

from service.domain import characters as chars

HEADLINE_GRAPHEMES_MAX = 280
# More marks than this on one letter belong to no script; they are there to paint over the lines above and below.
MARKS_IN_A_ROW_MAX = 8
# Errors told at once: a body of nothing but stray tags must not be answered with a megabyte.
ERRORS_MAX = 10

_GRAPHEME = regex.compile(r"\X")
# Most lines hold only letters, figures, signs and plain spaces, which need no closer look.
_NEEDS_A_LOOK = regex.compile(rf"[^\p{{L}}\p{{N}}\p{{P}}\p{{S}} ]|[{''.join(sorted(chars.INVISIBLE_LETTERS))}]")
_SPACES_WITH_A_BREAK = regex.compile(r" *[\t\n\r\u2028\u2029][ \t\n\r\u2028\u2029]*")
_BRAILLE_BLANK = "\u2800"
# Not "Cn": what is unassigned in Python's tables and let through by `clean` is most likely a young emoji.
_UNSEEN_CATEGORIES = frozenset({"Zs", "Zl", "Zp", "Cc", "Cf", "Mn", "Mc", "Me"})

# A character and its place in the raw text: errors point at what the editor sent, not at what is left of it.
Placed = tuple[int, str]


class Warning_(msgspec.Struct, frozen=True):
    """Something that was mended (the name's underscore: `Warning` is Python's own)."""

    # Stable, for programs: "character-dropped".
    code: str
    # For the editor.
    detail: str


class TextError(msgspec.Struct, frozen=True):
    """Something that was refused."""

    detail: str
    # As in "U+202E".
    code_point: str
    # Its place in the text as sent, counted in code points from 0.
    index: int


class Cleaned(msgspec.Struct, frozen=True):
    """One line of news, and what was done to it."""

    # NFC, one line, trimmed. What was refused is left out, so that even a careless caller cannot publish it.
    text: str
    # One for each kind of dropped character.
    warnings: tuple[Warning_, ...]
    # In the order of their places, the first `ERRORS_MAX` of them.
    errors: tuple[TextError, ...]


def graphemes(text: str) -> int:
    """How many characters a reader would count in `text` (extended grapheme clusters, UAX #29)."""
    if text.isascii() and "\r\n" not in text:
        return len(text)  # in ASCII no other two characters are one to a reader
    return sum(1 for _ in _GRAPHEME.finditer(text))


def first(text: str, count: int) -> str:
    """The first `count` characters as a reader counts them; `text` itself if it has no more."""
    if len(text) <= count:
        return text
    ends = (found.end() for found in _GRAPHEME.finditer(text))
    end = next(itertools.islice(ends, count - 1, None), len(text)) if count > 0 else 0
    return text[:end]


def is_blank(text: str) -> bool:
    """Whether a reader would see nothing at all: only spaces, invisible characters, and marks that stand on nothing."""
    return all(char == _BRAILLE_BLANK or unicodedata.category(char) in _UNSEEN_CATEGORIES for char in text)


def clean(raw: str) -> Cleaned:
    """`raw` as one line of news by the rules of contract §2. Never raises; an empty text is no error here."""
    if not _NEEDS_A_LOOK.search(raw):
        return Cleaned(unicodedata.normalize("NFC", raw).strip(), (), ())
    placed, warnings = _drop_debris(list(enumerate(raw)))
    errors: list[TextError] = []
    # The order matters: what one check takes out, the next must not find standing between two neighbours.
    for check in (_refuse_characters, _refuse_stray_tags, _refuse_lone_isolates, _refuse_piled_marks):
        placed, found = check(placed)
        errors += found
    errors.sort(key=lambda error: error.index)
    line = _SPACES_WITH_A_BREAK.sub(" ", "".join(char for _, char in placed))
    return Cleaned(unicodedata.normalize("NFC", line).strip(), warnings, tuple(errors[:ERRORS_MAX]))


def _error(place: Placed, why: str) -> TextError:
    index, char = place
    code_point = chars.name_of(char)
    return TextError(f"{code_point} at {index} is not allowed: it is {why}", code_point, index)


def _drop_debris(placed: list[Placed]) -> tuple[list[Placed], tuple[Warning_, ...]]:
    dropped = Counter(char for _, char in placed if char in chars.DROPPED)
    warnings = tuple(
        Warning_("character-dropped", f"{chars.name_of(char)} ({chars.DROPPED[char]}) dropped, {count} in all")
        for char, count in dropped.items()
    )
    return [place for place in placed if place[1] not in chars.DROPPED], warnings


def _refuse_characters(placed: list[Placed]) -> tuple[list[Placed], list[TextError]]:
    """What may stand nowhere."""
    kept: list[Placed] = []
    errors: list[TextError] = []
    for place in placed:
        why = chars.refusal(place[1])
        if why is None:
            kept.append(place)
        else:
            errors.append(_error(place, why))
    return kept, errors


def _refuse_stray_tags(placed: list[Placed]) -> tuple[list[Placed], list[TextError]]:
    """Tag characters that spell no flag: invisible text, a way to smuggle words past the eyes of an editor."""
    line = "".join(char for _, char in placed)
    in_flags = {at for flag in chars.FLAG.finditer(line) for at in range(flag.start() + 1, flag.end())}
    stray = {at for at, char in enumerate(line) if chars.is_tag(char) and at not in in_flags}
    kept = [place for at, place in enumerate(placed) if at not in stray]
    return kept, [_error(placed[at], "a tag that belongs to no flag") for at in sorted(stray)]


def _refuse_lone_isolates(placed: list[Placed]) -> tuple[list[Placed], list[TextError]]:
    """Isolates without a partner: an open one would swallow whatever a page shows after the line."""
    open_at: list[int] = []
    lone: set[int] = set()
    for at, (_, char) in enumerate(placed):
        if char in chars.ISOLATE_OPENERS:
            open_at.append(at)
        elif char == chars.ISOLATE_CLOSER:
            if open_at:
                open_at.pop()
            else:
                lone.add(at)
    lone.update(open_at)
    kept = [place for at, place in enumerate(placed) if at not in lone]
    return kept, [_error(placed[at], "a bidirectional isolate without its partner") for at in sorted(lone)]


def _refuse_piled_marks(placed: list[Placed]) -> tuple[list[Placed], list[TextError]]:
    """Marks beyond the eighth on one letter. Joiners count, or they would be the way around."""
    kept: list[Placed] = []
    errors: list[TextError] = []
    for letter in _letters(placed):
        excess = _cut_excess(letter)
        if excess is not None:
            errors.append(_error(excess, f"one of more than {MARKS_IN_A_ROW_MAX} combining marks in a row"))
        kept += letter
    return kept, errors


def _letters(placed: list[Placed]) -> list[list[Placed]]:
    """`placed` cut before each character that is drawn on its own; direction marks do not end a pile of marks."""
    letters: list[list[Placed]] = []
    for place in placed:
        char = place[1]
        if letters and (_piles(char) or char in chars.UNSEEN):
            letters[-1].append(place)
        else:
            letters.append([place])
    return letters


def _piles(char: str) -> bool:
    return char in chars.JOINERS or chars.is_mark(char)


def _cut_excess(letter: list[Placed]) -> Placed | None:
    """Shorten `letter` in place until it is within the limit, as sent and in NFC; the first mark that was too much."""
    marks = [at for at, (_, char) in enumerate(letter) if _piles(char)]
    excess: Placed | None = None
    if len(marks) > MARKS_IN_A_ROW_MAX:
        # At one stroke: thousands of marks on one letter must not be counted again for each that goes.
        beyond = set(marks[MARKS_IN_A_ROW_MAX:])
        excess = letter[marks[MARKS_IN_A_ROW_MAX]]
        letter[:] = [place for at, place in enumerate(letter) if at not in beyond]
    for at in reversed(marks[:MARKS_IN_A_ROW_MAX]):
        if _pile(letter) <= MARKS_IN_A_ROW_MAX:
            break
        excess = letter.pop(at)
    return excess


def _pile(letter: list[Placed]) -> int:
    """Marks on `letter` in NFC, which may unfold one into two (U+0344) or fold one into its letter."""
    return sum(map(_piles, unicodedata.normalize("NFC", "".join(char for _, char in letter))))
