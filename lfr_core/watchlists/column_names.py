"""What a force calls the columns of a list: its custody system's export, mapped by a file that it keeps.

`watchlist-columns.toml` lies in the list's folder or in the one above it, where it serves every list there.
"""

from __future__ import annotations

import re
import tomllib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from lfr_core.common.errors import Poison
from lfr_core.common.files import read_toml
from lfr_core.watchlists.list_cells import plain_name

__all__ = ["COLUMNS", "FURTHER_COLUMNS", "NAMES_FILE", "ColumnNames", "read_column_names"]

COLUMNS = ("subject", "category", "legal_reference", "approved_by", "expires_on", "photograph")

FURTHER_COLUMNS = ("image_source", "image_date", "age", "minor_rationale", "second_approver", "checked_on")
"""An operational list needs them (the suite `watchlist` refuses it otherwise); older and test lists may lack them."""

NAMES_FILE = "watchlist-columns.toml"
_KNOWN = frozenset({*COLUMNS, *FURTHER_COLUMNS})
_MOST_NAMES = 200
_IN_BRACKETS = re.compile(r"\([^()]*\)|\[[^\[\]]*\]")


@dataclass(frozen=True, slots=True)
class ColumnNames:
    """file: where they are from; None where a force keeps none. ours: our name by theirs, "" for what isn't read."""

    file: Path | None
    ours: Mapping[str, str]

    def of(self, header: str) -> str:
        """Return our name of a column by its heading: mapped, or itself in small letters; "" if it isn't to be read."""
        name = _alike(header)
        if name in self.ours:
            return self.ours[name]
        letters = _letters(name)
        return (
            _BY_LETTERS.get(letters) or _BY_LETTERS.get(_letters(_IN_BRACKETS.sub("", name))) or name.replace(" ", "_")
        )

    def named(self, header: Sequence[str]) -> int:
        """Count how many of our columns these headings name."""
        return len({self.of(text) for text in header} & _KNOWN)

    def notes(self, header: Sequence[str]) -> list[str]:
        """Say which of these headings are read as which column, for whoever sees to the list."""
        read = [(text, self.ours[_alike(text)]) for text in map(plain_name, header) if _alike(text) in self.ours]
        as_ours = [f"{theirs!r} is {ours}" for theirs, ours in read if ours]
        left = [repr(theirs) for theirs, ours in read if not ours]
        found = [f"columns by {self.file}: {', '.join(as_ours)}"] if as_ours else []
        return found + ([f"columns not read, by {self.file}: {', '.join(left)}"] if left else [])


def read_column_names(folder: Path) -> ColumnNames:
    """Read the force's names for the list in `folder`, from there or from the folder above.

    Raises:
        Poison: the file can't be read, or maps to a column that there isn't.
    """
    for file in (folder / NAMES_FILE, folder.resolve().parent / NAMES_FILE):
        if not file.exists():
            continue
        try:
            found = read_toml(file).get("columns")
        except (OSError, UnicodeDecodeError, tomllib.TOMLDecodeError) as error:
            raise Poison(f"{file} can't be read: {error}") from error
        if not isinstance(found, dict) or len(found) > _MOST_NAMES:
            raise Poison(f'{file} needs a part [columns] of at most {_MOST_NAMES} lines as "Custody ref" = "subject"')
        unknown = [f"{name!r} = {ours!r}" for name, ours in found.items() if ours != "" and ours not in _KNOWN]
        if unknown:
            raise Poison(
                f"{file} maps to columns that a list hasn't: {', '.join(unknown)}. There are {', '.join(COLUMNS)}, "
                f'{", ".join(FURTHER_COLUMNS)}, and "" for a column that isn\'t read'
            )
        return ColumnNames(file, {_alike(name): ours for name, ours in found.items()})
    return ColumnNames(None, {})


def _letters(text: str) -> str:
    return "".join(character for character in text if character.isalnum())


_BY_LETTERS = {_letters(name): name for name in _KNOWN}
"""Our columns by their letters alone: "Legal-Reference*", "LegalReference" and "legal.reference" are one."""


def _alike(text: str) -> str:
    return " ".join(plain_name(text).casefold().split())
