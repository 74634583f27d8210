"""What the public site shows, gathered from the records; nothing else may reach it."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from itertools import pairwise
from pathlib import Path, PurePosixPath

from sqlalchemy import Engine

from lfr_core.alerts import read
from lfr_core.common.errors import Refused
from lfr_core.common.logs import get_logger
from lfr_core.custody.audit.read import read_newest_head
from lfr_core.custody.audit.signed import Head
from lfr_core.deployments.announcement import Announcement, announcements
from lfr_core.deployments.compliance_documents import PublicDocument, list_public_documents, read_document
from lfr_core.deployments.compliance_documents.clean import clean_document
from lfr_core.deployments.deadlines import ResultsDue, ResultsStatus, results_due
from lfr_core.deployments.place_plan import PlacePlan, find_plan
from lfr_core.domain.deployments import DeploymentKind
from lfr_core.domain.policy import ForcePolicy, Policy
from lfr_core.publication.notices import NoticeStatus
from lfr_core.publication.promises.catalogue import promises
from lfr_core.publication.promises.ledger import read_ledger
from lfr_core.publication.promises.render import LedgerLine, render
from lfr_core.publication.published import PublishedRecord, read_published_records
from lfr_core.retention.erasure.destruction_log import PublicEpoch, epochs
from lfr_core.storage.engine import reading

__all__ = ["SiteData", "SiteDeployment", "SiteDocument", "check_contacts", "gather_site_data"]


@dataclass(frozen=True, slots=True)
class SiteDeployment:
    """One deployment as the public may know it."""

    announced: Announcement
    kind: DeploymentKind
    ended_at: datetime | None
    came: NoticeStatus
    revisions: tuple[PublishedRecord, ...]
    """The first first; empty until the record is published."""
    epochs: tuple[PublicEpoch, ...]
    due: ResultsDue | None
    """Once it has ended."""
    plan: PlacePlan | None = None
    """Of its place, where its planner lets the public see it and the place is public."""

    @property
    def is_late(self) -> bool:
        """Whether nobody published its results in time by themselves."""
        return self.due is not None and _is_late(self.due)

    @property
    def public_id(self) -> str:
        return self.announced.public_id

    @property
    def newest(self) -> PublishedRecord | None:
        return self.revisions[-1] if self.revisions else None

    @property
    def corrections(self) -> tuple[tuple[PublishedRecord, PublishedRecord], ...]:
        """Return each correction, with what it corrected before it; the first first."""
        return tuple(pairwise(self.revisions))

    @property
    def is_public(self) -> bool:
        """Whether it has a page: a withheld one has none before it ended."""
        return self.announced.withheld_because is None or self.ended_at is not None


@dataclass(frozen=True, slots=True)
class SiteDocument:
    """A document of the library, with its file."""

    document: PublicDocument
    content: bytes

    @property
    def path(self) -> str:
        """Of the file within the site. Named by its content, so that a link to it shows that content or nothing."""
        return f"documents/{self.document.sha256[:16]}{PurePosixPath(self.document.file_name).suffix.casefold()}"


@dataclass(frozen=True, slots=True)
class SiteData:
    """All of the site. `now` is aware."""

    now: datetime
    coming: tuple[SiteDeployment, ...]
    """Announced and not over, the next first."""
    past: tuple[SiteDeployment, ...]
    """Over, the newest first."""
    withheld: Mapping[str, int]
    """Operational deployments whose notice was withheld, by class of reason; those to come are counted too."""
    unannounced: int
    """Operational deployments that opened and were neither announced nor withheld."""
    late_unannounced: tuple[ResultsDue, ...]
    """Results that are late of deployments without a page: never named."""
    documents: tuple[SiteDocument, ...]
    ledger: tuple[LedgerLine, ...]
    head: Head | None = None
    """The newest signed head of the audit trail: whoever keeps the site can show what the trail was."""

    @property
    def late(self) -> tuple[SiteDeployment, ...]:
        """Those with a page whose results are late, or were published unexplained."""
        return tuple(one for one in self.pages if one.is_late)

    @property
    def pages(self) -> tuple[SiteDeployment, ...]:
        return (*self.coming, *self.past)


def gather_site_data(engine: Engine, policy: Policy, *, documents_folder: Path, now: datetime) -> SiteData:
    """Read everything that is public now. `documents_folder`: where the compliance documents' files lie.

    Raises:
        Retryable: the records are away.
        Fatal: a published record was changed in the database, or a document's file is away.
    """
    with reading(engine) as session:
        due = {one.deployment: one for one in results_due(session, now, policy.publication)}
        head = read_newest_head(session)
    summaries = {one.view.id: one for one in read.deployments(engine)}
    by_deployment: dict[str, list[PublishedRecord]] = {}
    for each in read_published_records(engine):
        by_deployment.setdefault(each.deployment, []).append(each)
    found, withheld = [], dict[str, int]()
    announced = announcements(engine)
    for one in announced:
        summary = summaries[one.deployment]
        if one.withheld_because is not None and summary.view.kind is DeploymentKind.OPERATIONAL:
            withheld[one.withheld_because.value] = withheld.get(one.withheld_because.value, 0) + 1
        made = SiteDeployment(
            announced=one,
            kind=summary.view.kind,
            ended_at=summary.ended_at,
            came=_came(one, summary, now),
            revisions=tuple(by_deployment.get(one.deployment, ())),
            epochs=epochs(engine, one.deployment),
            due=due.get(one.deployment),
            plan=_plan(engine, one),
        )
        if made.is_public:
            found.append(made)
    announced_ids = {one.deployment for one in announced}
    return SiteData(
        now=now,
        coming=tuple(one for one in found if one.came is NoticeStatus.COMING),
        past=tuple(one for one in reversed(found) if one.came is not NoticeStatus.COMING),
        withheld=withheld,
        unannounced=sum(
            one.opened_at is not None and one.view.kind is DeploymentKind.OPERATIONAL and name not in announced_ids
            for name, one in summaries.items()
        ),
        late_unannounced=tuple(one for name, one in due.items() if name not in announced_ids and _is_late(one)),
        documents=tuple(
            document
            for one in list_public_documents(engine)
            if (document := _document(documents_folder, one)) is not None
        ),
        ledger=render(read_ledger(engine, promises(policy), now_ns=round(now.timestamp() * 1e9))),
        head=head,
    )


def _plan(engine: Engine, one: Announcement) -> PlacePlan | None:
    if one.withheld_because is not None:
        return None
    with reading(engine) as session:
        found = find_plan(session, one.deployment)
    return found if found is not None and found.is_public else None


def _document(documents_folder: Path, one: PublicDocument) -> SiteDocument | None:
    """Read a document's file. HTML from before documents were cleaned is cleaned now, and listed as published.

    One that can't be cleaned is left out, and logged: the rest of the site doesn't wait for it.
    """
    content = read_document(documents_folder, one.sha256)
    if one.media_type != "text/html":
        return SiteDocument(one, content)
    try:
        content = clean_document(content, one.title)
    except Refused as error:
        get_logger().error("site.document-left-out", title=one.title, reason=str(error))
        return None
    return SiteDocument(replace(one, sha256=hashlib.sha256(content).hexdigest(), size=len(content)), content)


def _came(announced: Announcement, summary: read.DeploymentSummary, now: datetime) -> NoticeStatus:
    if summary.ended_at is None and announced.plan.ends_at > now:
        return NoticeStatus.COMING
    return NoticeStatus.NOT_HELD if summary.opened_at is None else NoticeStatus.HELD


def _is_late(due: ResultsDue) -> bool:
    return due.late_at is not None or (due.owed and due.stands is ResultsStatus.OVERDUE)


def check_contacts(force: ForcePolicy) -> None:
    """Refuse to publish where the public couldn't ask or complain. Raises Refused `site.placeholders`."""
    if force.placeholders:
        names = ", ".join(f"force.{name}" for name in force.placeholders)
        raise Refused(
            "site.placeholders",
            f"the policy still has placeholders in {names}: fill them in, or build a draft with --draft",
        )
