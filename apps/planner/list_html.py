"""The HTML of an uploaded list and of what was found in it, from values: pure functions.

Thumbnails are data URIs: they reach the browser inside the page's own message and nowhere else.
"""

from __future__ import annotations

import base64
from html import escape

from apps.planner.list_look import ListLook, LookedAt
from apps.planner.uploaded_lists import StagedList
from apps.tables import heads_html, table_html
from lfr_core.common.counts import counted
from lfr_core.deployments.list_thumbnails import ON_A_PAGE, ListThumbnail, ThumbnailPage
from lfr_core.deployments.readiness import DeploymentOverview
from lfr_core.domain.categories import category_words
from lfr_core.watchlists.eligibility import ADULT_YEARS
from lfr_core.watchlists.quality.result import ListQuality

__all__ = ["list_look_html", "minors_html", "thumbnails_html", "uploaded_html"]

_MOST_NAMED = 10
"""Files that are left out; how many more there are is said."""


def uploaded_html(staged: StagedList) -> str:
    """Say what was uploaded, and what of it is none of the list's."""
    word = "photograph" if staged.photographs == 1 else "photographs"
    said = f'<p class="pln-facts">Uploaded: the list and {staged.photographs:,} {word}.</p>'
    if not staged.left_out:
        return said
    lines = "".join(f"<li>{escape(each.path)}: {escape(each.why)}</li>" for each in staged.left_out[:_MOST_NAMED])
    more = len(staged.left_out) - _MOST_NAMED
    also = f"<li>and {more:,} more</li>" if more > 0 else ""
    return f'{said}<p class="pln-facts">Left out:</p><ul class="pln-facts">{lines}{also}</ul>'


def list_look_html(look: ListLook) -> str:
    """Show what a check found: how many of each category, reasons by their number, then each with its photograph."""
    head = "The list is compiled." if look.compiled else "The list passes." if look.passes else "The list doesn't pass."
    state = "is-met" if look.passes else "is-missing"
    counts = (
        f"{counted(look.rows, 'row')}, {counted(look.photographs, 'photograph')}, "
        f"{counted(look.minors, 'person')} under 18; "
        f"{counted(look.refused, 'reason')} to refuse, {counted(look.flagged, 'thing')} to look at"
    )
    rows = "".join(
        f"<tr><td>{escape(category_words(each.category))}</td><td>{each.submitted:,}</td><td>{each.fit:,}</td></tr>"
        for each in look.composition
    )
    heads = heads_html(("Category", "In the file", "Can be enrolled"))
    parts = [
        f'<p class="pln-look {state}" role="status"><span class="pln-state">{head}</span> {counts}.</p>',
        table_html(rows, heads=heads, words="People by category", kind="pln-table"),
    ]
    if look.refused_by:
        reasons = "".join(f"<tr><td>{n:,}</td><td>{escape(why)}</td></tr>" for why, n in look.refused_by[:20])
        parts.append(table_html(reasons, heads=heads_html(("How many", "Why")), words="Reasons", kind="pln-table"))
    if look.shown:
        more = look.refused + look.flagged - len(look.shown)
        caption = "Each of them" + (f"; {more:,} more are not shown" if more > 0 else "")
        lines = "".join(_looked_at(each) for each in look.shown)
        heads = heads_html(("Photograph", "Line", "Why"))
        parts.append(table_html(lines, heads=heads, words=caption, kind="pln-table pln-found"))
    return "".join(parts)


def minors_html(one: DeploymentOverview, found: ListQuality | None) -> str:
    """Show everybody under 18 on the list as built, with age, reason and who else agreed; by line, without names."""
    built = {share.category: share.people for share in one.composition}
    of_it = found is not None and built == {
        each.category: each.fit for each in found.composition if each.fit and each.category != "blue_list"
    }
    if found is None or not of_it:
        return (
            '<p class="pln-fault">The newest report is not of this list: have it compiled anew before you approve.</p>'
        )
    if not found.minor_entries:
        return '<p class="pln-facts">Nobody on it is under 18, by the ages that the list gives.</p>'
    heads = heads_html(("Line", "Age", "Category", "Why", "Who else agreed"))
    rows = "".join(
        f"<tr><td>{each.line}</td><td>{each.age}</td><td>{escape(category_words(each.category))}</td>"
        f"<td>{escape(each.rationale)}</td><td>{escape(each.second_approver)}</td></tr>"
        for each in found.minor_entries
    )
    return table_html(rows, heads=heads, words=f"Under 18: {found.minors:,}", kind="pln-table pln-minors")


def thumbnails_html(page: ThumbnailPage) -> str:
    """Show a page of a list's entries in small, each with its category and, under 18, the age; without names."""
    first = (page.number - 1) * ON_A_PAGE + 1
    last = first + len(page.shown) - 1
    figures = "".join(_thumbnail(each, number) for number, each in enumerate(page.shown, start=first))
    said = f"Photographs {first:,} to {last:,} of {page.entries:,}, one of each entry; under 18 first"
    return f'<p class="pln-facts" role="status">{said}.</p><div class="pln-thumbs">{figures}</div>'


def _thumbnail(each: ListThumbnail, number: int) -> str:
    words = category_words(each.category)
    minor = f"age {each.age}" if each.age is not None and each.age < ADULT_YEARS else ""
    picture = '<span class="pln-no-thumb">no picture</span>'
    if each.jpeg is not None:
        alt = f"Photograph {number}: {', '.join(filter(None, (words, minor)))}"
        picture = f'<img src="{_data_uri(each.jpeg.reveal())}" width="72" height="72" alt="{escape(alt)}">'
    age = f"<strong>{minor}</strong>" if minor else ""
    return f"<figure>{picture}<figcaption>{escape(words)} {age}</figcaption></figure>"


def _data_uri(jpeg: bytes) -> str:
    return f"data:image/jpeg;base64,{base64.b64encode(jpeg).decode('ascii')}"


def _looked_at(each: LookedAt) -> str:
    finding = each.finding
    line = "the list" if finding.line is None else f"line {finding.line}"
    picture = "none"
    if each.thumbnail is not None:
        picture = f'<img src="{_data_uri(each.thumbnail)}" width="72" alt="Photograph of {line}">'
    state = "refused" if finding.refuses else "to look at"
    return f"<tr><td>{picture}</td><td>{line}<br><small>{state}</small></td><td>{escape(finding.message)}</td></tr>"
