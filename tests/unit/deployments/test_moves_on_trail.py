"""From where to where the trail lets a deployment be moved is what the tables of steps say."""

from __future__ import annotations

from lfr_core.custody.audit.standing import MOVES, PEOPLES_MOVES
from lfr_core.deployments.steps import RULES, TRIAL_RULES
from lfr_core.domain.actors import SystemActor
from lfr_core.domain.deployments import DeploymentStatus

ALL = (*RULES.values(), *TRIAL_RULES.values())


def moves(by: SystemActor | None) -> set[tuple[DeploymentStatus, DeploymentStatus]]:
    rules = (rule for rule in ALL if (rule.roles if by is None else by in rule.systems))
    return {(before, rule.to) for rule in rules if rule.to is not None for before in rule.froms}


def test_parts_and_people_move_deployments_on_the_trail_as_the_tables_of_steps_let_them() -> None:
    assert moves(None) == PEOPLES_MOVES
    assert {str(part): moves(part) for part in SystemActor if moves(part)} == dict(MOVES)
