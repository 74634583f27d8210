"""The record as a row of CSV: the sixteen national columns in the Met's current words, then ours.

Dates are ISO 8601. `False Alert Rate` is false alerts of faces compared, as in the JSON; both bases are printed.
`Total Alerts` is the four cells and `not_decided`; the shares of alerts are of `alerts_decided`, the four cells.
"""

from __future__ import annotations

import csv
import io
from collections.abc import Iterable
from decimal import Decimal

from lfr_core.publication.record import BlueList, DeploymentRecord, Outcomes, PublishedRate

__all__ = ["NATIONAL_COLUMNS", "OUR_COLUMNS", "csv_text", "percent"]

NATIONAL_COLUMNS = (
    "Deployment Location",
    "Date",
    "Duration",
    "LFR Use Case",
    "Watchlist Size",
    "Min Threshold Setting",
    "Total Alerts",
    "True Alerts Confirmed",
    "True Alerts Unconfirmed",
    "False Alerts Confirmed",
    "False Alerts Unconfirmed",
    "False Alert Rate",
    "Outcome - Arrest",
    "Outcome - Other",
    "No action",
    "Faces seen (estimate)",
)
"""docs/domain.md 2.1, the header of 2025; its date column says DD/MM/YY, ours doesn't because it isn't."""

OUR_COLUMNS = (
    "schema_version",
    "record_id",
    "session_id",
    "revision",
    "supersedes",
    "published_at",
    "due_at",
    "on_time",
    "force",
    "location_area",
    "start_local",
    "end_local",
    "duration_min",
    "counting_method",
    "counting_method_version",
    "faces_quality_rejected",
    "faces_compared",
    "not_decided",
    "alerts_decided",
    "operator_dismissed",
    "unanswered",
    "cant_tell",
    "unanswered_said_by",
    "unanswered_because",
    "duplicate_of_same_person",
    "engagements_total",
    "engagements_following_true",
    "engagements_following_false",
    "engagements_following_not_decided",
    "engagements_not_recorded",
    "median_minutes_false",
    "confirmed_repeat_alerts",
    "confirmed_without_outcome",
    "after_other_alerts_arrest",
    "after_other_alerts_other_disposal",
    "after_other_alerts_no_action",
    "after_other_alerts_without_outcome",
    "false_alert_rate_low95",
    "false_alert_rate_high95",
    "false_alert_rate_upper95_one_sided",
    "most_false_per_face",
    "most_false_per_face_low95",
    "most_false_per_face_high95",
    "false_share_of_alerts",
    "precision_confirmed",
    "precision_all",
    "in_words",
    "blue_list_seeded_passes",
    "blue_list_recognised",
    "model_name",
    "model_version",
    "model_sha256",
    "model_contract",
    "complaints_received",
)


def csv_text(records: Iterable[DeploymentRecord]) -> str:
    """Write the records with a header, RFC 4180, in the order given."""
    out = io.StringIO(newline="")
    writer = csv.writer(out)
    writer.writerow((*NATIONAL_COLUMNS, *OUR_COLUMNS))
    for record in records:
        writer.writerow([_cell(value) for value in (*_national(record), *_format_record(record))])
    return out.getvalue()


def percent(k: int, n: int) -> str:
    """Write k of n in per cent, to three significant digits: "0.0242%"; "0%" for none, "" where n is 0."""
    if n == 0:
        return ""
    if k == 0:
        return "0%"
    return f"{Decimal(f'{100 * k / n:.3g}'):f}%"


def _national(record: DeploymentRecord) -> tuple[object, ...]:
    hours, minutes = divmod(record.duration_min, 60)
    alerts, rate = record.alerts, record.rates.false_alerts_per_face
    outcomes = _outcomes(record)
    return (
        record.location_text,
        record.date.isoformat(),
        f"{hours}h {minutes:02}m",
        record.use_case.value,
        record.watchlist.size_people,
        f"{record.algorithm.threshold_min:g}",
        alerts.total,
        alerts.true_confirmed,
        alerts.true_unconfirmed,
        alerts.false_confirmed,
        alerts.false_unconfirmed,
        percent(rate.k, rate.n),
        outcomes and outcomes.arrest,
        outcomes and outcomes.other_disposal,
        outcomes and outcomes.no_action,
        record.faces_seen,
    )


def _format_record(record: DeploymentRecord) -> tuple[object, ...]:
    alerts, engaged, outcomes, rates = record.alerts, record.engagements, _outcomes(record), record.rates
    low, high = rates.false_alerts_per_face.ci95 or ("", "")
    seeded = record.blue_list if isinstance(record.blue_list, BlueList) else None
    return (
        record.schema_version,
        record.record_id,
        record.session_id,
        record.revision,
        record.supersedes,
        record.published_at.isoformat(),
        record.due_at.isoformat(),
        "yes" if record.on_time else "no",
        record.force,
        record.location_area,
        record.start_local.isoformat(),
        record.end_local.isoformat(),
        record.duration_min,
        record.cameras.counting_method,
        record.cameras.counting_method_version,
        record.faces_quality_rejected,
        record.faces_compared,
        alerts.not_decided,
        alerts.decided,
        alerts.operator_dismissed,
        alerts.unanswered,
        alerts.cant_tell,
        record.not_decided and record.not_decided.said_by,
        record.not_decided and record.not_decided.because,
        alerts.duplicate_of_same_person,
        engaged.total,
        engaged.following_true,
        engaged.following_false,
        engaged.following_not_decided,
        engaged.not_recorded,
        engaged.median_minutes_false,
        outcomes and outcomes.repeat_alerts,
        outcomes and outcomes.without_outcome,
        outcomes and outcomes.after_other_alerts_arrest,
        outcomes and outcomes.after_other_alerts_other_disposal,
        outcomes and outcomes.after_other_alerts_no_action,
        outcomes and outcomes.after_other_alerts_without_outcome,
        low,
        high,
        rates.false_alerts_per_face.upper95_one_sided,
        _share(rates.most_false_per_face),
        *(rates.most_false_per_face.ci95 or ("", "")),
        _share(rates.false_share_of_alerts),
        _share(rates.precision_confirmed),
        _share(rates.precision_all),
        rates.in_words,
        seeded.seeded_passes if seeded else "not recorded",
        seeded.recognised if seeded else "not recorded",
        record.algorithm.model_name,
        record.algorithm.model_version,
        record.algorithm.model_sha256,
        record.algorithm.contract,
        record.complaints_received,
    )


def _outcomes(record: DeploymentRecord) -> Outcomes | None:
    """Return the outcomes; None: not recorded, so that their cells are empty, which isn't 0."""
    return record.outcomes if isinstance(record.outcomes, Outcomes) else None


def _share(rate: PublishedRate) -> str:
    return f"{rate.k} of {rate.n}"


def _cell(value: object) -> object:
    """Keep what a spreadsheet would run as a formula as text."""
    if value is None:
        return ""
    if isinstance(value, str) and value[:1] in {"=", "+", "-", "@", "\t", "\r"}:
        return f"'{value}"
    return value
