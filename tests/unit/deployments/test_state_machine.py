"""The lifecycle of a planned deployment: each way through it, tried by chance, keeps what law and force ask."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, rule

from lfr_core.common.errors import Refused
from lfr_core.custody.people.roles import Role
from lfr_core.deployments.state_machine import DeploymentState, StepActor, transition
from lfr_core.deployments.steps import BEFORE_OPEN, RULES, Step
from lfr_core.domain.actors import SystemActor
from lfr_core.domain.deployments import DeploymentStatus as Status

START = datetime(2026, 11, 27, 10, tzinfo=UTC)
END = START + timedelta(hours=6)
PEOPLE = [
    StepActor("Pat", frozenset({Role.PLANNER})),
    StepActor("Sue", frozenset({Role.AUTHORISING_OFFICER, Role.PLANNER})),
    StepActor("SUE ", frozenset({Role.AUTHORISING_OFFICER})),  # the same person, written otherwise
    StepActor("Cass", frozenset({Role.AUTHORISING_OFFICER})),
    StepActor("Olu", frozenset({Role.OPERATOR})),
    StepActor("Una", frozenset({Role.PUBLICATION_OFFICER})),
    StepActor("Dee", frozenset({Role.COMPLIANCE})),
    StepActor("Ada", frozenset({Role.AUDITOR})),
    StepActor("system:flows", part=SystemActor.FLOWS),
    StepActor("system:watch", part=SystemActor.WATCH),
    StepActor("system:recorder", part=SystemActor.RECORDER),
    StepActor("system:flows"),  # somebody typed that
]


def planned(status: Status = Status.DRAFT, **changes: object) -> DeploymentState:
    made = DeploymentState(deployment="d", status=status, revision=1, planner="Pat", starts_at=START, ends_at=END)
    return replace(made, **changes)  # type: ignore[arg-type]  # fields by name


class AnyDeployment(RuleBasedStateMachine):
    """People and processes try steps in any order at any time."""

    def __init__(self) -> None:
        super().__init__()
        self.planned = planned()
        self.now = START - timedelta(days=5)
        self.authorised: set[tuple[int, str]] = set()
        self.approved: set[str] = set()
        self.was_over = False

    @rule(
        step=st.sampled_from(list(Step)),
        actor=st.sampled_from(PEOPLE),
        digest=st.sampled_from(["", "one", "two"]),
        hours=st.sampled_from([0, 0, 0, 30, 100]),
        helpful=st.booleans(),
    )
    def try_step(self, step: Step, actor: StepActor, digest: str, hours: int, *, helpful: bool) -> None:
        self.now += timedelta(hours=hours)
        if helpful:  # else it would seldom come far
            step = next((one for one in _ORDER if self.planned.status in RULES[one].froms), step)
            self.planned = replace(self.planned, signage=True, briefing=True)
            if step is Step.READY and not self.planned.announced:
                step = Step.ANNOUNCE
            actor = next(
                (one for one in PEOPLE if _may(self.planned, step, one, self.now, self.planned.list_digest)), actor
            )
            digest = self.planned.list_digest if step is Step.APPROVE_LIST else digest
        before, may = self.planned, _may(self.planned, step, actor, self.now, digest)
        if not may:
            with pytest.raises(Refused):
                transition(before, step, actor, self.now, digest=digest)
        else:
            self.planned = transition(before, step, actor, self.now, digest=digest)
            if step is Step.AUTHORISE:
                self.authorised.add((before.revision, actor.name.casefold().strip()))
                assert actor.name.casefold().strip() != before.planner.casefold().strip()
            if step is Step.APPROVE_LIST:
                self.approved.add(digest)
        assert self.planned.status is before.status or self.planned.status == RULES[step].to

    @invariant()
    def it_is_live_only_with_authority_approval_announcement_and_ticks(self) -> None:
        if self.planned.status in {Status.LIVE, Status.SUSPENDED}:
            assert any(revision == self.planned.revision for revision, _ in self.authorised)
            assert self.planned.list_is_approved
            assert self.planned.list_digest in self.approved
            assert (self.planned.announced, self.planned.signage, self.planned.briefing) == (True, True, True)

    @invariant()
    def what_is_over_stays_over(self) -> None:
        assert not self.was_over or self.planned.status.is_over
        self.was_over = self.planned.status.is_over

    @invariant()
    def the_planner_never_decided(self) -> None:
        planner = self.planned.planner.casefold().strip()
        for decided in (self.planned.officer, self.planned.approver):
            assert not decided or decided.casefold().strip() != planner


def _may(planned: DeploymentState, step: Step, actor: StepActor, now: datetime, digest: str) -> bool:
    """What the rules ask of each step, written a second time and otherwise."""

    def is_one_of(*names: str) -> bool:
        return actor.name.strip().casefold() in {name.strip().casefold() for name in names if name}

    decides = {Step.AUTHORISE, Step.REFUSE, Step.APPROVE_LIST, Step.RESUME, Step.EXTEND}
    ends = {Step.AUTHORISE, Step.COMPILE, Step.READY, Step.OPEN, Step.RESUME, Step.SHORTEN, Step.EXTEND}
    return all(
        (
            planned.status in RULES[step].froms,
            actor.roles & RULES[step].roles or actor.part in RULES[step].systems,
            step not in decides or not is_one_of(planned.planner),
            step is not Step.APPROVE_LIST or (digest == planned.list_digest and not is_one_of(planned.compiler)),
            step is not Step.COMPILE or digest,
            step is not Step.OPEN or now >= planned.starts_at,
            step not in ends or now < planned.ends_at,
            step is not Step.READY
            or (
                (planned.list_digest and planned.list_digest == planned.approved_digest)
                and (planned.announced, planned.signage, planned.briefing) == (True, True, True)
            ),
        )
    )


def test_a_deployment_in_order_goes_all_the_way_to_live_and_to_its_end() -> None:
    planner, officer, operator, publisher = PEOPLE[0], PEOPLE[3], PEOPLE[4], PEOPLE[5]
    walk = [
        (Step.APPLY, planner, Status.APPLIED),
        (Step.AUTHORISE, officer, Status.AUTHORISED),
        (Step.COMPILE, planner, Status.LIST_BUILT),
        (Step.APPROVE_LIST, officer, Status.LIST_APPROVED),
        (Step.ANNOUNCE, publisher, Status.LIST_APPROVED),
        (Step.READY, operator, Status.READY),
        (Step.OPEN, PEOPLE[8], Status.LIVE),
        (Step.SUSPEND, operator, Status.SUSPENDED),
        (Step.RESUME, officer, Status.LIVE),
        (Step.CLOSE, PEOPLE[8], Status.ENDED),
    ]
    now = planned(signage=True, briefing=True)
    for step, actor, status in walk:
        now = transition(now, step, actor, START, digest="one")
        assert now.status is status


_ORDER = [Step.APPLY, Step.AUTHORISE, Step.APPROVE_LIST, Step.COMPILE, Step.READY, Step.OPEN, Step.RESUME]
TestAnyDeployment = AnyDeployment.TestCase
TestAnyDeployment.settings = settings(max_examples=60, stateful_step_count=40)


@pytest.mark.parametrize("step", list(Step))
def test_each_step_is_refused_from_every_state_it_doesn_t_leave(step: Step) -> None:
    who = StepActor("Zoe", frozenset(Role))
    for status in set(Status) - RULES[step].froms:
        with pytest.raises(Refused, match=str(status.value)) as refused:
            transition(planned(status), step, who, START)
        assert refused.value.rule == "deployment.wrong-state"


@pytest.mark.parametrize("step", list(Step))
def test_each_step_is_refused_to_every_role_that_it_isn_t_for(step: Step) -> None:
    (status, *_rest) = sorted(RULES[step].froms)
    for role in set(Role) - RULES[step].roles:
        with pytest.raises(Refused) as refused:
            transition(planned(status), step, StepActor("Zoe", frozenset({role})), START)
        assert refused.value.rule == "deployment.wrong-role"


@pytest.mark.parametrize(
    ("step", "status"),
    [
        (Step.AUTHORISE, Status.APPLIED),
        (Step.REFUSE, Status.APPLIED),
        (Step.APPROVE_LIST, Status.LIST_BUILT),
        (Step.RESUME, Status.SUSPENDED),
    ],
)
def test_who_planned_it_decides_nothing_about_it(step: Step, status: Status) -> None:
    with pytest.raises(Refused) as refused:
        transition(planned(status, planner="Sue", list_digest="one"), step, PEOPLE[2], START, digest="one")
    assert refused.value.rule == "deployment.same-person"


def test_who_compiled_the_list_doesn_t_approve_it() -> None:
    with pytest.raises(Refused) as refused:
        transition(
            planned(Status.LIST_BUILT, compiler="Sue", list_digest="one"),
            Step.APPROVE_LIST,
            PEOPLE[1],
            START,
            digest="one",
        )
    assert refused.value.rule == "deployment.same-person"


def test_a_list_that_was_changed_after_the_officer_saw_it_is_not_approved() -> None:
    with pytest.raises(Refused) as refused:
        transition(planned(Status.LIST_BUILT, list_digest="two"), Step.APPROVE_LIST, PEOPLE[3], START, digest="one")
    assert refused.value.rule == "deployment.list-changed"


@pytest.mark.parametrize(
    ("now", "rule_"), [(START - timedelta(seconds=1), "deployment.too-early"), (END, "deployment.hours-over")]
)
def test_nothing_opens_outside_its_hours(now: datetime, rule_: str) -> None:
    ready = planned(Status.READY)
    with pytest.raises(Refused) as refused:
        transition(ready, Step.OPEN, PEOPLE[4], now)
    assert refused.value.rule == rule_
    assert transition(ready, Step.OPEN, PEOPLE[4], START).status is Status.LIVE


def test_another_revision_takes_the_authority_back() -> None:
    moved = transition(planned(Status.AUTHORISED, officer="Sue"), Step.PLAN, PEOPLE[0], START)
    assert (moved.status, moved.revision, moved.officer) == (Status.DRAFT, 2, "")


def test_only_what_never_opened_can_be_cancelled_and_only_what_opened_closed() -> None:
    assert RULES[Step.CANCEL].froms == BEFORE_OPEN
    assert RULES[Step.CLOSE].froms == {Status.LIVE, Status.SUSPENDED}
    assert RULES[Step.CANCEL].froms | RULES[Step.CLOSE].froms | {Status.ENDED, Status.CANCELLED} == set(Status)
