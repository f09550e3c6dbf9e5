"""What `up` says when everything runs: to a script one line of JSON, to a person what to do next.

The rule to remember: whatever a person has to type stands there whole, ready to be pasted.
"""

import json
from typing import Any

from service import program


def print_json(told: dict[str, Any]) -> None:
    print(json.dumps(told), flush=True)


def print_lines(told: dict[str, Any]) -> None:
    print(
        f"Flashwire is up.\n\n"
        f"  Demo page  {told['demo']}\n"
        f"{_phones(told)}"
        f"  Duty key   {told['key']}\n"
        f"             (kept in {told['keyFile']})\n\n"
        f"Post an alert from another terminal:\n\n"
        f"{curl(told['url'], told['key'])}\n\n"
        f"Ctrl-C stops everything; the data stay in {told['dataDir']}.",
        flush=True,
    )


def _phones(told: dict[str, Any]) -> str:
    if not told["sandbox"]:
        return ""
    hint = f"pretend ones: {program.name()} devices seed 10000"
    return f"  Phones     {told['sandbox']}   ({hint})\n"


def curl(url: str, key: str) -> str:
    """A command that posts an alert when pasted into a shell."""
    body = json.dumps({"edition": "en", "level": "urgent", "headline": "Rain reaches the coast after a dry month"})
    return f"curl {url}/v1/alerts -H 'Authorization: Bearer {key}' -H 'Content-Type: application/json' -d '{body}'"
