"""A real Firefox on the demo page and the whole system behind it: button, desk, fuse, and a real encrypted push.

The rule to remember: nothing here stands in for anything of ours. Firefox speaks to the sandbox's push service, as it
would to its maker's; the rest is `flashwire up`.
"""

import asyncio
import json
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from pathlib import Path

import pytest
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from tests.browser.test_push_firefox import base64url
from tests.firefox import LOOK_AGAIN_S, PATIENCE_S, Tab, firefox
from tests.processes import System

SHOWN = """navigator.serviceWorker.ready.then((worker) => worker.getNotifications())
    .then((all) => all.map(({tag, data}) => [tag, data.version]))"""
BODIES = """navigator.serviceWorker.ready.then((worker) => worker.getNotifications())
    .then((all) => all.map(({title, body}) => title + '|' + body).join())"""
BUTTON = "document.querySelector('flash-alerts[edition=%s] button')"
STATE = "document.querySelector('flash-alerts[edition=%s]')?.dataset.is"
EDITIONS = "device.recall().then((held) => held?.editions ?? null)"
ALTER = """device.recall().then(({id, secret}) => navigator.serviceWorker.ready
    .then(({pushManager}) => pushManager.getSubscription())
    .then((subscription) => {
        const said = subscription.toJSON();
        Object.assign(said.keys, %s);
        return fetch('/v1/devices/' + id, {method: 'PUT',
            headers: {Authorization: 'Bearer ' + secret, 'Content-Type': 'application/json'},
            body: JSON.stringify({platform: 'webpush', subscription: said, preferences: {editions: ['en']}})});
    }).then((answer) => answer.status))"""


@pytest.fixture(scope="module")
def system(tmp_path_factory: pytest.TempPathFactory) -> Iterator[System]:
    with System(tmp_path_factory.mktemp("whole"), push="auto") as running:
        yield running


@asynccontextmanager
async def demo(system: System, profile: Path) -> AsyncIterator[Tab]:
    """Firefox on the demo page, with the sandbox as its push service."""
    where = json.loads((system.data_dir / "sandbox" / "sandbox.json").read_text())
    async with firefox(profile, where["autopush"]) as tab:
        await tab.open(system.ready["demo"])
        yield tab


async def press(tab: Tab, edition: str, becomes: str) -> None:
    await tab.until(f"Boolean({BUTTON % edition})", True)
    await tab.evaluate(f"{BUTTON % edition}.click()")
    await tab.until(STATE % edition, becomes)


def post(system: System, headline: str) -> str:
    """Publish as flash, whose fuse is the shortest."""
    made = system.post(headline, level="flash", override=["second-approval", "brake"], overrideReason="a test")
    alert_id: str = made["alert"]["id"]
    return alert_id


async def counted(system: System, alert_id: str, what: str) -> None:
    """Wait until the delivery report counts a browser."""
    async with asyncio.timeout(PATIENCE_S):
        while not system.ask(f"/v1/alerts/{alert_id}/delivery")["push"]["webpush"][what]:
            await asyncio.sleep(LOOK_AGAIN_S)


async def test_a_reader_gets_an_alert_its_correction_and_its_withdrawal(system: System, tmp_path: Path) -> None:
    profile = tmp_path / "profile"
    async with demo(system, profile) as tab:
        await press(tab, "en", "on")
        first = post(system, "Ferries stay in port")
        await tab.until(SHOWN, [[first, 1]])
        assert "Ferries stay in port" in await tab.evaluate(BODIES)
        await counted(system, first, "shown")
        wrong = ("--wrong", "the ferries sail", "--severity", "major")
        system.done("correct", first, "--headline", "Ferries sail at noon", *wrong)
        await tab.until(SHOWN, [[first, 2]])
        assert "Ferries sail at noon" in await tab.evaluate(BODIES)

    second = post(system, "The museum opens on Monday")
    await counted(system, second, "accepted")
    async with demo(system, profile) as tab:
        await tab.until(STATE % "en", "on")
        await tab.until(f"{SHOWN}.then((all) => all.some(([id]) => id === '{second}'))", True)
        system.kill_alert(second)
        await tab.until(f"{SHOWN}.then((all) => all.find(([id]) => id === '{second}')[1])", 2)
        assert "museum" not in await tab.evaluate(BODIES)


async def test_a_reader_of_two_editions_is_one_device_until_both_have_stopped(system: System, tmp_path: Path) -> None:
    async with demo(system, tmp_path / "profile") as tab:
        await tab.until(f"Boolean({BUTTON % 'en'} && {BUTTON % 'ar'})", True)
        await tab.evaluate(f"({BUTTON % 'en'}.click(), {BUTTON % 'ar'}.click())")  # a quick hand
        for edition in ("en", "ar"):
            await tab.until(STATE % edition, "on")
        assert await tab.evaluate(EDITIONS) == ["en", "ar"]
        await press(tab, "en", "off")
        assert await tab.evaluate(EDITIONS) == ["ar"]
        held = await tab.evaluate("device.recall()")
        asked = f"fetch('/v1/devices/{held['id']}', {{headers: {{Authorization: 'Bearer {held['secret']}'}}}})"
        assert await tab.evaluate(
            f"{asked}.then((answer) => answer.json()).then((kept) => kept.preferences.editions)"
        ) == ["ar"]
        await press(tab, "ar", "off")
        assert await tab.evaluate(EDITIONS) is None
        assert await tab.evaluate(f"{asked}.then((answer) => answer.status)") == 404


async def test_a_button_offers_itself_again_where_the_server_has_forgotten_the_browser(
    system: System, tmp_path: Path
) -> None:
    async with demo(system, tmp_path / "profile") as tab:
        await press(tab, "en", "on")
        await tab.evaluate("device.kept('device', (held) => ({...held, id: held.id.replace(/./g, '0')}))")
        await tab.open(system.ready["demo"])
        await tab.until(STATE % "en", "off")
        await press(tab, "en", "on")
        again = post(system, "Snow on the northern pass")
        await tab.until(SHOWN, [[again, 1]])


async def test_a_push_for_another_key_reaches_nobody(system: System, tmp_path: Path) -> None:
    """The first thing shown is what came last. (Headless Firefox takes a notification away after 20 seconds.)"""
    other = ec.generate_private_key(ec.SECP256R1()).public_key()
    key = base64url(other.public_bytes(Encoding.X962, PublicFormat.UncompressedPoint))
    async with demo(system, tmp_path / "profile") as tab:
        await press(tab, "en", "on")
        assert await tab.evaluate(ALTER % json.dumps({"p256dh": key})) == 200
        unread = post(system, "Nobody reads this")
        await counted(system, unread, "accepted")
        assert await tab.evaluate(ALTER % "{}") == 200
        read = post(system, "The second tram line opens")
        await tab.until(f"{SHOWN}.then((all) => all.length > 0)", True)
        assert await tab.evaluate(SHOWN) == [[read, 1]]
