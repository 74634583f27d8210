"""The lifecycle of a trial: a second table, moved by the same function as that of planned deployments."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from lfr_core.common.errors import Refused
from lfr_core.custody.people.roles import Role
from lfr_core.deployments.state_machine import DeploymentState, StepActor, rule_of, transition
from lfr_core.deployments.steps import RULES, TRIAL_ROLES, TRIAL_RULES, Step, rules_of
from lfr_core.domain.actors import SystemActor
from lfr_core.domain.deployments import DeploymentKind, DeploymentView
from lfr_core.domain.deployments import DeploymentStatus as Status

NOW = datetime(2026, 11, 27, 10, tzinfo=UTC)
EVER = (datetime.min.replace(tzinfo=UTC), datetime.max.replace(tzinfo=UTC))
COMMAND = StepActor("system:lfr", part=SystemActor.LFR)


def trial(status: Status) -> DeploymentState:
    return DeploymentState("t", status, 0, "", *EVER, rules=TRIAL_RULES)


def test_a_trial_goes_from_draft_to_ready_to_live_to_its_end_and_may_stand_still() -> None:
    walk = [
        (Step.COMPILE, Status.READY),
        (Step.OPEN, Status.LIVE),
        (Step.SUSPEND, Status.SUSPENDED),
        (Step.SUSPEND, Status.SUSPENDED),
        (Step.RESUME, Status.LIVE),
        (Step.CLOSE, Status.ENDED),
    ]
    for actor in (COMMAND, StepActor("Olu", frozenset({Role.OPERATOR}))):
        now = trial(Status.DRAFT)
        for step, status in walk:
            now = transition(now, step, actor, NOW, digest="one")
            assert now.status is status


@pytest.mark.parametrize("step", TRIAL_RULES)
def test_each_step_of_a_trial_is_refused_from_every_state_it_doesn_t_leave(step: Step) -> None:
    for status in set(Status) - TRIAL_RULES[step].froms:
        with pytest.raises(Refused, match=status.value) as refused:
            transition(trial(status), step, COMMAND, NOW, digest="one")
        assert refused.value.rule == "deployment.wrong-state"


@pytest.mark.parametrize("step", TRIAL_RULES)
def test_each_step_of_a_trial_is_refused_to_every_role_and_process_that_it_isn_t_for(step: Step) -> None:
    (status, *_rest) = sorted(TRIAL_RULES[step].froms)
    nobodies = [StepActor("Zoe", frozenset({role})) for role in set(Role) - TRIAL_RULES[step].roles]
    nobodies += [StepActor(str(part), part=part) for part in set(SystemActor) - TRIAL_RULES[step].systems]
    for actor in (*nobodies, StepActor("system:lfr")):  # somebody typed that
        with pytest.raises(Refused) as refused:
            transition(trial(status), step, actor, NOW, digest="one")
        assert refused.value.rule == "deployment.wrong-role"


@pytest.mark.parametrize("step", sorted(set(Step) - set(TRIAL_RULES)))
def test_what_asks_for_an_application_is_no_step_of_a_trial(step: Step) -> None:
    for status in Status:
        with pytest.raises(Refused, match="is a trial") as refused:
            transition(trial(status), step, StepActor("Zoe", frozenset(Role)), NOW, digest="one")
        assert refused.value.rule == "deployment.trial"


@pytest.mark.parametrize(
    ("step", "word"), [(Step.CANCEL, "deployment close"), (Step.READY, "deployment open"), (Step.ANNOUNCE, "announce")]
)
def test_who_asks_for_a_step_that_a_trial_hasn_t_is_told_what_to_do_instead(step: Step, word: str) -> None:
    with pytest.raises(Refused, match=word):
        rule_of("t", step, TRIAL_RULES)


def test_a_trial_without_a_list_is_never_ready() -> None:
    with pytest.raises(Refused) as refused:
        transition(trial(Status.DRAFT), Step.COMPILE, COMMAND, NOW)
    assert refused.value.rule == "deployment.no-list"


def test_only_a_trial_may_be_moved_by_a_command_without_a_name_and_opened_for_hours_of_its_own() -> None:
    assert [step for step, rule in RULES.items() if SystemActor.LFR in rule.systems or rule.sets_hours] == []
    assert {step for step, rule in TRIAL_RULES.items() if SystemActor.LFR in rule.systems} == set(TRIAL_RULES)
    assert [step for step, rule in TRIAL_RULES.items() if rule.sets_hours] == [Step.OPEN]


def test_an_auditor_takes_no_step_of_any_deployment() -> None:
    taken = {role for rules in (RULES, TRIAL_RULES) for rule in rules.values() for role in rule.roles} | TRIAL_ROLES
    assert Role.AUDITOR not in taken


@pytest.mark.parametrize("planned", [False, True])
def test_a_worker_s_view_awaits_a_list_exactly_where_the_table_takes_one(planned: bool) -> None:  # noqa: FBT001
    for status in Status:
        view = DeploymentView("t", DeploymentKind.DEMO, status, "", "", 0.5, 2, live_only=False, planned=planned)
        assert view.awaits_list == (status in rules_of(view.lifecycle)[Step.COMPILE].froms)
