"""Takes one picture of a source that was opened, however rare its whole pictures are, and says what it waits for."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from contextlib import suppress
from typing import NamedTuple

from lfr_core.common.errors import LfrError, Poison, Retryable
from lfr_core.domain.frames import PictureState
from streams.camera.sources import Source, StreamSource

__all__ = ["TakenPicture", "take_picture"]

LONGEST_S = 60.0
_SAY_AFTER_S = 2.0
_TELLS_TIME_S = 3.0
"""Sender reports come every few seconds, the first one soon after the start (RFC 3550, 6.2)."""
_WAITS = {
    PictureState.NO_KEY_FRAME: "it sends, and no whole picture has come yet: waiting for its next key frame",
    PictureState.DAMAGED: "it sends, and parts of its pictures are lost on the way: waiting for a whole one",
}


class TakenPicture(NamedTuple):
    """What was taken."""

    jpeg: bytes
    clock_age_s: float | None
    """How old pictures are when they come, by the camera's own clock; None where it didn't tell the time."""


def take_picture(source: Source, say: Callable[[str], None], *, longest_s: float = LONGEST_S) -> TakenPicture:
    """Take the next frame; `say` is told once what it waits for. Closes the source, whenever it comes back.

    A camera that speaks RTSP is read for up to three seconds more, in which it tells the time.

    Raises:
        Poison: there is no frame, or it can't be decoded.
        Retryable: the camera went away, or gave no whole picture for so long.
    """
    taken: list[TakenPicture | None] = []
    failed: list[BaseException] = []
    pictured, done = threading.Event(), threading.Event()

    def take() -> None:
        try:
            jpeg = None if source.grab() is None else source.jpeg()
            pictured.set()
            taken.append(None if jpeg is None else TakenPicture(jpeg, _clock_age_s(source)))
        except BaseException as error:  # noqa: BLE001  raised again below
            failed.append(error)
        finally:
            source.close()
            pictured.set()
            done.set()

    threading.Thread(target=take, name="camera-probe", daemon=True).start()
    if not pictured.wait(_SAY_AFTER_S):
        state = source.state if isinstance(source, StreamSource) else PictureState.SOUND
        say(_WAITS.get(state, "waiting for its first picture"))
        if not pictured.wait(longest_s - _SAY_AFTER_S):
            raise Retryable(
                f"{source.info.shown} sends, and gave no whole picture in {longest_s:g} s: set the interval of its key "
                "frames (I-frames) to a second or two, and switch off what its maker calls smart coding"
            )
    done.wait(longest_s)
    if failed:
        raise failed[0]
    if taken[0] is None:
        raise Poison(f"{source.info.shown} holds no frame that can be read")
    return taken[0]


def _clock_age_s(source: Source) -> float | None:
    """Return what the camera's own clock says, once it has told the time; None for one that doesn't in time."""
    if not isinstance(source, StreamSource) or not source.info.shown.startswith("rtsp"):
        return None
    until = time.monotonic() + _TELLS_TIME_S
    with suppress(LfrError):  # a picture has been taken
        while source.clock_age_s is None and time.monotonic() < until and source.grab() is not None:
            pass
    return source.clock_age_s
