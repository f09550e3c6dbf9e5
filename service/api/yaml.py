"""A JSON value as YAML 1.2 that people can read: blocks for what has parts, JSON for what has none.

The rule to remember: JSON's scalars are YAML's as well, so nothing is guessed, quoted or escaped by rules of ours.
"""

from typing import Any

import msgspec


def dump(value: Any) -> str:
    """The text, with a line end at its end."""
    return "\n".join(_lines(value)) + "\n"


def _lines(value: Any) -> list[str]:
    if isinstance(value, dict) and value:
        return [line for key, item in value.items() for line in _entry(f"{_scalar(str(key))}:", item)]
    if isinstance(value, list | tuple) and value:
        return [line for item in value for line in _item(item)]
    return [_scalar(value)]


def _entry(head: str, value: Any) -> list[str]:
    lines = _lines(value)
    has_parts = isinstance(value, dict | list | tuple) and value
    return [head, *(f"  {line}" for line in lines)] if has_parts else [f"{head} {lines[0]}"]


def _item(value: Any) -> list[str]:
    first, *rest = _lines(value)
    return [f"- {first}", *(f"  {line}" for line in rest)]


def _scalar(value: Any) -> str:
    return msgspec.json.encode(value).decode()
