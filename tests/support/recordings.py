"""Short recordings of real people for stream tests: photographs that cross the view, one after another."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path

import cv2
import numpy as np

from lfr_core.domain.policy import load_policy
from lfr_core.recognition.faces.engine import PackEngine
from lfr_core.recognition.faces.types import Image
from tests.support.samples import cpu, require_image, require_pack

__all__ = ["FPS", "HEIGHT", "WIDTH", "Walk", "person_picture", "write_walks"]

FPS = 12.5  # frames a second of the recordings; every second one is looked at
WIDTH, HEIGHT = 960, 540
EYES_PX = 36.0  # well above what the policy compares


@dataclass(frozen=True)
class Walk:
    """One person crossing from left to right; nobody for photo None."""

    photo: str | None
    seconds: float

    @property
    def frames(self) -> int:
        return round(self.seconds * FPS)


def write_walks(file: Path, walks: Sequence[Walk]) -> list[tuple[str, int, int]]:
    """Write an MJPG recording; who is where: photo, first and last frame."""
    writer = cv2.VideoWriter(str(file), cv2.VideoWriter.fourcc(*"MJPG"), FPS, (WIDTH, HEIGHT))
    assert writer.isOpened()
    truth: list[tuple[str, int, int]] = []
    frame = 0
    for walk in walks:
        person = None if walk.photo is None else person_picture(walk.photo)
        for step in range(walk.frames):
            image: Image = np.full((HEIGHT, WIDTH, 3), 90, np.uint8)
            if person is not None:
                left = round((WIDTH - person.shape[1]) * step / walk.frames)
                image[100 : 100 + person.shape[0], left : left + person.shape[1]] = person
            writer.write(image)
        if walk.photo is not None:
            truth.append((walk.photo, frame, frame + walk.frames - 1))
        frame += walk.frames
    writer.release()
    return truth


@cache
def person_picture(photo: str) -> Image:
    """The photograph around its face, at a size that has the eyes EYES_PX apart."""
    image = require_image(photo)
    engine = PackEngine(require_pack(), load_policy().faces, cpu, 1)
    face = engine.describe(image, engine.detect([image])[0][0])
    scale = EYES_PX / face.quality.eye_distance_px
    x1, y1, x2, y2 = face.detection.box
    margin = (x2 - x1) * 0.6
    left, top = max(0, round(float(x1 - margin))), max(0, round(float(y1 - margin)))
    head = image[top : round(float(y2 + margin)), left : round(float(x2 + margin))]
    small: Image = cv2.resize(head, None, fx=scale, fy=scale, interpolation=cv2.INTER_AREA)
    return small
