"""The backlog against a plain model: whatever happened on the wire, a reader gets every revision or a snapshot."""

from typing import NamedTuple

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition, rule

from service.domain import lifecycle, revision
from service.domain.alert import Alert, PubStatus, State, redacted
from service.domain.backlog import Ahead, Backlog, GapError, Resume, Snapshot
from service.domain.cursor import Cursor
from service.domain.lifecycle import Verb, WrongState
from service.domain.revision import Revision, RevisionType
from tests.domain.making import CANARY, make_revision, make_telling_alert, moved_on

EPOCH = "k3f9"
VERBS: tuple[Verb, ...] = ("update", "correct", "hold", "release", "undo", "kill", "expire")
usable_or_not = st.sampled_from(["usable", "withheld", "canceled"])


class Written(NamedTuple):
    """What the model remembers of a revision: as it was appended, and the status it has by now."""

    appended: Revision
    now: PubStatus


class WireMachine(RuleBasedStateMachine):
    """Editors publish, change, hold and kill; entries rot; the model keeps everything and forgets by offset only."""

    def __init__(self) -> None:
        super().__init__()
        self.max = 6
        self.backlog = Backlog(EPOCH, 0, self.max)
        self.written: list[Written] = []  # the revision of offset n stands at n - 1
        self.floor = 0  # what stands at or before this offset cannot be replayed
        self.alerts: list[tuple[Alert, State, int]] = []

    @property
    def last(self) -> int:
        return len(self.written)

    def write(self, alert: Alert, type: RevisionType, first_offset: int) -> None:
        new = make_revision(self.last + 1, alert, type, first_offset)
        touched = []
        if alert.pub_status != "usable":
            for at, (old, now) in enumerate(self.written):
                if old.alert.id == alert.id:
                    if now != alert.pub_status and old.offset > max(self.floor, new.offset - self.max):
                        touched.append(old.offset)
                    self.written[at] = Written(old, alert.pub_status)
        self.written.append(Written(new, alert.pub_status))
        assert self.backlog.append(new) == tuple(touched)
        self.floor = max(self.floor, self.last - self.max)

    @rule()
    def publish(self) -> None:
        alert = make_telling_alert(len(self.alerts) + 1)
        self.alerts.append((alert, "published", self.last + 1))
        self.write(alert, "published", self.last + 1)

    @precondition(lambda self: self.alerts)
    @rule(which=st.integers(0, 50), verb=st.sampled_from(VERBS))
    def change(self, which: int, verb: Verb) -> None:
        at = which % len(self.alerts)
        alert, state, first_offset = self.alerts[at]
        try:
            transition = lifecycle.decide(state, verb)
        except WrongState:
            return
        if transition is None or transition.type is None:
            return
        self.alerts[at] = (moved_on(alert, transition), transition.state, first_offset)
        self.write(self.alerts[at][0], transition.type, first_offset)

    @rule()
    def rot(self) -> None:
        lost = make_revision(self.last + 1, make_telling_alert(999))
        self.written.append(Written(lost, "canceled"))
        self.backlog.skip(self.last)
        self.floor = self.last

    @rule(jump=st.sampled_from([1, -1, 2, 7]))
    def offer_another_than_the_next(self, jump: int) -> None:
        before = (self.backlog.last, len(self.backlog))
        with pytest.raises(GapError):
            self.backlog.append(make_revision(self.last + 1 + jump, make_telling_alert(999)))
        assert (self.backlog.last, len(self.backlog)) == before

    @invariant()
    def a_reader_gets_the_exact_rest_or_a_snapshot_with_its_reason(self) -> None:
        assert self.backlog.cursor == Cursor(EPOCH, self.last)
        assert self.backlog.first == self.floor + 1
        assert len(self.backlog) == self.last - self.floor
        for offset in range(self.last + 3):
            decision = self.backlog.decide(Cursor(EPOCH, offset))
            if offset > self.last:
                assert decision == Ahead(offset)
            elif offset < self.floor:
                assert decision == Snapshot("trimmed")
            else:
                assert decision == Resume(offset)
                rest = self.written[offset:]
                got = list(self.backlog.since(offset))
                assert [(one.offset, one.type, one.first_offset) for one in got] == [
                    (old.offset, old.type, old.first_offset) for old, _ in rest
                ]
                assert [one.alert.pub_status for one in got] == [now for _, now in rest]

    @invariant()
    def a_foreign_life_starts_afresh(self) -> None:
        for after in (None, Cursor("other", self.last), Cursor(EPOCH.upper(), 0)):
            assert self.backlog.decide(after) == Snapshot("epoch")

    @invariant()
    def the_sentence_stands_only_where_it_may_still_be_said(self) -> None:
        for held, written in zip(self.backlog.since(self.floor), self.written[self.floor :], strict=True):
            assert revision.decode(held.encoded) == held.alert
            assert (CANARY.encode() in held.encoded) == (written.now == "usable")
            if written.now == "usable":
                assert held == written.appended
            else:
                assert held.alert == redacted(held.alert, held.alert.notice or "")
                assert held.alert.notice


TestWire = WireMachine.TestCase
TestWire.settings = settings(max_examples=60, stateful_step_count=40)


def filled(count: int, max_revisions: int = 100, last: int = 0) -> Backlog:
    backlog = Backlog(EPOCH, last, max_revisions)
    for offset in range(last + 1, last + count + 1):
        backlog.append(make_revision(offset, make_telling_alert(offset)))
    return backlog


def offsets(backlog: Backlog, after: int) -> list[int]:
    return [one.offset for one in backlog.since(after)]


def test_reader_at_the_newest_resumes_with_nothing_to_replay() -> None:
    backlog = filled(3)
    assert backlog.decide(Cursor(EPOCH, 3)) == Resume(3)
    assert offsets(backlog, 3) == []


def test_reader_before_the_first_gets_all_while_nothing_is_trimmed() -> None:
    backlog = filled(3)
    assert backlog.decide(Cursor(EPOCH, 0)) == Resume(0)
    assert offsets(backlog, 0) == [1, 2, 3]


def test_reader_resumes_after_trim_gets_snapshot() -> None:
    backlog = filled(5, max_revisions=3)
    assert backlog.decide(Cursor(EPOCH, 1)) == Snapshot("trimmed")
    assert backlog.decide(Cursor(EPOCH, 2)) == Resume(2)
    assert offsets(backlog, 2) == [3, 4, 5]


def test_an_empty_backlog_of_a_long_wire_resumes_only_its_newest_reader() -> None:
    backlog = Backlog(EPOCH, 118, 10)
    assert backlog.decide(Cursor(EPOCH, 118)) == Resume(118)
    assert backlog.decide(Cursor(EPOCH, 117)) == Snapshot("trimmed")
    assert backlog.decide(Cursor(EPOCH, 119)) == Ahead(119)


def test_reader_behind_an_entry_that_was_left_out_gets_a_snapshot() -> None:
    backlog = filled(3)
    backlog.skip(4)
    backlog.append(make_revision(5, make_telling_alert(5)))
    assert [backlog.decide(Cursor(EPOCH, offset)) for offset in (3, 4)] == [Snapshot("trimmed"), Resume(4)]
    assert offsets(backlog, 4) == [5]


def test_asking_for_what_is_no_longer_here_is_our_own_mistake() -> None:
    with pytest.raises(AssertionError, match="decide"):
        filled(5, max_revisions=3).since(1)


def test_a_backlog_needs_room() -> None:
    with pytest.raises(AssertionError):
        Backlog(EPOCH, 0, 0)


def test_a_release_says_the_sentence_again_in_its_own_revision_only() -> None:
    backlog = Backlog(EPOCH, 0, 10)
    shown = make_telling_alert()
    held = make_telling_alert(version=2, pub_status="withheld")
    again = make_telling_alert(version=3)
    backlog.append(make_revision(1, shown))
    assert backlog.append(make_revision(2, held, "withheld", 1)) == (1,)
    assert backlog.append(make_revision(3, again, "released", 1)) == ()
    assert [CANARY.encode() in one.encoded for one in backlog.since(0)] == [False, False, True]
    assert [one.alert.pub_status for one in backlog.since(0)] == ["withheld", "withheld", "usable"]


def test_a_kill_redacts_each_revision_of_its_alert_and_no_other() -> None:
    backlog = Backlog(EPOCH, 0, 10)
    for offset, number in enumerate((1, 2, 1, 2, 1), 1):
        backlog.append(make_revision(offset, make_telling_alert(number, offset), "updated"))
    assert backlog.append(make_revision(6, make_telling_alert(1, 6, pub_status="canceled"), "canceled", 1)) == (1, 3, 5)
    found = [(one.offset, one.type, one.alert.version, CANARY.encode() in one.encoded) for one in backlog.since(0)]
    assert found == [
        (1, "updated", 1, False), (2, "updated", 2, True), (3, "updated", 3, False), (4, "updated", 4, True),
        (5, "updated", 5, False), (6, "canceled", 6, False),
    ]  # fmt: skip


def test_what_is_undone_is_replayed_as_undone() -> None:
    backlog = Backlog(EPOCH, 0, 10)
    backlog.append(make_revision(1, make_telling_alert()))
    backlog.append(make_revision(2, make_telling_alert(version=2, pub_status="withheld"), "withheld", 1))
    undone = make_telling_alert(version=3, pub_status="canceled", signals=("undone",))
    assert backlog.append(make_revision(3, undone, "canceled", 1)) == (1, 2)
    assert [(one.alert.pub_status, one.alert.signals) for one in backlog.since(0)] == [("canceled", ("undone",))] * 3


@given(st.lists(st.tuples(st.integers(1, 3), usable_or_not), max_size=12), st.integers(1, 8))
def test_no_order_of_holds_and_kills_leaves_a_sentence_behind(
    steps: list[tuple[int, PubStatus]], max_revisions: int
) -> None:
    backlog = Backlog(EPOCH, 0, max_revisions)
    silent_until: dict[int, int] = {}
    for offset, (number, status) in enumerate(steps, 1):
        backlog.append(make_revision(offset, make_telling_alert(number, offset, pub_status=status), "updated"))
        if status != "usable":
            silent_until[number] = offset
    for one in backlog.since(backlog.first - 1):
        number = steps[one.offset - 1][0]
        assert (CANARY.encode() in one.encoded) == (one.offset > silent_until.get(number, 0))
