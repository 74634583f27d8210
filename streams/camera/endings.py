"""What is said of a camera that was opened and sends nothing more."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from lfr_core.common.errors import Retryable
from streams.camera.urls import SourceText

if TYPE_CHECKING:
    from av import FFmpegError

__all__ = ["READ_TIMEOUT_S", "check_end", "without_end"]

READ_TIMEOUT_S = 5.0


def check_end(source: SourceText, container: Any, packets: int, error: FFmpegError | None = None) -> None:
    """Raise Retryable where a camera ended that should go on; what a recording gave before its end was good.

    packets: how many came. error: what FFmpeg said, None where it said that this is the end.
    """
    import av

    if not source.kind.live:
        return
    if isinstance(error, av.MemoryError):
        raise without_end() from error
    timed_out = isinstance(error, av.ExitError)
    is_jpeg = container.streams.video[0].codec_context.name == "mjpeg"
    if packets <= 1 and is_jpeg and not timed_out and not source.is_rtsp:
        raise Retryable(
            f"the camera {source.shown} sent one picture and closed: this is the address of its still pictures "
            "(snapshots), which don't say when they were taken. Give the address of its stream: rtsp://, or Motion "
            "JPEG over http://",
            retry_after_s=10.0,
        ) from error
    if error is not None:
        words = f"sent no picture for {READ_TIMEOUT_S:g} s" if timed_out else f"gave nothing ({error.strerror})"
        raise Retryable(f"the camera {words}") from error


def without_end() -> Retryable:
    """Return the error of a camera whose picture takes more bytes than any sound one."""
    return Retryable(
        "the camera sends a picture without an end, or one larger than any that is allowed: lower its resolution and "
        "its quality, or start it anew",
        retry_after_s=10.0,
    )
