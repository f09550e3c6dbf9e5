"""What a query string asks: its parameters, each read by a rule of its own.

The rule to remember: an unknown parameter is ignored, a wrong value is refused by the parameter's name (contract §3).
"""

import re
from urllib.parse import parse_qsl

from service.api.problems import Problem

LIMIT_DEFAULT = 10
LIMIT_MAX = 100
PARAMETERS_MAX = 50

Given = dict[str, list[str]]
"""The values of each parameter, in their order."""


def read(query: bytes) -> Given:
    """The parameters of a raw query string. Raises Problem where there are more than anybody needs."""
    try:
        pairs = parse_qsl(query.decode("utf-8", "replace"), keep_blank_values=True, max_num_fields=PARAMETERS_MAX)
    except ValueError:
        raise Problem("bad-query", f"at most {PARAMETERS_MAX} parameters are read") from None
    given: Given = {}
    for name, value in pairs:
        given.setdefault(name, []).append(value)
    return given


def single(given: Given, name: str) -> str | None:
    """The one value of a parameter, or None. Raises Problem where it stands more than once."""
    values = given.get(name, [])
    if len(values) > 1:
        raise Problem("bad-query", f"{name}: stands more than once")
    return values[0] if values else None


def limit(given: Given, default: int = LIMIT_DEFAULT) -> int:
    """How many are wanted, `default` where nobody says. Raises Problem."""
    text = single(given, "limit")
    if text is None:
        return default
    if not re.fullmatch("[0-9]{1,3}", text) or not 1 <= int(text) <= LIMIT_MAX:
        raise Problem("bad-query", f"limit: must be a number from 1 to {LIMIT_MAX}")
    return int(text)


def choices(given: Given, name: str, allowed: tuple[str, ...]) -> tuple[str, ...]:
    """The values of a list, each once; they come with commas, or the parameter again. Raises Problem."""
    chosen = tuple(dict.fromkeys(part for value in given.get(name, ()) for part in value.split(",") if part))
    if not set(chosen) <= set(allowed):
        raise Problem("bad-query", f"{name}: must be one or more of {', '.join(allowed)}, separated by commas")
    return chosen
