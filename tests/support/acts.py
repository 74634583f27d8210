"""Each act that is a person's: who may, what it is done to, and the act."""

from __future__ import annotations

from collections.abc import Callable
from typing import cast
from uuid import UUID

from lfr_core.custody.people import AuthenticatedPerson, Rank, Role
from lfr_core.deployments.announcement import TELLERS
from lfr_core.deployments.place_plan import PlacePlan
from lfr_core.deployments.steps import TRIAL_ROLES
from lfr_core.deployments.withholding import APPROVERS, refuse_withholding
from lfr_core.domain.alerts import Engagement, EngagementOutcome, Judgement, Review
from lfr_core.domain.deployments import DeploymentKind
from lfr_core.publication.promises.statements import SAY
from lfr_core.publication.rights import answering
from lfr_core.publication.rights.letter import print_letter
from lfr_core.publication.rights.service import OFFICERS, SECOND, TAKERS
from lfr_core.publication.rights.types import NewRequest, RequestKind
from lfr_core.retention.footage.hold_approval import HOLDERS
from lfr_core.watchlists.choosing import ShownFaces
from lfr_core.watchlists.commitments import was_listed
from tests.support.act_harness import PAT, Harness
from tests.support.publishing import planned
from tests.support.shown_pictures import seen

__all__ = ["ACTS", "IN_THE_STREET", "NOTHING_YET", "OF_COMPLIANCE"]

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
        lambda h, at, by: h.decisions.record_outcome(_id(at), EngagementOutcome.ARREST, by),
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
    "on a list": (
        OFFICERS,
        Harness.ended,
        lambda h, at, by: was_listed(
            h.engine, h.vault, h.trail, str(at), "subject of one", by=by, purpose="rights:R-2026-7QF3-9KXM-2TWA"
        ),
    ),
    "camera, tried": (
        OPERATORS | {Role.PLANNER},
        Harness.with_a_camera,
        lambda h, at, by: h.camera_control.attempt(str(at), "north", by=by),
    ),
    "cameras, looked for": (
        OPERATORS | {Role.PLANNER},
        Harness.draft,
        lambda h, at, by: h.camera_control.look_for_cameras(str(at), "192.0.2.0/30", by=by),
    ),
    "list, uploaded": (
        TRIAL_ROLES,
        Harness.draft,
        lambda h, at, by: h.upload(str(at), by),
    ),
    "list, checked": (
        TRIAL_ROLES,
        Harness.uploaded,
        lambda h, at, by: h.work_on_upload(h.uploads.check, str(at), by, DeploymentKind.EVALUATION),
    ),
    "list, compiled": (
        TRIAL_ROLES,
        Harness.uploaded,
        lambda h, at, by: h.work_on_upload(h.uploads.compile, str(at), by),
    ),
    "list, faces shown": (TRIAL_ROLES, Harness.uploaded, lambda h, at, by: h.faces_of_upload(str(at), by)),
    "list, refused entries taken": (TRIAL_ROLES, Harness.uploaded, lambda h, at, by: h.take_refused(str(at), by)),
    "list, face chosen": (
        TRIAL_ROLES - {Role.TRIALS_SERVICE},
        lambda h: (h.uploaded(), h.with_two_faces()),
        lambda h, at, by: h.choose_face(cast("tuple[str, ShownFaces]", at), by),
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
    "plan of the place": (
        frozenset({Role.PLANNER}),
        Harness.to_be_filmed,
        lambda h, at, by: h.plans.keep(str(at), PlacePlan(b"a picture", 4, 3), by=by),
    ),
    "hours shortened": (
        OPERATORS | {Role.PLANNER, Role.AUTHORISING_OFFICER},
        Harness.planned_live,
        lambda h, at, by: h.deployments.shorten(str(at), h.in_hours(2), by=by),
    ),
    "hours given back": (
        frozenset({Role.AUTHORISING_OFFICER}),
        Harness.shortened,
        lambda h, at, by: h.deployments.extend(str(at), h.in_hours(2), by=by),
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
    "letter, printed": (OFFICERS, Harness.answered, lambda h, at, by: print_letter(h.rights, str(at), by=by)),
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
        lambda h, at, by: h.deployments.create(str(at), DeploymentKind.DEMO, name="t", by=by),
    ),
    "open a trial": (TRIAL_ROLES, Harness.ready, lambda h, at, by: h.deployments.open(str(at), by=by)),
    "suspend a trial": (
        TRIAL_ROLES | {Role.COMPLIANCE},
        Harness.live,
        lambda h, at, by: h.deployments.suspend(str(at), "a test", by=by),
    ),
    "resume a trial": (
        TRIAL_ROLES,
        Harness.suspended,
        lambda h, at, by: h.deployments.resume(str(at), by=by),
    ),
    "close a trial": (TRIAL_ROLES, Harness.live, lambda h, at, by: h.deployments.close(str(at), by=by)),
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
NOTHING_YET = {
    "attend",
    "camera, tried",
    "cameras, looked for",
    "list, uploaded",
    "list, checked",
    "list, compiled",
    "list, faces shown",
    "list, refused entries taken",
}
"""On no trail: nobody's data is kept by it, or only once more has happened than happens here."""
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
