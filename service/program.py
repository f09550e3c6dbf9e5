"""By which name the command was called: what stands in every command that we tell a person to type.

The rule to remember: texts are written with `flashwire`, and `as_called` goes over them where they are printed.
"""

import os
import re

from config.settings import PROGRAM

_TYPED = re.compile(r"(?<![\w./-])flashwire(?=\s+[a-zA-Z])")


def name() -> str:
    """`./run` where that was typed, else `flashwire`."""
    return os.environ.get(PROGRAM) or "flashwire"


def as_called(text: str) -> str:
    """`text` with that name in its commands, such as `flashwire up`."""
    return _TYPED.sub(lambda _: name(), text)
