"""`lfr deployment` and `lfr alerts` over real records and a real gallery."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import pytest
from sqlalchemy import Engine
from typer.testing import CliRunner, Result

from apps import auditing
from apps.cli import alerts, deployment
from lfr_core.clock import SystemClock
from lfr_core.gallery.milvus import MilvusGallery
from lfr_core.records.engine import open_engine
from tests.support.audit import audit_trail
from tests.support.milvus import milvus_server
from tests.support.records import entry, live_deployment, recorder_of, sighting, store_of

Run = Callable[..., Result]


@pytest.fixture
def lfr(sqlite_url: str, monkeypatch: pytest.MonkeyPatch) -> Run:
    """Run a command on this test's records."""
    monkeypatch.setenv("LFR_DATABASE_URL", sqlite_url)
    monkeypatch.setattr(auditing, "trail_for", lambda _settings: audit_trail(SystemClock()))  # no vault runs here
    apps = {"deployment": deployment.app, "alerts": alerts.app}

    def run(group: str, *arguments: str) -> Result:
        return CliRunner().invoke(apps[group], arguments)

    return run


@pytest.fixture
def records(sqlite_url: str) -> Engine:
    return open_engine(sqlite_url)


def test_a_deployment_is_made_listed_opened_and_closed_and_its_gallery_is_dropped(
    lfr: Run, records: Engine, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with milvus_server(tmp_path / "milvus") as server:
        monkeypatch.setenv("LFR_MILVUS_URI", server.uri)
        gallery = MilvusGallery(server.uri)
        made = lfr("deployment", "create", "dep", "--kind", "demo", "--name", "High Street", "--json")
        gallery.create("gallery_dep", "contract")
        store_of(records).attach_watchlist("dep", "contract", "gallery_dep", [entry()])
        opened = lfr("deployment", "open", "dep", "--json")
        there = gallery.names()

        closed = lfr("deployment", "close", "dep", "--json")

        statuses = [json.loads(result.stdout)["status"] for result in (made, opened, closed)]
        assert statuses == ["draft", "live", "ended"]
        assert (there, gallery.names()) == (["gallery_dep"], [])
        assert lfr("deployment", "close", "dep").exit_code == 0  # again: nothing is left to do, and that is no error
        assert [one["id"] for one in json.loads(lfr("deployment", "list", "--json").stdout)] == ["dep"]
        gallery.close()


def test_with_the_gallery_away_the_deployment_ends_all_the_same_and_the_command_says_so(
    lfr: Run, records: Engine, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("LFR_MILVUS_URI", "http://127.0.0.1:1")
    store = live_deployment(records)

    closed = lfr("deployment", "close", "dep")

    assert closed.exit_code == 75
    found = store.find("dep")
    assert found is not None
    assert found.status.value == "ended"


@pytest.mark.parametrize(
    ("arguments", "rule"),
    [
        (("deployment", "create", "dep"), "deployment.exists"),
        (("deployment", "create", "new", "--kind", "secret"), "deployment.bad-kind"),
        (("deployment", "create", "new", "--recorded"), "deployment.recorded-source"),
        (("deployment", "open", "nowhere"), "deployment.unknown"),
        (("deployment", "show", "nowhere"), "deployment.unknown"),
        (("alerts", "list", "--deployment", "nowhere"), "deployment.unknown"),
        (("alerts", "show", "ffff"), "alert.unknown"),
        (("alerts", "show", "not hexadecimal"), "alert.unknown"),
        (("alerts", "judge", "ffff", "perhaps", "--by", "Ann"), "alert.unknown-answer"),
        (("alerts", "judge", "ffff", "same", "--by", "Ann"), "alert.unknown"),
    ],
)
def test_what_cannot_be_done_is_refused_by_its_rule(
    lfr: Run, records: Engine, arguments: tuple[str, ...], rule: str
) -> None:
    live_deployment(records)

    result = lfr(*arguments)

    assert result.exit_code == 77
    assert rule in result.stderr


def test_a_persons_answers_are_recorded_and_shown(lfr: Run, records: Engine, tmp_path: Path) -> None:
    live_deployment(records)
    recorder = recorder_of(records, SystemClock())
    (alert,) = recorder.record_sightings([sighting(0.0, probe=b"the probe")]).opened
    short = str(alert)[:8]

    lfr("alerts", "judge", short, "same", "--by", "Ann Operator")
    lfr("alerts", "engage", short, "not-engaged", "--by", "Bob")
    shown = lfr("alerts", "review", short, "confirmed_false", "--by", "Cat", "--json")
    pictures = lfr("alerts", "show", str(alert), "--pictures", str(tmp_path / "pictures"))

    said = json.loads(shown.stdout)
    assert (said["judgement"], said["engagement"], said["review"]) == ("same", "not_engaged", "confirmed_false")
    assert said["judged"]["by"] == "Ann Operator"
    assert said["cell"] == "false_confirmed"
    assert pictures.exit_code == 0
    assert (tmp_path / "pictures" / "probe.jpg").read_bytes() == b"the probe"
    assert (tmp_path / "pictures" / "probe.jpg").stat().st_mode & 0o077 == 0
    assert lfr("alerts", "judge", short, "different", "--by", "Dan").exit_code == 77
    assert json.loads(lfr("alerts", "list", "--deployment", "dep", "--undecided", "--json").stdout) == []
