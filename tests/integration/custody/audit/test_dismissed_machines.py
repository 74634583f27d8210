"""What a machine wrote before its dismissal is signed, and what it writes afterwards never is."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path

import pytest
from sqlalchemy import text

from apps.vault.process import build_identities
from lfr_core.common.errors import LfrError, Refused, Retryable
from lfr_core.custody.audit.heads import read_vault_entries
from lfr_core.custody.audit.port import AuditEvent, Verb
from lfr_core.custody.audit.read import entries
from lfr_core.custody.audit.trail import AuditTrail, record
from lfr_core.domain.actors import SystemActor
from tests.support.machine_site import COMPLIANCE, Site, machine_site
from tests.support.overwriting import overwriting

DAY_S = 86_400


@pytest.fixture
def site(tmp_path: Path) -> Iterator[Site]:
    with machine_site(tmp_path) as site:
        yield site


def test_what_a_machine_wrote_before_its_dismissal_is_signed_and_what_it_writes_afterwards_never_is(site: Site) -> None:
    trail = site.admit("van-2")
    before = site.write(trail)
    site.machines.dismiss("van-2", COMPLIANCE)

    assert site.sign() == before + 1  # and the dismissal after it
    site.write(trail)
    assert "van-2" in site.refused()
    assert [each.rule for each in entries(site.engine)][-2:] == ["vault.dismiss-machine", "alert.of-a-test"]


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
        honest.append(session, AuditEvent(Verb.COLLECT, SystemActor.RECORDER, "d", "alert:1", "alert.of-a-test"))
    site.sign()

    site.clock.seconds = DAY_S - 100.0
    honest = AuditTrail(new._vault, site.clock)
    honest.prepare(SystemActor.RECORDER)
    site.clock.seconds = DAY_S + 10.0
    site.sign()
    with overwriting(site.engine) as session:
        honest.append(session, AuditEvent(Verb.COLLECT, SystemActor.RECORDER, "d", "alert:2", "alert.of-a-test"))
    site.sign()
    with pytest.raises(LfrError):  # on the connection that it has still
        honest.prepare(SystemActor.RECORDER)


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
    machines.dismiss_again(read_vault_entries(site.engine, site.core.writers, Verb.AUTHORISE))

    assert [(each.name, each.is_admitted) for each in machines.list()] == [("van-2", False), ("van-3", True)]


def test_an_entry_of_the_vault_that_somebody_changed_is_none_of_its_any_more(site: Site) -> None:
    site.admit("van-2")
    assert len(read_vault_entries(site.engine, site.core.writers, Verb.AUTHORISE)) == 1
    with overwriting(site.engine) as session:
        session.execute(text("UPDATE audit_entry SET body = replace(body, 'admit', 'dismiss')"))

    assert read_vault_entries(site.engine, site.core.writers, Verb.AUTHORISE) == ()
