"""Commands and page against the vault's own process and its database, as a force runs them."""

from __future__ import annotations

import json
import re
import time
from base64 import urlsafe_b64decode
from collections.abc import Iterator
from contextlib import closing
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from streamlit.testing.v1 import AppTest
from typer.testing import CliRunner

from apps.cli.main import app
from apps.rights.view import RightsView
from lfr_core.common.clock import SystemClock, utc_from_ns
from lfr_core.common.settings import Settings
from lfr_core.custody.installation import Installation
from lfr_core.custody.people.roles import Login
from lfr_core.custody.vault.port import KeyKind
from lfr_core.domain.actors import ProcessIdentity
from lfr_core.domain.policy import load_policy
from lfr_core.publication.build import build_rights_service
from lfr_core.retention.footage.register import segments
from lfr_core.storage.engine import open_engine
from lfr_core.storage.tables.deployments import DeploymentRow
from streams.camera.footage import FootageWriter
from tests.support.each_process import EachProcess
from tests.support.footage import jpeg
from tests.support.overwriting import overwriting
from tests.support.page_session import session_of
from tests.support.rights import APPROVER, CLERK, CONTACT, OFFICER, TEXT
from tests.support.sessions import issuer_address, session_env, token_in
from tests.support.vault_server import VaultProcess


@pytest.fixture(scope="module")
def running(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Settings]:
    """A deployment `dep` with one segment of footage, an officer and a supervisor; a vault's process runs."""
    home = tmp_path_factory.mktemp("home")
    vault = VaultProcess(home, LFR_OIDC_ISSUER=issuer_address())
    try:
        with pytest.MonkeyPatch.context() as patched, closing(vault.wait_ready()) as client:
            patched.setenv("LFR_HOME", str(home))
            film(vault.settings, client)
            add = ("users", "add", "--no-account", "--rank")
            lfr(*add, "police-staff", OFFICER, "--role", "compliance")
            lfr(*add, "superintendent", APPROVER, "--role", "authorising-officer", by=OFFICER)
            lfr(*add, "police-staff", CLERK, "--role", "planner", by=OFFICER)
        yield vault.settings
    finally:
        vault.end()


@pytest.fixture
def settings(running: Settings, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Settings:
    """Those that every command reads; who asks, and what, is in the folder that one stands in."""
    monkeypatch.setenv("LFR_HOME", str(running.home))
    (tmp_path / "contact").write_text(CONTACT, encoding="utf-8")
    (tmp_path / "letter").write_text(TEXT, encoding="utf-8")
    monkeypatch.chdir(tmp_path)
    return running


def film(settings: Settings, vault: EachProcess) -> None:
    engine, clock = open_engine(settings.records_url), SystemClock()
    with overwriting(engine) as session:
        session.add(
            DeploymentRow(
                id="dep", name="dep", kind="demo", status="live", threshold=0.45, agreeing_shots=2, live_only=True,
                created_at=utc_from_ns(clock.time_ns()),
            )
        )  # fmt: skip
    with FootageWriter(
        deployment="dep", camera="north", session="s1", engine=engine, folder=settings.footage_store, vault=vault,
        policy=load_policy().footage, clock=clock, min_free_bytes=0,
    ) as writer:  # fmt: skip
        writer.offer(clock.time_ns(), jpeg(1))
        deadline = time.monotonic() + 20
        while not writer.kept:
            assert time.monotonic() < deadline, "the writer took nothing"
            time.sleep(0.001)
    engine.dispose()


def lfr(*words: str, code: int = 0, typed: str | None = None, by: str = "") -> str:
    done = CliRunner().invoke(app, [*words], input=typed, env=session_env(by) if by else {})
    assert done.exception is None or isinstance(done.exception, SystemExit), repr(done.exception)
    assert done.exit_code == code, done.output
    return done.output


def asked(*words: str, by: str = "") -> Any:
    return json.loads(lfr(*words, "--json", by=by))


def held(settings: Settings) -> tuple[bool, bool]:
    """Whether the one segment is held on record, and its key in the vault."""
    with EachProcess.of(settings) as vault:
        (key,) = vault.kept(KeyKind.FOOTAGE, "dep")
    engine = open_engine(settings.records_url)
    (segment,) = segments(engine)
    engine.dispose()
    return segment.held, key.held


def test_a_complaint_holds_footage_and_is_answered_and_closed_by_commands(settings: Settings) -> None:
    said = ("--contact-file", "contact", "--text-file", "letter")
    taken = asked("rights", "complain", "--deployment", "dep", *said, by=CLERK)
    reference = taken["reference"]
    assert taken["holds"][0]["segments"] == 1
    assert held(settings) == (True, True)

    lfr("rights", "confirm", reference, by=APPROVER)
    assert CONTACT in lfr("rights", "show", reference, "--purpose", "to answer", by=OFFICER)
    lfr("rights", "answer", reference, typed="We got it wrong.\n", by=OFFICER)
    assert asked("rights", "close", reference, by=OFFICER)["state"] == "closed"
    shown = asked("rights", "show", reference, "--purpose", "appeal", by=OFFICER)

    assert (shown["answer"], held(settings)) == ("We got it wrong.", (True, True))


@pytest.mark.usefixtures("settings")
def test_an_enquiry_is_taken_and_what_the_vault_does_not_take_is_said_in_a_sentence() -> None:
    said = ("--contact-file", "contact", "--text-file", "letter")
    reference = asked("rights", "enquire", *said, by=CLERK)["reference"]

    output = lfr("rights", "show", reference, "--purpose", "p" * 201, code=77, by=OFFICER)

    assert "the purpose has 201 characters: say it in at most 200" in output


@pytest.mark.usefixtures("settings")
def test_a_log_out_is_shown_to_the_vault_as_the_login_that_it_ends() -> None:
    lfr("users", "add", "--no-account", "--rank", "constable", "Lo Gout", "--role", "operator", by=OFFICER)

    assert "logged out" in lfr("logout", by="Lo Gout")


@pytest.mark.slow
def test_a_complaint_is_taken_on_the_page(settings: Settings) -> None:
    here = Installation(settings, identity=ProcessIdentity.COMMANDS)
    view = RightsView(build_rights_service(here))

    def shown(view: object, session: object) -> None:
        from apps.rights.page import page

        page(view, session)  # type: ignore[arg-type]  # annotations are read where nothing is imported

    token = token_in(session_env(OFFICER))
    claims = json.loads(urlsafe_b64decode(token.split(".")[1] + "=="))
    session = session_of(here.engine, OFFICER)
    login = Login(claims["iss"], claims["sub"], None, None, SystemClock(), token)
    officer = replace(session.person, login=login)
    here.vault.remember(officer)
    session = replace(session, person=officer, use=lambda: officer)
    page = AppTest.from_function(shown, kwargs={"view": view, "session": session}, default_timeout=20).run()

    def field(label: str) -> Any:
        (found,) = [each for each in (*page.text_input, *page.text_area) if each.label == label]
        return found

    page.radio[0].set_value("Complaint")
    field("How to answer (address, e-mail)").input(CONTACT)
    field("In the person's words").input(TEXT)
    (deployment,) = [each for each in page.selectbox if each.label == "Or the deployment"]
    deployment.select_index(1)
    (button,) = [each for each in page.button if each.label == "Take it"]
    button.click().run()

    assert not page.exception
    output = "\n".join(str(each.value) for each in (*page.markdown, *page.success, *page.text, *page.error))
    (reference,) = re.findall(r"Taken: (R-[\w-]+),", output)
    assert asked("rights", "show", reference, by=OFFICER)["holds"][0]["segments"] == 1
    assert held(settings) == (True, True)
