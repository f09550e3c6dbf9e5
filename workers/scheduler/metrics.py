"""What the scheduler counts of itself."""

from prometheus_client import Counter, Gauge

RELEASED = Counter("flashwire_released_total", "Embargoed alerts that were published at their moment.")
RELEASED_LATE_SECONDS = Gauge("flashwire_released_late_seconds", "How late the newest embargoed alert was published.")
EXPIRED = Counter("flashwire_expired_total", "Alerts that were ended because their time was over.")
