"""The house style that comes along is complete: what one edition says, every edition says in its own words."""

import re
from typing import Any
from zoneinfo import ZoneInfo

import pytest

from config.settings import load

NEWSROOM = load({}).newsroom
EDITIONS: dict[str, Any] = {edition["edition"]: edition for edition in NEWSROOM["editions"]}
PLACEHOLDERS = {"outlet", "place", "speaker", "role", "addressee", "via"}


def test_there_are_an_english_an_arabic_and_a_spanish_edition() -> None:
    assert {name: edition["dir"] for name, edition in EDITIONS.items()} == {"en": "ltr", "ar": "rtl", "es": "ltr"}


def test_levels_have_the_urgency_and_fuse_of_the_contract() -> None:
    assert {name: (level["urgency"], level["fuse_s"]) for name, level in NEWSROOM["levels"].items()} == {
        "flash": (1, 3),
        "urgent": (2, 5),
        "brief": (4, 10),
        "line": (6, 0),
    }


@pytest.mark.parametrize("name", EDITIONS)
def test_an_edition_labels_every_level_section_and_region(name: str) -> None:
    labels = EDITIONS[name]["labels"]
    assert set(labels["levels"]) == set(NEWSROOM["levels"])
    assert set(labels["sections"]) == set(NEWSROOM["sections"])
    assert set(labels["regions"]) == set(NEWSROOM["regions"])


@pytest.mark.parametrize("name", EDITIONS)
def test_an_edition_says_all_that_the_english_one_says(name: str) -> None:
    for table in ("templates", "notices"):
        assert set(EDITIONS[name][table]) == set(EDITIONS["en"][table])
    assert set(EDITIONS[name]["labels"]["ui"]) == set(EDITIONS["en"]["labels"]["ui"])


@pytest.mark.parametrize("name", EDITIONS)
def test_templates_use_known_placeholders_only(name: str) -> None:
    for template in EDITIONS[name]["templates"].values():
        assert set(re.findall(r"\{(.*?)\}", template)) <= PLACEHOLDERS


@pytest.mark.parametrize("name", EDITIONS)
def test_the_zone_exists(name: str) -> None:
    assert ZoneInfo(EDITIONS[name]["zone"]).key == EDITIONS[name]["zone"]


def test_arabic_words_are_written_in_arabic() -> None:
    words = [*EDITIONS["ar"]["labels"]["ui"].values(), *EDITIONS["ar"]["notices"].values()]
    for table in ("levels", "sections", "regions"):
        words += EDITIONS["ar"]["labels"][table].values()
    for word in words:
        assert re.search(r"[\u0600-\u06ff]", word)
        assert not re.search(r"[A-Za-z]", word)
