"""What differs between planned deployments and trials asks the lifecycle or its table, never which of both it is."""

from __future__ import annotations

import ast
from collections.abc import Iterator

from lfr_core.common.project import PROJECT

_COPIES = {
    "apps/cli/deployment/inspection.py",  # --json says it
    "lfr_core/deployments/views.py",  # a row's view has it
    "lfr_core/domain/deployments.py",  # chooses
}


def _asks_which(tree: ast.AST) -> Iterator[int]:
    """Give the lines that read `planned` of a row or a view, and don't hand it to `lifecycle_of`."""
    handed = {
        id(keyword.value)
        for node in ast.walk(tree)
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id == "lifecycle_of"
        for keyword in node.keywords
    }
    for node in ast.walk(tree):
        if not (isinstance(node, ast.Attribute) and node.attr == "planned") or id(node) in handed:
            continue
        of = ast.unparse(node.value)
        if of in {"row", "view", "of", "deployment"} or of.endswith(".view"):
            yield node.lineno


def test_whether_a_deployment_is_planned_is_asked_only_where_its_lifecycle_is_chosen() -> None:
    found = []
    for top in ("apps", "flows", "streams", "lfr_core"):
        for file in sorted((PROJECT / top).rglob("*.py")):
            path = str(file.relative_to(PROJECT))
            if path not in _COPIES:
                found += [f"{path}:{line}" for line in _asks_which(ast.parse(file.read_text(encoding="utf-8")))]

    assert found == []


def test_the_guard_sees_a_branch() -> None:
    assert list(_asks_which(ast.parse("if row.planned:\n    pass"))) == [1]
    assert list(_asks_which(ast.parse("lifecycle_of(planned=one.view.planned)"))) == []
