"""The chain of the audit: whatever was done to a line is found, and what is as it was written is not complained of."""

from collections.abc import Callable

import pytest

from service.domain import chain
from service.domain.chain import Walk

Lines = list[tuple[bytes, str | None]]


def written(count: int) -> Lines:
    made: Lines = []
    before = chain.BEFORE_THE_FIRST
    for place in range(1, count + 1):
        entry = b'{"verb":"publish","version":%d}' % place
        before = chain.link(before, entry)
        made.append((entry, before))
    return made


def walked(lines: Lines, held: str | None = None, *, whole: bool = True) -> Walk:
    walk = Walk(held)
    for entry, link in lines:
        walk.step(entry, link)
    walk.end(whole=whole)
    return walk


def test_what_is_as_it_was_written_has_no_fault() -> None:
    lines = written(30)
    walk = walked(lines)
    assert (walk.faults, walk.lines, walk.oldest, walk.newest) == ([], 30, 1, lines[-1][1])


def test_an_audit_whose_oldest_lines_were_trimmed_says_where_it_begins() -> None:
    walk = walked(written(30)[12:])
    assert (walk.faults, walk.oldest) == ([], 13)


def test_an_audit_of_nothing_has_no_fault() -> None:
    assert walked([]).faults == []


def changed(lines: Lines) -> Lines:
    return [*lines[:6], (lines[6][0].replace(b"publish", b"approve"), lines[6][1]), *lines[7:]]


def changed_with_a_link_to_match(lines: Lines) -> Lines:
    entry = lines[6][0].replace(b"publish", b"approve")
    return [*lines[:6], (entry, chain.link(lines[5][1] or "", entry)), *lines[7:]]


@pytest.mark.parametrize(
    ("done", "fault"),
    [
        (changed, "line 7 is not as it was written"),
        (changed_with_a_link_to_match, "line 8 is not as it was written"),
        (lambda lines: [(b"{}", lines[0][1]), *lines[1:]], "line 1 is not as it was written"),
        (lambda lines: [*lines[:6], *lines[7:]], "line 7 is missing"),
        (lambda lines: [*lines[:6], *lines[9:]], "lines 7 to 9 are missing"),
        (lambda lines: [*lines[:6], lines[5], *lines[6:]], "line 6 stands behind line 6"),
        (lambda lines: [*lines[:6], (b"{}", None), *lines[6:]], "a line behind 6 was written by somebody else"),
        (lambda lines: [*lines[:6], (b"{}", "seven"), *lines[6:]], "a line behind 6 was written by somebody else"),
    ],
)  # fmt: skip
def test_whatever_was_done_to_a_line_is_found(done: Callable[[Lines], Lines], fault: str) -> None:
    assert walked(done(written(12))).faults[:1] == [fault]


def test_two_lines_that_changed_places_are_found() -> None:
    lines = written(12)
    lines[3], lines[4] = lines[4], lines[3]
    assert walked(lines).faults[0] == "line 4 is missing"


def test_newest_lines_that_are_gone_are_found() -> None:
    assert walked(written(12)[:-2], whole=False).faults == ["the newest lines are missing"]


def test_lines_of_an_earlier_version_are_counted_and_no_fault() -> None:
    walk = walked([(b"{}", None), (b"{}", None), *written(3)])
    assert (walk.faults, walk.unchained, walk.lines) == ([], 2, 5)


def test_a_whole_chain_that_was_made_anew_is_found_by_a_link_that_was_kept() -> None:
    kept = written(12)[6][1]
    assert walked(written(12), kept).faults == []
    before, anew = chain.BEFORE_THE_FIRST, []
    for entry, _ in written(12):
        entry = entry.replace(b"publish", b"approve")
        before = chain.link(before, entry)
        anew.append((entry, before))
    assert walked(list(anew)).faults == []
    assert walked(list(anew), kept).faults == ["line 7 is another than the one whose link was kept"]
    assert walked(written(5), kept).faults == ["line 7, whose link was kept, is not there"]
    assert walked(written(12)[8:], kept).faults == ["line 7, whose link was kept, is not there"]


def test_no_more_faults_are_told_than_a_person_reads() -> None:
    assert len(walked(written(200)[::2]).faults) == chain.FAULTS_TOLD_MAX


@pytest.mark.parametrize(
    "text", [None, "", "7", "7:", ":" + "a" * 40, "7:" + "A" * 40, "-1:" + "a" * 40, "7:" + "a" * 41]
)
def test_what_is_no_link_has_no_number(text: str | None) -> None:
    assert chain.number(text) is None
