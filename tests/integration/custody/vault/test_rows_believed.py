"""The gate, holds and signatures go by no row that somebody wrote in, also of those that have no entry of their own."""

from __future__ import annotations

import time
from collections.abc import Iterator
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from uuid import uuid4

import pytest
from sqlmodel import delete, select, update

from lfr_core.common.clock import SystemClock, utc_from_ns
from lfr_core.common.errors import Refused
from lfr_core.custody.audit.entry import record_digest
from lfr_core.custody.audit.port import AuditEvent, Verb
from lfr_core.custody.audit.read import snapshot
from lfr_core.custody.audit.recorded_state import OPENED
from lfr_core.custody.audit.row_seals import seal_row, text_of_values
from lfr_core.custody.audit.trail import AuditTrail
from lfr_core.custody.people.sign_on import SignOns
from lfr_core.custody.vault.lending import FACTS_MAX_AGE_S
from lfr_core.custody.vault.port import ErasureRule, KeptKeyInfo, KeyKind
from lfr_core.custody.vault.writer_keys import Writer
from lfr_core.deployments.attendance import Attendance
from lfr_core.deployments.gallery_binding import list_digest
from lfr_core.deployments.monitoring.gallery import _records_differ
from lfr_core.domain.actors import SPEAKS_FOR_PEOPLE, ProcessIdentity, SystemActor, fold_name
from lfr_core.domain.signatures import SignatureKind
from lfr_core.retention.footage.expiry import expire_segments
from lfr_core.retention.footage.hold_reconciliation import reconcile_holds
from lfr_core.retention.footage.hold_writer import HoldWriter
from lfr_core.retention.footage.holds import HoldGround, HoldRequest
from lfr_core.retention.footage.segment import SUFFIX
from lfr_core.storage.engine import writing
from lfr_core.storage.recorded import sealed_text_of
from lfr_core.storage.tables.alerts import AlertRow
from lfr_core.storage.tables.deployments import DeploymentRow
from lfr_core.storage.tables.documents import ComplianceDocumentRow
from lfr_core.storage.tables.footage import FootageSegmentRow
from lfr_core.storage.tables.monitoring import LiveProbeRow
from lfr_core.storage.tables.people import PersonRow, SignOnRow
from lfr_core.storage.tables.vault import AttendanceRow, InstallationRow
from lfr_core.storage.tables.watchlists import WatchlistEntryRow
from tests.support.believed_home import EVE, Home, believed_home, film, insert_officer, live_trial, restart, segment_of
from tests.support.overwriting import overwriting
from tests.support.people import authenticated
from tests.support.planning import OFFICER, OPERATOR


@pytest.fixture
def home(tmp_path: Path) -> Iterator[Home]:
    with believed_home(tmp_path) as home:
        yield home


def hold_segment(home: Home) -> KeptKeyInfo:
    """The key of footage that a recorded hold covers."""
    live_trial(home)
    key = film(home)
    now, trail = utc_from_ns(SystemClock().time_ns()), home.planning.trail
    trail.prepare(OFFICER)
    with writing(home.engine) as session:
        session.add(segment_of(key))
        session.flush()
        request = HoldRequest(("segment-1",), HoldGround.COMPLAINT, "C/1", now.date())
        HoldWriter(session, trail, "trial").place(request, by=OFFICER, id="hold-1", at=now, rule="footage.hold")
    return key


@pytest.mark.fault("keystore and head put back")
def test_a_keystore_of_before_a_hold_holds_that_footage_again_before_the_first_sweep(home: Home) -> None:
    key = hold_segment(home)  # the keystore hasn't been told of the hold, as a copy from before it
    assert [info.held for info in home.core.kept(KeyKind.FOOTAGE)] == [False]

    restart(home)

    assert [(info.id, info.held) for info in home.core.kept(KeyKind.FOOTAGE)] == [(key.id, True)]


def test_held_footage_stays_held_though_its_row_names_another_key(home: Home) -> None:
    key = hold_segment(home)
    due_ns = SystemClock().time_ns() + 10**12
    other = home.core.make_key(
        KeyKind.FOOTAGE, "trial", "segment-2", due_ns, actor=SystemActor.CAMERA, camera="cam"
    ).info
    with overwriting(home.engine) as session:
        session.get_one(FootageSegmentRow, "segment-1").key_id = other.id

    found = reconcile_holds(home.engine, home.vault)

    assert found.held == ("segment-1",)
    assert {info.id: info.held for info in home.core.kept(KeyKind.FOOTAGE)} == {key.id: True, other.id: False}
    assert home.rule(lambda: home.vault.hold([other.id], held=True)) == "vault.no-hold"
    assert home.rule(lambda: home.vault.hold([key.id], held=False)) == "vault.hold-recorded"


@pytest.mark.parametrize("column", ["due_ns", "purged_ns"])
def test_footage_that_its_row_calls_due_or_destroyed_is_not_destroyed_before_its_time(home: Home, column: str) -> None:
    live_trial(home)
    key = film(home)
    file = home.settings.home / f"{key.subject}{SUFFIX}"
    file.write_bytes(b"sealed")
    with overwriting(home.engine) as session:
        session.add(segment_of(key))
        session.flush()
        setattr(session.get_one(FootageSegmentRow, "segment-1"), column, 1)

    gone = expire_segments(
        home.engine, home.settings.home, home.vault, home.planning.trail, now_ns=SystemClock().time_ns()
    )

    assert gone == ()
    assert file.exists()
    assert home.core.kept(KeyKind.FOOTAGE) == (key,)
    assert home.rule(lambda: home.vault.destroy([key.id], rule=ErasureRule.FOOTAGE_DUE)) == "vault.not-due"


def test_attendance_that_somebody_wrote_in_opens_no_gate(home: Home) -> None:
    live_trial(home)
    assert home.vault.check_gate("trial") > 0
    facts = home.core.people.facts  # type: ignore[attr-defined]  # the vault's look at the records is all three
    now_ns = SystemClock().time_ns()
    with overwriting(home.engine) as session:
        seen = session.exec(select(AttendanceRow)).one().model_dump()
    text = text_of_values("attendance", "trial", fold_name(OPERATOR), now_ns + 10**9)
    pages = AuditTrail(home.vault.process(ProcessIdentity.PAGES), SystemClock())
    of_nobody, of_another = pages.seal(text), pages.seal(text, "Pat Planner")
    seals = {
        "unsealed": {"writer": "", "seal": ""},
        "of another moment": {},
        "of another operator": {"operator": EVE},
        "by the process alone": dict(zip(("writer", "seal"), of_nobody, strict=True)),
        "by somebody else": dict(zip(("writer", "seal"), of_another, strict=True)),
    }

    for written in seals.values():
        with overwriting(home.engine) as session:
            session.execute(delete(AttendanceRow))
            session.add(AttendanceRow(**{**seen, "last_ns": now_ns + 10**9, **written}))

        assert facts("trial").attended_ns is None
    time.sleep(FACTS_MAX_AGE_S + 0.1)
    assert home.rule(lambda: home.vault.check_gate("trial")) == "gate.operator-attending"
    Attendance(home.engine, home.planning.trail, SystemClock()).record_heartbeat("trial", authenticated(OPERATOR))
    time.sleep(FACTS_MAX_AGE_S + 0.1)
    assert home.vault.check_gate("trial") > 0


def test_a_self_test_that_somebody_wrote_in_proves_nothing(home: Home) -> None:
    home.planning.plan()
    facts = home.core.people.facts  # type: ignore[attr-defined]  # the vault's look at the records is all three
    now_ns = SystemClock().time_ns()
    with overwriting(home.engine) as session:
        session.add(LiveProbeRow(id=uuid4(), deployment="dep", kind="self-test", sent_ns=now_ns, green_ns=now_ns))
    assert facts("dep").planned.proven_ns is None

    home.planning.prove()

    proven_ns = facts("dep").planned.proven_ns
    assert proven_ns is not None
    with overwriting(home.engine) as session:
        for row in session.exec(select(LiveProbeRow)):
            row.sent_ns += 60 * 10**9
    assert facts("dep").planned.proven_ns is None


def test_no_seal_of_another_process_or_of_the_day_before_yesterday_counts(home: Home) -> None:
    records = home.core.people.records  # type: ignore[attr-defined]  # as above
    writer, seal = AuditTrail(home.vault.process(ProcessIdentity.RECORD), SystemClock()).seal("a row")

    assert records.is_sealed("a row", writer, seal, {ProcessIdentity.RECORD})
    assert not records.is_sealed("a row", writer, seal, SPEAKS_FOR_PEOPLE)
    assert not records.is_sealed("another row", writer, seal, {ProcessIdentity.RECORD})
    parsed = Writer.parse(writer)
    assert parsed is not None
    old = replace(parsed, day=parsed.day - 2)
    kept = seal_row(home.core.writers.key_of(old, seq=1, since_day=0), "a row")
    assert not records.is_sealed("a row", str(old), kept, {ProcessIdentity.RECORD})
    assert not records.is_sealed("a row", "", "", {ProcessIdentity.RECORD})


def test_a_trials_list_that_was_written_in_is_found_by_the_watch_over_the_gallery(home: Home) -> None:
    live_trial(home)
    with snapshot(home.engine) as session:
        row = session.get_one(DeploymentRow, "trial")
        assert list_digest(session, row) == row.list_digest
        assert _records_differ(session, row) == ""
    with overwriting(home.engine) as session:
        session.exec(select(WatchlistEntryRow)).one().subject = EVE

    with snapshot(home.engine) as session:
        found = _records_differ(session, session.get_one(DeploymentRow, "trial"))

    assert found == "the list in the records isn't the one that was approved"


def test_no_site_is_signed_though_somebody_empties_what_the_vault_wrote_of_differences(home: Home) -> None:
    insert_officer(home.engine)
    compare = restart(home)
    assert compare()
    with overwriting(home.engine) as session:
        session.execute(update(InstallationRow).values(records_why=""))

    with pytest.raises(Refused, match="has no entry on the audit trail"):
        home.core.sign(SignatureKind.SITE, b"{}")


def test_a_document_that_somebody_put_in_date_opens_no_gate(home: Home) -> None:
    home.planning.plan()
    facts = home.core.people.facts  # type: ignore[attr-defined]  # the vault's look at the records is all three
    assert facts("dep").records_why == ""
    with overwriting(home.engine) as session:
        document = session.exec(select(ComplianceDocumentRow)).first()
        assert document is not None
        document.review_by += timedelta(days=400)

    assert "paper/" in facts("dep").records_why


def test_rows_of_a_table_that_a_later_version_records_are_put_on_the_trail_once(home: Home) -> None:
    (home.settings.keystore_folder / "records-adopted").write_text("")  # as the first version that recorded any left it
    with overwriting(home.engine) as session:
        document = session.exec(select(ComplianceDocumentRow)).first()
        assert document is not None
        session.add(ComplianceDocumentRow(**{**document.model_dump(), "id": None, "version": "9"}))
        session.add(PersonRow(folded="mal", name="Mal", rank="constable", added_at=utc_from_ns(1), added_by="x"))

    compare = restart(home)

    (difference,) = compare()
    assert difference.startswith("person/")
    with overwriting(home.engine) as session:
        session.add(ComplianceDocumentRow(**{**document.model_dump(), "id": None, "version": "10"}))
    assert sum("no entry on the audit trail" in each for each in restart(home)()) == 2


def test_an_operator_who_signed_on_in_the_database_alone_is_lent_no_alerts_key(home: Home) -> None:
    live_trial(home)
    due_ns = SystemClock().time_ns() + 10**12
    key = home.core.make_key(KeyKind.ALERT, "trial", str(uuid4()), due_ns, actor=SystemActor.RECORDER).info.id
    now = utc_from_ns(SystemClock().time_ns())
    with overwriting(home.engine) as session:
        person = session.exec(select(PersonRow).where(PersonRow.name == OPERATOR)).one()
        session.add(SignOnRow(deployment="trial", person=person.id or 0, since=now))

    assert home.rule(lambda: home.vault.open_kept(key, actor=OPERATOR, purpose="to look")) == "records.not-on-trail"
    with overwriting(home.engine) as session:
        session.execute(delete(SignOnRow))
    SignOns(home.engine, home.planning.trail, SystemClock()).sign_on("trial", authenticated(OPERATOR))
    assert home.rule(lambda: home.vault.open_kept(key, actor=OPERATOR, purpose="to look")) == ""


@pytest.mark.parametrize(
    "change", [{"subject": "another"}, {"opened_ns": 1}, {"camera": "school"}, {"similarity": 0.99}]
)
def test_nobody_is_lent_the_key_of_an_alert_that_somebody_made_one_of_another_person_time_or_place(
    home: Home, change: dict[str, object]
) -> None:
    live_trial(home)
    trail, id_ = AuditTrail(home.core, SystemClock()), uuid4()
    due_ns = SystemClock().time_ns() + 10**12
    key = home.core.make_key(KeyKind.ALERT, "trial", str(id_), due_ns, actor=SystemActor.RECORDER).info.id
    SignOns(home.engine, home.planning.trail, SystemClock()).sign_on("trial", authenticated(OPERATOR))
    trail.prepare(SystemActor.RECORDER)
    alert = AlertRow(
        id=id_, deployment="trial", camera="north", entry="e", subject="S-1", category="victim", legal_reference="-",
        opened_ns=2, first_ns=2, last_ns=2, first_session="s", first_sequence=0, last_session="s", last_sequence=0,
        similarity=0.6, threshold=0.45, sightings=1, probe_sealed=b"", key_id=key,
    )  # fmt: skip
    alert.state_digest = record_digest(trail.records_key(), sealed_text_of(alert))
    with writing(home.engine) as session:
        session.add(alert)
        trail.append(session, AuditEvent(Verb.COLLECT, SystemActor.RECORDER, "trial", f"alert:{id_}", OPENED))

    assert home.rule(lambda: home.vault.open_kept(key, actor=OPERATOR, purpose="to look")) == ""
    with overwriting(home.engine) as session:
        session.execute(update(AlertRow).values(**change))

    assert home.rule(lambda: home.vault.open_kept(key, actor=OPERATOR, purpose="to look")) == "records.not-on-trail"
