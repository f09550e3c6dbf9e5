"""Revisions for tests of the store and of what follows it."""

import msgspec

from service.domain import audit, moment, revision
from service.domain.alert import NO_ATTRIBUTION, Alert, Author, Record, State, redacted
from service.domain.audit import Act, By
from service.ids import new_id
from service.store import stream
from service.store.calls import Appended, Bounds, Idempotency
from service.store.connection import Store
from service.store.keys import WireName
from service.store.stream import Entry

EN = WireName("en")
DRILL = WireName("en", exercise=True)
NOW_MS = 4_000_000_000_000
BOUNDS = Bounds(
    wire_max_revisions=50, history_max_alerts=40, history_days=30, idempotency_ttl_s=60, idempotency_max_per_key=10,
    audit_max_entries=1000, pending_days=14, pending_max=20, versions_max=2000,
)  # fmt: skip
ANSWER = b'{"status":201}'


def alert(headline: str = "Snow falls", alert_id: str | None = None, **changes: object) -> Alert:
    """A first version; `changes` are fields of it."""
    now = moment.to_text(NOW_MS)
    made = Alert(
        id=alert_id or new_id(), story=new_id(), edition="en", language="en", dir="ltr", version=1, msg_type="Alert",
        status="Actual", pub_status="usable", level="brief", urgency=4, certainty="Observed", headline=headline,
        text=headline, attribution=NO_ATTRIBUTION, sections=(), regions=(), places=(), link=None, image=None,
        signals=(), references=(), correction=None, notice=None, first_created=now, version_created=now,
        expires=moment.to_text(NOW_MS + 86_400_000),
    )  # fmt: skip
    return msgspec.structs.replace(made, **changes)


def killed(alert: Alert) -> Alert:
    """The version that withdraws it."""
    return msgspec.structs.replace(
        alert, version=alert.version + 1, msg_type="Cancel", pub_status="canceled", headline=None, text=None,
        notice="Withdrawn.",
    )  # fmt: skip


def entry(alert: Alert, wire: WireName = EN, *, unless_pushing: bool = False) -> Entry:
    """The alert as the next revision of itself."""
    state: State = "canceled" if alert.pub_status == "canceled" else "published"
    record = Record(alert=alert, state=state, author=Author("KEY", "a test"), push=True)
    act = Act(
        at=moment.to_text(NOW_MS), verb="publish", by=By(name="a test", key_id="KEY"), alert=alert.id,
        version=alert.version, state_after=state,
    )  # fmt: skip
    return Entry(
        wire=wire, type="canceled" if alert.pub_status == "canceled" else "published", alert_id=alert.id,
        version=alert.version, expected_version=alert.version - 1, encoded=revision.encode(alert),
        record=msgspec.json.encode(record), audit=audit.encode(act), push=True, state=state,
        story=alert.story, expires_ms=None if state == "canceled" else moment.from_text(alert.expires),
        unless_pushing=unless_pushing,
    )  # fmt: skip


async def append(
    store: Store, made: Alert, wire: WireName = EN, *, key: Idempotency | None = None, bounds: Bounds = BOUNDS,
    epoch: str = "e1", now_ms: int = NOW_MS, unless_pushing: bool = False,
) -> Appended:  # fmt: skip
    """Append it with bounds that a test can reach."""
    return await stream.append(
        store, entry(made, wire, unless_pushing=unless_pushing), key, ANSWER, epoch, now_ms, bounds
    )


def offset_of(appended: Appended) -> int:
    """Where on its wire it stands."""
    assert appended.cursor is not None
    return appended.cursor.offset


async def append_withdrawn(store: Store, count: int) -> None:
    """As many alerts that were killed at once: `Withdrawn 0` and so on, which readers see no word of."""
    bounds = msgspec.structs.replace(BOUNDS, wire_max_revisions=5000, history_max_alerts=5000)
    for number in range(count):
        said = alert(f"Withdrawn {number}", pub_status="canceled")
        encoded = revision.encode(redacted(said, "Withdrawn."))
        appended = msgspec.structs.replace(entry(said), encoded=encoded)
        await stream.append(store, appended, None, ANSWER, "e1", NOW_MS, bounds)
