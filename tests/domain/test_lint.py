"""What is worth a look before an alert goes out, and what is not."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from service.domain.alert import NO_ATTRIBUTION, Attribution
from service.domain.lint import lint

SOURCE = Attribution(kind="agency", outlet="Example Wire", text="Example Wire")
LONG = 40


def codes(headline: str, attribution: Attribution = SOURCE, line: str | None = None) -> list[str]:
    return [notice.code for notice in lint(line or headline, headline, attribution, LONG)]


@pytest.mark.parametrize(
    ("headline", "found"),
    [
        ("Ferry service resumes", []),
        ("x" * LONG, []),
        ("x" * (LONG + 1), ["long"]),
        ("👩‍🚒" * LONG, []),
        ("FERRY SERVICE RESUMES", ["all-caps"]),
        ("FERRY SERVICE RESUMES at last", []),
        ("ÉCOLE FERMÉE CETTE SEMAINE", ["all-caps"]),
        ("NATO, UNRWA: UN, EU", []),
        ("NATO AND THE EU", []),
        ("العبارة تبحر من جديد", []),
        ("12345 67890 12345", []),
        ("Rovers win 2-1", []),
        ("روفرز يفوز ٢-١", []),
        ("روفرز يفوز ٢-١ في الدقيقة 90", ["mixed-digits"]),
        ("١٢ و۱۲ في سطر", ["mixed-digits"]),
        ("H₂O in 2 lakes", []),
        ("Ferry service resumes.", ["full-stop"]),
        ("Ferry service resumes...", []),
        ("Ferry service resumes…", []),
        ("Ferry service resumes in the U.S.", []),
        ("Ferry service resumes!", []),
        ("", []),
    ],
)
def test_an_editor_is_warned_of_what_is_worth_a_look(headline: str, found: list[str]) -> None:
    assert codes(headline) == found


def test_an_editor_is_warned_where_nobody_is_named() -> None:
    assert codes("Ferry service resumes", NO_ATTRIBUTION) == ["no-source"]


def test_digits_of_the_source_count_too() -> None:
    assert codes("القطار 12 يغادر", line="راديو ١٠١: القطار 12 يغادر") == ["mixed-digits"]


@given(st.text(max_size=300), st.text(max_size=300))
def test_whatever_is_written_each_warning_comes_once_with_its_words(line: str, headline: str) -> None:
    found = lint(line, headline, NO_ATTRIBUTION, LONG)
    assert len({notice.code for notice in found}) == len(found)
    assert all(notice.detail for notice in found)
