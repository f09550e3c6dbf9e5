"""What every test gets: asyncio as the one event loop we run on; and a rule, no test of ours is ever skipped."""

from collections.abc import Generator
from typing import Any

import pytest


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
