"""A planned deployment whose gallery is on a real Milvus Lite server, and somebody who alters it there."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from sqlalchemy import Engine

from lfr_core.recognition.gallery.milvus import MilvusGallery
from lfr_core.storage.engine import open_engine, reading
from lfr_core.storage.tables.deployments import DeploymentRow
from tests.support.altered_galleries import Tampered
from tests.support.milvus import MilvusServer, milvus_server
from tests.support.planning import PlanningHarness


@pytest.fixture(scope="module")
def milvus(tmp_path_factory: pytest.TempPathFactory) -> Iterator[MilvusServer]:
    with milvus_server(tmp_path_factory.mktemp("milvus") / "data") as server:
        yield server


@pytest.fixture
def engine(sqlite_url: str) -> Iterator[Engine]:
    engine = open_engine(sqlite_url)
    yield engine
    engine.dispose()


@pytest.fixture
def gallery(milvus: MilvusServer) -> Iterator[MilvusGallery]:
    made = MilvusGallery(milvus.uri)
    yield made
    for name in made.names():
        made.drop(name)
    made.close()


@pytest.fixture
def harness(engine: Engine, tmp_path: Path, gallery: MilvusGallery) -> PlanningHarness:
    made = PlanningHarness.on(engine, tmp_path)
    made.gallery = gallery
    return made


@pytest.fixture
def tampered(harness: PlanningHarness, milvus: MilvusServer) -> Iterator[Callable[[], Tampered]]:
    made: list[Tampered] = []

    def tamper() -> Tampered:
        with reading(harness.engine) as session:
            made.append(Tampered(milvus, session.get_one(DeploymentRow, "dep").gallery or ""))
        return made[-1]

    yield tamper
    for one in made:
        one.close()
