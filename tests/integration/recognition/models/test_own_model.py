"""A force's own model: checked before it is installed, and measured like any other."""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from lfr_core.common.errors import Fatal, Refused
from lfr_core.domain.policy import load_policy
from lfr_core.recognition import model_install
from lfr_core.recognition.faces.engine import build_pack_engine
from lfr_core.recognition.faces.pack import ModelPack, open_pack
from lfr_core.recognition.faces.pack.manifest import MANIFEST, contract_id_of, read_manifest
from lfr_core.recognition.model_check import check_and_place
from lfr_core.recognition.model_install import DESCRIPTION, install_model
from lfr_core.recognition.selftest.face import draw_face
from tests.support.samples import cpu, require_pack
from tests.support.toy_pack import hostile_embedders, toy_embedder

pytestmark = pytest.mark.models

WORDS = 'model_id = "toy-arcface"\nfile = "toy.onnx"\nlicence = "Apache-2.0"\ncommercial_use = true\n'


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    own = tmp_path / "own"
    own.mkdir()
    (own / "toy.onnx").write_bytes(toy_embedder())
    (own / DESCRIPTION).write_text(WORDS, encoding="utf-8")
    return own


def install(
    folder: Path, *, acknowledge: bool = False, force: bool = False, open_pack_folder: Path | None = None
) -> ModelPack:
    return install_model(
        folder,
        folder.parent / "models",
        load_policy(),
        open_pack_folder=open_pack_folder or require_pack().folder,
        acknowledge_licence=acknowledge,
        force=force,
    )


def place(folder: Path, *, open_pack_folder: Path | None = None) -> Path:
    """Do what `install` does, in this process: for what is refused before any graph is run."""
    return check_and_place(
        folder,
        folder.parent / "models",
        load_policy(),
        open_pack_folder=open_pack_folder or require_pack().folder,
        acknowledge_licence=False,
        force=True,
    )


def refused(folder: Path, rule: str, by: Callable[[Path], object] = place) -> str:
    with pytest.raises(Refused) as error:
        by(folder)
    assert error.value.rule == rule, str(error.value)
    assert not [one for one in (folder.parent / "models").glob("*") if not one.name.startswith(".")]
    return str(error.value)


def test_a_bare_embedder_is_installed_with_the_open_packs_detector_and_a_contract_of_its_own(folder: Path) -> None:
    pack = install(folder)
    engine = build_pack_engine(pack, load_policy(), providers=cpu, threads=1)
    (found,) = engine.detect([draw_face()])[0]
    faces = [engine.describe(draw_face(), found).aligned] * 2

    assert (pack.model_id, pack.licence) == ("toy-arcface", "Apache-2.0")
    assert pack.contract_id != require_pack().contract_id
    assert np.allclose(*engine.embed(faces))
    with pytest.raises(Refused, match="--force replaces it") as again:
        install(folder)
    assert again.value.rule == "models.installed"
    assert install(folder, force=True).contract_id == pack.contract_id


def test_how_it_is_fed_is_part_of_its_contract(folder: Path) -> None:
    before = install(folder)
    (folder / DESCRIPTION).write_text(WORDS + "mean = 0.0\nstd = 255.0\n", encoding="utf-8")

    assert install(folder, force=True).contract_id != before.contract_id


def test_a_licence_that_is_not_for_every_use_has_to_be_acknowledged(folder: Path) -> None:
    (folder / DESCRIPTION).write_text(WORDS.replace("true", "false"), encoding="utf-8")

    with pytest.raises(Fatal, match="non-commercial"):
        install(folder)
    pack = install(folder, acknowledge=True)
    with pytest.raises(Fatal, match="LFR_ACKNOWLEDGE_MODEL_LICENCE"):
        open_pack(pack.folder)


@pytest.mark.parametrize(
    ("change", "rule", "words"),
    [
        ({DESCRIPTION: None}, "models.not-a-model", "neither"),
        ({"toy.onnx": None}, "models.not-a-model", "can't be read"),
        ({DESCRIPTION: b'model_id = "../x"\n'}, "models.not-a-model", "model_id"),
        ({DESCRIPTION: b"model_id = "}, "models.not-a-model", "TOML"),
        ({"toy.onnx": toy_embedder(channels=1)}, "models.doesnt-fit", "takes"),
        ({"toy.onnx": toy_embedder(dimension=128)}, "models.doesnt-fit", "gives"),
    ],
    ids=["no description", "no file", "name", "toml", "grey", "dimension"],
)
def test_what_is_no_model_is_a_sentence(folder: Path, change: dict[str, bytes | None], rule: str, words: str) -> None:
    for name, data in change.items():
        (folder / name).unlink()
        if data is not None:
            (folder / name).write_bytes(data)

    assert words in refused(folder, rule)


@pytest.mark.parametrize(
    ("what", "rule", "words"),
    [
        ("no graph", "models.not-a-model", "isn't an ONNX graph"),
        ("empty", "models.not-a-model", "isn't an ONNX graph"),
        ("reads another file", "models.not-a-model", "numbers in another file"),
        ("repeats without end", "models.not-a-model", "repeats (Loop)"),
        ("needs 40 GB", "models.doesnt-fit", "can't be run"),
        ("an operator of its own", "models.not-a-model", "operators of its own (org.stranger)"),
    ],
)
def test_a_hostile_graph_is_a_sentence_and_never_runs_away(folder: Path, what: str, rule: str, words: str) -> None:
    (folder / "toy.onnx").write_bytes(hostile_embedders()[what])

    assert words in refused(folder, rule, by=install)


def test_a_graph_that_takes_too_long_is_given_up_and_leaves_nothing(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(model_install, "_CPU_S", 4)
    (folder / "toy.onnx").write_bytes(hostile_embedders()["takes hours"])

    assert "takes too long or too much memory" in refused(folder, "models.doesnt-fit", by=install)
    assert [one.name for one in (folder.parent / "models").iterdir()] == [".own.lock"]


def test_a_graph_of_a_package_is_looked_at_too(folder: Path) -> None:
    made = install(folder)
    (made.folder / "recognition.onnx").write_bytes(hostile_embedders()["repeats without end"])

    with pytest.raises(Refused, match="repeats"):
        place(made.folder)


@pytest.mark.parametrize("name", ["../elsewhere", "/{}/elsewhere", "..", ".own", "a/b", ""])
def test_a_package_can_not_name_another_place_to_be_put_or_one_to_take_away(folder: Path, name: str) -> None:
    made = install(folder)
    elsewhere = folder.parent / "elsewhere"
    elsewhere.mkdir()
    (elsewhere / "kept").write_text("x", encoding="utf-8")
    rename(made.folder, name.replace("{}", str(folder.parent)))

    with pytest.raises(Refused, match="can't be called") as error:
        place(made.folder)
    assert error.value.rule == "models.not-a-model"
    assert [one.name for one in elsewhere.iterdir()] == ["kept"]
    assert {one.name for one in folder.parent.iterdir()} == {"own", "models", "elsewhere"}


def test_no_model_takes_the_open_packs_place(folder: Path) -> None:
    shutil.copytree(require_pack().folder, folder.parent / "models" / "open-pack")
    (folder / DESCRIPTION).write_text(WORDS.replace("toy-arcface", "open-pack"), encoding="utf-8")
    before = open_pack(folder.parent / "models" / "open-pack").contract_id

    with pytest.raises(Refused, match="not as the open pack is"):
        place(folder, open_pack_folder=folder.parent / "models" / "open-pack")
    assert open_pack(folder.parent / "models" / "open-pack").contract_id == before


def test_an_archive_is_not_unpacked(folder: Path) -> None:
    archive = folder / "package.zip"
    archive.write_bytes(b"PK")

    with pytest.raises(Refused, match="unpack an archive first"):
        place(archive)


def rename(folder: Path, model_id: str) -> None:
    """Give a package another name, and the contract that belongs to it."""
    manifest = read_manifest(folder)
    assert manifest is not None
    assert manifest.openlfr is not None
    task = manifest.tasks.recognition
    contract = contract_id_of(
        model_id=model_id,
        digest=manifest.openlfr.recognition_source_sha256,
        dimension=task.embedding_dimension,
        preprocessing=task.preprocessing,
    )
    block = manifest.openlfr.model_copy(update={"contract_id": contract})
    named = manifest.model_copy(update={"model_id": model_id, "openlfr": block})
    (folder / MANIFEST).write_text(named.model_dump_json(exclude_none=True), encoding="utf-8")


def test_an_insightface_package_is_copied_with_what_its_manifest_names_and_nothing_else(folder: Path) -> None:
    made = install(folder)
    (made.folder / "stranger.bin").write_bytes(b"x")
    pack = install(made.folder, force=True) if (made.folder / MANIFEST).is_file() else made

    assert not (pack.folder / "stranger.bin").exists()


def test_a_package_without_a_detector_is_refused(folder: Path) -> None:
    task = {"recognition": {"file": "toy.onnx"}}
    manifest = json.dumps({"model_id": "x", "license": "MODEL.LICENSE", "tasks": task})
    (folder / MANIFEST).write_text(manifest, encoding="utf-8")

    assert "no detector" in refused(folder, "models.not-a-model")
