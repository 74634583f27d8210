"""Label the defects of the Metropolitan Police's 203 rows of 2023-24: `python label_met_rows.py CSV > truth.json`.

Two sources, neither of them the rules under test: what a person read in the published documents (docs/domain.md 2.3,
LISTED below, by place and date), and arithmetic done again here with the standard library alone. The script stops
when the two disagree. Rows are numbered as in a spreadsheet, the header being 1.
"""

from __future__ import annotations

import csv
import json
import sys
from collections import Counter
from collections.abc import Sequence
from datetime import datetime
from pathlib import Path

LISTED = {
    # docs/domain.md 2.3: "Westminster 10/01/24: total 1, parts 2"
    "totals": ("Westminster", "10/01/24", "1", "2"),
    # "Dalston printed 11/07/23, its list size and 0.62 threshold show 11/07/24"
    "date": ("Dalston", "11/07/23", "11/07/23", "2024-07-11"),
}
REPEATED_PAIRS = 9  # "location + date repeats on 9 pairs (two sessions a day)"
COPIED_ROWS = (203, 173)  # "'Other Disposal' equals 'No Action' in all 203 rows (173 non-zero)"
# Not to be found in this extract: the printed rate of Croydon, 07/12/23 (the rate column wasn't extracted), the
# spellings of durations (they are in minutes here) and Bond Street, 02/05/25 (another year).


def labels(rows: list[dict[str, str]]) -> list[dict[str, object]]:
    """One entry a defect."""

    def number(row: dict[str, str], *names: str) -> int:
        return sum(int(row[name]) for name in names)

    parts = ("true_confirmed", "true_unconfirmed", "false_confirmed", "false_unconfirmed")
    wrong_totals = [i for i, row in enumerate(rows) if number(row, "total_alerts") != number(row, *parts)]
    assert [described(rows[i]) for i in wrong_totals] == [LISTED["totals"][:2]]
    assert str(number(rows[wrong_totals[0]], *parts)) == LISTED["totals"][3]

    dates = [datetime.strptime(row["date_ddmmyy"], "%d/%m/%y").date() for row in rows]  # noqa: DTZ007  a day
    back = [i for i in range(1, len(dates)) if dates[i] < dates[i - 1]]
    assert [described(rows[i]) for i in back] == [LISTED["date"][:2]]
    (misdated,) = back
    assert dates[misdated].replace(year=2024).isoformat() == LISTED["date"][3]
    assert dates[misdated - 1] <= dates[misdated].replace(year=2024) <= dates[misdated + 1]
    assert rows[misdated]["watchlist_size"] == rows[misdated + 1]["watchlist_size"]
    assert rows[misdated]["threshold"] == rows[misdated + 1]["threshold"] == "0.62"

    same = [row for row in rows if row["outcome_other"] == row["outcome_no_action"]]
    assert (len(same), sum(row["outcome_other"] != "0" for row in same)) == COPIED_ROWS == (len(rows), 173)

    times = Counter(described(row) for row in rows)
    repeated = [i for i, row in enumerate(rows) if times[described(row)] > 1]
    assert len({described(rows[i]) for i in repeated}) == REPEATED_PAIRS

    def label(rule: str, row: int | None, printed: str, expected: str, at: Sequence[int] = ()) -> dict[str, object]:
        spreadsheet = [i + 2 for i in at]
        return {"rule": rule, "row": row, "printed": printed, "expected": expected, "rows": spreadsheet}

    return [
        label("column-copied", None, "outcome_no_action = outcome_other", "columns of their own"),
        label("date-format", None, "day, month, two-digit year", "ISO 8601"),
        label("faces-counted", None, "estimate", "counted, with the method named"),
        label("session-missing", None, str(REPEATED_PAIRS), "a session id in each row", repeated),
        label("totals-add-up", wrong_totals[0] + 2, *LISTED["totals"][2:]),
        label("date-order", misdated + 2, *LISTED["date"][2:]),
    ]


def described(row: dict[str, str]) -> tuple[str, str]:
    """Place and date as printed."""
    return row["location_as_extracted"], row["date_ddmmyy"]


if __name__ == "__main__":
    with Path(sys.argv[1]).open(encoding="utf-8", newline="") as file:
        found = labels(list(csv.DictReader(file)))
    sys.stdout.write(json.dumps(found, indent=1, ensure_ascii=False) + "\n")
