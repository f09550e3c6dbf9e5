"""The clock of a process: milliseconds since the Unix epoch, as every moment of ours is counted.

The rule to remember: rules never look at it. They are told the time, by whoever calls them.
"""

import time


def now_ms() -> int:
    """The wall clock."""
    return time.time_ns() // 1_000_000


_STARTED_MS = now_ms() - time.monotonic_ns() // 1_000_000


def steady_ms() -> int:
    """The wall clock as if nobody had set it since this process began: for waits, which no step may stretch."""
    return _STARTED_MS + time.monotonic_ns() // 1_000_000
