"""What can go wrong with a request, as values that a door turns into answers.

FlashwireError
├── Invalid          the content breaks a rule; carries every finding with its JSON pointer
├── NotFound         no such alert, or not yours to see
├── Forbidden        the role does not allow it
├── VersionStale     another version is current
├── FuseOver         phones ring, so it can no longer be undone
├── Braked           too many flashes in a short time; this one needs a second person
├── TooManyVersions  it has been changed so often that it cannot be a person who does it
├── ApprovalLapsed   it has waited too long for a second person
├── PendingFull      more waits than anybody will read
├── IdempotencyMismatch   the key was used with another body
├── TooManyTickets   this key has made as many tickets as it may in a minute
├── KeyEnded         the key that acts was ended a moment ago
├── KeysFull         there are as many keys as may be
├── StoreUnavailable the store cannot be reached in time
└── NotDurable       the store gives less than the settings demand, so nothing may be acknowledged
"""

import msgspec


class Finding(msgspec.Struct, frozen=True):
    """One broken rule: where (RFC 6901 JSON pointer) and what, for the person who typed it."""

    pointer: str
    detail: str


class FlashwireError(Exception):
    """The root: anything we raise on purpose."""


class Invalid(FlashwireError):
    """The content breaks a rule."""

    def __init__(self, findings: tuple[Finding, ...]) -> None:
        assert findings, "a refusal names what is wrong"
        super().__init__("; ".join(f"{finding.pointer}: {finding.detail}" for finding in findings))
        self.findings = findings


class NotFound(FlashwireError):
    """No such alert, or not yours to see."""


class Forbidden(FlashwireError):
    """The role of who asks does not allow this."""


class VersionStale(FlashwireError):
    """Another version is current than the one the caller acted upon."""

    def __init__(self, current: int) -> None:
        super().__init__(f"the current version is {current}: read it, and name it if you mean it still")
        self.current = current


class FuseOver(FlashwireError):
    """Phones may ring by now: what is wrong can be corrected or killed, and no longer undone."""


class Braked(FlashwireError):
    """Too many flashes in a short time: the next needs a second person."""


class TooManyVersions(FlashwireError):
    """It has been changed so often that a script does it: it can be held or taken back, and a new one published."""


class ApprovalLapsed(FlashwireError):
    """It has waited too long for a second person, who may not know what it is about."""


class PendingFull(FlashwireError):
    """More is waiting for publication than anybody will read."""


class IdempotencyMismatch(FlashwireError):
    """This Idempotency-Key was used with another body."""


class TooManyTickets(FlashwireError):
    """This key has made as many tickets as it may in a minute; `wait_s` until it may again."""

    def __init__(self, wait_s: int) -> None:
        super().__init__(f"too many tickets of this key; the next in {wait_s} s")
        self.wait_s = wait_s


class KeyEnded(FlashwireError):
    """The key that acts was ended a moment ago."""


class KeysFull(FlashwireError):
    """There are as many keys as may be."""


class StoreUnavailable(FlashwireError):
    """The store cannot be reached in time; nothing is known about what it did."""


class NotDurable(FlashwireError):
    """The store gives less durability than the settings demand."""
