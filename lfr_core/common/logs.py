"""Logs: JSON lines with stable event names and ids. Never a template, a crop, a name or a credential."""

from __future__ import annotations

import io
import logging
import sys
import time
from contextlib import suppress
from typing import TextIO, cast

from lfr_core.common.biometric import Biometric
from lfr_core.common.starting import leave_out

with leave_out("rich"):  # for colours in a terminal, which logs have none of: 4 MB and a tenth of a second a process
    import structlog

__all__ = ["RateLimit", "configure_logs", "get_logger", "withhold_biometrics"]


_WINDOW_S = 60.0


class RateLimit(logging.Filter):
    """At most `per_minute` records of one logger and level a minute.

    Kafka clients write thousands of lines in an outage (docs/facts.md#brokers); the first ones say it all.
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
    the line that says so raises; and where it stays in a buffer, Python's end fails on it (from 3.14 on, with 120
    instead of the process's own code).
    """

    def __init__(self, below: TextIO) -> None:
        self._below = below
        self._raw = getattr(getattr(below, "buffer", None), "raw", None)

    def write(self, text: str, /) -> int:
        with suppress(OSError, ValueError):  # full, or closed
            if self._raw is None:
                self._below.write(text)
            else:
                self._below.flush()
                left = text.encode(errors="backslashreplace")
                while left and (written := self._raw.write(left)):
                    left = left[written:]
        return len(text)

    def flush(self) -> None:
        with suppress(OSError, ValueError):
            self._below.flush()


_WITHHELD = "withheld"
_DEEPEST = 8


def withhold_biometrics(_logger: object, _method: str, event: structlog.typing.EventDict) -> structlog.typing.EventDict:
    """Let no template, crop, array or bytes reach a log, as a structlog processor; the event says one was withheld.

    `biometric_withheld` names the fields, so that the line of code that tried can be found and mended.
    """
    clean = {str(name): _without_biometrics(value) for name, value in event.items()}
    found = sorted(name for name, (_, withheld) in clean.items() if withheld)
    kept = {name: value for name, (value, _) in clean.items()}
    return kept | {"biometric_withheld": found} if found else kept


def _without_biometrics(value: object, depth: int = 0) -> tuple[object, bool]:
    """Return the value with what mustn't be logged replaced, and whether there was any."""
    if isinstance(value, Biometric | bytes | bytearray | memoryview) or _is_array(value) or depth > _DEEPEST:
        return _WITHHELD, True
    if isinstance(value, dict):
        parts = {str(key): _without_biometrics(each, depth + 1) for key, each in value.items()}
        return {key: each for key, (each, _) in parts.items()}, any(withheld for _, withheld in parts.values())
    if isinstance(value, list | tuple | set | frozenset):
        items = [_without_biometrics(each, depth + 1) for each in value]
        return [each for each, _ in items], any(withheld for _, withheld in items)
    return value, False


def _is_array(value: object) -> bool:
    numpy = sys.modules.get("numpy")  # not imported here: commands without faces start faster so
    return numpy is not None and isinstance(value, numpy.ndarray)


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
            withhold_biometrics,
            structlog.processors.JSONRenderer(),
        ],
        wrapper_class=structlog.make_filtering_bound_logger(numeric),
        logger_factory=structlog.PrintLoggerFactory(stream),
        cache_logger_on_first_use=False,
    )


def get_logger(**ids: str | int) -> structlog.typing.FilteringBoundLogger:
    """Return a logger that adds `ids` to each event."""
    logger: structlog.typing.FilteringBoundLogger = structlog.get_logger(**ids)
    return logger
