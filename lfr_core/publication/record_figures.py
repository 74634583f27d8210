"""A deployment's figures, out of the records. What the records don't know is absent, never invented.

Not known: groups. An alert that was deleted on schedule still counts by its stub; on
whom it was is gone with it.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from sqlalchemy import Engine, null, union_all
from sqlalchemy import select as select_columns
from sqlmodel import Session, col, select

from lfr_core.alerts.blue_list import read_blue_list
from lfr_core.common.clock import utc_from_ns
from lfr_core.common.errors import Refused
from lfr_core.custody.audit.counted_rows import digest_counted
from lfr_core.custody.audit.read import snapshot
from lfr_core.custody.vault.port import KeyKind
from lfr_core.deployments.announcement import read_announcement
from lfr_core.deployments.reading import read_authority
from lfr_core.domain.alerts import Decision, Engagement, EngagementOutcome, Judgement, Review
from lfr_core.domain.figures import (
    AlertFigures,
    BlueListFigures,
    CameraFigures,
    DocumentReferences,
    Figures,
    ListFigures,
    ModelFigures,
)
from lfr_core.domain.watchlists import Category
from lfr_core.domain.working_days import LONDON
from lfr_core.publication.rights.reading import complaints_received
from lfr_core.retention.erasure.keys import list_destroyed_keys
from lfr_core.storage.engine import reading
from lfr_core.storage.tables.alerts import AlertRow, AlertStubRow
from lfr_core.storage.tables.audit import AuditEntryRow
from lfr_core.storage.tables.deployments import DeploymentRow
from lfr_core.storage.tables.erasure import CertificateRow
from lfr_core.storage.tables.publication import WatchlistCompositionRow
from lfr_core.storage.tables.stream import CameraSessionRow

__all__ = ["COUNTING_METHOD", "COUNTING_METHOD_VERSION", "PackFacts", "gather_figures"]

COUNTING_METHOD = "tracks"
"""One face for each track of a camera, however many frames it has: who passes twice counts twice."""
COUNTING_METHOD_VERSION = "1"
_UNKNOWN = "not recorded"


@dataclass(frozen=True, slots=True)
class PackFacts:
    """The model pack at hand. It is named in a record only where its contract is the deployment's."""

    contract: str
    name: str
    sha256: str
    """Of the embedder, hexadecimal."""
    vendor: str = ""
    version: str = _UNKNOWN


def gather_figures(
    engine: Engine, deployment: str, *, force: str, policy_ref: str = "", pack: PackFacts | None = None
) -> Figures:
    """Read the figures of a deployment that has ended, in one look at the records.

    Alerts that stand and the stubs of deleted ones count alike; test subjects are marked as such, canaries left out.

    Raises:
        Refused: `deployment.unknown`, `record.not-ended`, `record.never-opened`, `announcement.none`,
            `record.composition-unknown` (its list was destroyed before compositions were kept).
        Retryable: the records are away.
    """
    _check_ended(engine, deployment)
    destroyed_ns = max(
        (key.destroyed_ns for key in list_destroyed_keys(engine, deployment) if key.kind == KeyKind.WATCHLIST.value),
        default=None,
    )
    with snapshot(engine) as session:
        row = session.get(DeploymentRow, deployment)
        if row is None or row.opened_at is None or row.ended_at is None:
            raise _unknown(deployment)
        listed = session.exec(
            select(WatchlistCompositionRow).where(WatchlistCompositionRow.deployment == deployment)
        ).all()
        if sum(one.people for one in listed) != row.watchlist_size:
            raise Refused(
                "record.composition-unknown",
                f"the list of {deployment} was destroyed before its composition was kept (records of version 0008): "
                "no record of it can be made without inventing one",
            )
        alerts, announced = _alerts(session, deployment), read_announcement(session, deployment)
        return Figures(
            force=force,
            session=announced.public_id,
            location=announced.public_place,
            area=announced.public_place,
            started_at=row.opened_at,
            ended_at=row.ended_at,
            use_case=announced.plan.use_case,
            notice=announced.notice,
            watchlist=_list_figures(session, row, listed, destroyed_ns),
            model=_model_figures(row, pack),
            cameras=_camera_figures(session, deployment),
            alerts=alerts,
            blue_list=_blue_list(session, deployment),
            documents=_document_references(session, deployment, policy_ref),
            complaints_received=complaints_received(session, deployment),
            outcomes_recorded=_outcomes_recorded(alerts),
            rows_sha256=digest_counted(session, deployment),
        )


def _blue_list(session: Session, deployment: str) -> BlueListFigures | None:
    """Count the passes of test subjects; None: none was walked."""
    passes = read_blue_list(session, deployment).recognition
    return BlueListFigures(passes.n, passes.k) if passes.n else None


def _list_figures(
    session: Session, row: DeploymentRow, listed: Sequence[WatchlistCompositionRow], destroyed_ns: int | None
) -> ListFigures:
    return ListFigures(
        size_people=row.watchlist_size,
        size_images=sum(one.images for one in listed),
        by_category={Category(one.category): one.people for one in listed},
        under_18=_under_18(listed),
        built_at=max((one.built_at for one in listed if one.built_at is not None), default=None),
        destroyed_at=None if destroyed_ns is None else utc_from_ns(destroyed_ns),
        destruction_receipt=_receipt(session, row.id),
    )


def _model_figures(row: DeploymentRow, pack: PackFacts | None) -> ModelFigures:
    known = pack if pack is not None and pack.contract == row.contract_id else None
    return ModelFigures(
        vendor=known.vendor if known else "",
        name=known.name if known else _UNKNOWN,
        version=known.version if known else _UNKNOWN,
        sha256=known.sha256 if known else "",
        contract=row.contract_id,
        threshold=row.threshold,
    )


def _camera_figures(session: Session, deployment: str) -> CameraFigures:
    cameras = session.exec(select(CameraSessionRow).where(CameraSessionRow.deployment == deployment)).all()
    return CameraFigures(
        count=len({one.camera for one in cameras}),
        faces_seen=sum(one.tracks_started for one in cameras),
        faces_compared=sum(one.tracks_compared for one in cameras),
        counting_method=COUNTING_METHOD,
        counting_method_version=COUNTING_METHOD_VERSION,
    )


def _check_ended(engine: Engine, deployment: str) -> None:
    with reading(engine) as session:
        row = session.get(DeploymentRow, deployment) if "\x00" not in deployment else None
    if row is None:
        raise _unknown(deployment)
    if row.ended_at is None:
        raise Refused(
            "record.not-ended", f"deployment {deployment} hasn't ended: `lfr deployment close {deployment}` ends it"
        )
    if row.opened_at is None:
        raise Refused("record.never-opened", f"deployment {deployment} was never opened: there are no results")


def _alerts(session: Session, deployment: str) -> tuple[AlertFigures, ...]:
    """Read in one statement: between two, PostgreSQL could show an alert that expires in both tables or neither."""
    standing = (
        select_columns(
            col(AlertRow.entry),
            col(AlertRow.category),
            col(AlertRow.judgement),
            col(AlertRow.engagement),
            col(AlertRow.review),
            col(AlertRow.outcome),
            col(AlertRow.minutes),
        )
        .where(col(AlertRow.deployment) == deployment)
        .where(col(AlertRow.canary).is_(False))
    )
    stubs = select_columns(
        null().label("entry"),
        col(AlertStubRow.category),
        col(AlertStubRow.judgement),
        col(AlertStubRow.engagement),
        col(AlertStubRow.review),
        col(AlertStubRow.outcome),
        col(AlertStubRow.minutes),
    ).where(col(AlertStubRow.deployment) == deployment)
    found = session.execute(union_all(standing, stubs)).all()
    return tuple(
        AlertFigures(
            entry=entry,
            category=Category(category),
            decision=Decision(
                None if judgement is None else Judgement(judgement),
                None if engagement is None else Engagement(engagement),
                None if review is None else Review(review),
            ),
            outcome=None if outcome is None else EngagementOutcome(outcome),
            minutes=minutes,
        )
        for entry, category, judgement, engagement, review, outcome, minutes in found
    )


def _outcomes_recorded(alerts: Sequence[AlertFigures]) -> bool:
    """Return whether there is something to publish: an outcome, or nobody was engaged. Silence would read as none."""
    engaged = [one for one in alerts if one.decision.engagement is Engagement.ENGAGED]
    return not engaged or any(one.outcome is not None for one in engaged)


def _receipt(session: Session, deployment: str) -> str:
    """Name the newest certificate of erasure, by number and hash."""
    query = select(CertificateRow).where(CertificateRow.deployment == deployment)
    row = session.exec(query.order_by(col(CertificateRow.number).desc())).first()
    return "" if row is None else f"certificate {row.number}, sha256 {row.digest}"


def _under_18(listed: Sequence[WatchlistCompositionRow]) -> int | None:
    known = [one.under_18 for one in listed if one.under_18 is not None]
    return sum(known) if len(known) == len(listed) else None


def _document_references(session: Session, deployment: str, policy_ref: str) -> DocumentReferences:
    """Read references without id and officer's name: a trial has no authority, a withheld deployment is anonymous."""
    given = read_authority(session, deployment)
    return DocumentReferences(
        policy=policy_ref,
        authority="" if given is None else f"given {given.at.astimezone(LONDON):%Y-%m-%d}, revision {given.revision}",
        authorising_rank="" if given is None else given.rank.value,
        audit_root_hash=_audit_root(session),
    )


def _audit_root(session: Session) -> str:
    row = session.exec(select(AuditEntryRow).order_by(col(AuditEntryRow.seq).desc())).first()
    return "" if row is None else f"{row.seq}:{row.hash}"


def _unknown(deployment: str) -> Refused:
    return Refused("deployment.unknown", f"there is no deployment {deployment}; see `lfr deployment list`")
