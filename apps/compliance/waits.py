"""Says what waits in each part of compliance's page, in a few words: pure, but for the reads that count it."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from contextlib import suppress
from functools import partial
from typing import Final

from apps.compliance.actions import ComplianceActions
from apps.compliance.view import ComplianceView
from apps.rights.holds_view import HoldsView
from lfr_core.common.counts import agree, counted
from lfr_core.common.errors import LfrError
from lfr_core.deployments.deadlines import ResultsStatus
from lfr_core.domain.working_days import LONDON
from lfr_core.publication.promises.ledger import LedgerEntry
from lfr_core.publication.promises.port import Result
from lfr_core.retention.status import RetentionState

__all__ = [
    "CERTIFICATES",
    "DELETION",
    "DOCUMENTS",
    "HELD",
    "PEOPLE",
    "PROMISES",
    "QUALITY",
    "RESULTS",
    "TRAIL",
    "promise_words",
    "read_waits",
]

PROMISES: Final = "Promises"
HELD: Final = "Footage that is held"
RESULTS: Final = "Results and their deadlines"
DELETION: Final = "Deletion"
CERTIFICATES: Final = "Certificates of erasure"
QUALITY: Final = "Data quality"
TRAIL: Final = "Audit trail"
DOCUMENTS: Final = "Documents"
PEOPLE: Final = "People"


def read_waits(view: ComplianceView, actions: ComplianceActions, holds: HoldsView) -> dict[str, str]:
    """Say for each part what waits there; nothing of one where nothing does, or that can't be read: it says why."""
    reads: Mapping[str, Callable[[], str]] = {
        PROMISES: lambda: promise_words(view.ledger().entries),
        HELD: partial(_held, holds),
        RESULTS: partial(_results, view),
        DELETION: partial(_deletion, view),
        DOCUMENTS: partial(_documents, view, actions),
    }
    found = {}
    for part, read in reads.items():
        with suppress(LfrError):
            found[part] = read()
    return found


def promise_words(entries: tuple[LedgerEntry, ...]) -> str:
    """Count the broken ones, and those that can't be checked."""
    results = [each.finding.result for each in entries if each.finding is not None]
    broken, unchecked = results.count(Result.BROKEN), results.count(Result.UNCHECKED)
    return _listed(
        counted(broken, "broken promise") if broken else "", f"{unchecked} can't be checked" if unchecked else ""
    )


def _held(holds: HoldsView) -> str:
    unapproved, overdue = holds.count_waiting()
    return _listed(
        f"{unapproved} {agree(unapproved, 'waits')} for a second person" if unapproved else "",
        f"{counted(overdue, 'review')} overdue" if overdue else "",
    )


def _results(view: ComplianceView) -> str:
    stands = [one.stands for one in view.due()]
    overdue, unexplained = stands.count(ResultsStatus.OVERDUE), stands.count(ResultsStatus.LATE)
    return _listed(
        f"{overdue} overdue" if overdue else "", f"{unexplained} published late, unexplained" if unexplained else ""
    )


def _deletion(view: ComplianceView) -> str:
    late = sum(each.standing in {RetentionState.LATE, RetentionState.OVERDUE} for each in view.retention())
    return f"{late} late" if late else ""


def _documents(view: ComplianceView, actions: ComplianceActions) -> str:
    today = view.now().astimezone(LONDON).date()
    overdue = sum(one.review_by < today for one in actions.documents())
    return f"{counted(overdue, 'review')} overdue" if overdue else ""


def _listed(*words: str) -> str:
    return ", ".join(filter(None, words))
