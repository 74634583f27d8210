from collections.abc import Iterator

import pytest

from tests.support.databases import sqlite_url
from tests.support.milvus import MilvusServer, milvus_server
from tests.support.prefect import prefect_process, prefect_server

__all__ = ["prefect_process", "prefect_server", "sqlite_url"]


@pytest.fixture(scope="module")
def milvus(tmp_path_factory: pytest.TempPathFactory) -> Iterator[MilvusServer]:
    with milvus_server(tmp_path_factory.mktemp("milvus-flows") / "data") as server:
        yield server
