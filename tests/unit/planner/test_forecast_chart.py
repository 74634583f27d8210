"""The chart has a line for each list size, the same numbers as a table, and invents nothing that wasn't measured."""

from __future__ import annotations

import itertools
import re

from apps.planner.forecast_chart import chart_html, forecast_curves
from tests.support.texts import drawing_in


def test_each_list_size_is_a_line_and_a_column_of_the_table() -> None:
    curves = forecast_curves(lambda at, people: people * (1 - at) / 100, (0.4, 0.5, 0.6), 1_000)

    output = chart_html(curves, threshold=0.5, people=1_000)

    assert drawing_in(output).count("<polyline") == 3
    assert [f">{size} people<" in output for size in ("500", "1,000", "2,000")] == [True] * 3
    assert '<th scope="row">0.5</th><td>2.5</td><td>5</td><td>10</td>' in output
    assert drawing_in(output).count('class="asked"') == 1
    assert 'class="asked"' not in drawing_in(chart_html(curves, threshold=0.7, people=1_000))


def test_both_axes_and_the_numbers_at_the_lines_ends_have_titles() -> None:
    curves = forecast_curves(lambda at, people: people * (1 - at) / 100, (0.4, 0.5, 0.6), 1_000)
    drawing = drawing_in(chart_html(curves, threshold=0.5, people=1_000))

    for title in ("How alike two faces must be", "False alerts expected", "people on list"):
        assert title in drawing
    width = float(re.findall(r'viewBox="0 0 (\d+)', drawing)[0])
    beside = re.findall(r'<text class="title" x="([0-9.]+)" y="[0-9.]+">([^<]+)<', drawing)
    assert [float(x) + 6 * len(words) <= width for x, words in beside] == [True]  # letters of 11 px


def test_where_nothing_was_measured_it_is_said_and_nothing_is_drawn() -> None:
    assert "There is no chart" in chart_html(
        forecast_curves(lambda *_: None, (0.4, 0.5), 10), threshold=0.45, people=10
    )
    partly = forecast_curves(lambda at, people: None if at > 0.5 and people > 10 else 0.001, (0.4, 0.5, 0.6), 10)
    output = chart_html(partly, threshold=0.45, people=10)

    assert "not measured" in output
    assert "under 0.01" in output


def test_labels_of_curves_that_end_together_are_apart() -> None:
    curves = forecast_curves(lambda _, __: 0.01, (0.4, 0.6), 1_000)
    drawing = drawing_in(chart_html(curves, threshold=0.5, people=1_000))
    lows = [float(re.findall(rf'y="([0-9.]+)">{size}<', drawing)[0]) for size in ("500", "1,000", "2,000")]

    assert all(above <= below - 12 for below, above in itertools.pairwise(lows))
