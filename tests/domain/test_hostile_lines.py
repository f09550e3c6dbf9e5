"""Lines that nobody writes and somebody sends: each is read and compared, in bounded time, and nothing is raised."""

import random
import time
import unicodedata

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from service.domain import attribution
from service.domain.gist import LEXICONS, read
from service.domain.likeness import compare

LANGUAGES = ("en", "ar", "es", "fr")
UNFOLDED = tuple(
    sign
    for sign in map(chr, (*range(0x80, 0xD800), *range(0xE000, 0x20000)))
    if unicodedata.normalize("NFKC", sign) != sign
)
"""Signs that are another text where they are compared: digits in circles, ligatures of four words, letters in bold."""
KNOWN = {
    language: sorted({*words.meaning, *words.numbers, *words.scales, *words.ordinals, *words.joins, *words.fractions})
    for language, words in LEXICONS.items()
}
SIGNS = (
    *(": ", ",", " - ", " — ", "(", ")", "'", "'s ", "’", '"', "«", ".", "?", "،", "1", "9:30", "p.m.", "am", "th"),
    *("st", "º", "%", "$", "1,000", "1.2.3", "3-2", "A320", "2f", "M6.1", "ء", "ـ", "ﷺ", "㉟", "½", "١٢", "٫"),
)
pieces = st.one_of(
    st.sampled_from([word for words in KNOWN.values() for word in words]),
    st.sampled_from(SIGNS),
    st.sampled_from(UNFOLDED),
    st.characters(exclude_categories=("Cs", "Cc")),
)
lines = st.lists(st.tuples(pieces, st.integers(1, 30), st.sampled_from(("", " "))), min_size=1, max_size=30).map(
    lambda found: "".join((piece + gap) * often for piece, often, gap in found)[:280]
)


@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize(
    "line", ["ء", "الثلج ء يغلق الممر", "ء's", "㉟" * 270 + "th street", "9" * 280 + "th", "9" * 280 + " million" * 30]
)
def test_a_line_of_signs_that_fold_away_or_run_over_is_read(line: str, language: str) -> None:
    assert compare(read(line, language), read(line, language)).same or not read(line, language).line


@settings(max_examples=60, deadline=None)
@given(line=lines, other=lines, language=st.sampled_from(LANGUAGES))
def test_whatever_is_sent_is_read_compared_and_searched_for_its_source(line: str, other: str, language: str) -> None:
    one, two = read(line, language), read(other, language)
    assert compare(one, two).same == compare(two, one).same
    attribution.parse(line, language)


LETTERS = [chr(0x4E00 + at) for at in range(280)]
PAIRS = [first + second for first in "abcdefghijklmnop" for second in "qrstuvwxyz"]
WORST = {
    "letters that stand alone": ("storm " + " ".join(LETTERS[:130]), "storm " + " ".join(LETTERS[140:270])),
    "pairs of letters": ("storm " + " ".join(PAIRS[:90]), "storm " + " ".join(PAIRS[70:])),
    "one that has much of a short one": ("storm closes port " + " ".join(LETTERS[:130]), "Storm closes port of Alder"),
    "ligatures of four words": ("ﷺ" * 280, "ﷺ " * 140),
    "who beats whom": ("a beats b beats " * 17, "b beats c beats " * 17),
}


@pytest.mark.parametrize("name", WORST)
def test_the_dearest_lines_cost_no_more_than_milliseconds(name: str) -> None:
    """An order of magnitude; before there was a bound, these cost up to a hundred times as much."""
    one, other = WORST[name]
    rnd, fastest_s = random.Random(7), 1.0
    gists = [read(line, "en") for line in (one, other)]
    for _ in range(15):
        words = one.split()
        rnd.shuffle(words)
        began_s = time.process_time()
        gist = read(" ".join(words), "en")
        compare(gists[0], gists[1])
        compare(gist, gists[1])
        fastest_s = min(fastest_s, time.process_time() - began_s)
    assert fastest_s < 0.03
