"""Each act that is a person's, on a trial too: for whom the register doesn't name for it, nothing happens."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import cast
from uuid import UUID

import pytest

from lfr_core.common.errors import Refused
from lfr_core.custody.people import AuthenticatedPerson, Rank, Role
from lfr_core.deployments.announcement import TELLERS
from lfr_core.deployments.steps import TRIAL_ROLES
from lfr_core.deployments.withholding import APPROVERS, refuse_withholding
from lfr_core.domain.actors import SystemActor
from lfr_core.domain.alerts import Engagement, EngagementOutcome, Judgement, Review
from lfr_core.domain.deployments import DeploymentKind
from lfr_core.publication.promises.statements import SAY
from lfr_core.publication.rights import answering
from lfr_core.publication.rights.service import OFFICERS, SECOND, TAKERS
from lfr_core.publication.rights.types import NewRequest, RequestKind
from lfr_core.retention.footage.hold_approval import HOLDERS
from lfr_core.storage.engine import open_engine
from lfr_core.watchlists.choosing import ShownFaces
from tests.support.act_harness import OLGA, ONE_OF_EACH, OTHER, PAT, REX, Harness
from tests.support.databases import new_sqlite
from tests.support.people import authenticated
from tests.support.publishing import planned
from tests.support.shown_pictures import seen

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
    "face of a photograph": (
        OPERATORS | {Role.PLANNER, Role.AUTHORISING_OFFICER},
        Harness.with_two_faces,
        lambda h, at, by: h.faces.choose(h.home, cast("ShownFaces", at), 2, by=by),
    ),
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
    "hours shortened": (
        OPERATORS | {Role.PLANNER, Role.AUTHORISING_OFFICER},
        Harness.planned_live,
        lambda h, at, by: h.hours.shorten(str(at), h.in_hours(2), by=by),
    ),
    "hours given back": (
        frozenset({Role.AUTHORISING_OFFICER}),
        Harness.shortened,
        lambda h, at, by: h.hours.extend(str(at), h.in_hours(2), by=by),
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
    "rename": lambda h, by: h.people.rename(PAT, "Pat Renamed", by=by),
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
