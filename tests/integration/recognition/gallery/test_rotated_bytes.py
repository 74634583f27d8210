"""What of a template lies in Milvus' files."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from lfr_core.recognition.gallery.milvus import MilvusGallery
from lfr_core.recognition.gallery.port import Reference
from lfr_core.recognition.gallery.rotated import RotatedGallery, Rotation
from tests.support.milvus import milvus_server


def _holding(folder: Path, needle: bytes) -> list[str]:
    return sorted(str(f.relative_to(folder)) for f in folder.rglob("*") if f.is_file() and needle in f.read_bytes())


def test_no_raw_template_lies_in_milvus_files_and_the_rotated_one_goes_with_the_collection(
    tmp_path: Path, rotation: Rotation
) -> None:
    rows = np.random.default_rng(5).normal(size=(20, 512))
    templates = (rows / np.linalg.norm(rows, axis=1, keepdims=True)).astype(np.float32)
    raw, rotated = templates[7, :16].tobytes(), rotation.apply(templates)[7, :16].tobytes()
    folder = tmp_path / "milvus"
    with milvus_server(folder) as server:
        below = MilvusGallery(server.uri)
        gallery = RotatedGallery(below, lambda _name: rotation)
        gallery.create("g", "contract")
        gallery.add("g", "contract", [Reference(f"r{i}", f"e{i}", row) for i, row in enumerate(templates)])
        gallery.search("g", "contract", templates[:2])
        there = (_holding(folder, raw), _holding(folder, rotated))

        gallery.drop("g")
        below.close()
    left = _holding(folder, rotated)

    assert there[0] == []
    assert there[1] != []  # the search can find a vector
    assert left == []
