"""Does a new headline say the same as a recent one?

The rule to remember: a line that is refused can be sent again with one word, a line that slips through rings twice. But
a guard that stops different news is soon always overridden, so whatever differs in a place, a number or what happened
is different, however alike the words are.
"""

from collections.abc import Iterable
from itertools import combinations

import msgspec

from service.domain.gist import Gist
from service.domain.meanings import (
    AXIS_TOLERANT,
    CLASSES,
    COUNTED,
    EXTREMES,
    HAPPENINGS,
    HARMLESS,
    LIGHT,
    MODALS,
    NEAR,
    OPPOSITES,
    RISEN,
    STOPPED,
    TOLL,
    TURNS,
)
from service.domain.numerals import loosely
from service.domain.stems import are_kin

WORDS_MIN = 2
"""Of less, nothing can be said."""
SHARE_MIN = 0.34
"""Of the longer line, what both must say: a line of three words is not in every line of twenty."""
CORE_MIN = 0.5
"""Of what the shorter line tells as its news, what the other tells as its news."""
_SLIP_MIN = 6
"""In shorter words a letter more or less is another word."""
_NO_CLASS: frozenset[int] = frozenset()
_OTHER_WORDS_MAX, _MATCHED_MIN = 2, 3
"""A rewording has so many words of its own on one side at most, and for each so many in common."""
_LOOKS_MAX = 200
"""Each word of its own is held against each of the other's: twelve against sixteen, or six against thirty. A rewording
takes a third of that, and lines of a hundred words each would take ten thousand, hundreds of times."""
_CHANGE_MAX = 2
"""Words that differ in one place."""
SOFT_WEIGHT, NUMBER_WEIGHT = 0.25, 1.0


class Likeness(msgspec.Struct, frozen=True):
    """What came of comparing two headlines. `score` is the share of what both say; `reasons` are stable short words
    that name what matched where they say the `same`, and what keeps them apart where they do not.
    """

    same: bool
    score: float
    reasons: tuple[str, ...]


_OTHER_NUMBER = Likeness(False, 0.0, ("other-number",))
_OTHER_PLACE = Likeness(False, 0.0, ("other-place",))
_OTHER_NAMES = Likeness(False, 0.0, ("other-names",))
_OTHER_WORDS = Likeness(False, 0.0, ("other-words",))


def compare(one: Gist, other: Gist) -> Likeness:
    """Whether both say the same; it does not matter which is which."""
    # nearly all are told apart by the first lines: hundreds are compared while an editor waits
    if one.numbers and other.numbers and one.near_numbers.isdisjoint(other.near_numbers):
        return _OTHER_NUMBER
    if one.codes and other.codes and one.codes.isdisjoint(other.codes):
        return _OTHER_NAMES
    if one.places and other.places and one.places.isdisjoint(other.places):
        return _OTHER_PLACE
    if one.line == other.line and one.line:
        return Likeness(True, 1.0, ("same-words",))
    shared = one.words & other.words
    if not shared and one.numbers.isdisjoint(other.numbers):
        return _OTHER_WORDS
    apart = _apart(one, other)
    if apart:
        return Likeness(False, 0.0, (apart,))
    only_one, only_other = one.words - shared, other.words - shared
    only_one, only_other = _spelt_out(one, other, only_one, only_other)
    if _are_far(one, other, len(shared), len(only_one), len(only_other)):
        return _OTHER_WORDS
    only_one, only_other, near = _match(only_one, only_other)
    matched = len(shared) + near + NUMBER_WEIGHT * len(one.numbers & other.numbers)
    score = _score(one, other, matched + SOFT_WEIGHT * len(one.soft & other.soft))
    reason = _turn(one, other, only_one, only_other) or _unmatched(one, other, only_one, only_other, matched)
    if reason:
        return Likeness(False, score, (reason,))
    return Likeness(True, score, tuple(_matching(one, other, only_one | only_other, near)))


def _apart(one: Gist, other: Gist) -> str | None:
    """What keeps two lines apart at once: cheap to see, and final."""
    if one.numbers != other.numbers:
        left, right = one.numbers - other.numbers, other.numbers - one.numbers
        if not (left and right and _loosely_same(left, right)):
            if left and right:
                return "other-number"
            if any(value.startswith("o:") for value in left | right):
                return "other-order"
    # what is a code in one line may be all digits in the other, as names of hexadecimal digits are
    if any(mine.codes - yours.codes and yours.numbers - mine.numbers for mine, yours in ((one, other), (other, one))):
        return "other-names"
    for counted in one.counts.keys() & other.counts.keys():
        if not one.counts[counted] & other.counts[counted]:
            return "other-count"
    for axis in one.axes.keys() & other.axes.keys():
        if not one.axes[axis] & other.axes[axis] and axis not in AXIS_TOLERANT:
            return f"other-{axis}"
    if one.axes.get("order") and other.axes.get("order") and not one.axes["order"] & other.axes["order"]:
        return "other-order"
    if _denied(one, other) or _denied(other, one):
        return "negation"
    if (one.ahead ^ other.ahead) & one.words & other.words:
        return "other-time"
    if one.route and other.route and one.route == other.route[::-1]:
        return "other-direction"
    if _swapped(one, other):
        return "other-roles"
    return None


def _are_far(one: Gist, other: Gist, shared: int, only_one: int, only_other: int) -> bool:
    """Whether too little can be the same, whichever of the words that only one has are nearly one of the other's."""
    most = shared + min(only_one, only_other) + NUMBER_WEIGHT * len(one.numbers & other.numbers)
    return only_one * only_other > _LOOKS_MAX or most / max(_size(one), _size(other)) < SHARE_MIN


def _loosely_same(left: frozenset[str], right: frozenset[str]) -> bool:
    """Whether two lines may mean the same by different values: "9 am" and "at 9", but not "9 am" and "9 pm"."""
    kinds = {value[0] for value in left} ^ {value[0] for value in right}
    return bool(kinds) and _loose(left) == _loose(right)


def _loose(values: frozenset[str]) -> frozenset[str]:
    return frozenset(number for value in values for number in loosely(value))


def _denied(one: Gist, other: Gist) -> bool:
    """Whether `one` denies what `other` does not."""
    denied = one.denied - other.denied
    if denied & other.words:
        return True
    return not (denied <= HARMLESS or other.denies or STOPPED & other.words)


def _swapped(one: Gist, other: Gist) -> bool:
    """Whether two have changed roles: by what is done to whom, or by standing in each other's place."""
    pairs = [(act, twin) for act in one.acts for twin in other.acts if act.what == twin.what]
    if any(act.who & twin.who and act.whom & twin.whom for act, twin in pairs):
        return False
    if one.words == other.words:
        actors = one.actors & other.actors & one.words
        moved = [word for word in actors if one.behind.get(word) != other.behind.get(word)]
        for word, twin in combinations(moved, 2):
            mine, yours = (one.behind.get(word), one.behind.get(twin)), (other.behind.get(twin), other.behind.get(word))
            if mine == yours and mine[0] != mine[1]:
                return True
    return any(act.who & twin.whom and act.whom & twin.who and not act.who & twin.who for act, twin in pairs)


def _spelt_out(
    one: Gist, other: Gist, only_one: frozenset[str], only_other: frozenset[str]
) -> tuple[frozenset[str], frozenset[str]]:
    """Without an abbreviation that the other line spells out, and without what spells it out."""
    left = only_one & other.initials
    right = only_other & one.initials
    if left:
        only_other -= other.names | {word for word in only_other if word[0] in "".join(left)}
    if right:
        only_one -= one.names | {word for word in only_one if word[0] in "".join(right)}
    return only_one - left, only_other - right


def _match(one: frozenset[str], other: frozenset[str]) -> tuple[frozenset[str], frozenset[str], int]:
    """What is left of both when words that are nearly the same have been paired, and how many pairs there were."""
    if not one or not other:
        return one, other, 0
    left, right = set(one), set(other)
    pairs = 0
    # in one order for both ways round, so that the verdict does not depend on which line came first
    for word, twin in sorted(((a, b) for a in one for b in other if _nearly(a, b)), key=sorted):
        if word in left and twin in right:
            left.remove(word)
            right.remove(twin)
            pairs += 1
    return frozenset(left), frozenset(right), pairs


def _nearly(one: str, other: str) -> bool:
    if frozenset((one, other)) in NEAR:
        return True
    short, long = sorted((one, other), key=len)
    if len(short) >= 3 and len(long) == len(short) + 1 and long[1:] == short and long[0] in "وبلكف":
        return True
    return (len(short) >= _SLIP_MIN and _slip(short, long)) or are_kin(short, long)


def _slip(short: str, long: str) -> bool:
    """Whether a letter was doubled, dropped or changed places with its neighbour, as in a slip of the keyboard."""
    if short[0] != long[0]:
        return False
    at = next((at for at, (a, b) in enumerate(zip(short, long, strict=False)) if a != b), len(short))
    if len(long) == len(short) + 1:
        return long[at + 1 :] == short[at:]
    if len(long) == len(short):
        return short[at + 2 :] == long[at + 2 :] and short[at : at + 2] == long[at : at + 2][::-1]
    return False


def _turn(one: Gist, other: Gist, only_one: frozenset[str], only_other: frozenset[str]) -> str | None:
    turns = (only_one & one.core | only_other & other.core) & TURNS
    if one.words & MODALS and other.words & MODALS:
        turns -= MODALS
    if one.denies != other.denies:
        turns -= STOPPED
    if one.words & TOLL and other.words & TOLL and one.numbers & other.numbers:
        turns -= RISEN
    if one.core & other.core & HAPPENINGS:
        turns -= LIGHT
    for extreme, ways in EXTREMES.items():
        if extreme in one.words & other.words:
            turns -= ways
    return "follow-up" if turns or _is_over(one, other) or _is_over(other, one) else None


def _is_over(one: Gist, other: Gist) -> bool:
    """Whether what is the news of `one` is, in `other`, what came before."""
    news = one.core & TURNS
    return bool(news) and not news & COUNTED and news <= other.words - other.core


def _unmatched(
    one: Gist, other: Gist, only_one: frozenset[str], only_other: frozenset[str], matched: float
) -> str | None:
    if any(OPPOSITES.get(word, frozenset()) & only_other for word in only_one):
        return "opposite"
    if only_one and only_other and (apart := _substituted(one, other, only_one, only_other, matched)):
        return apart
    # a word in one line where the other has a number
    in_place = (only_one and other.numbers - one.numbers) or (only_other and one.numbers - other.numbers)
    if matched < WORDS_MIN or (in_place and _is_one_change(one.line, other.line)):
        return "other-words"
    longer = max(_size(one), _size(other))
    if matched / longer < SHARE_MIN:
        return "other-words"
    core = min(len(one.core), len(other.core))
    if core and len(one.core & other.core) / core < CORE_MIN:
        return "follow-up"
    return None


def _substituted(
    one: Gist, other: Gist, only_one: frozenset[str], only_other: frozenset[str], matched: float
) -> str | None:
    """What keeps apart two lines of which each has words that the other lacks; None where they are a rewording."""
    if only_one & one.names and only_other & other.names:
        return "other-names"
    if any(CLASSES.get(word, _NO_CLASS) & CLASSES.get(twin, _NO_CLASS) for word in only_one for twin in only_other):
        return "other-subject"
    fewer = min(len(only_one), len(only_other))
    if fewer > _OTHER_WORDS_MAX or matched < _MATCHED_MIN * fewer or _is_one_change(one.line, other.line):
        return "other-words"
    return None


def _is_one_change(one: tuple[str, ...], other: tuple[str, ...]) -> bool:
    """Whether the lines are the same but for one short place: who rewords changes more, so the place is the news."""
    same = _alike(one, other)
    same += _alike(one[same:][::-1], other[same:][::-1])
    return max(len(one), len(other)) - same <= _CHANGE_MAX


def _alike(one: tuple[str, ...], other: tuple[str, ...]) -> int:
    return next((at for at, (a, b) in enumerate(zip(one, other, strict=False)) if a != b), min(len(one), len(other)))


def _size(gist: Gist) -> float:
    return len(gist.words) + NUMBER_WEIGHT * len(gist.numbers)


def _score(one: Gist, other: Gist, matched: float) -> float:
    sizes = sum(_size(gist) + SOFT_WEIGHT * len(gist.soft) for gist in (one, other))
    return round(min(0.99, 2 * matched / sizes), 2) if sizes else 0.0


def _matching(one: Gist, other: Gist, extra: Iterable[str], near: int) -> Iterable[str]:
    if one.names & other.names:
        yield "same-names"
    if one.numbers & other.numbers:
        yield "same-numbers"
    yield "same-words" if sorted(one.line) == sorted(other.line) else "same-meaning"
    if near:
        yield "nearly-the-same-word"
    if extra or one.numbers != other.numbers:
        yield "more-detail"
