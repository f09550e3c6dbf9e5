"""What an alert is and has been, read back."""

from service.store import history, keys
from service.store.connection import Store
from tests.entries import EN, alert, append, killed


async def test_what_was_never_published_is_not_there(store: Store) -> None:
    assert await history.read(store, "0" * 26) is None
    assert await history.read_versions(store, "0" * 26) == ()
    assert await history.load(store, EN, 10) == []


async def test_the_record_keeps_what_readers_no_longer_see(store: Store) -> None:
    made = alert("Snow falls")
    await append(store, made)
    await append(store, killed(made))
    stored = await history.read(store, made.id)
    assert stored is not None
    assert stored.record.alert.pub_status == "canceled"
    assert b"Snow falls" not in stored.encoded
    assert [record.alert.headline for record in await history.read_versions(store, made.id)] == ["Snow falls", None]


async def test_the_newest_are_loaded_newest_first(store: Store) -> None:
    made = [alert(f"Train {number}") for number in range(5)]
    for one in made:
        await append(store, one)
    loaded = await history.load(store, EN, 3)
    assert [placed.alert for placed in loaded] == made[:1:-1]
    assert [placed.first_offset for placed in loaded] == [5, 4, 3]


async def test_an_alert_that_has_expired_from_the_store_is_passed_over(store: Store) -> None:
    gone, kept = alert(), alert()
    await append(store, gone)
    await append(store, kept)
    async with store.pipeline(transaction=False) as pipe:
        pipe.delete(keys.alert(gone.id))
        await pipe.execute()
    assert [placed.alert for placed in await history.load(store, EN, 10)] == [kept]


async def test_an_alert_that_cannot_be_read_is_passed_over(store: Store) -> None:
    broken, kept = alert(), alert()
    await append(store, broken)
    await append(store, kept)
    async with store.pipeline(transaction=False) as pipe:
        pipe.hset(keys.alert(broken.id), "alert", b"\xff{")
        await pipe.execute()
    assert [placed.alert for placed in await history.load(store, EN, 10)] == [kept]
