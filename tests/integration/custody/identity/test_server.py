"""The embedded identity server as a child of `lfr up`: closed to others, quiet, found when it hangs."""

from __future__ import annotations

import json
import os
import re
import signal
import subprocess
import sys
from pathlib import Path

import httpx
import psutil
import pytest

from apps.supervisor.identity import identity_child
from apps.supervisor.process import child_environment
from lfr_core.common.environment import LOCK_MEMORY
from lfr_core.common.errors import Fatal, Refused
from lfr_core.common.settings import Settings
from lfr_core.custody.identity.canaille import build_account_directory
from lfr_core.custody.identity.discovery import discover, fetch_keys
from lfr_core.custody.identity.embedded import HOST_SCRIPT, identity_folder, staff_secret, write_config
from lfr_core.domain.policy import load_policy
from tests.support.foreign_listener import is_shared
from tests.support.identity import IdentityServer, set_password

pytestmark = pytest.mark.identity

ACCESS = load_policy().access


def test_what_it_keeps_is_closed_to_others(identity_server: IdentityServer) -> None:
    folder = identity_folder(identity_server.settings)
    modes = {path.name: path.stat().st_mode & 0o777 for path in (folder, *folder.iterdir())}

    assert modes.pop("identity") == 0o700
    assert {"secrets.json", "config.json", "accounts.sqlite3"} <= modes.keys()
    assert set(modes.values()) == {0o600}


def test_no_secret_is_in_its_arguments_environment_or_log(identity_server: IdentityServer) -> None:
    assert identity_server.process is not None
    kept = json.loads((identity_folder(identity_server.settings) / "secrets.json").read_text())
    process = psutil.Process(identity_server.process.pid)
    seen = " ".join([*process.cmdline(), *process.environ().values(), identity_server.log.read_text()])

    assert [word for word in (kept["secret_key"], kept["staff_secret"], kept["signing_key"]["d"]) if word in seen] == []


def test_it_listens_on_this_machine_alone(identity_server: IdentityServer) -> None:
    assert identity_server.process is not None
    found = psutil.Process(identity_server.process.pid).net_connections()
    listening = [each.laddr for each in found if each.status == psutil.CONN_LISTEN]

    assert [tuple(each) for each in listening] == [("127.0.0.1", identity_server.settings.identity_port)]


def test_its_port_can_be_reserved_for_it(identity_server: IdentityServer) -> None:
    assert is_shared(identity_server.settings.identity_port)


def test_nobody_dumps_it(identity_server: IdentityServer) -> None:
    assert identity_server.process is not None
    limits = Path(f"/proc/{identity_server.process.pid}/limits").read_text(encoding="ascii").splitlines()
    (core,) = (line.split()[4] for line in limits if line.startswith("Max core file size"))

    assert core == "0"
    assert "process_hardened core_dumps_forbidden=True" in identity_server.log.read_text()


@pytest.mark.root
@pytest.mark.parametrize(("asked", "locked"), [({LOCK_MEMORY: "1"}, True), ({}, False)])
def test_its_memory_is_locked_before_it_reads_or_imports_anything(asked: dict[str, str], *, locked: bool) -> None:
    command = [sys.executable, "-I", "-S", str(HOST_SCRIPT), "serve", "/nowhere", "0"]
    done = subprocess.run(command, env=asked, capture_output=True, text=True, check=False)

    assert done.stderr.startswith(f"process_hardened core_dumps_forbidden=True memory_locked={locked}\nTraceback")


def test_its_login_page_says_what_browsers_must_not_do(identity_server: IdentityServer) -> None:
    answer = httpx.get(f"{identity_server.provider.issuer}/login", trust_env=False)
    headers = answer.headers

    assert answer.status_code == 200
    assert "default-src 'self'" in headers["content-security-policy"]
    assert "script-src" not in headers["content-security-policy"]
    assert headers["x-frame-options"] in {"SAMEORIGIN", "DENY"}
    assert headers["referrer-policy"] == "strict-origin-when-cross-origin"
    assert headers["x-content-type-options"] == "nosniff"


@pytest.mark.parametrize("path", ["/login", "/about", "/reset", "/profile"])
def test_no_page_of_it_leads_to_its_makers_or_ends_in_a_fault(identity_server: IdentityServer, path: str) -> None:
    issuer = identity_server.provider.issuer
    answer = httpx.get(f"{issuer}{path}", trust_env=False, follow_redirects=True)

    assert answer.status_code in {200, 403}
    assert answer.url.host == "127.0.0.1"
    assert [
        each for each in re.findall(r'(?:href|src|action)="(https?:[^"]+)"', answer.text) if "127.0.0.1" not in each
    ] == []
    assert "Canaille" not in answer.text


def test_who_sets_a_first_password_reads_how_long_it_has_to_be_and_no_command(identity_server: IdentityServer) -> None:
    account, link = identity_server.accounts.invite("nan.newcomer", "Nan Newcomer")
    shown = httpx.get(link, trust_env=False).text

    assert "Set your password" in shown
    assert "at least 12 characters" in shown
    assert account.login in shown
    set_password(link)
    written = "".join(each.read_text() for each in HOST_SCRIPT.with_name("templates").rglob("*.html"))
    assert "lfr login" not in written


def test_a_server_that_hangs_is_found_and_one_that_answers_again_is_well(identity_server: IdentityServer) -> None:
    assert identity_server.process is not None
    alive = identity_child(identity_server.settings, {}).alive
    assert alive is not None
    pid = identity_server.process.pid

    os.kill(pid, signal.SIGSTOP)
    try:
        assert not alive(pid)
    finally:
        os.kill(pid, signal.SIGCONT)
    assert any(alive(pid) for _ in range(20))


@pytest.mark.slow
def test_its_keys_outlive_a_restart_so_that_sessions_do(identity_server: IdentityServer) -> None:
    before = fetch_keys(identity_server.provider, discover(identity_server.provider)).as_dict(private=False)
    assert identity_server.stop() == 0
    identity_server.start()

    assert fetch_keys(identity_server.provider, discover(identity_server.provider)).as_dict(private=False) == before


def test_each_installation_draws_secrets_of_its_own_once(tmp_path: Path) -> None:
    first, second = (Settings(home=tmp_path / name) for name in ("first", "second"))
    drawn = [staff_secret(each) for each in (first, second, first)]

    assert drawn[0] == drawn[2] != drawn[1]
    assert len(drawn[0]) >= 40
    written = [json.loads(write_config(each, ACCESS).read_text()) for each in (first, second)]
    assert not {*written[0]["signing_key"].values()} >= {written[1]["signing_key"]["n"]}


@pytest.mark.parametrize("spoilt", ["", "{}", '{"secret_key": 1}', "[]"])
def test_damaged_secrets_are_not_replaced_behind_ones_back(tmp_path: Path, spoilt: str) -> None:
    settings = Settings(home=tmp_path)
    staff_secret(settings)
    file = identity_folder(settings) / "secrets.json"
    file.write_text(spoilt)

    with pytest.raises(Fatal, match="is damaged"):
        staff_secret(settings)
    assert file.read_text() == spoilt


def test_secrets_that_others_could_read_are_not_used(tmp_path: Path) -> None:
    settings = Settings(home=tmp_path)
    staff_secret(settings)
    (identity_folder(settings) / "secrets.json").chmod(0o644)

    with pytest.raises(Fatal, match="other users of this machine may read or write it"):
        staff_secret(settings)


@pytest.mark.slow
def test_without_its_packages_the_child_says_what_to_do_and_is_not_started_again(tmp_path: Path) -> None:
    env = child_environment({"LFR_HOME": str(tmp_path), "LFR_CACHE": str(tmp_path / "empty")})
    done = subprocess.run(
        [sys.executable, "-m", "apps.identity"], env=env, capture_output=True, text=True, check=False, timeout=60
    )

    assert done.returncode == 70
    assert "make setup" in done.stdout + done.stderr


def test_a_forces_own_provider_has_a_secret_from_a_file_and_its_own_accounts(tmp_path: Path) -> None:
    file = tmp_path / "secret"
    file.write_text("a secret of 16 characters or more\n")
    file.chmod(0o600)
    settings = Settings(home=tmp_path, oidc_issuer="https://login.example.test", oidc_client_secret_file=file)

    assert staff_secret(settings) == "a secret of 16 characters or more"
    with pytest.raises(Refused, match="at your force's identity provider"):
        build_account_directory(settings, ACCESS)
    for spoilt in ("short", ""):
        file.write_text(spoilt)
        with pytest.raises(Fatal, match="holds no secret"):
            staff_secret(settings)
    file.unlink()
    with pytest.raises(Fatal, match="can't be read"):
        staff_secret(settings)
    with pytest.raises(Fatal, match="LFR_OIDC_CLIENT_SECRET_FILE"):
        staff_secret(settings.model_copy(update={"oidc_client_secret_file": None}))
