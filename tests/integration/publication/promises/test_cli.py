"""`lfr promises` as a person and a program call it."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path

import pytest
from typer.testing import CliRunner

from apps.cli import promises
from lfr_core.common.clock import SystemClock
from lfr_core.common.settings import Settings
from lfr_core.custody.installation import Installation
from lfr_core.custody.vault.core import VaultCore
from lfr_core.domain.actors import ProcessIdentity
from lfr_core.domain.deployments import DeploymentKind
from lfr_core.storage.engine import open_engine
from lfr_core.storage.tables.deployments import DeploymentRow
from tests.support.deployments import deployment_service
from tests.support.milvus import free_port
from tests.support.overwriting import overwriting
from tests.support.vault_server import serving_vault


@pytest.fixture
def vault(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[VaultCore]:
    import logging

    import structlog

    monkeypatch.setenv("LFR_HOME", str(tmp_path / "home"))
    monkeypatch.setenv("LFR_MILVUS_PORT", str(free_port()))  # nothing answers there
    handlers, level = logging.getLogger().handlers[:], logging.getLogger().level
    with serving_vault(Settings()) as core:
        yield core
    logging.getLogger().handlers[:] = handlers  # a command sends logs to its own standard error
    logging.getLogger().setLevel(level)
    structlog.reset_defaults()


def lfr(*words: str) -> tuple[int, str]:
    done = CliRunner().invoke(promises.app, words)
    return done.exit_code, done.stdout


@pytest.mark.slow
def test_a_broken_promise_is_exit_code_1_and_what_cant_be_checked_is_not(vault: VaultCore) -> None:
    code, output = lfr("check", "--json")
    status = {each["id"]: each["status"] for each in json.loads(output)["promises"]}

    assert code == 0
    assert status["list.gone-from-search"] == "can't be checked now"
    assert (status["faces.forgotten"], status["accuracy.fair"]) == ("nothing to check now", "no automatic check")

    engine = open_engine(Settings().records_url)
    store = deployment_service(engine, vault, Installation(identity=ProcessIdentity.COMMANDS).trail, SystemClock())
    store.create("op", DeploymentKind.EVALUATION, name="Operational")
    with overwriting(engine) as session:
        row = session.get(DeploymentRow, "op")
        assert row is not None
        row.kind, row.live_only = DeploymentKind.OPERATIONAL.value, False
    engine.dispose()
    code, output = lfr("check", "--json")

    assert code == 1
    reported = json.loads(output)
    assert reported["broken"] == 1
    (broken,) = [each for each in reported["promises"] if each["status"] == "broken"]
    assert (broken["id"], broken["subjects"]) == ("cameras.live-only", ["deployment:op"])
    assert "cameras.live-only" in lfr("show", "--json")[1]
    code, output = lfr("show", "--history", "cameras.live-only", "--json")
    assert [each["result"] for each in json.loads(output)] == ["broken", "nothing"]
    assert "deployment:op" in lfr("show")[1]


def test_the_history_of_a_promise_that_there_isnt_is_refused(vault: VaultCore) -> None:
    assert lfr("show", "--history", "no-such")[0] == 77
