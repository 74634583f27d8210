"""Takes one picture of a source that was opened, however rare its whole pictures are, and says what it waits for."""

from __future__ import annotations

import threading
from collections.abc import Callable

from lfr_core.common.errors import Poison, Retryable
from lfr_core.domain.frames import PictureState
from streams.camera.sources import Source, StreamSource

__all__ = ["take_picture"]

LONGEST_S = 60.0
_SAY_AFTER_S = 2.0
_WAITS = {
    PictureState.NO_KEY_FRAME: "it sends, and no whole picture has come yet: waiting for its next key frame",
    PictureState.DAMAGED: "it sends, and parts of its pictures are lost on the way: waiting for a whole one",
}


def take_picture(source: Source, say: Callable[[str], None], *, longest_s: float = LONGEST_S) -> bytes:
    """The JPEG of the next frame; `say` is told once what it waits for. Closes the source, whenever it comes back.

    Raises:
        Poison: there is no frame, or it can't be decoded.
        Retryable: the camera went away, or gave no whole picture for so long.
    """
    taken: list[bytes | None] = []
    failed: list[BaseException] = []
    done = threading.Event()

    def take() -> None:
        try:
            taken.append(None if source.grab() is None else source.jpeg())
        except BaseException as error:  # noqa: BLE001  raised again below
            failed.append(error)
        finally:
            source.close()
            done.set()

    threading.Thread(target=take, name="camera-probe", daemon=True).start()
    if not done.wait(_SAY_AFTER_S):
        state = source.state if isinstance(source, StreamSource) else PictureState.SOUND
        say(_WAITS.get(state, "waiting for its first picture"))
        if not done.wait(longest_s - _SAY_AFTER_S):
            raise Retryable(
                f"{source.info.shown} sends, and gave no whole picture in {longest_s:g} s: set the interval of its key "
                "frames (I-frames) to a second or two, and switch off what its maker calls smart coding"
            )
    if failed:
        raise failed[0]
    if taken[0] is None:
        raise Poison(f"{source.info.shown} holds no frame that can be read")
    return taken[0]
