"""What readers receive is what /asyncapi.yaml says: every type of message, over WebSocket and SSE, held against it."""

import contextlib
from typing import Any, get_args

import pytest
from jsonschema import Draft202012Validator, ValidationError  # type: ignore[import-untyped]

from service.api import asyncapi
from service.domain.revision import RevisionType
from service.store.embedded import EmbeddedStore
from tests.gateway.house import House
from tests.gateway.house import house as open_house
from tests.gateway.reader import Ended, Reader

OURS = {"snapshot", "resumed", "heartbeat", "bye", *get_args(RevisionType)}
NOT_MADE = {"expired"}
"""Nothing makes it yet: an alert's end is each reader's own clock. It has the shape of every revision."""


class Described:
    """The description, by which messages are judged."""

    def __init__(self, house: House) -> None:
        self.document = asyncapi.document(house.newsroom, "1", "ws://news.example")
        self.seen: set[str] = set()

    def judge(self, message: dict[str, Any]) -> None:
        """Raises ValidationError for a message that is not as described."""
        described = self.document["components"]["messages"][message["type"]]["payload"]
        Draft202012Validator(
            {**described, "components": self.document["components"]}, format_checker=Draft202012Validator.FORMAT_CHECKER
        ).validate(message)
        self.seen.add(message["type"])


async def everything(house: House, reader: Reader, until_type: str) -> list[dict[str, Any]]:
    """What a reader receives, up to the first message of that type."""
    came: list[dict[str, Any]] = []
    while not came or came[-1]["type"] != until_type:
        came.append(await reader.next())
    return came


async def the_rest(reader: Reader) -> list[dict[str, Any]]:
    """Everything until the connection ends."""
    came: list[dict[str, Any]] = []
    with contextlib.suppress(Ended):
        while True:
            came.append(await reader.next())
    return came


async def test_every_type_of_message_is_as_described(server: EmbeddedStore) -> None:
    async with open_house(server, heartbeat_s=1.0) as house:
        described = Described(house)
        readers = [await house.websocket(), await house.sse()]
        first = [await reader.next() for reader in readers]
        posted = await house.post("Rain reaches the coast")
        await house.change("update", posted, {"headline": "Rain has reached the coast", "sections": ["environment"],
                           "places": [{"name": "Northport"}], "link": {"url": "https://example.org/rain"}})  # fmt: skip
        correction = {"text": "It was snow", "severity": "major"}
        await house.change("correct", posted, {"headline": "Snow has reached the coast", "correction": correction})
        await house.change("hold", posted)
        await house.change("release", posted)
        await house.kill(posted)
        undone = await house.post("Fog on the coast road")
        await house.change("undo", undone)
        messages = list(first)
        for reader in readers:
            messages += await everything(house, reader, "canceled")
            messages += await everything(house, reader, "canceled")
            messages += await everything(house, reader, "heartbeat")
        after = first[0]["cursor"]
        for resumed in (
            await house.websocket(f"edition=en&after={after}"),
            await house.sse(f"edition=en&after={after}"),
        ):
            messages += await everything(house, resumed, "canceled")
        messages.append(await (await house.websocket("edition=en&after=another:1")).next())
        messages.append(await (await house.sse("edition=en&after=nonsense")).next())
        await house.close_gateway()
        for reader in readers:
            messages += await the_rest(reader)
        house.open_gateway()
        await house.serving()
        for message in messages:
            described.judge(message)
    assert described.seen == OURS - NOT_MADE
    assert described.document["components"]["messages"].keys() == OURS
    assert {message["reason"] for message in messages if message["type"] == "snapshot"} == {"cold", "epoch"}


@pytest.mark.parametrize("change", [{"cursor": "k3f9"}, {"alert": {}}, {"more": 1}, {"edition": "xx"}])
async def test_a_message_that_is_not_as_described_is_found(house: House, change: dict[str, Any]) -> None:
    reader = await house.websocket()
    await reader.next()
    await house.post("Rain reaches the coast")
    message = await reader.next()
    described = Described(house)
    described.judge(message)
    with pytest.raises(ValidationError):
        described.judge({**message, **change})
