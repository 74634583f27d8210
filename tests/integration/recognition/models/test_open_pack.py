from __future__ import annotations

import json

import cv2
import numpy as np
import pytest
from typer.testing import CliRunner

from apps.cli.models import app
from lfr_core.recognition.faces.pack import LoadedGraph, load_pins
from lfr_core.recognition.faces.pack.surgery import detector_for, priors, with_dynamic_batch
from lfr_core.recognition.faces.pack.verify import compare, verify_pack
from lfr_core.recognition.faces.types import Floats
from tests.support.samples import cpu, require_pack, require_photos

pytestmark = pytest.mark.models


def faces(count: int) -> list[Floats]:
    """Photographs as the embedder is fed: (1, 3, 112, 112) each. What is in them doesn't matter here."""
    images = [cv2.imread(str(path)) for path in list(require_photos().values())[:count]]
    return [cv2.dnn.blobFromImage(image, 1 / 128, (112, 112), (127, 127, 127), swapRB=True) for image in images]


def network(model: bytes) -> LoadedGraph:
    return LoadedGraph(model, providers=cpu, threads=1, name="a test's graph")


def test_the_installed_graphs_compute_what_was_published_alone_and_at_every_place_of_a_batch() -> None:
    results = verify_pack(require_pack(), list(require_photos().values()), providers=cpu, threads=1)

    assert [(row.task, row.output) for row in results] == [
        ("detection", "scores"),
        ("detection", "boxes"),
        ("landmarks", "output"),
        ("recognition", "output"),
    ]
    assert all(row.passed and row.inputs == len(require_photos()) and len(row.in_batch) == 4 for row in results)


def test_verify_fails_on_an_embedder_whose_weights_were_changed_a_little() -> None:
    import onnx
    from onnx import numpy_helper

    pack = require_pack()
    assert pack.originals is not None
    original = pack.read(pack.originals["recognition"])
    model = onnx.load_model_from_string(with_dynamic_batch(original))
    weights = next(w for w in model.graph.initializer if len(w.dims) == 4)
    weights.CopyFrom(numpy_helper.from_array(numpy_helper.to_array(weights) * np.float32(1.02), name=weights.name))

    (row,) = compare("recognition", network(original), network(model.SerializeToString()), faces(4))

    assert not row.passed


def test_verify_fails_on_a_graph_that_swaps_faces_within_a_batch() -> None:
    pack = require_pack()
    assert pack.originals is not None

    class Swapping(LoadedGraph):
        def run(self, x: Floats) -> list[Floats]:
            return [np.roll(output, 1, axis=0) for output in super().run(x)]

    original = network(pack.read(pack.originals["recognition"]))
    swapping = Swapping(pack.read(pack.files["recognition"]), providers=cpu, threads=1, name="swapping")
    (row,) = compare("recognition", original, swapping, faces(4))

    assert row.alone < 1e-5
    assert not row.passed


def test_the_priors_of_the_published_size_equal_the_baked_ones_exactly() -> None:
    import onnx
    from onnx import numpy_helper

    pack = require_pack()
    assert pack.originals is not None
    graph = onnx.load_model_from_string(pack.read(pack.originals["detection"])).graph
    baked = {
        node.output[0]: numpy_helper.to_array(node.attribute[0].t) for node in graph.node if node.op_type == "Constant"
    }

    centres, sizes = priors(320, 240)
    np.testing.assert_array_equal(centres, baked["469"])
    np.testing.assert_array_equal(sizes, baked["467"])
    np.testing.assert_array_equal(sizes, baked["475"])


def test_three_faces_give_three_templates() -> None:
    recognition = require_pack().network("recognition", providers=cpu, threads=1)

    (templates,) = recognition.run(np.concatenate(faces(3)))

    assert templates.shape == (3, 512)
    assert recognition.providers == cpu


@pytest.mark.parametrize("size", load_pins().pack.detector_sizes)
def test_the_detector_finds_the_face_at_every_installed_size(size: tuple[int, int]) -> None:
    width, height = size
    detector = require_pack().network("detection", providers=cpu, threads=1, input_size=size)
    photo = cv2.resize(cv2.imread(str(require_photos()["obama"])), (400, 500))
    image = np.full((720, 1280, 3), 127, dtype=np.uint8)
    image[100:600, 400:800] = photo
    x = cv2.dnn.blobFromImage(image, 1 / 128, size, (127, 127, 127), swapRB=True)

    scores, boxes = detector.run(np.concatenate([x, np.zeros_like(x)]))

    assert scores.shape == (2, priors(width, height)[0].shape[1], 2)
    assert scores[0, :, 1].max() > 0.9
    assert scores[1, :, 1].max() < 0.5
    x1, y1, x2, y2 = boxes[0, scores[0, :, 1].argmax()] * [1280, 720, 1280, 720]
    assert 400 < x1 < x2 < 800
    assert 100 < y1 < y2 < 450


def test_a_size_made_on_demand_is_the_graph_that_install_would_have_written() -> None:
    pack = require_pack()
    assert pack.originals is not None
    (file,) = (file for file in pack.detectors if (file.width, file.height) == (512, 288))

    assert detector_for(pack.read(pack.originals["detection"]), 512, 288) == pack.read(file)


def test_insightface_loads_the_pack_and_gives_the_same_templates() -> None:
    from insightface.model_zoo import get_model

    pack = require_pack()
    images = [cv2.resize(cv2.imread(str(path)), (112, 112)) for path in list(require_photos().values())[:3]]
    model = get_model(str(pack.folder), model_task="recognition", providers=list(cpu))

    expected = model.get_feat(images)
    (actual,) = pack.network("recognition", providers=cpu, threads=1).run(
        cv2.dnn.blobFromImages(images, 1 / 128, (112, 112), (127, 127, 127), swapRB=True)
    )

    assert expected.shape == (3, 512)
    np.testing.assert_allclose(actual, expected, rtol=1e-5, atol=1e-5)


def test_models_verify_says_so_in_json_and_exits_0() -> None:
    require_pack()
    require_photos()

    result = CliRunner().invoke(app, ["verify", "--json"])

    assert result.exit_code == 0
    output = json.loads(result.stdout)
    assert output["passed"] is True
    assert len(output["comparisons"]) == 4


def test_models_show_names_licence_contract_and_providers() -> None:
    pack = require_pack()

    result = CliRunner().invoke(app, ["show", "--json"])

    assert result.exit_code == 0
    output = json.loads(result.stdout)
    assert (output["licence"], output["contract_id"], output["providers"]) == ("MIT", pack.contract_id, list(cpu))
    assert output["files"]["landmarks"]["sha256"] == pack.files["landmarks"].sha256


def test_models_show_without_a_pack_exits_with_advice(monkeypatch: pytest.MonkeyPatch, tmp_path: object) -> None:
    monkeypatch.setenv("LFR_MODEL_PACK", f"{tmp_path}/none")

    result = CliRunner().invoke(app, ["show"])

    assert result.exit_code == 70
    assert "run `lfr models install`" in result.stderr
