"""Moments go out and come back the same, sort as text, and nothing comes in that could not go out again."""

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from service.domain.moment import from_text, to_text

FIRST_MS = -62_135_596_800_000  # 0001-01-01T00:00:00.000Z
LAST_MS = 253_402_300_799_999  # 9999-12-31T23:59:59.999Z
moments = st.integers(FIRST_MS, LAST_MS)


@given(moments)
def test_a_moment_comes_back_the_same(ms: int) -> None:
    assert from_text(to_text(ms)) == ms


@given(moments, moments)
def test_texts_sort_as_the_moments_do(one: int, other: int) -> None:
    assert (to_text(one) < to_text(other)) == (one < other)


@given(moments)
def test_the_text_is_the_calendars(ms: int) -> None:
    moment = datetime(1970, 1, 1, tzinfo=UTC) + timedelta(milliseconds=ms)
    assert to_text(ms) == moment.replace(tzinfo=None).isoformat(timespec="milliseconds") + "Z"


@given(
    st.datetimes(timezones=st.timezones(), min_value=datetime(1, 1, 3), max_value=datetime(9999, 12, 29))  # noqa: DTZ001
)
def test_a_zone_is_taken_into_account(when: datetime) -> None:
    offset = when.utcoffset()
    assert offset is not None
    whole_minutes = timedelta(minutes=offset // timedelta(minutes=1))
    text = f"{when.replace(tzinfo=None).isoformat(timespec='milliseconds')}{zone(whole_minutes)}"
    naive = when.replace(tzinfo=UTC) - whole_minutes
    assert from_text(text) == (naive - datetime(1970, 1, 1, tzinfo=UTC)) // timedelta(milliseconds=1)


def zone(offset: timedelta) -> str:
    minutes = abs(offset) // timedelta(minutes=1)
    return f"{'-' if offset < timedelta(0) else '+'}{minutes // 60:02d}:{minutes % 60:02d}"


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("2026-11-18T14:02:11.204Z", "2026-11-18T14:02:11.204Z"),
        ("2026-11-18T14:02:11Z", "2026-11-18T14:02:11.000Z"),
        ("2026-11-18t14:02:11z", "2026-11-18T14:02:11.000Z"),
        ("2026-11-18T14:02:11.2Z", "2026-11-18T14:02:11.200Z"),
        ("2026-11-18T14:02:11.204999999Z", "2026-11-18T14:02:11.204Z"),
        ("2026-11-18T16:02:11.204+02:00", "2026-11-18T14:02:11.204Z"),
        ("2026-11-18T04:32:11-09:30", "2026-11-18T14:02:11.000Z"),
        ("2026-11-18T14:02:11-00:00", "2026-11-18T14:02:11.000Z"),
        ("2026-11-18T14:02:11+23:59", "2026-11-17T14:03:11.000Z"),
        ("2028-02-29T23:59:59.999Z", "2028-02-29T23:59:59.999Z"),
        ("1969-12-31T23:59:59.9999Z", "1969-12-31T23:59:59.999Z"),
        ("0500-01-01T00:00:00Z", "0500-01-01T00:00:00.000Z"),
        ("0001-01-01T00:00:00Z", "0001-01-01T00:00:00.000Z"),
        ("9999-12-31T23:59:59.999Z", "9999-12-31T23:59:59.999Z"),
    ],
)
def test_an_odd_but_right_form_is_read(text: str, told: str) -> None:
    assert to_text(from_text(text)) == told


@pytest.mark.parametrize(
    "text",
    [
        "", "now", "1731938531", "2026-11-18", "2026-11-18T14:02:11", "2026-11-18 14:02:11Z", "2026-11-18T14:02Z",
        "2026-11-18T14:02:11.Z", "2026-11-18T14:02:11,204Z", "2026-11-18T14:02:11.2041234567Z", "2026-W47-3T14:02:11Z",
        "20261118T140211Z", "2026-11-18T14:02:11+02", "2026-11-18T14:02:11+0200", "2026-11-18T14:02:11 Z",
        " 2026-11-18T14:02:11Z", "2026-11-18T14:02:11Z\n", "26-11-18T14:02:11Z", "+2026-11-18T14:02:11Z",
        "٢٠٢٦-11-18T14:02:11Z", "2026-02-29T00:00:00Z", "2026-13-01T00:00:00Z", "2026-00-01T00:00:00Z",
        "2026-11-31T00:00:00Z", "2026-11-18T24:00:00Z", "2026-11-18T14:60:00Z", "2026-11-18T14:02:60Z",
        "2026-11-18T14:02:11+24:00", "2026-11-18T14:02:11+02:60", "2026-11-18T14:02:11-00:99", "0000-01-01T00:00:00Z",
        "0001-01-01T00:00:00+00:01", "9999-12-31T23:59:59-00:01", "9999-12-31T23:59:59-23:59",
    ],
)  # fmt: skip
def test_a_wrong_form_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match=r"."):
        from_text(text)


near = st.text("0123456789-:.TZtz+ ", max_size=30) | st.text(max_size=30)


@given(near | st.from_regex(r"\A\d{4}-[01]\d-[0-3]\dT[012]\d:[0-6]\d:[0-6]\d(\.\d{1,9})?(Z|[+-]\d\d:\d\d)\Z"))
def test_what_is_read_can_be_told_again_and_all_else_is_a_value_error(text: str) -> None:
    try:
        ms = from_text(text)
    except ValueError:
        return
    assert from_text(to_text(ms)) == ms
