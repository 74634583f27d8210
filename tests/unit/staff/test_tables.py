"""Each table of the staff's pages is made in one place, where the keyboard reaches what scrolls out of sight."""

from __future__ import annotations

import ast

from apps.tables import heads_html, table_html, text_table_html
from tests.support.texts import ROOT


def test_each_table_of_the_pages_is_made_where_the_keyboard_reaches_it() -> None:
    made = {
        module.relative_to(ROOT).as_posix()
        for module in (ROOT / "apps").rglob("*.py")
        for node in ast.walk(ast.parse(module.read_text(encoding="utf-8")))
        if isinstance(node, ast.Constant) and isinstance(node.value, str) and "<table" in node.value
    }

    assert made == {"apps/tables.py"}


def test_a_table_is_a_named_region_that_the_tab_key_reaches() -> None:
    made = table_html("<tr><td>a</td></tr>", heads=heads_html(["<A>"]), words='People & "others"', kind="pln-table")

    assert made.startswith(
        '<div class="lfr-scroll" role="region" tabindex="0" aria-label="People &amp; &quot;others&quot;">'
    )
    assert '<table class="pln-table"><caption>People &amp; &quot;others&quot;</caption>' in made
    assert '<th scope="col">&lt;A&gt;</th>' in made


def test_a_column_in_which_nothing_stands_is_left_out_and_no_row_is_a_sentence() -> None:
    made = text_table_html(("A", "B"), [("1", ""), ("<2>", "")], words="Some")

    assert ("B" in made, "&lt;2&gt;" in made, "<caption>" in made) == (False, True, False)
    assert text_table_html(("A",), [], words="Some", empty="None <yet>.") == "<p>None &lt;yet&gt;.</p>"


def test_a_cell_of_nothing_but_a_time_is_kept_wide_enough_for_it_on_a_phone() -> None:
    rows = [("29 September 2026, 09:05", "on 29 September 2026, 09:05"), ("1 May 2026", "<td>1 May 2026</td>")]
    made = text_table_html(("When", "Note"), rows, words="Some")

    kept = [each.partition("</td>")[0] for each in made.split('<td class="lfr-when">')[1:]]
    assert kept == ["29 September 2026, 09:05", "1 May 2026"]
