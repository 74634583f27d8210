"""Makes the picture of a plan from a file that somebody gave: decoded apart, made small, nobody on it, written anew."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Final

import cv2
import numpy as np

from lfr_core.common.errors import Refused
from lfr_core.custody.people.roles import AuthenticatedPerson
from lfr_core.deployments.place_plan import MOST_BYTES, PlacePlan, PlacePlans
from lfr_core.domain.policy import ImagePolicy
from lfr_core.recognition.faces.decode_child import decode_in_child
from lfr_core.recognition.faces.masking import cover_faces
from lfr_core.recognition.faces.types import FaceEngine

__all__ = ["make_plan", "use_plan"]

_LONGEST_PX: Final = 1_200
"""Of the longer side: street names are still read."""
_QUALITIES: Final = (85, 70, 50)


def make_plan(data: bytes, images: ImagePolicy, faces: Callable[[], FaceEngine]) -> PlacePlan:
    """Make a plan without marks of a JPEG or PNG; a photograph of the place may show people, and their faces go.

    `faces`: makes what finds them.

    Raises:
        Poison: it can't be decoded, or is too large.
        Refused: `place.too-large`: it has more detail than fits; `picture.face-left`.
        LfrError: the faces can't be looked for: then no picture is taken.
    """
    image = decode_in_child(data, images)
    height, width = image.shape[:2]
    scale = min(1.0, _LONGEST_PX / max(height, width))
    size = (max(1, round(width * scale)), max(1, round(height * scale)))
    resized = np.asarray(cv2.resize(image, size, interpolation=cv2.INTER_AREA), dtype=np.uint8)
    small = cover_faces(resized, faces())
    for quality in _QUALITIES:
        jpeg = bytes(cv2.imencode(".jpg", small, [cv2.IMWRITE_JPEG_QUALITY, quality])[1])
        if len(jpeg) <= MOST_BYTES:
            return PlacePlan(jpeg, *size)
    raise Refused("place.too-large", "the plan has too much detail: give one with less")


def use_plan(
    plans: PlacePlans,
    deployment: str,
    data: bytes,
    images: ImagePolicy,
    faces: Callable[[], FaceEngine],
    *,
    by: AuthenticatedPerson,
) -> None:
    """Keep a picture as the plan of the place; the cameras stay where they stood. Raises as both.

    The public doesn't see it before the planner has, and says so again: the site is built every few minutes.
    """
    plan, before = make_plan(data, images, faces), plans.find(deployment)
    kept = plan if before is None else replace(plan, marks=before.marks)
    plans.keep(deployment, kept, by=by)
