"""An operator follows one alert by its id through the log of every process, and finds no secret there."""

import asyncio
import json
from pathlib import Path

from tests.phones import Sandbox, house_style, seed
from tests.processes import System, until

SOON_S = 0.2
LINES = {"done", "sent to readers", "planned", "a block has ended"}
"""As docs/operations.md lists them."""
HEADLINE = "Night ferries sail again from the northern quay"


def test_one_alert_is_found_in_the_log_of_every_process_and_no_secret(tmp_path: Path) -> None:
    with System(tmp_path, config=house_style(tmp_path, SOON_S), push="auto") as system:
        phones = asyncio.run(seed(system, 1, platforms=("fcm",)))
        alert = system.post(HEADLINE)["alert"]["id"]
        until(lambda: bool(Sandbox(system).phones(alert)), "the phone is rung")
        until(lambda: {line["event"] for line in lines_of(system, alert)} == LINES, "every process has told of it")
        told = {line["event"]: str(line["process"]) for line in lines_of(system, alert)}
        assert told["done"].startswith("api")
        assert told["sent to readers"].startswith("gateway")
        assert told["planned"] != told["a block has ended"]
        for secret in (system.key, HEADLINE, *(phone.token for phone in phones)):
            assert secret not in system.log()


def lines_of(system: System, alert: str) -> list[dict[str, object]]:
    """What the processes have logged of an alert; a line that is being written is not one yet."""
    found = (json.loads(line) for line in system.log().split("\n")[:-1] if line.startswith("{"))
    return [line for line in found if line.get("alert") == alert]
