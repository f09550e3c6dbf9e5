"""What lock screens show and what is told of them: one entry per alert, the highest version, pages, counts."""

import time
from datetime import UTC, datetime
from typing import Any

import httpx
import pytest

from tests.sandbox.conftest import Running
from tests.sandbox.requests_as_documented import ALERT, access_token, android_message, send, to_apple, to_google
from workers.sandbox import phones as bounds
from workers.sandbox.phones import Phones, Shown

OTHER = "5M9TB4W6YE3XCZ01JV7Q0F8R2K"


def entry(collapse: str, version: int = 1, alert: str | None = ALERT) -> Shown:
    return Shown(collapse, alert, version, "Urgent", None, f"version {version}", "urgent", "en", True, None)


def shown(phones: Phones, alert: str | None = None) -> list[list[str | None]]:
    _, found = phones.find(None, None, alert, 0, 1000)
    return [[one.body for one, _ in phone.showing.values()] for phone in found]


async def test_the_highest_version_stays_whatever_comes_later(sandbox: Running) -> None:
    versions = [1, 3, 2, 3]
    await send(sandbox, *(to_apple(sandbox, version=version) for version in versions))
    (phone,) = await sandbox.phones(f"?alert={ALERT}")
    assert [one["version"] for one in phone["showing"]] == [3]
    assert phone["received"] == 4


async def test_android_shows_one_entry_per_tag(sandbox: Running) -> None:
    bearer = await access_token(sandbox)
    messages = [android_message(version="2"), android_message(version="1"), android_message(alert=OTHER)]
    await send(sandbox, *(to_google(sandbox, bearer, message) for message in messages))
    (phone,) = await sandbox.phones("?platform=fcm")
    assert [(one["alert"], one["version"]) for one in phone["showing"]] == [(ALERT, 2), (OTHER, 1)]
    (phone,) = await sandbox.phones(f"?alert={OTHER}")
    assert [one["alert"] for one in phone["showing"]] == [OTHER]
    assert phone["received"] == 3


async def test_phones_are_told_page_by_page(sandbox: Running) -> None:
    tokens = [f"{number:064x}" for number in range(25)]
    await send(sandbox, *(to_apple(sandbox, token) for token in tokens))
    for query in ("", f"&alert={ALERT}", "&platform=apns", "&edition=en"):
        seen: list[str] = []
        told: dict[str, Any] = {"next": ""}
        while told["next"] is not None:
            told = await sandbox.ask("GET", f"/v1/phones?limit=10&after={told['next']}{query}")
            assert told["total"] == 25
            seen += [phone["token"] for phone in told["phones"]]
        assert seen == tokens
    assert (await sandbox.ask("GET", "/v1/phones?edition=ar"))["total"] == 0


@pytest.mark.parametrize("query", ["limit=0", "limit=x", "limit=10001", "platform=palm", "after=-1"])
async def test_a_query_that_is_none_is_told_what_is_allowed(sandbox: Running, query: str) -> None:
    answer = await sandbox.reply("GET", f"/v1/phones?{query}")
    assert (answer.status_code, "must be" in answer.json()["detail"]) == (400, True)


async def test_counts_tell_how_long_it_took_from_the_versions_own_time(sandbox: Running) -> None:
    created = datetime.fromtimestamp(time.time() - 4, UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")
    await sandbox.ask("PUT", "/v1/faults", {"apns": {"410": 0.5}, "seed": 1})
    tokens = [f"{number:064x}" for number in range(40)]
    await send(sandbox, *(to_apple(sandbox, token, versionCreated=created) for token in tokens))
    told = await sandbox.ask("GET", f"/v1/counts?alert={ALERT}")
    assert told["accepted"] == told["phonesShowing"] == 40 - told["refused"]["Unregistered"]
    assert 3.9 < told["p50"] <= told["p90"] <= told["p99"] < 30
    assert [version["version"] for version in told["versions"]] == [1]
    nothing = await sandbox.ask("GET", f"/v1/counts?alert={OTHER}")
    assert (nothing["accepted"], nothing["p50"], nothing["phonesShowing"]) == (0, None, 0)


async def test_all_is_forgotten_on_demand(sandbox: Running) -> None:
    await send(sandbox, to_apple(sandbox))
    assert (await sandbox.reply("DELETE", "/v1/phones")).status_code == 204
    assert await sandbox.phones() == []
    assert (await sandbox.ask("GET", "/v1/counts"))["accepted"] == 0


async def test_pages_of_other_origins_get_no_answer(sandbox: Running) -> None:
    answer = await sandbox.reply("GET", "/v1/phones")
    assert "access-control-allow-origin" not in answer.headers
    port = sandbox.where.page.rstrip("/").rpartition(":")[2]
    assert (await sandbox.reply("GET", f"http://localhost:{port}/v1/phones")).status_code == 200


@pytest.mark.parametrize(
    ("headers", "status"),
    [
        ({"Origin": "https://news.example"}, 403),
        ({"Origin": "null"}, 403),
        ({"Origin": "http://127.0.0.1:1"}, 403),
        ({"Sec-Fetch-Site": "cross-site"}, 403),
        ({"Sec-Fetch-Site": "cross-site", "Sec-Fetch-Dest": "iframe"}, 403),
        ({"Sec-Fetch-Site": "cross-site", "Sec-Fetch-Dest": "document"}, 403),
        ({"Content-Type": "text/plain"}, 415),
        ({"Content-Type": "application/x-www-form-urlencoded"}, 415),
        ({"Content-Type": ""}, 415),
        ({"Sec-Fetch-Site": "same-origin"}, 200),
        ({"Content-Type": "application/json; charset=utf-8"}, 200),
    ],
)
async def test_pages_of_other_origins_can_do_nothing(sandbox: Running, headers: dict[str, str], status: int) -> None:
    headers = {"Content-Type": "application/json", **headers}
    async with httpx.AsyncClient(base_url=sandbox.where.page, trust_env=False) as client:
        answer = await client.post("/v1/subscriptions", content=b'{"count":1}', headers=headers)
        assert answer.status_code == status
        assert status == 200 or answer.json()["detail"]


async def test_its_own_page_may_ask_and_a_link_from_elsewhere_opens_it(sandbox: Running) -> None:
    own = {"Origin": sandbox.where.page.rstrip("/"), "Sec-Fetch-Site": "same-origin"}
    link = {"Sec-Fetch-Site": "cross-site", "Sec-Fetch-Dest": "document"}
    async with httpx.AsyncClient(base_url=sandbox.where.page, trust_env=False) as client:
        assert (await client.delete("/v1/phones", headers=own)).status_code == 204
        assert (await client.get("/", headers=link)).status_code == 200
        assert (await client.get("/v1/phones", headers={"Sec-Fetch-Site": "cross-site"})).status_code == 403


def test_the_phone_that_came_first_goes_first(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(bounds, "PHONES_MAX", 3)
    phones = Phones()
    for number in range(5):
        phones.receive("apns", str(number), entry(ALERT), number)
    assert (len(phones), phones.showing(ALERT)) == (3, 3)
    assert [phone.token for phone in phones.find(None, None, ALERT, 0, 10)[1]] == ["2", "3", "4"]


def test_the_entry_that_came_first_goes_first(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(bounds, "ENTRIES_MAX", 2)
    phones = Phones()
    for number in range(3):
        phones.receive("fcm", "x", entry(f"c{number}", number + 1, f"a{number}"), number)
    assert shown(phones) == [["version 2", "version 3"]]
    assert [phones.showing(f"a{number}") for number in range(3)] == [0, 1, 1]


def test_what_takes_the_place_of_another_alert_ends_it_there() -> None:
    phones = Phones()
    phones.receive("fcm", "x", entry("tag", 5, "first"), 0)
    phones.receive("fcm", "x", entry("tag", 1, "second"), 1)
    assert shown(phones) == [["version 1"]]
    assert (phones.showing("first"), phones.showing("second")) == (0, 1)
