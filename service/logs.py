"""Logs: one event a line on stderr, for people in a terminal and as JSON for machines.

The rule to remember: what others sent us is data, not layout, and no secret is worth logging. Control and invisible
characters are escaped; of an API key or a device's secret only the public half is ever written, of a ticket nothing.
"""

import logging
import re
import sys
import unicodedata
from typing import Any, Literal, TextIO

import structlog
from structlog.typing import EventDict, Processor, WrappedLogger

_KEY = re.compile(r"(fw_(?:live|test)_[0-9A-Z]{10}|fwd_[0-9A-Z]{26}_|fwt_)[0-9A-Z]+")
_HIDDEN = frozenset({"Cc", "Cf", "Cs", "Zl", "Zp"})


def configure(
    log_format: Literal["auto", "human", "json"], level: str, process: str = "", stream: TextIO | None = None
) -> None:
    """Set up structlog, and the standard library's logging through it. `process` stands on every line if given."""
    output = stream if stream is not None else sys.stderr
    human = log_format == "human" or (log_format == "auto" and output.isatty())
    shared: list[Processor] = [
        structlog.contextvars.merge_contextvars,
        structlog.stdlib.add_log_level,
        structlog.stdlib.ExtraAdder(),
        structlog.processors.TimeStamper(fmt="%H:%M:%S" if human else "iso", utc=not human),
        structlog.processors.format_exc_info,
        _named(process),
        harmless,
    ]
    last: Processor = _as_sentence if human else structlog.processors.JSONRenderer(ensure_ascii=False)
    handler = logging.StreamHandler(output)
    handler.setFormatter(
        structlog.stdlib.ProcessorFormatter(
            foreign_pre_chain=shared, processors=[structlog.stdlib.ProcessorFormatter.remove_processors_meta, last]
        )
    )
    root = logging.getLogger()
    root.handlers[:] = [handler]
    root.setLevel(level.upper())
    structlog.configure(
        processors=[
            structlog.stdlib.filter_by_level,
            structlog.stdlib.PositionalArgumentsFormatter(),
            *shared,
            structlog.stdlib.ProcessorFormatter.wrap_for_formatter,
        ],
        logger_factory=structlog.stdlib.LoggerFactory(),
        wrapper_class=structlog.stdlib.BoundLogger,
        cache_logger_on_first_use=True,
    )


def harmless(_logger: WrappedLogger, _method: str, event: EventDict) -> EventDict:
    """A structlog processor: the same event without secrets of keys and without characters that could deceive."""
    event.pop("color_message", None)  # uvicorn's, for its own formatter
    trace = event.pop("exception", None)
    kept = {key: value if key.startswith("_") else _harmless(value) for key, value in event.items()}
    if trace is not None:  # its lines may stay lines, since they are indented where a person reads them
        kept["exception"] = "\n".join(_harmless(line) for line in str(trace).splitlines())
    return kept


def escape(text: str) -> str:
    """`text` with control, invisible and line-breaking characters written as escapes."""
    return "".join(
        f"\\u{ord(character):04x}" if unicodedata.category(character) in _HIDDEN else character for character in text
    )


def _harmless(value: Any) -> Any:
    if isinstance(value, bool | int | float) or value is None:
        return value
    if isinstance(value, dict):
        return {_harmless(key): _harmless(item) for key, item in value.items()}
    if isinstance(value, list | tuple | set | frozenset):
        return [_harmless(item) for item in value]
    return escape(_KEY.sub(r"\1…", str(value)))


def _named(process: str) -> Processor:
    def named(_logger: WrappedLogger, _method: str, event: EventDict) -> EventDict:
        return {**event, "process": process} if process else event

    return named


def _as_sentence(_logger: WrappedLogger, _method: str, event: EventDict) -> str:
    """`12:00:01 gateway 1: reader left  code=1000`, with the level only where it is one to look at."""
    when, level = event.pop("timestamp"), event.pop("level")
    process, what = event.pop("process", "flashwire"), event.pop("event")
    trace = event.pop("exception", "").replace("\n", "\n    ")
    loud = "" if level in ("debug", "info") else f"{level.upper()} "
    rest = "".join(f"  {key}={value}" for key, value in event.items())
    return f"{when} {process}: {loud}{what}{rest}" + (f"\n    {trace}" if trace else "")
