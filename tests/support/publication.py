"""Figures of a deployment and tables as forces print them, for tests of publication."""

from __future__ import annotations

import csv
import io
from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from lfr_core.domain.alerts import Decision, Engagement, Judgement, Review
from lfr_core.domain.figures import (
    AlertFigures,
    BlueListFigures,
    CameraFigures,
    EngagementOutcome,
    Figures,
    ListFigures,
    ModelFigures,
    Notice,
    UseCase,
)
from lfr_core.domain.policy import PublicationPolicy, load_policy
from lfr_core.domain.watchlists import Category

__all__ = ["ENDED", "MET_ROWS", "MODERN_HEADER", "POLICY", "alert", "figures", "modern_row", "modern_table"]

MET_ROWS = Path(__file__).resolve().parents[3] / "shared" / "data" / "met_lfr_2023_2024.csv"
"""The Met's 203 rows, where the checkout has the shared folder."""

POLICY: PublicationPolicy = load_policy().publication
ENDED = datetime(2026, 11, 23, 17, 0, tzinfo=UTC)
"""A Monday."""

MODERN_HEADER = (
    "Deployment Location",
    "Date (DD/MM/YY)",
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
"""The Met's of 2025."""

_OUTCOMES = {
    "arrest": EngagementOutcome.ARREST,
    "other": EngagementOutcome.OTHER_DISPOSAL,
    "none": EngagementOutcome.NO_ACTION,
}


def alert(cell: str, entry: str, outcome: str = "", **changes: Any) -> AlertFigures:
    """An alert of the cell "TC", "TU", "FC", "FU" or "unanswered"; with an outcome, its person was engaged."""
    engaged = Engagement.ENGAGED if outcome else None
    decision = {
        "TC": Decision(Judgement.SAME, engaged, Review.CONFIRMED_TRUE),
        "TU": Decision(Judgement.SAME, engaged, Review.NONE),
        "FC": Decision(Judgement.SAME, engaged, Review.CONFIRMED_FALSE),
        "FU": Decision(Judgement.DIFFERENT),
        "unanswered": Decision(),
    }[cell]
    made = AlertFigures(entry, Category.WANTED_BY_FORCE, decision, _OUTCOMES.get(outcome))
    return replace(made, **changes)


def figures(alerts: Sequence[AlertFigures] = (), **changes: Any) -> Figures:
    """A deployment of 12,400 faces compared; `changes` replace fields."""
    made = Figures(
        force="Norfolk Constabulary",
        session="high-street-2311",
        location="High Street, Norwich",
        area="Norwich city centre",
        started_at=ENDED - timedelta(hours=6, minutes=13),
        ended_at=ENDED,
        use_case=UseCase.CRIME_HOTSPOT,
        notice=Notice(published_at=ENDED - timedelta(days=7)),
        watchlist=ListFigures(9_840, 10_112, {Category.WANTED_BY_FORCE: 9_800, Category.HIGH_RISK_MISSING: 40}, 3),
        model=ModelFigures("OpenLFR", "open-pack", "1", "a" * 64, "contract-1", 0.45),
        cameras=CameraFigures(2, 13_000, 12_400, "tracks", "1"),
        alerts=alerts,
        blue_list=BlueListFigures(40, 36),
    )
    return replace(made, **changes)


def modern_row(day: int, **changes: str) -> dict[str, str]:
    """A row without a defect but the spelling of its date; `changes` by header."""
    date = datetime(2025, 1, 6, tzinfo=UTC) + timedelta(days=2 * day)
    confirmed = 5 + day % 3
    row = (
        f"Place {day}, Town",
        date.strftime("%d/%m/%y"),
        "6h 13m",
        "Crime Hotspot",
        f"{16_100 + 7 * day:,}",
        "0.64",
        str(confirmed + 1),
        str(confirmed),
        "1" if day % 4 else "0",
        "0" if day % 4 else "1",
        "0",
        "0%" if day % 4 else "0.01%",
        "2",
        "1",
        str(confirmed - 3),
        "14,001" if day % 4 else "9,997",
    )
    return dict(zip(MODERN_HEADER, row, strict=True)) | changes


def modern_table(rows: Sequence[dict[str, str]], separator: str = ",") -> str:
    """As the Met's CSV of 2025 would be."""
    out = io.StringIO(newline="")
    writer = csv.DictWriter(out, MODERN_HEADER, delimiter=separator)
    writer.writeheader()
    writer.writerows(rows)
    return out.getvalue()
