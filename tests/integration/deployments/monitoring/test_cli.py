"""`lfr probe`: what a person is shown, and the exit codes a script goes by."""

from __future__ import annotations

import json
import uuid
from pathlib import Path

import pytest
from typer.testing import CliRunner

from apps.cli.main import app
from lfr_core.common.settings import Settings
from lfr_core.deployments.monitoring.store import LiveProbeKind, begin_live_probe, keep_self_test
from lfr_core.domain.deployments import DeploymentKind
from lfr_core.storage.engine import open_engine
from tests.support.overwriting import overwriting
from tests.support.records import NOW_NS, store_of
from tests.support.vault_server import serving_vault
from tests.support.vaults import trail_of


@pytest.fixture
def settings(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Settings:
    home = tmp_path / "home"
    home.mkdir()
    monkeypatch.setenv("LFR_HOME", str(home))
    monkeypatch.setenv("LFR_KAFKA_SERVERS", "127.0.0.1:9")
    monkeypatch.setenv("LFR_MILVUS_URI", "http://127.0.0.1:9")
    monkeypatch.setenv("LFR_MODEL_PACK", str(tmp_path / "none"))
    return Settings()


def test_show_lists_proofs_and_says_who_did_not_answer(settings: Settings) -> None:
    with serving_vault(settings):
        engine = open_engine(settings.records_url)
        store_of(engine).create("dep", DeploymentKind.DEMO, name="High Street")
        with overwriting(engine) as session:
            begin_live_probe(session, b"", uuid.UUID(int=1), "dep", LiveProbeKind.LIVE_PROBE, ["north"], NOW_NS, [""])
            keep_self_test(
                session,
                trail_of(engine),
                uuid.UUID(int=2),
                "dep",
                began_ns=NOW_NS - 10**9,
                ended_ns=NOW_NS,
                green=True,
                detail='[{"name": "gallery", "ok": true, "said": "fine"}]',
            )
        engine.dispose()

        shown = CliRunner().invoke(app, ["probe", "show", "dep", "--json"])

    reported = json.loads(shown.stdout)
    assert reported["last_proven_ns"] == NOW_NS - 10**9
    assert [(one["kind"], one["how"]) for one in reported["proofs"]] == [
        ("live probe", "north: no answer"),
        ("self-test", "1 lines green"),
    ]


def test_a_self_test_of_a_machine_where_little_runs_is_red_line_by_line_and_is_kept(settings: Settings) -> None:
    with serving_vault(settings):
        engine = open_engine(settings.records_url)
        store_of(engine).create("dep", DeploymentKind.DEMO, name="High Street")
        engine.dispose()

        tested = CliRunner().invoke(app, ["probe", "self-test", "dep", "--json"])
        shown = CliRunner().invoke(app, ["probe", "show", "dep", "--json"])

    lines = {line["name"]: line for line in json.loads(tested.stdout)["lines"]}
    assert tested.exit_code == 75
    assert [name for name, line in lines.items() if line["ok"] and name != "footage folder"] == [
        "vault and clock",
        "records and audit trail",
    ]
    assert lines["recognition and recording"]["said"] == "not tested: the broker isn't there"
    assert json.loads(shown.stdout)["last_proven_ns"] is None
    assert [one["kind"] for one in json.loads(shown.stdout)["proofs"]] == ["self-test"]


def test_an_unknown_deployment_is_refused_by_both(settings: Settings) -> None:
    with serving_vault(settings):
        codes = [CliRunner().invoke(app, ["probe", word, "nope"]).exit_code for word in ("show", "self-test")]

    assert codes == [77, 77]
