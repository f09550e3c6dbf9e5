"""One block's job against a real store and a true HTTP/2 server: what it makes of what the provider says."""

import asyncio

import msgspec

from service.clock import now_ms
from service.domain.alert import Author, Correction, Link, Record
from service.ending import end
from service.store import devices, keys
from tests.push.h2_server import Answer, Cut
from tests.push.world import PHONES, TOKENS, World, refusal, world
from tests.stores import server, store

__all__ = ["server", "store", "world"]


async def test_everybody_gets_it_once_and_the_figures_say_so(world: World) -> None:
    made = await world.publish()
    assert await world.run(made) is None
    assert await world.run(made) is None, "a second run finds nothing to do"
    assert sorted(token for token, _ in world.apple.got) == TOKENS
    figures = {name: count for name, count in (await world.figures(made)).items() if count}
    assert figures == {"eligible:apns": PHONES, "accepted:apns": PHONES}


async def test_what_was_taken_and_not_answered_is_sent_again_and_only_that(world: World) -> None:
    world.apple.answers[TOKENS[2]] = [Cut()]
    made = await world.publish()
    await world.until_done(made)
    assert world.apple.times(TOKENS[2]) == 2
    assert {world.apple.times(token) for token in TOKENS if token != TOKENS[2]} <= {1, 2}  # one connection carries all
    assert (await world.figures(made))["accepted:apns"] == PHONES


async def test_workers_that_die_at_their_first_request_use_up_nobody_elses_tries(world: World) -> None:
    made = await world.publish()
    world.apple.speaks.clear()
    for _ in range(3):
        world.apple.asked.clear()
        run = asyncio.create_task(world.run(made))
        await asyncio.wait_for(world.apple.asked.wait(), 30)
        await end([run])
        world.begin_another_life()
    world.apple.speaks.set()
    await world.until_done(made)
    served = {token for token, _ in world.apple.got}
    assert len(served) >= PHONES - 1, "but for the one that was tried three times, everybody is served"


async def test_a_phone_that_never_answers_is_sent_it_three_times_and_no_more(world: World) -> None:
    for token in TOKENS:
        world.apple.answers[token] = [Cut()] * 10
    made = await world.publish()
    await world.until_done(made, runs_max=10)
    assert {world.apple.times(token) for token in TOKENS} == {3}
    figures = await world.figures(made)
    assert sum(count for name, count in figures.items() if name.startswith("failed:")) == PHONES


async def test_a_phone_that_is_gone_is_a_tombstone_before_the_ledger_says_so(world: World) -> None:
    since_ms = now_ms() + 60_000
    world.apple.answers[TOKENS[0]] = [refusal(410, "Unregistered", timestamp=since_ms)]
    made = await world.publish()
    await world.until_done(made)
    device = await devices.read(world.store, "apns", 0)
    assert device is not None
    assert device.gone_ms is not None
    second = await world.publish()
    await world.until_done(second)
    assert world.apple.times(TOKENS[0]) == 0
    figures = await world.figures(second)
    assert (figures["accepted:apns"], figures["absent:apns"]) == (PHONES - 1, 1)


async def test_one_refusal_ages_nobody_else_and_is_tried_again(world: World) -> None:
    world.apple.answers[TOKENS[1]] = [refusal(429, "TooManyRequests"), refusal(500, "InternalServerError")]
    made = await world.publish()
    await world.until_done(made)
    assert [world.apple.times(token) for token in TOKENS] == [1] * PHONES


async def test_nothing_is_sent_inside_a_pause_that_the_provider_asked_for(world: World) -> None:
    world.apple.answers[TOKENS[0]] = [Answer(503, b'{"reason":"ServiceUnavailable"}', {"retry-after": "1"})]
    made = await world.publish()
    began_ms = now_ms()
    await world.until_done(made)
    assert now_ms() - began_ms >= 1000
    assert [world.apple.times(token) for token in TOKENS] == [1] * PHONES


async def test_what_is_too_large_for_the_provider_is_sent_again_once_and_shorter(world: World) -> None:
    world.apple.takes_bytes = 2100
    made = await world.publish(link=Link("https://example.org/" + "a" * 2000))
    await world.until_done(made)
    assert sorted(token for token, _ in world.apple.got) == TOKENS
    assert {payload["url"] for _, payload in world.apple.got} == {f"https://news.example/a/{made.id}"}


async def test_a_correction_goes_to_who_was_given_the_error_and_the_rest_get_it_plainly(world: World) -> None:
    world.apple.answers[TOKENS[3]] = [refusal(500, "InternalServerError")] * 2
    first = await world.publish()
    await world.run(first)
    correction = Correction(text="It was the east pier", was="West pier", severity="major")
    second = await world.follow(first, headline="East pier closed", signals=("correction",), correction=correction)
    await world.until_done(second)
    assert await world.run(first) is None, "the overtaken job has nothing to do"
    last = dict(world.apple.got)
    assert {payload["version"] for payload in last.values()} == {2}
    assert (await world.figures(second))["reached:2:apns"] == PHONES - 1


async def test_after_a_kill_only_who_was_given_something_hears_of_it(world: World) -> None:
    world.apple.answers[TOKENS[3]] = [refusal(500, "InternalServerError")] * 2
    first = await world.publish()
    await world.run(first)
    killed = await world.follow(first, pub_status="canceled")
    await world.until_done(killed)
    assert world.apple.times(TOKENS[3]) == 0
    assert sorted(token for token, payload in world.apple.got if payload["version"] == 2) == sorted(
        set(TOKENS) - {TOKENS[3]}
    )


async def test_where_the_editor_wants_nobody_new_rung_a_kill_still_reaches_who_was(world: World) -> None:
    first = await world.publish()
    await world.run(first)
    quiet = await world.follow(first, headline="West pier closed until noon", signals=("update",))
    record = Record(alert=quiet, state="published", author=Author("KEY", "a test"), push=False)
    async with world.store.pipeline(transaction=False) as pipe:
        pipe.lset(keys.versions(first.id), -1, msgspec.json.encode(record))
        await pipe.execute()
    killed = await world.follow(quiet, pub_status="canceled")
    await world.until_done(killed)
    assert sorted(token for token, payload in world.apple.got if payload["version"] == 3) == TOKENS
