"""Which face of a photograph is the subject's, where there are several: chosen by a person, kept beside the list."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from pathlib import Path

from lfr_core.common.errors import Poison
from lfr_core.common.files import SETTINGS_BYTES, open_atomic, read_bounded
from lfr_core.recognition.faces.types import Detection, Image

__all__ = ["CHOICES_FILE", "FaceChoice", "keep_choice", "read_choices"]

CHOICES_FILE = "watchlist-faces.json"
_MOST_BYTES = 20 * SETTINGS_BYTES
_ALIKE = 0.5
"""Intersection over union of the box that was chosen and the face's: the usual bound of one and the same object."""


@dataclass(frozen=True, slots=True)
class FaceChoice:
    """photograph: its name then. box: left, top, right, bottom as shares of the upright picture's width and height."""

    photograph: str
    box: tuple[float, float, float, float]
    chosen_by: str
    chosen_on: str
    """The day in England, as 2027-03-31."""

    @classmethod
    def of(cls, photograph: str, detection: Detection, image: Image, *, by: str, on: str) -> FaceChoice:
        """Make the choice of a face."""
        return cls(photograph, _shares(detection, image), by, on)

    def is_of(self, detection: Detection, image: Image) -> bool:
        """Return whether it is this face."""
        a, b = self.box, _shares(detection, image)
        width, height = min(a[2], b[2]) - max(a[0], b[0]), min(a[3], b[3]) - max(a[1], b[1])
        shared = max(0.0, width) * max(0.0, height)
        areas = (a[2] - a[0]) * (a[3] - a[1]) + (b[2] - b[0]) * (b[3] - b[1])
        return shared > _ALIKE * (areas - shared)


def read_choices(folder: Path) -> dict[str, FaceChoice]:
    """Read choices by the SHA-256 of their files; none where there is no file of them.

    Raises:
        Poison: it can't be read, or isn't ours.
    """
    file = folder / CHOICES_FILE
    try:
        found = json.loads(read_bounded(file, _MOST_BYTES, inside=folder))
        return {
            str(sha256): FaceChoice(
                str(each["photograph"]), _box(each["box"]), str(each["chosen_by"]), str(each["chosen_on"])
            )
            for sha256, each in found.items()
        }
    except FileNotFoundError:
        return {}
    except OSError as error:
        raise Poison(f"{file} can't be read: {error.strerror}") from error
    except (ValueError, KeyError, TypeError, AttributeError, RecursionError) as error:
        raise Poison(f"{file} isn't what `lfr watchlist choose` writes: remove it and choose again") from error


def keep_choice(folder: Path, sha256: str, choice: FaceChoice) -> None:
    """Add a choice to those of the folder, in the place of an older one of the same file. Raises Poison, Fatal."""
    choices: Mapping[str, FaceChoice] = read_choices(folder) | {sha256: choice}
    text = json.dumps({name: asdict(each) for name, each in choices.items()}, indent=1, ensure_ascii=False)
    with open_atomic(folder / CHOICES_FILE) as out:
        out.write(text.encode())


def _box(values: object) -> tuple[float, float, float, float]:
    left, top, right, bottom = (float(value) for value in values)  # type: ignore[attr-defined]  # TypeError is caught
    return left, top, right, bottom


def _shares(detection: Detection, image: Image) -> tuple[float, float, float, float]:
    height, width = image.shape[:2]
    x1, y1, x2, y2 = (float(value) for value in detection.box)
    return x1 / width, y1 / height, x2 / width, y2 / height
