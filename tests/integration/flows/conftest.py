from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.support.deployment_flows import deployment_flows
from tests.support.milvus import MilvusServer, milvus_server
from tests.support.prefect import PrefectServer
from tests.support.workflows import DeploymentFlowsRunner, register


@pytest.fixture(scope="module")
def milvus(tmp_path_factory: pytest.TempPathFactory) -> Iterator[MilvusServer]:
    with milvus_server(tmp_path_factory.mktemp("milvus-flows") / "data") as server:
        yield server


@pytest.fixture(scope="module")
def prefect(prefect_server: PrefectServer) -> PrefectServer:
    """A server that has the flows of a deployment."""
    register(prefect_server)
    return prefect_server


@pytest.fixture
def runner(prefect: PrefectServer, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[DeploymentFlowsRunner]:
    with deployment_flows(prefect, tmp_path, monkeypatch) as runner:
        yield runner
