"""What the gate says, as it stands on a page: in words, without a command, beside the act that mends it."""

from __future__ import annotations

import ast
from pathlib import Path

import pytest

from apps.plain_words import plain_words
from apps.planner.remedies import NOBODY, TITLES, Act, find_remedy, who_acts
from apps.planner.stepper import CONDITIONS, RedLine, red_line_html
from lfr_core.custody.people.roles import Role
from lfr_core.deployments.readiness import ReadinessItem
from lfr_core.deployments.steps import RULES
from lfr_core.domain import gate_conditions
from lfr_core.domain.deployments import DeploymentStatus
from lfr_core.domain.gate import Condition, GateFinding


def sentences() -> list[str]:
    """Every text of the gate's conditions, a filled-in value as x."""
    found = []
    for node in ast.walk(ast.parse(Path(gate_conditions.__file__).read_text(encoding="utf-8"))):
        if isinstance(node, ast.JoinedStr):
            found.append("".join(str(each.value) if isinstance(each, ast.Constant) else "x" for each in node.values))
        elif isinstance(node, ast.Constant) and isinstance(node.value, str):
            found.append(node.value)
    return found


def test_no_sentence_of_the_gate_shows_a_command_on_a_page() -> None:
    named = [each for each in sentences() if "`lfr " in each and not each.startswith("`")]
    assert len(named) > 10

    assert [plain_words(each) for each in named if "`" in plain_words(each)] == []
    assert all(plain_words(each) for each in named)


@pytest.mark.parametrize(
    ("said", "output"),
    [
        ("its application isn't authorised: `lfr deployment authorise`", "its application isn't authorised"),
        ("no operator attends: an operator presses “Start deciding” on the operator's page, or `lfr operator attend`",
         "no operator attends: an operator presses “Start deciding” on the operator's page"),
        ("it is suspended (rain); `lfr deployment resume` ends that", "it is suspended (rain)"),
        ("nothing to change", "nothing to change"),
    ],
)  # fmt: skip
def test_the_command_goes_and_the_sentence_stays(said: str, output: str) -> None:
    assert plain_words(said) == output


def test_every_condition_has_a_title_in_words() -> None:
    assert TITLES.keys() == set(Condition)
    assert all("-" not in title for title in TITLES.values())


def test_every_condition_but_the_vaults_clock_stands_in_one_step_of_a_deployments_page() -> None:
    shown = [each for conditions in CONDITIONS.values() for each in conditions]

    assert sorted(shown) == sorted(set(Condition) - {Condition.CLOCK_SANE})


def test_a_button_is_offered_only_to_roles_that_the_lifecycle_lets_take_the_step() -> None:
    steps = {Act.APPLY: "apply", Act.READY: "ready", Act.OPEN: "open", Act.RESUME: "resume", Act.DECIDE: "authorise"}
    steps |= {Act.LIST: "compile", Act.APPROVE: "approve-list"}
    for condition in Condition:
        for status in DeploymentStatus:
            remedy = find_remedy(condition, status)
            if remedy is None or remedy.act not in steps:
                continue
            rule = next(rule for rule in RULES.values() if rule.step.value == steps[remedy.act])
            assert remedy.roles <= rule.roles, (condition, status)
            assert status in rule.froms, (condition, status)
    assert find_remedy(Condition.AUTHORITY, DeploymentStatus.ENDED) is None
    assert Role.AUDITOR not in set().union(
        *(m.roles for c in Condition for s in DeploymentStatus if (m := find_remedy(c, s)))
    )


@pytest.mark.parametrize("status", [each for each in DeploymentStatus if not each.is_over])
def test_before_the_hours_begin_nobody_is_called_on_to_act(status: DeploymentStatus) -> None:
    item = ReadinessItem(GateFinding(Condition.WITHIN_HOURS, met=False, who="planner", why="x"), looked=True)
    line = RedLine(TITLES[Condition.WITHIN_HOURS], "From 10:00.", who_acts(item, status), None, is_missing=False)
    is_open = status in {DeploymentStatus.LIVE, DeploymentStatus.SUSPENDED}

    assert (who_acts(item, status) == NOBODY) is not is_open
    assert ("Nobody has to act" in red_line_html(line, "")) is not is_open
