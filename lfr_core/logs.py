"""Logs: JSON lines with stable event names and ids. Never a template, a crop, a name or a credential."""

from __future__ import annotations

import io
import logging
import sys
import time
from contextlib import suppress
from typing import TextIO, cast

import structlog

__all__ = ["RateLimit", "configure_logs", "get_logger"]


_WINDOW_S = 60.0


class RateLimit(logging.Filter):
    """At most `per_minute` records of one logger and level a minute.

    Kafka clients write thousands of lines in an outage (FACTS.md); the first ones say it all.
    """

    def __init__(self, per_minute: int = 20) -> None:
        super().__init__()
        self._per_minute = per_minute
        self._window: dict[tuple[str, int], tuple[float, int]] = {}

    def filter(self, record: logging.LogRecord) -> bool:
        key = (record.name, record.levelno)
        now = time.monotonic()
        started, count = self._window.get(key, (now, 0))
        if now - started >= _WINDOW_S:
            started, count = now, 0
        self._window[key] = (started, count + 1)
        return count < self._per_minute


class _Forgiving(io.TextIOBase):
    """Text for another stream, dropped where that can't be written.

    The log lies on a disk that may be full. What a process was going to do about that is lost with it if
    the line that says so raises.
    """

    def __init__(self, below: TextIO) -> None:
        self._below = below

    def write(self, text: str, /) -> int:
        with suppress(OSError):
            self._below.write(text)
        return len(text)

    def flush(self) -> None:
        with suppress(OSError):
            self._below.flush()


def configure_logs(level: str = "INFO") -> None:
    """Send our events as JSON, and other packages' warnings rate-limited, to standard error.

    `lfr up` gives each child's standard error a log file of its own.
    """
    stream = cast("TextIO", _Forgiving(sys.stderr))
    numeric = logging.getLevelNamesMapping().get(level.upper(), logging.INFO)
    handler = logging.StreamHandler(stream)
    handler.addFilter(RateLimit())
    logging.basicConfig(level=max(numeric, logging.WARNING), handlers=[handler], force=True)
    structlog.configure(
        processors=[
            structlog.contextvars.merge_contextvars,
            structlog.processors.add_log_level,
            structlog.processors.TimeStamper(fmt="iso", utc=True),
            structlog.processors.format_exc_info,
            structlog.processors.JSONRenderer(),
        ],
        wrapper_class=structlog.make_filtering_bound_logger(numeric),
        logger_factory=structlog.PrintLoggerFactory(stream),
        cache_logger_on_first_use=False,
    )


def get_logger(**ids: str | int) -> structlog.typing.FilteringBoundLogger:
    """A logger that adds `ids` to each event."""
    logger: structlog.typing.FilteringBoundLogger = structlog.get_logger(**ids)
    return logger
