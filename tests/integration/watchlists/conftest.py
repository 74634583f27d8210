from collections.abc import Iterator
from pathlib import Path

import pytest

from lfr_core.common.settings import Settings
from lfr_core.domain.policy import Policy, load_policy
from lfr_core.recognition.faces.engine import build_engine
from lfr_core.recognition.faces.types import FaceEngine
from lfr_core.recognition.gallery.milvus import MilvusGallery
from tests.support.milvus import MilvusServer, milvus_server
from tests.support.samples import require_pack, require_photos
from tests.support.watchlist_folders import ListFolder


@pytest.fixture(scope="session")
def policy() -> Policy:
    return load_policy()


@pytest.fixture(scope="session")
def engine(policy: Policy) -> FaceEngine:
    require_pack()
    return build_engine(Settings(), policy)


@pytest.fixture
def listed(tmp_path: Path) -> ListFolder:
    folder = tmp_path / "list"
    folder.mkdir()
    return ListFolder(folder, require_photos())


@pytest.fixture(scope="session")
def milvus(tmp_path_factory: pytest.TempPathFactory) -> Iterator[MilvusServer]:
    with milvus_server(tmp_path_factory.mktemp("milvus-lists") / "data") as server:
        yield server


@pytest.fixture
def gallery(milvus: MilvusServer) -> Iterator[MilvusGallery]:
    gallery = MilvusGallery(milvus.uri)
    yield gallery
    for name in gallery.names():
        gallery.drop(name)
    gallery.close()
