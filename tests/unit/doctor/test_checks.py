from __future__ import annotations

import socket
import threading
import time
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path

import pytest

from apps.doctor import Level, examine, machine, services
from apps.doctor.checks import Check, guarded
from apps.supervisor.state import HomeLock
from lfr_core.common.errors import Fatal
from lfr_core.common.settings import Settings
from lfr_core.custody.vault.keystore import Keystore
from lfr_core.custody.vault.tpm_secrets import TpmSecrets
from streams.broker import KAFKA
from streams.broker.choose import BrokerChoice
from tests.support.tpms import MemoryTpm

OWN_KAFKA = BrokerChoice(KAFKA, external=False, needs_maven=False, why="a test")


def test_what_breaks_while_it_is_looked_at_is_a_finding() -> None:
    def domain() -> Check:
        raise Fatal("the pack is damaged: install it again")

    def bug() -> Check:
        raise ZeroDivisionError

    assert guarded("models", domain).level is Level.FAIL
    assert "ZeroDivisionError" in guarded("models", bug).says


def test_a_clock_before_the_newest_record_fails() -> None:
    late = time.time_ns() + 3_600_000_000_000

    assert machine.clock(newest_record_ns=late).level is Level.FAIL
    assert machine.clock(newest_record_ns=time.time_ns() - 1).level is not Level.FAIL


def test_a_clock_that_was_set_since_the_boot_is_a_warning() -> None:
    steady = machine.clock_after_boot(boot_s=1000.0, wall_s=1500.0, since_boot_s=500.5)
    jumped = machine.clock_after_boot(boot_s=1000.0, wall_s=5100.0, since_boot_s=500.0)

    assert (steady.level, jumped.level) == (Level.OK, Level.WARN)
    assert "+3600 s" in jumped.says


def test_a_taken_port_fails_and_names_the_setting_unless_we_hold_it_ourselves(tmp_path: Path) -> None:
    with socket.socket() as holder:
        holder.bind(("127.0.0.1", 0))
        holder.listen()
        settings = Settings(home=tmp_path, milvus_port=holder.getsockname()[1], milvus_uri="")

        found = machine.ports(settings, running=False, own_broker=False)

        assert found.level is Level.FAIL
        assert "LFR_MILVUS_PORT" in found.mend
        assert machine.ports(settings, running=True, own_broker=False).level is Level.OK


def test_a_home_that_is_a_file_fails_and_names_the_setting(tmp_path: Path) -> None:
    (tmp_path / "home").write_text("")

    found = machine.write_access(Settings(home=tmp_path / "home", cache=tmp_path))

    assert (found.level, found.mend) == (Level.FAIL, "mend its rights, or set LFR_HOME")


def test_a_damaged_policy_fails(tmp_path: Path) -> None:
    (tmp_path / "policy.toml").write_text("[live]\n")

    assert services.policy(Settings(policy_file=tmp_path / "policy.toml")).level is Level.FAIL


def test_changed_jars_fail_and_absent_ones_only_where_needed(tmp_path: Path) -> None:
    settings = Settings(cache=tmp_path)

    assert services.jars(settings, needed=True).level is Level.FAIL
    assert services.jars(settings, needed=False).level is Level.WARN
    (tmp_path / "kafka" / "libs").mkdir(parents=True)
    (tmp_path / "kafka" / "libs" / "kafka_2.13-4.1.1.jar").write_bytes(b"not it")
    assert services.jars(settings, needed=False).level is Level.FAIL


def test_a_broker_that_should_run_and_does_not_fails(tmp_path: Path) -> None:
    with socket.socket() as unheard:
        unheard.bind(("127.0.0.1", 0))  # and never listens
        settings = Settings(home=tmp_path, kafka_port=unheard.getsockname()[1])

        stopped = services.broker(settings, OWN_KAFKA, None, running=False)
        silent = services.broker(settings, OWN_KAFKA, None, running=True)

    assert (stopped.level, silent.level) == (Level.WARN, Level.FAIL)


def test_models_that_are_not_there_fail_with_the_command_that_gets_them(tmp_path: Path) -> None:
    found = services.models(Settings(cache=tmp_path))

    assert (found.level, found.mend) == (Level.FAIL, "`lfr models install`")


def test_a_database_of_this_version_is_ok_and_an_empty_one_is_not(tmp_path: Path) -> None:
    from lfr_core.storage.migrate import upgrade

    settings = Settings(home=tmp_path)
    absent = services.database(settings).level
    (tmp_path / "records.sqlite3").touch()
    empty = services.database(settings).level
    upgrade(settings.records_url)

    assert (absent, empty, services.database(settings).level) == (Level.WARN, Level.FAIL, Level.OK)
    assert services.newest_record_ns(settings) is None


def test_every_failure_says_how_to_mend_it(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))  # no Java, no Maven
    with HomeLock(tmp_path / "home"):  # "running", with nothing behind it
        checks = examine(
            Settings(
                home=tmp_path / "home",
                cache=tmp_path / "cache",
                broker="kafka",
                milvus_uri="http://127.0.0.1:9",
                database_url="sqlite:////nowhere/at/all.sqlite3",
            )
        )
    failures = {check.name: check.mend for check in checks if check.level is Level.FAIL}

    assert {"java", "broker", "models", "gallery", "database"} <= failures.keys()
    assert all(failures.values())


@pytest.mark.parametrize(
    ("to_strangers", "level", "says"),
    [(401, Level.OK, "with a login"), (500, Level.WARN, "isn't known"), (200, Level.WARN, "lets anybody in")],
)
def test_a_workflow_server_asks_for_a_login_only_where_it_was_seen_to(
    tmp_path: Path, to_strangers: int, level: Level, says: str
) -> None:
    class Answering(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            is_known = self.path.endswith("/health") or "Authorization" in self.headers
            self.send_response(200 if is_known else to_strangers)
            self.send_header("Content-Length", "0")
            self.end_headers()

        def log_message(self, *_: object) -> None:
            """Nothing."""

    with HTTPServer(("127.0.0.1", 0), Answering) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        found = services.workflows(Settings(home=tmp_path, prefect_port=server.server_port), running=True)
        server.shutdown()

    assert (found.level, says in found.says) == (level, True), found.says


@pytest.mark.parametrize("chip", ["tpmrm0", "tpm0", ""])
def test_whether_there_is_a_security_chip_is_said_and_that_none_is_used(chip: str, tmp_path: Path) -> None:
    if chip:
        (tmp_path / chip).touch()

    found = machine.security_chip(Settings(home=tmp_path), tmp_path)

    assert found.says.startswith("there (TPM), and not used (LFR_TPM)" if chip else "none (TPM)")
    assert "a witness" in found.says
    assert found.level is Level.OK


@pytest.mark.parametrize(("setting", "level"), [("auto", Level.WARN), ("device:/dev/none-here", Level.FAIL)])
def test_a_security_chip_that_is_wanted_and_cant_be_used_is_said(
    setting: str, level: Level, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("lfr_core.custody.vault.tpm_binding.MACHINES_TPM", "device:/dev/none-here")

    found = machine.security_chip(Settings(home=tmp_path, tpm=setting), tmp_path)

    assert found.level is level
    assert "isn't installed" in found.says or "there is no /dev/none-here" in found.says
    assert "a witness" in found.says
    assert found.mend == "docs/runbooks/tpm-away.md"


def test_a_keystore_that_opens_with_a_security_chip_fails_where_the_settings_name_none(tmp_path: Path) -> None:
    chip, settings = MemoryTpm(), Settings(home=tmp_path)
    store, tpm = Keystore(settings.keystore_folder), TpmSecrets(chip)
    tpm.begin(store.installation)
    store.bind(tpm)

    found = machine.security_chip(settings, tmp_path)

    assert (found.level, "opens with a TPM only" in found.says) == (Level.FAIL, True)
