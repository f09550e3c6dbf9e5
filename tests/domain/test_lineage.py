"""Whether a wire is the one whose end was seen: every case by table, and the model by property."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from service.domain.lineage import Mark, Standing, Verdict, judge, needs_another_epoch

SEEN = Mark("e1", 118, "d118")


def standing(offset: int = 118, **more: object) -> Standing:
    given = {"epoch": "e1", "offset": offset, "first": 1, "last": offset, "digest": "d118", **more}
    return Standing(**given)  # type: ignore[arg-type]  # a table of keywords


@pytest.mark.parametrize(
    ("mark", "now", "verdict", "mends"),
    [
        (None, Standing(), "unborn", True),
        (SEEN, Standing(), "unborn", True),
        (None, standing(), "another", False),
        (SEEN, standing(epoch="e2"), "another", False),
        (SEEN, standing(), "continues", False),
        (SEEN, standing(240), "continues", False),
        (SEEN, standing(117, digest=None), "behind", True),
        (SEEN, standing(0, first=0, digest=None), "behind", True),
        (SEEN, standing(digest="other"), "forked", True),
        (SEEN, standing(240, digest="other"), "forked", True),
        (SEEN, standing(240, digest=None), "forked", True),
        (SEEN, standing(240, digest=None, first=119), "trimmed", False),
        (SEEN, standing(240, digest=None, first=0), "trimmed", False),
        (SEEN, standing(240, digest=None, first=0, last=0), "forked", True),
        (Mark("e1", 0), standing(240, digest=None), "continues", False),
        (Mark("e1", 118), standing(240, digest=None), "continues", False),
        (SEEN, standing(last=119), "continues", True),  # the next offset is taken
        (SEEN, standing(disputed="e1"), "continues", True),
        (SEEN, standing(disputed="e0"), "continues", False),
    ],
)
def test_what_has_become_of_a_wire(mark: Mark | None, now: Standing, verdict: Verdict, mends: bool) -> None:
    assert judge(mark, now) == verdict
    assert needs_another_epoch(mark, now) is mends


@given(kept=st.integers(1, 30), seen=st.integers(0, 60), common=st.integers(0, 60), more=st.integers(0, 60))
def test_a_history_that_is_not_the_one_that_was_seen_never_continues(
    kept: int, seen: int, common: int, more: int
) -> None:
    """Histories are lists of what was said; they part after `common` entries, and the store keeps the newest `kept`."""
    common = min(common, seen)
    ours = [f"ours {offset}" for offset in range(1, seen + 1)]
    theirs = ours[:common] + [f"theirs {offset}" for offset in range(common + 1, common + more + 1)]
    held = dict(list(enumerate(theirs, 1))[-kept:])
    now = Standing(
        epoch="e1", offset=len(theirs), first=min(held, default=0), last=len(theirs), digest=held.get(len(ours))
    )
    verdict = judge(Mark("e1", len(ours), ours[-1] if ours else ""), now)
    if theirs[: len(ours)] == ours:
        assert verdict == ("continues" if not ours or len(ours) in held else "trimmed")
    else:  # what was trimmed away cannot be compared; whoever was so far behind gets a snapshot anyway
        assert verdict in ("behind", "forked") or (verdict == "trimmed" and len(ours) < now.first)
