"""The law behind every view: old state + revisions, in any order and overlapping, is the fresh state."""

from typing import Any, NamedTuple

import pytest
from hypothesis import given
from hypothesis import strategies as st

from service.domain import moment, revision
from service.domain.alert import LEVELS, Alert, Level, PubStatus, redacted
from service.domain.ticker import EVERYTHING, Filter, Page, Ticker, quietest
from tests.domain.making import HOUR_MS, NOW_MS, alert_id, make_alert

TOMBSTONE_S = 1800
MINUTE_MS = 60_000


class Version(NamedTuple):
    """A version of an alert at the place of its first publication, as history and wire hand it over."""

    first_offset: int
    alert: Alert


@st.composite
def histories(draw: st.DrawFn) -> list[Version]:
    """Some alerts with one to four versions each, in the order of the wire of no importance."""
    versions = []
    for number in range(1, draw(st.integers(1, 8)) + 1):
        level = draw(st.sampled_from(LEVELS))
        sections = draw(st.lists(st.sampled_from(["politics", "sports", "health"]), max_size=2, unique=True))
        regions = draw(st.lists(st.sampled_from(["mena", "europe"]), max_size=2, unique=True))
        for version in range(1, draw(st.integers(1, 4)) + 1):
            status: PubStatus = draw(st.sampled_from(["usable", "usable", "withheld", "canceled"]))
            alert = make_alert(
                number,
                version,
                level=level,
                pub_status=status,
                headline=f"alert {number}, version {version}",
                sections=tuple(sections),
                regions=tuple(regions),
                signals=draw(st.sampled_from([(), ("undone",)])) if status == "canceled" else (),
                version_created=moment.to_text(NOW_MS + draw(st.integers(-40, 0)) * MINUTE_MS),
                expires=moment.to_text(NOW_MS + draw(st.integers(-2, 60)) * MINUTE_MS),
            )
            versions.append(Version(number * 10, alert if status == "usable" else redacted(alert, "notice")))
    return versions


filters = st.builds(
    Filter,
    sections=st.sampled_from([(), ("politics",), ("sports", "health")]),
    regions=st.sampled_from([(), ("mena",)]),
    level=st.sampled_from([None, *LEVELS]),
    notices=st.booleans(),
)


def ticker_of(versions: list[Version], max_alerts: int = 100) -> Ticker:
    ticker = Ticker(max_alerts, TOMBSTONE_S)
    for first_offset, alert in versions:
        ticker.apply(first_offset, alert, revision.encode(alert))
    return ticker


def whole(ticker: Ticker) -> list[tuple[int, Alert, bytes]]:
    """Everything that it holds, shown or not."""
    entries = [ticker.get(alert_id(number)) for number in range(1, 10)]
    return [(entry.first_offset, entry.alert, entry.encoded) for entry in entries if entry is not None]


def shown(page: Page) -> list[str]:
    return [entry.alert.id for entry in page.entries]


def modelled(versions: list[Version], max_alerts: int) -> list[Version]:
    """The fresh state by the plainest means: the highest version of each alert, the newest `max_alerts` of them."""
    best: dict[str, Version] = {}
    for one in sorted(versions, key=lambda one: one.alert.version):
        best[one.alert.id] = one
    return sorted(best.values(), key=lambda one: -one.first_offset)[:max_alerts]


def model_shows(alert: Alert, now_ms: int, wanted: Filter) -> bool:
    end = moment.from_text(alert.expires)
    if alert.pub_status == "canceled":
        stays_ms = 24 * HOUR_MS if wanted.notices else 30 * MINUTE_MS
        end = min(end, moment.from_text(alert.version_created) + stays_ms)
    if wanted.notices and alert.pub_status != "usable":
        wanted = Filter(level=wanted.level)
    return (
        end > now_ms
        and "undone" not in alert.signals
        and (not wanted.sections or bool({*wanted.sections} & {*alert.sections}))
        and (not wanted.regions or bool({*wanted.regions} & {*alert.regions}))
        and (wanted.level is None or LEVELS.index(alert.level) <= LEVELS.index(wanted.level))
    )


@given(histories(), st.data(), st.integers(1, 9))
def test_old_state_and_revisions_in_any_order_make_the_fresh_state(
    versions: list[Version], data: st.DataObject, max_alerts: int
) -> None:
    order = data.draw(st.permutations(versions))
    again = data.draw(st.lists(st.sampled_from(versions), max_size=10))
    ticker = ticker_of([*order, *again], max_alerts)
    fresh = modelled(versions, max_alerts)
    assert whole(ticker) == [(at, alert, revision.encode(alert)) for at, alert in reversed(fresh)]
    assert len(ticker) == len(fresh)


@given(histories(), filters, st.integers(0, 120), st.integers(1, 9), st.integers(1, 9))
def test_pages_joined_by_next_are_the_whole_and_the_whole_is_the_law(
    versions: list[Version], wanted: Filter, minutes: int, limit: int, max_alerts: int
) -> None:
    now_ms = NOW_MS + minutes * MINUTE_MS
    ticker = ticker_of(versions, max_alerts)
    lawful = [one.alert.id for one in modelled(versions, max_alerts) if model_shows(one.alert, now_ms, wanted)]
    joined: list[str] = []
    before = None
    while True:
        page = ticker.page(now_ms, limit, before, wanted)
        joined += shown(page)
        assert len(page.entries) <= limit
        if page.next is None:
            break
        assert len(page.entries) == limit, "a page that is not the last is full"
        assert before is None or page.next < before, "each page lies before the one that named it"
        before = page.next
    assert joined == lawful
    assert shown(ticker.page(now_ms, 100, None, wanted)) == lawful


@given(histories(), st.integers(-60, 60), filters)
def test_nothing_leaves_before_the_next_change(versions: list[Version], minutes: int, wanted: Filter) -> None:
    now_ms = NOW_MS + minutes * MINUTE_MS
    ticker = ticker_of(versions)
    entries = ticker.page(now_ms, 100, wanted=wanted).entries
    change_ms = ticker.next_change_ms(now_ms, entries, wanted)
    if change_ms is None:
        assert entries == ()
        return
    assert ticker.page(change_ms - 1, 100, wanted=wanted).entries == entries
    assert len(ticker.page(change_ms, 100, wanted=wanted).entries) < len(entries)


def test_an_update_does_not_move_an_alert() -> None:
    ticker = ticker_of([Version(1, make_alert(1)), Version(2, make_alert(2)), Version(1, make_alert(1, 2))])
    assert shown(ticker.page(NOW_MS, 10)) == [alert_id(2), alert_id(1)]
    newest = ticker.newest()
    assert newest is not None
    assert newest.alert.id == alert_id(2)


def test_a_version_that_is_known_changes_nothing_and_says_so() -> None:
    ticker = ticker_of([Version(1, make_alert(1, 2))])
    before = ticker.changes
    assert [ticker.apply(1, make_alert(1, version), b"") for version in (1, 2)] == [False, False]
    assert ticker.changes == before
    assert ticker.apply(1, make_alert(1, 3), b"")
    assert ticker.changes == before + 1


def test_the_oldest_by_first_publication_goes_when_there_are_too_many() -> None:
    ticker = ticker_of([Version(number, make_alert(number)) for number in (1, 2, 3)], max_alerts=2)
    assert shown(ticker.page(NOW_MS, 10)) == [alert_id(3), alert_id(2)]
    assert ticker.get(alert_id(1)) is None
    ticker.apply(1, make_alert(1, 2), b"")
    assert shown(ticker.page(NOW_MS, 10)) == [alert_id(3), alert_id(2)]


@pytest.mark.parametrize(
    ("changes", "age_ms", "visible"),
    [
        ({}, 0, True),
        ({}, 24 * HOUR_MS - 1, True),
        ({}, 24 * HOUR_MS, False),
        ({"pub_status": "withheld"}, 24 * HOUR_MS - 1, True),
        ({"pub_status": "withheld"}, 24 * HOUR_MS, False),
        ({"pub_status": "canceled"}, 0, True),
        ({"pub_status": "canceled"}, 30 * MINUTE_MS - 1, True),
        ({"pub_status": "canceled"}, 30 * MINUTE_MS, False),
        ({"pub_status": "canceled", "expires": moment.to_text(NOW_MS + MINUTE_MS)}, MINUTE_MS - 1, True),
        ({"pub_status": "canceled", "expires": moment.to_text(NOW_MS + MINUTE_MS)}, MINUTE_MS, False),
        ({"pub_status": "canceled", "signals": ("undone",)}, 0, False),
    ],
)
def test_a_tombstone_stays_half_an_hour_and_nothing_outlives_its_expiry(
    changes: dict[str, Any], age_ms: int, visible: bool
) -> None:
    ticker = ticker_of([Version(1, make_alert(1, **changes))])
    assert shown(ticker.page(NOW_MS + age_ms, 10)) == [alert_id(1)] * visible


@pytest.mark.parametrize("status", ["withheld", "canceled"])
def test_who_looks_in_seldom_finds_the_notice_for_a_day(status: PubStatus) -> None:
    seldom = Filter(sections=("sports",), notices=True)
    ticker = ticker_of([Version(1, redacted(make_alert(1, pub_status=status), "notice"))])
    assert shown(ticker.page(NOW_MS + 24 * HOUR_MS - 1, 10, wanted=seldom)) == [alert_id(1)]
    assert shown(ticker.page(NOW_MS + 24 * HOUR_MS, 10, wanted=seldom)) == []
    assert shown(ticker.page(NOW_MS, 10, wanted=Filter(sections=("sports",)))) == []
    lasting = redacted(make_alert(2, pub_status=status, expires=moment.to_text(NOW_MS + 240 * HOUR_MS)), "notice")
    ticker.apply(2, lasting, b"")
    later = shown(ticker.page(NOW_MS + 24 * HOUR_MS, 10, wanted=seldom))
    assert later == ([alert_id(2)] if status == "withheld" else [])
    undone = redacted(make_alert(1, 2, pub_status="canceled", signals=("undone",)), "notice")
    ticker.apply(1, undone, b"")
    assert shown(ticker.page(NOW_MS, 10, wanted=seldom)) == [alert_id(2)]


def test_a_page_starts_before_any_offset_even_one_that_is_gone() -> None:
    ticker = ticker_of([Version(number * 10, make_alert(number)) for number in (1, 2, 3)])
    found = {before: shown(ticker.page(NOW_MS, 10, before)) for before in (0, 10, 11, 25, 30, 31, 10**15)}
    three, two, one = alert_id(3), alert_id(2), alert_id(1)
    assert found == {
        0: [], 10: [], 11: [one], 25: [two, one], 30: [two, one], 31: [three, two, one], 10**15: [three, two, one],
    }  # fmt: skip


def test_an_empty_ticker_shows_nothing() -> None:
    ticker = ticker_of([])
    assert (ticker.page(NOW_MS, 10), ticker.newest(), len(ticker)) == (Page((), None), None, 0)
    assert ticker.next_change_ms(NOW_MS, ()) is None


@pytest.mark.parametrize("level", LEVELS)
def test_a_level_means_that_level_and_louder(level: Level) -> None:
    admitted = [one for one in LEVELS if Filter(level=level).admits(make_alert(level=one))]
    assert admitted == list(LEVELS[: LEVELS.index(level) + 1])
    assert EVERYTHING.admits(make_alert(level=level))


@pytest.mark.parametrize(
    ("levels", "threshold"),
    [((), None), (("flash",), "flash"), (("urgent", "flash"), "urgent"), (("line", "flash"), "line")],
)
def test_a_list_of_levels_means_the_quietest(levels: tuple[Level, ...], threshold: Level | None) -> None:
    assert quietest(levels) == threshold


def test_a_ticker_needs_room() -> None:
    with pytest.raises(AssertionError):
        Ticker(0, TOMBSTONE_S)


@pytest.mark.parametrize(("first_offset", "changes"), [(2, {"expires": "tomorrow"}), (1, {})])
def test_what_cannot_be_placed_is_refused_and_changes_nothing(first_offset: int, changes: dict[str, Any]) -> None:
    ticker = Ticker(1, TOMBSTONE_S)
    ticker.apply(1, make_alert(1), b"1")
    with pytest.raises(ValueError, match=r"."):
        ticker.apply(first_offset, make_alert(2, **changes), b"2")
    assert (len(ticker), ticker.changes, ticker.get(make_alert(2).id)) == (1, 1, None)
    ticker.apply(3, make_alert(3), b"3")
    assert [entry.encoded for entry in ticker.page(0, 10).entries] == [b"3"]
