"""Small pictures of refused photographs: whoever mends a list sees which one is meant."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

import cv2

from lfr_core.common.errors import Poison
from lfr_core.common.files import IMAGE_BYTES, read_bounded
from lfr_core.domain.policy import ImagePolicy
from lfr_core.recognition.faces.decode_child import decode_in_child
from lfr_core.watchlists.photograph_files import locate

__all__ = ["MOST_THUMBNAILS", "thumbnails_of"]

MOST_THUMBNAILS = 500
"""In one report: some 3 MB."""
_SIDE_PX = 120
_JPEG_QUALITY = 80


def thumbnails_of(folder: Path, photographs: Iterable[str], policy: ImagePolicy) -> dict[str, bytes]:
    """Return JPEGs by photograph, of the first `MOST_THUMBNAILS`; none of what can't be opened."""
    found: dict[str, bytes] = {}
    for photograph in dict.fromkeys(photographs):
        if len(found) == MOST_THUMBNAILS:
            break
        path = locate(folder, photograph) if photograph else None
        try:
            if path is None:
                continue
            image = decode_in_child(read_bounded(path, IMAGE_BYTES, inside=folder), policy)
        except (OSError, Poison):
            continue
        scale = _SIDE_PX / max(image.shape[:2])
        size = (max(1, round(image.shape[1] * scale)), max(1, round(image.shape[0] * scale)))
        small = cv2.resize(image, size, interpolation=cv2.INTER_AREA)
        _, jpeg = cv2.imencode(".jpg", small, [cv2.IMWRITE_JPEG_QUALITY, _JPEG_QUALITY])
        found[photograph] = jpeg.tobytes()
    return found
