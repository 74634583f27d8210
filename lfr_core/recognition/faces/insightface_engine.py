"""A FaceEngine over InsightFace's own packs: SCRFD detection and ArcFace recognition through `insightface`.

SCRFD looks at one image at a time: its graphs as shipped have a batch of 1 baked in, and forcing a batch gives
wrong results across frames (docs/facts.md#faces). ArcFace graphs do batch. These packs have five points a face and
no 68 landmarks, so `Face.landmarks` is empty here.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

import numpy as np
import numpy.typing as npt

from lfr_core.common.errors import Fatal, Poison
from lfr_core.domain.policy import FacePolicy
from lfr_core.recognition.faces.alignment import align
from lfr_core.recognition.faces.detector import iou_matrix
from lfr_core.recognition.faces.pack.manifest import MANIFEST
from lfr_core.recognition.faces.pack.network import graph_errors, require_providers, session_options
from lfr_core.recognition.faces.pack.opening import ModelPack
from lfr_core.recognition.faces.pack.pins import Task
from lfr_core.recognition.faces.quality import assess
from lfr_core.recognition.faces.types import Detection, Face, Floats, Image

__all__ = ["InsightFaceEngine"]

SAME_FACE_IOU = 0.3
"""How much a box that came from elsewhere must overlap the detector's to be the same face."""


class _Session(Protocol):
    def get_providers(self) -> list[str]: ...


class _Detector(Protocol):
    """What is used of insightface's SCRFD."""

    session: _Session
    use_kps: bool

    def prepare(self, ctx_id: int, *, input_size: tuple[int, int], det_thresh: float, nms_thresh: float) -> None: ...

    def detect(self, img: Image) -> tuple[Floats, Floats]:
        """Detect faces: boxes with scores (n, 5), and points (n, 5, 2)."""
        ...


class _Embedder(Protocol):
    """What is used of insightface's ArcFaceONNX."""

    session: _Session
    input_shape: Sequence[int | str]

    def get_feat(self, imgs: list[Image]) -> Floats: ...


@dataclass(frozen=True, slots=True, eq=False)
class _PointedDetection(Detection):
    """SCRFD finds the five points with the box; they are kept for `describe`."""

    points: Floats
    """Shape (5, 2), pixels."""


class InsightFaceEngine:
    """Finds, describes and embeds faces with an InsightFace pack (V2 manifest, or a legacy folder)."""

    def __init__(self, pack: ModelPack, policy: FacePolicy, *, providers: Sequence[str], threads: int) -> None:
        """Load the pack's detector and embedder.

        Raises:
            Fatal: the pack lacks one of them, a provider isn't in the session, or insightface can't use a file.
        """
        self._pack = pack
        detector = _load_detector(pack, providers, threads)
        if not detector.use_kps:
            raise Fatal(
                f"the detector of {pack.folder} gives no five points, so faces can't be aligned; use another pack"
            )
        detector.prepare(
            0,  # anything but a negative number: that would put the session on the CPU
            input_size=(policy.detector_width_px, policy.detector_height_px),
            det_thresh=policy.detector_min_score,
            nms_thresh=policy.detector_nms_iou,
        )
        self._detector = detector
        self._embedder = _load_embedder(pack, providers, threads)
        self._one_by_one = self._embedder.input_shape[0] == 1

    @property
    def contract_id(self) -> str:
        """The embedding contract of the pack."""
        return self._pack.contract_id

    def detect(self, images: list[Image]) -> list[list[Detection]]:
        """Detect the faces of each image, best score first; one image at a time."""
        return [list(self._find(image)) for image in images]

    def detect_large(self, images: list[Image]) -> list[list[Detection]]:
        """Detect as `detect` does: these graphs have one input size."""
        return self.detect(images)

    def describe(self, image: Image, detection: Detection) -> Face:
        """Return the five points, alignment and quality of one detection.

        A detection that isn't from `detect` (a tracker's) is looked for again in `image`.

        Raises:
            Poison: there is no face at such a detection.
        """
        pointed = detection if isinstance(detection, _PointedDetection) else self._same_face(image, detection)
        aligned = align(image, pointed.points)
        return Face(
            detection=detection,
            landmarks=np.empty((0, 2), dtype=np.float32),
            points=pointed.points,
            aligned=aligned,
            quality=assess(image, detection, pointed.points, aligned),
        )

    def embed(self, aligned: list[Image]) -> Floats:
        """Compute unit-length templates, shape (n, d), of `n` aligned faces (112, 112, 3, BGR); (0, 512) for none.

        Raises:
            Fatal: the model gives something that has no direction.
        """
        if not aligned:
            return np.empty((0, 512), dtype=np.float32)
        groups = [[face] for face in aligned] if self._one_by_one else [aligned]
        rows = np.concatenate([self._embedder.get_feat(group) for group in groups])
        norms = np.linalg.norm(rows, axis=1, keepdims=True)
        if rows.shape[0] != len(aligned) or not (np.isfinite(norms).all() and float(norms.min()) > 0.0):
            raise Fatal(f"the recognition model of {self._pack.folder} gives no usable templates; use another pack")
        return np.asarray(rows / norms, dtype=np.float32)

    def _find(self, image: Image) -> list[_PointedDetection]:
        boxes, points = self._detector.detect(image)
        best_first = np.argsort(-boxes[:, 4], kind="stable")
        return [
            _PointedDetection(
                box=boxes[i, :4].astype(np.float32), score=float(boxes[i, 4]), points=points[i].astype(np.float32)
            )
            for i in best_first
        ]

    def _same_face(self, image: Image, detection: Detection) -> _PointedDetection:
        found = self._find(image)
        boxes = np.stack([detection.box, *(face.box for face in found)]).astype(np.float32)
        overlaps: npt.NDArray[np.float32] = iou_matrix(boxes)[0, 1:]
        if overlaps.size == 0 or float(overlaps.max()) < SAME_FACE_IOU:
            raise Poison(f"no face is found at the box {detection.box.tolist()}")
        return found[int(overlaps.argmax())]


def _load_detector(pack: ModelPack, providers: Sequence[str], threads: int) -> _Detector:
    from insightface.model_zoo.scrfd import SCRFD

    model = _load(pack, "detection", providers, threads)
    if not isinstance(model, SCRFD):
        raise Fatal(
            f"the detection model of {pack.folder} isn't SCRFD, which is all that insightface packs are run with"
        )
    detector: _Detector = model
    return detector


def _load_embedder(pack: ModelPack, providers: Sequence[str], threads: int) -> _Embedder:
    from insightface.model_zoo.arcface_onnx import ArcFaceONNX

    model = _load(pack, "recognition", providers, threads)
    if not isinstance(model, ArcFaceONNX):
        raise Fatal(f"the recognition model of {pack.folder} isn't an ArcFace graph; use another pack")
    embedder: _Embedder = model
    return embedder


def _load(pack: ModelPack, task: Task, providers: Sequence[str], threads: int) -> object:
    import onnxruntime as ort
    from insightface.model_zoo import get_model

    if task not in pack.files:
        raise Fatal(f"the model pack {pack.folder} has no model for {task}; use a pack that has")
    require_providers(providers, ort.get_available_providers(), "in this ONNX Runtime")
    path: Path = pack.path_of(pack.files[task])
    options = {"providers": list(providers), "sess_options": session_options(threads)}
    try:
        if (pack.folder / MANIFEST).is_file():
            model = get_model(str(pack.folder), model_task=task, **options)
        else:
            model = get_model(str(path), **options)
    except graph_errors(TypeError, AssertionError, OSError) as error:
        raise Fatal(f"insightface can't load {path}: {error}") from error
    if model is None:
        raise Fatal(f"insightface doesn't know what kind of model {path} is; use another pack")
    require_providers(providers, model.session.get_providers(), "in the session")
    loaded: object = model
    return loaded
