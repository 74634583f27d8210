"""The read model of compliance's page: data quality, certificates, promises, trail, retention, people."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from enum import StrEnum
from html import escape
from pathlib import Path

from sqlalchemy import Engine

from apps.compliance.panels import london
from apps.compliance.trail_rules import rules_meant
from apps.compliance.trail_words import Named, alerts_of
from apps.deployment_labels import read_labels
from lfr_core.alerts.read import alert_places
from lfr_core.common.clock import Clock, utc_from_ns
from lfr_core.common.errors import Refused, Retryable
from lfr_core.common.files import read_text_bounded
from lfr_core.common.quality.pages import GENERATOR
from lfr_core.custody.audit.entry import AuditEntry
from lfr_core.custody.audit.read import entries
from lfr_core.custody.people.consultations import TRAIL_READERS, Consultations
from lfr_core.custody.people.lookup import acting
from lfr_core.custody.people.roles import AuthenticatedPerson, Role
from lfr_core.deployments.deadlines import ResultsDue, results_due
from lfr_core.domain.policy import Policy
from lfr_core.domain.working_days import LONDON
from lfr_core.publication.promises.catalogue import promises
from lfr_core.publication.promises.ledger import LedgerView, read_ledger
from lfr_core.retention.erasure.certificate import Certificate
from lfr_core.retention.erasure.certificate_service import read_certificates
from lfr_core.retention.status import ClassStatus, read_retention_status
from lfr_core.storage.engine import reading

__all__ = ["MOST_ENTRIES", "ROLES", "ComplianceView", "Report", "ReportKind", "TrailSearch"]

ROLES = frozenset({Role.COMPLIANCE, Role.AUDITOR})
"""Whom the page is for."""
MOST_ENTRIES = 200
_HEAD = re.compile(r"<head>", re.IGNORECASE)
_OWN_RULES = re.compile(r'<meta http-equiv="Content-Security-Policy"[^>]*>', re.IGNORECASE)
_STYLE = re.compile(r'<link rel="stylesheet" href="style\.css">', re.IGNORECASE)
_LINK = re.compile(r'<a href="[^"]*">(.*?)</a>', re.IGNORECASE | re.DOTALL)
_H1 = re.compile(r"</h1>", re.IGNORECASE)
_TITLE = re.compile(r"<title>(.*?)</title>", re.IGNORECASE | re.DOTALL)
_RULES = "<meta http-equiv=\"Content-Security-Policy\" content=\"default-src 'none'; style-src 'unsafe-inline'\">"
_MOST_BYTES = 50_000_000


class ReportKind(StrEnum):
    """What a report is about. The value is where it lies in the home folder."""

    WATCHLIST = "quality"
    RECORD = "reports/records"

    @property
    def heading(self) -> str:
        return "List" if self is ReportKind.WATCHLIST else "Published record"


@dataclass(frozen=True, slots=True)
class Report:
    """One report of Great Expectations with our findings before it."""

    kind: ReportKind
    deployment: str
    made_at: datetime
    """Aware."""
    pages: tuple[str, ...]
    """File names, `index.html` first."""


@dataclass(frozen=True, slots=True)
class TrailSearch:
    """What is looked for on the audit trail. Days are London's, the last included."""

    first: date
    last: date
    words: str = ""
    """A rule, a kind of thing; "" for all."""
    people: Sequence[str] = ()
    """Whom the words mean, as the trail has them: entries by and about them are found, and no others."""
    deployment: str = ""
    begin: time = time()
    """Of the first day."""
    end: time = time(23, 59)
    """Of the last day; this minute is included."""


@dataclass(frozen=True, slots=True)
class ComplianceView:
    """The read model of compliance's page. Every method raises Retryable when what it reads is away."""

    looks: Consultations
    policy: Policy
    clock: Clock
    home: Path

    @property
    def engine(self) -> Engine:
        """The records."""
        return self.looks.engine

    def labels(self) -> dict[str, str]:
        """Name each deployment as people do, by its id; the newest first."""
        return read_labels(self.engine)

    def name_of(self, report: Report) -> str:
        """Name the deployment that a report is about as people do."""
        return self.labels().get(report.deployment, "a deployment that has gone")

    def reports(self, by: AuthenticatedPerson) -> tuple[Report, ...]:
        """List the reports for that person, the newest first. Of lists: for compliance, until the deployment has ended.

        Raises:
            Refused: as `acting`.
        """
        with reading(self.engine) as session:
            roles = acting(session, by, ROLES).roles
        kinds = [kind for kind in ReportKind if kind is not ReportKind.WATCHLIST or Role.COMPLIANCE in roles]
        found = [report for kind in kinds for report in self._of(kind)]
        return tuple(sorted(found, key=lambda one: one.made_at, reverse=True))

    def page(self, report: Report, name: str, by: AuthenticatedPerson) -> str:
        """Return a report's page in one piece: its style within, no link, no script, nothing asked of anybody.

        Raises:
            Refused: `compliance.no-such-page`; `people.*`: a list's report names subjects, and is for compliance.
            Retryable: it has gone meanwhile (a list's report goes when the deployment ends).
        """
        is_of_list = report.kind is ReportKind.WATCHLIST
        with reading(self.engine) as session:
            person = acting(session, by, {Role.COMPLIANCE} if is_of_list else ROLES)
        if name not in report.pages:
            raise Refused("compliance.no-such-page", f"the report has no page {name}: choose one that is listed")
        folder = self.home / report.kind.value / report.deployment
        try:
            text = read_text_bounded(folder / name, _MOST_BYTES)
            style = read_text_bounded(folder / "style.css")
        except (OSError, UnicodeDecodeError) as error:
            raise Retryable(f"the report of {report.deployment} isn't there any more, or can't be read") from error
        if is_of_list:
            self.looks.note(person, "watchlist.report-shown", deployment=report.deployment)
        text = _LINK.sub(r"\1", _OWN_RULES.sub("", text))
        text = _STYLE.sub(lambda _: f"<style>{style}</style>", text)
        of = escape(f"{report.kind.heading} of {self.name_of(report)}; this report was made {london(report.made_at)}.")
        text = _H1.sub(lambda match: f"{match.group()}<p>{of}</p>", text, count=1)
        return _HEAD.sub(lambda match: match.group() + _RULES, text, count=1)

    def title(self, report: Report, name: str, by: AuthenticatedPerson) -> str:
        """Return a page's title; its file name where it has none."""
        match = _TITLE.search(self.page(report, name, by))
        return match.group(1) if match else name

    def certificates(self) -> tuple[Certificate, ...]:
        """List the certificates, the newest first."""
        return tuple(one.certificate for one in reversed(read_certificates(self.engine)))

    def ledger(self) -> LedgerView:
        """Read the ledger with what is for staff: what breaks a promise, and why one couldn't be checked."""
        return read_ledger(self.engine, promises(self.policy), now_ns=self.clock.time_ns())

    def trail(self, search: TrailSearch, by: AuthenticatedPerson) -> tuple[AuditEntry, ...]:
        """Find at most `MOST_ENTRIES` entries, the newest. Raises Refused as `acting`."""
        self.looks.check(by, TRAIL_READERS, "audit.shown")
        last = datetime.combine(search.last, search.end, tzinfo=LONDON).astimezone(UTC) + timedelta(minutes=1)
        return entries(
            self.engine,
            deployment=search.deployment or None,
            since_ns=round(datetime.combine(search.first, search.begin, tzinfo=LONDON).timestamp() * 1e9),
            until_ns=round(last.timestamp() * 1e9),
            words="" if search.people else search.words.strip(),
            rules=() if search.people else rules_meant(search.words),
            people=search.people,
            limit=MOST_ENTRIES,
        )

    def names(self, shown: Sequence[AuditEntry], people: Mapping[str, Sequence[str]]) -> Named:
        """Find what names the things that entries are about. people: whom, as `Named` has them."""
        sentences = {each.id: each.sentence for each in promises(self.policy)}
        return Named(self.labels(), alert_places(self.engine, alerts_of(shown)), sentences, people)

    def now(self) -> datetime:
        """Return the page's time, aware."""
        return utc_from_ns(self.clock.time_ns())

    def retention(self) -> tuple[ClassStatus, ...]:
        """Read how each kind of data stands against its end."""
        return read_retention_status(self.engine, self.policy.retention, now_ns=self.clock.time_ns())

    def due(self) -> tuple[ResultsDue, ...]:
        """List results beside their deadlines."""
        with reading(self.engine) as session:
            return results_due(session, utc_from_ns(self.clock.time_ns()), self.policy.publication)

    def _of(self, kind: ReportKind) -> list[Report]:
        try:
            folders = [path for path in (self.home / kind.value).iterdir() if not path.name.startswith(".")]
        except OSError:
            return []
        found = []
        for folder in folders:
            index = folder / "index.html"
            try:
                if folder.is_symlink() or GENERATOR not in index.read_text(encoding="utf-8"):
                    continue
                made_at = datetime.fromtimestamp(index.stat().st_mtime, UTC)
                pages = sorted(path.name for path in folder.glob("*.html") if path.name != "index.html")
            except (OSError, UnicodeDecodeError):
                continue  # none of ours, or gone while we looked
            found.append(Report(kind, folder.name, made_at, ("index.html", *pages)))
        return found
