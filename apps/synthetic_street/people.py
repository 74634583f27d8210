"""The people: heads cut from real photographs, and who has which photographs.

The sample photographs' heads are marked by hand (`heads.toml`). For a folder of other people, a function
that finds eyes is passed in and the outline is a plain oval.
"""

from __future__ import annotations

import hashlib
import tomllib
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import lru_cache
from pathlib import Path

import cv2
import numpy as np
import numpy.typing as npt

from apps.synthetic_street.plan import Walker
from lfr_core.common.errors import Refused

__all__ = [
    "EyeFinder",
    "HeadMarks",
    "StreetPerson",
    "cut_head",
    "read_people",
    "sample_people",
    "walkers",
    "with_twins",
]

Image = npt.NDArray[np.uint8]
Floats = npt.NDArray[np.float32]
EyeFinder = Callable[[Image], tuple[tuple[float, float], tuple[float, float]] | None]
"""The pupils of the one face of a BGR photograph: (x, y) at the left of the image and at the right, or None."""

FRONTAL = 0.8  # eyes nearer together than this share of the frontal distance: turned too far to compare
UPRIGHTING = 0.6  # share of a head's tilt that is taken out; people do tilt their heads
LARGEST_ENLARGEMENT = 1.5  # of a photograph of few pixels
OVAL = tuple(  # of a frontal head with its neck, in eye distances; for photographs nobody has marked
    (1.22 * np.cos(a), 0.05 + (1.95 if np.sin(a) > 0 else 1.75) * np.sin(a)) for a in np.linspace(0, 2 * np.pi, 40)[:-1]
)


@dataclass(frozen=True, slots=True)
class HeadMarks:
    """Where a head is in a photograph. See `heads.toml` for units."""

    photograph: Path
    eyes: tuple[tuple[float, float], tuple[float, float]]
    outline: tuple[tuple[float, float], ...]
    neck: tuple[float, float] = (0.0, 1.95)
    foreshortened: float = 1.0
    gains: tuple[float, float, float] = (1.0, 1.0, 1.0)
    """Of blue, green and red."""

    @property
    def frontal(self) -> bool:
        """Whether the head faces the camera enough to be compared."""
        return self.foreshortened > FRONTAL

    @property
    def eye_distance_px(self) -> float:
        """Pixels between the eyes in the photograph, as they would be if the head were frontal."""
        (ax, ay), (bx, by) = self.eyes
        return float(np.hypot(bx - ax, by - ay)) / self.foreshortened


@dataclass(frozen=True, slots=True)
class StreetPerson:
    """Someone with one or more photographs; `subject` when enrolled."""

    name: str
    heads: tuple[HeadMarks, ...]
    subject: str | None = None

    @property
    def digest(self) -> str:
        """Changes when a photograph or its marks do."""
        marks = repr([(h.eyes, h.outline, h.neck, h.foreshortened, h.gains) for h in self.heads])
        state = hashlib.sha256(f"{self.name} {self.subject} {marks}".encode())
        for head in self.heads:
            state.update(head.photograph.read_bytes())
        return state.hexdigest()


def walkers(people: Sequence[StreetPerson]) -> list[Walker]:
    """Return what the plan needs to know of `people`."""
    return [
        Walker(
            p.name, len(p.heads), p.subject, min(90.0, LARGEST_ENLARGEMENT * min(h.eye_distance_px for h in p.heads))
        )
        for p in people
    ]


def with_twins(people: Sequence[StreetPerson]) -> list[StreetPerson]:
    """Return everybody, and each passer-by a second time, so that ten people can crowd a bench's street."""
    return [*people, *(replace(p, name=f"{p.name}-twin") for p in people if p.subject is None)]


def sample_people(photos: Mapping[str, Path], subjects: Mapping[str, str] | None = None) -> list[StreetPerson]:
    """Return the people of the sample photographs (`lfr_core.recognition.samples.sample_photos`).

    Args:
        photos: file of each key; those this street uses are obama2, obama3, biden, astronaut and t1.
        subjects: person -> enrolled subject; default {"obama": "obama"}. `obama` is to be enrolled with the
            photograph of that key, which the street never shows.

    Raises:
        Refused: a photograph that is needed is missing (`street.photograph-missing`).
    """
    enrolled = {"obama": "obama"} if subjects is None else subjects
    marks = tomllib.loads((Path(__file__).parent / "heads.toml").read_text(encoding="utf-8"))["head"]
    heads: dict[str, list[HeadMarks]] = {}
    for mark in marks:
        if mark["photograph"] not in photos:
            raise Refused(
                "street.photograph-missing",
                f"the street needs the sample photograph {mark['photograph']!r}: run `lfr models install`",
            )
        left, right = mark["eyes"]
        heads.setdefault(mark["person"], []).append(
            HeadMarks(
                photos[mark["photograph"]],
                (tuple(left), tuple(right)),
                tuple((x, y) for x, y in mark["outline"]),
                tuple(mark["neck"]),
                mark.get("foreshortened", 1.0),
                tuple(mark.get("gains", (1.0, 1.0, 1.0))),
            )
        )
    return [StreetPerson(name, tuple(found), enrolled.get(name)) for name, found in heads.items()]


def read_people(folder: Path, find_eyes: EyeFinder, enrolled: int = 0) -> list[StreetPerson]:
    """Read people from a folder with one sub-folder of photographs a person, in the order of the names.

    The first `enrolled` people are enrolled subjects named as their folders; their first photograph (by name)
    is left for the watchlist and never shown. Photographs in which no face is found are left out.

    Raises:
        Refused: no usable person in the folder (`street.no-people`).
    """
    people: list[StreetPerson] = []
    for sub in sorted(p for p in folder.iterdir() if p.is_dir()) if folder.is_dir() else ():
        subject = sub.name if len(people) < enrolled else None
        files = sorted(f for f in sub.iterdir() if f.suffix.lower() in {".jpg", ".jpeg", ".png", ".webp"})
        heads = []
        for file in files[1 if subject else 0 :]:
            image = cv2.imread(str(file), cv2.IMREAD_COLOR)
            eyes = find_eyes(image) if image is not None else None
            if eyes is not None:
                heads.append(HeadMarks(file, eyes, OVAL))
        if heads:
            people.append(StreetPerson(sub.name, tuple(heads), subject))
    if not people:
        raise Refused(
            "street.no-people", f"{folder} holds no sub-folder with photographs of a face; make one folder a person"
        )
    return people


def cut_head(head: HeadMarks, eye_px: float, canvas: tuple[int, int], origin: tuple[float, float]) -> Floats:
    """Draw the head on a transparent canvas.

    Args:
        head: which.
        eye_px: pixels between the eyes on the canvas, as if frontal.
        canvas: width and height in pixels.
        origin: where the point midway between the eyes goes, pixels of the canvas.

    Returns:
        (height, width, 4) float32: B, G, R times alpha (0-255), and alpha (0-1).
    """
    photo, (ax, ay), (bx, by) = _around(head)
    scale = eye_px / head.eye_distance_px
    angle = -UPRIGHTING * np.arctan2(by - ay, bx - ax)
    turn = scale * np.array([[np.cos(angle), -np.sin(angle)], [np.sin(angle), np.cos(angle)]])
    middle = np.array([(ax + bx) / 2, (ay + by) / 2])
    matrix = np.column_stack([turn, np.array(origin) - turn @ middle])
    if scale < 0.8:  # a lens and a sensor average what they can't resolve
        photo = cv2.GaussianBlur(photo, (0, 0), 0.4 / scale)
    flat = cv2.warpAffine(photo, matrix, canvas, flags=cv2.INTER_CUBIC, borderMode=cv2.BORDER_REPLICATE)
    alpha = _mask(head, eye_px, canvas, origin)[..., None]
    balanced = np.minimum(flat.astype(np.float32) * np.array(head.gains, np.float32), 255)
    return np.concatenate([balanced * alpha, alpha], axis=2)


@lru_cache(maxsize=64)  # a head is drawn at several sizes
def _around(head: HeadMarks) -> tuple[Image, tuple[float, float], tuple[float, float]]:
    """Read the photograph about the head alone, and the eyes in it: the rest would cost time in every filter."""
    photo = cv2.imread(str(head.photograph), cv2.IMREAD_COLOR)
    if photo is None:
        raise Refused("street.photograph-unreadable", f"{head.photograph} can't be read as a photograph")
    (ax, ay), (bx, by) = head.eyes
    reach = 4.0 * head.eye_distance_px
    left, top = int(max(0, ax - reach)), int(max(0, ay - reach))
    cut = photo[top : int(ay + reach), left : int(bx + reach)]
    return np.ascontiguousarray(cut), (ax - left, ay - top), (bx - left, by - top)


def _mask(head: HeadMarks, eye_px: float, canvas: tuple[int, int], origin: tuple[float, float]) -> Floats:
    """Return the outline, filled, its edge softened over about a twelfth of the eye distance; (height, width), 0-1."""
    corners = (np.array(head.outline) * eye_px + np.array(origin)) * 16  # fixed point, 4 bits of fraction
    mask = np.zeros((canvas[1], canvas[0]), np.uint8)
    cv2.fillPoly(mask, [corners.round().astype(np.int32)], 255, lineType=cv2.LINE_AA, shift=4)
    soft = cv2.GaussianBlur(mask.astype(np.float32) / 255, (0, 0), max(0.5, 0.05 * eye_px))
    alpha: Floats = np.clip((soft - 0.35) / 0.5, 0, 1).astype(
        np.float32
    )  # eats into the edge: no rim of old background
    return alpha
