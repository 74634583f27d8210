from collections.abc import Iterator

import pytest

from lfr_core.recognition.gallery.exact import ExactGallery
from lfr_core.recognition.gallery.milvus import MilvusGallery
from lfr_core.recognition.gallery.port import Gallery
from lfr_core.recognition.gallery.rotated import RotatedGallery, Rotation, rotation_from_key
from tests.support.milvus import MilvusServer, milvus_server


@pytest.fixture(scope="session")
def milvus(tmp_path_factory: pytest.TempPathFactory) -> Iterator[MilvusServer]:
    with milvus_server(tmp_path_factory.mktemp("milvus") / "data") as server:
        yield server


@pytest.fixture
def milvus_gallery(milvus: MilvusServer) -> Iterator[MilvusGallery]:
    gallery = MilvusGallery(milvus.uri, timeout_s=30.0)  # what it answers is tested here, not how soon
    yield gallery
    for name in gallery.names():
        gallery.drop(name)
    gallery.close()


@pytest.fixture(scope="session")
def rotation() -> Rotation:
    """Any deployment's."""
    return rotation_from_key(bytes(range(32)), "dep")


@pytest.fixture(params=["exact", "milvus", "rotated exact", pytest.param("rotated milvus", marks=pytest.mark.slow)])
def gallery(request: pytest.FixtureRequest) -> Gallery:
    kind: str = request.param
    found: Gallery = ExactGallery() if "exact" in kind else request.getfixturevalue("milvus_gallery")
    if not kind.startswith("rotated"):
        return found
    rotation: Rotation = request.getfixturevalue("rotation")
    return RotatedGallery(found, lambda _name: rotation)
