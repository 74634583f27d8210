"""Aligned faces to unit-length templates."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

import numpy as np

from lfr_core.common.errors import Fatal
from lfr_core.recognition.faces.alignment import ALIGNED_SIZE_PX
from lfr_core.recognition.faces.network import Network
from lfr_core.recognition.faces.types import Floats, Image

__all__ = ["DIMENSION", "embed"]

DIMENSION: Final = 512
_MEAN: Final = 127.0  # docs/design.md#the-open-model-pack: RGB, (x - 127) / 128
_SCALE: Final = 1.0 / 128.0
_LEAST_NORM: Final = 1e-6


def embed(
    network: Network, aligned: Sequence[Image], *, batch: int = 1, mean: float = _MEAN, std: float = 1.0 / _SCALE
) -> Floats:
    """Compute templates of aligned faces, `batch` at a time (docs/facts.md#faces: batches don't pay on a CPU).

    Args:
        network: the recognition graph.
        aligned: n images of shape (112, 112, 3), BGR, uint8.
        batch: the most faces in one run.
        mean: what is taken off each value of 0 to 255 before it is divided by `std`.
        std: see `mean`; the open pack's are 127 and 128.

    Returns:
        Shape (n, 512), float32, each row of length 1; (0, 512) for none.

    Raises:
        ValueError: an image of another shape, or a batch under 1.
        Fatal: the network gives something that isn't a number, or a zero vector.
    """
    if batch < 1:
        raise ValueError("batch must be at least 1")
    for image in aligned:
        if image.shape != (ALIGNED_SIZE_PX, ALIGNED_SIZE_PX, 3):
            raise ValueError(f"aligned faces are 112 x 112 x 3, not {image.shape}")
    templates = np.empty((len(aligned), DIMENSION), dtype=np.float32)
    for start in range(0, len(aligned), batch):
        faces = np.stack(aligned[start : start + batch])
        x = np.ascontiguousarray(faces[:, :, :, ::-1].transpose(0, 3, 1, 2), dtype=np.float32)
        x -= np.float32(mean)
        x *= np.float32(1.0 / std)
        (out,) = network.run(x)
        if out.shape != (len(faces), DIMENSION):
            raise Fatal(f"the recognition model gave {out.shape} for {len(faces)} faces: run `lfr models verify`")
        norms = np.linalg.norm(out, axis=1, keepdims=True)
        if not np.isfinite(norms).all() or float(norms.min()) < _LEAST_NORM:
            raise Fatal("the recognition model gave a template that isn't a direction: run `lfr models verify`")
        templates[start : start + len(faces)] = out / norms
    return templates
