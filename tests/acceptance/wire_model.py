"""The model of test 9: what a wire is after all that was done to it, and what a reader must be told of it.

The rule to remember: the model is written from the contract (§5) and knows nothing of how the gateway decides. While
something is published during a join, the reader may meet the wire anywhere between `before` and `after`, and nowhere
else.
"""

from dataclasses import dataclass, replace

from service.domain import cursor as cursors

SNAPSHOT_ALERTS = 5


@dataclass(frozen=True)
class Act:
    """What stands at one offset: `published` or `canceled`, of which alert in which version."""

    type: str
    id: str
    version: int
    headline: str | None


@dataclass(frozen=True)
class Life:
    """One life of the wire: `acts[0]` stands at offset 1; of all of them the newest `kept` can still be read."""

    epoch: str
    kept: int
    acts: tuple[Act, ...] = ()

    def then(self, act: Act) -> "Life":
        return replace(self, acts=(*self.acts, act))

    def at(self, last: int) -> "Life":
        """As it was when `last` was its newest offset."""
        return replace(self, acts=self.acts[:last])

    @property
    def last(self) -> int:
        return len(self.acts)

    @property
    def first(self) -> int:
        return max(1, self.last - self.kept + 1)

    @property
    def cursor(self) -> str:
        return f"{self.epoch}:{self.last}"

    def canceled(self) -> frozenset[str]:
        return frozenset(act.id for act in self.acts if act.type == "canceled")

    def newest(self) -> tuple[Act, ...]:
        """What a snapshot shows: the alerts that were published last, newest first, each as it now is."""
        now = {act.id: act for act in self.acts}
        published = [act.id for act in reversed(self.acts) if act.type == "published"]
        return tuple(now[alert_id] for alert_id in published[:SNAPSHOT_ALERTS])

    def due(self, after: str | None) -> str:
        """`resumed`, or the reason of the snapshot that a reader with this cursor must get."""
        if after is None:
            return "cold"
        cursor = cursors.parse(after)
        if cursor is None or cursor.epoch != self.epoch:
            return "epoch"
        if cursor.offset > self.last:
            return "ahead"
        return "trimmed" if cursor.offset < self.first - 1 else "resumed"


@dataclass(frozen=True)
class Message:
    """What came: `what` is the type, of a snapshot its reason; `acts` the alert, of a snapshot all of them."""

    what: str
    cursor: str
    acts: tuple[Act, ...]


@dataclass(frozen=True)
class Case:
    """One reader: the cursor it came with, the wire before it came and after the last message, what it was sent."""

    after: str | None
    encoding: str
    before: Life
    life: Life
    messages: tuple[Message, ...]


def check_case(case: Case) -> list[str]:
    """What is wrong with what this reader got; empty if it is the exact suffix, or the snapshot that is due."""
    name = f"{case.encoding} after {case.after} on {case.before.epoch}:{case.before.first}…{case.life.cursor}"
    if not case.messages:
        return [f"{name}: nothing came"]
    head, *rest = case.messages
    moments = [case.life.at(last) for last in range(case.before.last, case.life.last + 1)]
    due = sorted({life.due(case.after) for life in moments})
    if head.what not in due:
        return [f"{name}: {head.what} came, {' or '.join(due)} is due"]
    wrong = []
    if head.what == "resumed":
        if head.cursor != case.after:
            wrong.append(f"{name}: resumed at {head.cursor}")
    elif not any(life.cursor == head.cursor and life.newest() == head.acts for life in moments):
        wrong.append(f"{name}: the snapshot at {head.cursor} is not what stood there")
    start = cursors.parse(head.cursor)
    if start is None or start.epoch != case.life.epoch:
        return [*wrong, f"{name}: begins at {head.cursor}"]
    wanted = [f"{case.life.epoch}:{offset}" for offset in range(start.offset + 1, case.life.last + 1)]
    came = [message.cursor for message in rest]
    if came != wanted:
        return [*wrong, f"{name}: after {head.cursor} came {came}"]
    gone_before, gone = case.before.canceled(), case.life.canceled()
    for message, act in zip(rest, case.life.acts[start.offset :], strict=True):
        shown = message.acts[0]
        if (message.what, shown.id, shown.version) != (act.type, act.id, act.version):
            wrong.append(f"{name}: at {message.cursor} came {message}")
        allowed = {act.headline} if act.id not in gone_before else {None}
        allowed |= {None} if act.id in gone else set()
        if shown.headline not in allowed:
            wrong.append(f"{name}: at {message.cursor} it says {shown.headline!r}")
    return wrong


PLANTS = (
    "drop",
    "dup",
    "reorder",
    "late",
    "early-end",
    "partial",
    "silent-gap",
    "wrong-reason",
    "leak",
    "old-snapshot",
)


def plant(cases: list[Case], fault: str) -> list[Case]:
    """The same cases with a fault in one of them, of the kind that the fault needs."""
    for number, case in enumerate(cases):
        planted = _plant(case, fault)
        if planted is not None:
            return [*cases[:number], planted, *cases[number + 1 :]]
    raise LookupError(f"no case in which {fault} could be planted")


def _plant(case: Case, fault: str) -> Case | None:
    """The case with the fault in it, or None where it cannot have it."""
    head, *rest = case.messages
    redacted = [n for n, message in enumerate(rest) if message.what == "published" and message.acts[0].headline is None]
    match fault:
        case "drop" if len(rest) > 3:
            del rest[1]
        case "dup" if len(rest) > 3:
            rest.insert(1, rest[1])
        case "reorder" if len(rest) > 3:
            rest[1], rest[2] = rest[2], rest[1]
        case "late" if len(rest) > 3:  # two alerts under each other's offset
            rest[1], rest[2] = replace(rest[1], acts=rest[2].acts), replace(rest[2], acts=rest[1].acts)
        case "early-end" if rest:
            rest.pop()
        case "partial" if head.what == "resumed" and len(rest) > 3:
            del rest[0]
        case "silent-gap" if head.what == "trimmed" and case.after is not None:
            head = Message("resumed", case.after, ())
        case "wrong-reason" if head.what in ("trimmed", "ahead"):
            head = replace(head, what="epoch")
        case "leak" if redacted:
            message = rest[redacted[0]]
            rest[redacted[0]] = replace(message, acts=(replace(message.acts[0], headline="What was withdrawn"),))
        case "old-snapshot" if len(head.acts) > 1:
            head = replace(head, acts=head.acts[1:])
        case _:
            return None
    return replace(case, messages=(head, *rest))
