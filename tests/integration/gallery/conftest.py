from collections.abc import Iterator

import pytest

from lfr_core.gallery import ExactGallery, Gallery, MilvusGallery
from tests.support.milvus import MilvusServer, milvus_server


@pytest.fixture(scope="session")
def milvus(tmp_path_factory: pytest.TempPathFactory) -> Iterator[MilvusServer]:
    with milvus_server(tmp_path_factory.mktemp("milvus") / "data") as server:
        yield server


@pytest.fixture
def milvus_gallery(milvus: MilvusServer) -> Iterator[MilvusGallery]:
    gallery = MilvusGallery(milvus.uri)
    yield gallery
    for name in gallery.names():
        gallery.drop(name)
    gallery.close()


@pytest.fixture(params=["exact", "milvus"])
def gallery(request: pytest.FixtureRequest) -> Gallery:
    if request.param == "exact":
        return ExactGallery()
    found: MilvusGallery = request.getfixturevalue("milvus_gallery")
    return found
