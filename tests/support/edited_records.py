"""Edits of records past the platform, one and more of each table, and what the trail says of them."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any
from uuid import uuid4

from sqlalchemy import Engine
from sqlmodel import Session, select

from lfr_core.common.clock import utc_from_ns
from lfr_core.custody.audit.trail import AuditTrail
from lfr_core.custody.audit.vault_records import append_noting
from lfr_core.custody.audit.verify import verify
from lfr_core.custody.people import Rank, Role
from lfr_core.domain.actors import SystemActor
from lfr_core.storage.engine import writing
from lfr_core.storage.recorded import HELD_BESIDE, RECORDED, is_recorded
from lfr_core.storage.tables.alerts import (
    AlertAnswerRow,
    AlertRow,
)
from lfr_core.storage.tables.blue_list import BlueListPassRow, BlueListPlanRow
from lfr_core.storage.tables.deployments import (
    ApplicationRow,
    AuthorityRow,
    DeploymentRow,
    DeploymentStepRow,
    PlannedDeploymentRow,
)
from lfr_core.storage.tables.documents import ComplianceDocumentRow
from lfr_core.storage.tables.erasure import CanaryRow, CertificateRow
from lfr_core.storage.tables.footage import FootageHoldRow, FootageSegmentRow
from lfr_core.storage.tables.monitoring import CircuitBreakerTripRow, LiveProbeRow
from lfr_core.storage.tables.people import PersonIdentityRow, PersonRoleRow, PersonRow, SignOnRow
from lfr_core.storage.tables.promises import PromiseResultRow, PromiseStatementRow, PromiseStateRow
from lfr_core.storage.tables.publication import (
    AnnouncementRow,
    PlacePlanRow,
    PublishedRecordRow,
    ResultsRow,
    WatchlistCompositionRow,
    WithholdingRequestRow,
)
from lfr_core.storage.tables.rights import ComplaintHoldRow, ReceiptRow, RightsRequestRow
from lfr_core.storage.tables.row import Row
from tests.support.overwriting import overwriting
from tests.support.records import NOW_NS
from tests.support.vaults import trail_of

__all__ = [
    "EDITS",
    "EVE",
    "NOW",
    "differences",
    "overwritten",
    "put_on_trail",
    "rows_of_requests_and_results",
    "segment",
]

NOW = utc_from_ns(NOW_NS)
EVE = "Eve Insider"


def segment(id: str = "segment-1", key: str = "key-1") -> FootageSegmentRow:
    return FootageSegmentRow(
        id=id, deployment="dep", camera="north", session="s", key_id=key, key_fingerprint="f", started_ns=1, due_ns=2
    )


def put_on_trail(engine: Engine, trail: AuditTrail) -> None:
    """Name every row there is, as the vault does once in a home of an earlier version."""
    trail.prepare(SystemActor.VAULT)
    with writing(engine) as session:
        rows = [row for kind in RECORDED for row in session.exec(select(kind)) if is_recorded(row)]
        append_noting(session, trail, rows, SystemActor.VAULT, "records.adopted")


def differences(engine: Engine) -> tuple[str, ...]:
    trail = trail_of(engine)
    report = verify(engine, public_key=b"", checkpoint=None, records_key=trail.records_key())
    assert report.problem is None or report.problem.fault == "records-differ"
    return report.differences


def rows_of_requests_and_results() -> list[Row]:
    """A complaint with its hold and receipt, late results, a certificate with its canary, what is said of a list,
    passes of test subjects, a plan of the place, what was found and is said of a promise, and what somebody asks to
    withhold.
    """
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
        PlacePlanRow(deployment="dep", jpeg=b"", sha256="0" * 64, kept_by="Una", kept_at=NOW),
        ResultsRow(deployment="dep", due_at=NOW, late_at=NOW, late_because="nobody published"),
        certificate,
        WatchlistCompositionRow(deployment="dep", category="victim", people=3, images=4),
        BlueListPlanRow(deployment="dep", passes=9, expected_rate=0.9, margin=0.1, planned_by="Una", planned_at=NOW),
        BlueListPassRow(
            deployment="dep", camera="north", from_ns=1, to_ns=2, recognised=False, entered_by="Una", entered_at=NOW
        ),
        CanaryRow(
            id="c1", deployment="dep", kind="alert", store="database", planted_ns=1, clear_digest="c", stored_digest="s"
        ),
        PromiseStateRow(
            promise="p", result="broken", said="s", evidence="{}", subjects="[]", detail="", at_ns=2, since_ns=1
        ),
        CircuitBreakerTripRow(
            deployment="dep", number=1, tripped_ns=1, faces=9, false_alerts=2, one_in=1_000, answered_for=2
        ),
        PromiseResultRow(promise="p", result="broken", said="s", evidence="{}", at_ns=1),
        PromiseStatementRow(promise="p", text="we mend it", by="Una", at_ns=2),
        WithholdingRequestRow(
            deployment="dep", number=1, place="p", starts_at=NOW, ends_at=NOW, purpose="p", use_case="u", because="b",
            asked_by="Una", asked_at=NOW,
        ),
    ]  # fmt: skip


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
    "a similarity": ("alert/", changed(AlertRow, similarity=0.99)),
    "the threshold of an alert": ("alert/", changed(AlertRow, threshold=0.1)),
    "when somebody was first seen": ("alert/", changed(AlertRow, first_ns=1)),
    "when somebody was last seen": ("alert/", changed(AlertRow, last_ns=2**60)),
    "how often somebody was seen": ("alert/", changed(AlertRow, sightings=99)),
    "when a deployment opened": ("deployment/", changed(DeploymentRow, opened_at=NOW - dt.timedelta(days=2))),
    "when a deployment ended": ("deployment/", changed(DeploymentRow, ended_at=NOW + dt.timedelta(days=9_000))),
    "a pass that was recognised": ("blue_list_pass/", changed(BlueListPassRow, recognised=True)),
    "a pass gone": ("blue_list_pass/", gone(BlueListPassRow)),
    "how many passes were planned": ("blue_list_plan/", changed(BlueListPlanRow, passes=1)),
    "a canary": ("canary/", changed(CanaryRow, stored_digest="another")),
    "a canary gone": ("canary/", gone(CanaryRow)),
    "a broken promise that is kept": ("promise_state/", changed(PromiseStateRow, result="holds")),
    "a promise that was never broken": ("promise_result/", gone(PromiseResultRow)),
    "what is done about a broken promise": ("promise_statement/", changed(PromiseStatementRow, text="nothing")),
    "for how many false alerts the circuit breaker has spoken": (
        "fuse_trip/",
        changed(CircuitBreakerTripRow, answered_for=999),
    ),
    "a live probe that was right": ("proof/", changed(LiveProbeRow, green_ns=1, ended_ns=1)),
    "a live probe gone": ("proof/", gone(LiveProbeRow)),
    "a self-test that was later": ("proof/", changed(LiveProbeRow, sent_ns=2**60)),
    "who took a step": ("life_step/", changed(DeploymentStepRow, by=EVE)),
    "a step gone": ("life_step/", gone(DeploymentStepRow)),
    "when a list was destroyed": ("life/", changed(PlannedDeploymentRow, list_destroyed_at=NOW)),
    "who judged": ("alert/", changed(AlertRow, judged_by=EVE)),
    "an answer": ("alert_answer/", changed(AlertAnswerRow, answer="different")),
    "an answer gone": ("alert_answer/", gone(AlertAnswerRow)),
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
    "what is withheld": ("withholding_request/", changed(WithholdingRequestRow, approved=True, answered_by=EVE)),
    "until when a document is good": (
        "paper/",
        changed(ComplianceDocumentRow, review_by=NOW.date().replace(year=2099)),
    ),
    "a document gone": ("paper/", gone(ComplianceDocumentRow)),
    "how large a plan is": ("place_plan/", changed(PlacePlanRow, width_px=9)),
    "whose an account is": ("person_identity", changed(PersonIdentityRow, subject="of Eve")),
    "that the public sees a plan": ("place_plan/", changed(PlacePlanRow, is_public=True)),
    "a sign-on": ("sign_on/", changed(SignOnRow, since=NOW - dt.timedelta(days=1))),
    "how many a list held": ("watchlist_composition/", changed(WatchlistCompositionRow, people=99)),
}


@contextmanager
def overwritten(engine: Engine, edit: Callable[[Session], None]) -> Iterator[tuple[str, ...]]:
    """The differences after an edit, which is undone afterwards."""
    before: dict[Any, list[dict[str, Any]]] = {}
    tables: tuple[Any, ...] = tuple(dict.fromkeys((*RECORDED, *HELD_BESIDE)))
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
