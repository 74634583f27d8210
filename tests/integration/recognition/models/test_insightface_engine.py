"""The engine over InsightFace packs: insightface's real code, the open pack's real embedder, a toy SCRFD graph."""

from __future__ import annotations

import json
from pathlib import Path

import cv2
import numpy as np
import pytest

from lfr_core.common.errors import Fatal, Poison
from lfr_core.domain.policy import load_policy
from lfr_core.recognition.faces.alignment import align
from lfr_core.recognition.faces.insightface_engine import InsightFaceEngine
from lfr_core.recognition.faces.pack import open_pack
from lfr_core.recognition.faces.types import Detection, FaceEngine, Floats, Image
from tests.support.samples import cpu, require_pack, require_photos
from tests.support.toy_scrfd import toy_scrfd

pytestmark = pytest.mark.models

# obama.jpg is 910 x 1137: SCRFD fits it into 640 x 640 by its height
SCALE = 640 / 1137
BOX = (280.0, 120.0, 640.0, 640.0)
POINTS = np.array([[385, 300], [530, 300], [455, 390], [400, 470], [520, 470]], dtype=np.float32)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A legacy folder: no manifest, files by InsightFace's names."""
    pack = require_pack()
    (tmp_path / "det_toy.onnx").write_bytes(toy_scrfd(np.array(BOX) * SCALE, POINTS * SCALE))
    (tmp_path / "w600k_open.onnx").write_bytes(pack.read(pack.files["recognition"]))
    return tmp_path


@pytest.fixture
def photo() -> Image:
    return np.asarray(cv2.imread(str(require_photos()["obama"])), dtype=np.uint8)


def engine(folder: Path) -> FaceEngine:
    pack = open_pack(folder, acknowledge_licence=True)
    return InsightFaceEngine(pack, load_policy().faces, providers=cpu, threads=1)


def unit(face: Image, mean: float, std: float) -> Floats:
    blob = cv2.dnn.blobFromImage(face, 1 / std, (112, 112), (mean, mean, mean), swapRB=True)
    (row,) = require_pack().network("recognition", providers=cpu, threads=1).run(blob)
    return row / np.linalg.norm(row)


def test_a_legacy_folder_finds_describes_and_embeds(folder: Path, photo: Image) -> None:
    engine_ = engine(folder)

    found, none = engine_.detect([photo, np.zeros_like(photo)])

    assert none == []
    (detection,) = found
    np.testing.assert_allclose(detection.box, BOX, atol=0.5)
    assert detection.score == pytest.approx(0.9)
    face = engine_.describe(photo, detection)
    np.testing.assert_allclose(face.points, POINTS, atol=0.5)
    np.testing.assert_array_equal(face.aligned, align(photo, face.points))
    assert face.landmarks.shape == (0, 2)
    assert face.quality.eye_distance_px == pytest.approx(145, abs=1)
    templates = engine_.embed([face.aligned, face.aligned[:, ::-1].copy()])
    assert templates.shape == (2, 512)
    np.testing.assert_allclose(np.linalg.norm(templates, axis=1), 1.0, atol=1e-5)
    np.testing.assert_allclose(templates[:1], unit(face.aligned, 127.5, 127.5), atol=1e-5)  # insightface's default
    assert engine_.embed([]).shape == (0, 512)


def test_a_manifest_decides_the_preprocessing_and_the_contract(folder: Path, photo: Image) -> None:
    legacy = engine(folder).contract_id
    manifest = {
        "manifest_version": 2,
        "model_id": "toy",
        "license": "MODEL.LICENSE",
        "tasks": {
            "detection": {"file": "det_toy.onnx"},
            "recognition": {"file": "w600k_open.onnx", "preprocessing": {"mean": 127.0, "std": 128.0}},
        },
    }
    (folder / "manifest.json").write_text(json.dumps(manifest))
    engine_ = engine(folder)

    face = engine_.describe(photo, engine_.detect([photo])[0][0])

    np.testing.assert_allclose(engine_.embed([face.aligned]), unit(face.aligned, 127.0, 128.0), atol=1e-5)
    assert engine_.contract_id != legacy


def test_an_insightface_manifest_without_a_signed_licence_must_be_acknowledged(folder: Path) -> None:
    manifest = {
        "manifest_version": 2,
        "model_id": "toy",
        "license": "MODEL.LICENSE",
        "tasks": {"recognition": {"file": "w600k_open.onnx"}},
    }
    (folder / "manifest.json").write_text(json.dumps(manifest))

    with pytest.raises(Fatal, match="non-commercial research only"):
        open_pack(folder)


def test_a_box_that_came_from_elsewhere_is_looked_for_again(folder: Path, photo: Image) -> None:
    engine_ = engine(folder)
    near = Detection(box=np.array([300, 140, 660, 660], dtype=np.float32), score=0.5)
    far = Detection(box=np.array([0, 900, 100, 1000], dtype=np.float32), score=0.5)

    np.testing.assert_allclose(engine_.describe(photo, near).points, POINTS, atol=0.5)
    with pytest.raises(Poison, match="no face is found at the box"):
        engine_.describe(photo, far)


def test_a_detector_that_is_not_scrfd_is_refused(folder: Path) -> None:
    pack = require_pack()
    (folder / "det_toy.onnx").write_bytes(pack.read(pack.files["recognition"]))

    with pytest.raises(Fatal, match="isn't SCRFD"):
        engine(folder)


def test_the_engine_refuses_a_provider_that_is_not_there(folder: Path) -> None:
    pack = open_pack(folder, acknowledge_licence=True)

    with pytest.raises(Fatal, match="NoSuchExecutionProvider was asked for and isn't"):
        InsightFaceEngine(pack, load_policy().faces, providers=("NoSuchExecutionProvider",), threads=1)
