"""The examples of docs/push-payloads.md: exactly what our builders make of the alert that the page tells of."""

import json
import re
from pathlib import Path

import pytest

from service.domain import moment
from service.domain.alert import Alert, Attribution, Image, Link
from service.domain.device import PLATFORMS, Platform
from tests.domain.making import HOUR_MS, make_alert
from tests.domain.pushed import content

PAGE = (Path(__file__).parents[2] / "docs" / "push-payloads.md").read_text(encoding="utf-8")
MADE_MS = moment.from_text("2026-11-18T14:02:11.204Z")
TOKEN = "dQw4w9WgXcQ:APA91bHPRgkF3JUikC4ENAHEeMrd41Zxv3hVZjC9KtT8OvPVGJ"


def told() -> Alert:
    """The alert of the examples."""
    return make_alert(
        id="7Q0F8R2K5M9TB4W6YE3XCZ01JV",
        story="4P0S8R1B6D9N2E0A01JCZX3V7K",
        headline="Ferries stay in port as the storm passes the coast",
        text="Port authority: Ferries stay in port as the storm passes the coast",
        attribution=Attribution(kind="official", speaker="Port authority", text="Port authority"),
        link=Link("https://news.example/n/ferries"),
        image=Image("https://news.example/i/ferries.jpg", "Ferries in the harbour"),
        version_created=moment.to_text(MADE_MS),
        expires=moment.to_text(MADE_MS + 24 * HOUR_MS),
    )


def examples() -> dict[Platform, str]:
    """The JSON blocks of the page's last section, in the order of its headings."""
    section = PAGE.partition("\n## Whole examples\n")[2]
    return dict(zip(PLATFORMS, re.findall(r"```json\n(.*?)```", section, re.DOTALL), strict=True))


@pytest.mark.parametrize("platform", PLATFORMS)
def test_an_example_of_the_page_is_what_is_sent(platform: Platform) -> None:
    built = content(platform, told())
    if platform == "fcm":
        built["message"]["token"] = TOKEN
    shown = json.loads(examples()[platform])
    assert shown == built, f"the page should have:\n{json.dumps(built, indent=2)}"


@pytest.mark.parametrize("platform", PLATFORMS)
def test_every_field_of_ours_that_an_example_has_stands_in_the_table_of_the_page(platform: Platform) -> None:
    shown = json.loads(examples()[platform])
    ours = shown["message"]["data"] if platform == "fcm" else shown
    known = set(re.findall(r"^\| `(\w+)` \|", PAGE, re.MULTILINE))
    assert set(ours) - {"aps", "notification", "web_push", "mutable"} <= known
