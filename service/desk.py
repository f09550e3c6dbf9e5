"""The desk: what an editor can do, the domain's decisions carried out through the store.

The rule to remember: decide on what was read, append only if it is still so. If the alert has moved in between, read
and decide again; where the editor named a version (`If-Match`), say that it is stale. Bytes are final before they go.
"""

from collections.abc import Callable

import msgspec

from service import siblings
from service.acting import Actor, Answer, Outcome, waiting
from service.domain import audit, fuse, lifecycle, moment, revision, roles, versions
from service.domain.alert import Alert, Record
from service.domain.amendments import AMENDMENTS, Amended
from service.domain.audit import Act
from service.domain.checks import Draft
from service.domain.cursor import Cursor
from service.domain.durability import Durability
from service.domain.errors import Forbidden, FuseOver, Invalid, NotDurable, NotFound, TooManyVersions, VersionStale
from service.domain.fields import Notice
from service.domain.lifecycle import ChangeVerb, Transition, Verb, WrongState
from service.domain.newsroom import Newsroom, public
from service.domain.pending import BRAKE
from service.ids import new_epoch, new_id
from service.store import audit as audits
from service.store import calls, history, stream
from service.store.calls import Appended, Bounds, Idempotency
from service.store.connection import Store
from service.store.history import Stored
from service.store.keys import WireName
from service.store.stream import Entry, Flash

DECIDE_AGAIN_MAX = 20
"""In one process changes of an alert take turns; a script that keeps changing it through another process is faster than
a kill here and there, but not twenty times in a row."""


_encode = msgspec.json.Encoder().encode
_answer = msgspec.json.Decoder(Answer)


Amend = Callable[[Record], Amended]
"""The body of an update or a correction, checked upon the version that it changes. Raises Invalid."""


class Desk:
    """Acts on alerts. `durability` is what the store gave at the last look; None before the first. `seen` is how far
    a wire is known to have come: a store that lies behind that takes nothing.
    """

    def __init__(
        self, store: Store, newsroom: Newsroom, bounds: Bounds, *, expires_default_s: int, now_ms: Callable[[], int],
        durability: Callable[[], Durability | None], seen: Callable[[WireName], Cursor | None],
    ) -> None:  # fmt: skip
        self._store = store
        self._newsroom = newsroom
        self._bounds = bounds
        self._expires_default_ms = expires_default_s * 1000
        self._now_ms = now_ms
        self._durability = durability
        self._seen = seen

    async def answered(self, idempotency: Idempotency | None) -> Outcome | None:
        """The answer that this Idempotency-Key has had. Raises IdempotencyMismatch, StoreUnavailable, NotDurable."""
        if idempotency is None:
            return None
        known = await calls.answered(self._store, idempotency, self._bounds.replicas_min)
        return None if known is None else await self.again(known)

    async def publish(self, draft: Draft, actor: Actor, idempotency: Idempotency | None) -> Outcome:
        """Put a new alert on its wire. Raises Braked, NotDurable, StoreUnavailable, IdempotencyMismatch."""
        transition, now_ms = lifecycle.change(None, "publish"), self._now_ms()
        expires_ms = draft.expires_ms or now_ms + self._expires_default_ms
        record = self.first(draft, transition, actor, now_ms, expires_ms)
        warnings = (*draft.warnings, *await siblings.unknown(self._store, draft.story, record.alert.status))
        return await self.append(
            "publish", transition, record, None, actor, idempotency, now_ms, warnings, draft.override,
            alone=BRAKE not in draft.override,
        )  # fmt: skip

    def first(self, draft: Draft, transition: Transition, actor: Actor, now_ms: int, expires_ms: int) -> Record:
        """Version 1 of what `actor` has drafted, with an id of its own."""
        alert = versions.first(
            draft, transition, self._newsroom, alert_id=new_id(), story=draft.story or new_id(),
            status="Exercise" if actor.test else "Actual", now_ms=now_ms, expires_ms=expires_ms,
        )  # fmt: skip
        return Record(
            alert=alert, state=transition.state, author=actor.author, push=draft.push, note=draft.note,
            reason=draft.override_reason,
        )  # fmt: skip

    async def change(
        self, verb: ChangeVerb, alert_id: str, actor: Actor, *, amend: Amend | None = None, reason: str | None = None,
        if_match: int | None = None, idempotency: Idempotency | None = None,
    ) -> Outcome:  # fmt: skip
        """Do `verb` to an alert that is out: a new version under the same id. `amend` comes with update and correct,
        a `reason` may come with the others. Killing a killed one, or undoing an undone one, changes nothing and
        answers with its state.

        Raises NotFound, Forbidden, WrongState, VersionStale (only where `if_match` was given), FuseOver,
        TooManyVersions, Invalid, NotDurable, StoreUnavailable, IdempotencyMismatch.
        """
        assert (amend is not None) == (verb in AMENDMENTS), "content comes with the verbs that bring some"
        for attempt in range(1, DECIDE_AGAIN_MAX + 1):
            stored = await self.read(alert_id, actor.test)
            try:
                return await self._change(verb, stored, amend, reason, actor, if_match, idempotency)
            except (VersionStale, WrongState, FuseOver, TooManyVersions, Forbidden, Invalid) as refusal:
                # the same request may have come twice at once, and its twin may have been faster
                done = await self.answered(idempotency)
                if done is not None:
                    return done
                decide_again = isinstance(refusal, VersionStale) and if_match is None
                if not decide_again or attempt == DECIDE_AGAIN_MAX:
                    await self.note(verb, stored.record, actor, reason, refusal)
                    raise
        raise AssertionError("the last attempt returns or raises")

    async def expire(self, alert_id: str, actor: Actor) -> Outcome | None:
        """End an alert whose time is over; None where there is nothing to end (any more, or yet). The scheduler's.

        Raises NotFound, VersionStale where somebody changed it meanwhile, NotDurable, StoreUnavailable.
        """
        stored = await self.read(alert_id, actor.test)
        record, now_ms = stored.record, self._now_ms()
        if record.state not in lifecycle.EXPIRING or moment.from_text(record.alert.expires) > now_ms:
            return None
        transition = lifecycle.change(record.state, "expire")
        alert = versions.following(record.alert, transition, now_ms)
        expired = msgspec.structs.replace(record, alert=alert, state=transition.state, reason=None)
        return await self.append("expire", transition, expired, record, actor, None, now_ms, ())

    async def note(self, verb: Verb, record: Record, actor: Actor, reason: str | None, refusal: Exception) -> None:
        """What was tried and refused stands in the audit too; what was only ill-written does not."""
        if isinstance(refusal, Invalid):
            return
        alert = record.alert
        act = Act(
            at=moment.to_text(self._now_ms()), verb=verb, by=actor.by, alert=alert.id, version=alert.version,
            state_before=record.state, state_after=record.state, reason=reason,
        )  # fmt: skip
        await audits.note(self._store, audit.refusal(act, str(refusal)))

    async def approve(self, alert_id: str, actor: Actor, idempotency: Idempotency | None) -> Outcome:
        """The answer to whoever approves what is out already: WrongState, unless the same request has just been done.
        Raises also NotFound, Forbidden, StoreUnavailable, IdempotencyMismatch, NotDurable.
        """
        stored = await self.read(alert_id, actor.test)
        _refuse_unless_allowed("approve", stored.record, actor)
        done = await self.answered(idempotency)
        if done is None:
            refusal = WrongState(stored.record.state, "approve")
            await self.note("approve", stored.record, actor, None, refusal)
            raise refusal
        return done

    async def read(self, alert_id: str, test: bool) -> Stored:
        """The alert as it stands. Raises NotFound (also for a real alert asked for with a test key)."""
        stored = await history.read(self._store, alert_id)
        if stored is None or (test and stored.record.alert.status != "Exercise"):
            raise NotFound("there is no alert of this id")
        return stored

    async def _change(
        self, verb: ChangeVerb, stored: Stored, amend: Amend | None, reason: str | None, actor: Actor,
        if_match: int | None, idempotency: Idempotency | None,
    ) -> Outcome:  # fmt: skip
        record, before = stored.record, stored.record.alert
        _refuse_unless_allowed(verb, record, actor)
        if if_match is not None and if_match != before.version:
            raise VersionStale(before.version)
        transition = lifecycle.decide(record.state, verb)
        if transition is None:
            # whoever did it may have been told 503, because too few replicas had it
            await calls.confirm(self._store, before.id, self._bounds.replicas_min)
            return self._outcome(200, before, stored.encoded, str(stored.cursor), (), None)
        versions.refuse_beyond(before.version, verb, self._bounds.versions_max)
        now_ms = self._now_ms()
        if verb == "undo" and now_ms >= fuse.ends_ms(before, self._newsroom):
            raise FuseOver("the fuse has burnt down")
        amended = Amended(before, None, record.push, ()) if amend is None else amend(record)
        alert = versions.following(amended.alert, transition, now_ms, amended.correction)
        changed = msgspec.structs.replace(
            record, alert=alert, state=transition.state, push=amended.push, reason=reason,
            approved_by=record.approved_by if amend is None else None,
        )  # fmt: skip
        warnings = (*amended.warnings, *await siblings.warnings(self._store, verb, alert))
        return await self.append(verb, transition, changed, record, actor, idempotency, now_ms, warnings)

    async def append(
        self, verb: Verb, transition: Transition, record: Record, before: Record | None, actor: Actor,
        idempotency: Idempotency | None, now_ms: int, warnings: tuple[Notice, ...], override: tuple[str, ...] = (),
        *, alone: bool = False,
    ) -> Outcome:  # fmt: skip
        """Put the next version on its wire, decided upon `before` (None: it is new). `alone`: no second person has seen
        it, so that the brake may stop it. Raises VersionStale, FuseOver, Braked, NotDurable, StoreUnavailable,
        IdempotencyMismatch.
        """
        self.refuse_unless_durable()
        assert transition.type is not None, f"{verb} puts nothing on the wire"
        alert = record.alert
        encoded = revision.encode(self.public(alert))
        status, expected_version = (201, 0) if before is None else (200, before.alert.version)
        came_with = before is not None and before.state in lifecycle.PENDING  # the reason is its author's, told then
        act = Act(
            at=moment.to_text(now_ms), verb=verb, by=actor.by, alert=alert.id, version=alert.version,
            state_before=None if before is None else before.state, state_after=record.state,
            changed=audit.changed(before, record), override=override, reason=None if came_with else record.reason,
        )  # fmt: skip
        entry = Entry(
            wire=WireName(alert.edition, alert.status == "Exercise"), type=transition.type, alert_id=alert.id,
            version=alert.version, expected_version=expected_version, encoded=encoded, record=_encode(record),
            audit=audit.encode(act), push=record.push, state=record.state, unless_pushing=verb == "undo",
            story=alert.story,
            expires_ms=moment.from_text(alert.expires) if record.state in lifecycle.EXPIRING else None,
            flash=self._flash(transition, alert, alone=alone),
        )  # fmt: skip
        undo_until = self._undo_until(record, now_ms)
        answer = _encode(Answer(status, alert.id, alert.version, warnings, undo_until))
        appended = await stream.append(
            self._store, entry, idempotency, answer, new_epoch(), now_ms, self._bounds, self._seen(entry.wire)
        )
        if appended.replayed is not None:
            return await self.again(appended)
        return self._outcome(status, alert, encoded, str(appended.cursor), warnings, undo_until)

    def _flash(self, transition: Transition, alert: Alert, *, alone: bool) -> Flash | None:
        """What the brake is to know: every flash is counted, and what one person alone lets out is stopped."""
        if alert.level != "flash" or transition.type != "published":
            return None
        guards = self._newsroom.guards
        return Flash(guards.brake_s, guards.brake_flashes if alone else None)

    async def again(self, known: Appended) -> Outcome:
        """What was answered under the same Idempotency-Key. Raises NotFound where the history has lost it."""
        assert known.replayed is not None
        answer = _answer.decode(known.replayed)
        if answer.alert is not None:
            outcome = waiting(answer)
        else:
            records = await history.read_versions(self._store, answer.id)
            alert = next((record.alert for record in records if record.alert.version == answer.version), None)
            if alert is None:
                raise NotFound("the alert that this Idempotency-Key made is older than the history")
            encoded = revision.encode(self.public(alert))
            outcome = self._outcome(
                answer.status, alert, encoded, str(known.cursor), answer.warnings, answer.undo_until
            )
        return msgspec.structs.replace(outcome, replayed=True)

    def _undo_until(self, record: Record, now_ms: int) -> str | None:
        """Until when an undo fits this version; None where it does not, or no longer."""
        fits = lifecycle.TABLE.get((record.state, "undo")) is not None
        ends_ms = fuse.ends_ms(record.alert, self._newsroom)
        return moment.to_text(ends_ms) if fits and now_ms < ends_ms else None

    def _outcome(
        self, status: int, alert: Alert, encoded: bytes, cursor: str, warnings: tuple[Notice, ...],
        undo_until: str | None,
    ) -> Outcome:  # fmt: skip
        return Outcome(
            status=status, wire=WireName(alert.edition, alert.status == "Exercise"), version=alert.version,
            alert=encoded, alert_id=alert.id, cursor=cursor, undo_until=undo_until, warnings=warnings,
        )  # fmt: skip

    def public(self, alert: Alert) -> Alert:
        """What readers may see of this version: itself, or its redacted form with the edition's notice."""
        return public(alert, self._newsroom.edition(alert.edition))

    def refuse_unless_durable(self) -> None:
        """Raises NotDurable where what is stored now could be lost."""
        durability = self._durability()
        if durability is None:
            raise NotDurable("the store has not yet said how durable it is")
        if not durability.enough:
            raise NotDurable(durability.remedy or "the store is not durable enough")


def _refuse_unless_allowed(verb: Verb, record: Record, actor: Actor) -> None:
    own = record.author.key_id == actor.author.key_id
    on_hold = record.state == "withheld"
    needed = roles.needed_to_change(verb, own, on_hold=on_hold)
    if not roles.includes(actor.role, needed):
        whose = "alerts of other keys" if not own else "alerts on hold" if on_hold else "alerts that are out"
        raise Forbidden(f"only {needed} may {verb} {whose}; this key is {actor.role}")
