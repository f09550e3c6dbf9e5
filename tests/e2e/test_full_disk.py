"""The disk of a whole `flashwire up` is full: the ballast goes, editors go on, and it comes back when there is room."""

import urllib.error
from pathlib import Path

from service.store import ballast
from tests.processes import System, until
from tests.small_disk import fill, small_disk

MIB = 1_048_576
SETTINGS = {"ballast_bytes": 4 * MIB, "disk_free_min_bytes": MIB}


def posted(system: System, headline: str) -> bool:
    """Whether it was taken; a store that cannot write takes nothing."""
    try:
        system.post(headline)
    except urllib.error.HTTPError as refused:
        refused.close()
        return False
    return True


def headlines(system: System) -> list[str]:
    return [alert["headline"] for alert in system.ask("/v1/editions/en/ticker?limit=100")["alerts"]]


def test_editors_go_on_with_the_room_of_the_ballast(tmp_path: Path) -> None:
    data = tmp_path / "data"
    with small_disk(data, "24m"), System(tmp_path, **SETTINGS) as system:
        lies = data / ballast.FILE_NAME
        assert lies.stat().st_size == 4 * MIB
        fill(data / "filling")
        told: list[str] = []

        def post_until_it_goes() -> bool:
            headline = f"Ferry {len(told)} sails"
            if posted(system, headline):
                told.append(headline)
            return not lies.exists()

        until(post_until_it_goes, "the store cannot write and is given the ballast's room")
        until(lambda: posted(system, "All ferries sail"), "posts are taken while the disk is as full as before")
        until(lambda: "the ballast is given up" in system.log(), "it is told")
        assert "flashwire doctor" in system.log()
        (data / "filling").unlink()
        until(lies.exists, "the ballast is put back")
        assert set(headlines(system)) >= {"All ferries sail", *told[-50:]}


def test_it_starts_on_a_disk_that_was_filled_while_it_was_down(tmp_path: Path) -> None:
    data = tmp_path / "data"
    with small_disk(data, "24m"):
        with System(tmp_path, **SETTINGS) as system:
            system.post("Buses run late")
        fill(data / "filling")
        with System(tmp_path, **SETTINGS) as system:
            assert "the ballast is given up" in system.log()
            system.post("Buses run on time")
            assert headlines(system) == ["Buses run on time", "Buses run late"]
