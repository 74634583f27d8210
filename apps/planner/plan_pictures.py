"""Makes the picture of a plan from a file that somebody gave: decoded apart, made small, written anew."""

from __future__ import annotations

from dataclasses import replace
from typing import Final

import cv2

from lfr_core.common.errors import Refused
from lfr_core.custody.people.roles import AuthenticatedPerson
from lfr_core.deployments.place_plan import MOST_BYTES, PlacePlan, PlacePlans
from lfr_core.domain.policy import ImagePolicy
from lfr_core.recognition.faces.decode_child import decode_in_child

__all__ = ["make_plan", "use_plan"]

_LONGEST_PX: Final = 1_200
"""Of the longer side: street names are still read."""
_QUALITIES: Final = (85, 70, 50)


def make_plan(data: bytes, images: ImagePolicy) -> PlacePlan:
    """Make a plan without marks of a JPEG or PNG.

    Raises:
        Poison: it can't be decoded, or is too large.
        Refused: `place.too-large`: it has more detail than fits.
    """
    image = decode_in_child(data, images)
    height, width = image.shape[:2]
    scale = min(1.0, _LONGEST_PX / max(height, width))
    size = (max(1, round(width * scale)), max(1, round(height * scale)))
    small = cv2.resize(image, size, interpolation=cv2.INTER_AREA)
    for quality in _QUALITIES:
        jpeg = bytes(cv2.imencode(".jpg", small, [cv2.IMWRITE_JPEG_QUALITY, quality])[1])
        if len(jpeg) <= MOST_BYTES:
            return PlacePlan(jpeg, *size)
    raise Refused("place.too-large", "the plan has too much detail: give one with less")


def use_plan(plans: PlacePlans, deployment: str, data: bytes, images: ImagePolicy, *, by: AuthenticatedPerson) -> None:
    """Keep a picture as the plan of the place; the cameras stay where they stood. Raises as both.

    The public doesn't see it before the planner has, and says so again: the site is built every few minutes.
    """
    plan, before = make_plan(data, images), plans.find(deployment)
    kept = plan if before is None else replace(plan, marks=before.marks)
    plans.keep(deployment, kept, by=by)
