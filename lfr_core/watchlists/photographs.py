"""One photograph of a watchlist: opened, its one face found, judged, embedded and cut out."""

from __future__ import annotations

import errno
import hashlib
import re
from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Self

import cv2
import numpy as np
import numpy.typing as npt

from lfr_core.common.errors import Poison
from lfr_core.common.files import IMAGE_BYTES, read_bounded
from lfr_core.domain.policy import Policy
from lfr_core.domain.watchlists import RefusalReason
from lfr_core.recognition.faces.decode import TooManyPixels
from lfr_core.recognition.faces.decode_child import decode_in_child
from lfr_core.recognition.faces.negative import is_negative
from lfr_core.recognition.faces.quality import SECOND_FACE, find_fault
from lfr_core.recognition.faces.types import Detection, Face, FaceEngine, Floats, Image, Quality
from lfr_core.recognition.faces.upright import Upright, turn_upright
from lfr_core.watchlists.csv_file import Rows
from lfr_core.watchlists.face_choices import FaceChoice
from lfr_core.watchlists.photograph_files import locate

__all__ = [
    "CROP_SIZE_PX",
    "DigestedRows",
    "Photograph",
    "Unusable",
    "check_photograph",
    "digest",
    "faces_of",
    "look_at",
    "look_at_bytes",
    "read_photograph",
]

CROP_SIZE_PX = 256
"""Side of a reference crop: enough for a person to compare, no more than that."""

_MARGIN = 1.7
"""Side of the crop over the longer side of the face's box: hair, ears and chin are in it."""

_JPEG_QUALITY = 90

_NAME = re.compile(r"[^/\\:\0.][^/\\:\0]*")
"""Of a file that can only lie in the folder itself, on whatever system it was written."""


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
    read_crop: Callable[[], bytes]
    """Gives the reference crop, a JPEG: of thousands they would fill the memory."""
    quality: Quality
    notes: tuple[str, ...] = ()
    """What was done to it before its face was taken: turned, or one of its faces chosen by hand."""

    @property
    def crop_jpeg(self) -> bytes:
        """The face in the middle of a square."""
        return self.read_crop()


def digest(folder: Path, photograph: str) -> str | None:
    """Compute SHA-256 of the file in hex; None where there is no file to read."""
    try:
        return hashlib.sha256(read_photograph(folder, photograph)).hexdigest()
    except Unusable:
        return None


@dataclass(frozen=True, slots=True)
class DigestedRows:
    """A list's rows, and SHA-256 of each file that one of them names, by that name; None where none can be read."""

    read: Rows
    digests: Mapping[str, str | None]

    @classmethod
    def of(cls, folder: Path, read: Rows) -> Self:
        """Read each file once."""
        names = {row.text["photograph"] for row in read.cells if row.text.get("photograph")}
        return cls(read, {name: digest(folder, name) for name in names | {row.photograph for row in read.rows}})


def look_at(
    folder: Path,
    photograph: str,
    engine: FaceEngine,
    policy: Policy,
    choices: Mapping[str, FaceChoice] | None = None,
) -> Photograph:
    """Return the face of one photograph. choices: faces chosen by hand, by the SHA-256 of their files.

    Raises:
        Unusable: with the reason.
    """
    data = read_photograph(folder, photograph)
    sha256 = hashlib.sha256(data).hexdigest()
    return look_at_bytes(data, sha256, engine, policy, (choices or {}).get(sha256))


def look_at_bytes(
    data: bytes, sha256: str, engine: FaceEngine, policy: Policy, choice: FaceChoice | None = None
) -> Photograph:
    """Return the face of one photograph, of its file's bytes and their SHA-256. Raises Unusable, with the reason."""
    upright, face = _usable_face(data, engine, policy, choice)
    notes = [f"stands {upright.stood} and was turned upright"] if upright.stood else []
    if choice is not None:
        notes.append(f"of several faces one was chosen by hand by {choice.chosen_by} on {choice.chosen_on}")
    crop = _crop(upright.image, face.detection)
    return Photograph(
        sha256=sha256,
        notes=tuple(notes),
        template=engine.embed([face.aligned])[0],
        read_crop=lambda: crop,
        quality=face.quality,
    )


def check_photograph(
    folder: Path, photograph: str, engine: FaceEngine, policy: Policy, choices: Mapping[str, FaceChoice]
) -> None:
    """See whether one photograph could be enrolled. No face is embedded. Raises Unusable, with the reason."""
    data = read_photograph(folder, photograph)
    _usable_face(data, engine, policy, choices.get(hashlib.sha256(data).hexdigest()))


def faces_of(folder: Path, photograph: str, engine: FaceEngine, policy: Policy) -> tuple[str, Image, list[Face]]:
    """Return the file's SHA-256, the upright image, and its faces from left to right, small ones left out.

    Raises:
        Unusable: with the reason.
    """
    data = read_photograph(folder, photograph)
    upright = turn_upright(engine, _decode(data, policy))
    faces = _large_faces(engine, upright)
    return hashlib.sha256(data).hexdigest(), upright.image, sorted(faces, key=lambda face: float(face.detection.box[0]))


def read_photograph(folder: Path, photograph: str) -> bytes:
    """Read its file, wherever in the folder it lies. Raises Unusable, with the reason."""
    if _NAME.fullmatch(photograph):
        with suppress(OSError):  # it is there as it is written, nearly always; else it is looked for
            return read_bounded(folder / photograph, IMAGE_BYTES, inside=folder)
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


def _usable_face(data: bytes, engine: FaceEngine, policy: Policy, choice: FaceChoice | None) -> tuple[Upright, Face]:
    upright = turn_upright(engine, _decode(data, policy))
    faces = _large_faces(engine, upright)
    face = _take_only_face(faces) if choice is None else _take_chosen_face(faces, upright.image, choice)
    _check_quality(face.quality, policy)
    if is_negative(engine, upright.image, face):
        raise Unusable(
            RefusalReason.NEGATIVE,
            "this looks like a photographic negative: dark and light are exchanged. Use the positive, or another",
        )
    return upright, face


def _decode(data: bytes, policy: Policy) -> Image:
    try:
        return decode_in_child(data, policy.images)
    except TooManyPixels as error:
        raise Unusable(RefusalReason.IMAGE_TOO_LARGE, str(error)) from error
    except Poison as error:
        raise Unusable(RefusalReason.NOT_AN_IMAGE, str(error)) from error


def _large_faces(engine: FaceEngine, upright: Upright) -> list[Face]:
    """Return the largest face first, and those that could be taken for the subject."""
    faces = [engine.describe(upright.image, detection) for detection in upright.detections]
    if not faces:
        raise Unusable(RefusalReason.NO_FACE, "no face was found; use a photograph that shows the face from the front")
    faces.sort(key=lambda face: face.quality.eye_distance_px, reverse=True)
    least = SECOND_FACE * faces[0].quality.eye_distance_px
    return [face for face in faces if face.quality.eye_distance_px >= least]


def _take_only_face(faces: list[Face]) -> Face:
    if len(faces) > 1:
        raise Unusable(
            RefusalReason.TWO_FACES,
            f"{len(faces)} faces: cut the photograph so that only the subject is in it, or choose the subject's with "
            "`lfr watchlist choose`",
        )
    return faces[0]


def _take_chosen_face(faces: list[Face], image: Image, choice: FaceChoice) -> Face:
    for face in faces:
        if choice.is_of(face.detection, image):
            return face
    raise Unusable(
        RefusalReason.TWO_FACES,
        "the face that was chosen by hand isn't found any more: choose again, or cut the photograph",
    )


def _check_quality(quality: Quality, policy: Policy) -> None:
    least = policy.faces.enrol_min_eye_distance_px
    match find_fault(quality, policy.faces, min_eye_distance_px=least):
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
    """Return the face in the middle of a square, as JPEG; past the image's border the edge is repeated."""
    x1, y1, x2, y2 = (float(v) for v in detection.box)
    half = max(1, round(max(x2 - x1, y2 - y1) * _MARGIN / 2))
    left, top = round((x1 + x2) / 2) - half, round((y1 + y2) / 2) - half
    height, width = image.shape[:2]
    inside = image[max(top, 0) : top + 2 * half, max(left, 0) : left + 2 * half]
    above, below = max(-top, 0), max(top + 2 * half - height, 0)
    before, after = max(-left, 0), max(left + 2 * half - width, 0)
    square = cv2.copyMakeBorder(inside, above, below, before, after, cv2.BORDER_REPLICATE)
    _, jpeg = cv2.imencode(".jpg", _sized(square), [cv2.IMWRITE_JPEG_QUALITY, _JPEG_QUALITY])
    return bytes(jpeg)


def _sized(square: npt.NDArray[np.uint8]) -> npt.NDArray[np.uint8]:
    """Return the square in the crop's size.

    Shrunk by whole pixels first, then by less than two, where the mean of each pixel's neighbours is enough: by area
    in one step took 1.1 ms of the 20 that a photograph takes, and this takes 0.2.
    """
    side = square.shape[0]
    if side < CROP_SIZE_PX:
        return _resized(square, CROP_SIZE_PX, cv2.INTER_CUBIC)
    whole = side // CROP_SIZE_PX
    if whole > 1:
        first, last = side % whole // 2, side - (side % whole + 1) // 2
        square = _resized(square[first:last, first:last], side // whole, cv2.INTER_AREA)
    return _resized(square, CROP_SIZE_PX, cv2.INTER_LINEAR)


def _resized(square: npt.NDArray[np.uint8], side: int, how: int) -> npt.NDArray[np.uint8]:
    return np.asarray(cv2.resize(square, (side, side), interpolation=how), np.uint8)
