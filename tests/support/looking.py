"""A live deployment with something personal in each place, and everybody who might look."""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from uuid import UUID

import cv2
import numpy as np
import pytest
from sqlalchemy import Engine

from apps.compliance.view import ComplianceView
from apps.officer.view import OfficerView
from apps.operator.view import OperatorView
from lfr_core.alerts.decisions import DecisionService
from lfr_core.alerts.recorder import Recorder
from lfr_core.common.clock import SystemClock, utc_from_ns
from lfr_core.common.settings import Settings
from lfr_core.custody.people import AuthenticatedPerson, People, Rank, Role
from lfr_core.custody.people.consultations import Consultations
from lfr_core.custody.people.roles import SERVICE_ROLES
from lfr_core.custody.people.sign_on import SignOns
from lfr_core.custody.vault.port import KeyKind
from lfr_core.deployments.compliance_documents import ComplianceDocumentKind, ComplianceDocumentRegister
from lfr_core.deployments.compliance_documents.kinds import FORCE_DOCUMENTS
from lfr_core.deployments.list_thumbnails import ListThumbnails
from lfr_core.domain.actors import SystemActor
from lfr_core.domain.alerts import Engagement, Judgement
from lfr_core.domain.deployments import DeploymentKind
from lfr_core.domain.policy import load_policy
from lfr_core.publication.rights.service import RightsService
from lfr_core.publication.rights.types import NewRequest, RequestKind
from lfr_core.retention.footage.hold_service import HoldService
from lfr_core.retention.footage.holds import HoldGround, HoldRequest
from lfr_core.retention.footage.register import open_row
from lfr_core.storage.engine import open_engine
from lfr_core.storage.tables.footage import FootageSegmentRow
from tests.support.deployments import deployment_service
from tests.support.each_process import EachProcess, EachTrail
from tests.support.galleries import held_by
from tests.support.people import FAR, add_people, authenticated
from tests.support.planning import PlanningHarness, form
from tests.support.records import entry, sighting
from tests.support.shown_pictures import seen
from tests.support.vault_server import serving_vault

__all__ = [
    "COMPLIANCE",
    "ELSEWHERE",
    "IDLE",
    "LOGGED_OUT",
    "OFFICER",
    "OPERATOR",
    "OVERDUE",
    "PEOPLE",
    "REVOKED",
    "STREET",
    "STREET_ELSEWHERE",
    "STREET_IDLE",
    "Harness",
    "looking_at",
    "now_ns",
]

OPERATOR, ELSEWHERE, REVOKED, IDLE = "Ann Operator", "Bob Operator", "Rex Left", "Ida Idle"
LOGGED_OUT, OVERDUE = "Eve Logged-out", "Edd Overdue"
"""Of every role, and signed on to `dep`; the one has logged out everywhere, the other's session is over."""
_EVERY_ROLE = set(Role) - {Role.AUDITOR} - SERVICE_ROLES
COMPLIANCE, OFFICER = "Dana Compliance", "Sue Perintendent"
STREET, STREET_ELSEWHERE, STREET_IDLE = "Pc Street", "Pc Elsewhere", "Pc Idle"
PEOPLE = {
    OPERATOR: Role.OPERATOR,
    ELSEWHERE: Role.OPERATOR,
    REVOKED: Role.OPERATOR,
    LOGGED_OUT: Role.OPERATOR,
    OVERDUE: Role.OPERATOR,
    IDLE: Role.OPERATOR,
    COMPLIANCE: Role.COMPLIANCE,
    OFFICER: Role.AUTHORISING_OFFICER,
    STREET: Role.ENGAGING_OFFICER,
    STREET_ELSEWHERE: Role.ENGAGING_OFFICER,
    STREET_IDLE: Role.ENGAGING_OFFICER,
    "Pat Planner": Role.PLANNER,
    "Ada Auditor": Role.AUDITOR,
    "Una Publisher": Role.PUBLICATION_OFFICER,
}


class PassingClock(SystemClock):
    """The machine's, whose seconds on the monotonic clock a test lets pass at once."""

    def __init__(self) -> None:
        self.passed_s = 0.0

    def monotonic(self) -> float:
        return super().monotonic() + self.passed_s


@dataclass
class Harness:
    """Two deployments with an alert each, footage and a request; everybody is on the register."""

    engine: Engine
    vault: EachProcess
    home: Path

    def __post_init__(self) -> None:
        self.clock, self.policy = PassingClock(), load_policy()
        self.began = utc_from_ns(self.clock.time_ns())
        self.trail = EachTrail(self.vault, self.clock)
        store = deployment_service(self.engine, self.vault, self.trail, SystemClock())
        self.signs, self.people = (
            SignOns(self.engine, self.trail, SystemClock()),
            People(self.engine, self.trail, self.clock),
        )
        add_people(self.engine, *PEOPLE.items(), trail=self.trail)
        for name in ("dep", "other"):
            store.create(name, DeploymentKind.DEMO, name=name)
            entries = (entry(),)
            store.attach_watchlist(name, "contract", f"gallery_{name}", entries, held=held_by(entries))
            store.open(name)
        recorder = Recorder(self.engine, self.policy.alerts, self.clock, self.vault, self.trail)
        one = sighting(0.0, vault=self.vault, sealed_ns=time.time_ns())
        self.alert: UUID = recorder.record_sightings([one]).opened[0]
        later = sighting(60.0, vault=self.vault, sealed_ns=time.time_ns())
        self.waiting: UUID = recorder.record_sightings([later]).opened[0]
        self.signs.sign_on("dep", authenticated(OPERATOR))
        self.signs.sign_on("dep", authenticated(STREET))
        self.signs.sign_on("other", authenticated(STREET_ELSEWHERE))
        self.signs.sign_on("other", authenticated(ELSEWHERE))
        for name in (REVOKED, LOGGED_OUT, OVERDUE):
            self.signs.sign_on("dep", authenticated(name))
        for name in (LOGGED_OUT, OVERDUE):
            self.people.change(name, _EVERY_ROLE, Rank.SUPERINTENDENT, by=authenticated(COMPLIANCE))
        self.people.end_sessions(LOGGED_OUT, by=authenticated(LOGGED_OUT))
        self.people.revoke(REVOKED, why="left the force", by=authenticated(COMPLIANCE))
        decisions = DecisionService(self.engine, self.trail, SystemClock())
        decisions.judge(self.alert, Judgement.SAME, authenticated(OPERATOR), shown=seen(self.engine, self.alert))
        decisions.engage(self.alert, Engagement.ENGAGED, authenticated(OPERATOR))
        far_ns = time.time_ns() + 10**15
        self.footage = self.vault.make_key(
            KeyKind.FOOTAGE, "dep", "segment-1", far_ns, actor=SystemActor.CAMERA
        ).info.id
        self.sightings, self.listed = one.key_id, self.vault.kept(KeyKind.WATCHLIST, "dep")[0].id
        self.looks = Consultations(self.engine, self.trail, self.clock)
        self._hold_footage(far_ns)
        self._plan_list()
        self.rights = RightsService(self.engine, self.vault, self.trail, self.policy, self.clock)
        asked = NewRequest(RequestKind.ENQUIRY, "4 Rampant Horse Street", "Why me?")
        self.request = self.rights.take(asked, by=authenticated("Pat Planner")).reference
        self.page = OperatorView(self.engine, self.policy, self.vault, self.trail, self.clock)
        self.street = OfficerView(self.engine, self.policy, self.vault, self.trail, self.clock)
        self.compliance = ComplianceView(self.looks, self.policy, self.clock, self.home)
        folder = self.home / "quality" / "dep"
        folder.mkdir(parents=True)
        for name in ("index.html", "style.css"):
            (folder / name).write_text("subject of entry-1")

    def _plan_list(self) -> None:
        """A planned deployment whose list waits for approval."""
        planned = PlanningHarness(self.engine, self.vault, self.trail, self.clock, self.home, self.policy)
        starts_at = self.began + timedelta(hours=6)
        wanted = form(starts_at, hours=2)
        planned.deployments.plan("planned", DeploymentKind.OPERATIONAL, wanted, by=authenticated("Pat Planner"))
        documents = ComplianceDocumentRegister(
            self.engine, self.trail, self.clock, self.home / "papers", self.policy.documents
        )
        file = self.home / "document.md"
        file.write_text("# In order")
        for kind in ComplianceDocumentKind:
            of = "" if kind in FORCE_DOCUMENTS else "planned"
            day = self.began.date() + timedelta(days=30)
            by = authenticated(COMPLIANCE)
            documents.add(kind, file, title="In order", version="1", review_by=day, by=by, deployment=of)
        why = "necessary and proportionate"
        by = authenticated(OFFICER)
        planned.deployments.authorise("planned", by=by, reason=why, revision=1, claim_not_shown=True)
        crop = bytes(cv2.imencode(".jpg", np.full((200, 200, 3), 90, np.uint8))[1])
        planned.compile("planned", (entry(crop=crop, expires_on=starts_at.date() + timedelta(days=9)),))
        self.planned_digest = planned.digest("planned")
        self.waiting_list = self.vault.kept(KeyKind.WATCHLIST, "planned")[0].id
        self.thumbnails = ListThumbnails(self.engine, self.vault, self.clock)

    def look_at_list(self, name: str, deployment: str = "planned") -> object:
        """As the page of the officer who approves a list does."""
        return self.thumbnails.open_page(deployment, 1, digest=self.planned_digest, by=self.login(name))

    def _hold_footage(self, due_ns: int) -> None:
        """A segment on record and a hold of it."""
        self.segment = "segment-1"
        now_ns = time.time_ns()
        info = next(each for each in self.vault.kept(KeyKind.FOOTAGE, "dep") if each.subject == self.segment)
        row = FootageSegmentRow(
            id=self.segment,
            deployment="dep",
            camera="north",
            session="s1",
            key_id=info.id,
            key_fingerprint=info.fingerprint,
            started_ns=now_ns,
            due_ns=due_ns,
            ended_ns=now_ns,
        )
        open_row(self.engine, row)
        holds = HoldService(self.engine, self.vault, self.trail, self.policy.footage, self.clock)
        review_on = self.began.date() + timedelta(days=7)
        asked = HoldRequest((self.segment,), HoldGround.CRIMINAL_INVESTIGATION, "36/1234/26", review_on)
        self.hold = holds.place(asked, by=authenticated(OFFICER)).id

    def login(self, name: str) -> AuthenticatedPerson:
        """As what that person's login gave them."""
        return authenticated(
            name,
            at=self.began if name == LOGGED_OUT else FAR,
            ends_at=self.began if name == OVERDUE else None,
        )

    def key(self, key_id: str, name: str) -> object:
        return self.vault.open_kept(key_id, actor=name, purpose="look")


@contextmanager
def looking_at(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Harness]:
    home = tmp_path_factory.mktemp("home")
    settings = Settings(home=home)
    with serving_vault(settings):
        engine = open_engine(settings.records_url)
        yield Harness(engine, EachProcess.of(settings), home)
        engine.dispose()


def now_ns() -> int:
    return time.time_ns()
