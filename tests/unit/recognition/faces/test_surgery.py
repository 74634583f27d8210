from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from lfr_core.common.errors import Fatal
from lfr_core.recognition.faces.pack.network import LoadedGraph
from lfr_core.recognition.faces.pack.surgery import detector_for, priors, with_dynamic_batch
from tests.support.samples import cpu
from tests.support.toy_pack import toy_detector, toy_embedder


def network(model: bytes) -> LoadedGraph:
    return LoadedGraph(model, providers=cpu, threads=1, name="toy")


def batch(*shape: int) -> np.ndarray:
    return np.random.default_rng(1).normal(size=shape).astype(np.float32)


def test_a_reshape_that_bakes_in_one_gives_a_row_a_face_after_surgery() -> None:
    x = batch(3, 3, 112, 112)
    original, opened = network(toy_embedder()), network(with_dynamic_batch(toy_embedder()))
    expected = np.concatenate([original.run(x[i : i + 1])[0] for i in range(3)])

    (actual,) = opened.run(x)

    assert actual.shape == (3, 512)
    np.testing.assert_allclose(actual, expected, rtol=1e-5, atol=1e-5)


def test_opening_only_the_input_would_not_have_been_enough() -> None:
    import onnx

    model = onnx.load_model_from_string(toy_embedder())
    model.graph.input[0].type.tensor_type.shape.dim[0].dim_param = "batch"
    model.graph.output[0].type.tensor_type.shape.dim[0].dim_param = "batch"

    (actual,) = network(model.SerializeToString()).run(batch(3, 3, 112, 112))

    assert actual.shape == (1, 1536)


def test_the_published_size_has_4420_priors() -> None:
    centres, sizes = priors(320, 240)

    assert centres.shape == sizes.shape == (1, 4420, 2)
    np.testing.assert_allclose(centres[0, 0], (0.5 / 40, 0.5 / 30))
    np.testing.assert_allclose(sizes[0, 0], (10 / 320, 10 / 240))


@given(st.integers(64, 2000), st.integers(64, 2000))
def test_every_prior_lies_in_the_input_at_any_size(width: int, height: int) -> None:
    centres, sizes = priors(width, height)
    cells = [(-(-width // s)) * (-(-height // s)) for s in (8, 16, 32, 64)]

    assert centres.shape == sizes.shape == (1, 3 * cells[0] + 2 * cells[1] + 2 * cells[2] + 3 * cells[3], 2)
    assert centres.min() > 0
    assert centres.max() < 1
    assert sizes.min() > 0
    assert sizes.max() <= 1


def test_a_detector_made_for_another_size_takes_it_and_a_batch_of_it() -> None:
    boxes = network(detector_for(toy_detector(), 512, 288)).run(batch(4, 3, 288, 512))[1]

    count = priors(512, 288)[0].shape[1]
    assert boxes.shape == (4, count, 4)


def test_the_same_graph_is_made_into_the_same_bytes() -> None:
    assert detector_for(toy_detector(), 640, 360) == detector_for(toy_detector(), 640, 360)


def test_a_graph_without_the_prior_constants_is_refused() -> None:
    with pytest.raises(Fatal, match="not the open pack's detector: it has no prior constants 467, 469, 475"):
        detector_for(toy_embedder(), 512, 288)


def test_an_input_smaller_than_the_coarsest_stride_is_refused() -> None:
    with pytest.raises(Fatal, match="32x288 is too small"):
        detector_for(toy_detector(), 32, 288)


def test_a_file_that_is_not_onnx_is_refused_with_advice() -> None:
    with pytest.raises(Fatal, match="isn't ONNX; run `lfr models install`"):
        with_dynamic_batch(b"\xff\xffnot a model")
