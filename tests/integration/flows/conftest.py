from collections.abc import Iterator

import pytest

from tests.support.milvus import MilvusServer, milvus_server


@pytest.fixture(scope="module")
def milvus(tmp_path_factory: pytest.TempPathFactory) -> Iterator[MilvusServer]:
    with milvus_server(tmp_path_factory.mktemp("milvus-flows") / "data") as server:
        yield server
