"""What the push channel counts of itself."""

from prometheus_client import Counter, Gauge

from service.domain.device import Platform
from service.domain.outcome import Accepted, Outcome

SENT = Counter(
    "flashwire_push_sent_total", "Requests to providers by what they came to.", ["provider", "outcome", "cause"]
)
PLANNED = Counter("flashwire_push_planned_total", "Jobs planned by tier.", ["tier"])
PAUSED_SECONDS = Gauge(
    "flashwire_push_paused_seconds", "How long the provider is not spoken to any more.", ["provider"]
)


def count(platform: Platform, result: Outcome) -> None:
    """One request has come to this."""
    cause = "" if isinstance(result, Accepted) else result.cause
    SENT.labels(platform, type(result).__name__.lower(), cause).inc()
