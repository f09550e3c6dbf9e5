"""One line of news: what is mended, what is kept, what is refused and where (contract §2 "Text")."""

import time
import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from service.domain.text import ERRORS_MAX, HEADLINE_GRAPHEMES_MAX, Cleaned, clean, first, graphemes, is_blank

LRM, RLM, ALM, ZWJ, ZWNJ = "\u200e", "\u200f", "\u061c", "\u200d", "\u200c"
LRI, RLI, FSI, PDI = "\u2066", "\u2067", "\u2068", "\u2069"
BLACK_FLAG, CANCEL_TAG = "\U0001f3f4", "\U000e007f"
ACUTE = "\u0301"


def tags(letters: str) -> str:
    return "".join(chr(0xE0000 + ord(letter)) for letter in letters)


def refused(raw: str) -> list[tuple[str, int]]:
    return [(error.code_point, error.index) for error in clean(raw).errors]


@pytest.mark.parametrize(
    ("raw", "text"),
    [
        ("Storm closes the bridge", "Storm closes the bridge"),
        ("  both ends \u3000\u00a0", "both ends"),
        ("", ""),
        (" \n\t ", ""),
        ("one\ntwo", "one two"),
        ("one\r\ntwo", "one two"),
        ("one\rtwo", "one two"),
        ("one\ttwo", "one two"),
        ("one\u2028two\u2029three", "one two three"),
        ("one \r\n\r\n \t two", "one two"),
        ("two  spaces stay", "two  spaces stay"),
        ("no-break\u00a0space stays", "no-break\u00a0space stays"),
        ("Sa\u0303o Paulo", "São Paulo"),
        ("e\u200b\u0301", "é"),
        ("\u212b", "\u00c5"),
        ("Αθήνα", "Αθήνα"),
    ],
)
def test_editor_gets_one_trimmed_line_in_nfc(raw: str, text: str) -> None:
    cleaned = clean(raw)
    assert (cleaned.text, cleaned.errors) == (text, ())


@pytest.mark.parametrize(
    ("char", "name"),
    [
        ("\ufeff", "U+FEFF (byte order mark)"),
        ("\u200b", "U+200B (zero-width space)"),
        ("\u2060", "U+2060 (word joiner)"),
        ("\u00ad", "U+00AD (soft hyphen)"),
    ],
)
def test_editor_is_warned_once_of_each_kind_of_dropped_character(char: str, name: str) -> None:
    cleaned = clean(f"{char}Storm clo{char}ses{char} the bridge")
    assert (cleaned.text, cleaned.errors) == ("Storm closes the bridge", ())
    [warning] = cleaned.warnings
    assert warning.code == "character-dropped"
    assert warning.detail == f"{name} dropped, 3 in all"


@pytest.mark.parametrize(
    "text",
    [
        f"می{ZWNJ}شود",
        f"क्{ZWJ}ष",
        "👩\u200d👩\u200d👧\u200d👦 at the lake",
        "❤\ufe0f\u200d🔥",
        "👍🏽",
        "🇯🇴 and 🇪🇸",
        f"{BLACK_FLAG}{tags('gbsct')}{CANCEL_TAG} wins",
        f"{BLACK_FLAG}{tags('ustx')}{CANCEL_TAG}",
        f"price{LRM}: 5",
        f"السعر{RLM}: 5{ALM}",
        f"عاجل {LRI}ESA-1{PDI} يصل",
        f"a {FSI}b {RLI}c{PDI} d{PDI} e",
        "٣٠ مترًا، 100 %",
        "قُرْآن",
        "\u0600\u0661\u0662",
        "葛\U000e0100城",
        "a\ufffdb",
        "new emoji \U0001faff",
        "unassigned \u0378",
        "\u2800",
        "a" + "\u0316" * 8,
    ],
)
def test_editor_keeps_what_a_language_or_an_emoji_needs(text: str) -> None:
    assert clean(text) == Cleaned(unicodedata.normalize("NFC", text), (), ())


@pytest.mark.parametrize(
    "char",
    [
        *map(chr, set(range(0x20)) - set(b"\t\n\r")),
        *map(chr, range(0x7F, 0xA0)),
        *map(chr, range(0x202A, 0x202F)),
        *map(chr, range(0x2061, 0x2066)),
        *map(chr, range(0x206A, 0x2070)),
        *(LRI, RLI, FSI, PDI),
        *("\u034f", "\u115f", "\u1160", "\u17b4", "\u17b5", "\u180e", "\u3164", "\uffa0"),
        *("\ufff0", "\ufff9", "\ufffa", "\ufffb", "\ufffe", "\uffff", "\ufdd0", "\ufdef"),
        *("\U0001d173", "\U0001bca0", "\U0001fffe", "\U0010ffff"),
        *("\ue000", "\uf8ff", "\U000f0000", "\U0010fffd"),
        *("\ud800", "\udbff", "\udc00", "\udfff"),
        *("\U000e0001", "\U000e0020", "\U000e0067", CANCEL_TAG, "\U000e0000", "\U000e0080", "\U000e0fff"),
    ],
)
def test_editor_is_told_which_character_is_refused_and_where(char: str) -> None:
    cleaned = clean(f"Sto{char}rm")
    [error] = cleaned.errors
    assert (error.code_point, error.index) == (f"U+{ord(char):04X}", 3)
    assert error.detail.startswith(f"{error.code_point} at 3 is not allowed: it is ")
    assert cleaned.text == "Storm"


@pytest.mark.parametrize(
    ("raw", "places"),
    [
        (f"{PDI}a{LRI}", [("U+2069", 0), ("U+2066", 2)]),
        (f"{LRI}a{RLI}b{PDI}", [("U+2066", 0)]),
        (f"{LRI}a{PDI}{PDI}", [("U+2069", 3)]),
        (f"{LRI}a\n{PDI}", []),
        # Pairs are those of the isolates that remain, and a place is one of the text as sent.
        (f"\ufeff\ufeff{LRI}a", [("U+2066", 2)]),
        ("a\x07b\u202ec", [("U+0007", 1), ("U+202E", 3)]),
    ],
)
def test_editor_is_told_of_unpaired_isolates_in_the_order_of_their_places(
    raw: str, places: list[tuple[str, int]]
) -> None:
    assert refused(raw) == places


@pytest.mark.parametrize(
    ("raw", "first"),
    [
        (f"x{tags('gbsct')}{CANCEL_TAG}", "U+E0067"),
        (f"{BLACK_FLAG}{tags('gbsct')} unfinished", "U+E0067"),
        (f"{BLACK_FLAG}{CANCEL_TAG}", "U+E007F"),
        (f"{BLACK_FLAG}{tags('hidden words')}{CANCEL_TAG}", "U+E0068"),
        (f"{BLACK_FLAG}{tags('toolong')}{CANCEL_TAG}", "U+E0074"),
        (f"{BLACK_FLAG}{tags('GBSCT')}{CANCEL_TAG}", "U+E0047"),
        (f"{BLACK_FLAG}{tags('gbsct')}{CANCEL_TAG}{CANCEL_TAG}", "U+E007F"),
        ("\U000e0001" + tags("en"), "U+E0001"),
    ],
)
def test_editor_cannot_send_tags_that_spell_no_flag(raw: str, first: str) -> None:
    cleaned = clean(raw)
    assert cleaned.errors[0].code_point == first
    assert tags("hidden") not in cleaned.text


@pytest.mark.parametrize(
    ("raw", "index"),
    [
        ("e" + ACUTE * 9, 9),
        ("e" + ACUTE * 500, 9),
        ("ab" + "\u0316" * 9 + "c", 10),
        ("\u0316" * 9, 8),
        # The detours: joiners and direction marks do not end a pile, one mark may unfold into two.
        ("a" + "\u0316" * 8 + ZWJ, 9),
        ("a" + "\u0316" * 8 + LRM + "\u0316", 10),
        ("a" + "\u0316" * 8 + "\u200b" + "\u0316", 10),
        ("a" + "\u0344" * 5, 5),
        ("a" + ZWNJ * 9, 9),
        ("a" + "\ufe0f" * 9, 9),
    ],
)
def test_editor_cannot_pile_more_than_eight_marks(raw: str, index: int) -> None:
    cleaned = clean(raw)
    [error] = cleaned.errors
    assert error.index == index
    assert "more than 8 combining marks in a row" in error.detail
    assert clean(cleaned.text).errors == ()


def test_editor_may_write_eight_marks_on_each_of_many_letters() -> None:
    assert clean(("a" + "\u0316" * 8) * 50).errors == ()


def test_editor_who_sends_nothing_but_refused_characters_gets_the_first_ten() -> None:
    assert refused("\u202e" * 5_000) == [("U+202E", index) for index in range(ERRORS_MAX)]


@pytest.mark.parametrize(
    "raw",
    ["a" + "\u0316" * 8_000, "a" + LRM * 5_000 + "\u0316" * 9, "a" + "\u0344" * 8_000, tags("a") * 4_000, LRI * 5_000],
)
def test_a_hostile_body_costs_the_desk_no_time(raw: str) -> None:
    started_s = time.process_time()
    clean(raw)
    assert time.process_time() - started_s < 1


@pytest.mark.parametrize(
    ("text", "count"),
    [
        ("", 0),
        ("abc", 3),
        ("é" + "e" + ACUTE, 2),
        ("👩\u200d👩\u200d👧", 1),
        ("🇯🇴🇪🇸", 2),
        (f"{BLACK_FLAG}{tags('gbsct')}{CANCEL_TAG}", 1),
        ("مرحبًا", 5),
        ("가\u1112\u1161\u11ab", 2),
        ("a" * HEADLINE_GRAPHEMES_MAX, 280),
    ],
)
def test_length_is_what_a_reader_would_count(text: str, count: int) -> None:
    assert graphemes(text) == count


@pytest.mark.parametrize("text", ["", " ", "\u3000", "\u2800", LRM, f"{LRI} {PDI}", ZWJ, ACUTE, "\ufe0f"])
def test_reader_would_see_nothing_of_a_blank_line(text: str) -> None:
    assert is_blank(text)


@pytest.mark.parametrize("text", ["a", f"{LRM}a", "!", "🌈", "\U0001faff", "\u0378"])
def test_reader_would_see_something_of_any_other_line(text: str) -> None:
    assert not is_blank(text)


# Text made to break rules: the characters the rules are about, far more often than chance would bring them.
troublesome = st.text(
    st.sampled_from(
        [
            *"ae \t\n\r\u2028가\u1100\u1161\u11a8",
            *(BLACK_FLAG, CANCEL_TAG, *tags("gbsct1")),
            *(LRM, RLM, ALM, ZWJ, ZWNJ, LRI, RLI, FSI, PDI),
            *"\u0301\u0316\u0344\u0f73\ufb2c\u0958\u1e69\u00e0\u01d8\ufe0f\ufeff\u200b",
            *"\u202e\x00\ud800\ue000\uffff\u3164\u0378",
        ]
    ),
    max_size=60,
)
anything = st.text(st.characters(exclude_categories=[]), max_size=40) | troublesome


@given(anything)
def test_cleaning_a_cleaned_text_changes_and_reports_nothing(raw: str) -> None:
    text = clean(raw).text
    assert clean(text) == Cleaned(text, (), ())


@given(anything)
def test_a_cleaned_text_is_one_line_that_every_encoder_takes(raw: str) -> None:
    text = clean(raw).text
    text.encode("utf-8")
    assert unicodedata.is_normalized("NFC", text)
    assert len(text.splitlines()) <= 1
    assert text == text.strip()


@given(anything)
def test_every_error_points_at_the_character_it_names(raw: str) -> None:
    for error in clean(raw).errors:
        assert error.code_point == f"U+{ord(raw[error.index]):04X}"


@given(st.text(st.characters(categories=["L", "N", "P", "S"])))
def test_letters_figures_and_signs_pass_unless_they_are_invisible(raw: str) -> None:
    visible = "".join(char for char in raw if char not in "\u115f\u1160\u3164\uffa0")
    assert clean(visible) == Cleaned(unicodedata.normalize("NFC", visible), (), ())


@pytest.mark.parametrize(
    ("text", "count", "wanted"),
    [
        ("storm", 3, "sto"),
        ("storm", 5, "storm"),
        ("storm", 9, "storm"),
        ("storm", 0, ""),
        ("", 3, ""),
        ("e\u0301e\u0301", 1, "e\u0301"),
        ("\U0001f469\u200d\U0001f692!", 1, "\U0001f469\u200d\U0001f692"),
    ],
)
def test_the_first_characters_are_those_a_reader_counts(text: str, count: int, wanted: str) -> None:
    assert first(text, count) == wanted


@given(text=st.text(), count=st.integers(0, 20))
def test_the_first_characters_are_so_many_or_all(text: str, count: int) -> None:
    assert text.startswith(first(text, count))
    assert graphemes(first(text, count)) == min(count, graphemes(text))
