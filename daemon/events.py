"""Events: `emit("job.claimed", job=7)`. This module alone formats them, and masks secrets on the way.

JSON lines go to one rotating file per process; a readable console is added where a person looks.
"""

from __future__ import annotations

import logging
import logging.handlers
import sys
from collections.abc import MutableMapping
from pathlib import Path
from typing import Any

import structlog

from daemon.masking import mask_all

_LOGGER = "secaid"


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
    logger = logging.getLogger(_LOGGER)
    logger.setLevel(level.upper())
    logger.propagate = False
    for handler in list(logger.handlers):
        logger.removeHandler(handler)
        handler.close()
    if folder is not None:
        logger.addHandler(_file_handler(folder / f"{process}.log", rotate_bytes, keep, shared))
    if console:
        logger.addHandler(_console_handler(shared))
    if not logger.handlers:
        logger.addHandler(logging.NullHandler())


def emit(event: str, *, level: str = "info", **fields: Any) -> None:
    """Record one event. Names are `noun.verb-in-past-tense`; fields are data, never sentences built from it."""
    getattr(structlog.get_logger(_LOGGER), level)(event, **fields)


def _masked(_logger: Any, _name: str, event: MutableMapping[str, Any]) -> MutableMapping[str, Any]:
    for key in list(event):
        if not key.startswith("_"):
            event[key] = mask_all(event[key])
    return event


def _file_handler(
    path: Path, rotate_bytes: int, keep: int, shared: list[structlog.typing.Processor]
) -> logging.Handler:
    path.parent.mkdir(parents=True, exist_ok=True)
    handler = logging.handlers.RotatingFileHandler(path, maxBytes=rotate_bytes, backupCount=keep, encoding="utf-8")
    handler.setFormatter(_formatter(structlog.processors.JSONRenderer(default=str), shared))
    return handler


def _console_handler(shared: list[structlog.typing.Processor]) -> logging.Handler:
    handler = logging.StreamHandler(sys.stderr)
    renderer = structlog.dev.ConsoleRenderer(colors=sys.stderr.isatty())
    handler.setFormatter(_formatter(renderer, shared))
    return handler


def _formatter(
    renderer: structlog.typing.Processor, shared: list[structlog.typing.Processor]
) -> structlog.stdlib.ProcessorFormatter:
    return structlog.stdlib.ProcessorFormatter(
        processors=[structlog.stdlib.ProcessorFormatter.remove_processors_meta, renderer],
        foreign_pre_chain=shared,
    )
