"""A watchlist as the frames that the suite looks at. Nothing is judged here: the rules do.

`rows`: one line for each row of the CSV, `*_text` as written. `whole`: one line for the list. `faces`: one line for
each photograph that was looked at. Their column `row` is the CSV's line; 1, the header's, stands for the whole list.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from datetime import date, datetime
from typing import cast

import pandas as pd

from lfr_core.domain.categories import parse_category
from lfr_core.domain.watchlists import RefusalReason
from lfr_core.watchlists.csv_file import COLUMNS, FURTHER_COLUMNS, RowCells, Rows, parse_age, parse_day
from lfr_core.watchlists.eligibility import SUBJECT_FACTS, count_approvers
from lfr_core.watchlists.entries import FaceCheck

__all__ = ["faces_frame", "rows_frame", "whole_frame"]

_FAULTS = frozenset({RefusalReason.BAD_ROW, RefusalReason.FORMULA, RefusalReason.OUTSIDE_FOLDER})
"""Refusals of the reader that are about the row, not about a value the rules know."""

_DAYS = ("expires_on", "image_date", "checked_on")
_UNOPENED = frozenset(
    {
        RefusalReason.FILE_MISSING,
        RefusalReason.OUTSIDE_FOLDER,
        RefusalReason.NOT_AN_IMAGE,
        RefusalReason.IMAGE_TOO_LARGE,
    }
)
_FACES = {RefusalReason.NO_FACE: "none", RefusalReason.TWO_FACES: "two or more"}


def rows_frame(read: Rows, hashes: Mapping[str, str | None]) -> pd.DataFrame:
    """Make the frame of the list's rows. hashes: SHA-256 of each photograph by its name there; None: it has no file."""
    cells = read.cells
    frame = pd.DataFrame({"row": [each.line for each in cells]})
    frame["fault"] = [_fault(each) for each in cells]
    for name in (*COLUMNS, *FURTHER_COLUMNS):
        frame[f"{name}_text"] = [each.text.get(name, "") for each in cells]
        frame[name] = _objects([each.text.get(name) or None for each in cells])
    frame["category"] = _objects([_category(each.text.get("category", "")) for each in cells])
    for name in _DAYS:
        frame[name] = _days([parse_day(each.text.get(name, "")) for each in cells])
    frame["age"] = _floats([parse_age(each.text.get("age", "")) for each in cells])
    frame["second_person"] = _objects([_second_person(each.text) for each in cells])
    sha256 = [hashes.get(each.text.get("photograph", "")) for each in cells]
    frame["sha256"] = _objects(sha256)
    frame["other_subjects"] = _objects(_other_subjects(cells, sha256))
    frame["disagreements"] = _disagreements(cells)
    return frame


def whole_frame(read: Rows, today: date) -> pd.DataFrame:
    """Make the one line of the whole list. Its subjects are those who aren't test subjects, enrolled or not."""
    subjects = {
        each.text["subject"]
        for each in read.cells
        if each.text.get("subject") and _category(each.text.get("category", "")) != "blue_list"
    }
    checks = [day for each in read.cells if (day := parse_day(each.text.get("checked_on", ""))) and day <= today]
    return pd.DataFrame(
        {
            "row": [1],
            "missing_columns": [", ".join(name for name in FURTHER_COLUMNS if name not in read.columns)],
            "subjects": [float(len(subjects))],
            "days_since_check": _floats([(today - max(checks)).days if checks else None]),
        }
    )


def faces_frame(faces: Sequence[FaceCheck]) -> pd.DataFrame:
    """Make the frame of the photographs. Those whose file is missing are left out: the rows' rules name them."""
    seen = [face for face in faces if face.refused is not RefusalReason.FILE_MISSING]
    opened = [face.refused not in _UNOPENED for face in seen]
    return pd.DataFrame(
        {
            "row": [face.line for face in seen],
            "subject_text": [face.subject for face in seen],
            "photograph_text": [face.photograph for face in seen],
            "opened": [
                "yes" if fine or face.refused is None else face.refused.value
                for face, fine in zip(seen, opened, strict=True)
            ],
            "faces": _objects([_face_count(face) if fine else None for face, fine in zip(seen, opened, strict=True)]),
            "quality": _objects([_quality(face) if fine else None for face, fine in zip(seen, opened, strict=True)]),
            "why": [face.why for face in seen],
            "other_similarity": _floats([face.other_similarity for face in seen]),
            "nearest": [
                "" if face.other_similarity is None else f"{face.other_similarity:.2f} like {face.other_subject}"
                for face in seen
            ],
        }
    )


def _fault(row: RowCells) -> str:
    return row.refusal.reason.value if row.refusal and row.refusal.reason in _FAULTS else ""


def _category(text: str) -> str:
    """Return the permitted category that `text` names, or else the text: null would not be looked at."""
    found = parse_category(text)
    return found.value if found else text


def _second_person(text: Mapping[str, str]) -> str | None:
    """Return who approved beside the first, if that is somebody else."""
    first, second = text.get("approved_by", ""), text.get("second_approver", "")
    return second if second and count_approvers(first, second) > 1 else None


def _other_subjects(cells: Sequence[RowCells], sha256: Sequence[str | None]) -> list[str | None]:
    owners: dict[str, set[str]] = defaultdict(set)
    for row, digest in zip(cells, sha256, strict=True):
        if digest and row.text.get("subject"):
            owners[digest].add(row.text["subject"])
    return [
        ", ".join(sorted(owners[digest] - {row.text.get("subject", "")})) if digest else None
        for row, digest in zip(cells, sha256, strict=True)
    ]


def _disagreements(cells: Sequence[RowCells]) -> list[str]:
    """Return for each row the facts on which its subject's rows disagree; rows that can't be taken don't speak."""
    facts: dict[str, dict[str, set[str]]] = defaultdict(lambda: defaultdict(set))
    for row in cells:
        if not _fault(row) and row.text.get("subject"):
            for name in SUBJECT_FACTS:
                text = row.text.get(name, "")
                facts[row.text["subject"]][name].add(_category(text) if name == "category" else text)
    return [
        ", ".join(name for name in SUBJECT_FACTS if len(facts[subject][name]) > 1)
        if (subject := row.text.get("subject", "")) in facts
        else ""
        for row in cells
    ]


def _face_count(face: FaceCheck) -> str:
    return "one" if face.refused is None else _FACES.get(face.refused, "one")


def _quality(face: FaceCheck) -> str | None:
    if face.refused is None:
        return "good"
    return None if face.refused in _FACES else face.refused.value


def _objects(values: Sequence[str | None]) -> pd.Series[str]:
    """Make a series of text with None where there is none, which a column of strings would turn into NaN."""
    return pd.Series(cast("Sequence[str]", values), dtype="object")


def _floats(values: Sequence[float | None]) -> pd.Series[float]:
    return pd.Series([float("nan") if value is None else float(value) for value in values], dtype="float64")


def _days(values: Sequence[date | None]) -> pd.Series[pd.Timestamp]:
    midnights = [datetime.combine(day, datetime.min.time()) if day else None for day in values]
    return pd.Series(midnights, dtype="datetime64[us]")
