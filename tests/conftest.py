"""What every test gets: asyncio as the one event loop we run on, and examples that are the same in every run; and a
rule, no test of ours is ever skipped.

The rule to remember: a run that passes passes again. Whoever looks for rare examples says
`--hypothesis-profile=search`, and turns what is found into an `@example`.
"""

from collections.abc import Generator
from typing import Any

import pytest
from hypothesis import HealthCheck, settings

# how long an example takes, or its making, says how busy the machine is, and nothing of a rule
UNTIMED: dict[str, Any] = {"deadline": None, "database": None, "suppress_health_check": [HealthCheck.too_slow]}
settings.register_profile("certain", derandomize=True, **UNTIMED)
settings.register_profile("search", derandomize=False, max_examples=5000, **UNTIMED)
settings.load_profile("certain")


@pytest.fixture(scope="session")
def anyio_backend() -> str:
    return "asyncio"


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport() -> Generator[None, Any, Any]:
    """What a machine lacks is said by a failure: a skipped test would look like a promise that is kept."""
    report = yield
    if report.skipped:
        report.outcome = "failed"
        vars(report).pop("wasxfail", None)  # what is expected to fail is skipped in all but name
        report.longrepr = f"a skipped test proves nothing: {report.longrepr}"
    return report
