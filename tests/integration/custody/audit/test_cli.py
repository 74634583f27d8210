"""`lfr audit` and `lfr evidence` over real records and a vault that answers at its socket."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Callable
from contextlib import closing
from pathlib import Path

import pytest
from sqlalchemy import text
from typer.testing import CliRunner, Result

from apps.cli.main import app
from lfr_core.common.clock import SystemClock
from lfr_core.common.settings import Settings
from lfr_core.custody.audit.head_checkpoint import HEAD_FILE, KEY_FILE, keep_head, read_kept_head
from lfr_core.custody.audit.port import AuditEvent, Verb
from lfr_core.custody.audit.trail import AuditTrail, record
from lfr_core.custody.people import Role
from lfr_core.domain.deployments import DeploymentKind
from lfr_core.storage.engine import open_engine
from tests.support.deployments import deployment_service
from tests.support.each_process import EachProcess
from tests.support.overwriting import overwriting
from tests.support.people import add_people
from tests.support.sessions import session_env
from tests.support.vault_server import serving_vault

VERIFIER = Path(__file__).parents[4] / "infra" / "verify_evidence.py"
Run = Callable[..., Result]


@pytest.fixture
def lfr(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Run:
    monkeypatch.setenv("LFR_HOME", str(tmp_path / "home"))
    monkeypatch.setenv("COLUMNS", "240")

    def run(*arguments: str, by: str = "") -> Result:
        return CliRunner().invoke(app, arguments, env=session_env(by) if by else None)

    return run


@pytest.fixture
def settings(lfr: Run) -> Settings:
    """An installation whose vault has been down since it signed a trail of five entries."""
    settings = Settings()
    with serving_vault(settings) as core, closing(EachProcess.of(settings)) as client:
        engine = open_engine(settings.records_url)
        trail = AuditTrail(client, SystemClock())  # over the socket, as every process has it
        for number in range(5):
            event = AuditEvent(Verb.DECIDE if number % 2 else Verb.CONSULT, "Ann Operator", "dep", f"alert:{number}")
            record(engine, trail, event)
        keep_head(engine, core, SystemClock(), settings.keystore_folder)
        engine.dispose()
    return settings


@pytest.fixture
def reader(settings: Settings) -> str:
    """An auditor; somebody who isn't, and compliance, are registered too."""
    engine = open_engine(settings.records_url)
    add_people(engine, ("Ada Auditor", Role.AUDITOR), ("Olu Operator", Role.OPERATOR))
    engine.dispose()
    return "Ada Auditor"


def sql(settings: Settings, statement: str) -> None:
    engine = open_engine(settings.records_url)
    with overwriting(engine) as session:
        session.execute(text(statement))
    engine.dispose()


def test_the_trail_verifies_while_the_vault_is_down(lfr: Run, settings: Settings) -> None:
    result = lfr("audit", "verify")
    output = json.loads(lfr("audit", "verify", "--json").stdout)

    assert result.exit_code == 0
    assert "The audit trail verifies: 5 entries" in result.stdout
    assert (output["good"], output["entries"], output["signed_seq"], output["unchecked"]) == (True, 5, 5, [])


@pytest.mark.parametrize(
    ("statement", "fault", "seq"),
    [
        ("UPDATE audit_entry SET body = replace(body, 'alert:2', 'alert:9') WHERE seq = 3", "changed", 3),
        ("DELETE FROM audit_entry WHERE seq = 3", "missing", 3),
        ("DELETE FROM audit_entry WHERE seq = 5", "truncated", 5),
        ("UPDATE audit_head SET signature = replace(signature, substr(signature, 1, 1), 'g')", "bad-signature", 5),
    ],
)
def test_damage_is_exit_code_1_and_says_where_and_what(
    lfr: Run, settings: Settings, statement: str, fault: str, seq: int
) -> None:
    sql(settings, statement)
    result = lfr("audit", "verify")
    output = lfr("audit", "verify", "--json")

    assert (result.exit_code, output.exit_code) == (1, 1)
    assert "does not verify" in result.stderr
    problem = json.loads(output.stdout)["problem"]
    assert (problem["fault"], problem["seq"]) == (fault, seq)


def test_a_damaged_or_missing_file_of_the_keystore_is_said(lfr: Run, settings: Settings) -> None:
    checkpoint, key = settings.keystore_folder / HEAD_FILE, settings.keystore_folder / KEY_FILE
    checkpoint.write_text("{}")
    damaged = lfr("audit", "verify", "--json")
    checkpoint.unlink()
    missing = lfr("audit", "verify")
    key.unlink()
    keyless = lfr("audit", "verify")

    assert damaged.exit_code == 1
    assert json.loads(damaged.stdout)["problem"]["fault"] == "audit.head-checkpoint"
    assert missing.exit_code == 3
    assert "verifies as far as it could be checked" in missing.stdout
    assert "nothing of the newest entry is kept outside the database yet" in " ".join(missing.stdout.split())
    assert keyless.exit_code == 77
    assert "audit.no-key" in keyless.stderr


def test_the_trail_is_shown_to_compliance_and_auditors_alone(lfr: Run, reader: str, tmp_path: Path) -> None:
    """While the vault is down too, when the look itself can't be put on the trail, which is said."""
    for command in (("show",), ("export", "--output", str(tmp_path / "trail.jsonl"))):
        nobody, wrong = lfr("audit", *command), lfr("audit", *command, by="Olu Operator")
        right = [lfr("audit", *command, by=name) for name in (reader, "Dana Compliance")]

        assert [each.exit_code for each in (nobody, wrong, *right)] == [77, 77, 0, 0]
        assert "people.wrong-role" in wrong.stderr
        assert all("that you looked isn't on the trail" in each.stderr for each in right)


def test_entries_are_shown_filtered_and_without_names(lfr: Run, settings: Settings, reader: str) -> None:
    shown = lfr("audit", "show", "--verb", "decide", by=reader)
    listed = json.loads(lfr("audit", "show", "--deployment", "dep", "--limit", "2", "--json", by=reader).stdout)

    assert "alert:1" in shown.stdout
    assert "alert:2" not in shown.stdout
    assert "Ann" not in shown.stdout
    assert [one["subject"] for one in listed] == ["alert:3", "alert:4"]
    assert json.loads(lfr("audit", "show", "--since", "2200-01-01", "--json", by=reader).stdout) == []
    assert "audit.unknown-verb" in lfr("audit", "show", "--verb", "peek", by=reader).stderr
    for no_time in ("yesterday", "2999-01-01"):
        assert "audit.bad-time" in lfr("audit", "show", "--since", no_time, by=reader).stderr


def test_an_export_made_while_the_vault_is_down_verifies(
    lfr: Run, settings: Settings, reader: str, tmp_path: Path
) -> None:
    file = tmp_path / "trail.jsonl"
    result = lfr("audit", "export", "--output", str(file), "--verb", "decide", by=reader)
    key = (settings.keystore_folder / KEY_FILE).read_text().strip()

    assert result.exit_code == 0
    assert "the vault is away" in result.stderr
    assert file.stat().st_mode & 0o077 == 0
    assert verified(file, key) == 0
    file.write_bytes(file.read_bytes().replace(b"alert:3", b"alert:4"))
    assert verified(file, key) == 1


def test_evidence_needs_the_vault_and_leaves_no_half_file(lfr: Run, settings: Settings, tmp_path: Path) -> None:
    file = tmp_path / "out" / "dep.evidence"
    with serving_vault(settings), closing(EachProcess.of(settings)) as client:
        engine = open_engine(settings.records_url)
        store = deployment_service(engine, client, AuditTrail(client, SystemClock()), SystemClock())
        store.create("dep", DeploymentKind.DEMO, name="High Street")
        engine.dispose()
        result = lfr("evidence", "dep", "--output", str(file), "--json")
        unknown = lfr("evidence", "nowhere", "--output", str(tmp_path / "out" / "none"))

    assert result.exit_code == 0
    assert unknown.exit_code == 77
    key = json.loads(result.stdout)["public_key"]
    assert verified(file, key) == 0
    assert lfr("evidence", "dep", "--output", str(tmp_path / "out" / "again")).exit_code == 75
    assert [each.name for each in file.parent.iterdir()] == ["dep.evidence"]


def verified(file: Path, key: str) -> int:
    return subprocess.run(
        [sys.executable, "-I", str(VERIFIER), str(file), "--public-key", key], capture_output=True, check=False
    ).returncode


def kept_elsewhere(settings: Settings, tmp_path: Path) -> Path:
    kept = tmp_path / "kept.json"
    kept.write_bytes((settings.keystore_folder / HEAD_FILE).read_bytes())
    return kept


def verified_by_script(*arguments: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run([sys.executable, str(VERIFIER), *arguments], capture_output=True, text=True, check=False)


@pytest.mark.fault("keystore and head put back")
def test_a_trail_and_head_that_are_put_back_together_are_found_by_a_head_that_was_kept_elsewhere(
    lfr: Run, settings: Settings, reader: str, tmp_path: Path
) -> None:
    kept, early, late = kept_elsewhere(settings, tmp_path), tmp_path / "early.jsonl", tmp_path / "late.jsonl"
    key = (settings.keystore_folder / KEY_FILE).read_text().strip()
    whole = lfr("audit", "verify", "--against", str(kept))
    code = read_kept_head(kept).as_text()
    assert lfr("audit", "verify", "--against", code).exit_code == 0
    assert lfr("audit", "export", "--output", str(late), by=reader).exit_code == 0
    good = verified_by_script(str(late), "--public-key", key, "--against", str(kept))
    by_code = verified_by_script(str(late), "--public-key", key, "--against", code)

    sql(settings, "DELETE FROM audit_head WHERE seq > 3")
    sql(settings, "DELETE FROM audit_entry WHERE seq > 3")
    (settings.keystore_folder / HEAD_FILE).unlink()
    alone = lfr("audit", "verify")
    against = lfr("audit", "verify", "--against", str(kept))
    scanned = lfr("audit", "verify", "--against", code)
    assert lfr("audit", "export", "--output", str(early), by=reader).exit_code == 0
    shorter = verified_by_script(str(early), "--public-key", key, "--against", str(kept))

    assert (whole.exit_code, alone.exit_code, against.exit_code) == (0, 3, 1), against.output + alone.output
    assert scanned.exit_code == 1
    assert "put back from an earlier copy" in against.output
    assert "put back from an earlier copy" in scanned.output
    assert "it is the one that the kept head of entry" in by_code.stdout
    assert "it is the one that the kept head of entry" in good.stdout
    assert (shorter.returncode, "signed before the file was made, is gone" in shorter.stdout) == (1, True)


@pytest.mark.fault("keystore and head put back")
def test_a_kept_head_of_another_trail_is_found(lfr: Run, settings: Settings, tmp_path: Path) -> None:
    kept = kept_elsewhere(settings, tmp_path)
    document = json.loads(kept.read_text())
    missing = lfr("audit", "verify", "--against", str(tmp_path / "nothing.json"))
    kept.write_text(json.dumps(document | {"hash": "0" * 64}))
    changed = lfr("audit", "verify", "--against", str(kept))
    for line in ("LFR-HEAD:1:", "LFR-HEAD:1:1:2:3", f"LFR-HEAD:1:{'9' * 5000}:a:1:b:c"):
        damaged = lfr("audit", "verify", "--against", line)
        assert (damaged.exit_code, "it holds no head" in damaged.output) == (1, True), damaged.output

    assert (missing.exit_code, changed.exit_code) == (1, 1)
    assert "there is no file" in missing.output
    assert "its signature is wrong" in changed.output
