"""What a test needs to do every verb: a body that fits it, and the way to every state that an alert can be in."""

from typing import Any

from service.domain.alert import State
from service.domain.lifecycle import ChangeVerb

MENDED = "Snow closes the southern pass"
BODIES: dict[str, dict[str, Any] | None] = {
    "update": {"headline": MENDED},
    "correct": {"headline": MENDED, "correction": {"text": "It is the other pass", "severity": "major"}},
}
"""Verbs that bring content; the others need no body."""
STATES: dict[State, tuple[ChangeVerb, ...]] = {
    "published": (), "withheld": ("hold",), "canceled": ("kill",), "undone": ("undo",),
}  # fmt: skip
"""Every state that an alert can be in once it is out, and how it gets there."""
