"""What a camera shows is watched: a picture that stands still, one with nothing in it, another place."""

from __future__ import annotations

from collections.abc import Callable

import cv2
import numpy as np
import pytest

from lfr_core.domain.frames import PictureState
from lfr_core.recognition.faces.types import Image
from streams.camera.view import ViewWatch

SIZE = (360, 640)
Scene = Callable[[int], Image]


def street(seed: int = 1) -> Image:
    """A place: walls, windows, kerbs."""
    rng = np.random.default_rng(seed)
    image = np.full((*SIZE, 3), 120, np.uint8)
    for _ in range(40):
        x, y = int(rng.integers(0, SIZE[1])), int(rng.integers(0, SIZE[0]))
        w, h = (int(value) for value in rng.integers(20, 160, 2))
        cv2.rectangle(image, (x, y), (x + w, y + h), tuple(int(v) for v in rng.integers(0, 255, 3)), -1)
    return image


def noisy(image: Image, second: int, levels: int = 3) -> Image:
    noise = np.random.default_rng(second).normal(0, levels, image.shape)
    return np.clip(image + noise, 0, 255).astype(np.uint8)


def busy(second: int) -> Image:
    """The place with people who pass."""
    image = street().copy()
    for who in range(3):
        x = (second * 37 + who * 190) % SIZE[1]
        cv2.rectangle(image, (x, 150), (x + 30, 280), (40 * who, 60, 90), -1)
    return noisy(image, second)


def clock_on(image: Image, second: int) -> Image:
    """A clock that the camera writes into its picture."""
    marked = image.copy()
    cv2.putText(marked, f"12:00:{second:02d}", (500, 20), cv2.FONT_HERSHEY_SIMPLEX, 0.5, (255, 255, 255), 1)
    return marked


def states(scene: Scene, seconds: int, *, change: Scene | None = None, at: int = 20) -> list[PictureState]:
    """What is said of each second, at five looks a second."""
    watch, said = ViewWatch(), []
    for look in range(seconds * 5):
        second = look // 5
        image = change(second) if change is not None and second >= at else scene(second)
        quality = 80 if second % 4 else 88  # key frames are made otherwise
        jpeg = bytes(cv2.imencode(".jpg", image, [cv2.IMWRITE_JPEG_QUALITY, quality])[1])
        watch = watch.see(jpeg, look / 5)
        if look % 5 == 4:
            said.append(watch.state(look / 5))
    return said


def test_a_street_with_people_is_sound() -> None:
    assert set(states(busy, 40)) == {PictureState.SOUND}


@pytest.mark.parametrize(
    ("change", "state"),
    [
        (lambda _: street(), PictureState.STILL),
        (lambda second: clock_on(street(), second), PictureState.STILL),
        (lambda second: noisy(np.full((*SIZE, 3), 4, np.uint8), second), PictureState.DARK),
        (lambda second: noisy(np.full((*SIZE, 3), 250, np.uint8), second), PictureState.DARK),
        (lambda second: noisy(np.full((*SIZE, 3), 90, np.uint8), second), PictureState.DARK),
        (lambda second: noisy(np.roll(street(), 200, axis=1), second, 12), PictureState.MOVED),
        (lambda second: noisy(street(9), second, 12), PictureState.MOVED),
    ],
    ids=["frozen", "frozen-with-a-clock", "night", "blinded", "covered", "turned", "elsewhere"],
)
def test_what_becomes_of_a_picture_is_seen_within_12_seconds_and_passes(change: Scene, state: PictureState) -> None:
    said = states(busy, 32, change=change)

    assert set(said[:20]) == {PictureState.SOUND}
    assert said[31] is state


def test_a_camera_that_is_turned_back_or_uncovered_is_sound_again() -> None:
    for change in (lambda second: noisy(street(9), second, 12), lambda _: np.zeros((*SIZE, 3), np.uint8)):
        said = states(lambda second, c=change: c(second) if 15 <= second < 30 else busy(second), 40)  # type: ignore[misc]

        assert said[27] is not PictureState.SOUND
        assert said[39] is PictureState.SOUND


def test_dusk_is_no_other_place() -> None:
    def dusk(second: int) -> Image:
        return noisy((busy(second) * max(0.25, 1 - second / 80)).astype(np.uint8), second)

    assert set(states(dusk, 70)) == {PictureState.SOUND}


def test_a_quiet_street_with_the_noise_of_a_sensor_and_one_person_is_not_still() -> None:
    def quiet(second: int) -> Image:
        image = street().copy()
        cv2.rectangle(image, (second * 9 % 600, 200), (second * 9 % 600 + 12, 250), (20, 20, 20), -1)
        return image

    assert set(states(quiet, 30)) == {PictureState.SOUND}


def test_what_cannot_be_decoded_changes_nothing() -> None:
    watch = ViewWatch().see(b"\xff\xd8nothing", 1.0)

    assert watch.state(60.0) is PictureState.SOUND
