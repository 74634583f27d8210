"""`lfr erasure` over real records, a real footage store and a vault at its socket."""

from __future__ import annotations

import csv
import io
import json
import logging
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
import structlog
from sqlalchemy import update
from sqlmodel import col
from typer.testing import CliRunner, Result

from apps.cli import erasure
from lfr_core.common.clock import SystemClock, utc_from_ns
from lfr_core.common.settings import Settings
from lfr_core.custody.audit.head_checkpoint import write_public_key
from lfr_core.custody.installation import Installation
from lfr_core.custody.vault.client import VaultClient
from lfr_core.custody.vault.core import VaultCore
from lfr_core.deployments.attendance import Attendance
from lfr_core.domain.actors import ProcessIdentity
from lfr_core.domain.deployments import DeploymentKind
from lfr_core.retention.erasure.canary import DataClass
from lfr_core.storage.engine import open_engine
from lfr_core.storage.tables.deployments import DeploymentRow
from lfr_core.storage.tables.erasure import CertificateRow
from tests.support.deployments import deployment_service
from tests.support.galleries import held_by
from tests.support.overwriting import overwriting
from tests.support.people import add_operators, authenticated
from tests.support.records import entry
from tests.support.vault_server import serving_vault

Run = Callable[..., Result]


@pytest.fixture(autouse=True)
def _logs_as_they_were() -> Iterator[None]:
    """A command sends logs to its own standard error, which ends with it."""
    root = logging.getLogger()
    handlers, level = root.handlers[:], root.level
    yield
    root.handlers[:] = handlers
    root.setLevel(level)
    structlog.reset_defaults()


@pytest.fixture
def vault(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[VaultCore]:
    monkeypatch.setenv("LFR_HOME", str(tmp_path / "home"))
    monkeypatch.setenv("LFR_BROKER", "tansu")
    clients: list[VaultClient] = []
    make = VaultClient.__init__

    def made(client: VaultClient, *given: Any, **named: Any) -> None:
        make(client, *given, **named)
        clients.append(client)

    monkeypatch.setattr(VaultClient, "__init__", made)  # a command's end closes its own; here no process ends
    settings = Settings()
    with serving_vault(settings) as core:
        write_public_key(settings.keystore_folder, core.public_key)
        yield core
        for client in clients:
            client.close()


@pytest.fixture
def lfr(vault: VaultCore) -> Run:
    """Run a command; there is a live deployment `street` whose list has one entry."""
    settings = Settings()
    engine = open_engine(settings.records_url)
    trail = Installation(settings, identity=ProcessIdentity.COMMANDS).trail
    store = deployment_service(engine, vault, trail, SystemClock())
    store.create("street", DeploymentKind.DEMO, name="Street")
    store.attach_watchlist("street", "contract", "lfr_street", [entry()], held=held_by([entry()]))
    store.open("street")
    add_operators(engine, "Op One", trail=trail)
    Attendance(engine, trail, SystemClock()).record_heartbeat("street", authenticated("Op One"))
    engine.dispose()
    return lambda *arguments: CliRunner().invoke(erasure.app, arguments)


def close(vault: VaultCore) -> None:
    settings = Settings()
    engine = open_engine(settings.records_url)
    deployment_service(
        engine, vault, Installation(settings, identity=ProcessIdentity.COMMANDS).trail, SystemClock()
    ).close("street")
    engine.dispose()


def test_injected_closed_certified_verified(lfr: Run, vault: VaultCore) -> None:
    injected = json.loads(lfr("inject", "street", "--only", "reference", "--only", "footage", "--json").stdout)
    assert {(one["kind"], one["control"]) for one in injected} == {("reference", "found"), ("footage", "found")}
    close(vault)

    done = lfr("certify", "street", "--json")
    output = json.loads(done.stdout)["certificate"]

    assert done.exit_code == 0
    verdicts = {
        (result["store"], finding["verdict"])
        for result in output["search"]["stores"]
        for finding in result["findings"]
        if finding["canary"] == injected[0]["id"]
    }
    assert verdicts == {
        ("broker", "not searched"),
        *((store, "gone") for store in ("database", "gallery", "logs", "workflows", "footage", "keystore")),
        *((store, "gone") for store in ("temporary files", "other files")),
    }
    assert set(output["without_canary"]) == {each.value for each in DataClass} - {"list", "footage"}
    assert next(line for line in output["destroyed"] if line["data_class"] == "list")["keys"] == 1

    assert lfr("verify").exit_code == 0
    shown = lfr("show", "--number", "1").stdout
    assert "Certificate 1" in shown
    assert "is the word of the program that searched" in " ".join(shown.split())


def test_a_list_that_was_not_destroyed_fails_and_says_what_is_left(lfr: Run, vault: VaultCore) -> None:
    lfr("inject", "street", "--only", "reference")
    engine = open_engine(Settings().records_url)
    with overwriting(engine) as session:  # ended by hand: nothing was destroyed
        session.execute(
            update(DeploymentRow).values(status="ended", ended_at=utc_from_ns(SystemClock().time_ns() - 10**9))
        )
    engine.dispose()

    done = lfr("certify", "street")

    assert done.exit_code == erasure.FAILED
    assert "reference: still openable in database" in " ".join(done.output.split())
    assert lfr("verify", "street").exit_code == erasure.FAILED


def test_an_edited_certificate_is_found(lfr: Run) -> None:
    lfr("inject", "street", "--only", "reference")
    lfr("certify", "street")
    engine = open_engine(Settings().records_url)
    with overwriting(engine) as session:
        session.execute(update(CertificateRow).where(col(CertificateRow.number) == 1).values(issued_ns=1))
    engine.dispose()

    done = lfr("verify")

    assert (done.exit_code, "certificate 1: its row in the table was edited" in done.output) == (erasure.FAILED, True)


def test_without_canaries_nothing_is_certified(lfr: Run) -> None:
    done = lfr("certify", "street")

    assert done.exit_code == 77
    assert "lfr erasure inject street" in " ".join(done.output.split())


def test_what_is_no_kind_of_canary_or_no_deployment_is_refused(lfr: Run) -> None:
    assert lfr("inject", "street", "--only", "crow").exit_code == 77
    assert lfr("inject", "nowhere").exit_code == 77
    assert lfr("epochs", "nowhere").exit_code == 77


def test_epochs_are_published_with_nothing_else(lfr: Run, vault: VaultCore) -> None:
    key = vault.seal_key("street", "north")
    vault.stop()

    rows = list(csv.DictReader(io.StringIO(lfr("epochs", "street", "--csv").stdout)))

    assert [list(row) for row in rows] == [["start", "end", "fingerprint", "destroyed_at"]]
    assert key.id not in str(rows)
    assert rows[0]["destroyed_at"]
    assert lfr("epochs", "street", "--at", rows[0]["start"]).stdout.count(rows[0]["fingerprint"]) == 1
    assert "no epoch" in lfr("epochs", "street", "--at", "2020-01-01T00:00:00").stdout
