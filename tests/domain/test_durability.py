"""What a store gives is judged from what it says; every refusal says what to do."""

from collections.abc import Mapping

import pytest
from hypothesis import given
from hypothesis import strategies as st

from service.domain.durability import WANTED, Demand, Durability, Gives, judge

SAFE = dict(WANTED)
DEMANDS: tuple[Demand, ...] = ("fsync", "replica", "relaxed")


def judged(
    demand: Demand = "fsync",
    config: Mapping[str, str] | None = SAFE,
    persistence: Mapping[str, str] | None = None,
    replicas: int = 0,
    replicas_min: int = 1,
) -> Durability:
    return judge(config, persistence or {}, replicas, replicas_min, demand)


@pytest.mark.parametrize(
    ("changes", "gives"),
    [
        ({}, "fsync"),
        ({"appendonly": "no"}, "none"),
        ({"appendfsync": "everysec"}, "<= 1 s"),
        ({"appendfsync": "no"}, "none"),
        ({"maxmemory-policy": "allkeys-lru"}, "fsync"),
    ],
)
def test_the_store_gives_what_it_says(changes: dict[str, str], gives: Gives) -> None:
    judgement = judged(config=SAFE | changes)
    assert judgement.gives == gives
    assert judgement.enough == (changes == {})
    assert [name for name in changes if f"{name} {WANTED[name]}" not in str(judgement.remedy)] == []


def test_a_store_that_does_not_sync_while_it_rewrites_its_file_is_not_enough() -> None:
    judgement = judged(config=SAFE | {"no-appendfsync-on-rewrite": "yes"})
    assert judgement.gives != "fsync"
    assert judgement == Durability("none", False, "set in the store: no-appendfsync-on-rewrite no")


def test_what_may_not_be_read_is_unknown_and_less_than_fsync() -> None:
    judgement = judged(config=None)
    assert (judgement.gives, judgement.enough) == ("unknown", False)
    assert "FLASHWIRE_DURABILITY" in str(judgement.remedy)


@pytest.mark.parametrize("lost", ["appendonly", "appendfsync"])
def test_a_setting_that_the_store_leaves_out_is_unknown(lost: str) -> None:
    judgement = judged(config={name: value for name, value in SAFE.items() if name != lost})
    assert (judgement.gives, judgement.enough) == ("unknown", False)


def test_a_file_that_is_off_gives_nothing_whatever_the_settings_say() -> None:
    judgement = judged(persistence={"aof_enabled": "0"})
    assert (judgement.gives, judgement.enough) == ("none", False)
    assert "append-only file" in str(judgement.remedy)


@pytest.mark.parametrize("demand", ["fsync", "replica"])
def test_a_disk_that_fails_is_never_enough(demand: Demand) -> None:
    judgement = judged(demand, persistence={"aof_last_write_status": "err"}, replicas=5)
    assert not judgement.enough
    assert "disk" in str(judgement.remedy)


@pytest.mark.parametrize("demand", ["fsync", "replica"])
def test_a_store_that_may_evict_the_wire_is_never_enough(demand: Demand) -> None:
    judgement = judged(demand, SAFE | {"maxmemory-policy": "allkeys-lru"}, replicas=5)
    assert not judgement.enough
    assert "noeviction" in str(judgement.remedy)


@pytest.mark.parametrize(("replicas", "wanted", "enough"), [(0, 1, False), (1, 1, True), (1, 2, False), (3, 2, True)])
@pytest.mark.parametrize("config", [SAFE, SAFE | {"appendfsync": "no"}, None])
def test_replicas_are_counted_where_they_are_what_is_demanded(
    replicas: int, wanted: int, enough: bool, config: dict[str, str] | None
) -> None:
    judgement = judged("replica", config, replicas=replicas, replicas_min=wanted)
    assert judgement.enough == enough
    assert (judgement.remedy is None) == enough


values = st.sampled_from(["yes", "no", "always", "everysec", "noeviction", "allkeys-lru", "0", "1", "ok", "err", ""])
configs = st.none() | st.dictionaries(st.sampled_from([*WANTED, "save"]), values)
infos = st.dictionaries(st.sampled_from(["aof_enabled", "aof_last_write_status", "loading"]), values)


@given(configs, infos, st.integers(0, 3), st.integers(0, 3), st.sampled_from(DEMANDS))
def test_every_refusal_says_what_to_do_and_relaxed_refuses_nothing(
    config: dict[str, str] | None, persistence: dict[str, str], replicas: int, replicas_min: int, demand: Demand
) -> None:
    judgement = judge(config, persistence, replicas, replicas_min, demand)
    assert judgement.enough == (judgement.remedy is None)
    assert judgement.enough or demand != "relaxed"
    assert judgement.enough or not str(judgement.remedy).endswith(": ")
    if judgement.enough and demand == "fsync":
        assert judgement.gives == "fsync"


@given(configs, infos)
def test_fsync_is_claimed_only_where_each_write_is_synced(
    config: dict[str, str] | None, persistence: dict[str, str]
) -> None:
    if judge(config, persistence, 0, 0, "relaxed").gives == "fsync":
        assert config is not None
        assert (config["appendonly"], config["appendfsync"]) == ("yes", "always")
        assert config.get("no-appendfsync-on-rewrite", "no") == "no"
