"""Each command asks for a login, or stands here with the reason why it doesn't; and those that ask do nothing without.

That a service behind a command refuses whoever is logged in without the role is tested where the services are:
tests/integration/custody/people.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner

from apps.cli.main import app
from lfr_core.common.settings import Settings
from lfr_core.storage.engine import open_engine, writing
from lfr_core.storage.migrate import upgrade
from lfr_core.storage.tables.vault import InstallationRow
from tests.unit.cli.test_names_of_people import COMMANDS

MACHINE = {
    "camera list", "camera probe", "camera run", "demo", "doctor", "down", "erasure certify", "erasure inject",
    "erasure verify", "evidence", "login", "logout", "models install", "models show", "models verify", "policy check",
    "policy show", "publish results", "publish site", "retention run", "status", "stream run", "up", "vault run",
    "vault status", "whoami",
}  # fmt: skip
"""Of this machine, its processes and the login itself; what the platform does at its hour too."""
NOTHING_PERSONAL = {
    "audit export", "audit show", "audit verify", "camera refused", "deployment forecast", "deployment list",
    "deployment paper", "deployment show", "deployment status", "deployment template", "deployment timeline",
    "erasure epochs", "erasure show", "footage holds", "footage list", "footage show", "papers list", "papers show",
    "probe show", "promises check", "promises show", "publish due", "publish verify", "records compare",
    "records validate", "retention status", "rights due", "rights list", "users list", "vault gate",
    "watchlist check", "watchlist template",
}  # fmt: skip
"""Shows nothing of anybody who is watched, listed or asks: counts, states, hours, pseudonyms, staff's names."""
WHERE_IT_ACTS = {
    "deployment close", "deployment create", "deployment open", "deployment resume", "deployment suspend",
    "probe self-test", "publish record", "rights show", "users add", "users link", "watchlist enrol",
}  # fmt: skip
"""Asks only where it acts for people, or opens something: a planned deployment, a publication, a request, everybody
but the very first person and account. A trial is this machine's user's where nobody is logged in.
"""
NO_LOGIN = 77


def asks(command: Any) -> bool:
    function = command.callback
    while hasattr(function, "__wrapped__"):
        function = function.__wrapped__
    return "AuthenticatedPerson" in function.__annotations__.values()


ASKING = {" ".join(path): command for path, command in COMMANDS.items() if asks(command)}


TIMES = {"--date": "2026-12-04", "--review-by": "2026-12-04", "--from": "10:00", "--to": "16:00"}


def given(parameter: Any) -> list[str]:
    flag = parameter.opts[0]
    return [flag, TIMES.get(flag, "1")] if flag.startswith("-") else ["1"]


def test_each_command_asks_for_a_login_or_is_known_not_to_need_one() -> None:
    without = {" ".join(path) for path in COMMANDS} - ASKING.keys()

    assert without == MACHINE | NOTHING_PERSONAL | WHERE_IT_ACTS
    assert len(ASKING) > 30


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """An installation that was started once, with nobody in it."""
    home = tmp_path_factory.mktemp("home")
    url = Settings(home=home).records_url
    upgrade(url)
    engine = open_engine(url)
    with writing(engine) as session:
        session.add(InstallationRow(id="here"))
    engine.dispose()
    return home


@pytest.mark.parametrize("name", ASKING)
def test_a_command_that_asks_does_nothing_while_nobody_is_logged_in(name: str, home: Path) -> None:
    arguments = [part for each in ASKING[name].params if each.required for part in given(each)]
    env = {"LFR_HOME": str(home), "XDG_STATE_HOME": str(home / "state")}

    ran = CliRunner().invoke(app, [*name.split(), *arguments], env=env)

    assert (ran.exit_code, "login.none" in ran.stderr) == (NO_LOGIN, True), ran.output
