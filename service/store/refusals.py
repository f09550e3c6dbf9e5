"""What the store refuses because of who we are: told at once, in words that mend it.

The rule to remember: whoever calls the store takes its failures for a pause. A right that is missing is none, since
waiting mends nothing; so it is an error in the log wherever it comes up, and the error itself names the remedy.
"""

import time
from typing import Any

import structlog
from redis._parsers.hiredis import _AsyncHiredisParser
from redis.exceptions import AuthenticationError, NoPermissionError

log = structlog.get_logger("store")

TOLD_AGAIN_S = 10.0
"""The same refusal is told so often: a loop that tries again must not fill the log."""
RIGHTS = (
    "give this user of the store the rights that config/store-users.acl gives to its process; "
    "`flashwire doctor` says which are missing"
)
LET_IN = "the address must name a user of the store, and FLASHWIRE_STORE_PASSWORD_FILE hold that user's password"
IN_A_SCRIPT = "ACL failure in script"
DONE_WITHOUT = ("'acl|", "'client|", "'config|")
"""Who asks for these can do without, and says so where it matters."""


def remedy(problem: BaseException) -> str | None:
    """What mends it, where the store has refused us; None for any other failure."""
    if isinstance(problem, AuthenticationError):
        return LET_IN
    if isinstance(problem, NoPermissionError) or IN_A_SCRIPT in str(problem):
        return RIGHTS
    return None


def why(problem: BaseException) -> str:
    """A failure of the store in words, with what mends it where that is known."""
    said, mends = str(problem) or type(problem).__name__, remedy(problem)
    return said if mends is None or mends in said else f"{said}; {mends}"


class Parser(_AsyncHiredisParser):
    """Answers of the store, as redis-py reads them; a refusal carries its remedy, and stands in the log."""

    _told = ("", float("-inf"))

    @classmethod
    def parse_error(cls, response: str) -> Any:
        """The error that an answer means."""
        problem = super().parse_error(response)  # type: ignore[no-untyped-call]  # redis-py has no types there
        mends = remedy(problem)
        if mends is None or any(command in response for command in DONE_WITHOUT):
            return problem
        said, now_s = str(problem), time.monotonic()
        if said != cls._told[0] or now_s - cls._told[1] > TOLD_AGAIN_S:
            cls._told = said, now_s
            log.error("the store refuses this process what it asks for", why=said, remedy=mends)
        return type(problem)(f"{said}; {mends}")
