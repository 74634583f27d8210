"""A force that plans deployments: people of every role, documents in date, and a walk along the lifecycle."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from pathlib import Path
from uuid import uuid4

from sqlalchemy import Engine
from sqlmodel import select

from lfr_core.common.clock import Clock, utc_from_ns
from lfr_core.custody.audit.port import AuditEvent, SealingTrail, Verb
from lfr_core.custody.people import People, Person
from lfr_core.custody.vault.port import Vault
from lfr_core.deployments.announcement import AnnouncementStore, announce
from lfr_core.deployments.application import Application, ApplicationForm
from lfr_core.deployments.compliance_documents import ComplianceDocumentKind, ComplianceDocumentRegister
from lfr_core.deployments.compliance_documents.kinds import FORCE_DOCUMENTS
from lfr_core.deployments.entries import EntryLike
from lfr_core.deployments.evaluations import Evaluation
from lfr_core.deployments.monitoring.gallery import GalleryCheck
from lfr_core.deployments.monitoring.store import keep_self_test
from lfr_core.deployments.reading import read_application
from lfr_core.deployments.service import DeploymentService
from lfr_core.domain.actors import SystemActor
from lfr_core.domain.deployments import DeploymentKind, DeploymentStatus
from lfr_core.domain.figures import UseCase
from lfr_core.domain.policy import Policy, load_policy
from lfr_core.domain.working_days import LONDON
from lfr_core.recognition.gallery.checks import gallery_name
from lfr_core.recognition.gallery.exact import ExactGallery
from lfr_core.recognition.gallery.port import Gallery
from lfr_core.storage.engine import reading, writing
from lfr_core.storage.tables.deployments import PlannedDeploymentRow
from tests.support.deployments import deployment_service
from tests.support.galleries import fill
from tests.support.made_once import Beginning
from tests.support.overwriting import overwriting
from tests.support.people import CAST, authenticated, put_people
from tests.support.records import ManualClock, entry
from tests.support.vaults import trail_of, vault_of

__all__ = [
    "CAST",
    "COMPLIANCE",
    "OFFICER",
    "OPERATOR",
    "OTHER_OFFICER",
    "PLANNER",
    "PUBLISHER",
    "PlanningHarness",
    "form",
]

PLANNER, OFFICER, OPERATOR, PUBLISHER = "Pat Planner", "Sue Perintendent", "Olu Operator", "Una Publisher"
COMPLIANCE = "Dee Compliance"
OTHER_OFFICER = "Cass Superintendent"
_LINE = list(DeploymentStatus)
_SENTENCE = "People wanted by the courts are expected at this market on this day."


def form(starts_at: datetime, *, hours: float = 6.0, place: str = "Norwich", **changes: object) -> ApplicationForm:
    """An application that the policy has nothing against."""
    values: dict[str, object] = {
        "place": place,
        "footprint": "Gentleman's Walk, both sides",
        "starts_at": starts_at,
        "ends_at": starts_at + timedelta(hours=hours),
        "use_case": UseCase.SOUGHT_PERSONS,
        "purpose": "find people wanted by the courts",
        "sought": _SENTENCE,
        "necessity": _SENTENCE,
        "proportionality": _SENTENCE,
        "grounds": _SENTENCE,
        "threshold": load_policy().alerts.threshold,
        "list_cap": 1_000,
        "expected_faces": 10_000,
        "cameras": ("north", "south"),
    }
    return ApplicationForm.model_validate(values | changes)


@dataclass
class PlanningHarness:
    """Everything a deployment needs to be planned. With a `ManualClock` the walk moves it; else it waits."""

    engine: Engine
    vault: Vault
    trail: SealingTrail
    clock: Clock
    home: Path
    policy: Policy = field(default_factory=load_policy)
    gallery: Gallery = field(default_factory=ExactGallery)

    @classmethod
    def on(cls, engine: Engine, home: Path) -> PlanningHarness:
        """On a test's database, with a clock of its own; people and documents are there."""
        clock = ManualClock()
        harness = cls(engine, vault_of(engine), trail_of(engine), clock, home)
        beginning = Beginning(engine, home, "a force that plans")
        if beginning.restore() is None:
            harness.settle()
            beginning.keep(clock.now_ns)
        return harness

    def settle(self) -> None:
        """Register people and the force's documents."""
        self.put_cast()
        self.register_documents()

    def put_cast(self) -> None:
        """Register the people of a deployment, each with an account."""
        put_people(self.engine, {**CAST, OTHER_OFFICER: CAST[OFFICER]}, clock=self.clock, trail=self.trail)

    def register_documents(self) -> None:
        """Register the force's documents."""
        for kind in FORCE_DOCUMENTS:
            self.register_document(kind)

    def register_document(
        self, kind: ComplianceDocumentKind, *, deployment: str = "", review_by: date | None = None, version: str = "1"
    ) -> None:
        file = self.home / f"{kind.word}-{deployment}-{version}.md"
        file.write_text(f"# {kind.value}\n\nIn order.\n", encoding="utf-8")
        register = ComplianceDocumentRegister(
            self.engine, self.trail, self.clock, self.home / "papers", self.policy.documents
        )
        day = review_by or self.now.date() + timedelta(days=100)
        title = f"{kind.value} of the force"
        register.add(
            kind, file, title=title, version=version, review_by=day, by=authenticated(COMPLIANCE), deployment=deployment
        )

    @property
    def now(self) -> datetime:
        return utc_from_ns(self.clock.time_ns())

    @property
    def deployments(self) -> DeploymentService:
        return self.service()

    def service(
        self,
        *,
        compare: Callable[[str], str] | None = None,
        evaluations: Sequence[Evaluation] = (),
        model: str = "",
    ) -> DeploymentService:
        """The service of deployments, for which these are what was measured, and the face model in use.

        compare: says what differs between a gallery and its list; unless given, the harness' gallery is asked.
        """
        return deployment_service(
            self.engine,
            self.vault,
            self.trail,
            self.clock,
            self.policy,
            compare=compare or self.compare,
            evaluations=evaluations,
            model=model,
        )

    @property
    def people(self) -> People:
        return People(self.engine, self.trail, self.clock)

    def person(self, name: str) -> Person:
        found = self.people.find(name)
        assert found is not None
        return found

    @property
    def announcements(self) -> AnnouncementStore:
        return AnnouncementStore(self.engine, self.trail, self.clock, lambda: uuid4().hex[:12])

    def start(self, days: float = 4.0) -> datetime:
        """Ten in the morning in England, so many days from now."""
        day = (self.now + timedelta(days=days)).astimezone(LONDON).date()
        return datetime(day.year, day.month, day.day, 10, tzinfo=LONDON)

    def plan(self, deployment: str = "dep", *, wanted: ApplicationForm | None = None, **changes: object) -> Application:
        kind = DeploymentKind(str(changes.pop("kind", "operational")))
        asked = wanted or form(self.start(), **changes)  # type: ignore[arg-type]  # fields by name
        return self.deployments.plan(deployment, kind, asked, by=authenticated(PLANNER))

    def authorise(self, deployment: str = "dep") -> None:
        self.register_document(ComplianceDocumentKind.COMMUNITY, deployment=deployment)
        with reading(self.engine) as session:
            made = read_application(session, deployment)
        why, revision = "necessary and proportionate", made.revision if made else 0
        by = authenticated(OFFICER)
        self.deployments.authorise(deployment, by=by, reason=why, revision=revision, claim_not_shown=True)

    def announce(self, deployment: str = "dep") -> None:
        announce(self.engine, self.announcements, deployment, by=authenticated(PUBLISHER))

    def compile(
        self,
        deployment: str = "dep",
        entries: Sequence[EntryLike] = (),
        *,
        contract: str = "contract",
        gallery: str = "",
    ) -> None:
        chosen = entries or (entry(),)
        name = gallery or f"{gallery_name(deployment)}__{uuid4().hex[:6]}"
        held = fill(self.gallery, name, contract, chosen)
        self.deployments.attach_watchlist(deployment, contract, name, chosen, by=authenticated(PLANNER), held=held)

    def compare(self, deployment: str = "dep") -> str:
        """Compare its gallery with its list, as an opening asks for."""
        return GalleryCheck(self.engine, self.gallery, self.clock).compare(deployment)

    def digest(self, deployment: str = "dep") -> str:
        with reading(self.engine) as session:
            return session.exec(
                select(PlannedDeploymentRow.list_digest).where(PlannedDeploymentRow.deployment == deployment)
            ).one()

    def approve(self, deployment: str = "dep") -> None:
        self.deployments.approve_list(deployment, self.digest(deployment), by=authenticated(OFFICER))

    def prove(self, deployment: str = "dep", detail: str = "[]") -> None:
        """A self-test that was green; `detail`: its lines, as JSON."""
        now_ns = self.clock.time_ns()
        probe = uuid4()
        self.trail.prepare(SystemActor.SELF_TEST)
        with writing(self.engine) as session:
            keep_self_test(
                session, self.trail, probe, deployment, began_ns=now_ns, ended_ns=now_ns, green=True, detail=detail
            )
            event = AuditEvent(Verb.CONSULT, SystemActor.SELF_TEST, deployment, f"self-test:{probe}", "self-test.run")
            self.trail.append(session, event)

    def wait_until(self, at: datetime) -> None:
        """Move the clock on, or wait."""
        seconds = (at - self.now).total_seconds()
        if seconds > 0:
            if isinstance(self.clock, ManualClock):
                self.clock.advance(seconds)
            else:
                time.sleep(seconds)

    def walk(
        self,
        to: DeploymentStatus,
        deployment: str = "dep",
        entries: Sequence[EntryLike] = (),
        **changes: object,
    ) -> Application:
        """Take a new deployment along its line up to `to`, LIVE at the furthest."""
        far = _LINE.index(to)
        made = self.plan(deployment, **changes)  # type: ignore[arg-type]  # fields by name
        if far >= _LINE.index(DeploymentStatus.AUTHORISED):
            self.authorise(deployment)
            self.announce(deployment)
        if far >= _LINE.index(DeploymentStatus.LIST_BUILT):
            self.wait_until(made.starts_at - timedelta(hours=self.policy.planning.compile_before_h))
            self.compile(deployment, entries)
        if far >= _LINE.index(DeploymentStatus.LIST_APPROVED):
            self.approve(deployment)
        if far >= _LINE.index(DeploymentStatus.READY):
            self.touch()
            self.deployments.confirm(deployment, by=authenticated(PLANNER), signage=True, briefing=True)
            self.deployments.mark_ready(deployment, by=authenticated(PLANNER))
        if far >= _LINE.index(DeploymentStatus.LIVE):
            self.wait_until(made.starts_at)
            self.touch()
            self.prove(deployment)
            self.deployments.open(deployment, by=authenticated(OPERATOR))
        return made

    def touch(self) -> None:
        """What the vault does every few seconds: show that the records take a write."""
        from lfr_core.deployments.vault_records import VaultRecords
        from lfr_core.storage.tables.vault import InstallationRow

        with overwriting(self.engine) as session:
            if session.exec(select(InstallationRow.id)).first() is None:
                session.add(InstallationRow(id="of a test"))
        VaultRecords(self.engine, self.clock).touch(self.clock.time_ns())
