"""Does the installed pack compute what the published graphs compute? Compared on real photographs.

Each output of the detector (320 x 240), the landmarks and the embedder is compared with the original graph's,
alone and in every position of a batch. A cosine difference under 1e-5 passes (docs/design.md#the-open-model-pack).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import cv2
import numpy as np
import numpy.typing as npt

from lfr_core.common.errors import Fatal
from lfr_core.recognition.faces.pack.network import LoadedGraph
from lfr_core.recognition.faces.pack.opening import ModelPack
from lfr_core.recognition.faces.pack.pins import Task
from lfr_core.recognition.faces.types import Floats, Image

__all__ = ["LIMIT", "Comparison", "compare", "verify_pack"]

LIMIT = 1e-5
"""Largest cosine difference that passes (docs/design.md#the-open-model-pack)."""
DETECTOR_PX = (320, 240)  # the published detector's only input size
BATCH = 4


@dataclass(frozen=True, slots=True)
class Comparison:
    """One output of one graph, over all inputs. Differences are 1 - cosine, of the flattened output."""

    task: Task
    output: str
    inputs: int
    alone: float
    """Worst difference when the input is the whole batch."""
    in_batch: tuple[float, ...]
    """Worst difference at each position of a batch."""
    largest_error: float
    """Largest absolute difference of any number, in the output's own unit."""

    @property
    def passed(self) -> bool:
        """Whether every difference is under LIMIT; one that isn't a number fails."""
        return all(difference < LIMIT for difference in (self.alone, *self.in_batch))


def verify_pack(
    pack: ModelPack, photographs: Sequence[Path], *, providers: Sequence[str], threads: int
) -> list[Comparison]:
    """Compare every output of the open pack's graphs with the published graphs'.

    Raises:
        Fatal: a hash is wrong, the pack has no originals (only the open pack has), or a photograph can't be read.
    """
    if pack.originals is None:
        raise Fatal(f"{pack.folder} is not the open pack: it has no published graphs to compare with")
    originals = {
        task: LoadedGraph(pack.read(file), providers=providers, threads=threads, name=f"published {task}")
        for task, file in pack.originals.items()
    }
    size: dict[Task, tuple[int, int]] = {"detection": DETECTOR_PX}
    results: list[Comparison] = []
    for task, inputs in _inputs([_read(path) for path in photographs], originals["detection"]).items():
        installed = pack.network(task, providers=providers, threads=threads, input_size=size.get(task))
        results += compare(task, originals[task], installed, inputs)
    return results


def compare(task: Task, original: LoadedGraph, installed: LoadedGraph, inputs: Sequence[Floats]) -> list[Comparison]:
    """Compare two graphs on `inputs`, each of shape (1, C, H, W): alone, and in every position of a batch of 4."""
    wanted = [original.run(x) for x in inputs]
    alone = [installed.run(x) for x in inputs]
    # The batch that starts at input s holds input s + p at position p: over all starts, every input at every position.
    count = len(inputs)
    batches = [installed.run(np.concatenate([inputs[(s + p) % count] for p in range(BATCH)])) for s in range(count)]
    results: list[Comparison] = []
    for index, name in enumerate(original.output_names):
        pairs = [(wanted[i][index][0], alone[i][index][0]) for i in range(count)]
        placed = [
            [(wanted[(s + p) % count][index][0], batches[s][index][p]) for s in range(count)] for p in range(BATCH)
        ]
        everything = [*pairs, *(pair for position in placed for pair in position)]
        results.append(
            Comparison(
                task=task,
                output=name,
                inputs=count,
                alone=_find_largest_difference(pairs),
                in_batch=tuple(_find_largest_difference(position) for position in placed),
                largest_error=float(np.max([np.max(np.abs(a - b)) for a, b in everything])),
            )
        )
    return results


def _find_largest_difference(pairs: Sequence[tuple[Floats, Floats]]) -> float:
    return float(np.max([_difference(a, b) for a, b in pairs]))  # np.max keeps a NaN, max might not


def _difference(a: Floats, b: Floats) -> float:
    u: npt.NDArray[np.float64] = a.ravel().astype(np.float64)
    v: npt.NDArray[np.float64] = b.ravel().astype(np.float64)
    return float(1.0 - (u @ v) / (np.linalg.norm(u) * np.linalg.norm(v)))


def _inputs(images: Sequence[Image], detector: LoadedGraph) -> dict[Task, list[Floats]]:
    """Return what each graph is fed: the photographs, and the best face of each, cut out without alignment."""
    frames = [_blob(cv2.resize(image, DETECTOR_PX)) for image in images]
    faces = [_best_face(image, *detector.run(x)) for image, x in zip(images, frames, strict=True)]
    grey = [cv2.cvtColor(cv2.resize(face, (64, 64)), cv2.COLOR_BGR2GRAY) for face in faces]
    return {
        "detection": frames,
        "landmarks": [(x[None, None] / np.float32(256)).astype(np.float32) for x in grey],
        "recognition": [_blob(cv2.resize(face, (112, 112))) for face in faces],
    }


def _blob(image: npt.NDArray[np.generic]) -> Floats:
    """Convert BGR (H, W, 3) to RGB (1, 3, H, W), (x - 127) / 128 (docs/design.md#the-open-model-pack)."""
    blob: Floats = cv2.dnn.blobFromImage(image, 1 / 128, mean=(127, 127, 127), swapRB=True)
    return blob


def _best_face(image: Image, scores: Floats, boxes: Floats) -> Image:
    height, width = image.shape[:2]
    box = boxes[0, int(np.argmax(scores[0, :, 1]))] * np.array([width, height, width, height], dtype=np.float32)
    x1, y1 = (max(0, int(value)) for value in box[:2])
    return image[y1 : max(y1 + 1, int(box[3])), x1 : max(x1 + 1, int(box[2]))]


def _read(path: Path) -> Image:
    image = cv2.imread(str(path), cv2.IMREAD_COLOR)
    if image is None:
        raise Fatal(f"the photograph {path} can't be read; run `lfr models install --force`")
    return np.asarray(image, dtype=np.uint8)
