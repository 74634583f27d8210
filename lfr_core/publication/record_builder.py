"""From figures to the record, and from a record to its correction. Nothing in a record is typed in."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any, Literal

from pydantic import ValidationError

from lfr_core.common.errors import Poison, Refused
from lfr_core.domain.alerts import Cell, published_cell
from lfr_core.domain.figures import AlertFigures, CameraFigures, DocumentReferences, Figures, ListFigures, ModelFigures
from lfr_core.domain.policy import PublicationPolicy
from lfr_core.domain.rates import AlertCounts, proportion
from lfr_core.domain.watchlists import Category
from lfr_core.domain.working_days import LONDON, Deadline, WorkingDays
from lfr_core.publication import counting
from lfr_core.publication import record as published
from lfr_core.publication.record import DeploymentRecord
from lfr_core.publication.suppression import PublishedCount, suppress_count, suppress_counts

__all__ = ["corrected", "from_figures", "record_id"]

_UNCHANGED_BY_A_CORRECTION = frozenset(
    {"revision", "supersedes", "published_at", "on_time", "corrections", "due_at", "audit_root_hash"}
    | {"data_quality_report_ref"}
)


def record_id(force: str, session: str) -> str:
    """Return the record's id, the same for all its revisions: "norfolk-constabulary/high-street-0412"."""
    return f"{_slug(force)}/{_slug(session)}"


def from_figures(
    figures: Figures,
    *,
    policy: PublicationPolicy,
    published_at: datetime,
    due_at: datetime | None = None,
    not_decided_because: str = "",
) -> DeploymentRecord:
    """Build the first revision of a deployment's record.

    Moments are aware; `due_at`: as the calendar says, if not given. `not_decided_because`: the publication
    officer's word for the alerts that nobody judged; "": nobody gave one, and the record says so.

    Alerts on blue-list entries are left out of every figure; the blue list has its own.

    Raises:
        Poison: figures that contradict each other; the message names each contradiction.
    """
    _check_times(figures, published_at)
    due_at = due_at or Deadline.of(figures.ended_at, WorkingDays(policy.extra_bank_holidays), policy).due_at
    alerts = [each for each in figures.alerts if each.category is not Category.BLUE_LIST]
    counts = _count_cells(alerts)
    waiting = counting.unanswered(figures.alerts)
    cameras = figures.cameras
    try:
        return DeploymentRecord(
            record_id=record_id(figures.force, figures.session),
            revision=1,
            supersedes=None,
            published_at=published_at,
            due_at=due_at,
            on_time=published_at <= due_at,
            force=figures.force,
            session_id=figures.session,
            location_text=figures.location,
            location_area=figures.area,
            **_times(figures),
            use_case=figures.use_case,
            **_references(figures.documents),
            advance_notice=published.AdvanceNotice(
                published_at=figures.notice.published_at, withheld_because=figures.notice.withheld_because
            ),
            watchlist=_watchlist(figures.watchlist, below=policy.suppress_people_below),
            algorithm=_algorithm(figures.model),
            cameras=_cameras(cameras),
            **_faces(cameras),
            alerts=_alerts(counts, alerts, waiting),
            not_decided=counting.not_decided(waiting, not_decided_because),
            engagements=counting.engagements(alerts),
            outcomes=counting.outcomes(alerts) if figures.outcomes_recorded else "not recorded",
            rates=counting.published_rates(counts, faces_compared=cameras.faces_compared),
            blue_list=_blue_list(figures),
            demographics=counting.demographics(alerts, figures.demographics_method, policy.suppress_people_below),
            demographics_method=figures.demographics_method,
            complaints_received=figures.complaints_received,
            corrections=(),
        )
    except ValidationError as error:
        faults = "; ".join(f"{'.'.join(map(str, each['loc'])) or 'record'}: {each['msg']}" for each in error.errors())
        raise Poison(f"the figures of {figures.session} make no record: {faults}") from error


def _count_cells(alerts: Sequence[AlertFigures]) -> AlertCounts:
    """Count alerts by what was decided."""
    cells = Counter(published_cell(each.decision) for each in alerts)
    return AlertCounts(*(cells[cell] for cell in Cell))


def _times(figures: Figures) -> dict[str, Any]:
    """Return day and clock times in London."""
    start, end = figures.started_at.astimezone(LONDON), figures.ended_at.astimezone(LONDON)
    return {
        "date": start.date(),
        "start_local": start.time().replace(microsecond=0),
        "end_local": end.time().replace(microsecond=0),
        "duration_min": _minutes((figures.ended_at - figures.started_at).total_seconds()),
    }


def _references(documents: DocumentReferences) -> dict[str, Any]:
    """Return where the documents behind a deployment are found."""
    return {
        "policy_ref": documents.policy,
        "authority_ref": documents.authority,
        "authorising_rank": documents.authorising_rank,
        "data_quality_report_ref": documents.data_quality_report,
        "audit_root_hash": documents.audit_root_hash,
    }


def _faces(cameras: CameraFigures) -> dict[str, Any]:
    return {
        "faces_seen": cameras.faces_seen,
        "faces_quality_rejected": cameras.faces_seen - cameras.faces_compared,
        "faces_compared": cameras.faces_compared,
    }


def _check_times(figures: Figures, published_at: datetime) -> None:
    if figures.started_at.tzinfo is None or figures.ended_at.tzinfo is None or published_at.tzinfo is None:
        raise Poison("start, end and publication need their time zone: give aware datetimes")
    if figures.ended_at < figures.started_at:
        raise Poison("the deployment ends before it starts: mend its times")


def _watchlist(listed: ListFigures, *, below: int) -> published.Watchlist:
    return published.Watchlist(
        size_people=listed.size_people,
        size_images=listed.size_images,
        by_category=_by_category(listed.by_category, listed.size_people, below),
        under_18="not recorded" if listed.under_18 is None else suppress_count(listed.under_18, below),
        built_at=listed.built_at,
        destroyed_at=listed.destroyed_at,
        destruction_receipt=listed.destruction_receipt,
    )


def _algorithm(model: ModelFigures) -> published.Algorithm:
    return published.Algorithm(
        vendor=model.vendor,
        model_name=model.name,
        model_version=model.version,
        model_sha256=model.sha256,
        contract=model.contract,
        threshold_min=model.threshold,
        embedding_metric=model.embedding_metric,
        test_report=model.test_report,
    )


def _cameras(cameras: CameraFigures) -> published.Cameras:
    return published.Cameras(
        count=cameras.count,
        counting_method=cameras.counting_method,
        counting_method_version=cameras.counting_method_version,
    )


def _alerts(counts: AlertCounts, alerts: Sequence[AlertFigures], waiting: int) -> published.Alerts:
    return published.Alerts(
        total=counts.total,
        true_confirmed=counts.true_confirmed,
        true_unconfirmed=counts.true_unconfirmed,
        false_confirmed=counts.false_confirmed,
        false_unconfirmed=counts.false_unconfirmed,
        not_decided=counts.not_decided,
        operator_dismissed=counting.dismissed(alerts),
        unanswered=waiting,
        cant_tell=counts.not_decided - waiting,
        duplicate_of_same_person=counting.duplicates(alerts),
    )


def corrected(
    previous: DeploymentRecord,
    figures: Figures,
    *,
    policy: PublicationPolicy,
    corrected_at: datetime,
    reason: str,
    not_decided_because: str = "",
) -> DeploymentRecord:
    """Build a revision that supersedes `previous`, from figures computed anew. `previous` stays published beside it.

    What was said of alerts that nobody judged stands as long as there are no more of them than it was said of.

    Raises:
        Refused: `record.other-deployment`, `record.correction-without-reason`, `record.nothing-to-correct`.
        Poison: as `from_figures`.
    """
    if not reason.strip():
        raise Refused("record.correction-without-reason", "say why the published record is corrected")
    new = from_figures(
        figures,
        policy=policy,
        published_at=corrected_at,
        due_at=previous.due_at,
        not_decided_because=not_decided_because,
    )
    word = previous.not_decided
    if new.not_decided and word and not not_decided_because and new.not_decided.alerts <= word.alerts:
        new = new.model_copy(update={"not_decided": word.model_copy(update={"alerts": new.not_decided.alerts})})
    if new.record_id != previous.record_id:
        raise Refused("record.other-deployment", f"{new.record_id} can't correct {previous.record_id}")
    before, after = previous.model_dump(), new.model_dump()
    changed = tuple(name for name in after if name not in _UNCHANGED_BY_A_CORRECTION and before[name] != after[name])
    if not changed:
        why = "the figures are as they were published: there is nothing to correct"
        raise Refused("record.nothing-to-correct", why)
    revision = previous.revision + 1
    correction = published.Correction(revision=revision, corrected_at=corrected_at, reason=reason, changed=changed)
    return new.model_copy(
        update={
            "revision": revision,
            "supersedes": previous.revision,
            "on_time": previous.on_time,
            "corrections": (*previous.corrections, correction),
        }
    )


def _minutes(seconds: float) -> int:
    """Round to whole minutes; what took less than half a one took one, because "0h 00m" says it didn't take place."""
    return max(1, round(seconds / 60)) if seconds else 0


def _by_category(counts: Mapping[Category, int], people: int, below: int) -> dict[str, PublishedCount]:
    counts = {category: count for category, count in counts.items() if category is not Category.BLUE_LIST}
    if sum(counts.values()) != people:
        raise Poison(f"the categories hold {sum(counts.values())} in all and the list {people}: count them again")
    return suppress_counts({category.value: count for category, count in counts.items()}, below)


def _blue_list(figures: Figures) -> published.BlueList | Literal["not recorded"]:
    seeded = figures.blue_list
    if seeded is None or seeded.seeded_passes == 0:
        return "not recorded"
    rate = counting.published_rate(proportion(seeded.recognised, seeded.seeded_passes))
    return published.BlueList(
        seeded_passes=seeded.seeded_passes, recognised=seeded.recognised, true_recognition_rate=rate
    )


def _slug(text: str) -> str:
    return re.sub(r"[^a-z0-9]+", "-", text.lower()).strip("-")
