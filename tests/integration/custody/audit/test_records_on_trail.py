"""A record counts with its entry on the audit trail: what somebody wrote past the platform is found and named."""

from __future__ import annotations

from pathlib import Path
from uuid import UUID, uuid4

import pytest
from sqlalchemy import Engine
from sqlmodel import col, delete, select

from lfr_core.alerts.decisions import DecisionService
from lfr_core.alerts.expiry import expire_alerts
from lfr_core.common.clock import SystemClock
from lfr_core.common.errors import Fatal, Refused
from lfr_core.custody.audit.port import AuditEvent, Verb
from lfr_core.custody.audit.trail import AuditTrail
from lfr_core.custody.audit.vault_records import TrailRecords
from lfr_core.custody.people.sign_on import SignOns
from lfr_core.custody.vault.writer_keys import WriterKeys
from lfr_core.deployments.monitoring.store import LiveProbeKind, begin_live_probe
from lfr_core.deployments.vault_records import VaultRecords
from lfr_core.domain.actors import SystemActor
from lfr_core.domain.alerts import Judgement
from lfr_core.domain.deployments import DeploymentStatus
from lfr_core.domain.messages import LiveProbeResult
from lfr_core.retention.footage.hold_writer import HoldWriter
from lfr_core.retention.footage.holds import HoldGround, HoldRequest
from lfr_core.storage.engine import writing
from lfr_core.storage.recorded import RECORDED, text_of
from lfr_core.storage.tables.alerts import (
    AlertReferenceRow,
    AlertRow,
    AlertStubRow,
    SightingRow,
    digest_stubs,
)
from lfr_core.storage.tables.deployments import DeploymentRow
from lfr_core.storage.tables.footage import FootageHoldSegmentRow
from lfr_core.storage.tables.people import PersonRoleRow, PersonRow
from lfr_core.storage.tables.publication import (
    PublishedRecordRow,
)
from tests.support.edited_records import (
    EDITS,
    EVE,
    NOW,
    differences,
    overwritten,
    put_on_trail,
    rows_of_requests_and_results,
    segment,
)
from tests.support.overwriting import overwriting
from tests.support.people import authenticated
from tests.support.planning import OFFICER, PlanningHarness
from tests.support.records import NOW_NS, ManualClock, live_deployment, recorder_of, sighting, store_of
from tests.support.shown_pictures import seen
from tests.support.vaults import trail_of, vault_of


def answered_live_probe(engine: Engine) -> UUID:
    """One that every recogniser has answered well."""
    probe = uuid4()
    with writing(engine) as session:
        key = trail_of(engine).records_key()
        begin_live_probe(session, key, probe, "dep", LiveProbeKind.LIVE_PROBE, ["north"], NOW_NS, ["n"])
    result = LiveProbeResult(
        id=probe, deployment="dep", part=0, sent_ns=NOW_NS, reported_ns=NOW_NS, similarity=0.99, nonce="n"
    )
    assert recorder_of(engine).record_live_probe_results([result]) == ()
    return probe


@pytest.fixture
def lived(engine: Engine, tmp_path: Path) -> Engine:
    """Records with a deployment that is live, one that is planned, a decided alert, a hold and a publication."""
    live_deployment(engine)
    harness = PlanningHarness.on(engine, tmp_path)
    put_on_trail(engine, trail_of(engine))
    harness.walk(DeploymentStatus.READY, "market")
    answered_live_probe(engine)
    (alert,) = recorder_of(engine).record_sightings([sighting(0.0, vault=vault_of(engine))]).opened
    better = sighting(1.0, similarity=0.9, probe=b"better", vault=vault_of(engine))
    recorder_of(engine).record_sightings([better])
    SignOns(engine, trail_of(engine), harness.clock).sign_on("dep", authenticated("Olu Operator"))
    decisions = DecisionService(engine, trail_of(engine), harness.clock)
    decisions.judge(alert, Judgement.SAME, authenticated("Olu Operator"), shown=seen(engine, alert))
    trail = trail_of(engine)
    trail.prepare(OFFICER)
    with writing(engine) as session:
        session.add_all([segment(), segment("segment-2", "key-2")])
        session.flush()
        request = HoldRequest(("segment-1",), HoldGround.COMPLAINT, "C/1", NOW.date())
        HoldWriter(session, trail, "dep").place(request, by=OFFICER, id="hold-1", at=NOW, rule="footage.hold.complaint")
        session.add(
            PublishedRecordRow(
                deployment="dep", revision=1, published_at=NOW, published_by="Una Publisher", body="{}", sha256="0" * 64
            )
        )
        for row in rows_of_requests_and_results():
            session.add(row)
            session.flush()
        event = AuditEvent(Verb.DISCLOSE, SystemActor.VAULT, "dep", "record:dep", "record.published")
        trail.append(session, event)  # of records that no one person changes
    return engine


def test_an_answer_that_is_undone_and_given_again_differs_from_nothing(engine: Engine, tmp_path: Path) -> None:
    live_deployment(engine)
    harness = PlanningHarness.on(engine, tmp_path)
    put_on_trail(engine, trail_of(engine))
    (alert,) = recorder_of(engine).record_sightings([sighting(0.0, vault=vault_of(engine))]).opened
    olu = authenticated("Olu Operator")
    SignOns(engine, trail_of(engine), harness.clock).sign_on("dep", olu)
    decisions = DecisionService(engine, trail_of(engine), harness.clock)
    for _ in range(2):
        decisions.judge(alert, Judgement.SAME, olu, shown=seen(engine, alert))
        assert differences(engine) == ()
        decisions.undo(alert, Judgement.SAME, olu)
        assert differences(engine) == ()


def test_nothing_differs_after_a_life_of_records_on_either_database(lived: Engine) -> None:
    assert differences(lived) == ()


def test_each_edit_of_any_table_is_found_and_named(lived: Engine) -> None:
    missed = []
    for what, (name, edit) in EDITS.items():
        with overwritten(lived, edit) as found:
            if not any(each.startswith(name) for each in found):
                missed.append((what, found))

    assert not missed
    edited = {name.partition("/")[0].removesuffix("_opened") for name, _ in EDITS.values()}
    assert edited == {kind.__tablename__ for kind in RECORDED}, "a table of which no edit is tried"
    assert differences(lived) == ()


def at(engine: Engine, time_ns: int) -> AuditTrail:
    """The trail at a later time: when alerts are due."""
    return AuditTrail(vault_of(engine), ManualClock(time_ns))


def trail_records(engine: Engine, folder: Path) -> TrailRecords:
    clock = SystemClock()
    return TrailRecords(engine, WriterKeys(vault_of(engine).seed, clock), b"", clock, folder)


def test_a_column_that_a_later_version_adds_changes_no_digest_of_before() -> None:
    row = PersonRoleRow(person=1, role="planner", since=NOW)
    later = PersonRow(id=1, folded="x", name="X", rank="constable", added_at=NOW, added_by="y")

    assert (
        text_of(row)
        == '["person_role/1/planner",{"person":1,"role":"planner","since":"2026-11-23T12:00:00.000000+00:00"}]'
    )
    assert "revoked" not in text_of(later)  # as added with the default that every row of before has
    later.revoked_why = "left"
    assert '"revoked_why":"left"' in text_of(later)


def test_who_changes_a_record_that_was_written_in_does_not_make_it_count(lived: Engine) -> None:
    with overwriting(lived) as session:
        session.get_one(DeploymentRow, "dep").threshold = 0.05
    store = store_of(lived)
    store.suspend("dep", "a look", by=SystemActor.LFR)
    store.resume("dep", by=SystemActor.LFR)

    (difference,) = differences(lived)
    assert difference.startswith("deployment/dep isn't what entry")


def test_a_hold_that_covers_more_than_its_entry_holds_nothing(lived: Engine, tmp_path: Path) -> None:
    log = VaultRecords(lived, SystemClock())
    log.records = trail_records(lived, tmp_path)
    assert log.held_segments() == {"segment-1"}

    with overwriting(lived) as session:
        session.add(FootageHoldSegmentRow(hold="hold-1", segment="segment-2"))

    assert log.held_segments(whole=False) == frozenset()
    with pytest.raises(Refused, match="holds on footage"):  # what it covered can't be told: nothing is let go of
        log.held_segments()


def test_code_that_changes_a_record_without_an_entry_changes_nothing(engine: Engine) -> None:
    live_deployment(engine)

    with pytest.raises(Fatal, match="deployment would change without an entry"), writing(engine) as session:
        session.get_one(DeploymentRow, "dep").threshold = 0.1

    with pytest.raises(Fatal, match="person would change without an entry"), writing(engine) as session:
        session.add(PersonRow(folded="eve", name=EVE, rank="superintendent", added_at=NOW, added_by="x"))
    assert differences(engine) == ()


def test_an_alert_that_is_removed_before_it_is_due_is_found_and_one_that_expires_is_not(engine: Engine) -> None:
    live_deployment(engine)
    put_on_trail(engine, trail_of(engine))
    recorder = recorder_of(engine)
    (removed,) = recorder.record_sightings([sighting(0.0, vault=vault_of(engine))]).opened
    recorder.record_sightings([sighting(9_000.0, vault=vault_of(engine))])
    with overwriting(engine) as session:
        session.execute(delete(SightingRow).where(col(SightingRow.alert) == removed))
        session.execute(delete(AlertReferenceRow).where(col(AlertReferenceRow.alert) == removed))
        session.execute(delete(AlertRow).where(col(AlertRow.id) == removed))

    (difference,) = differences(engine)
    assert difference.startswith(f"alert/{removed}, opened by entry")
    expire_alerts(engine, vault_of(engine), at(engine, NOW_NS + 10**16), now_ns=NOW_NS + 10**16, retention_h=1)
    assert len(differences(engine)) == 1


def test_what_stays_of_alerts_has_one_digest_as_it_is_made_and_as_it_is_read(engine: Engine) -> None:
    live_deployment(engine)
    ids = uuid4(), uuid4()
    made = digest_stubs(AlertStubRow(id=each, deployment="dep", category="blue_list", similarity=0.7) for each in ids)
    with overwriting(engine) as session:
        session.add_all([AlertStubRow(id=each, deployment="dep", category="blue_list", similarity=0.7) for each in ids])

    with overwriting(engine) as session:
        assert digest_stubs(session.exec(select(AlertStubRow)).all()) == made


def test_what_stays_of_alerts_cannot_be_changed_removed_or_added_to_unseen(engine: Engine) -> None:
    live_deployment(engine)
    put_on_trail(engine, trail_of(engine))
    recorder = recorder_of(engine)
    for at_s in (0.0, 3_000.0):  # two, which are written as they are made and compared as they are read
        recorder.record_sightings([sighting(at_s, vault=vault_of(engine))])
    expire_alerts(engine, vault_of(engine), at(engine, NOW_NS + 10**15), now_ns=NOW_NS + 10**15, retention_h=1)
    assert differences(engine) == ()
    with overwriting(engine) as session:
        whole, other = (row.model_dump() for row in session.exec(select(AlertStubRow)).all())
    others = {
        "changed": [{**whole, "judgement": "same"}, other],
        "removed": [other],
        "added to": [whole, other, {**whole, "id": uuid4()}],
    }

    for rows in others.values():
        with overwriting(engine) as session:
            session.execute(delete(AlertStubRow))
            session.add_all([AlertStubRow(**row) for row in rows])
        (difference,) = differences(engine)
        assert difference.startswith("alert_stub of dep: they aren't what")

    recorder.record_sightings([sighting(9_000.0, vault=vault_of(engine))])  # over what was added, which doesn't count
    expire_alerts(engine, vault_of(engine), at(engine, NOW_NS + 10**16), now_ns=NOW_NS + 10**16, retention_h=1)
    assert any(each.startswith("alert_stub of dep") for each in differences(engine))
