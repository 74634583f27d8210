"""`lfr login`, `whoami` and `logout`, as a person types them."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import httpx
import pytest

from lfr_core.common.clock import SystemClock
from lfr_core.common.settings import Settings
from lfr_core.custody.audit.read import read_stored_entries
from lfr_core.custody.audit.trail import AuditTrail
from lfr_core.custody.people import People, Rank, Role
from lfr_core.domain.policy import load_policy
from lfr_core.storage.engine import open_engine, reading
from tests.support.identity import PASSWORD, IdentityServer, log_in
from tests.support.people import MACHINE, authenticated, give_accounts
from tests.support.run_commands import CommandProcess
from tests.support.vault_server import serving_vault

pytestmark = pytest.mark.identity

LFR = (sys.executable, "-m", "apps.cli")
DEE, OLU = "Dee Compliance", "Olu Operator"


@pytest.fixture(scope="module")
def subject(identity_server: IdentityServer) -> str:
    return identity_server.subjects("olu")["olu"]


@pytest.fixture
def settings(identity_server: IdentityServer, tmp_path: Path) -> Settings:
    """An installation of its own, whose people log in at the server of all tests."""
    return identity_server.settings.model_copy(update={"home": tmp_path / "home"})


@pytest.fixture
def people(settings: Settings) -> Iterator[People]:
    with serving_vault(settings) as core:
        engine = open_engine(settings.records_url)
        people = People(engine, AuditTrail(core, SystemClock()), SystemClock())
        people.add(DEE, {Role.COMPLIANCE}, Rank.POLICE_STAFF, by=MACHINE)
        give_accounts(people, DEE)
        people.add(OLU, {Role.OPERATOR}, Rank.CONSTABLE, by=authenticated(DEE))
        yield people
        engine.dispose()


@pytest.fixture
def env(settings: Settings, tmp_path: Path) -> dict[str, str]:
    ports = {"LFR_IDENTITY_PORT": str(settings.identity_port), "LFR_LOGIN_PORTS": json.dumps(settings.login_ports)}
    state = {"XDG_STATE_HOME": str(tmp_path / "state"), "BROWSER": "true"}  # a browser that shows nothing
    return os.environ | ports | state | {"LFR_HOME": str(settings.home)}


def logged_in(env: dict[str, str], settings: Settings, *words: str, wrong: tuple[str, ...] = ()) -> tuple[int, str]:
    """Log in as `olu`: the browser comes back by itself, or `wrong` and then what it came to are pasted.

    Returns exit code and output.
    """
    with subprocess.Popen(
        [*LFR, "login", *words],
        env=env,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    ) as process:
        assert process.stdout is not None
        address = next((found for line in process.stdout if (found := re.search(r"http://\S+", line))), None)
        assert address is not None
        ports = "|".join(str(port) for port in settings.login_ports)
        until = re.search(rf"redirect_uri=http%3A%2F%2F127\.0\.0\.1%3A({ports})", address[0])
        assert until is not None
        back = log_in(address[0], "olu", PASSWORD, until=f"http://127.0.0.1:{until[1]}/callback")
        if words:
            output, _ = process.communicate("".join(f"{each}\n" for each in (*wrong, back)), timeout=60)
        else:
            assert httpx.get(back, trust_env=False, timeout=20).status_code == 200
            output, _ = process.communicate(timeout=60)
        return process.returncode, output


@pytest.mark.slow
def test_the_browser_comes_back_by_itself_and_the_login_is_on_the_trail(
    env: dict[str, str], settings: Settings, people: People, subject: str
) -> None:
    people.link_identity(OLU, f"http://127.0.0.1:{settings.identity_port}", subject, by=authenticated(DEE))

    code, output = logged_in(env, settings)
    assert (code, "Olu Operator: logged in" in output) == (0, True), output
    engine = open_engine(settings.records_url)
    with reading(engine) as session:
        newest = list(read_stored_entries(session))[-1]
    engine.dispose()
    assert "people.logged-in" in newest.body
    assert OLU not in newest.body


def test_a_registered_person_logs_in_without_a_browser_is_named_and_is_out_once_revoked(
    env: dict[str, str], settings: Settings, people: People, subject: str, commands: CommandProcess
) -> None:
    people.link_identity(OLU, f"http://127.0.0.1:{settings.identity_port}", subject, by=authenticated(DEE))

    code, output = logged_in(env, settings, "--no-browser", wrong=("hello", "https://openlfr.example/?code=x"))
    assert code == 0, output
    shown, said = commands.run([(["whoami", "--json"], env), (["whoami"], env)], Path("/"))
    found = json.loads(shown["out"])
    ends = datetime.fromisoformat(found.pop("until"))
    assert found == {"name": OLU, "roles": ["operator"], "rank": "constable"}
    left = ends - datetime.now(UTC)
    assert timedelta(hours=load_policy().access.session_h) - left < timedelta(minutes=5)
    # in words, by this machine's clock
    assert f"Olu Operator: logged in until {ends.astimezone():%H:%M on %A} " in said["out"]
    people.revoke(OLU, why="left the force", by=authenticated(DEE))
    revoked, out = commands.run([(["whoami"], env), (["logout"], env)], Path("/"))
    assert (revoked["code"], "people.revoked" in revoked["err"]) == (77, True)
    assert "logged out" in out["out"]


@pytest.mark.slow
def test_an_account_that_is_nobodys_logs_nobody_in_and_keeps_nothing(
    env: dict[str, str], settings: Settings, people: People, subject: str
) -> None:
    code, output = logged_in(env, settings, "--no-browser")

    assert (code, "identity.unknown" in output, subject in output) == (77, True, True)
    assert not list(Path(env["XDG_STATE_HOME"]).rglob("*.session"))


@pytest.mark.slow
@pytest.mark.parametrize(("pasted", "rule"), [(1, "login.late"), (3, "login.answer")])
def test_what_is_pasted_must_be_the_answer_to_this_login_and_is_asked_for_three_times(
    env: dict[str, str], settings: Settings, people: People, pasted: int, rule: str
) -> None:
    back = f"http://127.0.0.1:{settings.login_ports[0]}/callback"
    done = subprocess.run(
        [*LFR, "login", "--no-browser"],
        env=env,
        input=f"{back}?code=x&state=y\n" * pasted,
        capture_output=True,
        text=True,
        timeout=90,
        check=False,
    )

    assert (done.returncode, rule in done.stderr) == (77, True)
    assert done.stderr.count(f"it begins with {back}?code=") == min(pasted, 2)


def test_where_the_platform_was_never_started_there_is_nothing_to_log_in_to(
    env: dict[str, str], commands: CommandProcess
) -> None:
    (done,) = commands.run([(["login", "--no-browser"], env)], Path("/"))

    assert (done["code"], "lfr up" in done["err"]) == (77, True)
