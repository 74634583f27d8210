"""A labelled data set: a folder with a folder a person, or a CSV of files and subjects. Nothing is opened here."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path

from lfr_core.common.errors import Refused
from lfr_core.common.files import read_text_bounded

__all__ = ["PHOTOGRAPHS", "VIDEOS", "DataSet", "LabelledFile", "Use", "read_dataset", "read_groups"]

PHOTOGRAPHS = frozenset({".jpg", ".jpeg", ".png", ".webp"})
VIDEOS = frozenset({".avi", ".mp4", ".mkv", ".mov"})

_MOST_FILES = 500_000
"""More isn't a data set of a laboratory but an archive."""
_CSV_BYTES = 64_000_000
_LONGEST_NAME = 200


class Use(StrEnum):
    """What a photograph stands for in the test."""

    ANY = ""
    """Reference in its turn, and probe in the others."""
    REFERENCE = "reference"
    PROBE = "probe"


@dataclass(frozen=True, slots=True)
class LabelledFile:
    """One photograph or video of one person."""

    subject: str
    path: Path
    use: Use = Use.ANY

    @property
    def is_video(self) -> bool:
        return self.path.suffix.lower() in VIDEOS


@dataclass(frozen=True, slots=True)
class DataSet:
    """All of them, by subject."""

    root: Path
    """Every file lies in it."""
    files: tuple[LabelledFile, ...]
    passed_over: int = 0
    """Files that are neither photograph nor video."""

    @property
    def subjects(self) -> tuple[str, ...]:
        return tuple(sorted({file.subject for file in self.files}))


def read_dataset(path: Path) -> DataSet:
    """Read the labels of `path`: a folder that holds a folder a person, or a CSV with `file,subject` and, if wanted,
    `use` (`reference`, `probe`, or empty for both). Paths in a CSV are relative to it.

    Raises:
        Refused: `accuracy.dataset`: it isn't there, isn't such a folder or CSV, or holds nobody.
    """
    found = _from_csv(path) if path.suffix.lower() == ".csv" else _from_folder(path)
    if not found.files:
        raise _refused(f"there is no photograph of anybody in {path}: give a folder that holds a folder a person")
    if len(found.subjects) < 2:  # errors are between people
        raise _refused(f"all photographs in {path} are of one person: nobody can be taken for anybody else")
    return found


def read_groups(file: Path, subjects: Sequence[str]) -> dict[str, dict[str, str]]:
    """Read who belongs to which group: a CSV with `subject` and a column for each way of grouping.

    Nobody is put into a group by how they look: who isn't in the file, or has an empty cell, is in none.

    Returns:
        By column, the group of each subject.

    Raises:
        Refused: `accuracy.groups`: it can't be read, or names nobody of the data set.
    """
    rows = list(_rows(file, "accuracy.groups"))
    if not rows or "subject" not in rows[0] or len(rows[0]) < 2:  # the subject and a group
        raise Refused(
            "accuracy.groups", f"{file} needs a header with `subject` and at least one way of grouping, as `sex`"
        )
    known = set(subjects)
    groups: dict[str, dict[str, str]] = {column: {} for column in rows[0] if column != "subject"}
    for row in rows:
        for column, placed in groups.items():
            subject, group = row["subject"], row[column]
            if subject in known and group and placed.setdefault(subject, group) != group:
                raise Refused("accuracy.groups", f"{subject} is in two groups of {column} in {file}")
    if not any(groups.values()):
        raise Refused("accuracy.groups", f"nobody in {file} is in the data set: subjects are named as their folders")
    return groups


def _from_folder(folder: Path) -> DataSet:
    if not folder.is_dir():
        raise _refused(f"there is no folder {folder}")
    files: list[LabelledFile] = []
    passed_over = 0
    try:
        for person in sorted(folder.iterdir()):
            if person.name.startswith(".") or not person.is_dir():
                passed_over += not person.name.startswith(".")
                continue
            for file in sorted(person.rglob("*")):
                if file.suffix.lower() in PHOTOGRAPHS | VIDEOS:
                    files.append(LabelledFile(person.name, file))
                else:
                    passed_over += file.is_file()
                if len(files) > _MOST_FILES:
                    raise _refused(f"{folder} holds more than {_MOST_FILES:,} photographs: take a part of them")
    except OSError as error:
        raise _refused(f"{folder} can't be read: {error.strerror}") from error
    return DataSet(folder, tuple(files), passed_over)


def _from_csv(file: Path) -> DataSet:
    files: list[LabelledFile] = []
    for line, row in enumerate(_rows(file, "accuracy.dataset"), start=2):
        if not {"file", "subject"} <= set(row):
            raise _refused(f"{file} needs a header with the columns `file` and `subject`")
        try:
            use = Use(row.get("use", "").casefold())
        except ValueError as error:
            raise _refused(f"line {line} of {file}: use is `reference`, `probe` or empty") from error
        if not row["subject"] or len(row["subject"]) > _LONGEST_NAME or not row["file"]:
            raise _refused(f"line {line} of {file} lacks a file or its subject")
        path = file.parent / row["file"]
        if path.suffix.lower() not in PHOTOGRAPHS | VIDEOS:
            raise _refused(f"line {line} of {file}: {row['file']} is neither a photograph nor a video")
        files.append(LabelledFile(row["subject"], path, use))
        if len(files) > _MOST_FILES:
            raise _refused(f"{file} names more than {_MOST_FILES:,} photographs: take a part of them")
    return DataSet(file.parent, tuple(sorted(files, key=lambda one: (one.subject, one.path))))


def _rows(file: Path, rule: str) -> Iterator[Mapping[str, str]]:
    """Read rows of a comma-separated file, columns in lower case, cells without spaces around them."""
    try:
        text = read_text_bounded(file, _CSV_BYTES, encoding="utf-8-sig")
    except FileNotFoundError as error:
        raise Refused(rule, f"there is no file {file}") from error
    except OSError as error:
        raise Refused(rule, f"{file} can't be read: {error.strerror}") from error
    except UnicodeDecodeError as error:
        raise Refused(rule, f"{file} isn't UTF-8: save it as 'CSV UTF-8 (comma delimited)'") from error
    try:
        reader = csv.reader(io.StringIO(text, newline=""), strict=True, skipinitialspace=True)
        header = [name.strip().casefold() for name in next(reader, [])]
        if len(header) == 1 and any(mark in header[0] for mark in ";\t"):
            raise Refused(rule, f"{file} has semicolons or tabs between its columns: save it with commas")
        if len(set(header)) != len(header):
            raise Refused(rule, f"{file} names a column twice")
        for values in reader:
            if any(value.strip() for value in values):
                if len(values) != len(header):
                    raise Refused(rule, f"line {reader.line_num} of {file} hasn't as many cells as the header")
                yield dict(zip(header, (value.strip() for value in values), strict=True))
    except csv.Error as error:
        raise Refused(rule, f"{file} isn't comma-separated: {error}") from error


def _refused(words: str) -> Refused:
    return Refused("accuracy.dataset", words)
