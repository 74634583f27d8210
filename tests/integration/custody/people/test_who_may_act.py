"""Each act that is a person's, on a trial too: for whom the register doesn't name for it, nothing happens."""

from __future__ import annotations

import datetime as dt
import sqlite3
from collections.abc import Callable, Iterator
from contextlib import closing
from itertools import count
from typing import cast
from uuid import UUID

import pytest

from lfr_core.alerts.blue_list import BlueList
from lfr_core.alerts.decisions import DecisionService
from lfr_core.common.clock import utc_from_ns
from lfr_core.common.errors import Refused
from lfr_core.custody.audit.read import entries
from lfr_core.custody.people import AuthenticatedPerson, People, Rank, Role
from lfr_core.custody.people.roles import SERVICE_ROLES
from lfr_core.deployments.announcement import TELLERS, AnnouncementStore, ReasonClass
from lfr_core.deployments.attendance import Attendance
from lfr_core.deployments.camera_sources import CameraSources, camera_folder
from lfr_core.deployments.steps import TRIAL_ROLES
from lfr_core.deployments.withholding import (
    APPROVERS,
    approve_withholding,
    ask_to_withhold,
    find_pending,
    refuse_withholding,
)
from lfr_core.domain.actors import SystemActor
from lfr_core.domain.alerts import Engagement, EngagementOutcome, Judgement, Review
from lfr_core.domain.deployments import DeploymentKind
from lfr_core.domain.watchlists import Category
from lfr_core.publication.promises.catalogue import promises
from lfr_core.publication.promises.statements import SAY, PromiseStatements
from lfr_core.publication.quality.ours import Checked
from lfr_core.publication.record_figures import figures_for
from lfr_core.publication.results import ResultsService
from lfr_core.publication.rights import answering
from lfr_core.publication.rights.reading import find_request
from lfr_core.publication.rights.service import OFFICERS, SECOND, TAKERS, RightsService
from lfr_core.publication.rights.types import About, NewRequest, RequestKind
from lfr_core.retention.footage.hold_service import HoldService
from lfr_core.retention.footage.holds import HoldGround, HoldRequest, find_hold
from lfr_core.retention.footage.people import HOLDERS
from lfr_core.storage.engine import open_engine
from lfr_core.storage.tables.deployments import DeploymentRow
from lfr_core.storage.tables.promises import PromiseStateRow
from lfr_core.storage.tables.stream import CameraSessionRow
from tests.support.databases import new_sqlite
from tests.support.galleries import held_by
from tests.support.overwriting import overwriting
from tests.support.people import add_people, authenticated
from tests.support.promise_harness import PromiseHarness
from tests.support.publishing import planned, withhold
from tests.support.records import entry
from tests.support.shown_pictures import seen

OLGA, REX = "Olga Reyes", "Rex Left"
"""Both in every role; Rex is revoked."""
SPELLINGS = ("Ｏｌｇａ Ｒｅｙｅｓ", "OLGA REYES", "olga  reyes", " Olga-Reyes. ")
ONE_OF_EACH = {f"{role.value.title()} Only": role for role in Role}
OTHER, PAT = "Sue Perintendent", "Pat Planner"
EVERY_ROLE = set(Role) - {Role.AUDITOR} - SERVICE_ROLES


class Harness(PromiseHarness):
    """A live trial `dep`, and a maker of what each act is done to."""

    def __post_init__(self) -> None:
        super().__post_init__()
        self.numbers = count(1)
        others = ((OTHER, Role.AUTHORISING_OFFICER), (PAT, Role.PLANNER))
        add_people(self.engine, *ONE_OF_EACH.items(), *others, clock=self.clock, trail=self.trail)
        people = self.people = People(self.engine, self.trail, self.clock)
        by = next(each.name for each in people.list() if Role.COMPLIANCE in each.roles)
        for name in (OLGA, REX):
            people.add(name, EVERY_ROLE, Rank.SUPERINTENDENT, by=authenticated(by))
        people.revoke(REX, why="left the force", by=authenticated(by))
        self.holds = HoldService(self.engine, self.vault, self.trail, self.policy.footage, self.clock)
        self.attendance = Attendance(self.engine, self.clock)
        self.rights = RightsService(self.engine, self.vault, self.trail, self.policy, self.clock)
        self.notices = AnnouncementStore(self.engine, self.trail, self.clock, lambda: f"{next(self.numbers):012x}")
        self.statements = PromiseStatements(self.engine, self.trail, self.clock, promises(self.policy))
        self.blue_list = BlueList(self.engine, self.trail, self.clock)
        self.cameras = CameraSources(self.engine, self.trail, camera_folder(self.home))
        self.results = ResultsService(
            self.engine,
            self.trail,
            self.clock,
            self.policy.publication,
            figures=lambda name: figures_for(self.engine, name, force="Norfolk Constabulary"),
            reports=self.home / "reports",
            call=lambda *_, **__: None,
            check=lambda *_, **__: Checked((), "suites"),
        )

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
        self.store.create(name, DeploymentKind.EVALUATION, name=name, policy=self.policy)
        return name

    def ready(self) -> str:
        name = self.draft()
        self.store.attach_watchlist(name, "contract", f"gallery_{name}", (entry(),), held=held_by((entry(),)))
        return name

    def live(self) -> str:
        name = self.ready()
        self.store.open(name)
        return name

    def with_a_test_subject(self) -> str:
        """Open since an hour ago, with somebody of the blue list."""
        name, listed = self.draft(), (entry(), entry("blue", category=Category.BLUE_LIST))
        self.store.attach_watchlist(name, "contract", f"gallery_{name}", listed, held=held_by(listed))
        self.store.open(name)
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
        self.store.suspend(name, "a test", by=SystemActor.LFR)
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
        self.store.attach_watchlist(name, "contract", f"gallery_{name}", (entry(),), held=held_by((entry(),)))
        self.store.open(name)
        self.store.close(name)
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
        about = About(self.draft())
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


OPERATORS, PUBLISHERS = frozenset({Role.OPERATOR}), frozenset({Role.PUBLICATION_OFFICER})
ACTS: dict[
    str, tuple[frozenset[Role], Callable[[Harness], object], Callable[[Harness, object, AuthenticatedPerson], object]]
] = {
    "judge": (
        OPERATORS,
        Harness.waiting,
        lambda h, at, by: h.decisions.judge(_id(at), Judgement.SAME, by, shown=seen(h.engine, _id(at))),
    ),
    "engage": (
        OPERATORS,
        Harness.judged,
        lambda h, at, by: h.decisions.engage(_id(at), Engagement.ENGAGED, by),
    ),
    "review": (
        OPERATORS,
        Harness.judged,
        lambda h, at, by: h.decisions.review(_id(at), Review.CONFIRMED_TRUE, by),
    ),
    "outcome": (
        OPERATORS,
        Harness.engaged,
        lambda h, at, by: h.decisions.outcome(_id(at), EngagementOutcome.ARREST, by),
    ),
    "undo": (
        OPERATORS,
        Harness.judged,
        lambda h, at, by: h.decisions.undo(_id(at), Judgement.SAME, by),
    ),
    "attend": (
        OPERATORS,
        lambda _: "dep",
        lambda h, at, by: h.attendance.record_heartbeat(str(at), by),
    ),
    "passes planned": (
        OPERATORS | {Role.PLANNER},
        Harness.draft,
        lambda h, at, by: h.blue_list.plan(str(at), rate=0.9, margin=0.05, by=by),
    ),
    "pass of the blue list": (OPERATORS, Harness.with_a_test_subject, lambda h, at, by: h.walk(str(at), by)),
    "camera, added": (
        OPERATORS | {Role.PLANNER},
        Harness.to_be_filmed,
        lambda h, at, by: h.cameras.keep(str(at), "north", "rtsp://10.0.0.7/stream1", by=by),
    ),
    "camera, started": (
        OPERATORS | {Role.PLANNER},
        Harness.with_a_camera,
        lambda h, at, by: h.cameras.start(str(at), "north", by=by),
    ),
    "camera, stopped": (
        OPERATORS | {Role.PLANNER},
        Harness.with_a_camera,
        lambda h, at, by: h.cameras.stop(str(at), "north", by=by),
    ),
    "hold, asked for": (HOLDERS, Harness.filmed, lambda h, at, by: h.hold(str(at), by)),
    "hold, approval": (HOLDERS, Harness.requested, lambda h, at, by: h.approve_hold(str(at), by)),
    "hold's review": (HOLDERS, Harness.held, lambda h, at, by: h.review(str(at), by)),
    "hold's release": (HOLDERS, Harness.held, lambda h, at, by: h.holds.release(str(at), by=by)),
    "announce": (
        TELLERS,
        Harness.draft,
        lambda h, at, by: h.notices.publish(str(at), planned(), by=by),
    ),
    "withhold, asked for": (TELLERS, Harness.draft, lambda h, at, by: h.ask_to_withhold(str(at), by)),
    "withhold, approved": (
        APPROVERS,
        Harness.asked_to_withhold,
        lambda h, at, by: h.approve_withholding(str(at), by),
    ),
    "withhold, refused": (
        APPROVERS,
        Harness.asked_to_withhold,
        lambda h, at, by: refuse_withholding(h.notices, str(at), by=by, reason="no danger"),
    ),
    "release the place": (
        TELLERS,
        Harness.withheld,
        lambda h, at, by: h.notices.release(str(at), by=by),
    ),
    "publish what is due": (
        PUBLISHERS | {Role.RESULTS_SERVICE},
        Harness.ended,
        lambda h, at, by: h.results.attempt(str(at), by=by),
    ),
    "publish": (PUBLISHERS, Harness.ended, lambda h, at, by: h.results.publish(str(at), by=by)),
    "request, taken": (
        TAKERS,
        lambda _: NewRequest(RequestKind.ENQUIRY, "4 Rampant Horse Street", "Why me?"),
        lambda h, at, by: h.rights.take(cast("NewRequest", at), by=by),
    ),
    "request, opened": (
        OFFICERS,
        Harness.enquiry,
        lambda h, at, by: h.rights.open(str(at), by=by, purpose="to answer"),
    ),
    "request, assigned": (OFFICERS, Harness.enquiry, lambda h, at, by: h.rights.assign(str(at), "dep", by=by)),
    "request, answered": (
        OFFICERS,
        Harness.enquiry,
        lambda h, at, by: answering.answer(h.rights, str(at), "We don't know.", by=by),
    ),
    "request, closed": (OFFICERS, Harness.answered, lambda h, at, by: answering.close(h.rights, str(at), by=by)),
    "disclosure, asked for": (
        OFFICERS,
        Harness.asks_listed,
        lambda h, at, by: answering.ask_disclosure(h.rights, str(at), by=by),
    ),
    "disclosure, approval": (
        SECOND,
        Harness.disclosure,
        lambda h, at, by: h.approve_disclosure(str(at), by),
    ),
    "create a trial": (
        TRIAL_ROLES,
        lambda h: f"trial-{next(h.numbers)}",
        lambda h, at, by: h.store.create(str(at), DeploymentKind.DEMO, name="t", policy=h.policy, by=by),
    ),
    "open a trial": (TRIAL_ROLES, Harness.ready, lambda h, at, by: h.store.open(str(at), by=by)),
    "suspend a trial": (
        TRIAL_ROLES | {Role.COMPLIANCE},
        Harness.live,
        lambda h, at, by: h.store.suspend(str(at), "a test", by=by),
    ),
    "resume a trial": (
        TRIAL_ROLES,
        Harness.suspended,
        lambda h, at, by: h.store.resume(str(at), by=by),
    ),
    "close a trial": (TRIAL_ROLES, Harness.live, lambda h, at, by: h.store.close(str(at), by=by)),
    "say of a broken promise": (
        SAY,
        Harness.broken,
        lambda h, at, by: h.statements.say(str(at), "The disk is being replaced.", by=by),
    ),
    "correct": (
        PUBLISHERS,
        Harness.published,
        lambda h, at, by: h.results.correct(str(at), reason="late", by=by),
    ),
}
"""Who may, what it is done to, and the act."""
IN_THE_STREET = {"engage", "outcome"}
"""What an engaging officer does too, once signed on to the deployment (test_who_may_see.py)."""


OF_COMPLIANCE: dict[str, Callable[[Harness, AuthenticatedPerson], object]] = {
    "register": lambda h, by: h.people.add("New One", {Role.OPERATOR}, Rank.CONSTABLE, by=by),
    "change": lambda h, by: h.people.change(PAT, {Role.OPERATOR}, Rank.CONSTABLE, by=by),
    "revoke": lambda h, by: h.people.revoke(PAT, why="left", by=by),
    "link": lambda h, by: h.people.link_identity(PAT, "https://login.example.test", "7f0c", by=by),
    "end the account": lambda h, by: h.people.end_identity(PAT, "https://login.example.test", by=by),
    "end the sessions": lambda h, by: h.people.end_sessions(PAT, by=by),
}
"""What only compliance does with people, and nobody with themselves but to log out."""


def _id(at: object) -> UUID:
    assert isinstance(at, UUID)
    return at


@pytest.fixture(scope="module")
def harness(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Harness]:
    folder = tmp_path_factory.mktemp("acts")
    engine = open_engine(new_sqlite(folder / "records.sqlite3"))
    yield Harness(engine, folder)
    engine.dispose()


@pytest.mark.parametrize("act", ACTS)
def test_nothing_happens_for_whoever_the_register_does_not_name_for_it(harness: Harness, act: str) -> None:
    may, make, do = ACTS[act]
    nobodies = {"Joe Public": "people.unknown", REX: "people.revoked"}
    nobodies |= {name: "people.wrong-role" for name, role in ONE_OF_EACH.items() if role not in may}
    if act in IN_THE_STREET:
        nobodies["Engaging Officer Only"] = "operator.not-signed-on"
    at = make(harness)
    before, reported = harness.everything(), {}

    for name in nobodies:
        with pytest.raises(Refused) as refused:
            do(harness, at, authenticated(name))
        reported[name] = refused.value.rule

    assert reported == nobodies
    assert harness.everything() == before


@pytest.mark.parametrize("act", OF_COMPLIANCE)
def test_only_compliance_changes_who_may_do_what(harness: Harness, act: str) -> None:
    before = harness.everything()
    nobodies = ["Joe Public", REX, *(name for name, role in ONE_OF_EACH.items() if role is not Role.COMPLIANCE)]

    for nobody in nobodies:
        with pytest.raises(Refused) as refused:
            OF_COMPLIANCE[act](harness, authenticated(nobody))
        assert refused.value.rule == "people.by"
    for typed in (OLGA, "system:lfr", ""):
        with pytest.raises(Refused) as refused:
            OF_COMPLIANCE[act](harness, cast("AuthenticatedPerson", typed))
        assert refused.value.rule == "actor.not-authenticated"
    with pytest.raises(Refused):  # not even this machine's user, once there is anybody
        OF_COMPLIANCE[act](harness, cast("AuthenticatedPerson", SystemActor.LFR))

    assert harness.everything() == before


@pytest.mark.parametrize("act", ACTS)
def test_a_text_is_nobody_whatever_it_says(harness: Harness, act: str) -> None:
    _, make, do = ACTS[act]
    at = make(harness)
    before = harness.everything()

    # nor is a person on the register, who has shown nothing
    for nobody in (OLGA, "system:flows", "", harness.people.find(OLGA)):
        with pytest.raises(Refused) as refused:
            do(harness, at, cast("AuthenticatedPerson", nobody))
        assert refused.value.rule == "actor.not-authenticated"

    assert harness.everything() == before


@pytest.mark.parametrize("act", ACTS)
def test_what_is_done_is_on_the_trail_under_who_did_it(harness: Harness, act: str) -> None:
    _, make, do = ACTS[act]
    person = f"person:{harness.vault.pseudonym(OLGA)}"
    others = {f"person:{harness.vault.pseudonym(name)}" for name in (OTHER, PAT)}
    others |= {str(SystemActor.VAULT)}  # whoever closes a deployment has the vault destroy its list's keys
    at = make(harness)
    before = harness.actors()

    do(harness, at, authenticated(OLGA))

    actors = set(harness.actors()[len(before) :])
    assert actors - others == ({person} if act != "attend" else set())


def test_two_spellings_of_one_name_are_not_two_people(harness: Harness) -> None:
    at = harness.draft()
    harness.ask_to_withhold(at, authenticated(OLGA))
    before = harness.everything()
    for spelling in SPELLINGS:
        with pytest.raises(Refused) as refused:
            harness.approve_withholding(at, authenticated(spelling))
        assert refused.value.rule == "announcement.same-person"

    assert harness.everything() == before


def test_nobody_is_their_own_second_person(harness: Harness) -> None:
    hold, olga = harness.hold(harness.filmed(), authenticated(OLGA)), authenticated(OLGA)
    before = harness.everything()
    with pytest.raises(Refused) as alone:
        harness.approve_hold(hold, olga)
    assert harness.everything() == before
    harness.approve_hold(hold, authenticated(OTHER))
    with pytest.raises(Refused) as reviewed:
        harness.review(hold, olga)

    assert {alone.value.rule, reviewed.value.rule} == {"footage.hold-one-person"}


def test_who_is_revoked_while_a_deployment_runs_attends_and_decides_no_more(harness: Harness) -> None:
    people = People(harness.engine, harness.trail, harness.clock)
    add_people(harness.engine, ("Lea Leaving", Role.OPERATOR), clock=harness.clock, trail=harness.trail)
    harness.attendance.record_heartbeat("dep", authenticated("Lea Leaving"))
    people.revoke("lea leaving", why="left the force", by=authenticated("Compliance Only"))
    alert, before = harness.waiting(), harness.everything()

    for do in (
        lambda: harness.attendance.record_heartbeat("dep", authenticated("Lea Leaving")),
        lambda: DecisionService(harness.engine, harness.trail, harness.clock).judge(
            alert, Judgement.SAME, authenticated("Lea Leaving"), shown=seen(harness.engine, alert)
        ),
    ):
        with pytest.raises(Refused) as refused:
            do()
        assert refused.value.rule == "people.revoked"
    assert harness.everything() == before


@pytest.mark.parametrize("name", ["Ｏｌｇａ Ｒｅｙｅｓ", "OLGA REYES", "Olga-Reyes", "olga reyes."])
def test_the_register_takes_no_second_person_whose_name_is_compared_alike(harness: Harness, name: str) -> None:
    before = harness.everything()
    with pytest.raises(Refused) as refused:
        People(harness.engine, harness.trail, harness.clock).add(
            name, {Role.OPERATOR}, Rank.CONSTABLE, by=authenticated("Compliance Only")
        )

    assert refused.value.rule == "people.known"
    assert harness.everything() == before
