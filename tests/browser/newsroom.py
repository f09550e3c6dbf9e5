"""A newsroom for the tests in a browser: `flashwire up` with real processes on a data folder of its own."""

import urllib.request
from pathlib import Path
from typing import Any

from tests.processes import System

ANSWER_WITHIN_S = 30


class Newsroom:
    """Store, API and one gateway, and what an editor and a saboteur can do to them."""

    def __init__(self, folder: Path, **settings: object) -> None:
        self._system = System(folder, **settings)
        ready = self._system.ready
        self.url: str = ready["url"]
        self.demo: str = ready["demo"]
        self.live: str = ready["live"]
        self.sandbox: str = self._system.sandbox_url
        self.store_pid: int = ready["store"]
        self.gateway_pid: int = ready["children"]["gateway 1"]

    def post(self, headline: str, edition: str = "en", level: str = "urgent", **more: Any) -> str:
        """Publish; the alert's id."""
        alert_id: str = self._system.post(headline, edition, level, **more)["alert"]["id"]
        return alert_id

    def kill(self, alert_id: str) -> None:
        self._system.kill_alert(alert_id)

    def change(self, verb: str, alert_id: str, *options: str) -> None:
        """What an editor types: `flashwire <verb> <id> <options>`."""
        self._system.done(verb, alert_id, *options)

    def list(self, edition: str) -> str:
        """`ticker.html` as a publisher's server includes it."""
        with urllib.request.urlopen(f"{self.url}/v1/editions/{edition}/ticker.html", timeout=ANSWER_WITHIN_S) as answer:
            html: str = answer.read().decode()
        return html

    def close(self) -> None:
        self._system.close()
