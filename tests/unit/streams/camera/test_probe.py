from __future__ import annotations

import threading

import pytest

from lfr_core.common.errors import Poison, Retryable
from lfr_core.domain.frames import PictureState
from streams.camera import probe
from streams.camera.probe import take_picture
from streams.camera.sources import CapturedFrame, SourceInfo


class Camera:
    """Gives a picture, or None for the end, once it may."""

    def __init__(self, picture: bytes | None, state: PictureState = PictureState.SOUND) -> None:
        self.info = SourceInfo("rtsp://cam/1", live=True, width_px=1, height_px=1, fps=25, codec="x",
                               passthrough=True, frames=None)  # fmt: skip
        self.packets = 0
        self.clock_age_s: float | None = None
        self.state = state
        self.may = threading.Event()
        self.closed = threading.Event()
        self._picture = picture

    def grab(self) -> CapturedFrame | None:
        self.may.wait(10)
        return None if self._picture is None else CapturedFrame(1, None)

    def jpeg(self) -> bytes:
        assert self._picture is not None
        return self._picture

    def close(self) -> None:
        self.closed.set()


@pytest.fixture(autouse=True)
def _impatient(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(probe, "_SAY_AFTER_S", 0.1)
    monkeypatch.setattr(probe, "_TELLS_TIME_S", 0.1)


@pytest.mark.parametrize(
    ("state", "words"),
    [
        (PictureState.NO_KEY_FRAME, "it sends, and no whole picture has come yet"),
        (PictureState.DAMAGED, "parts of its pictures are lost on the way"),
        (PictureState.SOUND, "waiting for its first picture"),
    ],
)
def test_a_camera_without_a_whole_picture_yet_is_waited_for_and_why_is_said_once(
    state: PictureState, words: str
) -> None:
    camera, said = Camera(b"picture", state), list[str]()

    def say(text: str) -> None:
        said.append(text)
        camera.may.set()

    assert take_picture(camera, say).jpeg == b"picture"
    assert len(said) == 1
    assert words in said[0]
    assert camera.closed.wait(5)


def test_a_camera_that_sends_and_never_gives_a_whole_picture_is_reported_with_advice() -> None:
    camera = Camera(b"", PictureState.NO_KEY_FRAME)

    with pytest.raises(Retryable, match="set the interval of its key frames"):
        take_picture(camera, lambda _: None, longest_s=0.2)

    assert not camera.closed.is_set()  # somebody is still reading it
    camera.may.set()
    assert camera.closed.wait(5)


def test_a_source_without_a_frame_is_refused_at_once() -> None:
    camera = Camera(None)
    camera.may.set()

    with pytest.raises(Poison, match="holds no frame"):
        take_picture(camera, lambda _: pytest.fail("nothing is waited for"))
