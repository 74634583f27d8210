"""Opening a model pack: every file's hash is checked, the licence is looked at, then sessions can be made."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from lfr_core.common.errors import Fatal
from lfr_core.common.files import read_bounded
from lfr_core.recognition.faces.pack.manifest import (
    MANIFEST,
    DetectorFile,
    Manifest,
    ModelFile,
    Preprocessing,
    contract_id_of,
    read_manifest,
)
from lfr_core.recognition.faces.pack.network import LoadedGraph
from lfr_core.recognition.faces.pack.pins import Task
from lfr_core.recognition.faces.pack.surgery import detector_for

__all__ = ["ModelPack", "open_pack"]

_MODEL_BYTES = 2_000_000_000
"""A graph in ONNX can't be larger: protobuf's own bound."""

GET_IT = "run `lfr models install`, or point LFR_MODEL_PACK at the folder of a model pack"
# InsightFace's names of detectors and embedders in packs without a manifest (buffalo_*, antelopev2)
LEGACY_FILES: dict[Task, tuple[str, ...]] = {
    "detection": ("det_*.onnx", "scrfd_*.onnx"),
    "recognition": ("w600k_*.onnx", "glintr*.onnx"),
}


@dataclass(frozen=True, slots=True)
class ModelPack:
    """A pack whose files have been checked."""

    folder: Path
    model_id: str
    licence: str
    commercial_use: bool
    contract_id: str
    kind: Literal["open", "insightface"]
    """`open`: detector, landmarks and embedder run as Networks; `insightface`: through `InsightFaceEngine`."""
    files: dict[Task, ModelFile]
    """One file a task; of the open pack's detectors, the first."""
    detectors: tuple[DetectorFile, ...] = ()
    originals: dict[Task, ModelFile] | None = None
    """The open pack's graphs as published, for `lfr models verify`."""
    preprocessing: Preprocessing | Literal["embedded"] | None = None

    def path_of(self, file: ModelFile) -> Path:
        return self.folder / file.file

    def read(self, file: ModelFile) -> bytes:
        """Return the file's bytes, checked against its hash as they are read.

        Raises:
            Fatal: the file is missing or isn't the one that the manifest names.
        """
        path = self.path_of(file)
        try:
            data = read_bounded(path, _MODEL_BYTES)
        except OSError as error:
            raise Fatal(f"the model file {path} can't be read ({error.strerror}); {GET_IT}") from error
        found = hashlib.sha256(data).hexdigest()
        if found != file.sha256:
            raise Fatal(
                f"the model file {path} has the wrong hash (sha256 {found}, expected {file.sha256}): it was damaged or "
                "changed. Nothing was loaded; run `lfr models install --force`, or get the pack again."
            )
        return data

    def network(
        self, task: Task, *, providers: Sequence[str], threads: int, input_size: tuple[int, int] | None = None
    ) -> LoadedGraph:
        """Make a session for `task`.

        Args:
            task: `detection`, `landmarks` (open pack only) or `recognition`.
            providers: ONNX Runtime's names, the preferred first; every one must end up in the session.
            threads: within one operator.
            input_size: (width, height) in pixels, detection only. A size without a graph file is made from the
                published detector in memory, some tens of milliseconds.

        Raises:
            Fatal: no such task in this pack, a wrong hash, or a provider that isn't in the session.
        """
        if task not in self.files:
            raise Fatal(f"the model pack {self.folder} has no model for {task}; {GET_IT}")
        model = self._detector(input_size) if input_size is not None and task == "detection" else self._plain(task)
        return LoadedGraph(model, providers=providers, threads=threads, name=f"{self.model_id}/{task}")

    def _plain(self, task: Task) -> bytes:
        return self.read(self.files[task])

    def _detector(self, size: tuple[int, int]) -> bytes:
        for file in self.detectors:
            if (file.width, file.height) == size:
                return self.read(file)
        if self.originals is None:
            raise Fatal(f"the detector of {self.folder} chooses its own input size; leave `input_size` out")
        return detector_for(self.read(self.originals["detection"]), *size)


def open_pack(folder: Path, *, acknowledge_licence: bool = False) -> ModelPack:
    """Open the pack in `folder`: the open pack, an InsightFace V2 package, or a legacy InsightFace folder.

    Raises:
        Fatal: the folder or a file is missing, a hash is wrong, or the licence is for non-commercial use only
            and `acknowledge_licence` is false.
    """
    if not folder.is_dir():
        raise Fatal(f"there is no model pack in {folder}; {GET_IT}")
    manifest = read_manifest(folder)
    if manifest is None:
        pack = _legacy(folder)
    elif manifest.openlfr is None:
        pack = _insightface(folder, manifest)
    else:
        pack = _open(folder, manifest)
    if not (pack.commercial_use or acknowledge_licence):
        raise Fatal(
            f"the model pack {folder} is licensed for non-commercial research only ({pack.licence}). If that covers "
            "your use, set LFR_ACKNOWLEDGE_MODEL_LICENCE=true; else use the open pack: `lfr models install`."
        )
    for file in (*pack.files.values(), *pack.detectors, *(pack.originals or {}).values()):
        pack.read(file)
    return pack


def _open(folder: Path, manifest: Manifest) -> ModelPack:
    block = manifest.openlfr
    recognition = manifest.tasks.recognition
    assert block is not None
    if recognition.sha256 is None or not block.detectors:
        raise Fatal(f"{folder / MANIFEST} lacks the embedder's hash or the detectors; run `lfr models install --force`")
    contract = contract_id_of(
        model_id=manifest.model_id,
        digest=block.recognition_source_sha256,
        dimension=recognition.embedding_dimension,
        preprocessing=recognition.preprocessing,
    )
    if contract != block.contract_id:
        raise Fatal(
            f"{folder / MANIFEST} doesn't belong to its own embedding contract; run `lfr models install --force`"
        )
    return ModelPack(
        folder=folder,
        model_id=manifest.model_id,
        licence=block.licence,
        commercial_use=block.commercial_use,
        contract_id=contract,
        kind="open",
        files={
            "detection": block.detectors[0],
            "landmarks": block.landmarks,
            "recognition": ModelFile(file=recognition.file, sha256=recognition.sha256),
        },
        detectors=block.detectors,
        originals=block.originals,
        preprocessing=recognition.preprocessing,
    )


def _insightface(folder: Path, manifest: Manifest) -> ModelPack:
    from insightface.model_zoo.model_license import inspect_model_package_license

    licence = inspect_model_package_license(folder)
    tasks: dict[Task, str] = {"recognition": manifest.tasks.recognition.file}
    hashes: dict[Task, str | None] = {"recognition": manifest.tasks.recognition.sha256}
    if manifest.tasks.detection is not None:
        tasks["detection"] = manifest.tasks.detection.file
        hashes["detection"] = manifest.tasks.detection.sha256
    files = {task: ModelFile(file=name, sha256=hashes[task] or _digest(folder / name)) for task, name in tasks.items()}
    return ModelPack(
        folder=folder,
        model_id=manifest.model_id,
        licence=f"InsightFace: {licence.message}",
        commercial_use=licence.commercial_use_permitted,
        contract_id=contract_id_of(
            model_id=manifest.model_id,
            digest=files["recognition"].sha256,
            dimension=manifest.tasks.recognition.embedding_dimension,
            preprocessing=manifest.tasks.recognition.preprocessing,
        ),
        kind="insightface",
        files=files,
        preprocessing=manifest.tasks.recognition.preprocessing,
    )


def _legacy(folder: Path) -> ModelPack:
    files: dict[Task, ModelFile] = {}
    for task, patterns in LEGACY_FILES.items():
        found = sorted(path for pattern in patterns for path in folder.glob(pattern))
        if len(found) != 1:
            names = ", ".join(path.name for path in found) or "none"
            raise Fatal(
                f"{folder} has no {MANIFEST} and isn't a legacy InsightFace pack with one {task} model "
                f"({' or '.join(patterns)}; found: {names}); {GET_IT}"
            )
        files[task] = ModelFile(file=found[0].name, sha256=_digest(found[0]))
    return ModelPack(
        folder=folder,
        model_id=folder.name,
        licence="InsightFace pack without a licence file: non-commercial research only",
        commercial_use=False,
        contract_id=contract_id_of(
            model_id=files["recognition"].file,  # the folder's name is the user's choice, the file's isn't
            digest=files["recognition"].sha256,
            dimension=512,
            preprocessing=None,
        ),
        kind="insightface",
        files=files,
    )


def _digest(path: Path) -> str:
    try:
        return hashlib.sha256(read_bounded(path, _MODEL_BYTES)).hexdigest()
    except OSError as error:
        raise Fatal(f"the model file {path} can't be read ({error.strerror}); {GET_IT}") from error
