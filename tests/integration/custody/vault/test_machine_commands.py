"""`lfr vault admit-machine`, `machines` and `dismiss-machine`, as they are typed."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

import pytest
from typer.testing import CliRunner, Result

from apps.cli.main import app
from lfr_core.common.clock import SystemClock
from lfr_core.common.errors import Retryable
from lfr_core.common.settings import Settings
from lfr_core.custody.audit.read import entries
from lfr_core.custody.audit.trail import AuditTrail
from lfr_core.custody.people.roles import Role
from lfr_core.custody.vault.core import VaultCore
from lfr_core.storage.engine import open_engine
from tests.support.people import add_people
from tests.support.sessions import session_env
from tests.support.vault_server import serving_vault

COMPLIANCE = "Cam Compliance"


@dataclass
class Terminal:
    settings: Settings
    core: VaultCore
    environment: dict[str, str] = field(default_factory=dict)

    def lfr(self, arguments: str, **environment: str) -> Result:
        env = {"LFR_HOME": str(self.settings.home), **self.environment, **environment}
        return CliRunner().invoke(app, ["vault", *arguments.split()], env=env)

    def machines(self) -> list[dict[str, object]]:
        found: list[dict[str, object]] = json.loads(self.lfr("machines --json").stdout)
        return found


@pytest.fixture
def terminal(tmp_path: Path) -> Iterator[Terminal]:
    settings = Settings(home=tmp_path / "home")
    with serving_vault(settings) as core:
        engine = open_engine(settings.records_url)
        add_people(engine, (COMPLIANCE, Role.COMPLIANCE), trail=AuditTrail(core, SystemClock()))
        terminal = Terminal(settings, core, session_env(COMPLIANCE, settings))
        admitted = terminal.lfr(
            f"admit-machine van-2 --for camera,record --camera north --camera south --output {tmp_path / 'van-2'}"
        )
        assert admitted.exit_code == 0, admitted.stderr
        yield terminal
        engine.dispose()


def test_a_dismissal_prints_how_the_machine_s_logins_elsewhere_are_ended(terminal: Terminal) -> None:
    (machine,) = terminal.machines()
    assert (machine["cameras"], machine["dismissed_ns"]) == (["north", "south"], None)
    done = terminal.lfr("dismiss-machine van-2")

    assert done.exit_code == 0, done.stderr
    for words in ("NOLOGIN", "pg_terminate_backend", "kafka-acls.sh", "SCRAM-SHA-512", "drop_user", "runbooks/"):
        assert words in done.stdout
    assert terminal.machines()[0]["dismissed_ns"] is not None


def test_with_the_records_away_for_the_vault_too_this_machine_s_user_dismisses(
    terminal: Terminal, monkeypatch: pytest.MonkeyPatch
) -> None:
    away = f"sqlite:///{terminal.settings.home / 'file' / 'records'}"
    (terminal.settings.home / "file").write_text("no folder")
    alone = terminal.lfr("dismiss-machine van-2", LFR_DATABASE_URL=away)
    assert "people.unknown" in alone.stderr, alone.stdout  # the vault has its records: it isn't enough to say so
    assert terminal.machines()[0]["dismissed_ns"] is None

    def refuse(*_: object, **__: object) -> str:
        raise Retryable("the database is away")

    with monkeypatch.context() as gone:
        gone.setattr(terminal.core.people, "check_person", refuse)
        done = terminal.lfr("dismiss-machine van-2", LFR_DATABASE_URL=away)
    assert done.exit_code == 0, done.stderr
    assert terminal.machines()[0]["dismissed_ns"] is not None
    engine = open_engine(terminal.settings.records_url)
    try:
        terminal.core.writers.machines.maintain()  # type: ignore[union-attr]  # the register
        last = entries(engine)[-1]
        assert (last.actor, last.rule) == ("system:lfr", "vault.dismiss-machine")
    finally:
        engine.dispose()
