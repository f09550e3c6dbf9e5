"""Who acts at the desk, and what their acts come to.

The rule to remember: an act is answered once and for all. What is kept under its Idempotency-Key is enough to answer
the same again, whatever has become of the alert since.
"""

import msgspec

from service.domain import revision
from service.domain.alert import Alert, Author, State
from service.domain.audit import By
from service.domain.fields import Notice
from service.domain.roles import Role
from service.store.keys import WireName


class Actor(msgspec.Struct, frozen=True):
    """Who acts, from where: goes into the audit. A test key acts on drills only."""

    author: Author
    role: Role
    test: bool
    address: str
    request_id: str

    @property
    def by(self) -> By:
        """Who it is, as the audit says it; a process of ours, which no request has asked, is its name alone."""
        if not self.request_id:
            return By(name=self.author.name)
        return By(
            name=self.author.name, key_id=self.author.key_id, role=self.role, test=self.test, address=self.address,
            request_id=self.request_id,
        )  # fmt: skip


class Outcome(msgspec.Struct, frozen=True, kw_only=True):
    """What an act came to. `alert` is the public JSON, `replayed` tells that the act had been done before. What is
    pending has a `state` and no cursor.
    """

    status: int
    wire: WireName
    version: int
    alert: bytes
    alert_id: str
    cursor: str
    undo_until: str | None
    warnings: tuple[Notice, ...]
    state: State | None = None
    replayed: bool = False


class Answer(msgspec.Struct, frozen=True, omit_defaults=True):
    """What is kept under an Idempotency-Key. Of a public alert every version is kept elsewhere; what is pending stands
    here, in the state that it had.
    """

    status: int
    id: str
    version: int
    warnings: tuple[Notice, ...]
    undo_until: str | None = None
    state: State | None = None
    alert: Alert | None = None


def waiting(answer: Answer) -> Outcome:
    """What an act on something pending came to, as its answer says it."""
    alert = answer.alert
    assert alert is not None, "what is pending stands in the answer"
    return Outcome(
        status=answer.status, wire=WireName(alert.edition, alert.status == "Exercise"), version=alert.version,
        alert=revision.encode(alert), alert_id=alert.id, cursor="", undo_until=None, warnings=answer.warnings,
        state=answer.state,
    )  # fmt: skip
