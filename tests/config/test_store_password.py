"""The store's password comes out of a file, and goes where it belongs alone."""

from pathlib import Path
from typing import Any, cast

import pytest

from config import store_password
from config.settings import SettingsError, load, to_environ
from service.store.connection import for_commands
from service.store.embedded import EmbeddedStore
from tests.stores import server
from workers import arq_ground

__all__ = ["server"]

WORD = "a word/with@odd: characters%20"


@pytest.mark.parametrize(
    ("url", "expected"),
    [
        ("redis://store:6379/0", "redis://:w%2Fd@store:6379/0"),
        ("redis://api@store:6379/0", "redis://api:w%2Fd@store:6379/0"),
        ("rediss://store", "rediss://:w%2Fd@store"),
        ("redis://[::1]:6379", "redis://:w%2Fd@[::1]:6379"),
        ("unix:///run/store.sock", "unix://:w%2Fd@/run/store.sock"),
        ("redis+sentinel://a:1,b,c/name", "redis+sentinel://:w%2Fd@a:1,b,c/name"),
        ("redis://:own@store:6379", "redis://:own@store:6379"),
        ("redis://api:own@store:6379", "redis://api:own@store:6379"),
    ],
)
def test_an_address_without_a_password_gets_it_and_one_that_has_its_own_keeps_it(url: str, expected: str) -> None:
    assert store_password.put_into(url, "w/d") == expected


def test_it_stands_in_every_address_of_a_store_and_survives_the_way_to_a_child(tmp_path: Path) -> None:
    path = tmp_path / "word"
    path.write_text("open sesame\n")
    loaded = load(
        {
            "FLASHWIRE_STORE_PASSWORD_FILE": str(path), "FLASHWIRE_REDIS_URL": "redis://a",
            "FLASHWIRE_QUEUE_URL": "redis://:other@q",
        }
    )  # fmt: skip
    assert (loaded.redis_url, loaded.tail_url) == ("redis://:open%20sesame@a",) * 2
    assert loaded.queue_url == "redis://:other@q"
    assert load(to_environ(loaded)) == loaded


@pytest.mark.parametrize("content", [None, b"", b"\n", b"two\nlines", b"\xff\xfe", b"x" * 2000, b"a\0b"])
def test_a_file_that_gives_no_password_stops_the_start_and_is_not_repeated(
    tmp_path: Path, content: bytes | None
) -> None:
    path = tmp_path / "word"
    if content is not None:
        path.write_bytes(content)
    with pytest.raises(SettingsError, match=r"^FLASHWIRE_STORE_PASSWORD_FILE='.*word': (cannot|must)") as caught:
        load({"FLASHWIRE_STORE_PASSWORD_FILE": str(path)})
    assert "two" not in str(caught.value)
    assert "\n" not in str(caught.value)


async def test_a_store_that_asks_for_it_lets_commands_and_queues_in(server: EmbeddedStore, tmp_path: Path) -> None:
    path = tmp_path / "word"
    path.write_text(WORD)
    before = for_commands(server.url, 1.0)
    await cast(Any, before).config_set("requirepass", WORD)
    await before.aclose()
    url = load({"FLASHWIRE_REDIS_URL": server.url, "FLASHWIRE_STORE_PASSWORD_FILE": str(path)}).redis_url
    assert url is not None
    store = for_commands(url, 1.0)
    assert await store.ping()
    await store.aclose()
    pool = await arq_ground.connect(url)
    assert await pool.ping()
    await pool.aclose()
