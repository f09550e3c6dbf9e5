"""Two spellings of one word fold to the same, and different words stay different."""

import pytest

from service.domain.folding import fold, words

SAME = [
    ("STRASSE", "straße"), ("Málaga", "malaga"), ("Ma\u0301laga", "Málaga"), ("Ñuñoa", "nunoa"), ("Łódź", "lodz"),
    ("Tromsø", "tromso"), ("Ærø", "aero"), ("ﬁre", "fire"), ("Ｔｏｋｙｏ", "tokyo"), ("İzmir", "izmir"),
    ("Isparta", "ısparta"), ("Brand™", "brandtm"), ("ΆΡΗΣ", "αρησ"),
    ("أمطار", "امطار"), ("إعصار", "اعصار"), ("آثار", "اثار"), ("ٱلمطر", "المطر"), ("العاصفة", "العاصفه"),
    ("مستشفى", "مستشفي"), ("مسؤول", "مسوول"), ("طائرة", "طايره"), ("سماء", "سما"), ("عـــاصفة", "عاصفة"),
    ("عاصِفَةٌ", "عاصفة"), ("می\u200cرود", "ميرود"), ("كتاب", "کتاب"), ("٢٠٢٦", "2026"), ("۱۴", "14"),
    ("\u200fعاصفة\u200e", "عاصفة"),
]  # fmt: skip


@pytest.mark.parametrize(("one", "other"), SAME)
def test_two_spellings_of_a_word_fold_to_the_same(one: str, other: str) -> None:
    assert fold(one) == fold(other)
    assert fold(fold(one)) == fold(one)


@pytest.mark.parametrize(
    ("one", "other"), [("Lima", "Lime"), ("قطار", "مطار"), ("12", "21"), ("حلب", "حلم"), ("pass", "bass")]
)
def test_different_words_stay_different(one: str, other: str) -> None:
    assert fold(one) != fold(other)


def test_words_are_told_apart_by_whatever_stands_between_them() -> None:
    assert words("  Snow—closes the: northern_pass (A-12), 3.5 km…\t🙂") == (
        "snow", "closes", "the", "northern", "pass", "a", "12", "3", "5", "km",
    )  # fmt: skip
    assert words("«عاصفة» تُغلق، الممرَّ الشمالي؟") == ("عاصفه", "تغلق", "الممر", "الشمالي")
    assert words(" … — 🙂 ") == words("") == ()
