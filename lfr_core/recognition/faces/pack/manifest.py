"""The manifest of a model pack: InsightFace's model package, version 2, plus what OpenLFR adds to it.

InsightFace reads `manifest_version`, `model_id`, `license` and `tasks`, and ignores the rest. OpenLFR's own
block holds the licence in words, the landmark and detector graphs, and where the files came from.
"""

from __future__ import annotations

import hashlib
import json
from pathlib import Path
from typing import Literal

from pydantic import BaseModel, ConfigDict, ValidationError

from lfr_core.common.errors import Fatal
from lfr_core.common.files import SETTINGS_BYTES, read_bounded
from lfr_core.recognition.faces.pack.pins import Sha256, Task

__all__ = [
    "MANIFEST",
    "DetectorFile",
    "Manifest",
    "ModelFile",
    "OpenBlock",
    "Preprocessing",
    "RecognitionFile",
    "TaskFile",
    "contract_id_of",
    "read_manifest",
]

MANIFEST = "manifest.json"


class _Part(BaseModel):
    model_config = ConfigDict(frozen=True, extra="ignore")


class Preprocessing(_Part):
    """(x - mean) / std, on pixel values of 0 to 255."""

    mean: float
    std: float


class ModelFile(_Part):
    """A file of the pack, by its path in the folder."""

    file: str
    sha256: Sha256


class DetectorFile(ModelFile):
    """A detector graph for one input size, pixels."""

    width: int
    height: int


class TaskFile(_Part):
    """A task of InsightFace's manifest; its hash is optional there."""

    file: str
    sha256: Sha256 | None = None
    preprocessing: Preprocessing | Literal["embedded"] | None = None


class RecognitionFile(TaskFile):
    """The embedder. The defaults are InsightFace's."""

    input_size: tuple[int, int] = (112, 112)
    embedding_dimension: int = 512


class Tasks(_Part):
    """What InsightFace loads."""

    detection: TaskFile | None = None
    recognition: RecognitionFile


class OpenBlock(_Part):
    """What OpenLFR adds."""

    licence: str
    licence_file: str
    commercial_use: bool
    recognition_source_sha256: Sha256
    """The embedder as published, before its batch axis was opened: the digest in the contract id."""
    contract_id: str
    landmarks: ModelFile
    detectors: tuple[DetectorFile, ...]
    originals: dict[Task, ModelFile]


class Manifest(_Part):
    """`manifest.json`."""

    manifest_version: Literal[2] = 2
    model_id: str
    display_name: str = ""
    license: str
    tasks: Tasks
    openlfr: OpenBlock | None = None


def contract_id_of(
    *, model_id: str, digest: str, dimension: int, preprocessing: Preprocessing | Literal["embedded"] | None
) -> str:
    """Return the id of the embedding contract: templates may be compared only where this is equal.

    A sha256 (hex) over canonical JSON of model id, digest of the recognition file, dimension, preprocessing
    and alignment. For the open pack the digest is that of the published file, so that another version of
    the ONNX library, which may write the same graph in other bytes, doesn't part galleries that belong together.
    """
    terms = {
        "alignment": "arcface-5-points-112",
        "digest": digest,
        "dimension": dimension,
        "model_id": model_id,
        "preprocessing": preprocessing.model_dump() if isinstance(preprocessing, Preprocessing) else preprocessing,
    }
    return hashlib.sha256(json.dumps(terms, sort_keys=True, separators=(",", ":")).encode()).hexdigest()


def read_manifest(folder: Path) -> Manifest | None:
    """Read the folder's manifest; None where there is none (a legacy InsightFace pack).

    Raises:
        Fatal: it can't be read, isn't version 2 or lacks something.
    """
    file = folder / MANIFEST
    try:
        return Manifest.model_validate_json(read_bounded(file, SETTINGS_BYTES))
    except FileNotFoundError:
        return None
    except OSError as error:
        fault = error.strerror or str(error)
    except ValidationError as error:
        fault = "; ".join(f"{'.'.join(map(str, f['loc'])) or 'file'}: {f['msg']}" for f in error.errors())
    raise Fatal(
        f"the model manifest {file} can't be used ({fault}). Run `lfr models install --force`, or get the pack again."
    )
