"""The store's password out of a file, put into the addresses that name none.

The rule to remember: a secret in a file stands in no environment that somebody prints and no list of processes; and a
password that an address already has is left alone, since somebody meant it.
"""

from pathlib import Path
from urllib.parse import quote

PASSWORD_MAX_BYTES = 1024
"""More is another file."""


class Unusable(ValueError):
    """The file gives no password; says why, and nothing of what it holds."""


def read(path: Path) -> str:
    """The password: the file's only line. Raises Unusable."""
    try:
        with path.open("rb") as file:
            raw = file.read(PASSWORD_MAX_BYTES + 1)
        text = raw.decode("utf-8").strip()
    except OSError as problem:
        raise Unusable(f"cannot be read: {problem.strerror}") from None
    except UnicodeDecodeError:
        raise Unusable("must be a text of one line") from None
    if not text or len(raw) > PASSWORD_MAX_BYTES or not text.isprintable():
        raise Unusable("must be a text of one line")
    return text


def put_into(url: str, password: str) -> str:
    """The same address with that password: `redis://store:6379` and `redis://user@store:6379` get it."""
    scheme, _, rest = url.partition("://")
    place, slash, path = rest.partition("/")
    before, at, host = place.rpartition("@")
    user, _, given = before.partition(":")
    if at and given:
        return url
    return f"{scheme}://{user}:{quote(password, safe='')}@{host}{slash}{path}"
