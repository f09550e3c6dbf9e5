"""What every test gets: asyncio as the one event loop we run on, and examples that are the same in every run; and a
rule, no test of ours is ever skipped.

The rule to remember: a run that passes passes again. Whoever looks for rare examples says
`--hypothesis-profile=search`, and turns what is found into an `@example`.
"""

from collections.abc import Generator, Iterator
from typing import Any

import pytest
import structlog
from hypothesis import HealthCheck, settings

# how long an example takes, or its making, says how busy the machine is, and nothing of a rule
UNTIMED: dict[str, Any] = {"deadline": None, "database": None, "suppress_health_check": [HealthCheck.too_slow]}
settings.register_profile("certain", derandomize=True, **UNTIMED)
settings.register_profile("search", derandomize=False, max_examples=5000, **UNTIMED)
settings.load_profile("certain")


@pytest.fixture(scope="session")
def anyio_backend() -> str:
    return "asyncio"


@pytest.fixture(scope="session", autouse=True)
def loggers_that_keep_nothing() -> Iterator[None]:
    """A test that sets up our logs decides nothing for those after it: no logger keeps what it has found set up."""
    configure = structlog.configure

    def without_keeping(**how: Any) -> None:
        configure(**(how | {"cache_logger_on_first_use": False}))

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(structlog, "configure", without_keeping)
        yield


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport() -> Generator[None, Any, Any]:
    """What a machine lacks is said by a failure: a skipped test would look like a promise that is kept."""
    report = yield
    if report.skipped:
        report.outcome = "failed"
        vars(report).pop("wasxfail", None)  # what is expected to fail is skipped in all but name
        report.longrepr = f"a skipped test proves nothing: {report.longrepr}"
    return report
