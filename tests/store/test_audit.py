"""The audit in the store: what was refused stands there too, fails no request, and pushes out nothing that was done."""

import json
import os
import signal
import time
from typing import Any

import msgspec
import pytest

from service import logs
from service.domain import audit as acts
from service.domain.audit import Act, By
from service.store import audit, keys
from service.store.connection import Store
from service.store.embedded import EmbeddedStore
from tests.entries import alert, append

DESK = By(name="night desk", key_id="K", role="editor", address="127.0.0.1", request_id="r")


def refused(alert_id: str | None = None, by: By = DESK, why: str = "never one's own") -> Act:
    act = Act(at="2026-11-18T14:02:11.204Z", verb="approve", by=by, alert=alert_id, version=1, state_before="draft")
    return acts.refusal(act, why)


async def everything(store: Store) -> list[dict[str, Any]]:
    return [json.loads(fields[b"entry"]) for _, fields in await store.xrange(keys.AUDIT, "-")]


async def of_alert(store: Store, alert_id: str) -> list[dict[str, Any]]:
    return [json.loads(line) for line in await store.lrange(keys.audit(alert_id), 0, -1)]


async def test_a_refusal_stands_in_the_audit_and_beside_what_was_done_to_the_alert(store: Store) -> None:
    made = alert()
    await append(store, made)
    await audit.note(store, refused(made.id))
    line = json.loads(acts.encode(refused(made.id)))
    assert (await everything(store))[1:] == [line]
    assert (await of_alert(store, made.id))[1:] == [line]


async def test_what_is_refused_of_an_alert_that_is_not_there_makes_no_list_of_its_own(store: Store) -> None:
    await audit.note(store, refused("A" * 26))
    await audit.note(store, refused(None))
    assert len(await everything(store)) == 2
    assert await of_alert(store, "A" * 26) == []


async def test_a_key_that_is_refused_all_the_time_fills_nothing_but_the_log(
    store: Store, capsys: pytest.CaptureFixture[str]
) -> None:
    logs.configure("json", "info")
    for number in range(audit.NOTES_PER_KEY_PER_MIN_MAX + 3):
        await audit.note(store, refused(why=f"no {number}"))
    await audit.note(store, refused(by=msgspec.structs.replace(DESK, key_id="L")))
    assert len(await everything(store)) == audit.NOTES_PER_KEY_PER_MIN_MAX + 1
    said = [json.loads(line) for line in capsys.readouterr().err.splitlines()]
    assert [json.loads(line["act"])["refused"] for line in said] == ["no 30", "no 31", "no 32"]
    assert {(line["level"], line["event"]) for line in said} == {("warning", "a key is refused again and again")}


async def test_refusals_never_crowd_out_what_was_done_to_an_alert(store: Store) -> None:
    made = alert()
    await append(store, made)
    for number in range(audit.ALERT_NOTES_MAX + 10):
        await audit.note(store, refused(made.id, msgspec.structs.replace(DESK, key_id=f"K{number}")))
    found = await of_alert(store, made.id)
    assert len(found) == audit.ALERT_NOTES_MAX
    assert "refused" not in found[0]
    await append(store, msgspec.structs.replace(made, version=2))
    assert len(await of_alert(store, made.id)) == audit.ALERT_NOTES_MAX + 1


@pytest.mark.parametrize("signal_number", [signal.SIGKILL, signal.SIGSTOP])
async def test_a_store_that_is_away_fails_nobody_who_was_refused(
    store: Store, server: EmbeddedStore, capsys: pytest.CaptureFixture[str], signal_number: int
) -> None:
    logs.configure("json", "info")
    await store.ping()
    assert server.pid is not None
    os.kill(server.pid, signal_number)
    started_at = time.monotonic()
    await audit.note(store, refused())
    assert time.monotonic() - started_at < 10 * audit.NOTE_WITHIN_S
    said = json.loads(capsys.readouterr().err.splitlines()[-1])
    assert json.loads(said["act"]) == json.loads(acts.encode(refused()))


async def test_what_is_done_with_a_transaction_stands_when_that_stands(store: Store) -> None:
    async with store.pipeline(transaction=True) as pipe:
        pipe.set("notes:elsewhere", 1)
        audit.add(pipe, Act(at="", verb="revoke-all", by=DESK))
        assert await everything(store) == []
        await pipe.execute()
    assert [line["verb"] for line in await everything(store)] == ["revoke-all"]


async def test_what_is_done_to_keys_is_never_left_out(store: Store) -> None:
    for _ in range(audit.NOTES_PER_KEY_PER_MIN_MAX + 5):
        async with store.pipeline(transaction=True) as pipe:
            audit.add(pipe, Act(at="", verb="create-key", by=DESK))
            await pipe.execute()
    assert len(await everything(store)) == audit.NOTES_PER_KEY_PER_MIN_MAX + 5
