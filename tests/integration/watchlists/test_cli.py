"""`lfr watchlist` as a person and as a program uses it."""

import json
from collections.abc import Iterator
from datetime import datetime
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest
from typer.testing import CliRunner, Result

from apps.cli.watchlist import app
from lfr_core.common.errors import Refused, Retryable
from lfr_core.common.settings import Settings
from lfr_core.custody.installation import Installation
from lfr_core.custody.vault.port import KeyKind
from lfr_core.deployments.build import build_deployment_service
from lfr_core.deployments.build_lists import build_list_builder
from lfr_core.deployments.service import DeploymentService
from lfr_core.domain.actors import ProcessIdentity
from lfr_core.domain.deployments import DeploymentKind, DeploymentStatus
from lfr_core.domain.policy import Policy
from lfr_core.recognition.gallery.milvus import MilvusGallery
from lfr_core.storage.engine import open_engine
from lfr_core.watchlists.csv_file import FURTHER_COLUMNS
from tests.support.milvus import MilvusServer, free_port
from tests.support.people import sign_on
from tests.support.records import as_operational
from tests.support.samples import require_pack
from tests.support.sessions import session_env
from tests.support.vault_server import serving_vault
from tests.support.watchlist_folders import ListFolder

pytestmark = pytest.mark.models


def lfr(*words: object, by: str = "") -> Result:
    require_pack()
    return CliRunner().invoke(
        app, [str(word) for word in words], catch_exceptions=False, env=session_env(by) if by else {}
    )


@pytest.fixture
def store(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, milvus: MilvusServer, policy: Policy
) -> Iterator[DeploymentService]:
    settings = Settings(home=tmp_path / "home", milvus_uri=milvus.uri)
    monkeypatch.setenv("LFR_HOME", str(settings.home))
    monkeypatch.setenv("LFR_MILVUS_URI", milvus.uri)
    with serving_vault(settings, policy):
        store = build_deployment_service(Installation(settings, identity=ProcessIdentity.COMMANDS))
        store.create("d-1", DeploymentKind.EVALUATION, name="High Street")
        yield store


def test_a_good_list_checks_with_exit_code_0_and_a_table(listed: ListFolder) -> None:
    listed.put("S-1", "obama")

    result = lfr("check", listed.path)

    assert result.exit_code == 0
    assert "Can be enrolled" in result.stdout
    assert "S-1" in result.stdout


def test_a_refusal_gives_exit_code_1_the_reason_and_the_line(listed: ListFolder, tmp_path: Path) -> None:
    listed.put("S-1", "obama").put("S-2", b"broken")
    file = tmp_path / "report.json"

    result = lfr("check", listed.path, "--json", "--report", file)

    reported = json.loads(result.stdout)
    assert result.exit_code == 1
    assert [(r["line"], r["reason"]) for r in reported["refusals"]] == [(3, "not_an_image")]
    assert [e["subject"] for e in reported["entries"]] == ["S-1"]
    assert json.loads(file.read_text(encoding="utf-8")) == reported


def test_a_report_holds_no_template_and_no_picture(listed: ListFolder) -> None:
    listed.put("S-1", "obama")

    reported = json.loads(lfr("check", listed.path, "--json").stdout)

    assert set(reported["entries"][0]) == {"subject", "category", "expires_on", "photographs"}


@pytest.mark.slow
def test_an_operational_list_of_test_subjects_alone_is_refused(listed: ListFolder) -> None:
    listed.put("S-1", "obama")

    result = lfr("check", listed.path, "--kind", "operational")

    assert result.exit_code == 1
    assert "test_subjects_only" in result.stdout


def test_a_wrong_folder_and_a_wrong_kind_are_one_sentence_and_a_code(tmp_path: Path, listed: ListFolder) -> None:
    listed.put("S-1", "obama")

    nowhere = lfr("check", tmp_path / "nowhere")
    kind = lfr("check", listed.path, "--kind", "party")

    assert nowhere.exit_code == 65
    assert nowhere.stdout == ""
    assert "not a folder" in nowhere.stderr
    assert kind.exit_code == 77
    assert "operational, evaluation, demo" in kind.stderr


def test_a_template_is_a_csv_that_only_lacks_rows_and_is_never_overwritten(tmp_path: Path) -> None:
    folder = tmp_path / "new" / "list"

    first, second, check = lfr("template", folder), lfr("template", folder), lfr("check", folder)

    assert first.exit_code == 0
    assert "wanted_by_courts" in first.stdout
    assert second.exit_code == 77
    assert "no rows" in check.stderr


def test_enrol_makes_the_deployment_ready_and_show_lists_it(
    listed: ListFolder, store: DeploymentService, gallery: MilvusGallery
) -> None:
    listed.put("S-1", "obama").put("S-1", "obama2").put("S-2", b"broken")

    result = lfr("enrol", listed.path, "--deployment", "d-1")
    engine = open_engine(Settings().records_url)
    sign_on(engine, Installation(identity=ProcessIdentity.COMMANDS).trail, "Ann Operator", deployment="d-1")
    engine.dispose()
    shown = lfr("show", "--deployment", "d-1", "--json", by="Ann Operator")
    again = lfr("enrol", listed.path, "--deployment", "d-1")

    found = store.find("d-1")
    assert result.exit_code == 0
    assert "not_an_image" in result.stdout
    assert found is not None
    assert found.status is DeploymentStatus.READY
    assert gallery.count(found.gallery) == 2 + 1  # and the drawn test face
    assert [(e["subject"], e["photographs"]) for e in json.loads(shown.stdout)] == [("S-1", ["p0.jpg", "p1.jpg"])]
    assert again.exit_code == 77


@pytest.mark.slow
def test_all_or_nothing_enrols_nothing_when_something_is_refused(
    listed: ListFolder, store: DeploymentService, gallery: MilvusGallery
) -> None:
    listed.put("S-1", "obama").put("S-2", b"broken")

    result = lfr("enrol", listed.path, "--deployment", "d-1", "--all-or-nothing")

    found = store.find("d-1")
    assert result.exit_code == 77
    assert gallery.names() == []
    assert found is not None
    assert found.status is DeploymentStatus.DRAFT


def list_keys() -> int:
    return len(Installation(identity=ProcessIdentity.COMMANDS).vault.kept(KeyKind.WATCHLIST))


def test_the_key_of_a_refused_list_goes_at_once_and_stays_for_one_that_may_be_tried_again(
    store: DeploymentService,
) -> None:
    builder = build_list_builder(Installation(identity=ProcessIdentity.COMMANDS))
    for error, left in ((Retryable("Milvus is away"), 1), (Refused("watchlist.quality", "it doesn't pass"), 0)):
        with pytest.raises(type(error)), builder.open_looks("d-1"):
            raise error
        assert list_keys() == left


def test_enrol_without_milvus_says_so_before_it_looks_at_photographs(
    listed: ListFolder, store: DeploymentService, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("LFR_MILVUS_URI", f"http://127.0.0.1:{free_port()}")
    listed.put("S-1", "obama")

    result = lfr("enrol", listed.path, "--deployment", "d-1")

    assert result.exit_code == 75
    assert "lfr up" in result.stderr
    assert result.stdout == ""


@pytest.mark.slow
def test_an_unknown_deployment_is_refused(listed: ListFolder, store: DeploymentService) -> None:
    listed.put("S-1", "obama")

    assert lfr("enrol", listed.path, "--deployment", "d-9").exit_code == 77
    assert lfr("show", "--deployment", "d-9", by="Ann Operator").exit_code == 77


@pytest.mark.slow
def test_check_names_a_picture_under_two_subjects_and_flags_a_face_under_two_without_refusing_it(
    listed: ListFolder, tmp_path: Path
) -> None:
    listed.put("S-1", "obama").put("S-2", "obama2").put("S-3", "biden")

    flagged = lfr("check", listed.path, "--docs", tmp_path / "pages", "--json")
    refused = lfr("check", listed.put("S-4", "biden", name="copy.png").path, "--json")

    reported = json.loads(flagged.stdout)["quality"]
    assert flagged.exit_code == 0
    assert [(f["rule"], f["subject"], f["refuses"]) for f in reported["findings"]] == [
        ("face-one-subject", "S-1", False),
        ("face-one-subject", "S-2", False),
    ]
    assert "face-one-subject" in (tmp_path / "pages" / "index.html").read_text(encoding="utf-8")
    assert (tmp_path / "pages" / "watchlist-faces.html").is_file()
    assert refused.exit_code == 1
    assert {(f["rule"], f["subject"]) for f in json.loads(refused.stdout)["quality"]["findings"] if f["refuses"]} == {
        (rule, subject) for rule in ("photograph-one-subject", "picture-one-subject") for subject in ("S-3", "S-4")
    }


@pytest.mark.slow
def test_an_operational_list_that_does_not_pass_is_refused_whole_and_the_report_is_kept(
    listed: ListFolder, store: DeploymentService, gallery: MilvusGallery, policy: Policy, tmp_path: Path
) -> None:
    listed.put("S-1", "obama", category="victim")  # the columns of an operational list are missing
    store.create("d-2", DeploymentKind.EVALUATION, name="Market")
    as_operational(store._engine, "d-2")

    result = lfr("enrol", listed.path, "--deployment", "d-2")

    found = store.find("d-2")
    kept = tmp_path / "home" / "quality" / "d-2"
    assert result.exit_code == 77
    assert "operational list needs these columns" in result.stderr
    assert json.loads((kept / "result.json").read_text(encoding="utf-8"))["passes"] is False
    assert (kept / "index.html").is_file()
    assert gallery.names() == []
    assert list_keys() == 0
    assert found is not None
    assert found.status is DeploymentStatus.DRAFT


@pytest.mark.slow
def test_an_operational_list_with_every_column_that_passes_is_enrolled(
    listed: ListFolder, store: DeploymentService, gallery: MilvusGallery, policy: Policy
) -> None:
    today = datetime.now(ZoneInfo("Europe/London")).date().isoformat()
    listed.put("S-1", "obama", category="victim")
    file = listed.path / "watchlist.csv"
    head, row = file.read_text(encoding="utf-8").splitlines()
    file.write_text(
        f"{head},{','.join(FURTHER_COLUMNS)}\n{row},custody,2020-01-02,17,at risk,Insp. Hill,{today}\n",
        encoding="utf-8",
    )
    store.create("d-2", DeploymentKind.EVALUATION, name="Market")
    as_operational(store._engine, "d-2")

    result = lfr("enrol", listed.path, "--deployment", "d-2", "--json")

    found = store.find("d-2")
    quality = json.loads(result.stdout)["quality"]
    assert result.exit_code == 0
    assert quality["passes"] is True
    assert [u["rule"] for u in quality["unchecked"]] == [
        "picture-one-subject",
        "face-one-subject",
    ]  # nobody beside them
    assert found is not None
    assert gallery.count(found.gallery) == 1 + 1  # and the drawn test face
