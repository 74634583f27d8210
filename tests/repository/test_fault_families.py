"""Each family of faults has a test in `make test`: a promise that is tried once a month is broken for a month."""

from __future__ import annotations

import ast

from lfr_core.common.project import PROJECT
from tests.support.faults import FAMILIES

TESTS = PROJECT / "tests"


def test_each_family_has_a_quick_member_and_each_marker_names_a_family() -> None:
    quick, named = set[str](), set[str]()
    for file in TESTS.rglob("test_*.py"):
        text = file.read_text()
        if "mark.fault(" not in text:
            continue
        tree = ast.parse(text)
        is_slow = any("mark.slow" in ast.unparse(each) for each in tree.body if _is_pytestmark(each))
        for function in (each for each in tree.body if isinstance(each, ast.FunctionDef)):
            marks = [ast.unparse(each) for each in function.decorator_list]
            families = {mark.split("'")[1] for mark in marks if mark.startswith("pytest.mark.fault(")}
            named |= families
            if not is_slow and "pytest.mark.slow" not in marks:
                quick |= families

    assert named == set(FAMILIES)
    assert quick == set(FAMILIES)


def test_the_last_result_stands_in_the_documents_with_all_families() -> None:
    page = (PROJECT / "docs" / "reliability.md").read_text()

    assert [family for family in FAMILIES if f"| {family} |" not in page] == []


def _is_pytestmark(statement: ast.stmt) -> bool:
    return isinstance(statement, ast.Assign) and "pytestmark" in ast.unparse(statement.targets[0])
