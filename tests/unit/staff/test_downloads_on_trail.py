"""Each download of the pages is on the audit trail with who took it, or was shown it; a new one fails here."""

from __future__ import annotations

import ast
from collections.abc import Iterator

import pytest

from tests.support.texts import ROOT

ON_TRAIL = {
    "apps.operator.questions._receipt": "rights.receipt",
    "apps.officer.page._receipt": "rights.receipt",
    "apps.rights.page._draw_letter": "rights.letter",
    "apps.planner.page._details": "deployment.form-printed",
    "apps.planner.list_panel._came_of": "watchlist.refusals-taken",
    "apps.compliance.page._reports": "watchlist.report-shown",
    "apps.planner.face_dialog._ask": "watchlist.face-chosen",
}
"""What draws each, and the rule that stands on the trail before it is given. Compliance's other reports hold figures
of a record that is published; whose face somebody is asked about is their own upload's, and what they say stands
there."""
OF_NOBODY = {"apps.planner.list_panel._uploader"}
"""Those that hold nothing of anybody: the empty spreadsheet."""
FILES = {"download_button", "image", "audio", "video", "logo", "pdf"}
"""What Streamlit gives an address of its own."""


def drawing() -> Iterator[str]:
    """Every function of a page that draws something which has an address."""
    for file in sorted((ROOT / "apps").rglob("*.py")):
        module = ".".join(file.relative_to(ROOT).with_suffix("").parts)
        for function in ast.walk(ast.parse(file.read_text(encoding="utf-8"))):
            if isinstance(function, ast.FunctionDef) and any(draws(each) for each in ast.walk(function)):
                yield f"{module}.{function.name}"


def draws(node: ast.AST) -> bool:
    return (
        isinstance(node, ast.Call)
        and isinstance(node.func, ast.Attribute)
        and node.func.attr in FILES
        and isinstance(node.func.value, ast.Name)
        and node.func.value.id not in {"self", "cv2"}
    )


def test_each_download_of_the_pages_is_in_the_table() -> None:
    assert set(drawing()) == ON_TRAIL.keys() | OF_NOBODY


@pytest.mark.parametrize("rule", sorted(set(ON_TRAIL.values())))
def test_its_rule_is_one_that_is_put_on_the_trail(rule: str) -> None:
    """That it is, with who, before anything is given: test_who_may_see.py, test_uploaded_lists.py, test_receipts.py."""
    texts = (file.read_text(encoding="utf-8") for root in ("apps", "lfr_core") for file in (ROOT / root).rglob("*.py"))

    assert any(f'"{rule}"' in text for text in texts)
