"""What a block of devices is still owed of an alert: whom to send what, read off the ledger's marks.

The rule to remember: whoever was tried with an older version, in doubt or not, gets the change and nothing else;
whoever was tried with none is rung with the newest, plainly. Nobody is both; where it cannot be known yet, it is asked
again a moment later.
"""

from collections import Counter
from collections.abc import Mapping, Sequence

import msgspec

from service.domain import audience, bits, changes
from service.domain.alert import Alert
from service.domain.audience import Skip
from service.domain.device import Device
from service.domain.payloads.notification import Change


class Marks(msgspec.Struct, frozen=True, kw_only=True):
    """The ledger of one block, as sets of bits."""

    tried: Mapping[int, int]
    """By version: who was sent it, in doubt or not."""
    ended: int
    """Of the current version: accepted, failed for good; and who is gone."""
    in_flight: int = 0
    """Who is being sent an older version at this moment: it may still come back as not sent."""
    planned: int
    """How many of the platform's devices there were when the alert was first planned."""
    done: bool
    """Whether everybody who was to be rung has been decided upon."""


class Letter(msgspec.Struct, frozen=True):
    """One device that is owed something."""

    device: Device
    change: Change
    sound: bool
    corrects: bool = False
    """Whether a silent change is the correction of an error."""


class Owed(msgspec.Struct, frozen=True):
    """The letters, new ones first; whom they leave out, by cause."""

    letters: list[Letter]
    held: Counter[str]
    undecided: int = 0
    """Who is left out for now, since it is not known yet what they were given."""

    def taking_back(self) -> list[Letter]:
        """Those that take an error back: nobody is rung before they have left."""
        return [letter for letter in self.letters if letter.change in ("visible", "withdrawn") or letter.corrects]

    def of(self, new: bool) -> int:
        """The bits of the devices that are rung (or else: that get a change)."""
        return bits.of(letter.device.bit for letter in self.letters if (letter.change == "new") == new)

    def without(self, taken: int, cause: str) -> "Owed":
        """The same without the letters that ring a device of `taken`, counted as held."""
        if not taken:
            return self
        kept = [letter for letter in self.letters if letter.change != "new" or not taken >> letter.device.bit & 1]
        held = self.held + Counter({cause: len(self.letters) - len(kept)})
        return Owed(kept, held, self.undecided)


def owed(
    devices: Sequence[Device], versions: Sequence[Alert], marks: Marks, now_ms: int, *, push: bool = True, late: bool
) -> Owed:
    """What the devices of a block are owed of the newest of `versions` (all of an alert's, oldest first).

    `push` False (the editor wants nobody rung) and `late` (it is too old to ring anybody): changes are carried all
    the same to those who were given something.
    """
    alert = versions[-1]
    before = [(version, found) for version, found in sorted(marks.tried.items()) if version < alert.version and found]
    older = bits.union(found for _, found in before)
    changed = {version: changes.loudest(versions, version) for version, _ in before}
    rings = push and alert.pub_status == "usable" and not marks.done
    letters: list[Letter] = []
    letters_after: list[Letter] = []
    held: Counter[str] = Counter()
    undecided = 0
    for device in devices:
        bit = device.bit
        if marks.ended >> bit & 1 or device.gone_ms is not None:
            continue
        if marks.in_flight >> bit & 1:
            undecided |= 1 << bit
        elif older >> bit & 1:
            given = max(version for version, found in before if found >> bit & 1)
            change = None if audience.is_kept_from(device, alert) else changed[given]
            if change is not None:
                sound = change != "silent" and audience.sounds(device, alert, now_ms)
                letters_after.append(Letter(device, change, sound, alert.correction is not None))
        elif rings and device.number < marks.planned:
            decision = audience.decide(device, alert, now_ms)
            if isinstance(decision, Skip):
                held[decision.cause] += 1
            elif late:
                held["late"] += 1
            else:
                letters.append(Letter(device, "new", decision.sound))
    return Owed(letters + letters_after, held, undecided)
