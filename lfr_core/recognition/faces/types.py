"""Values of the face pipeline. Arrays are numpy; pixel coordinates are (x, y) of the decoded image."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol

import numpy as np
import numpy.typing as npt

__all__ = ["Detection", "Face", "FaceEngine", "Floats", "Image", "Quality"]

Image = npt.NDArray[np.uint8]
"""H x W x 3, BGR (OpenCV's order), uint8."""
Floats = npt.NDArray[np.float32]


@dataclass(frozen=True, slots=True, eq=False)
class Detection:
    """A face box as the detector gives it."""

    box: Floats
    """Shape (4,): x1, y1, x2, y2 in pixels of the image; may reach past its border."""
    score: float
    """0 to 1."""


@dataclass(frozen=True, slots=True)
class Quality:
    """How good a shot is. Every figure is of the image as decoded."""

    eye_distance_px: float
    sharpness: float
    """See `lfr_core.recognition.faces.quality.sharpness` for the unit; higher is sharper."""
    yaw_degrees: float
    """Head turned, from the landmarks; 0 is frontal, positive to the image's right."""
    exposure: float
    """Share of the aligned face's pixels that are neither crushed nor blown out, 0 to 1."""
    cut_by_border: bool
    """The box reaches past the image's border."""


@dataclass(frozen=True, slots=True, eq=False)
class Face:
    """A detected face, described and aligned, ready to embed."""

    detection: Detection
    landmarks: Floats
    """Shape (68, 2), pixels."""
    points: Floats
    """Shape (5, 2), pixels: the eye at the image's left, the other eye, nose, the two mouth corners."""
    aligned: Image
    """Shape (112, 112, 3), BGR, on the ArcFace five-point template."""
    quality: Quality


class FaceEngine(Protocol):
    """Finds, describes and embeds faces. One implementation runs models; tests may break it."""

    @property
    def contract_id(self) -> str:
        """The embedding contract: hash of model, digest, dimension and preprocessing."""
        ...

    def detect(self, images: list[Image]) -> list[list[Detection]]:
        """Detect the faces of each frame, best score first. Sizes may differ."""
        ...

    def detect_large(self, images: list[Image]) -> list[list[Detection]]:
        """Detect faces that are large in each image, best score first, as in a photograph of somebody."""
        ...

    def describe(self, image: Image, detection: Detection) -> Face:
        """Compute landmarks, alignment and quality of one detection."""
        ...

    def embed(self, aligned: list[Image]) -> Floats:
        """Compute unit-length templates, shape (n, 512), of `n` aligned faces; (0, 512) for none."""
        ...
