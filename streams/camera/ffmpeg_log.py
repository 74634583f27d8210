"""What FFmpeg tells by its log alone: packets that never came, errors of decoders, how a server answered.

A decoder hides a missing or damaged part as well as it can and hands the picture on; H.265 marks it nowhere. One log is
kept for the process: an error of one stream's decoder counts for every stream that this process reads.
"""

from __future__ import annotations

import logging
import re
import threading
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager

__all__ = ["FFMPEG_LOG", "FfmpegLog"]

_LOST = re.compile(r"missed (\d+) packets")
_HARMLESS = re.compile(r"\bSEI\b|\bVUI\b|no frame!|deprecated|unspecified (?:size|pixel format)", re.IGNORECASE)
"""Errors that say nothing of a picture's content: side information, a packet of parameters alone."""
_ANSWER = re.compile(r"(?:method \w+ failed:|HTTP error|Server returned) (\d{3})\b")


class FfmpegLog(logging.Handler):
    """Counts lost packets and errors. FFmpeg calls it from its decoding threads too."""

    def __init__(self) -> None:
        super().__init__()
        self.lost_packets = 0
        self.errors = 0
        self._readers: dict[int, Callable[[str], None]] = {}
        """Who reads every line of a thread, by its identifier."""

    def attach(self) -> None:
        """Take FFmpeg's lines from now on; none is written anywhere, as they hold addresses with credentials."""
        import av

        logger = logging.getLogger("libav")
        logger.handlers, logger.propagate = [self], False
        av.logging.set_skip_repeated(False)
        self._choose_level()

    def emit(self, record: logging.LogRecord) -> None:
        """Count one line, and hand it to whoever reads those of its thread."""
        message = record.getMessage()
        if record.levelno >= logging.WARNING:
            self.note(message, is_error=record.levelno >= logging.ERROR)
        if (read := self._readers.get(record.thread or 0)) is not None:
            read(message)

    def note(self, message: str, *, is_error: bool) -> None:
        """Count one line that was captured elsewhere."""
        if (lost := _LOST.search(message)) is not None:
            self.lost_packets += int(lost[1])
        elif is_error and not _HARMLESS.search(message):
            self.errors += 1

    @contextmanager
    def reading_lines(self, read: Callable[[str], None]) -> Iterator[None]:
        """Have `read` called with each line of this thread, every detail of the conversation included.

        It is called before FFmpeg does what the line says.
        """
        thread = threading.get_ident()
        self._readers[thread] = read
        self._choose_level()
        try:
            yield
        finally:
            del self._readers[thread]
            self._choose_level()

    def _choose_level(self) -> None:
        """Ask for every detail while somebody reads, for warnings and errors otherwise."""
        import av

        every_detail = bool(self._readers)
        logging.getLogger("libav").setLevel(logging.DEBUG if every_detail else logging.WARNING)
        av.logging.set_level(av.logging.VERBOSE if every_detail else av.logging.WARNING)


FFMPEG_LOG = FfmpegLog()


def answer_in(lines: Sequence[str]) -> int | None:
    """Return the server's last answer that was no success, an HTTP or RTSP status code; None where there was none."""
    codes = [int(found[1]) for line in lines if (found := _ANSWER.search(line)) is not None]
    return codes[-1] if codes else None
