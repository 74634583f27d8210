"""`lfr deployment` and `lfr alerts` over real records and a real gallery."""

from __future__ import annotations

import datetime as dt
import json
from collections.abc import Callable, Iterator
from pathlib import Path
from uuid import UUID

import pytest
from sqlalchemy import Engine
from typer.testing import CliRunner, Result

from apps.cli import alerts, deployment
from lfr_core.alerts import read
from lfr_core.alerts.recorder import Recorder
from lfr_core.common.clock import SystemClock
from lfr_core.common.settings import Settings
from lfr_core.custody.audit.trail import AuditTrail
from lfr_core.custody.people.consultations import Consultations
from lfr_core.custody.vault.core import VaultCore
from lfr_core.custody.vault.port import KeyKind
from lfr_core.deployments.service import DeploymentService
from lfr_core.domain.deployments import DeploymentKind
from lfr_core.domain.policy import load_policy
from lfr_core.domain.working_days import LONDON
from lfr_core.recognition.gallery.milvus import MilvusGallery
from lfr_core.storage.engine import open_engine
from tests.support.deployments import deployment_service
from tests.support.galleries import fill
from tests.support.milvus import milvus_server
from tests.support.people import add_operators, authenticated, sign_on
from tests.support.records import entry, sighting
from tests.support.sessions import session_env
from tests.support.vault_server import serving_vault
from tests.support.vaults import trail_of

Run = Callable[..., Result]


@pytest.fixture
def vault(sqlite_url: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[VaultCore]:
    """A vault at the socket where the commands look for it."""
    monkeypatch.setenv("LFR_HOME", str(tmp_path))
    monkeypatch.setenv("LFR_DATABASE_URL", sqlite_url)
    with serving_vault(Settings()) as core:
        yield core


@pytest.fixture
def lfr(vault: VaultCore) -> Run:
    """Run a command on this test's records."""
    apps = {"deployment": deployment.app, "alerts": alerts.app}

    def run(group: str, *arguments: str, by: str = "") -> Result:
        return CliRunner().invoke(apps[group], arguments, env=session_env(by) if by else {})

    return run


@pytest.fixture
def store(records: Engine, vault: VaultCore) -> DeploymentService:
    return deployment_service(records, vault, AuditTrail(vault, SystemClock()), SystemClock())


def live(store: DeploymentService) -> None:
    store.create("dep", DeploymentKind.DEMO, name="High Street")
    store.attach_watchlist("dep", "contract", "gallery_dep", [entry()])
    store.open("dep")


@pytest.fixture
def records(sqlite_url: str) -> Engine:
    return open_engine(sqlite_url)


def test_a_deployment_is_made_listed_opened_and_closed_and_its_gallery_is_dropped(
    lfr: Run, store: DeploymentService, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with milvus_server(tmp_path / "milvus") as server:
        monkeypatch.setenv("LFR_MILVUS_URI", server.uri)
        gallery = MilvusGallery(server.uri)
        made = lfr("deployment", "create", "dep", "--kind", "demo", "--name", "High Street", "--json")
        held = fill(gallery, "gallery_dep", "contract", [entry()])
        store.attach_watchlist("dep", "contract", "gallery_dep", [entry()], held=held)
        opened = lfr("deployment", "open", "dep", "--json")
        there = gallery.names()

        closed = lfr("deployment", "close", "dep", "--json")

        statuses = [json.loads(result.stdout)["status"] for result in (made, opened, closed)]
        assert statuses == ["draft", "live", "ended"]
        assert (there, gallery.names()) == (["gallery_dep"], [])
        assert lfr("deployment", "close", "dep").exit_code == 0  # again: nothing is left to do, and that is no error
        assert [one["id"] for one in json.loads(lfr("deployment", "list", "--json").stdout)] == ["dep"]
        gallery.close()


@pytest.mark.slow
def test_a_trial_whose_gallery_was_emptied_is_not_opened(
    lfr: Run, store: DeploymentService, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with milvus_server(tmp_path / "milvus") as server:
        monkeypatch.setenv("LFR_MILVUS_URI", server.uri)
        gallery = MilvusGallery(server.uri)
        store.create("dep", DeploymentKind.DEMO, name="High Street")
        held = fill(gallery, "gallery_dep", "contract", [entry()])
        store.attach_watchlist("dep", "contract", "gallery_dep", [entry()], held=held)
        gallery.drop("gallery_dep")
        fill(gallery, "gallery_dep", "contract", [])  # the drawn test face alone

        opened = lfr("deployment", "open", "dep")
        gallery.close()

    found = store.find("dep")
    assert opened.exit_code != 0
    assert "1 photograph is missing" in opened.stderr
    assert found is not None
    assert not found.is_live


def test_with_the_gallery_away_the_deployment_ends_all_the_same_and_the_command_says_so(
    lfr: Run, store: DeploymentService, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("LFR_MILVUS_URI", "http://127.0.0.1:1")
    live(store)

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
        (("deployment", "create", "new", "--kind", "operational"), "deployment.must-be-planned"),
        (("deployment", "open", "nowhere"), "deployment.unknown"),
        (("deployment", "show", "nowhere"), "deployment.unknown"),
        (("alerts", "list", "--deployment", "nowhere"), "deployment.unknown"),
        (("alerts", "show", "ffff"), "alert.unknown"),
        (("alerts", "show", "not hexadecimal"), "alert.unknown"),
        (("alerts", "export", "ffff", "nowhere", "--purpose", "look"), "alert.unknown"),
        (("alerts", "judge", "ffff", "perhaps", "--pictures", "0"), "alert.unknown-answer"),
        (("alerts", "judge", "ffff", "same", "--pictures", "0"), "alert.unknown"),
    ],
)
def test_what_cannot_be_done_is_refused_by_its_rule(
    lfr: Run, records: Engine, vault: VaultCore, store: DeploymentService, arguments: tuple[str, ...], rule: str
) -> None:
    live(store)
    add_operators(records, "Ann")

    result = lfr(*arguments, by="Ann" if arguments[0] == "alerts" else "")

    assert result.exit_code == 77
    assert rule in result.stderr


@pytest.fixture
def alert(records: Engine, vault: VaultCore, store: DeploymentService) -> UUID:
    """An alert of just now."""
    live(store)
    clock = SystemClock()
    sign_on(records, AuditTrail(vault, clock), "Ann Operator", "Ann", "Bob", "Cat", "Dan")
    recorder = Recorder(records, load_policy().alerts, clock, vault, AuditTrail(vault, clock))
    now = sighting(0.0, probe=b"the probe", vault=vault, sealed_ns=clock.time_ns())
    return recorder.record_sightings([now]).opened[0]


def test_closing_says_how_many_alerts_still_wait_for_a_persons_judgement(
    lfr: Run, records: Engine, alert: UUID, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("LFR_MILVUS_URI", "http://127.0.0.1:1")  # also when something else fails

    closed = lfr("deployment", "close", "dep")

    assert closed.exit_code == 75
    assert "1 alert waits for a person's judgement" in closed.stderr
    assert "operators can judge on their page, also after the end" in closed.stderr
    gone = dt.datetime.now(LONDON) + dt.timedelta(hours=24)
    assert f"the first on {gone.day} {gone:%B %Y}" in closed.stderr
    assert "lfr alerts list --deployment dep --undecided" in closed.stderr
    looks = Consultations(records, trail_of(records), SystemClock())
    found = read.alerts(
        looks, "dep", by=authenticated("Ann Operator"), now_ns=SystemClock().time_ns(), undecided_only=True
    )
    assert [one.id for one in found] == [alert]


def test_a_persons_answers_are_recorded_and_shown(lfr: Run, alert: UUID) -> None:
    short = str(alert)[:8]
    exported = lfr("alerts", "export", short, "looked", "--purpose", "compare", by="Ann Operator")
    code = exported.stdout.split()[-1]

    without = lfr("alerts", "judge", short, "same", by="Ann Operator")
    other = lfr("alerts", "judge", short, "same", "--pictures", "0" * 16, by="Ann Operator")
    lfr("alerts", "judge", short, "same", "--pictures", code, by="Ann Operator")
    lfr("alerts", "engage", short, "not-engaged", by="Bob")
    shown = lfr("alerts", "review", short, "confirmed_false", "--json", by="Cat")

    output = json.loads(shown.stdout)
    assert (output["judgement"], output["engagement"], output["review"]) == ("same", "not_engaged", "confirmed_false")
    assert output["judged"]["by"] == "Ann Operator"
    assert output["cell"] == "false_confirmed"
    assert (without.exit_code, other.exit_code) == (2, 77)
    assert "alert.pictures-changed" in other.stderr
    assert lfr("alerts", "judge", short, "different", "--pictures", code, by="Dan").exit_code == 77
    listed = lfr("alerts", "list", "--deployment", "dep", "--undecided", "--json", by="Ann Operator")
    assert json.loads(listed.stdout) == []


def test_pictures_are_exported_for_a_name_and_a_purpose_are_their_owners_alone_and_go_with_the_alert(
    lfr: Run, alert: UUID, tmp_path: Path
) -> None:
    exports = tmp_path / "exports"
    without = [
        lfr("alerts", "export", str(alert), "pictures", *words, by="Ann").exit_code
        for words in ((), ("--purpose", " "))
    ]
    nothing = exports.exists()

    done = lfr("alerts", "export", str(alert), "pictures", "--purpose", "second look", by="Ann")

    assert (without, nothing) == ([2, 77], False)
    assert done.exit_code == 0
    (folder,) = exports.iterdir()
    until = dt.datetime.strptime(folder.name, "%Y%m%dT%H%M%SZ-pictures").replace(tzinfo=dt.UTC)
    assert until - dt.datetime.now(dt.UTC) <= dt.timedelta(hours=24)
    written = {f.name: (f.read_bytes(), f.stat().st_mode & 0o077) for f in folder.iterdir()}
    assert written == {"probe.jpg": (b"the probe", 0), "reference-1.jpg": (b"reference crop", 0)}
    assert lfr("alerts", "export", str(alert), "../pictures", "--purpose", "look", by="Ann").exit_code == 77


def test_pictures_whose_key_is_gone_were_deleted_on_schedule(
    lfr: Run, alert: UUID, vault: VaultCore, tmp_path: Path
) -> None:
    vault.keystore.destroy(tuple(info.id for info in vault.kept(KeyKind.ALERT)))

    done = lfr("alerts", "export", str(alert), "pictures", "--purpose", "look", by="Ann")

    assert done.exit_code == 77
    assert "deleted on schedule" in done.stderr
    assert not (tmp_path / "exports").exists()
