"""What FFmpeg tells by its log alone: packets that never came, errors of decoders, how a server answered.

A decoder hides a missing or damaged part as well as it can and hands the picture on; H.265 marks it nowhere. One log is
kept for the process: an error of one stream's decoder counts for every stream that this process reads.
"""

from __future__ import annotations

import logging
import re
from collections.abc import Iterator, Sequence
from contextlib import contextmanager

__all__ = ["FFMPEG_LOG", "FfmpegLog"]

_LOST = re.compile(r"missed (\d+) packets")
_HARMLESS = re.compile(r"\bSEI\b|\bVUI\b|no frame!|deprecated|unspecified (?:size|pixel format)", re.IGNORECASE)
"""Errors that say nothing of a picture's content: side information, a packet of parameters alone."""
_ANSWER = re.compile(r"(?:method \w+ failed:|HTTP error|Server returned) (\d{3})\b")


class FfmpegLog(logging.Handler):
    """Counts lost packets and errors. FFmpeg calls it from its decoding threads too."""

    def __init__(self) -> None:
        super().__init__(logging.WARNING)
        self.lost_packets = 0
        self.errors = 0

    def attach(self) -> None:
        """Take FFmpeg's lines from now on; none is written anywhere, as they hold addresses with credentials."""
        import av

        logger = logging.getLogger("libav")
        logger.handlers, logger.propagate = [self], False
        logger.setLevel(logging.WARNING)
        av.logging.set_skip_repeated(False)
        av.logging.set_level(av.logging.WARNING)

    def emit(self, record: logging.LogRecord) -> None:
        """Count one line."""
        self.note(record.getMessage(), is_error=record.levelno >= logging.ERROR)

    def note(self, message: str, *, is_error: bool) -> None:
        """Count one line that was captured elsewhere."""
        if (lost := _LOST.search(message)) is not None:
            self.lost_packets += int(lost[1])
        elif is_error and not _HARMLESS.search(message):
            self.errors += 1

    @contextmanager
    def collect_lines(self) -> Iterator[list[str]]:
        """Collect the lines of one opening in this thread, every detail of the conversation included."""
        import av

        lines: list[str] = []
        with av.logging.Capture() as found:
            av.logging.set_level(av.logging.VERBOSE)
            try:
                yield lines
            finally:
                av.logging.set_level(av.logging.WARNING)
                lines += [message for _, _, message in found]
                for level, _, message in found:
                    self.note(message, is_error=level <= av.logging.ERROR)


FFMPEG_LOG = FfmpegLog()


def answer_in(lines: Sequence[str]) -> int | None:
    """Return the server's last answer that was no success, an HTTP or RTSP status code; None where there was none."""
    codes = [int(found[1]) for line in lines if (found := _ANSWER.search(line)) is not None]
    return codes[-1] if codes else None
