"""The newsroom is read whole or refused by name: no edition may lack a word when news is due."""

from collections.abc import Callable
from types import MappingProxyType
from typing import Any

import pytest

from config.settings import load
from service.domain.newsroom import from_config
from tests.domain.making import NEWSROOM

Table = dict[str, Any]


def plain(value: Any) -> Any:
    """The read-only table as one that a test may spoil."""
    if isinstance(value, MappingProxyType | dict):
        return {key: plain(inner) for key, inner in value.items()}
    return [plain(inner) for inner in value] if isinstance(value, list | tuple) else value


@pytest.fixture
def table() -> Table:
    spoilable: Table = plain(load({}).newsroom)
    return spoilable


def test_editions_are_found_by_name_in_their_order() -> None:
    assert [edition.edition for edition in NEWSROOM.editions] == ["en", "ar", "es"]
    arabic = NEWSROOM.edition("ar")
    assert arabic is not None
    assert (arabic.dir, arabic.language) == ("rtl", "ar")
    assert [NEWSROOM.edition(name) for name in ("fr", "", "EN")] == [None, None, None]


def test_an_edition_may_write_the_outlet_in_its_own_script(table: Table) -> None:
    table["editions"][1]["outlet"] = "أخبار المثال"
    del table["editions"][2]["outlet"]
    assert [edition.outlet for edition in from_config(table).editions][1:] == ["أخبار المثال", None]


def spoiled(path: tuple[str | int, ...], value: Any) -> Callable[[Table], None]:
    def spoil(table: Table) -> None:
        inner: Any = table
        for step in path[:-1]:
            inner = inner[step]
        inner[path[-1]] = value

    return spoil


@pytest.mark.parametrize(
    ("spoil", "named"),
    [
        (spoiled(("outlet",), 7), "outlet"),
        (spoiled(("editions",), []), "editions"),
        (lambda table: table["editions"].append(table["editions"][0]), "en"),
        (lambda table: table.pop("sections"), "sections"),
        (lambda table: table["levels"].pop("brief"), "brief"),
        (spoiled(("levels", "shout"), {"urgency": 1, "fuse_s": 0}), "levels"),
        (spoiled(("levels", "flash", "urgency"), "loud"), "urgency"),
        (spoiled(("editions", 1, "dir"), "up"), "dir"),
        (lambda table: table["editions"][1]["notices"].pop("canceled"), "canceled"),
        (
            lambda table: table["editions"][2]["labels"]["sections"].pop("sports"),
            "edition es .*labels.sections: sports",
        ),
        (spoiled(("editions", 1, "labels", "regions", "mena"), ""), "edition ar .*labels.regions: mena"),
        (lambda table: table["editions"][0]["labels"]["levels"].pop("flash"), "edition en .*labels.levels: flash"),
        (lambda table: table["editions"][2]["labels"]["ui"].pop("canceled"), "edition es .*labels.ui: canceled"),
    ],
)
def test_what_is_missing_or_does_not_fit_is_named(table: Table, spoil: Callable[[Table], None], named: str) -> None:
    spoil(table)
    with pytest.raises(ValueError, match=named):
        from_config(table)


def test_no_table_at_all_is_refused() -> None:
    with pytest.raises(ValueError, match=r"\[newsroom\]"):
        from_config({})
