"""The tray: what editors do to alerts that are not public yet, and how those become public.

The rule to remember: nothing here is seen by readers. What leaves the tray goes through `Desk.append`, in the one call
that also empties its place here, so that it is published once or not at all.
"""

from collections.abc import Callable, Mapping

import msgspec

from service import siblings
from service.acting import Actor, Answer, Outcome, waiting
from service.desk import DECIDE_AGAIN_MAX, Desk
from service.domain import audit, lifecycle, moment, roles, versions
from service.domain import pending as rules
from service.domain.audit import Act, Changes
from service.domain.checks import Draft
from service.domain.errors import ApprovalLapsed, Braked, Forbidden, NotFound, TooManyVersions, VersionStale
from service.domain.fields import Notice
from service.domain.lifecycle import Verb, WrongState
from service.domain.newsroom import Newsroom
from service.domain.pending import BRAKE, Pending
from service.domain.redrafts import Redraft
from service.store import pending as store_pending
from service.store.calls import Bounds, Idempotency
from service.store.connection import Store

Redrafting = Callable[[Pending], Redraft]
"""The body of an update, checked upon what it changes. Raises Invalid."""
Remark = Callable[[Pending], tuple[Notice, ...]]
"""What whoever lets it out now is to be told of it."""
_encode = msgspec.json.Encoder().encode


class Tray:
    """Acts on what is pending."""

    def __init__(
        self, store: Store, newsroom: Newsroom, bounds: Bounds, desk: Desk, *, expires_default_s: int,
        now_ms: Callable[[], int],
    ) -> None:  # fmt: skip
        self._store = store
        self._newsroom = newsroom
        self._bounds = bounds
        self._desk = desk
        self._expires_default_ms = expires_default_s * 1000
        self._now_ms = now_ms

    async def take(
        self, draft: Draft, verb: Verb, actor: Actor, idempotency: Idempotency | None, *notices: Notice
    ) -> Outcome:
        """Keep a new alert that is to wait; `verb` says how. Raises PendingFull, NotDurable, StoreUnavailable,
        IdempotencyMismatch.
        """
        transition = lifecycle.change(None, verb)
        now_ms = self._now_ms()
        expires_ms = self._expires_ms(draft.expires_ms, draft.publish_at_ms, now_ms)
        record = self._desk.first(draft, transition, actor, now_ms, expires_ms)
        pending = Pending(
            record=record, publish_at=_text(draft.publish_at_ms), expires=_text(draft.expires_ms),
            hands=(actor.author,), asked_at=moment.to_text(now_ms), overrides=draft.override,
        )  # fmt: skip
        warnings = (*draft.warnings, *notices, *await siblings.unknown(self._store, draft.story, record.alert.status))
        return await self._keep(verb, None, pending, actor, idempotency, now_ms, warnings, draft.override)

    async def change(
        self, verb: Verb, alert_id: str, actor: Actor, *, redraft: Redrafting | None = None,
        remark: Remark | None = None, reason: str | None = None, if_match: int | None = None,
        idempotency: Idempotency | None = None,
    ) -> Outcome:  # fmt: skip
        """Do `verb` to what is pending: `update` (with its `redraft`), `approve`, `release` (an embargo, now) or
        `kill`. Taking back what was taken back changes nothing.

        Raises NotFound (also for the drafts of others, where a correspondent asks), Forbidden, WrongState,
        VersionStale (only where `if_match` was given), Invalid, NotDurable, StoreUnavailable, IdempotencyMismatch.
        """
        for attempt in range(1, DECIDE_AGAIN_MAX + 1):
            pending = await self.read(alert_id, actor)
            try:
                return await self._change(verb, pending, redraft, remark, reason, actor, if_match, idempotency)
            except (VersionStale, WrongState, TooManyVersions, Forbidden, ApprovalLapsed) as refusal:
                # the same request may have come twice at once, and its twin may have been faster
                done = await self._desk.answered(idempotency)
                if done is not None:
                    return done
                decide_again = isinstance(refusal, VersionStale) and if_match is None
                if not decide_again or attempt == DECIDE_AGAIN_MAX:
                    await self._desk.note(verb, pending.record, actor, reason, refusal)
                    raise
        raise AssertionError("the last attempt returns or raises")

    async def read(self, alert_id: str, actor: Actor) -> Pending:
        """What is pending, or was taken back, as far as `actor` may see it. Raises NotFound, StoreUnavailable."""
        found = await store_pending.read(self._store, alert_id)
        if found is None or not rules.may_see(found, actor.author, actor.role, test=actor.test):
            raise NotFound("there is no alert of this id")
        return found

    async def release_due(self, alert_id: str, actor: Actor) -> Outcome | None:
        """Publish what is scheduled, if its moment has come; None where there is nothing to do. A flash that the brake
        stops waits for a second person instead. The scheduler's.

        Raises NotFound where nothing is kept of it, VersionStale where somebody changed it meanwhile, NotDurable,
        StoreUnavailable.
        """
        pending = await store_pending.read(self._store, alert_id)
        now_ms = self._now_ms()
        if pending is None:
            raise NotFound("there is no alert of this id")
        if pending.record.state != "scheduled" or pending.publish_at is None:
            return None
        if moment.from_text(pending.publish_at) > now_ms:
            return None
        if pending.expires is not None and moment.from_text(pending.expires) <= now_ms:
            return await self._discard(pending, "it expired before it could be released", actor, None, now_ms)
        return await self._publish("publish", pending, actor, None, now_ms, ())

    async def _change(
        self, verb: Verb, pending: Pending, redraft: Redrafting | None, remark: Remark | None, reason: str | None,
        actor: Actor, if_match: int | None, idempotency: Idempotency | None,
    ) -> Outcome:  # fmt: skip
        state, now_ms = pending.record.state, self._now_ms()
        _refuse_unless_allowed(verb, pending, actor)
        if verb == "update" and state not in lifecycle.PENDING:
            raise WrongState(state, verb)
        if if_match is not None and if_match != pending.alert.version:
            raise VersionStale(pending.alert.version)
        if verb == "update":
            assert redraft is not None, "an update brings content"
            versions.refuse_beyond(pending.alert.version, verb, self._bounds.versions_max)
            return await self._redraft(pending, redraft(pending), actor, idempotency, now_ms)
        if lifecycle.decide(state, verb) is None:
            return waiting(_answer(200, pending, ()))
        if verb == "kill":
            return await self._discard(pending, reason, actor, idempotency, now_ms)
        remarks = () if remark is None else remark(pending)
        if verb == "approve":
            return await self._approve(pending, actor, idempotency, now_ms, remarks)
        return await self._publish(verb, pending, actor, idempotency, now_ms, remarks)

    async def _redraft(
        self, pending: Pending, redraft: Redraft, actor: Actor, idempotency: Idempotency | None, now_ms: int
    ) -> Outcome:
        alert = redraft.alert
        verb = rules.verb_to_amend(pending, actor.role, alert.level, redraft.publish_at_ms, self._newsroom.guards)
        transition = lifecycle.change(pending.record.state, verb)
        alert = versions.redrafted(alert, now_ms)
        alert = msgspec.structs.replace(
            alert, expires=moment.to_text(self._expires_ms(redraft.expires_ms, redraft.publish_at_ms, now_ms))
        )
        record = msgspec.structs.replace(
            pending.record, alert=alert, state=transition.state, push=redraft.push, note=redraft.note, approved_by=None
        )
        changed = Pending(
            record=record, publish_at=_text(redraft.publish_at_ms), expires=_text(redraft.expires_ms),
            hands=rules.with_hand(pending.hands, actor.author), asked_at=moment.to_text(now_ms),
        )  # fmt: skip
        return await self._keep(verb, pending, changed, actor, idempotency, now_ms, redraft.warnings)

    async def _discard(
        self, pending: Pending, reason: str | None, actor: Actor, idempotency: Idempotency | None, now_ms: int
    ) -> Outcome:
        transition = lifecycle.change(pending.record.state, "kill")
        alert = versions.redrafted(pending.alert, now_ms)
        record = msgspec.structs.replace(
            pending.record, alert=alert, state=transition.state, reason=reason, approved_by=None
        )
        gone = msgspec.structs.replace(pending, record=record)
        return await self._keep("kill", pending, gone, actor, idempotency, now_ms, ())

    async def _approve(
        self, pending: Pending, actor: Actor, idempotency: Idempotency | None, now_ms: int, remarks: tuple[Notice, ...]
    ) -> Outcome:
        if not rules.is_someone_else(actor.author, pending):
            raise Forbidden("a second person approves: who wrote or changed it is not one, with whichever key")
        if rules.lapsed(pending, now_ms, self._newsroom.guards):
            raise ApprovalLapsed("it has waited too long: its writer updates it, also unchanged, and so asks again")
        publish_at_ms = None if pending.publish_at is None else moment.from_text(pending.publish_at)
        if publish_at_ms is None or publish_at_ms <= now_ms:
            late = () if publish_at_ms is None else (Notice("embargo-over", "publishAt had passed: it is out now"),)
            return await self._publish("approve", pending, actor, idempotency, now_ms, (*late, *remarks))
        transition = lifecycle.change(pending.record.state, "schedule")
        alert = versions.redrafted(pending.alert, now_ms)
        record = msgspec.structs.replace(pending.record, alert=alert, state=transition.state, approved_by=actor.author)
        approved = msgspec.structs.replace(pending, record=record)
        return await self._keep("approve", pending, approved, actor, idempotency, now_ms, remarks)

    async def _publish(
        self, verb: Verb, pending: Pending, actor: Actor, idempotency: Idempotency | None, now_ms: int,
        warnings: tuple[Notice, ...],
    ) -> Outcome:  # fmt: skip
        transition = lifecycle.change(pending.record.state, verb)
        expires_ms = None if pending.expires is None else moment.from_text(pending.expires)
        if expires_ms is not None and expires_ms <= now_ms:
            raise WrongState("expired", verb)
        alert = versions.published(pending.alert, transition, now_ms, self._expires_ms(expires_ms, None, now_ms))
        approved_by = actor.author if verb == "approve" else pending.record.approved_by
        record = msgspec.structs.replace(pending.record, alert=alert, state=transition.state, approved_by=approved_by)
        alone = approved_by is None and BRAKE not in pending.overrides
        try:
            return await self._desk.append(
                verb, transition, record, pending.record, actor, idempotency, now_ms, warnings, alone=alone
            )
        except Braked as braked:
            return await self._ask(pending, actor, idempotency, now_ms, Notice(BRAKE, str(braked)))

    async def _ask(
        self, pending: Pending, actor: Actor, idempotency: Idempotency | None, now_ms: int, why: Notice
    ) -> Outcome:
        """What one person alone had scheduled waits for a second one."""
        transition = lifecycle.change(pending.record.state, "propose")
        alert = versions.redrafted(pending.alert, now_ms)
        record = msgspec.structs.replace(pending.record, alert=alert, state=transition.state)
        asked = msgspec.structs.replace(pending, record=record, asked_at=moment.to_text(now_ms))
        return await self._keep("propose", pending, asked, actor, idempotency, now_ms, (why,))

    async def _keep(
        self, verb: Verb, before: Pending | None, after: Pending, actor: Actor, idempotency: Idempotency | None,
        now_ms: int, warnings: tuple[Notice, ...], override: tuple[str, ...] = (),
    ) -> Outcome:  # fmt: skip
        self._desk.refuse_unless_durable()
        alert, state = after.alert, after.record.state
        act = Act(
            at=moment.to_text(now_ms), verb=verb, by=actor.by, alert=alert.id, version=alert.version,
            state_before=None if before is None else before.record.state, state_after=state,
            changed=_changes(before, after), override=override,
            reason=after.record.reason if before is None or verb == "kill" else None,
        )  # fmt: skip
        answer = _answer(202 if before is None else 200, after, warnings)
        due_ms = moment.from_text(after.publish_at) if state == "scheduled" and after.publish_at else None
        kept = await store_pending.put(
            self._store, after, 0 if before is None else before.alert.version, due_ms, audit.encode(act), idempotency,
            _encode(answer), now_ms, self._bounds,
        )  # fmt: skip
        return waiting(answer) if kept.replayed is None else await self._desk.again(kept)

    def _expires_ms(self, wanted_ms: int | None, publish_at_ms: int | None, now_ms: int) -> int:
        """Its own moment, or the usual life from its publication on."""
        return wanted_ms or (publish_at_ms or now_ms) + self._expires_default_ms


def _answer(status: int, pending: Pending, warnings: tuple[Notice, ...]) -> Answer:
    alert = pending.alert
    return Answer(status, alert.id, alert.version, warnings, None, pending.record.state, alert)


def _changes(before: Pending | None, after: Pending) -> Changes:
    if before is None:
        return {}
    beside: Mapping[str, tuple[object, object]] = {
        "publishAt": (before.publish_at, after.publish_at), "push": (before.record.push, after.record.push),
        "note": (before.record.note, after.record.note),
    }  # fmt: skip
    return audit.diff(before.alert, after.alert, beside)


def _refuse_unless_allowed(verb: Verb, pending: Pending, actor: Actor) -> None:
    own = pending.record.author.key_id == actor.author.key_id
    draft = pending.record.state == "draft"
    needed = roles.needed_to_change_pending(verb, own, draft=draft)
    if not roles.includes(actor.role, needed):
        whose = "what waits" if own or verb == "approve" else "what others have waiting"
        raise Forbidden(f"only {needed} may {verb} {whose}; this key is {actor.role}")


def _text(ms: int | None) -> str | None:
    return None if ms is None else moment.to_text(ms)
