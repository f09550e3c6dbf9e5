"""What a request says of itself besides key and body: the alert in its path, `Idempotency-Key` and `If-Match`.

The rule to remember: a header that cannot be read is refused, never passed over: whoever sends it relies on it.
"""

import re

from starlette.requests import Request

from service.api.problems import Problem
from service.domain.checks import ID_FORM
from service.domain.errors import NotFound

IDEMPOTENCY_KEY = re.compile(r"[!-~]{1,128}", re.ASCII)
IF_MATCH = re.compile(r'"([0-9]{1,9})"', re.ASCII)


def alert_id(request: Request) -> str:
    """The alert of the path. Raises NotFound for what is no id."""
    named = str(request.path_params["id"])
    if not ID_FORM.fullmatch(named):
        raise NotFound("there is no alert of this id")
    return named


def idempotency_key(request: Request) -> str | None:
    """The Idempotency-Key, or None. Raises Problem (400)."""
    given = request.headers.getlist("idempotency-key")
    if not given:
        return None
    if len(given) > 1 or not IDEMPOTENCY_KEY.fullmatch(given[0]):
        raise Problem("bad-idempotency-key", "must be one value of 1 to 128 visible ASCII characters")
    return given[0]


def version(request: Request) -> int | None:
    """The version that If-Match names; None for none and for `*`, any. Raises Problem (400)."""
    if_match = request.headers.get("if-match")
    if if_match is None or if_match.strip() == "*":
        return None
    found = IF_MATCH.fullmatch(if_match.strip())
    if found is None:
        raise Problem("bad-if-match", 'must be one version in quotes, such as "3"')
    return int(found[1])
