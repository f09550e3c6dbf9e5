"""What `flashwire doctor` says of the kernel: each setting that we lean on, and what it should be."""

import os
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from config.settings import load
from service import kernel
from service.doctor import examine
from service.findings import Finding
from service.kernel import StoreHere
from service.store.embedded import EmbeddedStore
from tests.stores import running_in

SMALL = StoreHere(0.1, True)


@pytest.fixture
def store(tmp_path: Path) -> Iterator[EmbeddedStore]:
    with running_in(tmp_path / "data") as made:
        yield made


async def found(store: EmbeddedStore, redis_url: str) -> dict[str, Finding]:
    environ = {name: value for name, value in os.environ.items() if not name.startswith("FLASHWIRE_")}
    settings = replace(load(environ), redis_url=redis_url, data_dir=store.data_dir)
    return {finding.check: finding for finding in await examine(settings, offline=True)}


async def test_what_this_machine_says_of_itself_is_what_is_told(store: EmbeddedStore) -> None:
    told = await found(store, store.url)
    somaxconn = int(Path("/proc/sys/net/core/somaxconn").read_text())
    assert told["backlog"] == kernel.backlog(somaxconn)
    mode = Path("/proc/sys/vm/overcommit_memory").read_text().strip()
    assert told["overcommit"].says.startswith(f"vm.overcommit_memory is {mode}, the store has 0% of")
    assert all(finding.remedy for finding in told.values() if finding.state == "warning")


async def test_of_a_store_elsewhere_this_machines_kernel_says_nothing(store: EmbeddedStore) -> None:
    told = await found(store, "redis://203.0.113.1:1")
    assert "backlog" in told
    assert {"overcommit", "hugepages"}.isdisjoint(told)


@pytest.mark.parametrize(
    ("url", "here"),
    [
        (None, True), ("unix:///run/store.sock", True), ("redis://localhost:6379/0", True),
        ("redis://127.0.0.1:6379", True), ("rediss://[::1]:6379", True), ("redis://:word@127.0.0.1:6379", True),
        ("redis://valkey:6379/0", False), ("rediss://10.0.0.7:6379", False), ("redis+sentinel://a,b,c/name", False),
    ],
)  # fmt: skip
def test_whether_the_store_is_here_is_told_by_its_address(url: str | None, here: bool) -> None:
    assert kernel.is_here(url) is here


@pytest.mark.parametrize(("most", "state"), [(128, "warning"), (4095, "warning"), (4096, "ok"), (65535, "ok")])
def test_a_queue_shorter_than_gateways_ask_for_is_warned_of(most: int, state: str) -> None:
    told = kernel.backlog(most)
    assert told is not None
    assert told.state == state
    assert (told.remedy is not None) == (state == "warning")
    assert f"{min(most, 4096):,} connections" in told.says


@pytest.mark.parametrize(
    ("mode", "share", "state"),
    [(1, 0.9, "ok"), (0, 0.1, "ok"), (0, 0.5, "warning"), (2, 0.01, "warning")],
)
def test_a_store_that_may_not_fork_is_warned_of(mode: int, share: float, state: str) -> None:
    told = kernel.overcommit(mode, StoreHere(share, True))
    assert told is not None
    assert told.state == state


@pytest.mark.parametrize(
    ("chosen", "avoids", "state"),
    [("madvise", False, "ok"), ("never", None, "ok"), ("always", True, "ok"), ("always", False, "warning"),
     ("always", None, "warning")],
)  # fmt: skip
def test_huge_pages_are_warned_of_where_the_store_uses_them(chosen: str, avoids: bool | None, state: str) -> None:
    told = kernel.huge_pages(chosen, StoreHere(0.1, avoids))
    assert told is not None
    assert told.state == state


def test_a_system_that_does_not_say_is_passed_over() -> None:
    assert kernel.backlog(None) is None
    assert kernel.overcommit(None, SMALL) is None
    assert kernel.huge_pages(None, SMALL) is None
