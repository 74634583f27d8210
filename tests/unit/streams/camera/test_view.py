"""What a camera shows is watched: a picture that stands still, one with nothing in it, another place."""

from __future__ import annotations

from collections.abc import Callable

import cv2
import numpy as np
import pytest

from lfr_core.domain.frames import PictureState
from lfr_core.recognition.faces.types import Image
from streams.camera.view import ViewWatch

SIZE = (180, 320)
PER_SECOND = 3
Scene = Callable[[int], Image]


def street(seed: int = 1) -> Image:
    """A place: walls, windows, kerbs."""
    rng = np.random.default_rng(seed)
    image = np.full((*SIZE, 3), 120, np.uint8)
    for _ in range(40):
        x, y = int(rng.integers(0, SIZE[1])), int(rng.integers(0, SIZE[0]))
        w, h = (int(value) for value in rng.integers(10, 80, 2))
        cv2.rectangle(image, (x, y), (x + w, y + h), tuple(int(v) for v in rng.integers(0, 255, 3)), -1)
    return image


def noisy(image: Image, second: int, levels: int = 3) -> Image:
    noise = np.random.default_rng(second).integers(-levels, levels + 1, (SIZE[0], SIZE[1], 1), dtype=np.int16)
    return np.asarray(np.clip(image + noise, 0, 255), np.uint8)


def busy(look: int) -> Image:
    """The place with people who pass."""
    image = street().copy()
    for who in range(3):
        x = (look * 6 + who * 95) % SIZE[1]
        cv2.rectangle(image, (x, 75), (x + 15, 140), (40 * who, 60, 90), -1)
    return noisy(image, look)


def clock_on(image: Image, look: int) -> Image:
    """A clock that the camera writes into its picture."""
    marked = image.copy()
    text = f"12:00:{look // PER_SECOND:02d}"
    cv2.putText(marked, text, (260, 12), cv2.FONT_HERSHEY_SIMPLEX, 0.3, (255, 255, 255), 1)
    return marked


def states(scene: Scene, seconds: int, *, change: Scene | None = None, at: int = 20) -> list[PictureState]:
    """What is said of each second; scenes are asked for each look."""
    watch, said = ViewWatch(), []
    for look in range(seconds * PER_SECOND):
        second = look // PER_SECOND
        image = change(look) if change is not None and second >= at else scene(look)
        quality = 80 if second % 2 else 88  # as key frames are coded otherwise than those between
        jpeg = bytes(cv2.imencode(".jpg", image, [cv2.IMWRITE_JPEG_QUALITY, quality])[1])
        watch = watch.see(jpeg, look / PER_SECOND)
        if look % PER_SECOND == PER_SECOND - 1:
            said.append(watch.state(look / PER_SECOND))
    return said


def test_a_street_with_people_is_sound() -> None:
    assert set(states(busy, 40)) == {PictureState.SOUND}


@pytest.mark.parametrize(
    ("change", "state"),
    [
        (lambda _: street(), PictureState.STILL),
        (lambda look: clock_on(street(), look), PictureState.STILL),
        (lambda look: noisy(np.full((*SIZE, 3), 4, np.uint8), look), PictureState.DARK),
        (lambda look: noisy(np.full((*SIZE, 3), 250, np.uint8), look), PictureState.DARK),
        (lambda look: noisy(np.full((*SIZE, 3), 90, np.uint8), look), PictureState.DARK),
        (lambda look: noisy(np.roll(street(), 100, axis=1), look), PictureState.MOVED),
        (lambda look: noisy(street(9), look), PictureState.MOVED),
    ],
    ids=["frozen", "frozen-with-a-clock", "night", "blinded", "covered", "turned", "elsewhere"],
)
def test_what_becomes_of_a_picture_is_seen_within_12_seconds_and_passes(change: Scene, state: PictureState) -> None:
    said = states(busy, 32, change=change)

    assert set(said[:20]) == {PictureState.SOUND}
    assert said[31] is state


def test_a_camera_that_is_turned_back_or_uncovered_is_sound_again() -> None:
    for change in (lambda look: noisy(street(9), look), lambda _: np.zeros((*SIZE, 3), np.uint8)):
        said = states(lambda look, c=change: c(look) if 15 <= look // PER_SECOND < 30 else busy(look), 40)  # type: ignore[misc]

        assert said[27] is not PictureState.SOUND
        assert said[39] is PictureState.SOUND


def test_dusk_is_no_other_place() -> None:
    def dusk(look: int) -> Image:
        return noisy((busy(look) * max(0.25, 1 - look / (60 * PER_SECOND))).astype(np.uint8), look)

    assert set(states(dusk, 45)) == {PictureState.SOUND}


def test_a_frozen_picture_is_still_though_each_look_falls_on_another_step_of_its_encoder_s_refining() -> None:
    """From one key frame to the next no two are the same; those of the next second are."""
    said = states(busy, 40, change=lambda look: noisy(street(), look % PER_SECOND, 2))

    assert said[:20] == [PictureState.SOUND] * 20
    assert said[-1] is PictureState.STILL
    assert PictureState.STILL in said[20:33]


@pytest.mark.parametrize("levels", [1, 3])
def test_a_quiet_street_is_not_still(levels: int) -> None:
    assert set(states(lambda look: noisy(street(), look, levels), 20)) == {PictureState.SOUND}


def test_what_cannot_be_decoded_changes_nothing() -> None:
    watch = ViewWatch().see(b"\xff\xd8nothing", 1.0)

    assert watch.state(60.0) is PictureState.SOUND
