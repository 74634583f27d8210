"""One photograph of a watchlist: opened, its one face found, judged, embedded and cut out."""

from __future__ import annotations

import errno
import hashlib
from dataclasses import dataclass
from pathlib import Path

import cv2
import numpy as np

from lfr_core.common.errors import Poison
from lfr_core.common.files import IMAGE_BYTES, read_bounded
from lfr_core.domain.policy import Policy
from lfr_core.domain.watchlists import RefusalReason
from lfr_core.recognition.faces.decode import probe_size
from lfr_core.recognition.faces.decode_child import decode_in_child
from lfr_core.recognition.faces.quality import usable
from lfr_core.recognition.faces.types import Detection, Face, FaceEngine, Floats, Image, Quality
from lfr_core.watchlists.csv_file import locate

__all__ = ["CROP_SIZE_PX", "SECOND_FACE", "Photograph", "Unusable", "digest", "look_at"]

CROP_SIZE_PX = 256
"""Side of a reference crop: enough for a person to compare, no more than that."""

SECOND_FACE = 1 / 3
"""Another face whose eyes are at least this share of the largest's apart makes two faces.

[proposal] Smaller ones are people far behind or pictures on a wall; nobody takes them for the subject.
"""

_MARGIN = 1.7
"""Side of the crop over the longer side of the face's box: hair, ears and chin are in it."""

_JPEG_QUALITY = 90


class Unusable(Exception):
    """A photograph is refused, which is an answer and no error; the message says what to do."""

    def __init__(self, reason: RefusalReason, message: str) -> None:
        super().__init__(message)
        self.reason = reason


@dataclass(frozen=True, slots=True, eq=False)
class Photograph:
    """What enrolment keeps of one photograph."""

    sha256: str
    template: Floats
    """Shape (512,), unit length."""
    crop_jpeg: bytes
    quality: Quality


def digest(folder: Path, photograph: str) -> str | None:
    """SHA-256 of the file in hex, or None where there is no file to read."""
    try:
        return hashlib.sha256(_read(folder, photograph)).hexdigest()
    except Unusable:
        return None


def look_at(folder: Path, photograph: str, engine: FaceEngine, policy: Policy) -> Photograph:
    """The face of one photograph.

    Raises:
        Unusable: with the reason.
    """
    data = _read(folder, photograph)
    image = _decoded(data, policy)
    face = _only_face(engine, image)
    _check_quality(face.quality, policy)
    return Photograph(
        sha256=hashlib.sha256(data).hexdigest(),
        template=engine.embed([face.aligned])[0],
        crop_jpeg=_crop(image, face.detection),
        quality=face.quality,
    )


def _read(folder: Path, photograph: str) -> bytes:
    path = locate(folder, photograph)
    if path is None:
        raise Unusable(RefusalReason.OUTSIDE_FOLDER, "the photograph lies outside the watchlist's folder")
    try:
        return read_bounded(path, IMAGE_BYTES, inside=folder)
    except (FileNotFoundError, NotADirectoryError) as error:
        raise Unusable(RefusalReason.FILE_MISSING, "there is no such file; check the name, capitals too") from error
    except OSError as error:
        if error.errno == errno.EFBIG:
            raise Unusable(RefusalReason.IMAGE_TOO_LARGE, f"{error.strerror}; shrink it") from error
        raise Unusable(RefusalReason.FILE_MISSING, f"the file can't be read: {error.strerror}") from error


def _decoded(data: bytes, policy: Policy) -> Image:
    try:
        width, height = probe_size(data)
        if width * height / 1e6 > policy.images.max_megapixels:
            raise Unusable(
                RefusalReason.IMAGE_TOO_LARGE,
                f"{width} x {height} pixels; {policy.images.max_megapixels:g} megapixels are allowed: shrink it",
            )
        return decode_in_child(data, policy.images)
    except Poison as error:
        raise Unusable(RefusalReason.NOT_AN_IMAGE, str(error)) from error


def _only_face(engine: FaceEngine, image: Image) -> Face:
    faces = [engine.describe(image, detection) for detection in engine.detect_large([image])[0]]
    if not faces:
        raise Unusable(RefusalReason.NO_FACE, "no face was found; use a photograph that shows the face from the front")
    faces.sort(key=lambda face: face.quality.eye_distance_px, reverse=True)
    largest = faces[0].quality.eye_distance_px
    others = sum(face.quality.eye_distance_px >= SECOND_FACE * largest for face in faces[1:])
    if others:
        raise Unusable(
            RefusalReason.TWO_FACES, f"{others + 1} faces: cut the photograph so that only the subject is in it"
        )
    return faces[0]


def _check_quality(quality: Quality, policy: Policy) -> None:
    least = policy.faces.enrol_min_eye_distance_px
    match usable(quality, policy.faces, min_eye_distance_px=least):
        case None:
            return
        case "too_small":
            reason = RefusalReason.TOO_SMALL
            message = f"{quality.eye_distance_px:.0f} pixels between the eyes; {least:g} are needed"
        case "too_blurred":
            reason = RefusalReason.TOO_BLURRED
            message = f"sharpness {quality.sharpness:.2f}; {policy.faces.min_sharpness:g} is needed"
        case "pose":
            reason = RefusalReason.POSE
            message = (
                f"the head is turned by {abs(quality.yaw_degrees):.0f} degrees; "
                f"{policy.faces.max_yaw_degrees:g} are allowed"
            )
        case "cut":
            reason = RefusalReason.CUT_BY_BORDER
            message = "the face is cut off by the picture's border"
        case other:
            reason = RefusalReason.EXPOSURE
            message = f"the face is too dark or too bright ({other})"
    raise Unusable(reason, f"{message}. Use another photograph.")


def _crop(image: Image, detection: Detection) -> bytes:
    """The face in the middle of a square, as JPEG; past the image's border the edge is repeated."""
    x1, y1, x2, y2 = (float(v) for v in detection.box)
    half = max(1, round(max(x2 - x1, y2 - y1) * _MARGIN / 2))
    height, width = image.shape[:2]
    columns = np.clip(np.arange(-half, half) + round((x1 + x2) / 2), 0, width - 1)
    rows = np.clip(np.arange(-half, half) + round((y1 + y2) / 2), 0, height - 1)
    square = image[np.ix_(rows, columns)]
    how = cv2.INTER_AREA if 2 * half > CROP_SIZE_PX else cv2.INTER_CUBIC
    sized = cv2.resize(square, (CROP_SIZE_PX, CROP_SIZE_PX), interpolation=how)
    _, jpeg = cv2.imencode(".jpg", sized, [cv2.IMWRITE_JPEG_QUALITY, _JPEG_QUALITY])
    return bytes(jpeg)
