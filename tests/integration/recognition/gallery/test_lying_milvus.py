"""What a real Milvus says of a candidate counts as far as its stored vector proves it."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from pymilvus import MilvusClient

from lfr_core.recognition.faces.types import Floats
from lfr_core.recognition.gallery.milvus import MilvusGallery
from lfr_core.recognition.gallery.port import Reference
from lfr_core.recognition.gallery.ranking import Hit
from tests.support.milvus import MilvusServer

CONTRACT = "contract-a"
PROBE = np.eye(1, 512, dtype=np.float32)


def at(similarity: float, axis: int) -> Floats:
    """A template with that similarity to `PROBE`."""
    made = np.zeros(512, np.float32)
    made[0], made[axis] = similarity, np.sqrt(1 - similarity**2)
    return made


def lie(monkeypatch: pytest.MonkeyPatch, gallery: MilvusGallery, by: dict[str, float]) -> None:
    """Have Milvus say other similarities of these references than it found."""
    honest = gallery._request_hits

    def hits(name: str, probes: Floats, wanted: int) -> list[list[Hit]]:
        return [
            [replace(each, similarity=each.similarity + by.get(each.reference, 0.0)) for each in found]
            for found in honest(name, probes, wanted)
        ]

    monkeypatch.setattr(gallery, "_request_hits", hits)


def test_candidates_are_ranked_by_what_their_vectors_say_and_not_by_what_milvus_says(
    milvus_gallery: MilvusGallery, monkeypatch: pytest.MonkeyPatch
) -> None:
    milvus_gallery.create("g", CONTRACT)
    held = milvus_gallery.add(
        "g", CONTRACT, [Reference("r1", "first", at(0.8, 1)), Reference("r2", "second", at(0.7996, 2))]
    )
    lie(monkeypatch, milvus_gallery, {"r1": -0.0009, "r2": 0.0009})

    (found,) = milvus_gallery.search("g", CONTRACT, PROBE, limit=2)

    assert [each.entry for each in found] == ["first", "second"]
    assert [each.similarity for each in found] == pytest.approx([0.8, 0.7996], abs=1e-6)
    assert [each.sha256 for each in found] == [each.sha256 for each in held]


def test_a_similarity_that_the_stored_vector_does_not_have_proves_no_candidate(
    milvus_gallery: MilvusGallery, monkeypatch: pytest.MonkeyPatch
) -> None:
    milvus_gallery.create("g", CONTRACT)
    milvus_gallery.add("g", CONTRACT, [Reference("r1", "first", at(0.8, 1)), Reference("r2", "second", at(0.1, 2))])
    lie(monkeypatch, milvus_gallery, {"r2": 0.85})

    (found,) = milvus_gallery.search("g", CONTRACT, PROBE, limit=2)

    assert {each.entry: bool(each.sha256) for each in found} == {"first": True, "second": False}


def test_a_vector_that_was_altered_in_milvus_is_not_the_one_of_the_list(
    milvus: MilvusServer, milvus_gallery: MilvusGallery
) -> None:
    milvus_gallery.create("g", CONTRACT)
    (_, second) = milvus_gallery.add(
        "g", CONTRACT, [Reference("r1", "first", at(0.8, 1)), Reference("r2", "second", at(0.1, 2))]
    )
    client = MilvusClient(milvus.uri)
    client.upsert("g", [{"id": "r2", "entry": "second", "template": at(0.99, 2)}])
    client.close()

    (found,) = milvus_gallery.search("g", CONTRACT, PROBE, limit=1)

    (altered,) = found
    assert altered.entry == "second"
    assert altered.similarity == pytest.approx(0.99, abs=1e-6)
    assert altered.sha256 != second.sha256  # and so it is no candidate of the list as approved
