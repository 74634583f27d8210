"""Who acts is made by a login: the modules that make an actor are named here, and no text is turned into one."""

from __future__ import annotations

import ast
from collections.abc import Iterator

import pytest

from lfr_core.common.errors import Refused
from lfr_core.custody.people.roles import principal_of
from lfr_core.domain.actors import SystemActor
from tests.support.people import CAST, authenticated
from tests.support.texts import ROOT

MAKERS = {"lfr_core/custody/people/identities.py"}
"""From an account that the register holds: of a verified login, or a trial's own (machine_user.py there)."""
SHIPPED = ("apps", "flows", "lfr_core", "streams", "infra", "scripts", "bench")


def modules_with(name: str) -> Iterator[tuple[str, ast.Module]]:
    for folder in SHIPPED:
        for file in sorted((ROOT / folder).rglob("*.py")):
            source = file.read_text(encoding="utf-8")
            if name in source:
                yield str(file.relative_to(ROOT)), ast.parse(source)


def named(node: ast.expr) -> str:
    return node.id if isinstance(node, ast.Name) else node.attr if isinstance(node, ast.Attribute) else ""


def test_a_person_who_acts_is_made_from_an_account_of_the_register_alone() -> None:
    makers = {
        file
        for file, tree in modules_with("AuthenticatedPerson")
        for node in ast.walk(tree)
        if isinstance(node, ast.Call) and named(node.func) == "AuthenticatedPerson"
    }

    assert makers == MAKERS


def test_no_text_is_turned_into_a_part_of_the_platform() -> None:
    turned = [
        f"{file}:{node.lineno}"
        for file, tree in modules_with("SystemActor")
        for node in ast.walk(tree)
        if (isinstance(node, ast.Call) and named(node.func) == "SystemActor")
        or (isinstance(node, ast.Subscript) and named(node.value) == "SystemActor")
    ]

    assert turned == []


@pytest.mark.parametrize("nobody", ["", "Dee Compliance", "system:flows", "flows", None])
def test_a_text_acts_as_nobody(nobody: object) -> None:
    with pytest.raises(Refused) as refused:
        principal_of(nobody)  # type: ignore[arg-type]  # that is the test

    assert refused.value.rule == "actor.not-authenticated"


def test_who_acts_is_told_by_name_and_a_part_as_itself() -> None:
    assert principal_of(authenticated(next(iter(CAST)))) == next(iter(CAST))
    assert principal_of(SystemActor.FLOWS) is SystemActor.FLOWS
