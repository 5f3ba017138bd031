"""Events: `emit("job.claimed", job=7)`. This module alone formats them, and masks secrets on the way.

JSON lines go to one rotating file per process; a readable console is added where a person looks. What
libraries log from WARNING on, and a crash, take the same way: nothing reaches a log unmasked.
"""

from __future__ import annotations

import contextlib
import logging
import logging.handlers
import sys
import threading
import traceback
from collections.abc import Iterator, MutableMapping
from pathlib import Path
from types import TracebackType
from typing import Any

import structlog

from daemon.masking import mask, mask_all

_LOGGER = "secaid"
_LONGEST = 32_768
"""Characters of one value; the rest of a longer one is cut off, and said to be."""
_OF_STRUCTLOG = frozenset({"_record", "_from_structlog", "_logger", "_name"})
"""Keys by which structlog hands a record on; they are never rendered."""


def configure(
    *,
    process: str,
    folder: Path | None,
    level: str = "info",
    rotate_bytes: int = 10 * 2**20,
    keep: int = 5,
    console: bool = False,
) -> None:
    """Send this process' events to `folder/PROCESS.log` (JSON lines) and, if asked, to stderr."""
    shared: list[structlog.typing.Processor] = [
        structlog.contextvars.merge_contextvars,
        structlog.stdlib.add_log_level,
        structlog.processors.TimeStamper(fmt="iso", utc=True),
        structlog.processors.format_exc_info,
        _masked,
    ]
    structlog.configure(
        processors=[*shared, structlog.stdlib.ProcessorFormatter.wrap_for_formatter],
        wrapper_class=structlog.stdlib.BoundLogger,
        logger_factory=structlog.stdlib.LoggerFactory(),
        cache_logger_on_first_use=False,
    )
    structlog.contextvars.clear_contextvars()
    structlog.contextvars.bind_contextvars(process=process)
    foreign = [*shared[:1], structlog.stdlib.add_logger_name, *shared[1:]]
    handlers: list[logging.Handler] = []
    if folder is not None:
        handlers.append(_file_handler(folder / f"{process}.log", rotate_bytes, keep, foreign))
    if console:
        handlers.append(_console_handler(foreign))
    _attach(logging.getLogger(_LOGGER), handlers or [logging.NullHandler()], level.upper())
    logging.getLogger(_LOGGER).propagate = False
    _attach(logging.getLogger(), handlers, "WARNING")
    sys.excepthook = _crashed
    threading.excepthook = _thread_crashed


def emit(event: str, *, level: str = "info", **fields: Any) -> None:
    """Record one event. Names are `noun.verb-in-past-tense`; fields are data, never sentences built from it."""
    getattr(structlog.get_logger(_LOGGER), level)(event, **fields)


@contextlib.contextmanager
def about(**fields: Any) -> Iterator[None]:
    """Put these fields on every event of the block, also on those of libraries."""
    with structlog.contextvars.bound_contextvars(**fields):
        yield


class _Handler(logging.handlers.RotatingFileHandler):
    """Marks the handlers that `configure` made, so that it can be called again."""


class _Console(logging.StreamHandler[Any]):
    """The same for the console."""


def _attach(logger: logging.Logger, handlers: list[logging.Handler], level: str) -> None:
    for handler in list(logger.handlers):
        if isinstance(handler, _Handler | _Console | logging.NullHandler):
            logger.removeHandler(handler)
            handler.close()
    for handler in handlers:
        logger.addHandler(handler)
    logger.setLevel(level)


def _masked(_logger: Any, _name: str, event: MutableMapping[str, Any]) -> MutableMapping[str, Any]:
    """The last step before rendering: plain data without secrets, and no value longer than a page or two."""
    kept = {key: event.pop(key) for key in list(event) if key in _OF_STRUCTLOG}
    masked = mask_all(dict(event))
    event.clear()
    event.update({key: _bounded(value) for key, value in masked.items()})
    event.update(kept)
    return event


def _bounded(value: Any) -> Any:
    if isinstance(value, str) and len(value) > _LONGEST:
        return f"{value[:_LONGEST]}… ({len(value) - _LONGEST} more characters)"
    if isinstance(value, dict):
        return {_bounded(key): _bounded(item) for key, item in value.items()}
    return [_bounded(item) for item in value] if isinstance(value, list) else value


def _crashed(kind: type[BaseException], error: BaseException, trace: TracebackType | None) -> None:
    """What nobody caught: into the log, and masked to stderr."""
    if not issubclass(kind, KeyboardInterrupt):
        emit("process.crashed", level="critical", exc_info=(kind, error, trace))
    sys.stderr.write(mask("".join(traceback.format_exception(kind, error, trace))))


def _thread_crashed(arguments: threading.ExceptHookArgs) -> None:
    if arguments.exc_value is not None and not issubclass(arguments.exc_type, SystemExit):
        _crashed(arguments.exc_type, arguments.exc_value, arguments.exc_traceback)


def _file_handler(
    path: Path, rotate_bytes: int, keep: int, foreign: list[structlog.typing.Processor]
) -> logging.Handler:
    path.parent.mkdir(parents=True, exist_ok=True)
    handler = _Handler(path, maxBytes=rotate_bytes, backupCount=keep, encoding="utf-8", errors="backslashreplace")
    handler.setFormatter(_formatter(structlog.processors.JSONRenderer(), foreign))
    return handler


def _console_handler(foreign: list[structlog.typing.Processor]) -> logging.Handler:
    handler = _Console(sys.stderr)
    renderer = structlog.dev.ConsoleRenderer(colors=sys.stderr.isatty())
    handler.setFormatter(_formatter(renderer, foreign))
    return handler


def _formatter(
    renderer: structlog.typing.Processor, foreign: list[structlog.typing.Processor]
) -> structlog.stdlib.ProcessorFormatter:
    return structlog.stdlib.ProcessorFormatter(
        processors=[structlog.stdlib.ProcessorFormatter.remove_processors_meta, renderer],
        foreign_pre_chain=foreign,
    )
