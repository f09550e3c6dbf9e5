"""Every key in the store: name, type, lifetime, who writes.

The rule to remember: an edition's name stands in braces, so that all keys of a wire share one cluster slot.

    head:{en}            hash    epoch, offset                     for ever     append.lua; epoch.lua, by the API only
                                 chain (see append.lua)                    append.lua
    disputed:{en}        string  an epoch that a tail has seen otherwise  until another begins  lineage.py, epoch.lua
    wire:{en}            stream  <offset>-0: epoch type id version first push alert chain  newest 5,000   append.lua
    history:{en}         zset    alert id by first offset          newest 20,000  append.lua
    alert:<id>           hash    record version first cursor alert state   history_days   append.lua
                                 pushing (phones ring already)            the push side
    versions:<id>        list    records, oldest first             history_days   append.lua
    story:<id>           zset    ids of its alerts by first publication (ms)   history_days   append.lua
    story:<id>:exercise  zset    those of its drills         history_days   append.lua
    expiring             zset    ids of alerts by the moment they expire (ms)  until then     append.lua
    pending:<id>         hash    what is not public yet: version state pending   pending_days after its last change
                                                                    pending.lua; append.lua removes it
    pending              zset    their ids by first submission (ms)  as long       pending.lua, append.lua
    due                  zset    those with an embargo, by its end (ms)  as long   pending.lua, append.lua
    discarded            zset    ids of those that were taken back, by time   newest 1,000   pending.lua
    flashes              zset    ids of flashes by time (ms)       minutes      append.lua
    audit                stream  who, what, when   newest 1,000,000   append.lua, pending.lua, audit_note.lua
    audit:<alert id>     list    its lines about one alert   history_days   append.lua, pending.lua, audit_note.lua
    notes:<key id>       string  refusals of an API key that were noted   a minute   audit_note.lua
    answers:<key id>     zset    Idempotency-Key by time           24 h         append.lua
    answer:<key id>:<k>  hash    fingerprint answer cursor         24 h         append.lua
    key:<id>             hash    key digest; former (digests before a rotation), revoked, used
                                                                    keys_kept_days after its end  as below
    keys                 set     ids of API keys                   for ever     key_change.lua, access.py
    keys:version         string  another one after every change of a key  for ever  key_change.lua
    ticket:<digest>      string  who may open a stream, once (JSON)  60 s       tickets.py
    tickets:<key id>     string  tickets made in this minute       60 s         tickets.py
    devices:numbers      hash    platform → numbers given so far   for ever     devices.lua
    devices:counts       hash    <platform>|<shape> → devices      for ever     devices.lua
    devices:gone         zset    tombstones (<platform>:<number>) by time  30 days, then pruned  devices.lua
    devices:key          string  what public ids are enciphered with  for ever  devices.lua
    block:<platform>:<n> hash    bit → record (msgpack) of 1,000 numbers  until erased  devices.lua
    heirs:<platform>:<n> hash    bit of an erased device → number of the one that took its token
                                                                    90 days after the newest  devices.lua
    tokens:<shard>       hash    digest of a token → number        until erased  devices.lua
    plan:<alert id>      hash    platform → devices it is meant for, v<version> → when it became jobs
                                                                    push_ledger_days  plans.py
    open:<alert>:<version> set   platform:block that has not ended   push_ledger_days  plans.py
    plans                zset    alert:version with open blocks, by time  until none is open  plans.py
    ledger:<alert>:<platform>:<block> hash  marks of a block's devices (bitmaps), runs  push_ledger_days  ledger_*.lua
    rung:<story>:<platform>:<block> hash  edition → readers of several it has rung  push_ledger_days  ledger_claim.lua
    delivery:<alert id>  hash    the alert's push figures           push_ledger_days  ledger_*.lua, receipts.py
    sockets:<alert id>   hash    <version>:<gateway> → what that process sent and when (msgpack)  push_ledger_days
                                                                    figures.py
    pause:<platform>     string  until when a provider is left alone (ms)  as long  pauses.py
    dead:push            stream  jobs that were given up            newest 10,000  plans.py
    desk                 zset    arq's queue of releases by their moment   as long   scheduler
    restoring            string  when a restore began (ms)          until it has ended  refill.py

A drill has keys of its own: `{en}:exercise` in place of `{en}`.
"""

import re
from collections.abc import Iterable

import msgspec

_RELEASE = rb"arq:(job|in-progress|retry|result):release:[0-9A-Z]{26}:[0-9]+|desk(:health-check)?"
_PUSHED = rb"push:(apns|fcm|webpush):[a-z]+(:health-check)?"
_JOB = rb"arq:(job|in-progress|retry|result):[0-9A-Za-z-]{1,64}:[0-9]+:(apns|fcm|webpush):[0-9]+"
_OURS = re.compile(
    rb"(head|wire|history|disputed):\{.*|(alert|versions|story|pending|notes|answers|answer|key|plan|open):.*"
    rb"|(ledger|rung|delivery|sockets|pause|block|heirs|tokens|tickets?):.*|audit(:.*)?"
    rb"|expiring|pending|due|discarded|flashes(:exercise)?|keys(:version)?|plans|dead:push|restoring"
    rb"|devices:(numbers|counts|gone|key)"
    rb"|" + _PUSHED + rb"|" + _JOB + rb"|" + _RELEASE,
    re.DOTALL,
)
_PASSING = re.compile(
    rb"arq:.*|disputed:.*|plans|open:.*|pause:.*|notes:.*|tickets?:.*|restoring|" + _PUSHED + rb"|" + _RELEASE,
    re.DOTALL,
)
_HEAD = re.compile(rb"head:\{(.+)\}(:exercise)?", re.DOTALL)


class WireName(msgspec.Struct, frozen=True):
    """Which wire: an edition's, or the one of its drills."""

    edition: str
    exercise: bool = False

    @property
    def suffix(self) -> str:
        return f"{{{self.edition}}}:exercise" if self.exercise else f"{{{self.edition}}}"


def wires(editions: Iterable[str]) -> tuple[WireName, ...]:
    """Every wire there is: two for each edition."""
    return tuple(WireName(edition, exercise) for edition in editions for exercise in (False, True))


def is_ours(name: bytes) -> bool:
    """Whether a key of this name is written by Flashwire, its queues included."""
    return _OURS.fullmatch(name) is not None


def is_passing(name: bytes) -> bool:
    """Whether a key only says what is being done at the moment: queues, open blocks, tickets. No backup holds it."""
    return _PASSING.fullmatch(name) is not None


def wire_of_head(name: bytes) -> WireName | None:
    """The wire whose head has this name; None for any other key."""
    found = _HEAD.fullmatch(name)
    return None if found is None else WireName(found[1].decode("utf-8", "surrogateescape"), found[2] is not None)


def head(wire: WireName) -> str:
    return f"head:{wire.suffix}"


def disputed(wire: WireName) -> str:
    """A key of its own, so that a gateway, which may write it, can write nothing of the wire itself."""
    return f"disputed:{wire.suffix}"


def wire(name: WireName) -> str:
    return f"wire:{name.suffix}"


def history(wire: WireName) -> str:
    return f"history:{wire.suffix}"


def alert(alert_id: str) -> str:
    return f"alert:{alert_id}"


def versions(alert_id: str) -> str:
    return f"versions:{alert_id}"


AUDIT = "audit"


def audit(alert_id: str) -> str:
    """The part of the audit that one alert is about."""
    return f"audit:{alert_id}"


def notes(key_id: str) -> str:
    """How many acts that changed nothing an API key has in the audit of this minute."""
    return f"notes:{key_id}"


def story(story_id: str, exercise: bool) -> str:
    """The alerts of a story; its drills have a list of their own, and crowd out no news."""
    return f"story:{story_id}:exercise" if exercise else f"story:{story_id}"


EXPIRING = "expiring"
PENDING = "pending"
DUE = "due"
DISCARDED = "discarded"


def flashes(exercise: bool) -> str:
    """The flashes of late, by time; drills have their own, and stop no news."""
    return "flashes:exercise" if exercise else "flashes"


def pending(alert_id: str) -> str:
    """What is not public yet, or never was: nothing that answers readers reads these keys."""
    return f"pending:{alert_id}"


def answers(key_id: str) -> str:
    return f"answers:{key_id}"


def answer(key_id: str, idempotency_key: str) -> str:
    return f"answer:{key_id}:{idempotency_key}"


KEYS = "keys"
KEYS_VERSION = "keys:version"


def key(key_id: str) -> str:
    return f"key:{key_id}"


def ticket(digest: str) -> str:
    return f"ticket:{digest}"


def tickets(key_id: str) -> str:
    """How many of this key's were made in this minute."""
    return f"tickets:{key_id}"


def plan(alert_id: str) -> str:
    return f"plan:{alert_id}"


def planned(version: int) -> str:
    """The field of a plan that says that a version has become jobs."""
    return f"v{version}"


PLANS = "plans"


def open_blocks(alert_id: str, version: int) -> str:
    return f"open:{alert_id}:{version}"


def ledger(alert_id: str, platform: str, block: int) -> str:
    return f"ledger:{alert_id}:{platform}:{block}"


def rung(story: str, platform: str, block: int) -> str:
    return f"rung:{story}:{platform}:{block}"


def delivery(alert_id: str) -> str:
    return f"delivery:{alert_id}"


def sockets(alert_id: str) -> str:
    return f"sockets:{alert_id}"


DEAD = "dead:push"
RESTORING = "restoring"


def pause(platform: str) -> str:
    return f"pause:{platform}"


DEVICE_NUMBERS = "devices:numbers"
DEVICE_COUNTS = "devices:counts"
DEVICES_GONE = "devices:gone"
DEVICE_KEY = "devices:key"


def block(platform: str, number: int) -> str:
    """The records of devices `number` × 1,000 and following."""
    return f"block:{platform}:{number}"


def heirs(platform: str, number: int) -> str:
    """Who took the tokens of the devices of block `number` that were erased by that."""
    return f"heirs:{platform}:{number}"


def tokens(shard: int) -> str:
    """One of 2^14 hashes that find a device by its token: small ones, which the store keeps packed."""
    return f"tokens:{shard}"
