"""Finding an alert: what a search among 20,000 alerts of an edition costs, in English and in Arabic.

The rule to remember: one alert of a hundred is withdrawn, so that its headline stands in the store alone. The word that
is looked for stands in the oldest alert, so that all others are looked at first.
"""

import asyncio
import time
from collections.abc import Iterator

import msgspec

from benchmarks.figure import Figure
from benchmarks.rounds import ROUNDS
from benchmarks.store import running_store
from service import loading
from service.api.search import Search
from service.api.store_time import StoreTime
from service.api.wires import Wires
from service.domain import moment, revision, search
from service.domain.alert import NO_ATTRIBUTION, Alert, Author, Record, State, redacted
from service.domain.search import Wanted
from service.ids import new_id
from service.loading import Extent
from service.store import keys, users
from service.store.connection import Store, for_commands
from service.store.keys import WireName

ALERTS = 20_000
WITHDRAWN_OF = 100
AT_ONCE = 500
BEGAN_MS = 1_800_000_000_000
STORE_WITHIN_S = 10.0
HEADLINES = {
    "en": ("Snow closes the northern pass, lap {}", "Comet over the harbour", "comet"),
    "ar": ("الثلوج تُغلق الممرّ الشمالي، المرحلة {}", "مذنّب فوق الميناء", "مذنب"),
}
"""By edition: what most alerts say, what the oldest says, and the word that finds it."""


def run() -> list[Figure]:
    """Needs no kit."""
    with running_store("search") as bare:
        url = users.named(bare, "api")
        return asyncio.run(_measure(url))


async def _measure(url: str) -> list[Figure]:
    store = for_commands(url, STORE_WITHIN_S)
    try:
        wires = Wires()
        for edition in HEADLINES:
            await _fill(store, edition)
            loaded = await loading.load(store, WireName(edition), Extent(ALERTS, ALERTS, 1800))
            assert loaded is not None, "what was filled has an epoch"
            wires.on_loaded(loaded[0])
        finding = Search(wires, store)
        return [figure for edition in HEADLINES for figure in await _figures(finding, edition)]
    finally:
        await store.aclose()


async def _figures(finding: Search, edition: str) -> list[Figure]:
    _, oldest, word = HEADLINES[edition]
    first_ms, first_cpu_ms, _ = await _search_ms(finding, edition, word, oldest)
    again = [await _search_ms(finding, edition, word, oldest) for _ in range(ROUNDS)]
    newest = [await _search_ms(finding, edition, "", HEADLINES[edition][0].format(ALERTS - 1)) for _ in range(ROUNDS)]
    return [
        Figure(f"{edition}: the first search among {ALERTS:,}", first_ms, "ms", peer=f"CPU {first_cpu_ms:.0f} ms"),
        Figure.of(f"{edition}: the same again", [took_ms for took_ms, _, _ in again], "ms"),
        Figure.of(f"{edition}: the same again, CPU", [cpu_ms for _, cpu_ms, _ in again], "ms"),
        Figure.of(f"{edition}: longest wait of others meanwhile", [wait_ms for _, _, wait_ms in again], "ms"),
        Figure.of(f"{edition}: the newest ten", [took_ms for took_ms, _, _ in newest], "ms"),
    ]


async def _search_ms(finding: Search, edition: str, word: str, expected: str) -> tuple[float, float, float]:
    """How long a search took, on the clock and of the processor, and how long others waited for a turn meanwhile."""
    wanted = Wanted((edition,), frozenset(), search.asked_words(word))
    watching = asyncio.create_task(_longest_wait_ms())
    await asyncio.sleep(0)
    began_s, began_cpu_s = time.perf_counter(), time.process_time()
    page = await finding.page(
        wanted, 10, None, drills=False, sees=lambda _: True, now=moment.to_text(BEGAN_MS),
        store_time=StoreTime(STORE_WITHIN_S),
    )  # fmt: skip
    took_ms, cpu_ms = (time.perf_counter() - began_s) * 1000, (time.process_time() - began_cpu_s) * 1000
    watching.cancel()
    if not page.found or page.found[0].alert.record.alert.headline != expected:
        raise RuntimeError(f"{word!r} did not find {expected!r}")
    return took_ms, cpu_ms, await watching


async def _longest_wait_ms() -> float:
    longest_s, before_s = 0.0, time.perf_counter()
    try:
        while True:
            await asyncio.sleep(0)
            now_s = time.perf_counter()
            longest_s, before_s = max(longest_s, now_s - before_s), now_s
    except asyncio.CancelledError:
        return longest_s * 1000


async def _fill(store: Store, edition: str) -> None:
    """An edition's history as append.lua leaves it, without the wire, which nobody searches."""
    records = list(_records(edition))
    for start in range(0, ALERTS, AT_ONCE):
        async with store.pipeline(transaction=True) as pipe:
            for number, record in enumerate(records[start : start + AT_ONCE], start + 1):
                alert = record.alert
                public = alert if alert.pub_status == "usable" else redacted(alert, "Withdrawn.")
                fields = {
                    "record": msgspec.json.encode(record), "alert": revision.encode(public), "version": 1,
                    "first": number, "cursor": f"e1:{number}", "state": record.state,
                }  # fmt: skip
                pipe.hset(keys.alert(alert.id), mapping=fields)
                pipe.zadd(keys.history(WireName(edition)), {alert.id: number})
            pipe.hset(keys.head(WireName(edition)), mapping={"epoch": "e1", "offset": ALERTS})
            await pipe.execute()


def _records(edition: str) -> Iterator[Record]:
    most, oldest, _ = HEADLINES[edition]
    for number in range(ALERTS):
        at = moment.to_text(BEGAN_MS + number)
        headline = most.format(number) if number else oldest
        withdrawn = number % WITHDRAWN_OF == 1
        alert = Alert(
            id=new_id(), story=new_id(), edition=edition, language=edition, dir="rtl" if edition == "ar" else "ltr",
            version=1, msg_type="Alert", status="Actual", pub_status="canceled" if withdrawn else "usable",
            level="brief", urgency=4, certainty="Observed", headline=headline, text=headline,
            attribution=NO_ATTRIBUTION, sections=(), regions=(), places=(), link=None, image=None, signals=(),
            references=(), correction=None, notice=None, first_created=at, version_created=at,
            expires=moment.to_text(BEGAN_MS + 86_400_000),
        )  # fmt: skip
        state: State = "canceled" if withdrawn else "published"
        yield Record(alert=alert, state=state, author=Author("KEY", "a desk"), push=True)
