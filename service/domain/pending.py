"""What waits to become public: drafts, embargoed alerts, and flashes that need a second person.

The rule to remember: an approval is of what was read. It names a version, and every change of the content makes another
version that nobody has approved; whoever wrote or changed a word of it cannot be the second person.
"""

import msgspec

from service.domain import moment
from service.domain.alert import Alert, Author, Level, Record, State
from service.domain.checks import Draft
from service.domain.fields import Notice
from service.domain.lifecycle import PENDING, Verb
from service.domain.newsroom import Guards
from service.domain.person import same_person
from service.domain.roles import Role, includes, needed_to_publish

Submitted = tuple[int, str]
"""When something pending was first submitted (ms), and its id: its place among all that is pending."""
STATES: frozenset[State] = frozenset({*PENDING, "discarded"})
"""The states of what has never been public."""
SECOND_APPROVAL = "second-approval"
"""The override of whoever sends a flash alone."""
BRAKE = "brake"
"""The override of whoever means even the fourth flash in a minute."""


class Pending(msgspec.Struct, frozen=True, kw_only=True, rename="camel"):
    """An alert that is not public, with what its publication needs. Moments are RFC 3339.

    `record` is what it would be; its version counts what was submitted and changed so far. `hands` are all who wrote or
    changed it, the first its author. `asked_at` is when it began to wait for a second person, `overrides` the guards
    that its author passed over. `expires` is None where the alert is to have the usual life from its publication on.
    """

    record: Record
    publish_at: str | None
    expires: str | None
    hands: tuple[Author, ...]
    asked_at: str
    overrides: tuple[str, ...] = ()

    @property
    def alert(self) -> Alert:
        return self.record.alert


def verb_to_post(
    role: Role, level: Level, override: tuple[str, ...], publish_at_ms: int | None, guards: Guards
) -> Verb:
    """What a new alert, or a changed pending one, comes to by who it is from: `publish`, or how it waits."""
    if role == "correspondent":
        return "submit"
    alone = includes(role, needed_to_publish(level)) and (SECOND_APPROVAL in override or not guards.flash_approval)
    if level == "flash" and not alone:
        return "propose"
    return "publish" if publish_at_ms is None else "schedule"


def within_reach(draft: Draft, role: Role) -> Draft:
    """The draft with those overrides that are this role's: a flash without a second person is for the duty desk to say,
    and whoever asks for one in vain is told.
    """
    override = tuple(guard for guard in draft.override if guard not in (SECOND_APPROVAL, BRAKE))
    needed = needed_to_publish(draft.level)
    if override == draft.override or draft.level != "flash" or includes(role, needed):
        return draft
    notice = Notice("override-refused", f"only {needed} sends a flash without a second person; it waits for one")
    return msgspec.structs.replace(draft, override=override, warnings=(*draft.warnings, notice))


def verb_to_amend(pending: Pending, role: Role, level: Level, publish_at_ms: int | None, guards: Guards) -> Verb:
    """How a pending alert waits once `role` has changed it. A change publishes nothing and approves nothing: a draft
    stays a draft, and what was approved waits for approval again.
    """
    if pending.record.state == "draft":
        return "submit"
    verb = verb_to_post(role, level, (), publish_at_ms, guards)
    return "propose" if verb == "publish" else verb


def is_someone_else(approver: Author, pending: Pending) -> bool:
    """Whether `approver` can be the second person: nobody approves what they wrote or changed, with whichever key."""
    return not any(same_person(approver, hand) for hand in pending.hands)


def lapsed(pending: Pending, now_ms: int, guards: Guards) -> bool:
    """Whether it has waited too long for a second person, so that whoever approves it now may not know what it is
    about. Only what is urgent lapses: a draft waits until somebody has read it.
    """
    waits = pending.record.state == "awaiting-approval"
    return waits and now_ms >= moment.from_text(pending.asked_at) + round(guards.approval_s * 1000)


def with_hand(hands: tuple[Author, ...], author: Author) -> tuple[Author, ...]:
    """`hands` with one more, each key once."""
    return hands if author in hands else (*hands, author)


def may_see(pending: Pending, author: Author, role: Role, *, test: bool) -> bool:
    """Whether it is theirs to see: correspondents see what is their own, test keys see drills."""
    theirs = includes(role, "editor") or pending.record.author.key_id == author.key_id
    return theirs and not (test and pending.alert.status != "Exercise")
