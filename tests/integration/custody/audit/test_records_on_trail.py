"""A record counts with its entry on the audit trail: what somebody wrote past the platform is found and named."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any
from uuid import uuid4

import pytest
from sqlalchemy import Engine
from sqlmodel import Session, col, delete, select

from lfr_core.alerts.decisions import DecisionService
from lfr_core.alerts.expiry import expire_alerts
from lfr_core.common.clock import SystemClock, utc_from_ns
from lfr_core.common.errors import Fatal
from lfr_core.custody.audit.port import AuditEvent, Verb
from lfr_core.custody.audit.trail import AuditTrail
from lfr_core.custody.audit.vault_records import TrailRecords, append_noting
from lfr_core.custody.audit.verify import verify
from lfr_core.custody.people import Rank, Role
from lfr_core.custody.people.sign_on import SignOns
from lfr_core.custody.vault.writer_keys import WriterKeys
from lfr_core.deployments.vault_log import VaultLog
from lfr_core.domain.actors import SystemActor
from lfr_core.domain.alerts import Judgement
from lfr_core.domain.deployments import DeploymentStatus
from lfr_core.retention.footage.hold_writer import HoldWriter
from lfr_core.retention.footage.holds import HoldGround, HoldRequest
from lfr_core.storage.engine import writing
from lfr_core.storage.recorded import RECORDED, is_recorded, text_of
from lfr_core.storage.tables.alerts import (
    AlertAnswerRow,
    AlertReferenceRow,
    AlertRow,
    AlertStubRow,
    SightingRow,
    digest_stubs,
)
from lfr_core.storage.tables.deployments import ApplicationRow, AuthorityRow, DeploymentRow, PlannedDeploymentRow
from lfr_core.storage.tables.erasure import CertificateRow
from lfr_core.storage.tables.footage import FootageHoldRow, FootageHoldSegmentRow, FootageSegmentRow
from lfr_core.storage.tables.people import PersonIdentityRow, PersonRoleRow, PersonRow
from lfr_core.storage.tables.publication import (
    AnnouncementRow,
    PublishedRecordRow,
    ResultsRow,
    WatchlistCompositionRow,
)
from lfr_core.storage.tables.rights import ComplaintHoldRow, ReceiptRow, RightsRequestRow
from lfr_core.storage.tables.row import Row
from tests.support.overwriting import overwriting
from tests.support.people import authenticated
from tests.support.planning import OFFICER, PlanningHarness
from tests.support.records import NOW_NS, live_deployment, recorder_of, sighting, store_of
from tests.support.shown_pictures import seen
from tests.support.vaults import trail_of, vault_of

NOW = utc_from_ns(NOW_NS)
EVE = "Eve Insider"


def segment(id: str = "segment-1", key: str = "key-1") -> FootageSegmentRow:
    return FootageSegmentRow(
        id=id, deployment="dep", camera="north", session="s", key_id=key, key_fingerprint="f", started_ns=1, due_ns=2
    )


def put_on_trail(engine: Engine, trail: AuditTrail) -> None:
    """Name every row there is, as the vault does once in a home of before."""
    trail.prepare(SystemActor.LFR)
    with writing(engine) as session:
        rows = [row for kind in RECORDED for row in session.exec(select(kind)) if is_recorded(row)]
        append_noting(session, trail, rows, SystemActor.LFR, "records.adopted")


def differences(engine: Engine) -> tuple[str, ...]:
    trail = trail_of(engine)
    report = verify(engine, public_key=b"", checkpoint=None, records_key=trail.records_key())
    assert report.problem is None or report.problem.fault == "records-differ"
    return report.differences


@pytest.fixture
def lived(engine: Engine, tmp_path: Path) -> Engine:
    """Records with a deployment that is live, one that is planned, a decided alert, a hold and a publication."""
    live_deployment(engine)
    harness = PlanningHarness.on(engine, tmp_path)
    put_on_trail(engine, trail_of(engine))
    harness.walk(DeploymentStatus.READY, "market")
    (alert,) = recorder_of(engine).record_sightings([sighting(0.0, vault=vault_of(engine))]).opened
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
        trail.append(session, AuditEvent(Verb.DISCLOSE, OFFICER, "dep", "record:dep", "record.published"))
    return engine


def rows_of_requests_and_results() -> list[Row]:
    """A complaint with its hold and receipt, late results, a certificate, and what is said of a list."""
    complaint = RightsRequestRow(
        reference="R-1", kind="complaint", asks_listed=True, deployment="dep", received_on=NOW.date(), taken_at=NOW,
        taken_by="Una", key_id="k", asked_sealed=b"", neither_confirm_nor_deny=True,
    )  # fmt: skip
    certificate = CertificateRow(
        number=1, deployment="dep", issued_ns=1, body="{}", digest="d", signature="s", public_key="p"
    )
    return [
        complaint,
        ComplaintHoldRow(hold="hold-1", request="R-1", deployment="dep", lapses_at=NOW),
        ReceiptRow(reference="S-1", deployment="dep", minute_at=NOW, category="victim"),
        ResultsRow(deployment="dep", due_at=NOW, late_at=NOW, late_because="nobody published"),
        certificate,
        WatchlistCompositionRow(deployment="dep", category="victim", people=3, images=4),
    ]


def changed(kind: type[Row], **values: object) -> Callable[[Session], None]:
    def change(session: Session) -> None:
        row = session.exec(select(kind)).first()
        assert row is not None
        for name, value in values.items():
            setattr(row, name, value)
        session.add(row)

    return change


def gone(kind: type[Row]) -> Callable[[Session], None]:
    def remove(session: Session) -> None:
        row = session.exec(select(kind)).first()
        assert row is not None
        session.delete(row)

    return remove


def added(make: Callable[[Session], Row]) -> Callable[[Session], None]:
    return lambda session: session.add(make(session))


def complaint_gone(session: Session) -> None:
    gone(ComplaintHoldRow)(session)
    session.flush()
    gone(RightsRequestRow)(session)


def a_person(session: Session) -> int:
    return session.exec(select(PersonRow.id)).first() or 0


def another_alert(session: Session) -> AlertRow:
    alert = session.exec(select(AlertRow)).first()
    assert alert is not None
    return AlertRow(**{**alert.model_dump(exclude=set(COLUMNS_DECIDED)), "id": uuid4()})


COLUMNS_DECIDED = RECORDED[AlertRow].columns
EDITS: dict[str, tuple[str, Callable[[Session], None]]] = {
    "a person's name": ("person/", changed(PersonRow, name=EVE)),
    "a rank": ("person/", changed(PersonRow, rank=Rank.CHIEF_CONSTABLE.value)),
    "a revocation undone": ("person/", changed(PersonRow, added_at=NOW - dt.timedelta(days=1))),
    "another person": (
        "person/",
        added(lambda _: PersonRow(folded="eve", name=EVE, rank="superintendent", added_at=NOW, added_by="x")),
    ),
    "another role": (
        "person_role/",
        added(lambda s: PersonRoleRow(person=a_person(s), role=Role.TRIALS_SERVICE.value, since=NOW)),
    ),
    "a role taken": ("person_role/", gone(PersonRoleRow)),
    "a role for longer": ("person_role/", changed(PersonRoleRow, since=NOW - dt.timedelta(days=99))),
    "another account": (
        "person_identity/",
        added(
            lambda s: PersonIdentityRow(
                person=a_person(s), issuer="i", subject="s", linked_at=NOW, linked_by="x", sessions_from=NOW
            )
        ),
    ),
    "a threshold": ("deployment/", changed(DeploymentRow, threshold=0.1)),
    "a camera": ("deployment/", changed(DeploymentRow, cameras="north\nsouth\nschool")),
    "hours": ("deployment/", changed(DeploymentRow, closes_at=NOW + dt.timedelta(days=9))),
    "a gallery": ("deployment/", changed(DeploymentRow, gallery_digest="of another")),
    "an approval": ("life/", changed(PlannedDeploymentRow, approved_digest="of another")),
    "a confirmation": ("life/", changed(PlannedDeploymentRow, signage_by=EVE)),
    "an application": ("application/", changed(ApplicationRow, purpose="another")),
    "an authority's limit": ("authority/", changed(AuthorityRow, false_alerts_one_in=1)),
    "an authority gone": ("authority/", gone(AuthorityRow)),
    "a notice": ("announcement/", changed(AnnouncementRow, made_at=NOW - dt.timedelta(days=9))),
    "a hold's ground": ("footage_hold/", changed(FootageHoldRow, ground="criminal_investigation")),
    "a hold released": ("footage_hold/", changed(FootageHoldRow, released_at=NOW, released_by=EVE)),
    "when an alert was opened": ("alert_opened/", changed(AlertRow, opened_ns=1)),
    "whom an alert is of": ("alert_opened/", changed(AlertRow, subject=EVE)),
    "where an alert was": ("alert_opened/", changed(AlertRow, camera="school")),
    "an alert that nobody opened": ("alert_opened/", added(another_alert)),
    "a judgement": ("alert/", changed(AlertRow, judgement="different")),
    "who judged": ("alert/", changed(AlertRow, judged_by=EVE)),
    "an answer": ("alert_answer/", changed(AlertAnswerRow, answer="different")),
    "a publication": ("published_record/", changed(PublishedRecordRow, body='{"alerts":0}')),
    "a publication gone": ("published_record/", gone(PublishedRecordRow)),
    "an enquiry that may be answered plainly": (
        "rights_request/",
        changed(RightsRequestRow, neither_confirm_nor_deny=False, disclosure_approved_by=EVE),
    ),
    "a complaint that is answered": ("rights_request/", changed(RightsRequestRow, answered_at=NOW)),
    "a complaint gone": ("rights_request/", complaint_gone),
    "a complaint's hold that lapses": ("complaint_hold/", changed(ComplaintHoldRow, lapses_at=NOW - dt.timedelta(9))),
    "a receipt's minute": ("stop_receipt/", changed(ReceiptRow, minute_at=NOW + dt.timedelta(hours=1))),
    "a deadline": ("results/", changed(ResultsRow, due_at=NOW + dt.timedelta(days=9))),
    "late results that weren't": ("results/", changed(ResultsRow, late_at=None, late_because="")),
    "late results that are explained": ("results/", changed(ResultsRow, explained_at=NOW, explained_by=EVE)),
    "a certificate": ("certificate/", changed(CertificateRow, digest="another")),
    "a certificate gone": ("certificate/", gone(CertificateRow)),
    "how many a list held": ("watchlist_composition/", changed(WatchlistCompositionRow, people=99)),
}


def test_nothing_differs_after_a_life_of_records_on_either_database(lived: Engine) -> None:
    assert differences(lived) == ()


def test_each_edit_of_any_table_is_found_and_named(lived: Engine) -> None:
    missed = []
    for what, (name, edit) in EDITS.items():
        with overwritten(lived, edit) as found:
            if not any(each.startswith(name) for each in found):
                missed.append((what, found))

    assert not missed
    assert len(EDITS) >= 40
    assert differences(lived) == ()


@contextmanager
def overwritten(engine: Engine, edit: Callable[[Session], None]) -> Iterator[tuple[str, ...]]:
    """The differences after an edit, which is undone afterwards."""
    before: dict[Any, list[dict[str, Any]]] = {}
    tables: tuple[Any, ...] = (
        *(PersonRow, PersonRoleRow, PersonIdentityRow, DeploymentRow, PlannedDeploymentRow, ApplicationRow),
        *(AuthorityRow, AnnouncementRow, FootageHoldRow, AlertRow, AlertAnswerRow, PublishedRecordRow),
        *(RightsRequestRow, ComplaintHoldRow, ReceiptRow, ResultsRow, CertificateRow, WatchlistCompositionRow),
    )
    with overwriting(engine) as session:
        for kind in tables:
            before[kind] = [row.model_dump() for row in session.exec(select(kind))]
        edit(session)
    yield differences(engine)
    with overwriting(engine) as session:
        for kind in reversed(tables):
            keys = {tuple(each[k.name] for k in kind.__table__.primary_key) for each in before[kind]}
            for row in session.exec(select(kind)):
                if tuple(getattr(row, k.name) for k in kind.__table__.primary_key) not in keys:
                    session.delete(row)
        session.flush()
        for kind in tables:
            for values in before[kind]:
                session.merge(kind(**values))


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
    log = VaultLog(lived)
    log.records = trail_records(lived, tmp_path)
    assert log.held_segments() == {"segment-1"}

    with overwriting(lived) as session:
        session.add(FootageHoldSegmentRow(hold="hold-1", segment="segment-2"))

    assert log.held_segments() == frozenset()


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
    expire_alerts(engine, vault_of(engine), trail_of(engine), now_ns=NOW_NS + 10**16, retention_h=1)
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
    expire_alerts(engine, vault_of(engine), trail_of(engine), now_ns=NOW_NS + 10**15, retention_h=1)
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
    expire_alerts(engine, vault_of(engine), trail_of(engine), now_ns=NOW_NS + 10**16, retention_h=1)
    assert any(each.startswith("alert_stub of dep") for each in differences(engine))
