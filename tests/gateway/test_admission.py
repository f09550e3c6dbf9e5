"""Who may come in: caps in all and per address, told before the upgrade, and never for who is exempt."""

from typing import Any

import pytest

from service.domain.addresses import UNREADABLE, group_of
from service.store.embedded import EmbeddedStore
from tests.gateway.house import house as open_house
from tests.stores import until
from workers.gateway.admission import Admission, Shed, client_address

BEHIND_A_PROXY: dict[str, Any] = {"trusted_proxies": ("127.0.0.0/8",)}


def forwarded(address: str) -> dict[str, str]:
    return {"headers": f"X-Forwarded-For: {address}\r\n"}


@pytest.mark.parametrize(
    ("address", "group"),
    [
        ("11.22.33.44", "11.22.33.44"),
        ("::ffff:11.22.33.44", "11.22.33.44"),
        ("2a00:1450:4001:81b::2004", "2a00:1450:4001:81b::/64"),
        ("100.64.3.7", "100.64.3.7"),
        *(
            (exempt, None)
            for exempt in ("127.0.0.1", "::1", "10.1.2.3", "192.168.0.9", "172.20.0.2", "fe80::1", "fd00::1")
        ),
        *((unreadable, UNREADABLE) for unreadable in ("", "unknown", "11.22.33.44:5678", "_hidden")),
    ],
)
def test_what_an_address_is_counted_as(address: str, group: str | None) -> None:
    assert group_of(address) == group


@pytest.mark.parametrize(
    ("peer", "said", "trusted", "address"),
    [
        ("11.0.0.1", None, (), "11.0.0.1"),
        ("11.0.0.1", "12.0.0.1", (), "11.0.0.1"),
        ("11.0.0.1", "12.0.0.1", ("13.0.0.0/8",), "11.0.0.1"),
        ("11.0.0.1", "12.0.0.1", ("11.0.0.0/8",), "12.0.0.1"),
        ("11.0.0.1", "9.9.9.9, 12.0.0.1", ("11.0.0.1",), "12.0.0.1"),
        ("11.0.0.1", "9.9.9.9, 12.0.0.1 , 11.0.0.2", ("11.0.0.0/8",), "12.0.0.1"),
        ("11.0.0.1", "11.0.0.3, 11.0.0.2", ("11.0.0.0/8",), "11.0.0.1"),
        ("11.0.0.1", "2a00::1", ("11.0.0.1",), "2a00::1"),
        ("::1", "12.0.0.1", ("::1/128",), "12.0.0.1"),
        ("11.0.0.1", "12.0.0.1:4711, 11.0.0.2:80", ("11.0.0.0/8",), "12.0.0.1"),
        ("11.0.0.1", "[2a00::1]:4711", ("11.0.0.1",), "2a00::1"),
        ("11.0.0.1", "[2a00::1]", ("11.0.0.1",), "2a00::1"),
        ("11.0.0.1", "_hidden", ("11.0.0.1",), "_hidden"),
    ],
)
def test_an_address_is_believed_only_from_a_trusted_proxy(
    peer: str, said: str | None, trusted: tuple[str, ...], address: str
) -> None:
    assert client_address(peer, said, trusted) == address


def test_a_socket_that_leaves_makes_room() -> None:
    admission = Admission(3, 2, 100)
    groups = [admission.enter("11.0.0.1", 0.0), admission.enter("11.0.0.1", 0.0)]
    with pytest.raises(Shed) as shed:
        admission.enter("11.0.0.1", 0.0)
    assert shed.value.retry_after_s == 30
    admission.enter("127.0.0.1", 0.0)
    with pytest.raises(Shed):
        admission.enter("127.0.0.1", 0.0)  # all in all there are three
    for group in groups:
        admission.leave(group)
    assert admission.enter("11.0.0.1", 5.0) == "11.0.0.1"
    assert (admission.sockets, admission._by_address) == (2, {"11.0.0.1": 1})


def test_an_address_may_open_so_many_in_a_second_and_again_in_the_next() -> None:
    admission = Admission(1000, 1000, 3)
    for second in (0.0, 1.0, 7.5):
        for _ in range(3):
            admission.enter("2a00::1", second)
        with pytest.raises(Shed) as shed:
            admission.enter("2a00::2", second)  # the same /64
        assert shed.value.retry_after_s == 1
        admission.enter("2a00:0:0:1::1", second)
    assert admission.sockets == 12


async def test_an_address_has_its_cap_and_others_are_not_touched(server: EmbeddedStore) -> None:
    async with open_house(server, sockets_per_address_max=2, **BEHIND_A_PROXY) as house:
        first = await house.websocket(**forwarded("11.0.0.1"))
        await house.sse(**forwarded("11.0.0.1"))
        for upgrade in (True, False):
            refused = await house.refused("edition=en", upgrade, **forwarded("12.0.0.1, 11.0.0.1"))
            assert refused.status == 503
            assert b"Retry-After: 30" in refused.head
            assert b"Access-Control-Allow-Origin: *" in refused.head
            assert b'"status":503' in await refused.rest()
        for address in ("11.0.0.2", "10.0.0.1", "10.0.0.1", "10.0.0.1"):
            await house.websocket(**forwarded(address))
        for _ in range(3):
            await house.websocket()
        first.close()
        await until(lambda: house.readers_inside == 8)
        await house.websocket(**forwarded("11.0.0.1"))


async def test_a_proxy_is_trusted_where_every_interface_of_both_families_is_listened_on(server: EmbeddedStore) -> None:
    """On `::` the kernel calls 127.0.0.1 ::ffff:127.0.0.1, which is in no network of IPv4."""
    async with open_house(server, host="::", sockets_per_address_max=1, **BEHIND_A_PROXY) as house:
        await house.websocket(**forwarded("11.0.0.1"))
        assert (await house.refused("edition=en", True, **forwarded("11.0.0.1"))).status == 503
        await house.websocket(**forwarded("11.0.0.2"))


async def test_who_writes_a_word_for_his_address_is_counted_with_all_who_do(server: EmbeddedStore) -> None:
    async with open_house(server, sockets_per_address_max=2, **BEHIND_A_PROXY) as house:
        for word, upgrade in (("unknown", True), ("_hidden", False)):
            await house.refused("edition=en", upgrade, **forwarded(word))
        await house.settled(2)
        for upgrade in (True, False):
            assert (await house.refused("edition=en", upgrade, **forwarded("nobody"))).status == 503
        await house.websocket(**forwarded("11.0.0.1"))


async def test_the_cap_of_the_process_is_told_before_the_upgrade(server: EmbeddedStore) -> None:
    async with open_house(server, sockets_max=3) as house:
        inside = [await house.websocket() for _ in range(3)]
        refused = await house.refused("edition=en")
        assert refused.status == 503
        assert b"Retry-After: 5" in refused.head
        inside[0].close()
        await until(lambda: house.readers_inside == 2)
        await house.websocket()


async def test_refusals_of_every_kind_are_counted_out_again(server: EmbeddedStore) -> None:
    async with open_house(server, sockets_max=3) as house:
        for query in ("edition=xx", "limit=0", "edition=en&exercise=1"):
            for upgrade in (True, False):
                reader = await house.refused(query, upgrade)
                await reader.rest()
                reader.close()
        await house.settled(0)
        assert house.gateway._door._admission.sockets == 0
        assert (house.gateway._door._arriving, house.gateway._door._admitted) == ({}, set())
