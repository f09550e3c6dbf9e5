"""A figure says whether its goal is reached; what was not measured has missed it."""

import pytest

from benchmarks.figure import Figure


@pytest.mark.parametrize(
    ("value", "must", "aim", "more", "verdict"),
    [
        (1.01, 1.0, 0.75, False, "MISSED"),
        (1.00, 1.0, 0.75, False, "ok"),
        (0.75, 1.0, 0.75, False, "aim"),
        (1.49, 1.5, 3.0, True, "MISSED"),
        (1.50, 1.5, 3.0, True, "ok"),
        (3.00, 1.5, 3.0, True, "aim"),
        (0.00, 0.0, 0.0, False, "aim"),
        (0.01, 0.0, 0.0, False, "MISSED"),
        (5.00, None, None, False, ""),
        (5.00, None, 1.0, False, ""),
        (0.90, None, 1.0, False, "aim"),
        (None, 1.0, None, False, "MISSED"),
        (None, None, None, False, "MISSED"),
    ],
)
def test_a_figure_beside_its_goal(
    value: float | None, must: float | None, aim: float | None, more: bool, verdict: str
) -> None:
    figure = Figure("a delivery", value, "µs", must, aim, more=more)
    assert figure.verdict == verdict
    assert figure.missed == (verdict == "MISSED")
    assert figure.as_json()["verdict"] == verdict


def test_a_figure_of_rounds_is_their_median_with_its_range() -> None:
    figure = Figure.of("a ratio", [3.0, 1.0, 2.0, 9.0, 2.5])
    assert (figure.value, figure.low, figure.high) == (2.5, 1.0, 9.0)
    assert "2.50 (1.00–9.00)" in str(figure)


def test_a_line_names_goal_verdict_and_what_is_missing() -> None:
    line = str(Figure("CPU ÷ nchan", None, "", 1.0, 0.75, "nchan is not installed: apt-get install nginx"))
    assert "not measured" in line
    assert "must ≤ 1, aim ≤ 0.75" in line
    assert "MISSED" in line
    assert line.endswith("apt-get install nginx")
