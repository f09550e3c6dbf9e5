"""Pretend phones of a running system: registered in its store, and asked about at its sandbox.

The rule to remember: what phones show is the sandbox's word alone. Nothing here looks into the ledger.
"""

import json
import time
import urllib.request
from base64 import urlsafe_b64encode
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any

import msgspec

from service.commands.seeding import MIX, Inventor
from service.domain.device import Platform, Preferences
from service.domain.registration import Registration
from service.store import devices
from service.store.connection import for_commands
from tests import guards
from tests.processes import DEADLINE_S, System

REGISTERED_TOGETHER = 500
STORE_TIMEOUT_S = 10.0
ANSWER_WITHIN_S = 30.0
PAGE = 10_000
LOOK_AGAIN_S = 0.03
"""Often enough to hit the middle of a fan-out, and nothing that the sandbox would notice."""


class Phone(msgspec.Struct, frozen=True):
    """One registered device. `token` is what the sandbox calls its phone."""

    registration: Registration
    number: int
    id: str
    secret: str

    @property
    def platform(self) -> Platform:
        return self.registration.platform

    @property
    def token(self) -> str:
        subscription = self.registration.subscription
        return self.registration.token if subscription is None else subscription.endpoint

    def change(self, system: System, preferences: Preferences) -> None:
        """What the app sends when its reader wants something else."""
        body: dict[str, Any] = {"platform": self.platform, "preferences": preferences}
        subscription = self.registration.subscription
        if subscription is None:
            body["token"] = self.token
        else:
            keys = {"p256dh": _base64url(subscription.p256dh), "auth": _base64url(subscription.auth)}
            body["subscription"] = {"endpoint": subscription.endpoint, "keys": keys}
        self._say(system, "PUT", msgspec.json.encode(body))

    def erase(self, system: System) -> None:
        """What the app sends when its reader wants nothing any more."""
        self._say(system, "DELETE", None)

    def _say(self, system: System, method: str, body: bytes | None) -> None:
        headers = {"Authorization": f"Bearer {self.secret}", "Content-Type": "application/json"}
        request = urllib.request.Request(f"{system.url}/v1/devices/{self.id}", body, headers, method=method)
        urllib.request.urlopen(request, timeout=ANSWER_WITHIN_S).close()


def house_style(folder: Path, fuse_s: float, **fuses_s: float) -> Path:
    """A toml file of our newsroom in which every fuse is `fuse_s` long, or what `level=…` says, so that tests of push
    need not wait for editors."""
    style = guards.config_text("off")
    for level, usual_s in (("flash", 3), ("urgent", 5), ("brief", 10)):
        style = style.replace(f"fuse_s = {usual_s}\n", f"fuse_s = {fuses_s.get(level, fuse_s)}\n")
    path = folder / "style.toml"
    path.write_text(style, encoding="utf-8")
    return path


async def seed(
    system: System, count: int, *, platforms: Sequence[Platform] = MIX, preferences: Preferences | None = None,
    test: bool = False,
) -> list[Phone]:  # fmt: skip
    """Register `count` new devices in the usual mix, readers of the English edition unless `preferences` says more."""
    made = Inventor(platforms, ("en",), system.sandbox_url).take(count)
    wanted = preferences or Preferences(("en",))
    return await register(system, [msgspec.structs.replace(one, preferences=wanted, test=test) for one in made])


async def register(system: System, registrations: Sequence[Registration]) -> list[Phone]:
    """Register them, a known token anew, past the API: its doors have tests of their own."""
    store = for_commands(system.store_url, STORE_TIMEOUT_S)
    phones = []
    try:
        for start in range(0, len(registrations), REGISTERED_TOGETHER):
            some = registrations[start : start + REGISTERED_TOGETHER]
            done = await devices.register_all(store, some, time.time_ns() // 1_000_000)
            phones += [Phone(one, told.number, told.id, told.secret) for one, told in zip(some, done, strict=True)]
    finally:
        await store.aclose()
    return phones


def _base64url(content: bytes) -> str:
    return urlsafe_b64encode(content).rstrip(b"=").decode()


class Sandbox:
    """What a test asks of a system's sandbox, and tells it."""

    def __init__(self, system: System) -> None:
        self._url = system.sandbox_url

    def counts(self, alert: str | None = None) -> dict[str, Any]:
        """What came, of one alert or of all."""
        told: dict[str, Any] = self._ask("/v1/counts" + ("" if alert is None else f"?alert={alert}"))
        return told

    def showing(self, alert: str) -> int:
        """How many phones show the alert."""
        return int(self.counts(alert)["phonesShowing"])

    def until_showing(self, alert: str, count: int, within_s: float = DEADLINE_S) -> None:
        """Wait until so many phones show the alert; an AssertionError that says how many do where it takes longer."""
        deadline_s = time.monotonic() + within_s
        while (found := self.showing(alert)) < count:
            assert time.monotonic() < deadline_s, f"{found} of {count} phones show it after {within_s:g} s"
            time.sleep(LOOK_AGAIN_S)

    def accepted(self, alert: str) -> int:
        """How many notifications of the alert phones have received."""
        return int(self.counts(alert)["accepted"])

    def phones(self, alert: str | None = None) -> list[dict[str, Any]]:
        """Every phone that shows the alert, with what it shows of it; without one, every phone."""
        return self._all("phones", "phones", alert)

    def some(self, alert: str, count: int) -> list[str]:
        """The tokens of the first `count` phones that show the alert."""
        return [phone["token"] for phone in self._ask(f"/v1/phones?limit={count}&alert={alert}")["phones"]]

    def calls(self, alert: str | None = None) -> list[dict[str, Any]]:
        """Every right request, the oldest first; without an alert, wrong ones too."""
        return self._all("log", "calls", alert)

    def _all(self, path: str, what: str, alert: str | None) -> list[dict[str, Any]]:
        """Every page of a list, put together."""
        found: list[dict[str, Any]] = []
        following: str | None = ""
        while following is not None:
            told = self._ask(f"/v1/{path}?limit={PAGE}&after={following}" + (f"&alert={alert}" if alert else ""))
            found += told[what]
            following = told["next"]
        return found

    def faults(self, **wish: Any) -> None:
        """Misbehave from now on; without a wish, heal."""
        self._ask("/v1/faults", "PUT", wish)

    def forget(self) -> None:
        """As if no phone had ever been sent anything."""
        self._ask("/v1/phones", "DELETE")

    def _ask(self, path: str, method: str = "GET", body: Any = None) -> Any:
        data = None if body is None else json.dumps(body).encode()
        request = urllib.request.Request(self._url + path, data, {"Content-Type": "application/json"}, method=method)
        with urllib.request.urlopen(request, timeout=ANSWER_WITHIN_S) as answer:
            said = answer.read()
        return json.loads(said) if said else None


def tokens(phones: Iterable[Phone]) -> set[str]:
    """What the sandbox calls them."""
    return {phone.token for phone in phones}
