"""What each benchmark makes of its rounds: a planted miss is one, and a missing peer loses nobody the figure."""

import pytest

from benchmarks import fanout, history, metrics, path, storm
from benchmarks.figure import Figure
from benchmarks.rounds import Run

ALL_PEERS = ("ours", "sse", *fanout.PEERS)


def _runs(**cpu_us: float) -> dict[str, list[Run]]:
    even = {"p99_ms": 5.0, "srv_us_per_connect": 20.0, "pss_per_conn": 300.0, "slab_per_conn": 5000.0}
    return {name: [{**even, "cpu_us": cpu_us.get(name, 10.0)}] * 3 for name in ALL_PEERS}


def _missed(figures: list[Figure]) -> list[str]:
    return [figure.name for figure in figures if figure.missed]


def test_a_fan_out_that_costs_more_than_nchans_misses_that_goal_alone() -> None:
    assert _missed(fanout.figures(_runs(broadcast=20), {})) == []
    assert _missed(fanout.figures(_runs(broadcast=20, nchan=9), {})) == ["CPU per delivery ÷ nchan"]


def test_a_peer_that_is_not_here_is_named_and_its_figures_are_missed() -> None:
    runs = {name: found for name, found in _runs(broadcast=20).items() if name != "nchan"}
    figures = fanout.figures(runs, {"nchan": "nchan is not installed: apt-get install nginx"})
    assert _missed(figures) == ["CPU per delivery ÷ nchan", "handshake CPU ÷ nchan"]
    assert all("apt-get install" in figure.peer for figure in figures if figure.missed)


@pytest.mark.parametrize(
    ("commands", "missing", "back_s", "missed"),
    [(60, 0, 1.0, []), (10_060, 0, 1.0, [0]), (640, 0, 1.0, [0]), (60, 1, 1.0, [1]), (60, 0, 3.1, [2])],
)
def test_a_storm_that_asks_the_store_leaves_a_gap_or_takes_long(
    commands: int, missing: int, back_s: float, missed: list[int]
) -> None:
    result = {
        "storm_missing": missing,
        "misordered": 0,
        "dups": 0,
        "storm_back_s": back_s,
        "storm_us_per_connect": 50.0,
    }
    figures = storm.figures([(result, commands, 40)] * 3, 10_000)
    assert [place for place, figure in enumerate(figures) if figure.missed] == missed


def test_commands_are_those_of_the_storm_and_of_nothing_else() -> None:
    """One command a second, and a thousand of them 2.5 s before the end; the generator's last second is quiet."""
    samples = [(float(second), second + (1000 if second >= 98 else 0)) for second in range(101)]
    assert storm.commands(samples, 100.0, 2.0) == 1003
    assert storm.commands(samples[:98], 97.0, 2.0) == 3


def _rates(ours: float, busy: float = 0.5) -> dict[str, list[tuple[float, float]]]:
    return {
        "200": [(ours, busy)], "304": [(40_000, 0.5)], "peer 200": [(10_000, 0.5)], "peer 304": [(30_000, 0.5)],
    }  # fmt: skip


def test_a_history_below_its_peer_is_missed_and_a_busy_generator_measures_nothing() -> None:
    assert _missed(history.figures(_rates(15_000))) == []
    assert _missed(history.figures(_rates(14_900))) == [
        "GET ticker 200, requests/s ÷ a Starlette route with JSONResponse"
    ]
    with pytest.raises(RuntimeError, match="busy for 95%"):
        history.figures(_rates(15_000, 0.95))


H2LOAD = "finished in 2.00s, 61234.50 req/s, 80.5MB/s\nstatus codes: {} 2xx, {} 3xx, {} 4xx, 0 5xx\n"


def test_a_rate_counts_only_where_every_answer_is_the_one_asked_for() -> None:
    assert history.rate(H2LOAD.format(9, 0, 0), 200) == 61234.5
    assert history.rate(H2LOAD.format(0, 9, 0), 304) == 61234.5
    for counts in ((9, 1, 0), (9, 0, 1)):
        with pytest.raises(RuntimeError, match="not all answers were 200"):
            history.rate(H2LOAD.format(*counts), 200)
    with pytest.raises(RuntimeError, match="says no rate"):
        history.rate("connect failed", 200)


def test_a_slow_hundredth_is_seen() -> None:
    assert path.p99([1.0] * 980 + [50.0] * 20) == 50.0
    assert path.p99([1.0] * 1000) == 1.0


def test_a_metric_is_summed_over_its_labels() -> None:
    said = ["# HELP sockets open", 'sockets{edition="en"} 3.0', 'sockets{edition="ar"} 4.0', "sockets_max 9.0"]
    found = metrics.parse(said)
    assert (found["sockets"], found["sockets_max"], found["laggards"]) == (7.0, 9.0, 0.0)
