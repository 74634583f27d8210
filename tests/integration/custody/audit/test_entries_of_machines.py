"""What another machine wrote on the audit trail is signed up to its dismissal, and no further."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest
from sqlalchemy import text

from lfr_core.common.clock import SystemClock
from lfr_core.common.errors import LfrError, Refused, Retryable
from lfr_core.custody.audit.port import AuditEvent, Verb
from lfr_core.custody.audit.trail import AuditTrail
from lfr_core.custody.audit.vault_records import note_unnamed_writers
from lfr_core.custody.vault.port import WriterKey
from lfr_core.custody.vault.process_identity import VERBS
from lfr_core.custody.vault.record_keys import day_of
from lfr_core.custody.vault.writer_keys import WRITER_LEASE_S, Writer
from lfr_core.domain.actors import PROCESSES_OF, SPEAKS_FOR_PEOPLE, Principal, ProcessIdentity, SystemActor
from lfr_core.storage.engine import writing
from tests.support.machine_site import COMPLIANCE, RECORD, Kept, Shifted, Site, machine_site
from tests.support.overwriting import overwriting
from tests.support.records import ManualClock

DAY_S = 86_400


@pytest.fixture
def site(tmp_path: Path) -> Iterator[Site]:
    with machine_site(tmp_path) as site:
        yield site


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


@pytest.mark.parametrize(
    "actor", ["Sue Superintendent", *(each for each in SystemActor if each is not SystemActor.RECORDER)], ids=str
)
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

        def writer_key(self, name: str, person: str = "") -> object:
            self.asked += 1
            if self.error is not None:
                raise self.error
            return site.core.writers.writer_key(name, self.identity, person)

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


class _OfAnEarlierVersion:
    """The vault as it lent keys before it asked for logins: to a process, whoever it writes of."""

    def __init__(self, site: Site) -> None:
        self._site, self.identity = site, ProcessIdentity.COMMANDS

    def pseudonym(self, name: str) -> str:
        return self._site.core.pseudonym(name)

    def writer_key(self, name: str, person: str = "") -> WriterKey:
        writers, at_ns = self._site.core.writers, self._site.clock.time_ns()
        writer = Writer(self.identity, "", "", day_of(at_ns), name, None)
        key = writers.key_of(writer, seq=1, since_day=0)
        return WriterKey(str(writer), key, WRITER_LEASE_S, at_ns, writers.records_key)


def test_keys_of_before_logins_were_asked_for_count_up_to_the_newest_entry_of_then(site: Site) -> None:
    earlier, keystore = AuditTrail(_OfAnEarlierVersion(site), site.clock), site.core.keystore.folder
    writer = str(Writer(ProcessIdentity.COMMANDS, "", "", 20_000, "0f" * 16, None))
    assert writer == f"commands:::20000:{'0f' * 16}"  # as entries of before have it
    assert str(Writer.parse(writer)) == writer
    newest = site.write(earlier, COMPLIANCE)
    for file in keystore.glob("writers-unnamed-until"):  # a home of an earlier version
        file.unlink()
    site.core.writers.unnamed_until = note_unnamed_writers(site.engine, keystore)
    assert site.sign() == newest

    assert site.write(earlier, SystemActor.ERASURE) == site.sign()  # a part's, whose process is known
    site.write(earlier, COMPLIANCE)
    assert "earlier version" in site.refused()
    site.core.writers.unnamed_until = note_unnamed_writers(site.engine, keystore)  # at the next start
    assert "earlier version" in site.refused()
    site.forget_newest()
    assert site.write(AuditTrail(site.core, site.clock), COMPLIANCE) == site.sign()


def test_a_key_that_was_lent_for_a_person_seals_no_entry_of_another_or_of_the_platform(site: Site) -> None:
    class Lent(_OfAnEarlierVersion):
        def writer_key(self, name: str, person: str = "") -> WriterKey:
            return site.core.writers.writer_key(name, self.identity, "Somebody Else")

    for actor in (COMPLIANCE, SystemActor.ERASURE):
        site.write(AuditTrail(Lent(site), site.clock), actor)
        assert "another's login" in site.refused()
        site.forget_newest()


def test_a_persons_key_is_asked_for_with_their_act_and_kept_for_its_entries(site: Site) -> None:
    class Counting(_OfAnEarlierVersion):
        asked: tuple[str, ...] = ()

        def writer_key(self, name: str, person: str = "") -> WriterKey:
            self.asked += (person,)
            return site.core.writers.writer_key(name, self.identity, person)

    vault = Counting(site)
    trail = AuditTrail(vault, site.clock)
    trail.prepare(COMPLIANCE)
    trail.prepare(SystemActor.ERASURE)
    with writing(site.engine) as session:
        for actor in (COMPLIANCE, SystemActor.ERASURE, COMPLIANCE):
            trail.append(session, AuditEvent(Verb.ALTER, actor, "", "alert:1", "of-a-test"))
    assert trail.records_key() == site.core.writers.records_key
    assert vault.asked == (COMPLIANCE, "")
    site.sign()
