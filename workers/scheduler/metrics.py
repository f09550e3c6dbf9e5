"""What the scheduler counts of itself."""

from prometheus_client import Counter, Histogram

RELEASED = Counter("flashwire_released_total", "Embargoed alerts that were published at their moment.")
RELEASED_LATE_SECONDS = Histogram(
    "flashwire_released_late_seconds", "How late embargoed alerts were published.",
    buckets=(0.05, 0.1, 0.25, 0.5, 1, 2, 5, 10, 60, 600, 3600),
)  # fmt: skip
EXPIRED = Counter("flashwire_expired_total", "Alerts that were ended because their time was over.")
