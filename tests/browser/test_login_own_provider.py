"""The staff's pages where a force's own provider says who somebody is, and of which group they must be."""

from __future__ import annotations

import json
import subprocess
import time
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import httpx
import pytest

from lfr_core.common.clock import SystemClock
from lfr_core.common.settings import Settings
from lfr_core.custody.audit.trail import AuditTrail
from lfr_core.custody.identity.embedded import HOST_SCRIPT, server_python, staff_secret, write_config
from lfr_core.custody.people import People, Role
from lfr_core.domain.policy import load_policy
from lfr_core.storage.engine import open_engine
from tests.support.brokers import free_ports
from tests.support.identity import PASSWORD
from tests.support.people import add_people, authenticated
from tests.support.staff import staff_app
from tests.support.texts import ROOT
from tests.support.vault_server import serving_vault

if TYPE_CHECKING:
    from playwright.sync_api import Browser, Page

pytestmark = [pytest.mark.browser, pytest.mark.slow]

GROUP, MIA, OTTO, DEE = "lfr staff", "Mia Member", "Otto Other", "Dana Compliance"
LOGINS = {MIA: "mia", OTTO: "otto"}
START_S = 90.0


@pytest.fixture
def settings(tmp_path: Path) -> Iterator[Settings]:
    """An installation whose people log in at a provider of the force's own."""
    port, page, *back = free_ports(4)
    theirs = Settings(home=tmp_path / "force", identity_port=port, operator_port=page, login_ports=tuple(back))
    secret = tmp_path / "secret"
    secret.touch(0o600)
    secret.write_text(staff_secret(theirs))
    file = write_config(theirs, load_policy().access)
    accounts = {
        "people": dict.fromkeys(LOGINS.values(), PASSWORD),
        "groups": {GROUP: [LOGINS[MIA]], "others": ["otto"]},
    }
    file.write_text(json.dumps(json.loads(file.read_text()) | accounts))
    ours = Settings(
        home=tmp_path / "home",
        operator_port=page,
        login_ports=tuple(back),
        oidc_issuer=f"http://127.0.0.1:{port}",
        oidc_client_secret_file=secret,
        oidc_required_group=GROUP,
        oidc_group_scope="groups",
    )
    script = ROOT / "tests" / "support" / "second_provider.py"
    command = [str(server_python(theirs)), "-I", str(script), str(HOST_SCRIPT), str(file)]
    with (tmp_path / "log").open("wb") as log:
        process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=log, cwd="/")
    try:
        assert process.stdout is not None
        subjects = json.loads(process.stdout.readline() or b"{}")
        assert subjects, (tmp_path / "log").read_text()
        wait_for(ours.oidc_issuer)
        with serving_vault(ours) as vault:
            engine = open_engine(ours.records_url)
            trail = AuditTrail(vault, SystemClock())
            add_people(engine, (MIA, Role.PLANNER), (OTTO, Role.PLANNER), trail=trail)
            people = People(engine, trail, SystemClock())
            for name, login in LOGINS.items():
                people.link_identity(name, ours.oidc_issuer, subjects[login], by=authenticated(DEE))
            yield ours
            engine.dispose()
    finally:
        process.terminate()
        process.communicate(timeout=20)


def wait_for(issuer: str) -> None:
    """Until the provider answers."""
    deadline = time.monotonic() + START_S
    while True:
        try:
            httpx.get(f"{issuer}/.well-known/openid-configuration", trust_env=False, timeout=20).raise_for_status()
        except httpx.HTTPError:
            if time.monotonic() > deadline:
                raise
            time.sleep(0.3)
        else:
            return


def log_in(page: Page, address: str, login: str) -> None:
    page.goto(address)
    page.get_by_role("button", name="Log in").click(timeout=30_000)
    page.locator("input[name=login]").fill(login)
    page.locator("input[name=login]").press("Enter")
    page.locator("input[name=password]").fill(PASSWORD)
    page.locator("input[name=password]").press("Enter")


def test_a_member_of_the_required_group_is_who_the_register_says_and_who_is_no_member_is_nobody(
    browser: Browser, settings: Settings
) -> None:
    with staff_app(settings) as address:
        member, other = browser.new_context(), browser.new_context()
        page = member.new_page()
        log_in(page, address, LOGINS[MIA])
        page.locator(".lfr-who").filter(has_text=MIA).wait_for(timeout=60_000)

        page = other.new_page()
        log_in(page, address, LOGINS[OTTO])
        page.get_by_text(f"your account isn't of the group {GROUP}").wait_for(timeout=60_000)
        assert page.locator(".lfr-who").count() == 0
        member.close()
        other.close()
