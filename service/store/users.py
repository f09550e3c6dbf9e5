"""The users of store-users.acl: their lines as a store's configuration has them, and an address that names one.

The rule to remember: whoever speaks to the store says who it is. An address that names somebody already is left alone,
since somebody meant it.
"""

import hashlib
from pathlib import Path
from typing import Literal

User = Literal["api", "gateway", "push", "scheduler", "operator"]


def directives(text: str) -> str:
    """The file's text as lines that Valkey and Redis read: a user each, who in the file goes on over several."""
    lines = map(str.strip, text.splitlines())
    told = " ".join(line for line in lines if line and not line.startswith("#"))
    return told.replace(" user ", "\nuser ") + "\n"


class NoPassword(Exception):
    """The file of a user's password cannot be read, or is empty."""


def with_digests(text: str, folder: Path) -> str:
    """The same lines, each user with the digest of the password in `folder/<user>`. Raises NoPassword."""
    return "".join(_with_digest(line, folder) for line in directives(text).splitlines(keepends=True))


def _with_digest(line: str, folder: Path) -> str:
    _, name, how, *_ = line.split()
    if how == "off":
        return line
    try:
        password = (folder / name).read_text(encoding="utf-8").strip()
    except (OSError, UnicodeDecodeError):
        raise NoPassword(f"{folder / name} cannot be read") from None
    if not password:
        raise NoPassword(f"{folder / name} is empty")
    return line.replace(" nopass ", f" #{hashlib.sha256(password.encode()).hexdigest()} ", 1)


def named(url: str, user: User) -> str:
    """The same address with that user: `unix:///data/store.sock` gets it."""
    scheme, _, rest = url.partition("://")
    return url if "@" in rest.partition("/")[0] else f"{scheme}://{user}@{rest}"
