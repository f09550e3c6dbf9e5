"""An editor takes alerts back from the command line, and the live stream tells it: every verb, on the real system."""

import re
from collections.abc import Iterator
from typing import Any

import pytest

from tests.phones import house_style
from tests.processes import DEADLINE_S, System

FUSE_S = 120
"""A command may take its time to start on a busy machine."""
LINE = "Example News correspondent in Alder: first ferry sails"


@pytest.fixture(scope="module")
def system(tmp_path_factory: pytest.TempPathFactory) -> Iterator[System]:
    folder = tmp_path_factory.mktemp("verbs")
    with System(folder, config=house_style(folder, FUSE_S)) as system:
        yield system


def said(system: System, *arguments: str, code: int = 0) -> tuple[str, str]:
    """What a command printed for a person: standard output and standard error."""
    with system.flashwire(*arguments) as process:
        output, errors = process.communicate(timeout=DEADLINE_S)
    assert process.returncode == code, output + errors
    return output, errors


def posted(system: System, *more: str) -> str:
    answer: dict[str, Any] = system.done("post", LINE, *more)
    return str(answer["alert"]["id"])


def ticker(system: System, alert_id: str) -> dict[str, Any] | None:
    """The alert as readers see it; None where they do not."""
    alerts = system.ask("/v1/editions/en/ticker?limit=100")["alerts"]
    return next((alert for alert in alerts if alert["id"] == alert_id), None)


def test_post_says_how_it_is_undone_and_that_command_undoes_it(system: System) -> None:
    output, _ = said(system, "post", LINE, "--level", "urgent")
    found = re.search(rf"^For {FUSE_S} s it can be undone: flashwire (undo (\S+))$", output, re.MULTILINE)
    assert found, output
    assert ticker(system, found[2]) is not None
    output, _ = said(system, *found[1].split())
    assert output == f"Alert {found[2]} is undone (version 2).\n"
    assert ticker(system, found[2]) is None


def test_what_has_no_fuse_is_not_offered_to_be_undone(system: System) -> None:
    output, _ = said(system, "post", LINE, "--level", "line")
    assert "undo" not in output
    _, errors = said(system, "undo", output.split()[1], code=1)
    assert errors.startswith("Error: refused (409)")


def test_update_shows_what_it_changes_and_keeps_who_said_it(system: System) -> None:
    alert_id = posted(system)
    changes = ("--headline", "all ferries sail", "--section", "economy", "--no-push")
    output, errors = said(system, "update", alert_id, *changes)
    assert errors == f"-- update of version 1: {LINE}\n"
    assert output.startswith(f"Alert {alert_id} is updated (version 2).\n")
    shown = ticker(system, alert_id)
    assert shown is not None
    assert (shown["text"], shown["sections"]) == ("Example News correspondent in Alder: all ferries sail", ["economy"])
    assert system.ask(f"/v1/alerts/{alert_id}")["push"] is False
    _, errors = said(system, "update", alert_id, "Rain", "--if-match", "1", code=1)
    assert "refused (412)" in errors
    _, errors = said(system, "update", alert_id, code=1)
    assert "changes nothing" in errors


def test_correct_says_what_was_wrong(system: System) -> None:
    alert_id = posted(system)
    answer = system.done("correct", alert_id, "No ferry sails", "--wrong", "It was a rumour", "--severity", "minor")
    assert answer["alert"]["correction"] == {"text": "It was a rumour", "was": "first ferry sails", "severity": "minor"}
    assert ticker(system, alert_id) == answer["alert"]
    said(system, "correct", alert_id, "Rain", code=2)


def test_hold_release_and_kill(system: System) -> None:
    alert_id = posted(system)
    states = []
    for verb, done in (("hold", "on hold"), ("release", "released"), ("kill", "withdrawn")):
        output, _ = said(system, verb, alert_id, "--reason", f"why {verb}")
        assert output.startswith(f"Alert {alert_id} is {done} (version ")
        shown = ticker(system, alert_id)
        assert shown is not None
        states.append((shown["pubStatus"], shown["headline"]))
        assert system.ask(f"/v1/alerts/{alert_id}")["reason"] == f"why {verb}"
    assert states == [("withheld", None), ("usable", "first ferry sails"), ("canceled", None)]
    assert system.done("kill", alert_id)["alert"]["version"] == 4
    _, errors = said(system, "release", alert_id, code=1)
    assert "refused (409)" in errors


def test_the_versions_tell_the_whole_story(system: System) -> None:
    alert_id = posted(system)
    for arguments in (("hold", alert_id), ("correct", alert_id, "Rain", "--wrong", "No snow", "--severity", "major")):
        system.done(*arguments)
    versions = system.ask(f"/v1/alerts/{alert_id}/versions")["versions"]
    assert [(one["state"], one["alert"]["msgType"]) for one in versions] == [
        ("published", "Alert"), ("withheld", "Update"), ("published", "Update"),
    ]  # fmt: skip
