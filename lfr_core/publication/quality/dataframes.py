"""A published table as the frames that the Great Expectations suites look at.

`rows`: one line a deployment, numeric columns as printed, and beside them what each should be.
`series`: one line for the whole table.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING

from lfr_core.publication.quality.cells import RateCell
from lfr_core.publication.quality.columns import COUNTS, OURS, REQUIRED, Column
from lfr_core.publication.quality.sequence import (
    expected_date,
    is_copy,
    list_size_spikes,
    out_of_order,
    rounded_share,
)
from lfr_core.publication.quality.table import PublishedRow, PublishedTable
from lfr_core.publication.tabular import percent

if TYPE_CHECKING:
    import pandas as pd

__all__ = ["Frames", "frames_of"]

_CELLS = (Column.TRUE_CONFIRMED, Column.TRUE_UNCONFIRMED, Column.FALSE_CONFIRMED, Column.FALSE_UNCONFIRMED)
_OLD_CELLS = (Column.TRUE_ALERTS, Column.FALSE_ALERTS)
_OUTCOMES = (Column.OUTCOME_ARREST, Column.OUTCOME_OTHER, Column.OUTCOME_NO_ACTION)
_APART = (  # pairs of columns that mean different things and are never the same by their nature
    *((a, b) for i, a in enumerate(_OUTCOMES) for b in _OUTCOMES[i + 1 :]),
    (Column.TRUE_CONFIRMED, Column.FALSE_CONFIRMED),
    (Column.TRUE_UNCONFIRMED, Column.FALSE_UNCONFIRMED),
    (Column.FALSE_CONFIRMED, Column.FALSE_UNCONFIRMED),
    (Column.WATCHLIST_SIZE, Column.FACES_SEEN),
)


@dataclass(frozen=True, slots=True)
class Frames:
    """rows: indexed like the table's rows; series: one line."""

    rows: pd.DataFrame
    series: pd.DataFrame
    outcomes_are_copies: bool


def frames_of(table: PublishedTable) -> Frames:
    """Make both frames. Nothing is judged here: expectations are, by the suites."""
    import pandas as pd

    rows = table.rows
    frame = pd.DataFrame({"row": [row.number for row in rows]})
    for column in REQUIRED:
        frame[f"{column}_cell"] = [row.printed.get(column) or None for row in rows]
    for column in COUNTS:
        if table.has(column):
            frame[column.value] = _floats([row.count(column) for row in rows])
    frame["threshold"] = _floats([row.threshold for row in rows])
    frame["duration_min"] = _floats([row.duration.minutes if row.duration else None for row in rows])
    frame["date"] = pd.Series([_midnight(row) for row in rows], dtype="datetime64[us]")
    frame["alerts_in_cells"] = _floats([_alerts(row) for row in rows])
    frame["outcomes_accounted"] = _floats([_outcomes(row) for row in rows])
    frame["engagements_by_alert"] = _floats(
        [
            _plus(_sum(row, (Column.ENGAGEMENTS_TRUE, Column.ENGAGEMENTS_FALSE)), row, Column.ENGAGEMENTS_NOT_DECIDED)
            for row in rows
        ]
    )
    frame["faces_by_quality"] = _floats([_sum(row, (Column.FACES_REJECTED, Column.FACES_COMPARED)) for row in rows])
    frame["rate_printed"] = [row.rate.text if row.rate else None for row in rows]
    frame["rate_expected"] = [_rate_expected(row) for row in rows]
    frame["session"] = [row.session or None for row in rows]
    frame["revision"] = _floats([row.count(Column.REVISION) or 1 for row in rows])
    _add_dates(frame, rows)
    _add_list_sizes(frame, rows)
    copies = [(a, b) for a, b in _APART if table.has(a, b) and is_copy(_column(rows, a), _column(rows, b))]
    return Frames(frame, _series(table, copies), any(a in _OUTCOMES and b in _OUTCOMES for a, b in copies))


def _add_dates(frame: pd.DataFrame, rows: Sequence[PublishedRow]) -> None:
    """Add `date_text` and `date_expected`; corrections come later than their deployments and are left out."""
    known = [(i, row.date) for i, row in enumerate(rows) if row.date and (row.count(Column.REVISION) or 1) == 1]
    cells = [cell for _, cell in known]
    wrong = out_of_order([cell.value for cell in cells])
    text: list[str | None] = [None] * len(rows)
    expected: list[str | None] = [None] * len(rows)
    for i, cell in known:
        text[i] = expected[i] = cell.value.isoformat()
    for place in wrong:
        mended = expected_date(cells, place, wrong)
        expected[known[place][0]] = mended.isoformat() if mended else "a date between its neighbours'"
    frame["date_text"], frame["date_expected"] = text, expected


def _add_list_sizes(frame: pd.DataFrame, rows: Sequence[PublishedRow]) -> None:
    spikes = list_size_spikes([row.count(Column.WATCHLIST_SIZE) for row in rows])
    sizes = [row.count(Column.WATCHLIST_SIZE) for row in rows]
    expected: list[int | None] = []
    for size, spike in zip(sizes, spikes, strict=True):
        if spike is None or not spike.is_implausible:
            expected.append(size if spike else None)
        else:
            expected.append(spike.slip or spike.expected)
    frame["list_size_expected"] = _floats(expected)


def _series(table: PublishedTable, copies: Sequence[tuple[Column, Column]]) -> pd.DataFrame:
    import pandas as pd

    rows = table.rows
    keys = [(row.location.casefold(), row.date.value) for row in rows if row.date]
    share, rounded = rounded_share([faces for row in rows if (faces := row.count(Column.FACES_SEEN))])
    says_estimate = "estimate" in table.headers.get(Column.FACES_SEEN, "").casefold()
    names_method = table.has(Column.COUNTING_METHOD) and all(row.printed[Column.COUNTING_METHOD] for row in rows)
    ours = table.generation == OURS
    repeated = {key for key in keys if keys.count(key) > 1}
    in_minutes = {row.duration.spelling for row in rows if row.duration}
    return pd.DataFrame(
        {
            "row": [1],  # the header's
            "copied_columns": ["; ".join(f"{b} = {a}" for a, b in copies)],
            "date_formats": ["; ".join(sorted({row.date.spelling for row in rows if row.date})) or None],
            "duration_formats": ["; ".join(sorted(in_minutes)) or None],
            "duration_format_count": [len(in_minutes)],
            "repeats_without_session": [0 if table.has(Column.SESSION) else len(repeated)],
            "faces_are": ["estimated" if (says_estimate and not names_method and not ours) or rounded else "counted"],
            "faces_multiples_of_five": [round(share, 3)],
        }
    )


def _rate_expected(row: PublishedRow) -> str | None:
    """Return the printed text where it is right, the true value where it isn't, None where nothing can be said."""
    false = _first(_sum(row, (Column.FALSE_CONFIRMED, Column.FALSE_UNCONFIRMED)), row.count(Column.FALSE_ALERTS))
    faces = _first(row.count(Column.FACES_COMPARED), row.count(Column.FACES_SEEN))
    rate: RateCell | None = row.rate
    if rate is None or false is None or not faces:
        return None
    return rate.text if rate.low <= false / faces <= rate.high else percent(false, faces)


def _outcomes(row: PublishedRow) -> int | None:
    """Add up arrest, other and no action, and what else (in our tables) became of confirmed true alerts."""
    total = _sum(row, _OUTCOMES)
    return _plus(_plus(total, row, Column.REPEAT_ALERTS), row, Column.WITHOUT_OUTCOME)


def _alerts(row: PublishedRow) -> int | None:
    """Add up the cells, and where a table (ours) says so the alerts that nobody decided."""
    return _plus(_first(_sum(row, _CELLS), _sum(row, _OLD_CELLS)), row, Column.NOT_DECIDED)


def _plus(total: int | None, row: PublishedRow, column: Column) -> int | None:
    return None if total is None or column in row.suppressed else total + (row.count(column) or 0)


def _sum(row: PublishedRow, columns: Sequence[Column]) -> int | None:
    counts = [row.count(column) for column in columns]
    return None if any(count is None for count in counts) else sum(count or 0 for count in counts)


def _first(one: int | None, other: int | None) -> int | None:
    return other if one is None else one


def _column(rows: Sequence[PublishedRow], column: Column) -> list[int | None]:
    return [row.count(column) for row in rows]


def _midnight(row: PublishedRow) -> datetime | None:
    return datetime.combine(row.date.value, datetime.min.time()) if row.date else None


def _floats(values: Sequence[float | None]) -> pd.Series[float]:
    import pandas as pd

    return pd.Series([float("nan") if value is None else float(value) for value in values], dtype="float64")
