"""The vault's own process does nothing for a person whose login it wasn't shown, whoever asks it at the real socket."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path

import pytest
from sqlalchemy import text
from typer.testing import CliRunner

from apps.cli.main import app
from lfr_core.common.clock import SystemClock, utc_from_ns
from lfr_core.common.errors import Refused
from lfr_core.common.settings import Settings
from lfr_core.custody.audit.heads import sign_head
from lfr_core.custody.audit.port import AuditEvent, Verb
from lfr_core.custody.audit.trail import AuditTrail, record
from lfr_core.custody.identity.service_keys import add_service, find_service_of_key
from lfr_core.custody.people import AuthenticatedPerson, People, Rank, Role
from lfr_core.custody.people.roles import Login
from lfr_core.custody.vault.client import VaultClient, make_vault_client
from lfr_core.custody.vault.logins import check_login
from lfr_core.custody.vault.messages import AdmitMachine, DismissMachine, LendWriterKey
from lfr_core.custody.vault.port import KeyKind, WriterKey
from lfr_core.custody.vault.process_identity import check_request
from lfr_core.domain.actors import ProcessIdentity, SystemActor
from lfr_core.storage.engine import open_engine
from tests.support.each_process import EachProcess, EachTrail
from tests.support.identity import Signer, claims_of
from tests.support.overwriting import overwriting
from tests.support.sessions import LocalIssuer
from tests.support.vault_server import VaultProcess
from tests.support.worker_processes import wait_until

DEE, PAT, REX, ENDED, ROOT = "Dee Compliance", "Pat Planner", "Rex Left", "Eda Ended", "a" * 32
ROLES = {DEE: {Role.COMPLIANCE}, PAT: {Role.PLANNER}, REX: {Role.COMPLIANCE}, ENDED: {Role.COMPLIANCE}}


class Site:
    """A vault's process, its register, and tokens of the provider that it goes by."""

    def __init__(self, home: Path) -> None:
        self.issuer = LocalIssuer()
        self.home = home
        self.vault, self.asks = self.start()
        wait_until(self.keys_file.exists, within_s=20, what="the provider's keys are known")
        self.engine = open_engine(self.vault.settings.records_url)
        self.people = People(self.engine, EachTrail(self.asks, SystemClock()), SystemClock())
        self.people.add(DEE, ROLES[DEE], Rank.POLICE_STAFF, by=SystemActor.LFR)
        self.people.link_identity(DEE, self.issuer.url, f"of {DEE}", by=SystemActor.LFR)
        self.dee = self.person(DEE)
        self.asks.process(ProcessIdentity.COMMANDS).remember(self.dee)
        due_ns = time.time_ns() + 10**12
        self.key = self.asks.make_key(KeyKind.RIGHTS, "", "request-1", due_ns, actor=SystemActor.RIGHTS).info.id
        for name in (PAT, REX, ENDED):
            self.people.add(name, ROLES[name], Rank.POLICE_STAFF, by=self.dee)
            self.people.link_identity(name, self.issuer.url, f"of {name}", by=self.dee)
        self.tokens = {name: self.token(name) for name in ROLES}

    def start(self) -> tuple[VaultProcess, EachProcess]:
        vault = VaultProcess(self.home, LFR_OIDC_ISSUER=self.issuer.url)
        return vault, vault.wait_ready()

    @property
    def keys_file(self) -> Path:
        """Where the provider's keys are kept: it is there once they are known."""
        return Settings(home=self.home).keystore_folder / "identity-provider-keys.json"

    def end(self) -> None:
        self.asks.close()
        self.engine.dispose()
        self.issuer.close()
        self.vault.end()

    def token(self, name: str, *, ago_s: int = 0, signer: Signer | None = None, **claims: object) -> str:
        now_s = int(time.time()) - ago_s
        made = claims_of(now_s, iss=self.issuer.url, sub=f"of {name}", nonce="of a login") | claims
        return (signer or self.issuer.signer).sign(made)

    def person(self, name: str) -> AuthenticatedPerson:
        subject, shown = f"of {name}", self.token(name)
        return self.people.of_identity(self.issuer.url, subject, since=utc_from_ns(time.time_ns()), shown=shown)

    def client(self, name: str, shown: str, identity: ProcessIdentity = ProcessIdentity.COMMANDS) -> VaultClient:
        """Somebody who has the key of a process, and says a name with what they have."""
        client = make_vault_client(self.vault.settings, identity)
        by = replace(self.dee, name=name, login=Login(self.issuer.url, f"of {name}", None, None, SystemClock(), shown))
        client.remember(by)
        return client


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Site]:
    site = Site(tmp_path_factory.mktemp("home"))
    yield site
    site.end()


def rules(site: Site, name: str, shown: str, identity: ProcessIdentity = ProcessIdentity.COMMANDS) -> set[str]:
    """By which rules all that is asked in that name is refused; "" where it is done."""
    client = site.client(name, shown, identity)
    asked: list[Callable[[], object]] = [
        lambda: client.open_kept(site.key, actor=name, purpose="to answer"),
        lambda: client.writer_key(ROOT, name),
    ]
    if identity is ProcessIdentity.COMMANDS:
        asked += [
            lambda: client.admit_machine("van-1", (ProcessIdentity.RECORD,), (), name),
            lambda: client.dismiss_machine("van-1", name),
        ]
    found = set()
    for ask in asked:
        try:
            ask()
            found.add("")
        except Refused as refused:
            found.add(refused.rule)
    client.close()
    return found


@pytest.mark.parametrize("identity", [ProcessIdentity.COMMANDS, ProcessIdentity.PAGES])
def test_who_has_logged_in_is_served_and_a_name_alone_is_nobody(site: Site, identity: ProcessIdentity) -> None:
    assert rules(site, DEE, site.token(DEE), identity) == {""}
    assert rules(site, DEE, "", identity) == {"login.not-shown"}
    assert rules(site, DEE, site.token(PAT), identity) == {"login.not-theirs"}


def test_a_login_that_was_made_up_or_is_over_or_for_somebody_else_is_none(site: Site) -> None:
    other = Signer()
    # the provider might sign with another key by now: it is asked, at most every five seconds
    assert rules(site, DEE, site.token(DEE, signer=other)) <= {"login.key-unknown", "login.token"}
    for made_up in ("x", "a.b.c", "\N{SNOWMAN}", site.token(DEE, aud="another client")):
        assert rules(site, DEE, made_up) == {"login.token"}
    assert rules(site, DEE, site.token(DEE, iss="https://login.example.test")) == {"login.token"}
    assert rules(site, DEE, site.token("nobody")) == {"identity.unknown"}
    assert rules(site, DEE, site.token(DEE, ago_s=20 * 3600)) == {"login.expired"}
    assert rules(site, DEE, "openlfr-service-" + "0" * 64) == {"identity.unknown"}
    assert rules(site, DEE, site.token(DEE)) == {""}


def test_an_ended_session_a_revoked_person_and_a_person_without_the_role_are_refused(site: Site) -> None:
    assert rules(site, ENDED, site.tokens[ENDED]) == rules(site, REX, site.tokens[REX]) == {""}
    time.sleep(1.1)  # a token's time is in whole seconds
    site.people.end_sessions(ENDED, by=site.dee)
    site.people.revoke(REX, why="left the force", by=site.dee)

    assert rules(site, ENDED, site.tokens[ENDED]) == {"identity.session-ended"}
    assert rules(site, REX, site.tokens[REX]) == {"people.revoked"}
    client = site.client(PAT, site.tokens[PAT])
    with pytest.raises(Refused) as refused:
        client.open_kept(site.key, actor=PAT, purpose="to answer")
    assert refused.value.rule == "people.wrong-role"
    client.close()


def test_a_script_shows_its_key(site: Site, tmp_path: Path) -> None:
    add_service(site.people, "Nightly", Role.TRIALS_SERVICE, tmp_path / "key", by=site.dee)
    script = find_service_of_key(site.people, tmp_path / "key")
    assert script.login is not None
    client = make_vault_client(site.vault.settings, ProcessIdentity.COMMANDS)
    with pytest.raises(Refused) as refused:
        client.writer_key(ROOT, "Nightly")
    assert refused.value.rule == "login.not-shown"

    client.remember(script)
    assert client.writer_key(ROOT, "Nightly").person_records
    assert script.login.shown not in repr(script)
    client.close()


def test_a_log_out_ends_a_scripts_key_for_commands_and_for_the_vault(site: Site, tmp_path: Path) -> None:
    key = tmp_path / "key"
    add_service(site.people, "Weekly", Role.TRIALS_SERVICE, key, by=site.dee)
    script = find_service_of_key(site.people, key)
    env = {"LFR_HOME": str(site.home), "LFR_OIDC_ISSUER": site.issuer.url, "LFR_SERVICE_KEY_FILE": str(key)}
    client = make_vault_client(site.vault.settings, ProcessIdentity.COMMANDS)
    client.remember(script)
    assert client.writer_key(ROOT, "Weekly").person_records

    out, again = (CliRunner().invoke(app, ["logout"], env=env) for _ in range(2))
    assert (out.exit_code, again.exit_code) == (0, 77)
    assert "the key of Weekly is used no more" in out.output
    with pytest.raises(Refused) as refused:
        client.writer_key(ROOT, "Weekly")
    assert refused.value.rule == "identity.ended"
    client.close()


class _AsksFor:
    """Who has the pages' key, and asks for the key that entries are sealed with in whose name they like."""

    identity = ProcessIdentity.PAGES

    def __init__(self, client: VaultClient, lent_for: str) -> None:
        self._client, self._lent_for = client, lent_for

    def writer_key(self, name: str, person: str = "") -> WriterKey:
        return self._client.writer_key(name, self._lent_for)

    def pseudonym(self, name: str) -> str:
        return self._client.pseudonym(name)


@pytest.mark.parametrize("lent_for", ["", PAT], ids=["nobody", "another"])
def test_who_has_a_processs_key_and_the_records_writes_as_nobody_whose_login_they_have_not(
    site: Site, lent_for: str
) -> None:
    def verified(code: int) -> str:
        until_s = time.monotonic() + 30  # the vault looks every few seconds
        while True:
            done = CliRunner().invoke(app, ["audit", "verify"], env={"LFR_HOME": str(site.home)})
            if done.exit_code == code or time.monotonic() > until_s:
                assert done.exit_code == code, done.output
                return done.output
            time.sleep(0.5)

    def write(trail: AuditTrail) -> int:
        event = AuditEvent(Verb.ALTER, DEE, "", "person:1", "people.changed", {"rank": "superintendent"})
        return record(site.engine, trail, event).seq

    honest, other = (site.client(name, site.token(name), ProcessIdentity.PAGES) for name in (DEE, PAT))
    newest = write(AuditTrail(honest, SystemClock()))
    head = sign_head(site.engine, site.asks, SystemClock())
    assert head is not None
    assert head.seq == newest
    verified(0)

    made_up = write(AuditTrail(_AsksFor(other, lent_for), SystemClock()))

    with pytest.raises(Refused, match=f"entry {made_up} is of person:") as refused:
        sign_head(site.engine, site.asks, SystemClock())
    assert refused.value.rule == "audit.damaged"
    assert rules(site, DEE, site.token(DEE), ProcessIdentity.PAGES) == {"audit.damaged"}
    assert f"entry {made_up}" in verified(1)
    with overwriting(site.engine) as session:
        session.execute(text("DELETE FROM audit_entry WHERE seq = :seq"), {"seq": made_up})
    assert rules(site, DEE, site.token(DEE), ProcessIdentity.PAGES) == {""}
    honest.close()
    other.close()


def test_entries_are_sealed_in_the_name_that_somebody_has_now(site: Site) -> None:
    before, now = "Nora Before", "Nora Now"
    site.people.add(before, {Role.COMPLIANCE}, Rank.POLICE_STAFF, by=site.dee)
    site.people.link_identity(before, site.issuer.url, "of Nora", by=site.dee)
    site.people.rename(before, now, by=site.dee)
    token = site.token(now, sub="of Nora")

    former, current = site.client(before, token), site.client(now, token)
    with pytest.raises(Refused) as refused:
        former.writer_key(ROOT, before)
    assert refused.value.rule == "login.not-theirs"
    assert current.writer_key(ROOT, now).person_records
    former.close()
    current.close()


def test_while_the_identity_provider_is_away_a_machine_is_dismissed_and_none_is_admitted() -> None:
    class Away:
        def maintain(self) -> None:
            """There is nothing to ask."""

        def check(self, name: str, shown: str, *, is_current: bool = False) -> None:
            raise Refused(rule, "as the double says")

    rule = "login.provider-away"
    check_login(DismissMachine(name="van-1", person=DEE), Away())
    with pytest.raises(Refused):
        check_login(AdmitMachine(name="van-1", identities=(ProcessIdentity.RECORD,), cameras=(), person=DEE), Away())
    rule = "login.not-theirs"
    with pytest.raises(Refused):
        check_login(DismissMachine(name="van-1", person=DEE), Away())


def test_a_process_of_an_earlier_version_which_keeps_one_key_for_all_is_lent_no_persons() -> None:
    asked = LendWriterKey(version=1, name=ROOT)
    check_request(ProcessIdentity.PAGES, asked)
    check_request(ProcessIdentity.PAGES, LendWriterKey(name=ROOT, person=DEE))
    with pytest.raises(Refused, match="lfr up"):
        check_request(ProcessIdentity.PAGES, asked.model_copy(update={"person": DEE}))


def test_an_emptied_register_asks_a_vault_that_was_started_anew_for_a_login_all_the_same(tmp_path: Path) -> None:
    site = Site(tmp_path)
    site.asks.close()
    site.vault.end()
    with overwriting(site.engine) as session:
        session.execute(text("DELETE FROM person_identity"))
    site.vault, site.asks = site.start()

    assert rules(site, DEE, "") == {"login.not-shown"}
    assert rules(site, DEE, site.token(DEE)) == {"identity.unknown"}
    site.end()
