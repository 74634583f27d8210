"""The HTML of what stands beside an act at the desk, from values: pure functions; what was typed is escaped."""

from __future__ import annotations

from datetime import datetime, timedelta
from html import escape

from apps.plain_words import plain_words
from apps.tables import heads_html, table_html
from lfr_core.common.clock import utc_from_ns
from lfr_core.common.counts import counted
from lfr_core.deployments.announcement import Plan
from lfr_core.deployments.compliance_documents import ComplianceDocumentsStatus
from lfr_core.deployments.monitoring.selftest import SelfTest
from lfr_core.domain.deployments import DeploymentKind
from lfr_core.domain.working_days import LONDON

__all__ = ["announcement_html", "documents_html", "note_html", "self_test_html"]


def note_html(words: str) -> str:
    """Show a sentence that screen readers are told too."""
    return f'<p class="pln-facts" role="status">{escape(plain_words(words))}</p>'


def self_test_html(found: SelfTest) -> str:
    """Show when a self-test that has ended was run, and each of its lines."""
    rows = "".join(
        f'<tr class="{"is-met" if line.ok else "is-missing"}"><th scope="row">{escape(line.name)}</th>'
        f'<td><span class="pln-state">{"in order" if line.ok else "not in order"}</span></td>'
        f"<td>{escape(plain_words(line.message))}</td></tr>"
        for line in found.lines
    )
    word = "in order" if found.green else "not in order"
    at = utc_from_ns(found.began_ns).astimezone(LONDON)
    heads = heads_html(("Looked at", "State", "What was seen, or what to do"))
    return table_html(
        rows, heads=heads, words=f"Self-test of {at.day} {at:%B %Y, %H:%M}: {word}", kind="pln-table pln-tested"
    )


def documents_html(found: ComplianceDocumentsStatus) -> str:
    """Show which documents are wanting."""
    wanting = [f"{kind.value}: missing" for kind in found.missing]
    wanting += [f"{one.kind.value}: was good until {one.review_by.day} {one.review_by:%B %Y}" for one in found.expired]
    if not wanting:
        return '<p class="pln-facts">All documents are in date. A newer version takes the place of the one before.</p>'
    return f'<ul class="pln-facts">{"".join(f"<li>{escape(each)}</li>" for each in wanting)}</ul>'


def announcement_html(plan: Plan, kind: DeploymentKind, *, now: datetime) -> str:
    """Show an announcement as the public will read it, and how long before it would be."""
    starts, ends = plan.starts_at.astimezone(LONDON), plan.ends_at.astimezone(LONDON)
    day = f"{ends:%H:%M}" if starts.date() == ends.date() else f"{ends:%H:%M on %A} {ends.day} {ends:%B}"
    hours = (plan.starts_at - now) / timedelta(hours=1)
    before = counted(round(hours), "hour")
    notice = f"Announced now, it is {before} before." if hours >= 1 else "Announced now, it is too late."
    return (
        f'<section class="pln-card pln-public" aria-label="As the public will read it"><h4>{escape(plan.place)}</h4>'
        f"<p>Live facial recognition on {starts:%A} {starts.day} {starts:%B %Y}, {starts:%H:%M} to {day}.</p>"
        f"<p>Why: {escape(plan.purpose)}. Use: {escape(plan.use_case.value)}; {escape(kind.value)}.</p>"
        f'</section><p class="pln-facts">{notice}</p>'
    )
