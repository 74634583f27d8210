"""The closing report: what was forecast beside what came of it, and what became of the data. Counts and times only."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path

from sqlalchemy import Engine, func
from sqlmodel import col, select

from lfr_core.alerts import read
from lfr_core.alerts.blue_list import read_blue_list
from lfr_core.common.clock import utc_from_ns
from lfr_core.common.counts import agree, counted
from lfr_core.common.errors import Refused
from lfr_core.custody.audit.read import read_newest_head
from lfr_core.custody.audit.signed import Head
from lfr_core.deployments.application import Application, Authority
from lfr_core.deployments.obligations import Obligation, read_obligations
from lfr_core.deployments.reading import read_application, read_authority
from lfr_core.domain.alerts import Cell
from lfr_core.domain.policy import Policy
from lfr_core.domain.rates import upper_bound
from lfr_core.domain.watchlists import Category
from lfr_core.domain.working_days import LONDON
from lfr_core.storage.engine import reading
from lfr_core.storage.tables.alerts import AlertRow
from lfr_core.storage.tables.deployments import DeploymentRow

__all__ = ["ClosingReport", "DeploymentOutcome", "build_closing_report", "closing_report_file", "still_to_decide"]

_FALSE = (Cell.FALSE_CONFIRMED, Cell.FALSE_UNCONFIRMED)


@dataclass(frozen=True, slots=True)
class DeploymentOutcome:
    """What came of it; test subjects are left out everywhere."""

    opened_at: datetime | None
    ended_at: datetime
    list_size: int
    faces_compared: int
    alerts: int
    false_alerts: int
    """As published: judged or confirmed to be false."""
    not_decided: int
    """Neither true nor false: those nobody judged, and those of which the operator couldn't tell."""
    undecided: int
    """Those nobody judged."""
    blue_list: str = "not tested"
    """The recognition rate of test subjects, in words: `BlueListResult.words`."""


@dataclass(frozen=True, slots=True)
class ClosingReport:
    """Forecast against outcome. Made at `made_at`, aware."""

    deployment: str
    name: str
    made_at: datetime
    application: Application
    authority: Authority
    outcome: DeploymentOutcome
    obligations: tuple[Obligation, ...]
    head: Head | None = None
    """The newest signed head of the audit trail; None while there is none."""
    tpm: bool | None = None
    """Whether a TPM holds a part of what opens the vault's keys; None: the vault is on another machine."""

    @property
    def within_limit(self) -> bool:
        """Whether there were no more false alerts than the authority allows in so many faces; none is always within."""
        return self._within(self.outcome.false_alerts)

    @property
    def within_limit_whatever_is_decided(self) -> bool:
        """Whether that would hold if every alert that isn't decided were false."""
        return self._within(self.outcome.false_alerts + self.outcome.not_decided)

    @property
    def limit_shown(self) -> bool:
        """Whether the faces are enough to show it: the one-sided 95 % bound of the rate is within the limit (F10).

        Alerts that aren't decided count against it.
        """
        faces, false = self.outcome.faces_compared, self.outcome.false_alerts + self.outcome.not_decided
        return faces > 0 and false <= faces and upper_bound(false, faces) <= 1 / self.authority.false_alerts_one_in

    def _within(self, false: int) -> bool:
        return not false or false * self.authority.false_alerts_one_in <= self.outcome.faces_compared

    @property
    def copies(self) -> str:
        """One sentence on what copies of the keys could still open."""
        match self.tpm:
            case True:
                return (
                    "A security chip (TPM) holds a part of what opens them: no copy of their folder from before the "
                    "list was destroyed opens any more, and none from before another key's end soon after that."
                )
            case False:
                return (
                    "No security chip (TPM) holds a part of what opens them: whoever copied their folder before a key "
                    "was destroyed, and kept the copy, can still open what was kept of the data."
                )
            case None:
                return "They are kept on another machine; whether a security chip (TPM) guards them, its doctor says."

    @property
    def verdict(self) -> str:
        """One sentence on the limit."""
        one_in = f"1 in {self.authority.false_alerts_one_in:,}"
        if not self.within_limit:
            return f"More false alerts than the authority's {one_in}."
        if not self.within_limit_whatever_is_decided:
            count = self.outcome.not_decided
            alerts = f"{counted(count, 'alert')} {agree(count, 'is')}n't"
            return f"It isn't known whether the authority's {one_in} was kept: {alerts} decided."
        if self.limit_shown:
            return f"Within the authority's {one_in}, and the faces are enough to show it."
        return (
            f"Within the authority's {one_in}; {counted(self.outcome.faces_compared, 'face')} "
            f"{agree(self.outcome.faces_compared, 'is')} too few to show it."
        )


def still_to_decide(engine: Engine, deployment: str, *, retention_h: float) -> str:
    """Say how many alerts nobody has judged, test subjects left out, who can and until when; "" where all are judged.

    retention_h: hours after which an alert is deleted.

    Raises:
        Retryable: the records are away.
    """
    with reading(engine) as session:
        wanted = select(func.count(), func.min(AlertRow.opened_ns)).where(AlertRow.deployment == deployment)
        wanted = wanted.where(col(AlertRow.judgement).is_(None)).where(col(AlertRow.canary).is_(False))
        waiting, first = session.exec(wanted.where(AlertRow.category != Category.BLUE_LIST.value)).one()
    if not waiting:
        return ""
    alerts = f"{counted(waiting, 'alert')} {agree(waiting, 'waits')}"
    at = (utc_from_ns(first) + timedelta(hours=retention_h)).astimezone(LONDON)
    until = f"{at.day} {at:%B %Y at %H:%M}"
    return (
        f"{alerts} for a person's judgement: operators can judge on their page, also after the end, until alerts are "
        f"deleted, the first on {until}. The results print what is left as not decided."
    )


def build_closing_report(
    engine: Engine, deployment: str, policy: Policy, now: datetime, *, tpm: bool | None
) -> ClosingReport:
    """Build the report of a planned deployment that has ended, as of `now`, aware.

    `tpm`: as `has_tpm` (`lfr_core.custody.vault.keystore_files`) says.

    Raises:
        Refused: `deployment.unknown`, `deployment.trial` (it has no authority to report on), `record.not-ended`.
        Retryable: the records are away.
    """
    with reading(engine) as session:
        row = session.get(DeploymentRow, deployment) if "\x00" not in deployment else None
        if row is None:
            raise Refused("deployment.unknown", f"there is no deployment {deployment}; see `lfr deployment list`")
        made, given = read_application(session, deployment), read_authority(session, deployment)
        if made is None or given is None:
            raise Refused("deployment.trial", f"{deployment} has no authority: there is nothing to report on")
        if row.ended_at is None:
            raise Refused("record.not-ended", f"deployment {deployment} hasn't ended: its report comes then")
        ended_at = row.ended_at
        blue_list = read_blue_list(session, deployment).words
        owed = read_obligations(session, deployment, policy, now=now)
        head = read_newest_head(session)
    tally = read.counts(engine, deployment)
    return ClosingReport(
        deployment=deployment,
        name=row.name,
        made_at=now,
        application=made,
        authority=given,
        outcome=DeploymentOutcome(
            opened_at=row.opened_at,
            ended_at=ended_at,
            list_size=row.watchlist_size,
            faces_compared=tally.faces_compared,
            alerts=tally.alerts.total,
            false_alerts=sum(tally.alerts.cells.get(cell, 0) for cell in _FALSE),
            not_decided=tally.alerts.cells.get(Cell.NOT_DECIDED, 0),
            undecided=tally.alerts.undecided,
            blue_list=blue_list,
        ),
        obligations=owed,
        head=head,
        tpm=tpm,
    )


def closing_report_file(home: Path, deployment: str) -> Path:
    """Return where the document of the closing report is kept."""
    return home / "reports" / deployment / "closing-report.html"
