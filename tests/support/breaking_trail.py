"""Breaks promises of the audit trail and of certificates of erasure, in the real state."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from sqlalchemy import update
from sqlmodel import col

from lfr_core.common.errors import Refused
from lfr_core.custody.audit.port import AuditEvent, Verb
from lfr_core.custody.audit.trail import AuditTrail, record
from lfr_core.domain.actors import SystemActor
from lfr_core.domain.deployments import DeploymentKind
from lfr_core.storage.tables.audit import AuditEntryRow
from lfr_core.storage.tables.erasure import CanaryRow, CertificateRow
from tests.support.breaking_promises import breaks
from tests.support.galleries import held_by
from tests.support.overwriting import overwriting
from tests.support.promise_harness import DAY_S, LATE_S, PromiseHarness
from tests.support.records import as_operational, entry
from tests.support.vaults import MemoryVault

__all__: list[str] = []


@breaks("audit.verifies")
def an_entry_of_the_trail_was_changed(harness: PromiseHarness) -> Iterator[None]:
    harness.sign_trail()
    yield
    changed = update(AuditEntryRow).where(col(AuditEntryRow.seq) == 2).values(body="{}")
    with overwriting(harness.engine) as session:
        session.execute(changed)


@breaks("audit.verifies")
def an_entry_was_added_by_hand_with_its_hashes_worked_out(harness: PromiseHarness) -> Iterator[None]:
    harness.sign_trail()
    yield
    forger = AuditTrail(MemoryVault(b"a forger who knows how OpenLFR works"), harness.clock)
    record(harness.engine, forger, AuditEvent(Verb.ERASE, SystemActor.RETENTION, "", "broker:old", "a forgery"))
    with pytest.raises(Refused, match="entry"):
        harness.sign_trail()
    harness.clock.advance(61)


@breaks("audit.verifies")
def the_newest_entries_of_the_trail_are_gone(harness: PromiseHarness) -> Iterator[None]:
    harness.sign_trail()
    yield
    database = harness.sqlite()
    database.execute("DELETE FROM audit_entry WHERE seq > 1")
    database.execute("DELETE FROM audit_head")
    database.commit()
    database.close()


@breaks("audit.verifies")
def nobody_signs_the_trail_any_more(harness: PromiseHarness) -> Iterator[None]:
    harness.sign_trail()
    yield
    harness.alert()
    harness.clock.advance(61)


@breaks("deletion.certified")
def a_certificate_was_edited(harness: PromiseHarness) -> Iterator[None]:
    harness.certify()
    yield
    with overwriting(harness.engine) as session:
        session.execute(update(CertificateRow).values(body="{}"))


@breaks("deletion.certified")
def the_last_search_found_something(harness: PromiseHarness) -> Iterator[None]:
    harness.certify()
    yield
    harness.certify(failures=("a canary was found",))


@breaks("deletion.certified")
def of_an_operational_deployment_nothing_was_proved(harness: PromiseHarness) -> Iterator[None]:
    harness.certify()
    harness.deployments.create("second", DeploymentKind.DEMO, name="Second")
    harness.deployments.attach_watchlist("second", "contract", "gallery_second", (entry(),), held=held_by((entry(),)))
    harness.deployments.open("second")
    yield
    as_operational(harness.engine, "second")
    harness.deployments.close("second")
    harness.clock.advance(DAY_S + LATE_S)


@breaks("deletion.certified")
def an_ended_deployment_has_no_certificate(harness: PromiseHarness) -> Iterator[None]:
    harness.certify()
    harness.deployments.create("second", DeploymentKind.DEMO, name="Second")
    yield
    harness.deployments.close("second")
    with overwriting(harness.engine) as session:
        session.add(
            CanaryRow(
                id="c",
                deployment="second",
                kind="reference",
                store="database",
                planted_ns=1,
                clear_digest="00",
                stored_digest="00",
            )
        )
    harness.clock.advance(DAY_S + LATE_S)
