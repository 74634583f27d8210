"""A canary at a recogniser: noise of nobody goes the way of a frame, and leaves something wherever a frame does.

It touches no track of a camera, no count and no stopwatch.
"""

from __future__ import annotations

from contextlib import suppress

import numpy as np

from lfr_core.common.biometric import Biometric
from lfr_core.common.errors import Refused, Retryable
from lfr_core.domain.deployments import DeploymentView
from lfr_core.domain.frames import FrameHeader, FrameOpener
from lfr_core.domain.policy import Policy
from lfr_core.recognition.camera_tracks import CameraTracks
from lfr_core.recognition.faces.types import FaceEngine, Image
from lfr_core.recognition.gallery.port import Gallery

__all__ = ["look_at_canary"]

_ALIGNED_PX = 112
"""Sides of a face as it is embedded."""


def look_at_canary(
    header: FrameHeader,
    view: DeploymentView,
    image: Image,
    engine: FaceEngine,
    gallery: Gallery,
    opener: FrameOpener,
    policy: Policy,
) -> None:
    """Detect, track, embed and search as with any frame, then forget it: no outcome, no sighting.

    Noise shows no face, so a part of it is embedded and searched as if it were one.
    """
    (found,) = engine.detect([image])
    CameraTracks(policy).track(header, image, found, engine)
    template = Biometric(engine.embed([np.ascontiguousarray(image[:_ALIGNED_PX, :_ALIGNED_PX])]))
    with suppress(Refused, Retryable):  # of real frames that is told, and asked again
        opener.check_gate(view.id)
        gallery.search(view.gallery, view.contract_id, template.reveal(), limit=2)
