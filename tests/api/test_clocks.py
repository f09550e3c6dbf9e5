"""A clock that is set (reliability §3): order is by offset, and nobody waits by the clock on the wall."""

import re
import time
from pathlib import Path

import pytest

from service import clock
from service.store.embedded import EmbeddedStore
from tests.api.conftest import serving, settings_for

HOUR_MS = 3_600_000
ROOT = Path(__file__).parents[2]


class Wall:
    """A clock on the wall, which somebody sets."""

    def __init__(self) -> None:
        self.off_ms = 0

    def __call__(self) -> int:
        return clock.now_ms() + self.off_ms


async def test_what_is_posted_while_the_clock_steps_to_and_fro_stands_in_the_order_of_its_posting(
    server: EmbeddedStore,
) -> None:
    wall = Wall()
    async with serving(settings_for(server), now_ms=wall) as api:
        made = []
        for number, off_ms in enumerate((0, -HOUR_MS, HOUR_MS, -1000, 0)):
            wall.off_ms = off_ms
            made.append(await api.publish({"headline": f"Stage {number} begins"}))
        assert [answer["cursor"].split(":")[1] for answer in made] == ["1", "2", "3", "4", "5"]
        shown = [alert["id"] for alert in (await api.ticker())["alerts"]]
        assert shown == [answer["alert"]["id"] for answer in made][::-1]

        alert = made[2]["alert"]  # of an hour ahead: each later version is newer, whatever its moment says
        for version, off_ms in enumerate((-HOUR_MS, HOUR_MS, 0), 2):
            wall.off_ms = off_ms
            body = {"headline": f"Stage 2 begins, {version}"}
            answer = await api.change("update", alert["id"], body, If_Match=f'"{version - 1}"')
            assert (answer.status_code, answer.json()["alert"]["version"]) == (200, version), answer.text
        (now,) = [each for each in (await api.ticker())["alerts"] if each["id"] == alert["id"]]
        assert now["headline"] == "Stage 2 begins, 4"
        assert [each["id"] for each in (await api.ticker())["alerts"]] == shown, "an update moves nothing"


async def test_a_repetition_is_known_although_the_clock_was_set_back(server: EmbeddedStore) -> None:
    wall = Wall()
    async with serving(settings_for(server), now_ms=wall) as api:
        first = await api.post(Idempotency_Key="k")
        wall.off_ms = -HOUR_MS
        again = await api.post(Idempotency_Key="k")
        assert (again.status_code, again.headers["idempotency-replayed"]) == (201, "true")
        assert again.json() == first.json()


def test_a_steady_clock_is_not_set(monkeypatch: pytest.MonkeyPatch) -> None:
    before_ms, real_ns = clock.steady_ms(), time.time_ns()
    assert abs(before_ms - clock.now_ms()) < HOUR_MS
    for off_ms in (-HOUR_MS, HOUR_MS):
        monkeypatch.setattr(time, "time_ns", lambda off_ms=off_ms: real_ns + off_ms * 1_000_000)
        assert 0 <= clock.steady_ms() - before_ms < HOUR_MS // 2


@pytest.mark.parametrize("waiting", ["breaker.wait_ms", "breaker.left_ms", "breaker.observe", "breaker.pause_until"])
def test_nobody_leaves_a_provider_alone_by_the_clock_on_the_wall(waiting: str) -> None:
    called = [
        line
        for path in (ROOT / "workers" / "push").glob("*.py")
        for line in path.read_text(encoding="utf-8").splitlines()
        if re.search(rf"\.{re.escape(waiting)}\(", line)
    ]
    assert called
    assert all("steady_ms()" in line for line in called), called
