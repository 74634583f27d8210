"""A live deployment with something personal in each place, and everybody who might look."""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from uuid import UUID

import pytest
from sqlalchemy import Engine

from apps.compliance.view import ComplianceView
from apps.officer.view import OfficerView
from apps.operator.view import OperatorView
from lfr_core.alerts.decisions import DecisionService
from lfr_core.alerts.recorder import Recorder
from lfr_core.common.clock import SystemClock
from lfr_core.common.settings import Settings
from lfr_core.custody.people import People, Role
from lfr_core.custody.people.sign_on import SignOns
from lfr_core.custody.vault.port import KeyKind
from lfr_core.deployments.store import DeploymentStore
from lfr_core.domain.actors import SystemActor
from lfr_core.domain.alerts import Engagement, Judgement
from lfr_core.domain.deployments import DeploymentKind
from lfr_core.domain.policy import load_policy
from lfr_core.publication.rights.service import RightsService
from lfr_core.publication.rights.types import NewRequest, RequestKind
from lfr_core.storage.engine import open_engine
from tests.support.each_process import EachProcess, EachTrail
from tests.support.galleries import held_by
from tests.support.people import add_people, authenticated
from tests.support.records import entry, sighting
from tests.support.shown_pictures import seen
from tests.support.vault_server import serving_vault

__all__ = [
    "COMPLIANCE",
    "ELSEWHERE",
    "IDLE",
    "OFFICER",
    "OPERATOR",
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
COMPLIANCE, OFFICER = "Dana Compliance", "Sue Perintendent"
STREET, STREET_ELSEWHERE, STREET_IDLE = "Pc Street", "Pc Elsewhere", "Pc Idle"
PEOPLE = {
    OPERATOR: Role.OPERATOR,
    ELSEWHERE: Role.OPERATOR,
    REVOKED: Role.OPERATOR,
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


@dataclass
class Harness:
    """Two deployments with an alert each, footage and a request; everybody is on the register."""

    engine: Engine
    vault: EachProcess
    home: Path

    def __post_init__(self) -> None:
        self.clock, self.policy = SystemClock(), load_policy()
        self.trail = EachTrail(self.vault, self.clock)
        store = DeploymentStore(self.engine, self.vault, self.trail, SystemClock())
        self.signs, self.people = (
            SignOns(self.engine, self.trail, SystemClock()),
            People(self.engine, self.trail, self.clock),
        )
        add_people(self.engine, *PEOPLE.items(), trail=self.trail)
        for name in ("dep", "other"):
            store.create(name, DeploymentKind.DEMO, name=name, policy=self.policy)
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
        self.signs.sign_on("dep", authenticated(REVOKED))
        self.people.revoke(REVOKED, why="left the force", by=authenticated(COMPLIANCE))
        decisions = DecisionService(self.engine, self.trail, SystemClock())
        decisions.judge(self.alert, Judgement.SAME, authenticated(OPERATOR), shown=seen(self.engine, self.alert))
        decisions.engage(self.alert, Engagement.ENGAGED, authenticated(OPERATOR))
        far_ns = time.time_ns() + 10**15
        self.footage = self.vault.make_key(
            KeyKind.FOOTAGE, "dep", "segment-1", far_ns, actor=SystemActor.CAMERA
        ).info.id
        self.sightings, self.listed = one.key_id, self.vault.kept(KeyKind.WATCHLIST, "dep")[0].id
        self.rights = RightsService(self.engine, self.vault, self.trail, self.policy, self.clock)
        asked = NewRequest(RequestKind.ENQUIRY, "4 Rampant Horse Street", "Why me?")
        self.request = self.rights.take(asked, by=authenticated("Pat Planner")).reference
        self.page = OperatorView(self.engine, self.policy, self.vault, self.trail, self.clock)
        self.street = OfficerView(self.engine, self.policy, self.vault, self.trail, self.clock)
        self.compliance = ComplianceView(self.engine, self.policy, self.clock, self.home)
        folder = self.home / "quality" / "dep"
        folder.mkdir(parents=True)
        for name in ("index.html", "style.css"):
            (folder / name).write_text("subject of entry-1")

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
