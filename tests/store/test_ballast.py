"""Ballast on a real small disk: its bytes are taken, it goes when asked, and comes back only where there is room."""

import stat
from collections.abc import Iterator
from pathlib import Path

import pytest

from service.store.ballast import FILE_NAME, Ballast, free_bytes
from service.store.folder import DataFolder, FolderHeld
from tests.small_disk import fill, small_disk

MIB = 1_048_576


@pytest.fixture
def disk(tmp_path: Path) -> Iterator[Path]:
    with small_disk(tmp_path / "disk", "8m"):
        yield tmp_path / "disk"


def test_its_bytes_are_really_taken_and_nobody_else_reads_it(disk: Path) -> None:
    before = free_bytes(disk)
    assert Ballast(disk, 2 * MIB, MIB).keep()
    found = (disk / FILE_NAME).stat()
    assert (found.st_size, stat.S_IMODE(found.st_mode)) == (2 * MIB, 0o600)
    assert before - free_bytes(disk) >= 2 * MIB


def test_what_lies_there_is_not_put_down_again(disk: Path) -> None:
    ballast = Ballast(disk, 2 * MIB, MIB)
    ballast.keep()
    assert not ballast.keep()
    assert ballast.is_there


def test_given_up_on_a_full_disk_it_makes_room_and_stays_away_until_there_is_more(disk: Path) -> None:
    ballast = Ballast(disk, 2 * MIB, MIB)
    ballast.keep()
    fill(disk / "filling")
    assert free_bytes(disk) == 0
    assert ballast.give_up()
    assert free_bytes(disk) == 2 * MIB
    assert not ballast.keep()
    assert not ballast.give_up()
    (disk / "filling").unlink()
    assert ballast.keep()


@pytest.mark.parametrize("spare", [7 * MIB, 0], ids=["the spare room", "room for itself twice"])
def test_it_is_not_put_down_where_it_would_take_the_last_room(disk: Path, spare: int) -> None:
    ballast = Ballast(disk, 2 * MIB if spare else 5 * MIB, spare)
    assert not ballast.keep()
    assert not (disk / FILE_NAME).exists()


@pytest.mark.parametrize("size", [0, MIB])
def test_one_of_another_size_is_replaced_and_none_wanted_is_none(disk: Path, size: int) -> None:
    Ballast(disk, 2 * MIB, 0).keep()
    assert Ballast(disk, size, 0).keep() == bool(size)
    assert sum(file.stat().st_size for file in disk.iterdir()) == size


def test_what_a_crash_left_half_done_is_made_whole(disk: Path) -> None:
    (disk / FILE_NAME).write_bytes(b"half")
    assert Ballast(disk, 2 * MIB, 0).keep()
    assert (disk / FILE_NAME).stat().st_size == 2 * MIB


def test_a_folder_on_a_full_disk_can_be_held(disk: Path) -> None:
    fill(disk / "filling")
    folder = DataFolder.hold(disk, "a test")
    with pytest.raises(FolderHeld):
        DataFolder.hold(disk, "another test")
    folder.release()
