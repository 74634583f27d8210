"""What the suite found, for people and programs. Plain values."""

from __future__ import annotations

from dataclasses import asdict, dataclass, replace
from datetime import date
from pathlib import Path

from pydantic import TypeAdapter, ValidationError

from lfr_core.common.errors import Poison
from lfr_core.common.files import read_bounded
from lfr_core.common.quality.findings import Finding, Unchecked
from lfr_core.domain.deployments import DeploymentKind

__all__ = ["RESULT_FILE", "CategoryCount", "ListQuality", "MinorEntry", "read_result"]

RESULT_FILE = "result.json"
"""The file of a report that programs read."""
_MOST_BYTES = 50_000_000
_FINDING = ("rule", "line", "subject", "photograph", "value", "message", "refuses")
"""What of a finding goes into the report."""


@dataclass(frozen=True, slots=True)
class CategoryCount:
    """How many subjects of a category the file has, and how many can be enrolled."""

    category: str
    submitted: int
    fit: int


@dataclass(frozen=True, slots=True)
class MinorEntry:
    """Somebody under 18 on the list, and why all the same; whom it is about isn't in it."""

    line: int
    age: int
    category: str
    rationale: str
    second_approver: str


@dataclass(frozen=True, slots=True)
class ListQuality:
    """The result of the suite. findings: the whole list's first, then by line."""

    kind: DeploymentKind
    today: date
    last_day: date
    rows: int
    photographs_looked_at: int
    findings: tuple[Finding, ...]
    checked: tuple[str, ...]
    unchecked: tuple[Unchecked, ...]
    composition: tuple[CategoryCount, ...]
    minors: int
    """Subjects under 18 in the file; 0 where it has no column `age`, which `unchecked` then says."""
    newest_check: date | None
    minor_entries: tuple[MinorEntry, ...] = ()
    """Each row of somebody under 18, by line."""
    notes: tuple[str, ...] = ()
    """What of the file was read otherwise than it stands there."""

    def without_people(self) -> ListQuality:
        """Return it without subjects, photographs and values."""
        return replace(
            self, findings=tuple(replace(each, subject="", photograph="", value="") for each in self.findings)
        )

    @property
    def passes(self) -> bool:
        """Whether nothing was found that refuses; flags don't."""
        return not any(finding.refuses for finding in self.findings)

    def as_dict(self) -> dict[str, object]:
        """Return the result as a mapping, for JSON."""
        days = {
            "today": self.today.isoformat(),
            "last_day": self.last_day.isoformat(),
            "newest_check": self.newest_check and self.newest_check.isoformat(),
        }
        findings = [{name: getattr(each, name) for name in _FINDING} for each in self.findings]
        return {"passes": self.passes} | asdict(self) | {"findings": findings} | days


_RESULT = TypeAdapter(ListQuality)


def read_result(folder: Path) -> ListQuality | None:
    """Read the suite's newest report in `folder`; None if there is none. Raises Poison: it can't be read."""
    file = folder / RESULT_FILE
    try:
        return _RESULT.validate_json(read_bounded(file, _MOST_BYTES))
    except FileNotFoundError:
        return None
    except (OSError, ValidationError) as error:
        raise Poison(f"the report on the list, {file}, can't be read: check the list again") from error
