"""The tables of docs/settings.md and docs/metrics.md, made of what the program has.

The rule to remember: nobody writes these tables by hand. `python -m tests.documented` writes them again, and
tests/test_documented.py fails while they differ from the settings and the metrics.
"""

import ast
import importlib
import sys
from collections.abc import Iterator
from dataclasses import MISSING, fields
from pathlib import Path
from types import UnionType
from typing import Annotated, Any, Literal, get_args, get_origin, get_type_hints

from prometheus_client import REGISTRY

from config import settings
from config.settings import Between, Matching, Settings, Url

ROOT = Path(__file__).resolve().parent.parent
SETTINGS = ROOT / "docs" / "settings.md"
METRICS = ROOT / "docs" / "metrics.md"
PROCESSES = {
    "service.admin": "all",
    "service.api.metrics": "api",
    "service.newswire": "api, gateway",
    "workers.gateway.metrics": "gateway",
    "workers.push.metrics": "push",
    "workers.scheduler.metrics": "scheduler",
    "service.durability_watch": "api, scheduler",
}
"""Every module that counts something, and whose /metrics shows it."""
WRITE_AGAIN = "`python -m tests.documented` writes this page again; a test fails while it differs."


def settings_page() -> str:
    """docs/settings.md as it should be."""
    lines = [
        "# Settings",
        "",
        "Each can be set in the `[settings]` table of flashwire.toml under its name, and by the environment as "
        "`FLASHWIRE_<NAME>` in capitals, which wins.",
        f"Made from config/settings.py: {WRITE_AGAIN}",
    ]
    hints = get_type_hints(Settings, include_extras=True)
    known = {field.name: field for field in fields(Settings)}
    for section, names in _sections():
        lines += ["", f"## {section}", "", "| setting | default | allowed | |", "|---|---|---|---|"]
        for name, manual in names:
            default = known[name].default
            assert default is not MISSING, f"{name} has a default"
            lines.append(f"| `{name}` | {_default(default)} | {_allowed(hints[name])} | {_cell(manual)} |")
    return "\n".join(lines) + "\n"


def _sections() -> Iterator[tuple[str, list[tuple[str, str]]]]:
    """Each section of the class with its settings and their manuals, as they stand in the source."""
    assert settings.__file__ is not None
    source = Path(settings.__file__).read_text(encoding="utf-8")
    (body,) = (
        node.body for node in ast.parse(source).body if isinstance(node, ast.ClassDef) and node.name == "Settings"
    )
    headings = {
        number: line.strip().removeprefix("# --- ")
        for number, line in enumerate(source.splitlines(), 1)
        if line.strip().startswith("# --- ")
    }
    for number, heading in headings.items():
        end = min((other for other in headings if other > number), default=sys.maxsize)
        found = []
        for place, node in enumerate(body):
            if not isinstance(node, ast.AnnAssign) or not number < node.lineno < end:
                continue
            assert isinstance(node.target, ast.Name)
            after = body[place + 1] if place + 1 < len(body) else None
            said = after.value if isinstance(after, ast.Expr) else None
            manual = said.value if isinstance(said, ast.Constant) and isinstance(said.value, str) else ""
            if node.target.id != "newsroom":  # a table of its own, which the environment cannot set
                found.append((node.target.id, manual))
        if found:
            yield heading, found


def _default(value: object) -> str:
    if value is None or value == ():
        return "none"
    if isinstance(value, tuple):
        return ", ".join(f"`{item}`" for item in value)
    if isinstance(value, bool):
        return "`true`" if value else "`false`"
    return f"`{value}`"


def _allowed(hint: Any) -> str:
    rules: tuple[Any, ...] = ()
    if get_origin(hint) is Annotated:
        hint, *extras = get_args(hint)
        rules = tuple(extras)
    kinds = get_args(hint) if isinstance(hint, UnionType) else (hint,)
    (kind,) = (option for option in kinds if option is not type(None))
    if get_origin(kind) is Annotated:
        return _allowed(kind)
    for rule in rules:
        if isinstance(rule, Between):
            return f"{rule.low:,.12g} to {rule.high:,.12g}"
        if isinstance(rule, Url):
            return ", ".join(f"`{scheme}:`" for scheme in rule.schemes)
        if isinstance(rule, Matching):
            return rule.allowed
    if get_origin(kind) is Literal:
        return ", ".join(f"`{word}`" for word in get_args(kind))
    return {bool: "true or false", Path: "a path", str: "text"}[kind]


def metrics_page() -> str:
    """docs/metrics.md as it should be."""
    lines = [
        "# Metrics",
        "",
        "Each process shows its own under `/metrics` of its admin port, and those of Python and the process.",
        f"Made from the modules that count: {WRITE_AGAIN}",
        "",
        "| metric | kind | labels | of | |",
        "|---|---|---|---|---|",
    ]
    for name, kind, labels, process, said in sorted(metrics()):
        named = ", ".join(f"`{label}`" for label in labels)
        lines.append(f"| `{name}` | {kind} | {named} | {process} | {_cell(said)} |")
    return "\n".join(lines) + "\n"


def metrics() -> list[tuple[str, str, tuple[str, ...], str, str]]:
    """Name as it is shown, kind, labels, process and meaning of everything we count."""
    found = []
    for module, process in PROCESSES.items():
        for value in vars(importlib.import_module(module)).values():
            if value.__class__.__module__ != "prometheus_client.metrics" or isinstance(value, type):
                continue
            (told,) = value.describe()
            shown = f"{told.name}_total" if told.type == "counter" else told.name
            found.append((shown, told.type, tuple(value._labelnames), process, told.documentation))
    return found


def registered() -> set[str]:
    """What the registry holds of ours, as it is shown."""
    for module in PROCESSES:
        importlib.import_module(module)
    return {
        f"{told.name}_total" if told.type == "counter" else told.name
        for told in REGISTRY.collect()
        if told.name.startswith("flashwire_")
    }


def _cell(text: str) -> str:
    return " ".join(text.split()).replace("|", "\\|")


if __name__ == "__main__":
    SETTINGS.write_text(settings_page(), encoding="utf-8")
    METRICS.write_text(metrics_page(), encoding="utf-8")
