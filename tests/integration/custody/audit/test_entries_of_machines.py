"""What another machine wrote on the audit trail is signed up to its dismissal, and no further."""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import ExitStack, closing
from dataclasses import dataclass, replace
from pathlib import Path

import pytest
from sqlalchemy import Engine, text

from apps.vault.process import build_core, build_identities
from lfr_core.common.clock import SystemClock
from lfr_core.common.errors import LfrError, Refused, Retryable
from lfr_core.common.settings import Settings
from lfr_core.custody.audit.heads import entries_of_vault, sign_head
from lfr_core.custody.audit.port import AuditEvent, Verb
from lfr_core.custody.audit.read import entries
from lfr_core.custody.audit.trail import AuditTrail, record
from lfr_core.custody.people.roles import Role
from lfr_core.custody.vault.admission import unpack_admission
from lfr_core.custody.vault.client import VaultClient
from lfr_core.custody.vault.core import VaultCore
from lfr_core.custody.vault.machines import Machines
from lfr_core.custody.vault.port import WriterKey
from lfr_core.custody.vault.process_identity import VERBS
from lfr_core.custody.vault.writer_keys import Writer
from lfr_core.domain.actors import PROCESSES_OF, SPEAKS_FOR_PEOPLE, Principal, ProcessIdentity, SystemActor
from lfr_core.domain.policy import load_policy
from lfr_core.storage.engine import open_engine
from tests.support.databases import make_records
from tests.support.overwriting import overwriting
from tests.support.people import add_people
from tests.support.records import ManualClock
from tests.support.vault_server import served

COMPLIANCE = "Cam Compliance"
RECORD = ProcessIdentity.RECORD
DAY_S = 86_400


class Shifted:
    """The machine's clock, which a test sets ahead."""

    seconds = 0.0

    def time_ns(self) -> int:
        return SystemClock().time_ns() + round(self.seconds * 1e9)

    def monotonic(self) -> float:
        return SystemClock().monotonic() + self.seconds


class Kept(AuditTrail):
    """A process that goes on with the key it has, and writes of whom it likes."""

    def prepare(self, actor: Principal) -> None:
        pass

    def _key(self) -> tuple[WriterKey, float]:
        lent, asked = self._lent or super()._key()
        return replace(lent, at_ns=None), asked  # whatever its clock says

    def _written(self, actor: Principal) -> str:
        return str(actor) if isinstance(actor, SystemActor) else "person:0f"


@dataclass
class Site:
    folder: Path
    engine: Engine
    core: VaultCore
    machines: Machines
    clock: Shifted
    port: int
    opened: ExitStack

    def admit(self, name: str, *identities: ProcessIdentity) -> AuditTrail:
        """Admit a machine; the trail as its recorder writes it."""
        file, there = self.folder / "brought", self.folder / name / "processes"
        file.write_bytes(self.machines.admit(name, identities or (RECORD,), [], COMPLIANCE))
        there.parent.mkdir(exist_ok=True)
        unpack_admission(file, there)
        client = self.opened.enter_context(closing(VaultClient(f"127.0.0.1:{self.port}", RECORD, there)))
        return Kept(client, self.clock)

    def write(self, trail: AuditTrail, actor: Principal = SystemActor.RECORDER) -> int:
        event = AuditEvent(Verb.COLLECT, actor, "d", "alert:1", "alert.opened")
        return record(self.engine, trail, event).seq

    def sign(self) -> int:
        head = sign_head(self.engine, self.core, self.clock)
        assert head is not None
        return head.seq

    def refused(self) -> str:
        with pytest.raises(Refused) as refused:
            self.sign()
        assert refused.value.rule == "audit.damaged"
        return str(refused.value)

    def forget_newest(self) -> None:
        with overwriting(self.engine) as session:
            session.execute(text("DELETE FROM audit_entry WHERE seq = (SELECT max(seq) FROM audit_entry)"))


@pytest.fixture
def site(tmp_path: Path) -> Iterator[Site]:
    settings, clock = Settings(home=tmp_path / "home"), Shifted()
    make_records(settings.records_url)
    with ExitStack() as opened:
        engine = open_engine(settings.records_url)
        opened.callback(engine.dispose)
        core = build_core(settings, load_policy(), engine, clock)
        server = opened.enter_context(
            served(core, settings.vault_socket, settings.process_folder, ("127.0.0.1", 0), clock=clock)
        )
        machines = core.writers.machines
        assert isinstance(machines, Machines)
        add_people(engine, (COMPLIANCE, Role.COMPLIANCE), trail=AuditTrail(core, clock))
        clients = opened.enter_context(ExitStack())
        yield Site(tmp_path, engine, core, machines, clock, server.port, clients)


def test_what_a_machine_wrote_before_its_dismissal_is_signed_and_what_it_writes_afterwards_never_is(site: Site) -> None:
    trail = site.admit("van-2")
    before = site.write(trail)
    site.machines.dismiss("van-2", COMPLIANCE)

    assert site.sign() == before + 1  # and the dismissal after it
    site.write(trail)
    assert "van-2" in site.refused()
    assert [each.rule for each in entries(site.engine)][-2:] == ["vault.dismiss-machine", "alert.opened"]


def test_a_vault_that_starts_anew_knows_it_still(site: Site) -> None:
    trail = site.admit("van-2")
    site.write(trail)
    site.machines.dismiss("van-2", COMPLIANCE)
    build_identities(site.core, site.folder / "again", 1.0, site.clock)
    assert site.core.writers.machines is not site.machines
    site.sign()
    site.write(trail)

    assert "van-2" in site.refused()


def test_a_process_of_a_dismissed_machine_writes_no_more_by_itself(site: Site) -> None:
    kept = site.admit("van-2")
    honest = AuditTrail(kept._vault, site.clock)
    site.write(honest)
    site.machines.dismiss("van-2", COMPLIANCE)
    newest = len(entries(site.engine))

    with pytest.raises(Refused, match="isn't admitted"):
        site.write(honest)
    assert len(entries(site.engine)) == newest


def test_with_the_records_away_at_its_dismissal_the_first_look_afterwards_is_the_end(
    site: Site, monkeypatch: pytest.MonkeyPatch
) -> None:
    trail = site.admit("van-2")
    site.write(trail)

    def away(*_: object, **__: object) -> str:
        raise Retryable("the database is away")

    monkeypatch.setattr(site.core.people, "check_person", away)
    with monkeypatch.context() as gone:
        gone.setattr(site.core.audit, "record", away)
        site.machines.dismiss("van-2", "")
        site.sign()
        site.write(trail)
        assert "van-2" in site.refused()


def test_certificates_of_before_a_new_admission_and_past_their_time_seal_no_more(site: Site) -> None:
    old = site.admit("van-2")
    site.write(old)
    new = site.admit("van-2")
    site.write(new)
    site.clock.seconds = 61.0
    site.sign()
    site.write(old)
    assert "van-2" in site.refused()
    site.forget_newest()

    site.clock.seconds = DAY_S + 70.0  # they were issued for a day
    site.sign()
    site.write(new)
    assert "van-2" in site.refused()


def test_what_was_under_way_at_a_new_admission_or_at_a_certificate_s_end_damages_nothing(site: Site) -> None:
    honest = AuditTrail(site.admit("van-2")._vault, site.clock)
    honest.prepare(SystemActor.RECORDER)
    new = site.admit("van-2")
    with overwriting(site.engine) as session:  # it waited for the trail's lock meanwhile
        honest.append(session, AuditEvent(Verb.COLLECT, SystemActor.RECORDER, "d", "alert:1", "alert.opened"))
    site.sign()

    site.clock.seconds = DAY_S - 100.0
    honest = AuditTrail(new._vault, site.clock)
    honest.prepare(SystemActor.RECORDER)
    site.clock.seconds = DAY_S + 10.0
    site.sign()
    with overwriting(site.engine) as session:
        honest.append(session, AuditEvent(Verb.COLLECT, SystemActor.RECORDER, "d", "alert:2", "alert.opened"))
    site.sign()
    with pytest.raises(LfrError):  # on the connection that it has still
        honest.prepare(SystemActor.RECORDER)


@pytest.mark.parametrize("changes", [{"machine": "van-3"}, {"serial": "0f"}, {"machine": "", "serial": ""}])
def test_a_machine_seals_as_no_other(site: Site, changes: dict[str, str]) -> None:
    trail = site.admit("van-2")
    site.admit("van-3")
    site.sign()
    site.write(trail)
    with site.engine.connect() as connection:
        name = connection.execute(text("SELECT writer FROM audit_entry ORDER BY seq DESC")).scalars().first()
    writer = Writer.parse(str(name))
    assert writer is not None
    assert (writer.identity, writer.machine) == (RECORD, "van-2")
    with overwriting(site.engine) as session:
        statement = text("UPDATE audit_entry SET writer = :writer WHERE writer = :name")
        session.execute(statement, {"writer": str(replace(writer, **changes)), "name": name})  # type: ignore[arg-type]

    site.refused()


def test_a_key_of_an_earlier_day_seals_nothing_once_a_later_day_is_signed(site: Site) -> None:
    early = Kept(site.core, SystemClock())
    site.write(early)
    for days in (1, 2):
        site.clock.seconds = days * DAY_S
        site.write(AuditTrail(site.core, site.clock))
        site.sign()
    site.write(early)

    assert "day" in site.refused()


@pytest.mark.parametrize("at_s", [0, 2**62 / 1e9, "now-1000", "now+1000", "now-172800"])
def test_an_entry_that_says_another_time_than_its_own_is_never_signed(site: Site, at_s: float | str) -> None:
    trail = site.admit("van-2")
    site.write(trail)
    site.sign()
    now_ns = site.clock.time_ns()
    trail._clock = ManualClock(now_ns + int(at_s[3:]) * 10**9 if isinstance(at_s, str) else round(at_s * 1e9))
    site.write(trail)

    assert "another time" in site.refused()


def test_a_machine_whose_clock_is_far_from_the_vault_s_writes_nothing_and_one_near_it_does(site: Site) -> None:
    kept = site.admit("van-2")

    def written(ahead_s: float) -> int:
        clock = Shifted()
        clock.seconds = ahead_s
        return site.write(AuditTrail(kept._vault, clock))

    newest = written(600.0)
    for ahead_s in (1_000.0, -1_000.0, 3.0 * DAY_S):
        with pytest.raises(Retryable, match="clock"):
            written(ahead_s)

    assert written(-600.0) == newest + 1
    assert site.sign() == newest + 1


@pytest.mark.parametrize("actor", ["Sue Superintendent", *(set(SystemActor) - {SystemActor.RECORDER})], ids=str)
def test_an_admitted_machine_writes_of_nobody_else(site: Site, actor: Principal) -> None:
    trail = site.admit("van-2")
    site.write(trail, actor)

    assert "record" in site.refused()


def test_only_a_process_that_writes_of_somebody_is_lent_a_key_to_seal_with() -> None:
    writers = SPEAKS_FOR_PEOPLE.union(*PROCESSES_OF.values())

    assert {each for each in ProcessIdentity if "writer-key" in VERBS[each]} == writers


def test_while_the_vault_is_away_what_was_lent_is_good_for_its_lease_and_a_refusal_ends_it(site: Site) -> None:
    class Vault:
        identity = ProcessIdentity.COMMANDS
        error: LfrError | None = None
        asked = 0

        def pseudonym(self, name: str) -> str:
            return site.core.pseudonym(name)

        def writer_key(self, name: str, person: str = "") -> object:  # noqa: ARG002  the Protocol's signature
            self.asked += 1
            if self.error is not None:
                raise self.error
            return site.core.writers.writer_key(name, self.identity)

    vault, clock = Vault(), Shifted()
    trail = AuditTrail(vault, clock)  # type: ignore[arg-type]  # as much of the vault as is asked
    trail.prepare(COMPLIANCE)
    vault.error = Retryable("away")
    for _ in range(3):
        trail.prepare(COMPLIANCE)
    assert vault.asked == 2  # one that hangs isn't waited for at each act
    clock.seconds = 3_601.0
    with pytest.raises(Retryable):
        trail.prepare(COMPLIANCE)
    vault.error = None
    trail.prepare(COMPLIANCE)
    vault.error = Refused("vault.not-admitted", "dismissed")
    with pytest.raises(Refused):
        trail.prepare(COMPLIANCE)
    vault.error = Retryable("away")
    with pytest.raises(Retryable):
        site.write(trail, COMPLIANCE)


def test_a_vault_that_starts_dismisses_whom_it_dismissed_itself_and_believes_no_other_s_word(site: Site) -> None:
    trail = site.admit("van-2")
    site.admit("van-3")
    site.write(trail)
    site.machines.dismiss("van-2", COMPLIANCE)
    register = site.core.keystore.folder / "machines.json"
    for rule, subject in (("vault.admit-machine", "machine:van-2"), ("vault.dismiss-machine", "machine:van-3")):
        record(site.engine, trail, AuditEvent(Verb.AUTHORISE, SystemActor.RECORDER, "", subject, rule))
    document = json.loads(register.read_text())
    for each in document["machines"]:
        each["dismissed_ns"] = None  # as if the disk had refused it
    register.write_text(json.dumps(document))
    _, machines = build_identities(site.core, site.folder / "again", 1.0, site.clock)
    assert [each.is_admitted for each in machines.list()] == [True, True]
    machines.dismiss_again(entries_of_vault(site.engine, site.core.writers, Verb.AUTHORISE))

    assert [(each.name, each.is_admitted) for each in machines.list()] == [("van-2", False), ("van-3", True)]


def test_an_entry_of_the_vault_that_somebody_changed_is_none_of_its_any_more(site: Site) -> None:
    site.admit("van-2")
    assert len(entries_of_vault(site.engine, site.core.writers, Verb.AUTHORISE)) == 1
    with overwriting(site.engine) as session:
        session.execute(text("UPDATE audit_entry SET body = replace(body, 'admit', 'dismiss')"))

    assert entries_of_vault(site.engine, site.core.writers, Verb.AUTHORISE) == ()
