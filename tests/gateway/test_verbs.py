"""Every verb on the live stream: told at once under its own type; what is taken back is in no replay and no buffer."""

import json
from typing import Any

import pytest

from service.acting import Outcome
from service.domain.lifecycle import ChangeVerb
from tests.gateway.house import House
from tests.gateway.reader import headlines, place
from workers.gateway.ring import Ring

SENTENCE = "Canary bridge collapses"
TAKEN_BACK: list[tuple[ChangeVerb, str, str]] = [
    ("hold", "withheld", "withheld"), ("kill", "canceled", "canceled"), ("undo", "canceled", "canceled"),
]  # fmt: skip
CORRECTION = {"headline": "The bridge stands", "correction": {"text": "Nothing fell", "severity": "major"}}
both_encodings = pytest.mark.parametrize("opened", ["websocket", "sse"])


async def replayed(house: House, opened: str, outcome: Outcome, count: int) -> list[dict[str, Any]]:
    """All `count` revisions of the wire as a reader gets them who comes back from its beginning."""
    reader = await getattr(house, opened)(f"edition=en&after={outcome.cursor.split(':')[0]}:0")
    assert (await reader.next())["replayed"] == count
    return [await reader.next() for _ in range(count)]


async def shown(house: House, opened: str) -> list[dict[str, Any]]:
    """What a page that opens now begins with."""
    snapshot = await (await getattr(house, opened)()).next()
    alerts: list[dict[str, Any]] = snapshot["alerts"]
    return alerts


async def heard_to(house: House, last: Outcome) -> None:
    """Wait until the gateway has broadcast `last`."""
    reader = await house.websocket()
    offset = int(last.cursor.split(":")[1])
    if place(await reader.next()) < offset:
        await reader.until(offset)


def kept_by(house: House) -> bytes:
    """Every frame that the gateway holds for anybody, as bytes."""
    kept = []
    for audience in house.gateway.hub.audiences:
        ring: Ring = audience.ring
        kept += [*ring._frames.values(), *(chunk.data for chunk in ring._chunks.values())]
    return b"".join(kept)


@both_encodings
@pytest.mark.parametrize(("verb", "type", "pub_status"), TAKEN_BACK)
async def test_what_is_taken_back_is_told_live_and_replayed_without_its_sentence(
    house: House, opened: str, verb: ChangeVerb, type: str, pub_status: str
) -> None:
    reader = await getattr(house, opened)()
    await reader.next()
    wrong = await house.post(SENTENCE)
    await house.change("update", wrong, {"headline": f"{SENTENCE} at noon"})
    last = await house.change(verb, wrong)
    live = [await reader.next() for _ in range(3)]
    assert [message["type"] for message in live] == ["published", "updated", type]
    assert live[2]["alert"] == json.loads(last.alert)

    came = await replayed(house, opened, wrong, 3)
    assert [(place(message), message["type"]) for message in came] == [(1, "published"), (2, "updated"), (3, type)]
    assert [message["alert"]["pubStatus"] for message in came] == [pub_status] * 3
    assert [message["alert"]["version"] for message in came] == [1, 2, 3]
    assert headlines(came) == [None] * 3
    assert "Canary" not in json.dumps([came, await shown(house, opened)])
    assert b"Canary" not in kept_by(house)


@both_encodings
async def test_what_is_undone_has_a_tombstone_at_no_moment(house: House, opened: str) -> None:
    wrong = await house.post(SENTENCE)
    await house.change("hold", wrong)
    await heard_to(house, await house.change("undo", wrong))
    assert await shown(house, opened) == []
    came = await replayed(house, opened, wrong, 3)
    assert [message["alert"]["signals"] for message in came] == [["undone"]] * 3


@both_encodings
async def test_a_release_says_the_sentence_again_and_its_older_versions_stay_silent(house: House, opened: str) -> None:
    held = await house.post(SENTENCE)
    await house.change("hold", held)
    await heard_to(house, await house.change("release", held))
    came = await replayed(house, opened, held, 3)
    assert [message["type"] for message in came] == ["published", "withheld", "released"]
    assert headlines(came) == [None, None, SENTENCE]
    assert came[2]["alert"]["notice"] is None
    assert [alert["headline"] for alert in await shown(house, opened)] == [SENTENCE]


@both_encodings
@pytest.mark.parametrize("first", ["", "hold"])
async def test_a_correction_comes_with_what_was_wrong(house: House, opened: str, first: str) -> None:
    reader = await getattr(house, opened)()
    await reader.next()
    wrong = await house.post(SENTENCE)
    if first:
        await house.change("hold", wrong)
    corrected = await house.change("correct", wrong, CORRECTION)
    message = (await reader.until(int(corrected.cursor.split(":")[1])))[-1]
    assert message["type"] == "corrected"
    alert = message["alert"]
    assert (alert["headline"], alert["pubStatus"], alert["signals"]) == ("The bridge stands", "usable", ["correction"])
    assert alert["correction"] == {"text": "Nothing fell", "was": SENTENCE, "severity": "major"}
    assert [alert["version"] for alert in await shown(house, opened)] == [corrected.version]
