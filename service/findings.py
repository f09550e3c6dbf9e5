"""What `flashwire doctor` looks at, and how it says what it found.

The rule to remember: every finding that is not `ok` carries its remedy.
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Literal

import msgspec

from config.settings import Settings
from service.store.connection import Store

State = Literal["ok", "off", "warning", "failed"]


class Finding(msgspec.Struct, frozen=True):
    """What one check found. `remedy` is what mends it, None where nothing is to be mended."""

    check: str
    state: State
    says: str
    remedy: str | None = None


@dataclass(frozen=True, slots=True)
class Patient:
    """What is looked at. `store` is None where no store is known; `offline`: no provider is to be spoken to; `now_s`
    is our wall clock."""

    settings: Settings
    store: Store | None
    offline: bool
    now_s: Callable[[], float]
