"""What the store refuses for lack of a right is an error that names cause and remedy, wherever it comes up."""

from collections.abc import AsyncIterator, Iterator

import pytest
from redis.exceptions import AuthenticationError, NoPermissionError
from structlog.testing import capture_logs

from config.settings import STORE_USERS
from service.domain.errors import StoreUnavailable
from service.store import durability, keys, lineage, pending, refusals, users
from service.store.connection import Store, for_commands, reaching_store
from service.store.embedded import EmbeddedStore
from tests.entries import EN
from tests.stores import running_in
from workers import arq_ground


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[EmbeddedStore]:
    with running_in(tmp_path_factory.mktemp("refusals") / "data", users=STORE_USERS) as server:
        yield server


@pytest.fixture
async def gateway(server: EmbeddedStore) -> AsyncIterator[Store]:
    """The store as a gateway sees it."""
    store = for_commands(users.named(server.url, "gateway"), 1.0)
    yield store
    await store.aclose()


async def test_a_right_that_is_missing_is_an_error_with_its_remedy(gateway: Store) -> None:
    with capture_logs() as told, pytest.raises(StoreUnavailable, match=r"config/store-users\.acl"):
        await pending.read(gateway, "A")
    assert [(line["log_level"], line["remedy"]) for line in told] == [("error", refusals.RIGHTS)]
    assert "No permissions to access a key" in told[0]["why"]


async def test_a_right_that_is_missing_in_the_middle_of_a_script_is_one_too(gateway: Store) -> None:
    with capture_logs() as told, pytest.raises(StoreUnavailable, match="doctor"):
        await lineage.change_epoch(gateway, EN, None, "e1")
    assert [(line["log_level"], line["remedy"]) for line in told] == [("error", refusals.RIGHTS)]


async def test_a_right_that_is_missing_in_a_transaction_is_one_too(gateway: Store) -> None:
    async with gateway.pipeline(transaction=True) as pipe:
        pipe.get(keys.KEYS_VERSION)
        pipe.set(keys.KEYS_VERSION, "v")
        with pytest.raises(NoPermissionError, match=r"config/store-users\.acl"):
            await pipe.execute()


async def test_a_loop_that_is_refused_again_and_again_does_not_fill_the_log(gateway: Store) -> None:
    with capture_logs() as told:
        for _ in range(20):
            with pytest.raises(NoPermissionError):
                await gateway.lrange("audit:B", 0, -1)
    assert len(told) <= 1


@pytest.mark.parametrize("who", ["", "nobody:guess@"])
async def test_who_is_not_let_in_is_told_what_to_mend(server: EmbeddedStore, who: str) -> None:
    store = for_commands(server.url.replace("://", f"://{who}"), 1.0)
    with pytest.raises(StoreUnavailable, match="FLASHWIRE_STORE_PASSWORD_FILE"):
        async with reaching_store():
            await store.ping()
    await store.aclose()


async def test_what_a_caller_can_do_without_is_no_error(gateway: Store) -> None:
    with capture_logs() as told, pytest.raises(NoPermissionError):
        await gateway.config_get("appendfsync")
    assert told == []


@pytest.mark.parametrize("user", ["api", "scheduler", "operator"])
async def test_whoever_answers_for_durability_may_ask_for_it(server: EmbeddedStore, user: users.User) -> None:
    store = for_commands(users.named(server.url, user), 1.0)
    assert (await durability.read(store, "fsync", 0)).enough
    await store.aclose()


async def test_queues_that_are_refused_say_why_as_well(server: EmbeddedStore) -> None:
    pool = await arq_ground.connect(users.named(server.url, "scheduler"))
    with pytest.raises(NoPermissionError) as caught:
        await pool.zadd("push:apns:flash", {"A:1:apns:0": 1})
    await pool.aclose()
    assert "config/store-users.acl" in refusals.why(caught.value)
    assert "FLASHWIRE_STORE_PASSWORD_FILE" in refusals.why(AuthenticationError("invalid"))
    assert refusals.why(TimeoutError()) == "TimeoutError"
