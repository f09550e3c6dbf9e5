"""The pages that list settings and metrics are true, and metrics are named as the field names them."""

import re

from tests.documented import METRICS, PROCESSES, ROOT, SETTINGS, metrics, metrics_page, registered, settings_page

AGAIN = "write it again: python -m tests.documented"
COUNTS = re.compile(r"= (?:Counter|Gauge|Histogram|Summary)\(\s*\"flashwire_")


def test_the_page_of_settings_is_what_the_program_reads() -> None:
    assert SETTINGS.read_text(encoding="utf-8") == settings_page(), AGAIN


def test_the_page_of_metrics_is_what_the_processes_show() -> None:
    assert METRICS.read_text(encoding="utf-8") == metrics_page(), AGAIN
    assert {name for name, *_ in metrics()} == registered()


def test_no_module_counts_beside_the_page() -> None:
    counting = {
        ".".join(path.relative_to(ROOT).with_suffix("").parts)
        for top in ("service", "workers")
        for path in (ROOT / top).rglob("*.py")
        if COUNTS.search(path.read_text(encoding="utf-8"))
    }
    assert counting == set(PROCESSES)


def test_only_counters_are_named_total_and_times_are_in_seconds() -> None:
    for name, kind, _, _, said in metrics():
        assert name.endswith("_total") == (kind == "counter"), name
        assert not re.search(r"_(ms|milliseconds|minutes|kb|mb|percent)(_|$)", name), name
        assert kind != "histogram" or name.endswith(("_seconds", "_bytes")), name
        assert said, f"{name} says what it is"


def test_the_manual_names_no_metric_that_nobody_shows() -> None:
    manual = (ROOT / "docs" / "operations.md").read_text(encoding="utf-8")
    assert set(re.findall(r"flashwire_[a-z0-9_]+", manual)) <= registered()
