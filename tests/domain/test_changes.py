"""What replaces what a device was given: every short history, told in the editors' verbs."""

from itertools import product
from typing import Any

import pytest

from service.domain.alert import Alert, Correction
from service.domain.changes import loudest
from service.domain.lifecycle import TABLE, Transition, Verb, decide
from service.domain.payloads.notification import Change
from tests.domain.making import make_alert, moved_on

VERBS: dict[str, tuple[Verb, str | None]] = {
    "update": ("update", None),
    "minor": ("correct", "minor"),
    "major": ("correct", "major"),
    "hold": ("hold", None),
    "release": ("release", None),
    "expire": ("expire", None),
    "kill": ("kill", None),
    "undo": ("undo", None),
}


def history(steps: str) -> list[Alert] | None:
    """All versions of an alert that went through `steps`; None where the law of its life forbids one of them."""
    versions, state = [make_alert()], decide(None, "publish")
    for step in steps.split():
        verb, severity = VERBS[step]
        assert state is not None
        state = TABLE.get((state.state, verb))
        if state is None:
            return None
        versions.append(moved_on(versions[-1], state, correction=correction(severity)))
    return versions


def correction(severity: Any) -> Correction | None:
    return None if severity is None else Correction(text="It was the east pier", was="West pier", severity=severity)


@pytest.mark.parametrize(
    ("steps", "given", "change"),
    [
        ("", 1, None),
        ("update", 1, "silent"),
        ("update", 2, None),
        ("minor", 1, "silent"),
        ("major", 1, "visible"),
        ("major", 2, None),
        ("kill", 1, "withdrawn"),
        ("kill", 2, None),
        ("undo", 1, None),
        # a hold freezes; its end brings what it froze
        ("hold", 1, None),
        ("hold release", 1, None),
        ("hold kill", 1, "withdrawn"),
        ("hold undo", 1, None),
        ("hold minor", 1, "silent"),
        ("hold major", 1, "visible"),
        ("hold expire", 1, None),
        ("update hold", 1, None),
        ("update hold release", 1, "silent"),
        ("major hold", 1, None),
        ("major hold release", 1, "visible"),
        ("major hold release", 2, None),
        # the loudest of all since, wherever it stands
        ("major update", 1, "visible"),
        ("update major", 1, "visible"),
        ("major minor", 1, "visible"),
        ("major minor", 2, "silent"),
        ("major update", 2, "silent"),
        ("minor update", 2, "silent"),
        ("major major", 2, "visible"),
        ("major kill", 1, "withdrawn"),
        ("major kill", 2, "withdrawn"),
        ("update update update", 3, "silent"),
        # expiry says nothing, nor takes anything back
        ("expire", 1, None),
        ("major expire", 1, "visible"),
        ("expire kill", 1, "withdrawn"),
    ],
)
def test_a_device_hears_the_loudest_change_since(steps: str, given: int, change: Change | None) -> None:
    versions = history(steps)
    assert versions is not None
    assert loudest(versions, given) == change


LOUDNESS: dict[Change | None, int] = {None: 0, "silent": 1, "visible": 2, "withdrawn": 3}


@pytest.mark.parametrize("steps", [" ".join(steps) for steps in product(VERBS, repeat=3)])
def test_in_every_history_of_three_steps(steps: str) -> None:
    """The newest asks for nothing; who knows less never hears less; a withdrawal reaches whoever has any version."""
    versions = history(steps)
    if versions is None:
        return
    newest = versions[-1]
    heard = [LOUDNESS[loudest(versions, version.version)] for version in versions]
    assert heard[-1] == 0
    assert heard == sorted(heard, reverse=True)
    if newest.pub_status == "canceled" and "undone" not in newest.signals:
        assert heard[:-1] == [3] * (len(versions) - 1)
    if newest.pub_status == "withheld" or "undone" in newest.signals:
        assert not any(heard)


def test_only_the_versions_since_need_to_be_known() -> None:
    versions = history("major update hold release")
    assert versions is not None
    assert loudest(versions[2:], 2) == "silent"


def test_a_correction_of_unknown_gravity_is_grave() -> None:
    corrected = Transition("published", "corrected", "Update", signals=("correction",))
    versions = [make_alert(), moved_on(make_alert(), corrected)]
    assert loudest(versions, 1) == "visible"
