"""How much is kept of everything that a script writes: the settings of the same names."""

from config.settings import Settings
from service.store.calls import Bounds


def of(settings: Settings) -> Bounds:
    """How much is kept, from the settings of the same names."""
    return Bounds(
        wire_max_revisions=settings.wire_max_revisions, history_max_alerts=settings.history_max_alerts,
        history_days=settings.history_days, idempotency_ttl_s=settings.idempotency_ttl_s,
        idempotency_max_per_key=settings.idempotency_max_per_key, audit_max_entries=settings.audit_max_entries,
        pending_days=settings.pending_days, pending_max=settings.pending_max, versions_max=settings.versions_max,
        replicas_min=settings.replicas_min if settings.durability == "replica" else 0,
    )  # fmt: skip
