from __future__ import annotations

import re
from dataclasses import replace
from xml.etree import ElementTree as ET

import pytest

from lfr_core.common.errors import Poison
from lfr_core.common.quality.pages import localised
from lfr_core.publication.compare import ForceFigures, figures_of
from lfr_core.publication.quality.importer import read_table
from lfr_core.publication.record_builder import corrected, from_figures
from lfr_core.publication.svg import comparison_svg
from lfr_core.publication.tabular import csv_text
from tests.support.publication import ENDED, POLICY, alert, figures, modern_row, modern_table


def added_up(text: str, name: str = "table") -> ForceFigures:
    return figures_of(read_table(text.encode(), name))


def test_a_table_is_added_up_from_its_cells_and_unusable_rows_are_named() -> None:
    rows = [modern_row(1), modern_row(4), modern_row(5, **{"Faces seen (estimate)": "many"})]
    force = added_up(modern_table(rows))

    assert (force.deployments, force.left_out) == (2, (4,))
    assert (force.false_alerts_per_face.k, force.false_alerts_per_face.n) == (1, 14_001 + 9_997)
    assert force.faces_are == "seen, estimated"
    assert (force.first, force.last) == ("2025-01-08", "2025-01-14")


def test_of_a_corrected_record_only_the_newest_revision_counts() -> None:
    first = from_figures(figures([alert("FU", "a")]), policy=POLICY, published_at=ENDED)
    changed = figures([alert("TC", "a", "arrest")])
    second = corrected(first, changed, policy=POLICY, corrected_at=ENDED, reason="reviewed")
    force = added_up(csv_text([first, second]))

    assert (force.deployments, force.false_share_of_alerts.k) == (1, 0)
    assert force.faces_are == "compared"
    assert force.in_words == "of 12,400 faces, 1 alert, none wrong"


def test_the_drawing_is_well_formed_asks_for_nothing_and_says_its_figures_in_words() -> None:
    force = added_up(modern_table([modern_row(1), modern_row(4)]), 'A & B <"C">')
    none = replace(
        force, name="none", false_alerts_per_face=replace(force.false_alerts_per_face, k=0, point=0.0, low95=0.0)
    )
    drawing = comparison_svg([force, none])
    root = ET.fromstring(drawing)

    assert not re.search(r"//(?!www\.w3\.org/2000/svg)", drawing)
    assert "of 23,998 faces, 14 alerts, 1 wrong" in "".join(root.itertext())
    assert drawing.count("<circle") + drawing.count("<path") == 4


def test_a_table_without_a_usable_row_is_refused() -> None:
    with pytest.raises(Poison, match="nothing to compare"):
        added_up(modern_table([modern_row(1, **{"Faces seen (estimate)": "-"})]))


def test_a_page_of_data_docs_loses_all_that_asks_the_internet_and_keeps_its_figures() -> None:
    page = """<html><head><script src="https://cdn.example/x.js"></script></head><body onload="go()">
    <nav><a href="https://example.org">away</a></nav><style>b{background:url(//evil.example/a.png)}</style>
    <img src="http://example.org/a.png"><a href="https://example.org">see https://example.org/y</a>
    <div class="card sticky"><div><b>Failed Only</b></div></div><p>Data asset: None</p>
    <div id="section-1"><h5>Overview</h5><span>watchlist-rows</span><div>Run Time</div><p>2026-11-28T20:39:42Z</p></div>
    <h5> days_since_check </h5><p>a_value</p><div class="collapse m-2"><code>df.filter(items=[0])</code></div>
    <p onclick="go()" style="x" class="k">66 &lt; 67</p><i class="fas fa-times"></i><script>x</script></body></html>"""
    made = localised(page, "A <title>", "All 2 rules are kept.", is_kept=True)

    assert "//" not in made
    assert "script>" not in made
    assert "onload" not in made
    assert "onclick" not in made
    gone = ("Failed Only", "None", "Run Time", "20:39:42Z", "watchlist-rows", "df.", "days_since")
    assert [each for each in gone if each in made] == []
    assert '<p class="k">66 &lt; 67</p>' in made
    assert 'broken<i class="fas fa-times">' in made
    assert '<h1>A &lt;title&gt;</h1>\n<p class="verdict good">All 2 rules are kept.</p>' in made
    assert "<h5> days since check </h5><p>a_value</p>" in made
