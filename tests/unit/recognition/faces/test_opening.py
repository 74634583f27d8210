from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING, Literal

import numpy as np
import onnxruntime as ort
import pytest

from lfr_core.common.errors import Fatal
from lfr_core.recognition.faces.pack import open_pack
from lfr_core.recognition.faces.pack.manifest import Preprocessing, contract_id_of
from lfr_core.recognition.faces.pack.network import require_providers
from tests.support.samples import cpu
from tests.support.toy_pack import toy_detector, toy_embedder

if TYPE_CHECKING:
    from tests.unit.recognition.faces.conftest import Toy


def test_a_folder_that_is_not_there_is_refused_with_advice(tmp_path: Path) -> None:
    with pytest.raises(Fatal, match=r"there is no model pack in .*run `lfr models install`"):
        open_pack(tmp_path / "none")


def test_a_model_file_with_the_wrong_hash_is_refused_at_open(toy: Toy) -> None:
    pack = toy.install()
    file = pack.path_of(pack.files["recognition"])
    file.write_bytes(file.read_bytes() + b"\0")

    with pytest.raises(Fatal, match=r"recognition.onnx has the wrong hash .* run `lfr models install --force`"):
        open_pack(toy.folder)


def test_a_model_file_changed_after_open_is_not_loaded(toy: Toy) -> None:
    pack = toy.install()
    pack.path_of(pack.files["landmarks"]).write_bytes(toy_embedder())

    with pytest.raises(Fatal, match="wrong hash"):
        pack.network("landmarks", providers=cpu, threads=1)


def test_a_missing_model_file_is_refused_with_advice(toy: Toy) -> None:
    pack = toy.install()
    pack.path_of(pack.detectors[1]).unlink()

    with pytest.raises(Fatal, match=r"detection-512x288.onnx can't be read .*run `lfr models install`"):
        open_pack(toy.folder)


@pytest.mark.parametrize("text", ["", "{", "[]", '{"manifest_version": 3}'])
def test_a_damaged_manifest_is_refused_with_advice(toy: Toy, text: str) -> None:
    toy.install()
    (toy.folder / "manifest.json").write_text(text)

    with pytest.raises(Fatal, match=r"manifest .* can't be used \(.*\)\. Run `lfr models install --force`"):
        open_pack(toy.folder)


def test_a_manifest_whose_preprocessing_was_edited_no_longer_fits_its_contract(toy: Toy) -> None:
    toy.install()
    file = toy.folder / "manifest.json"
    manifest = json.loads(file.read_text())
    manifest["tasks"]["recognition"]["preprocessing"]["mean"] = 0.0
    file.write_text(json.dumps(manifest))

    with pytest.raises(Fatal, match="doesn't belong to its own embedding contract"):
        open_pack(toy.folder)


def test_a_non_commercial_licence_must_be_acknowledged(toy: Toy) -> None:
    toy.install()
    file = toy.folder / "manifest.json"
    manifest = json.loads(file.read_text())
    manifest["openlfr"] |= {"licence": "research only", "commercial_use": False}
    file.write_text(json.dumps(manifest))

    with pytest.raises(Fatal, match=r"non-commercial research only \(research only\).*LFR_ACKNOWLEDGE_MODEL_LICENCE"):
        open_pack(toy.folder)
    assert open_pack(toy.folder, acknowledge_licence=True).licence == "research only"


def test_a_legacy_insightface_folder_counts_as_non_commercial(tmp_path: Path) -> None:
    (tmp_path / "det_toy.onnx").write_bytes(toy_detector())
    (tmp_path / "w600k_toy.onnx").write_bytes(toy_embedder())

    with pytest.raises(Fatal, match="non-commercial research only"):
        open_pack(tmp_path)
    pack = open_pack(tmp_path, acknowledge_licence=True)
    assert (pack.kind, pack.files["recognition"].file) == ("insightface", "w600k_toy.onnx")


def test_a_folder_with_two_embedders_is_refused_and_both_are_named(tmp_path: Path) -> None:
    for name in ("det_toy.onnx", "w600k_a.onnx", "w600k_b.onnx"):
        (tmp_path / name).write_bytes(b"x")

    with pytest.raises(Fatal, match=r"found: w600k_a.onnx, w600k_b.onnx"):
        open_pack(tmp_path, acknowledge_licence=True)


@pytest.mark.skipif("CUDAExecutionProvider" in ort.get_available_providers(), reason="this machine may have CUDA")
@pytest.mark.parametrize("wanted", [("CUDAExecutionProvider",), ("CUDAExecutionProvider", "CPUExecutionProvider")])
def test_cuda_asked_for_and_absent_is_refused(toy: Toy, wanted: tuple[str, ...]) -> None:
    pack = toy.install()

    with pytest.raises(Fatal, match=r"CUDAExecutionProvider was asked for and isn't .* never falls back"):
        pack.network("recognition", providers=wanted, threads=1)


def test_a_provider_that_the_session_dropped_is_refused() -> None:
    # onnxruntime-gpu without a GPU lists CUDA, and drops it in the session (docs/facts.md#installing-together)
    with pytest.raises(Fatal, match="CUDAExecutionProvider was asked for and isn't in the session"):
        require_providers(("CUDAExecutionProvider",), ("CPUExecutionProvider",), "in the session")


def test_no_provider_at_all_is_refused(toy: Toy) -> None:
    with pytest.raises(Fatal, match="no execution provider is set"):
        toy.install().network("recognition", providers=(), threads=1)


def test_a_size_without_a_file_is_made_on_demand(toy: Toy) -> None:
    network = toy.install().network("detection", providers=cpu, threads=1, input_size=(448, 256))

    assert network.input_shape == ("batch", 3, 256, 448)
    assert network.run(np.zeros((2, 3, 256, 448), dtype=np.float32))[0].shape[0] == 2


def test_an_insightface_pack_has_no_landmarks(tmp_path: Path) -> None:
    (tmp_path / "det_toy.onnx").write_bytes(toy_detector())
    (tmp_path / "w600k_toy.onnx").write_bytes(toy_embedder())
    pack = open_pack(tmp_path, acknowledge_licence=True)

    with pytest.raises(Fatal, match="has no model for landmarks"):
        pack.network("landmarks", providers=cpu, threads=1)


def test_the_contract_id_changes_with_each_of_its_terms() -> None:
    plain = Preprocessing(mean=127.0, std=128.0)
    terms: list[tuple[str, str, int, Preprocessing | Literal["embedded"] | None]] = [
        ("a", "d" * 64, 512, plain),
        ("b", "d" * 64, 512, plain),
        ("a", "e" * 64, 512, plain),
        ("a", "d" * 64, 256, plain),
        ("a", "d" * 64, 512, Preprocessing(mean=127.5, std=128.0)),
        ("a", "d" * 64, 512, Preprocessing(mean=127.0, std=127.5)),
        ("a", "d" * 64, 512, "embedded"),
        ("a", "d" * 64, 512, None),
    ]

    ids = [contract_id_of(model_id=a, digest=b, dimension=c, preprocessing=d) for a, b, c, d in [*terms, terms[0]]]

    assert len(set(ids)) == len(terms)
    assert ids[-1] == ids[0]
