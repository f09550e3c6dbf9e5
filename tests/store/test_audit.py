"""The audit in the store: what was refused stands there too, fails no request, and pushes out nothing that was done."""

import asyncio
import json
import os
import signal
import time
from pathlib import Path
from typing import Any

import msgspec
import pytest

from service import logs
from service.domain import audit as acts
from service.domain import chain
from service.domain.audit import Act, By
from service.domain.chain import Walk
from service.store import access, audit, dump, keys, refill
from service.store.connection import Store, for_commands
from service.store.embedded import EmbeddedStore
from tests.entries import BOUNDS, NOW_MS, alert, append
from tests.stores import ANSWERS_WITHIN_S, running_in

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
        told = msgspec.structs.replace(refused(why=f"no {number}"), reason="the embargo will be off")
        await audit.note(store, told)
    await audit.note(store, refused(by=msgspec.structs.replace(DESK, key_id="L")))
    assert len(await everything(store)) == audit.NOTES_PER_KEY_PER_MIN_MAX + 1
    said = [json.loads(line) for line in capsys.readouterr().err.splitlines()]
    assert [json.loads(line["act"])["refused"] for line in said] == ["no 30", "no 31", "no 32"]
    assert not any("embargo" in line["act"] for line in said), "the log has no words of a body"
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
    await audit.note(store, msgspec.structs.replace(refused(), reason="the embargo will be off"))
    assert time.monotonic() - started_at < 10 * audit.NOTE_WITHIN_S
    said = json.loads(capsys.readouterr().err.splitlines()[-1])
    assert json.loads(said["act"]) == json.loads(acts.encode(msgspec.structs.replace(refused(), reason=None)))


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


async def walked(store: Store) -> Walk:
    walk = Walk()
    whole = await audit.is_whole(store)
    async for page in audit.lines(store):
        for line in page:
            walk.step(line.entry, line.chain)
    walk.end(whole=whole)
    return walk


async def filled(store: Store) -> None:
    """A line of every script that writes some."""
    made = alert()
    await append(store, made)
    await audit.note(store, refused(made.id))
    await access.create(store, "a desk", "duty", False, NOW_MS)
    await append(store, msgspec.structs.replace(made, version=2))


async def test_whoever_writes_a_line_goes_on_with_the_chain(store: Store) -> None:
    assert ((await walked(store)).faults, await audit.oldest(store)) == ([], None)
    for _ in range(3):
        await filled(store)
    walk = await walked(store)
    assert (walk.faults, walk.lines, walk.unchained, walk.oldest) == ([], 12, 0, 1)


async def test_lines_of_a_store_of_before_are_no_fault(store: Store) -> None:
    async with store.pipeline(transaction=False) as pipe:
        pipe.xadd(keys.AUDIT, {"entry": "{}", "cursor": "k3f9:118"})
        await pipe.execute()
    await filled(store)
    walk = await walked(store)
    assert (walk.faults, walk.unchained, walk.lines) == ([], 1, 5)


async def test_many_who_write_at_once_make_one_chain(store: Store) -> None:
    await asyncio.gather(*(filled(store) for _ in range(10)))
    walk = await walked(store)
    assert (walk.faults, walk.lines) == ([], 40)


@pytest.mark.parametrize(("taken", "fault"), [(3, "line 4 is missing"), (-1, "the newest lines are missing")])
async def test_a_line_that_is_taken_out_of_the_store_is_found(store: Store, taken: int, fault: str) -> None:
    await filled(store)
    await filled(store)
    ids = [entry_id for entry_id, _ in await store.xrange(keys.AUDIT, "-")]
    async with store.pipeline(transaction=False) as pipe:
        pipe.xdel(keys.AUDIT, ids[taken])
        await pipe.execute()
    assert (await walked(store)).faults == [fault]


async def test_a_line_that_is_slipped_in_is_found(store: Store) -> None:
    await filled(store)
    async with store.pipeline(transaction=False) as pipe:
        pipe.xadd(keys.AUDIT, {"entry": '{"verb":"approve"}'})
        await pipe.execute()
    await filled(store)
    assert (await walked(store)).faults[0] == "a line behind 4 was written by somebody else"


async def test_lines_that_are_too_old_go_and_the_rest_says_so(store: Store) -> None:
    few = msgspec.structs.replace(BOUNDS, audit_max_entries=10)
    for _ in range(150):  # the store takes away a whole node of a hundred at a time
        await append(store, alert(), bounds=few)
    walk = await walked(store)
    oldest = await audit.oldest(store)
    assert walk.faults == []
    assert walk.lines < 150
    assert oldest is not None
    assert walk.oldest == chain.number(oldest.chain) == 151 - walk.lines


async def test_lines_are_read_in_pages_up_to_what_was_there(store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(audit, "READ_TOGETHER", 3)
    await filled(store)
    sizes = []
    async for page in audit.lines(store):
        sizes.append(len(page))
        await filled(store)
    assert sizes == [3, 1]


async def test_lines_are_found_by_about_when_they_were_written(store: Store) -> None:
    seconds, _ = await store.time()
    now_ms = seconds * 1000
    await filled(store)
    for since, until, count in (
        (now_ms, None, 4), (None, now_ms, 4), (now_ms + 600_000, None, 0), (None, now_ms - 600_000, 0), (0, now_ms, 4),
    ):  # fmt: skip
        assert sum([len(page) async for page in audit.lines(store, since, until)]) == count


async def test_a_restored_audit_goes_on_with_its_chain(store: Store, tmp_path: Path) -> None:
    for _ in range(3):
        await filled(store)
    parts = [part async for part in dump.parts(store)]
    with running_in(tmp_path / "another") as another:
        other = for_commands(another.url, ANSWERS_WITHIN_S)
        await refill.write(other, parts, NOW_MS)
        await filled(other)
        walk = await walked(other)
        assert (walk.faults, walk.lines) == ([], 16)
        await other.aclose()


async def test_the_lines_of_one_alert_are_read_whole(store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(audit, "READ_TOGETHER", 2)
    made = alert()
    for version in range(1, 6):
        await append(store, msgspec.structs.replace(made, version=version))
    found = [line.entry async for page in audit.of_alert_whole(store, made.id) for line in page]
    assert found == await store.lrange(keys.audit(made.id), 0, -1)
    assert len(found) == 5
    assert [page async for page in audit.of_alert_whole(store, "A" * 26)] == []
