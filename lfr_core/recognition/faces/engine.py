"""The face engine over an opened model pack: what detects, describes and embeds for everybody else."""

from __future__ import annotations

import threading
from collections import defaultdict
from collections.abc import Callable, Sequence
from typing import Final

from lfr_core.common.settings import Settings
from lfr_core.domain.policy import FacePolicy, Policy
from lfr_core.recognition.faces import alignment, detector, embedding, landmarks, quality
from lfr_core.recognition.faces.frame_shapes import fine_input, merge
from lfr_core.recognition.faces.network import Network
from lfr_core.recognition.faces.pack import ModelPack, open_pack
from lfr_core.recognition.faces.pack.manifest import Preprocessing
from lfr_core.recognition.faces.types import Detection, Face, FaceEngine, Floats, Image

__all__ = ["PackEngine", "build_engine", "build_pack_engine"]

_CPU: Final = "CPUExecutionProvider"
_ACCELERATOR_BATCH: Final = 64  # faces or frames in one run: bounds the device's memory
_MOST_SIZES: Final = 4  # of frames that are looked at twice: more kinds of cameras a worker has hardly
_PHOTOGRAPH_MARGIN: Final = 0.1
"""Around a photograph, which a face may fill: without any, boxes of such faces are worse (docs/facts.md#faces)."""
_CPU_BATCH: Final = 1  # docs/facts.md#faces: batches of faces don't pay on a CPU


class PackEngine:
    """The open pack's detector, landmarks and embedder as a `FaceEngine`.

    Safe to call from several threads, as its sessions are.

    Args:
        pack: an opened pack that has all three models.
        policy: detector input size, score and overlap.
        providers: ONNX Runtime's names, the preferred first.
        threads: within one operator.

    Raises:
        Fatal: the pack lacks a model, or a provider isn't in the session.
    """

    def __init__(self, pack: ModelPack, policy: FacePolicy, providers: Sequence[str], threads: int) -> None:
        self._contract_id = pack.contract_id
        self._policy = policy
        self._size = (policy.detector_width_px, policy.detector_height_px)
        self._make: Callable[[tuple[int, int]], Network] = lambda size: pack.network(
            "detection", providers=providers, threads=threads, input_size=size
        )
        self._detector = self._make(self._size)
        self._fine_detectors: dict[tuple[int, int], Network] = {}
        self._making = threading.Lock()
        self._landmarks: Network = pack.network("landmarks", providers=providers, threads=threads)
        self._embedder: Network = pack.network("recognition", providers=providers, threads=threads)
        terms = pack.preprocessing
        self._terms = {"mean": terms.mean, "std": terms.std} if isinstance(terms, Preprocessing) else {}
        self._batch = _CPU_BATCH if providers[0] == _CPU else _ACCELERATOR_BATCH

    @property
    def contract_id(self) -> str:
        """The embedding contract: hash of model, digest, dimension and preprocessing."""
        return self._contract_id

    def detect(self, images: list[Image]) -> list[list[Detection]]:
        """Detect each frame's faces, best score first, small ones in large and upright frames too. Sizes may differ.

        Raises:
            Poison: an entry isn't an H x W x 3 uint8 image.
            Fatal: the model gives something that isn't a number.
        """
        found = self._run(self._detector, self._size, images)
        again: dict[tuple[int, int], list[int]] = defaultdict(list)
        for index, image in enumerate(images):
            if (size := fine_input(image.shape[1], image.shape[0], self._policy)) is not None:
                again[size].append(index)
        for size, indices in again.items():
            second = self._run(self._detector_for_size(size), size, [images[index] for index in indices])
            for index, more in zip(indices, second, strict=True):
                height, width = images[index].shape[:2]
                found[index] = merge(found[index], more, width, height, self._policy)
        return found

    def detect_large(self, images: list[Image]) -> list[list[Detection]]:
        """Detect faces that are large in each image, best score first, as in a photograph. Raises as `detect`."""
        return self._run(self._detector, self._size, images, margin=_PHOTOGRAPH_MARGIN)

    def _run(
        self, network: Network, size: tuple[int, int], images: list[Image], *, margin: float = 0.0
    ) -> list[list[Detection]]:
        least = self._policy.detector_width_px * self._policy.detector_height_px
        batch = max(1, self._batch * least // (size[0] * size[1]))
        found: list[list[Detection]] = []
        for start in range(0, len(images), batch):
            found += detector.detect(
                network,
                images[start : start + batch],
                width=size[0],
                height=size[1],
                min_score=self._policy.detector_min_score,
                max_iou=self._policy.detector_nms_iou,
                margin=margin,
            )
        return found

    def _detector_for_size(self, size: tuple[int, int]) -> Network:
        """Return the detector at another input size: made once, some tens of milliseconds, and kept while it's used."""
        with self._making:
            network = self._fine_detectors.pop(size, None) or self._make(size)
            self._fine_detectors[size] = network
            while len(self._fine_detectors) > _MOST_SIZES:
                del self._fine_detectors[next(iter(self._fine_detectors))]
            return network

    def describe(self, image: Image, detection: Detection) -> Face:
        """Compute landmarks, alignment and quality of one detection.

        Raises:
            Poison: the box lies outside the image, or its landmarks coincide.
            Fatal: the model gives something that isn't a number.
        """
        (points68,) = landmarks.find(self._landmarks, image, [detection])
        points = landmarks.five_points(points68)
        aligned = alignment.align(image, points)
        return Face(
            detection=detection,
            landmarks=points68,
            points=points,
            aligned=aligned,
            quality=quality.assess(image, detection, points, aligned),
        )

    def embed(self, aligned: list[Image]) -> Floats:
        """Compute unit-length templates, shape (n, 512), of `n` aligned faces; (0, 512) for none.

        Raises:
            ValueError: an aligned face isn't 112 x 112 x 3.
            Fatal: the model gives something that isn't a direction.
        """
        return embedding.embed(self._embedder, aligned, batch=self._batch, **self._terms)


def build_engine(settings: Settings, policy: Policy) -> FaceEngine:
    """Build the engine that the settings name: the open pack, or an InsightFace pack from its folder.

    Raises:
        Fatal: the pack is missing, damaged or its licence isn't acknowledged; a provider isn't available.
    """
    pack = open_pack(settings.pack_folder, acknowledge_licence=settings.acknowledge_model_licence)
    return build_pack_engine(pack, policy, providers=settings.execution_providers, threads=settings.inference_threads)


def build_pack_engine(pack: ModelPack, policy: Policy, *, providers: Sequence[str], threads: int) -> FaceEngine:
    """Build the engine that runs an opened pack. Raises Fatal: a provider isn't available, or a file can't be used."""
    if pack.kind == "open":
        return PackEngine(pack, policy.faces, providers, threads)
    from lfr_core.recognition.faces.insightface_engine import InsightFaceEngine

    return InsightFaceEngine(pack, policy.faces, providers=providers, threads=threads)
