"""A watchlist of many drawn entries with labelled injected defects. Its photographs are noise: no face is looked at."""

from __future__ import annotations

import csv
import random
from collections.abc import Callable
from dataclasses import dataclass
from datetime import date, timedelta
from pathlib import Path

from lfr_core.watchlists.csv_file import COLUMNS, FILE_NAME, FURTHER_COLUMNS

__all__ = ["DEFECTS", "LAST_DAY", "TODAY", "Row", "drawn_rows", "write_defective_list"]

TODAY = date(2026, 11, 23)
LAST_DAY = date(2026, 11, 25)
Row = dict[str, str]

_GROUNDS = ("wanted_by_force", "Wanted by the courts", "breach of court order", "high-risk missing", "victim")
_PEOPLE = ("Supt. Ward", "Insp. Hill", "Supt. Óg", "Ch. Insp. Okafor")


def drawn_rows(random_: random.Random, subjects: int) -> list[Row]:
    """Sound rows: every twentieth subject is a minor with all that asks for, every tenth has two photographs."""
    rows: list[Row] = []
    for number in range(subjects):
        first, second = random_.sample(_PEOPLE, 2)
        minor = number % 20 == 7
        row = {
            "subject": f"N/{number:05d}",
            "category": random_.choice(_GROUNDS),
            "legal_reference": f"Warrant {number}, s. {random_.randrange(1, 60)}",
            "approved_by": first,
            "expires_on": (LAST_DAY + timedelta(days=random_.randrange(200))).isoformat(),
            "photograph": f"photos/{number:05d}.jpg",
            "image_source": random_.choice(("custody, 2026", "family, with consent", "passport service, ref. 3")),
            "image_date": (TODAY - timedelta(days=random_.randrange(3000))).isoformat(),
            "age": str(random_.randrange(12, 18) if minor else random_.randrange(18, 90)),
            "minor_rationale": "at risk of exploitation" if minor else "",
            "second_approver": second if minor else "",
            "checked_on": (TODAY - timedelta(days=random_.randrange(30))).isoformat(),
        }
        rows.append(row)
        if number % 10 == 3:
            rows.append(row | {"photograph": f"photos/{number:05d}b.jpg"})
    rows[0]["checked_on"] = TODAY.isoformat()
    return rows


@dataclass(frozen=True, slots=True)
class _Defect:
    rule: str
    change: Callable[[Row], None]
    minor: bool = False


def _set(rule: str, minor: bool = False, **values: str) -> _Defect:  # noqa: FBT001, FBT002  a table's cell
    return _Defect(rule, lambda row: row.update(values), minor)


def _second_is_the_first(row: Row) -> None:
    row["second_approver"] = f" {row['approved_by'].upper()}"


DEFECTS = (
    _set("category-permitted", category="intelligence interest"),
    _set("category-permitted", category=""),
    _set("legal-reference-present", legal_reference=" "),
    _set("approver-present", approved_by=""),
    _set("subject-present", subject=""),
    _set("photograph-named", photograph=""),
    _set("expiry-readable", expires_on=""),
    _set("expiry-readable", expires_on="31/03/27"),
    _set("expiry-after-deployment", expires_on="2026-11-24"),
    _set("expiry-after-deployment", expires_on="2025-01-01"),
    _set("photograph-there", photograph="photos/nowhere.jpg"),
    _set("image-source-present", image_source=""),
    _set("image-date-readable", image_date=""),
    _set("image-date-readable", image_date="spring 2024"),
    _set("image-date-past", image_date="2026-11-24"),
    _set("age-readable", age=""),
    _set("age-readable", age="forty"),
    _set("age-readable", age="121"),
    _set("minor-rationale", minor=True, minor_rationale=""),
    _set("minor-second-approver", minor=True, second_approver=""),
    _Defect("minor-second-approver", _second_is_the_first, minor=True),
    _set("checked-on-readable", checked_on=""),
    _set("checked-on-past", checked_on="2026-12-01"),
    _set("row-readable", legal_reference='=HYPERLINK("x")'),
    _set("row-readable", image_source="@SUM(1)"),
    _set("row-readable", approved_by="+44"),
    _set("row-readable", age="-3"),
    _set("row-readable", minor=True, minor_rationale="at risk\nsays the school"),
    _set("row-readable", photograph="../elsewhere.jpg"),
)
"""Each defect is one row's; those of pairs of rows are in `write_defective_list`."""


def write_defective_list(folder: Path, random_: random.Random, subjects: int = 1000) -> set[tuple[str, int]]:
    """Write the list with its files, each different noise, and return the labels: (rule, line).

    Lines are counted as csv writes them: one a row, but for a quoted break.
    """
    rows = drawn_rows(random_, subjects)
    single = [row for row in rows if sum(each["subject"] == row["subject"] for each in rows) == 1][1:]
    adults = [row for row in single if int(row["age"]) >= 18]
    minors = [row for row in single if int(row["age"]) < 18]
    random_.shuffle(adults)
    random_.shuffle(minors)
    labels: list[tuple[str, Row]] = []
    for defect in DEFECTS:
        row = (minors if defect.minor else adults).pop()
        labels.append((defect.rule, row))
        defect.change(row)
    one, other = adults.pop(), adults.pop()
    labels += [("photograph-one-subject", one), ("photograph-one-subject", other)]
    twice = [row for row in rows if row["photograph"].endswith("b.jpg")]
    twin = next(row for row in rows if row["subject"] == twice[0]["subject"])
    twice[0]["legal_reference"] = "another ground"
    labels += [("subject-consistent", twin), ("subject-consistent", twice[0])]

    (folder / "photos").mkdir(parents=True)
    for row in rows:
        if row["photograph"].startswith("photos/") and "nowhere" not in row["photograph"]:
            (folder / row["photograph"]).write_bytes(random_.randbytes(64))
    (folder / other["photograph"]).write_bytes((folder / one["photograph"]).read_bytes())
    lines: dict[int, int] = {}
    with (folder / FILE_NAME).open("w", encoding="utf-8-sig", newline="") as file:  # with a byte-order mark
        out = csv.DictWriter(file, (*COLUMNS, *FURTHER_COLUMNS), lineterminator="\r\n")
        out.writeheader()
        line = 2
        for row in rows:
            out.writerow(row)
            lines[id(row)] = line
            line += 1 + sum(value.count("\n") for value in row.values())
    return {(rule, lines[id(row)]) for rule, row in labels}
