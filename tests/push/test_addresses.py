"""Where a Web Push may go: strangers' endpoints, names that change what they mean, and a listener nobody may reach."""

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass, field

import pytest
from cryptography.hazmat.primitives.asymmetric import ec

from service.domain.device import Device, Preferences, Subscription
from service.domain.outcome import NotSent
from service.domain.payloads.notification import Message
from tests.push.certificates import Certificates
from tests.push.credentials import point
from tests.push.endpoints import HOSTILE, listening
from tests.push.h2_server import Act, Answer, Request, serving
from workers.push import http
from workers.push.addresses import LOOK_AGAIN_S, ORIGINS_MAX, TRUST_S, Addresses
from workers.push.http import Http, Window
from workers.push.providers.webpush import WebPush
from workers.push.tokens import Vapid

ALLOWED = ("push.example.test", "fcm.googleapis.com")
PUBLIC = "8.8.8.8"


@dataclass
class Names:
    """A resolver that says what a test wants; `asked` is what it was asked."""

    answers: list[list[str]] = field(default_factory=list)
    asked: list[str] = field(default_factory=list)

    async def __call__(self, host: str, port: int) -> Sequence[str]:
        self.asked.append(host)
        if not self.answers:
            raise OSError("no such name")
        return self.answers.pop(0) if len(self.answers) > 1 else self.answers[0]


@dataclass
class Opened:
    """Notes which addresses were opened, and opens clients that connect to them."""

    trusted: Certificates
    addresses: list[tuple[str, str, int]] = field(default_factory=list)

    def __call__(self, address: tuple[str, str, int]) -> Http:
        self.addresses.append(address)
        return Http(1.0, self.trusted.authorities(), address=address)


async def reach(addresses: Addresses, endpoint: str) -> Http | NotSent:
    """With time enough."""
    return await addresses.reach(endpoint, asyncio.get_running_loop().time() + 5)


MESSAGE = Message((("ttl", "60"),), b"plain text")


def sender(addresses: Addresses) -> WebPush:
    key = ec.generate_private_key(ec.SECP256R1())
    return WebPush(lambda: Vapid(key, "mailto:push@flashwire.example"), addresses, Window(10, 1.0))


def device(subscription: Subscription) -> Device:
    wants = Preferences(editions=("en",))
    return Device(number=1, platform="webpush", token="", subscription=subscription, preferences=wants, registered_ms=1)


async def test_sixty_hostile_endpoints_reach_nobody(trusted: Certificates) -> None:
    """Sent to in earnest, with a resolver that says loopback to whatever it is asked."""
    assert len(set(HOSTILE)) >= 60
    browser = ec.generate_private_key(ec.SECP256R1()).public_key()
    async with listening() as sentinel:
        opened = Opened(trusted)
        webpush = sender(Addresses(ALLOWED, opened, 1.0, Names([["127.0.0.1"]])))
        for endpoint in HOSTILE:
            hostile = endpoint.replace("{port}", str(sentinel.port))
            sent = await webpush.send(device(Subscription(hostile, point(browser), b"s" * 16)), MESSAGE)
            assert isinstance(sent, NotSent), endpoint
            assert sent.for_good, endpoint
        assert opened.addresses == []
        await webpush.close()
        assert sentinel.connections == 0


async def test_without_the_checks_the_sentinel_would_be_reached(trusted: Certificates) -> None:
    """The proof that the proof can fail: the same sender, told that the very place is allowed."""
    browser = ec.generate_private_key(ec.SECP256R1()).public_key()
    async with listening() as sentinel:
        named = f"localhost:{sentinel.port}"
        webpush = sender(Addresses((named,), Opened(trusted), 1.0, Names([["127.0.0.1"]])))
        await webpush.send(device(Subscription(f"https://{named}/x", point(browser), b"s" * 16)), MESSAGE)
        await webpush.close()
        assert sentinel.connections > 0


@pytest.mark.parametrize(
    "inside",
    ["127.0.0.1", "::1", "10.1.2.3", "169.254.169.254", "::ffff:127.0.0.1", "fd00:ec2::254", "fe80::1%lo", "0.0.0.0"],
)
async def test_a_listed_name_that_leads_inside_is_not_followed(trusted: Certificates, inside: str) -> None:
    for answer in ([inside], [PUBLIC, inside], [inside, PUBLIC]):
        opened = Opened(trusted)
        addresses = Addresses(ALLOWED, opened, 1.0, Names([answer]))
        found = await reach(addresses, "https://push.example.test/x")
        assert found == NotSent("the push service's name points to an address that is not public", for_good=True)
        assert opened.addresses == []
        await addresses.close()


async def test_a_name_that_turns_to_loopback_after_it_was_checked_reaches_nobody(trusted: Certificates) -> None:
    """Whether it turns between check and connection, or later: the sentinel stays alone."""
    async with listening() as sentinel:
        now_s = [0.0]
        names, opened = Names([[PUBLIC], ["127.0.0.1"]]), Opened(trusted)
        addresses = Addresses(("push.example.test",), opened, 1.0, names, lambda: now_s[0])
        first = await reach(addresses, "https://push.example.test/x")
        assert isinstance(first, Http)
        assert opened.addresses == [("push.example.test", PUBLIC, 443)]
        assert await reach(addresses, "https://push.example.test/y") is first
        now_s[0] += TRUST_S
        assert isinstance(await reach(addresses, "https://push.example.test/x"), NotSent)
        assert len(opened.addresses) == 1
        assert sentinel.connections == 0
        await addresses.close()


async def test_the_client_never_looks_a_name_up_by_itself(trusted: Certificates) -> None:
    """Every resolver knows `localhost`; this client is told that it lies where nobody listens, and goes there."""
    async with listening("127.0.0.1") as sentinel:
        for pinned, reached in (("127.0.0.9", 0), ("127.0.0.1", 1)):
            ours = Http(0.5, trusted.authorities(), address=("localhost", pinned, sentinel.port))
            assert isinstance(await ours.post(f"https://localhost:{sentinel.port}/", (), b""), NotSent)
            await ours.close()
            assert (sentinel.connections > 0) == bool(reached)


async def test_a_host_that_an_operator_named_may_lie_inside_and_is_spoken_to(trusted: Certificates) -> None:
    async def decide(_: Request) -> Act:
        return Answer(201)

    async with serving(trusted, decide) as server:
        named, opened = f"push.example.test:{server.port}", Opened(trusted)
        addresses = Addresses((named,), opened, 1.0, Names([["127.0.0.1"]]))
        found = await reach(addresses, f"https://{named}/x")
        assert isinstance(found, Http)
        assert await found.post(f"https://{named}/x", (), b"") == http.Answer(201, b"")
        assert isinstance(await reach(addresses, "https://push.example.test/x"), NotSent)  # another port is another
        await addresses.close()


async def test_a_connection_is_kept_where_its_address_still_is_the_names(trusted: Certificates) -> None:
    now_s = [0.0]
    names, opened = Names([[PUBLIC], ["8.8.4.4", PUBLIC], ["8.8.4.4"]]), Opened(trusted)
    addresses = Addresses(ALLOWED, opened, 0.01, names, lambda: now_s[0])
    found = [await reach(addresses, "https://push.example.test/x")]
    for _ in range(2):
        now_s[0] += TRUST_S
        found.append(await reach(addresses, "https://push.example.test/x"))
    assert found[0] is found[1]
    assert found[1] is not found[2]
    assert [address for _, address, _ in opened.addresses] == [PUBLIC, "8.8.4.4"]
    await addresses.close()


async def test_an_address_that_does_not_answer_makes_room_for_the_names_next(trusted: Certificates) -> None:
    now_s = [0.0]
    names, opened = Names([["8.8.8.8", "8.8.4.4"]]), Opened(trusted)
    addresses = Addresses(ALLOWED, opened, 0.01, names, lambda: now_s[0])
    for _ in range(3):
        ours = await reach(addresses, "https://push.example.test/x")
        assert isinstance(ours, Http)
        for _ in range(10):
            addresses.failed(ours)
        assert await reach(addresses, "https://push.example.test/x") is ours
        now_s[0] += LOOK_AGAIN_S
    assert [address for _, address, _ in opened.addresses] == ["8.8.8.8", "8.8.4.4", "8.8.8.8"]
    assert len(names.asked) == 3
    await addresses.close()


async def test_a_hundred_messages_at_once_look_a_name_up_once(trusted: Certificates) -> None:
    names, opened = Names([[PUBLIC]]), Opened(trusted)
    addresses = Addresses(ALLOWED, opened, 1.0, names)
    found = await asyncio.gather(*(reach(addresses, "https://push.example.test/x") for _ in range(100)))
    assert len(set(map(id, found))) == 1
    assert names.asked == ["push.example.test"]
    await addresses.close()


async def test_a_name_that_cannot_be_looked_up_is_not_asked_for_at_every_message(trusted: Certificates) -> None:
    names, opened = Names(), Opened(trusted)
    addresses = Addresses(ALLOWED, opened, 1.0, names)
    for _ in range(3):
        found = await reach(addresses, "https://push.example.test/x")
        assert found == NotSent("the push service's name cannot be looked up")
    assert names.asked == ["push.example.test"]
    await addresses.close()


async def test_a_resolver_that_is_away_for_a_while_changes_nothing(trusted: Certificates) -> None:
    now_s = [0.0]
    names, opened = Names([[PUBLIC]]), Opened(trusted)
    addresses = Addresses(ALLOWED, opened, 1.0, names, lambda: now_s[0])
    first = await reach(addresses, "https://push.example.test/x")
    names.answers.clear()
    now_s[0] += TRUST_S
    assert await reach(addresses, "https://push.example.test/x") is first
    names.answers.append(["127.0.0.1"])
    now_s[0] += LOOK_AGAIN_S
    assert isinstance(await reach(addresses, "https://push.example.test/x"), NotSent)
    await addresses.close()


async def test_a_resolver_that_hangs_is_not_waited_for(trusted: Certificates) -> None:
    async def hang(_host: str, _port: int) -> Sequence[str]:
        await asyncio.Event().wait()
        raise AssertionError

    addresses = Addresses(ALLOWED, Opened(trusted), 0.05, hang)
    assert isinstance(await reach(addresses, "https://push.example.test/x"), NotSent)
    await addresses.close()


async def test_many_invented_hosts_of_a_listed_service_do_not_pile_up(trusted: Certificates) -> None:
    opened = Opened(trusted)
    addresses = Addresses(ALLOWED, opened, 0.01, Names([[PUBLIC]]))
    for number in range(ORIGINS_MAX + 20):
        await reach(addresses, f"https://h{number}.push.example.test/x")
    assert len(vars(addresses)["_places"]) == ORIGINS_MAX
    await addresses.close()
