"""A real Firefox for the tests, without a driver: its own profile folder, steered over WebDriver BiDi.

Rule: a browser that is missing is a failure with its remedy, never a skip. A profile outlives its browser, so that a
test may close it and start it again.
"""

import asyncio
import contextlib
import itertools
import json
import os
import shutil
import signal
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import pytest
from websockets.asyncio.client import ClientConnection, connect

NAMES = ("firefox-esr", "firefox")
PATIENCE_S = 60.0
"""How long a test waits for a fact: long enough for a browser's start on a busy machine."""
LOOK_AGAIN_S = 0.05

PREFERENCES: dict[str, bool | int | str] = {
    "dom.push.connection.enabled": True,
    "dom.push.testing.allowInsecureServerURL": True,
    "dom.push.testing.ignorePermission": True,
    "dom.push.retryBaseInterval": 200,  # ms until it looks for a restarted push service,
    "network.websocket.delay-failed-reconnects": False,  # and no others on top
    "permissions.default.desktop-notification": 1,  # allowed: nobody is there to press the button
    "alerts.useSystemBackend": False,  # there is no desktop either
    "remote.prefs.recommended": False,  # those would switch push off
    # its makers' services are nobody's business here
    "app.normandy.enabled": False,
    "app.shield.optoutstudies.enabled": False,
    "app.update.disabledForTesting": True,
    "browser.contentblocking.report.lockwise.enabled": False,
    "browser.newtabpage.enabled": False,
    "browser.safebrowsing.downloads.enabled": False,
    "browser.safebrowsing.malware.enabled": False,
    "browser.safebrowsing.phishing.enabled": False,
    "browser.safebrowsing.blockedURIs.enabled": False,
    "browser.search.update": False,
    "browser.shell.checkDefaultBrowser": False,
    "browser.startup.homepage_override.mstone": "ignore",
    "browser.startup.page": 0,
    "browser.topsites.contile.enabled": False,
    "datareporting.policy.dataSubmissionEnabled": False,
    "datareporting.healthreport.uploadEnabled": False,
    "extensions.systemAddon.update.enabled": False,
    "extensions.update.enabled": False,
    "extensions.getAddons.cache.enabled": False,
    "geo.provider.network.url": "",
    "media.gmp-manager.updateEnabled": False,
    "network.captive-portal-service.enabled": False,
    "network.connectivity-service.enabled": False,
    "network.dns.disablePrefetch": True,
    "services.settings.server": "data:,#remote-settings-dummy/v1",
    "toolkit.telemetry.enabled": False,
    "toolkit.telemetry.server": "",
    "toolkit.telemetry.unified": False,
}


def binary() -> str:
    """The path of a Firefox; fails the test where there is none."""
    for name in NAMES:
        if path := shutil.which(name):
            return path
    pytest.fail("no Firefox found: apt-get install firefox-esr, or run ./test as root once, which does it")


class Tab:
    """One tab of a running Firefox."""

    def __init__(self, socket: ClientConnection) -> None:
        self._socket = socket
        self._ids = itertools.count()
        self._context = ""

    async def ask(self, method: str, **parameters: Any) -> dict[str, Any]:
        """One BiDi command and its result; an AssertionError with what the browser said where it refuses."""
        number = next(self._ids)
        await self._socket.send(json.dumps({"id": number, "method": method, "params": parameters}))
        async with asyncio.timeout(PATIENCE_S):
            async for text in self._socket:
                said = json.loads(text)
                if said.get("id") == number:
                    assert said["type"] == "success", f"{method}: {said.get('error')}: {said.get('message')}"
                    result: dict[str, Any] = said["result"]
                    return result
        raise AssertionError(f"Firefox hung up during {method}")

    async def begin(self) -> None:
        await self.ask("session.new", capabilities={"alwaysMatch": {"unhandledPromptBehavior": {"default": "ignore"}}})
        tree = await self.ask("browsingContext.getTree")
        self._context = tree["contexts"][0]["context"]

    async def open(self, url: str) -> None:
        """Load a page and wait until it is complete."""
        await self.ask("browsingContext.navigate", context=self._context, url=url, wait="complete")

    async def evaluate(self, script: str) -> Any:
        """The value of an expression in the page, awaited where it is a promise; it must be JSON. The page sees a
        person's click behind it. An AssertionError carries what was thrown.
        """
        made = await self.ask(
            "script.evaluate", expression=f"(async () => JSON.stringify(await ({script})) ?? 'null')()",
            target={"context": self._context}, awaitPromise=True, userActivation=True,
        )  # fmt: skip
        assert made["type"] == "success", made.get("exceptionDetails", {}).get("text")
        return json.loads(made["result"]["value"])

    async def until(self, script: str, expected: Any) -> None:
        """Wait until an expression in the page has this value; an AssertionError says what it has instead."""
        seen = None
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(PATIENCE_S):
                while (seen := await self.evaluate(script)) != expected:
                    await asyncio.sleep(LOOK_AGAIN_S)
        assert seen == expected, f"{script} is {seen!r}"


@asynccontextmanager
async def firefox(profile: Path, push_url: str) -> AsyncIterator[Tab]:
    """Firefox on a profile folder, made where it is missing, with its push service at `push_url`; closed in order at
    the end, so that the profile has everything.
    """
    profile.mkdir(exist_ok=True)
    preferences = {**PREFERENCES, "dom.push.serverURL": push_url}
    lines = [f"user_pref({json.dumps(name)}, {json.dumps(value)});\n" for name, value in preferences.items()]
    (profile / "user.js").write_text("".join(lines))
    told = profile / "WebDriverBiDiServer.json"
    told.unlink(missing_ok=True)
    with (profile / "firefox.log").open("ab") as log:
        process = await asyncio.create_subprocess_exec(
            binary(), "--headless", "--no-remote", "--profile", str(profile), "--remote-debugging-port", "0",
            "about:blank", stdout=log, stderr=log, env=_environ(profile), start_new_session=True,
        )  # fmt: skip
    try:
        async with _session(told) as tab:
            yield tab
            await tab.ask("browser.close")
        async with asyncio.timeout(PATIENCE_S):
            await process.wait()
    finally:
        with contextlib.suppress(ProcessLookupError):
            os.killpg(process.pid, signal.SIGKILL)  # its helpers too, where it did not end by itself
        await process.wait()


@asynccontextmanager
async def _session(told: Path) -> AsyncIterator[Tab]:
    async with asyncio.timeout(PATIENCE_S):
        while not told.exists() or not told.read_text().endswith("}"):
            await asyncio.sleep(LOOK_AGAIN_S)
    where = json.loads(told.read_text())
    url = f"ws://{where['ws_host']}:{where['ws_port']}/session"
    async with connect(url, max_size=None, compression=None) as socket:
        tab = Tab(socket)
        await tab.begin()
        yield tab


def _environ(profile: Path) -> dict[str, str]:
    """Ours without a display, and with the profile as its home: nothing outside of it is read or written."""
    kept = {name: value for name, value in os.environ.items() if name not in ("DISPLAY", "WAYLAND_DISPLAY")}
    return {**kept, "HOME": str(profile), "MOZ_CRASHREPORTER_DISABLE": "1", "MOZ_HEADLESS": "1"}
