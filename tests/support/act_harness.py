"""A live trial, people of every role, and a maker of what each act of a person is done to."""

from __future__ import annotations

import datetime as dt
import sqlite3
from contextlib import closing
from itertools import count
from uuid import UUID

from lfr_core.alerts.blue_list import BlueList
from lfr_core.common.clock import utc_from_ns
from lfr_core.custody.audit.read import entries
from lfr_core.custody.people import AuthenticatedPerson, People, Rank, Role
from lfr_core.custody.people.consultations import Consultations
from lfr_core.custody.people.roles import SERVICE_ROLES
from lfr_core.deployments.announcement import AnnouncementStore, ReasonClass
from lfr_core.deployments.attendance import Attendance
from lfr_core.deployments.camera_sources import CameraSources, camera_folder
from lfr_core.deployments.place_plan import PlacePlans
from lfr_core.deployments.withholding import approve_withholding, ask_to_withhold, find_pending
from lfr_core.domain.actors import SystemActor
from lfr_core.domain.alerts import Engagement, Judgement
from lfr_core.domain.deployments import DeploymentKind
from lfr_core.domain.watchlists import Category
from lfr_core.publication.promises.catalogue import promises
from lfr_core.publication.promises.statements import PromiseStatements
from lfr_core.publication.quality.ours import Checked
from lfr_core.publication.record_figures import gather_figures
from lfr_core.publication.results import ResultsService
from lfr_core.publication.rights import answering
from lfr_core.publication.rights.reading import find_request
from lfr_core.publication.rights.service import RightsService
from lfr_core.publication.rights.types import NewRequest, RequestContext, RequestKind
from lfr_core.retention.footage.hold_service import HoldService
from lfr_core.retention.footage.holds import HoldGround, HoldRequest, find_hold
from lfr_core.storage.tables.deployments import DeploymentRow
from lfr_core.storage.tables.promises import PromiseStateRow
from lfr_core.storage.tables.stream import CameraSessionRow
from lfr_core.watchlists.choosing import FaceChooser
from tests.support.galleries import held_by
from tests.support.overwriting import overwriting
from tests.support.people import add_people, authenticated, give_accounts
from tests.support.planned_deployment import make_planned
from tests.support.planner_acts import OLGA, PlannerActs
from tests.support.promise_harness import PromiseHarness
from tests.support.publishing import planned, withhold
from tests.support.record_publisher import compared
from tests.support.records import entry
from tests.support.shown_pictures import seen

__all__ = ["EDD", "EVE", "EVERY_ROLE", "OLGA", "ONE_OF_EACH", "OTHER", "PAT", "REX", "Harness"]

REX, EVE, EDD = "Rex Left", "Eve Logged-out", "Edd Overdue"
"""All in every role; Rex is revoked, Eve has logged out everywhere, and Edd's session is over."""
ONE_OF_EACH = {f"{role.value.title()} Only": role for role in Role}
OTHER, PAT = "Sue Perintendent", "Pat Planner"


EVERY_ROLE = set(Role) - {Role.AUDITOR} - SERVICE_ROLES


class Harness(PromiseHarness, PlannerActs):
    """A live trial `dep`, and a maker of what each act is done to."""

    def __post_init__(self) -> None:
        super().__post_init__()
        self.numbers = count(1)
        cast = ONE_OF_EACH | {OTHER: Role.AUTHORISING_OFFICER, PAT: Role.PLANNER}
        add_people(self.engine, *cast.items(), clock=self.clock, trail=self.trail)
        people = self.people = People(self.engine, self.trail, self.clock)
        by = authenticated(next(each.name for each in people.list() if Role.COMPLIANCE in each.roles))
        for name in (OLGA, REX, EVE, EDD):
            people.add(name, EVERY_ROLE, Rank.SUPERINTENDENT, by=by)
            give_accounts(people, name, by=by)
        people.revoke(REX, why="left the force", by=by)
        self.logged_out = authenticated(EVE, at=self.in_hours(0))
        self.overdue = authenticated(EDD, ends_at=dt.datetime(2020, 1, 1, tzinfo=dt.UTC))
        self.clock.advance(1)
        people.end_sessions(EVE, by=self.logged_out)
        self.holds = HoldService(self.engine, self.vault, self.trail, self.policy.footage, self.clock)
        self.attendance = Attendance(self.engine, self.trail, self.clock)
        self.rights = RightsService(self.engine, self.vault, self.trail, self.policy, self.clock)
        self.notices = AnnouncementStore(self.engine, self.trail, self.clock, lambda: f"{next(self.numbers):012x}")
        self.statements = PromiseStatements(self.engine, self.trail, self.clock, promises(self.policy))
        self.blue_list = BlueList(self.engine, self.trail, self.clock)
        self.cameras = CameraSources(self.engine, self.trail, camera_folder(self.home))
        self.plans = PlacePlans(self.engine, self.trail, self.clock)
        self.faces = FaceChooser(self.engine, self.trail, self.clock)
        self.looks = Consultations(self.engine, self.trail, self.clock)
        self.open_planner()
        self.results = ResultsService(
            self.engine,
            self.trail,
            self.clock,
            self.policy.publication,
            figures=lambda name: gather_figures(self.engine, name, force="Norfolk Constabulary"),
            reports=self.home / "reports",
            call=lambda *_, **__: None,
            compare=compared(self.engine),
            check=lambda *_, **__: Checked((), "suites"),
        )

    def nobodies(self) -> dict[str, tuple[AuthenticatedPerson, str]]:
        """Whoever may do nothing, whatever the act, and the rule that says so."""
        return {
            "N. Body": (authenticated("N. Body"), "people.unknown"),
            REX: (authenticated(REX), "people.revoked"),
            EVE: (self.logged_out, "identity.session-ended"),
            EDD: (self.overdue, "login.expired"),
        }

    # -- what an act is done to: made anew each time -------------------------------------------------

    def waiting(self) -> UUID:
        return self.alert(next(self.numbers) * 600.0)

    def judged(self) -> UUID:
        alert = self.waiting()
        self.decisions.judge(alert, Judgement.SAME, authenticated(OLGA), shown=seen(self.engine, alert))
        return alert

    def engaged(self) -> UUID:
        alert = self.judged()
        self.decisions.engage(alert, Engagement.ENGAGED, authenticated(OLGA))
        return alert

    def broken(self) -> str:
        """A promise that is broken, as the last look found it."""
        with overwriting(self.engine) as session:
            nothing = {"said": "", "evidence": "{}", "subjects": "[]", "detail": ""}
            at_ns = self.clock.time_ns()
            session.merge(
                PromiseStateRow(promise="footage.gone", result="broken", at_ns=at_ns, since_ns=at_ns, **nothing)
            )
        return "footage.gone"

    def filmed(self) -> str:
        name = f"segment-{next(self.numbers)}"
        self.segment(name)
        return name

    def held(self) -> str:
        return self.approve_hold(self.requested(), authenticated("Compliance Only"))

    def requested(self) -> str:
        return self.hold(self.filmed(), authenticated(OTHER))

    def draft(self) -> str:
        name = f"trial-{next(self.numbers)}"
        self.deployments.create(name, DeploymentKind.EVALUATION, name=name)
        return name

    def ready(self) -> str:
        name = self.draft()
        self.deployments.attach_watchlist(name, "contract", f"gallery_{name}", (entry(),), held=held_by((entry(),)))
        return name

    def live(self) -> str:
        name = self.ready()
        self.deployments.open(name)
        return name

    def planned_live(self) -> str:
        """Planned by Pat, open for six hours."""
        name = self.live()
        make_planned(self.engine, name)
        with overwriting(self.engine) as session:
            row = session.get_one(DeploymentRow, name)
            assert row.opened_at is not None
            row.closes_at = row.opened_at + dt.timedelta(hours=6)
        return name

    def shortened(self) -> str:
        name = self.planned_live()
        self.deployments.shorten(name, self.in_hours(1), by=authenticated(PAT))
        return name

    def in_hours(self, hours: float) -> dt.datetime:
        return utc_from_ns(self.clock.time_ns()) + dt.timedelta(hours=hours)

    def with_a_test_subject(self) -> str:
        """Open since an hour ago, with somebody of the blue list."""
        name, listed = self.draft(), (entry(), entry("blue", category=Category.BLUE_LIST))
        self.deployments.attach_watchlist(name, "contract", f"gallery_{name}", listed, held=held_by(listed))
        self.deployments.open(name)
        with overwriting(self.engine) as session:
            session.get_one(DeploymentRow, name).opened_at = utc_from_ns(self.clock.time_ns() - 3_600 * 10**9)
        return name

    def with_a_camera(self) -> str:
        name = self.draft()
        self.name_camera(name)
        self.cameras.keep(name, "north", "rtsp://10.0.0.7/stream1", by=authenticated(PAT))
        return name

    def to_be_filmed(self) -> str:
        name = self.draft()
        self.name_camera(name)
        return name

    def suspended(self) -> str:
        name = self.live()
        self.deployments.suspend(name, "a test", by=SystemActor.LFR)
        return name

    def withheld(self) -> str:
        name = self.draft()
        withhold(self.notices, name, planned(), by=PAT, approved_by=OTHER)
        return name

    def asked_to_withhold(self) -> str:
        name = self.draft()
        self.ask_to_withhold(name, authenticated(PAT))
        return name

    def ended(self) -> str:
        name = self.draft()
        self.notices.publish(name, planned(), by=authenticated(PAT))
        self.deployments.attach_watchlist(name, "contract", f"gallery_{name}", (entry(),), held=held_by((entry(),)))
        self.deployments.open(name)
        self.deployments.close(name)
        return name

    def published(self) -> str:
        name = self.ended()
        self.results.publish(name, by=authenticated("Publication Officer Only"))
        with overwriting(self.engine) as session:  # something to correct
            session.add(CameraSessionRow(deployment=name, camera="late", session="s", first_seen_ns=0, last_seen_ns=0))
        return name

    def enquiry(self) -> str:
        asked = NewRequest(RequestKind.ENQUIRY, "4 Rampant Horse Street", "Why me?")
        return self.rights.take(asked, by=authenticated(PAT)).reference

    def answered(self) -> str:
        reference = self.enquiry()
        answering.answer(self.rights, reference, "We don't know.", by=authenticated("Compliance Only"))
        return reference

    def asks_listed(self) -> str:
        about = RequestContext(self.draft())
        asked = NewRequest(RequestKind.ENQUIRY, "4 Rampant Horse Street", "Was I on a list?", about, asks_listed=True)
        return self.rights.take(asked, by=authenticated(PAT)).reference

    def disclosure(self) -> str:
        reference = self.asks_listed()
        answering.ask_disclosure(self.rights, reference, by=authenticated("Compliance Only"))
        return reference

    # -- acts of more than one argument --------------------------------------------------------------

    def hold(self, segment: str, by: AuthenticatedPerson) -> str:
        ground, review_on = HoldGround.CRIMINAL_INVESTIGATION, self.review_on()
        asked = HoldRequest((segment,), ground, "36/1234/26", review_on)
        return self.holds.place(asked, by=by).id

    def name_camera(self, name: str) -> None:
        with overwriting(self.engine) as session:
            session.get_one(DeploymentRow, name).cameras = "north"

    def walk(self, name: str, by: AuthenticatedPerson) -> bool:
        start, end = (utc_from_ns(self.clock.time_ns() - ago_s * 10**9) for ago_s in (600, 590))
        return self.blue_list.enter(name, "subject of blue", "north", start, end, retention_h=24, by=by)

    def approve_hold(self, hold: str, by: AuthenticatedPerson) -> str:
        return self.holds.approve(hold, digest=find_hold(self.engine, hold).digest, by=by).id

    def approve_disclosure(self, reference: str, by: AuthenticatedPerson) -> None:
        asked = find_request(self.engine, self.rights.days, self.rights.now(), reference)
        answering.approve_disclosure(self.rights, reference, digest=asked.disclosure_digest, by=by)

    def review(self, hold: str, by: AuthenticatedPerson) -> None:
        self.holds.review(hold, review_on=self.review_on(), by=by)

    def review_on(self) -> dt.date:
        return dt.datetime.fromtimestamp(self.clock.time_ns() / 1e9, tz=dt.UTC).date() + dt.timedelta(days=7)

    def ask_to_withhold(self, name: str, by: AuthenticatedPerson) -> None:
        ask_to_withhold(self.notices, name, because=ReasonClass.THREAT_TO_LIFE, by=by, plan=planned())

    def approve_withholding(self, name: str, by: AuthenticatedPerson) -> None:
        approve_withholding(self.notices, name, request=find_pending(self.notices, name).name, by=by)

    # -- what is on record ---------------------------------------------------------------------------

    def everything(self) -> dict[str, list[str]]:
        """Every row of every table."""
        with closing(sqlite3.connect(self.engine.url.database or "")) as connection:
            names = [name for (name,) in connection.execute("SELECT name FROM sqlite_master WHERE type = 'table'")]
            return {name: sorted(map(repr, connection.execute(f"SELECT * FROM {name}"))) for name in names}

    def actors(self) -> list[str]:
        """Of every entry of the audit trail, the oldest first."""
        return [each.actor for each in entries(self.engine, limit=100_000)]
