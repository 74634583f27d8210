"""Checking a face model of a stranger's, and putting it in its place. As a program: what `model_install.py` runs.

A bare embedder comes in a folder with `model.toml`; the detector and landmarks of the open pack go with it. Whatever
comes is checked before it is put in its place: hashes, licence, shape of what the graph takes and gives, and that the
drawn test face is found and gives the same template alone and in company. The check runs on the processor, whatever
recognition runs on: it is the same everywhere, and memory can be bounded.
"""

from __future__ import annotations

import hashlib
import json
import re
import resource
import shutil
import sys
import tomllib
from pathlib import Path
from typing import Annotated

import numpy as np
from pydantic import BaseModel, ConfigDict, Field, StringConstraints, ValidationError

from lfr_core.common.errors import Fatal, LfrError, Refused
from lfr_core.common.files import read_bounded, read_toml
from lfr_core.domain.policy import Policy
from lfr_core.recognition.faces.embedding import DIMENSION
from lfr_core.recognition.faces.engine import build_pack_engine
from lfr_core.recognition.faces.pack import LoadedGraph, ModelPack, open_pack
from lfr_core.recognition.faces.pack.manifest import (
    MANIFEST,
    Manifest,
    ModelFile,
    Preprocessing,
    contract_id_of,
    read_manifest,
)
from lfr_core.recognition.faces.pack.network import graph_errors
from lfr_core.recognition.faces.pack.scratch import scratch_folder
from lfr_core.recognition.faces.pack.stranger_graph import check_graph
from lfr_core.recognition.faces.pack.surgery import with_dynamic_batch
from lfr_core.recognition.selftest.face import draw_face

__all__ = ["DESCRIPTION", "SCRATCH", "check_and_place"]

DESCRIPTION = "model.toml"
"""Beside a bare embedder: what it is called, how it is fed, and under which licence."""
SCRATCH = ".own"
"""The folder below the models in which one is put together."""
_MODEL_BYTES = 2_000_000_000
_SIDE_PX = 112
_PROCESSOR = ("CPUExecutionProvider",)
_SAME = 1e-4
"""Largest cosine difference between a face's template alone and in a batch."""

_NAME = r"^[A-Za-z0-9][A-Za-z0-9._-]{0,63}$"
Name = Annotated[str, StringConstraints(pattern=_NAME)]


class _Description(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")

    model_id: Name
    file: Name
    licence: Annotated[str, StringConstraints(strip_whitespace=True, min_length=3, max_length=300)]
    commercial_use: bool
    mean: float = Field(default=127.5, ge=0.0, le=255.0)
    std: float = Field(default=127.5, gt=0.0, le=255.0)


def check_and_place(
    folder: Path, models: Path, policy: Policy, *, open_pack_folder: Path, acknowledge_licence: bool, force: bool
) -> Path:
    """Check the model in `folder` and copy it to its own folder below `models`: arguments as of `install_model`.

    Raises:
        Refused: `models.not-a-model`, `models.installed`, `models.doesnt-fit`: what is wrong with it.
        Fatal: as `open_pack`; it can't be written. Nothing was installed.
    """
    if not folder.is_dir():
        raise _none(f"{folder} is no folder: unpack an archive first, and give the folder that holds {MANIFEST}")
    try:
        with scratch_folder(models, SCRATCH) as scratch:
            built = scratch / "pack"
            built.mkdir()
            if (folder / MANIFEST).is_file():
                _copy_package(folder, built)
            else:
                _build_around(folder, built, open_pack_folder)
            pack = open_pack(built, acknowledge_licence=acknowledge_licence)
            _try(pack, policy)
            target = _target(models, pack.model_id, open_pack_folder)
            if target.exists():
                if not force:
                    raise Refused("models.installed", f"{target} is there already: --force replaces it")
                target.rename(scratch / "old")
            built.rename(target)
        return target
    except OSError as error:
        raise Fatal(f"the model can't be written to {models}: {error.strerror}. Nothing was installed") from error


def _target(models: Path, model_id: str, open_pack_folder: Path) -> Path:
    """Return where a model of that name goes: a folder of its own directly below `models`. Raises Refused."""
    target = models / model_id
    if not re.fullmatch(_NAME, model_id) or target.resolve() == open_pack_folder.resolve():
        raise _none(
            f"a model can't be called {model_id[:64]!r}: letters, digits, dots and hyphens, and not as the open pack is"
        )
    return target


def _copy_package(folder: Path, built: Path) -> None:
    """Copy the files of an InsightFace package that its manifest names, and its licence."""
    manifest = read_manifest(folder)
    assert manifest is not None
    if manifest.openlfr is None and manifest.tasks.detection is None:
        raise _none(f"the package in {folder} has no detector: it can't find faces. Bring one that has")
    names = {MANIFEST, manifest.license, manifest.tasks.recognition.file}
    names |= {manifest.tasks.detection.file} if manifest.tasks.detection else set()
    if block := manifest.openlfr:
        names |= {file.file for file in (block.landmarks, *block.detectors, *block.originals.values())}
    graphs = names - {MANIFEST, manifest.license}
    for name in sorted(names):
        source = folder / name
        if not source.is_file() and name == manifest.license:
            continue  # InsightFace: without one its public terms count, which `open_pack` goes by
        try:
            data = read_bounded(source, _MODEL_BYTES, inside=folder)
        except OSError as error:
            raise _none(f"{source}, which its manifest names, can't be read: {error.strerror}") from error
        target = built / name
        if not target.resolve().is_relative_to(built.resolve()):
            raise _none(f"the manifest of {folder} names a file outside it")
        if name in graphs:
            check_graph(data, name)
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_bytes(data)


def _build_around(folder: Path, built: Path, open_folder: Path) -> None:
    """Build a pack of the bare embedder in `folder` and the open pack's detector and landmarks."""
    described = _read_description(folder)
    try:
        data = read_bounded(folder / described.file, _MODEL_BYTES, inside=folder)
    except OSError as error:
        raise _none(f"{folder / described.file} can't be read: {error.strerror}") from error
    check_graph(data, described.file)
    _check_shape(data, described.file)
    open_pack(open_folder)
    base = read_manifest(open_folder)
    if base is None or base.openlfr is None:
        raise Fatal("a bare embedder needs the open pack's detector: `lfr models install` fetches it")
    shutil.copytree(open_folder, built, dirs_exist_ok=True)
    recognition = _write(built, "recognition.onnx", _open_batch(data))
    original = _write(built, "original/own-embedder.onnx", data)
    digest, terms = hashlib.sha256(data).hexdigest(), Preprocessing(mean=described.mean, std=described.std)
    contract = contract_id_of(model_id=described.model_id, digest=digest, dimension=DIMENSION, preprocessing=terms)
    task = base.tasks.recognition.model_copy(
        update={"file": recognition.file, "sha256": recognition.sha256, "preprocessing": terms}
    )
    block = base.openlfr.model_copy(
        update={
            "licence": described.licence,
            "commercial_use": described.commercial_use,
            "recognition_source_sha256": digest,
            "contract_id": contract,
            "originals": {**base.openlfr.originals, "recognition": original},
        }
    )
    made: Manifest = base.model_copy(
        update={
            "model_id": described.model_id,
            "display_name": described.model_id,
            "tasks": base.tasks.model_copy(update={"recognition": task}),
            "openlfr": block,
        }
    )
    (built / MANIFEST).write_text(made.model_dump_json(indent=2, exclude_none=True) + "\n", encoding="utf-8")


def _read_description(folder: Path) -> _Description:
    file = folder / DESCRIPTION
    try:
        return _Description.model_validate(read_toml(file))
    except FileNotFoundError as error:
        raise _none(
            f"{folder} holds neither {MANIFEST} (an InsightFace package) nor {DESCRIPTION} (a bare embedder: model_id, "
            "file, licence, commercial_use, mean, std)"
        ) from error
    except OSError as error:
        raise _none(f"{file} can't be read: {error.strerror}") from error
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise _none(f"{file} isn't TOML in UTF-8: {error}") from error
    except ValidationError as error:
        faults = "; ".join(f"{'.'.join(map(str, each['loc']))}: {each['msg']}" for each in error.errors())
        raise _none(f"{file} is refused: {faults}") from error


def _check_shape(data: bytes, name: str) -> None:
    """See that the graph takes 112 x 112 colour and gives one template. Raises Refused `models.doesnt-fit`."""
    try:
        graph = LoadedGraph(data, providers=_PROCESSOR, threads=1, name=name)
    except Fatal as error:
        raise _unfit(f"{name} can't be loaded: {_first_line(error)}") from error
    shape = graph.input_shape
    if tuple(shape[1:]) != (3, _SIDE_PX, _SIDE_PX):
        raise _unfit(f"{name} takes {shape}; ArcFace-style models take faces of 3 x {_SIDE_PX} x {_SIDE_PX}")
    try:
        found = graph.run(np.zeros((1, 3, _SIDE_PX, _SIDE_PX), np.float32))
    except graph_errors() as error:
        raise _unfit(f"{name} can't be run: {_first_line(error)}") from error
    if len(found) != 1 or found[0].shape != (1, DIMENSION):
        given = ", ".join(str(each.shape) for each in found)
        raise _unfit(f"{name} gives {given}; a template is (1, {DIMENSION}), and nothing else may come with it")


def _open_batch(data: bytes) -> bytes:
    graph = LoadedGraph(data, providers=_PROCESSOR, threads=1, name="embedder")
    return with_dynamic_batch(data) if isinstance(graph.input_shape[0], int) else data


def _try(pack: ModelPack, policy: Policy) -> None:
    """See that the pack finds the drawn test face and embeds it, alone and in a batch, alike.

    Raises:
        Refused: `models.doesnt-fit`.
    """
    engine = build_pack_engine(pack, policy, providers=_PROCESSOR, threads=1)
    image = draw_face()
    try:
        found = engine.detect([image])[0]
        if len(found) != 1:
            raise _unfit(
                f"{pack.model_id} finds {len(found)} faces in the drawn test face, which every chain is tested with"
            )
        aligned = engine.describe(image, found[0]).aligned
        alone, other = engine.embed([aligned])[0], engine.embed([aligned[:, ::-1].copy()])[0]
        together = engine.embed([aligned[:, ::-1].copy(), aligned])
    except Refused:
        raise
    except graph_errors(LfrError) as error:
        raise _unfit(f"{pack.model_id} can't be run: {_first_line(error)}") from error
    if alone.shape != (DIMENSION,):
        raise _unfit(f"{pack.model_id} gives templates of {alone.shape[0]} numbers; galleries hold {DIMENSION}")
    if max(1.0 - float(together[1] @ alone), 1.0 - float(together[0] @ other)) > _SAME:
        raise _unfit(f"{pack.model_id} gives another template for the same face in a batch: its batch axis is baked in")


def _write(folder: Path, name: str, data: bytes) -> ModelFile:
    (folder / name).parent.mkdir(parents=True, exist_ok=True)
    (folder / name).write_bytes(data)
    return ModelFile(file=name, sha256=hashlib.sha256(data).hexdigest())


def _first_line(error: Exception) -> str:
    return (str(error).splitlines() or [type(error).__name__])[0][:300]


def _none(words: str) -> Refused:
    return Refused("models.not-a-model", words)


def _unfit(words: str) -> Refused:
    return Refused("models.doesnt-fit", words)


def _main() -> None:
    """Install what standard input names; print the rule and words of a refusal, or the words of an error."""
    resource.setrlimit(resource.RLIMIT_CPU, (int(sys.argv[1]),) * 2)
    resource.setrlimit(resource.RLIMIT_AS, (int(sys.argv[2]),) * 2)
    asked = json.load(sys.stdin)
    try:
        placed = check_and_place(
            Path(asked["folder"]),
            Path(asked["models"]),
            Policy.model_validate_json(asked["policy"]),
            open_pack_folder=Path(asked["open_pack_folder"]),
            acknowledge_licence=asked["acknowledge_licence"],
            force=asked["force"],
        )
    except Refused as error:
        sys.stdout.write(json.dumps({"rule": error.rule, "words": str(error)}))
    except Fatal as error:
        sys.stdout.write(json.dumps({"rule": None, "words": str(error)}))
    else:
        sys.stdout.write(json.dumps({"folder": str(placed)}))


if __name__ == "__main__":
    _main()
