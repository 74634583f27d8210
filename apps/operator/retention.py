"""The HTML of the retention panel: how late each class of data is with its deletion."""

from __future__ import annotations

from collections.abc import Sequence
from html import escape

from apps.plain_words import plain_sentences
from apps.tables import heads_html, table_html
from flows.retention_lag import lag_words
from lfr_core.retention.status import ClassStatus, RetentionState

__all__ = ["WHAT_TO_DO", "disk_html", "retention_html", "trouble_html"]

WHAT_TO_DO = "Call whoever runs the system: the runbook “Retention is overdue” says what to do."
_WORDS = {
    RetentionState.IN_TIME: ("good", "In time"),
    RetentionState.LATE: ("behind", "Late"),
    RetentionState.NOT_SWEPT: ("behind", "Not looked at yet"),
    RetentionState.OVERDUE: ("silent", "Overdue"),
}
_WORST_FIRST = (RetentionState.OVERDUE, RetentionState.LATE, RetentionState.NOT_SWEPT, RetentionState.IN_TIME)


def retention_html(standing: Sequence[ClassStatus]) -> str:
    """Show one line, and a table on demand; with something overdue an alarm, and the table open."""
    overdue = sum(each.is_alarm for each in standing)
    worst = next(
        word for word in _WORST_FIRST if word is RetentionState.IN_TIME or any(e.standing is word for e in standing)
    )
    pill, words = _WORDS[worst]
    text = f"{overdue} of {len(standing)} classes of data overdue" if overdue else words
    alarm = (
        f'<p class="ops-alarm" role="alert"><strong>Data that should be gone may still be there.</strong> '
        f"{WHAT_TO_DO}</p>"
        if overdue
        else ""
    )
    heads = heads_html(("Data", "Stands", "How late", "Due"))
    table = table_html(
        "".join(map(_row, standing)), heads=heads, words="Classes of data and when each is due", caption=False
    )
    return (
        f'<details class="ops-retention"{" open" if overdue else ""}><summary><span class="ops-h2">Retention</span> '
        f'<span class="ops-pill is-{pill}">{text}</span></summary>{alarm}'
        f"{table}</details>"
    )


def trouble_html(trouble: str) -> str:
    """Say what the last purge couldn't reach, or why none was begun; nothing where all is well."""
    if not trouble:
        return ""
    words = escape(plain_sentences(trouble))
    return f'<p class="ops-alarm" role="alert"><strong>Deletion:</strong> {words}. {WHAT_TO_DO}</p>'


def disk_html(trouble: str) -> str:
    """Say that the disk is nearly full; nothing where all is well."""
    if not trouble:
        return ""
    return (
        f'<p class="ops-alarm" role="alert"><strong>Disk:</strong> {escape(plain_sentences(trouble))}. '
        "Call whoever runs the system: the runbook “The disk is full” says what to do.</p>"
    )


def differences_html(found: Sequence[str]) -> str:
    """Say what was changed behind the platform's back; nothing where all is well."""
    return "".join(
        f'<p class="ops-alarm" role="alert"><strong>Changed behind the platform:</strong> {escape(each)}. '
        "Call whoever runs the system.</p>"
        for each in map(plain_sentences, found)
    )


def _row(each: ClassStatus) -> str:
    pill, words = _WORDS[each.standing]
    text = plain_sentences("; ".join(filter(None, (each.why, each.note))))
    why = f"<small>{escape(text)}</small>" if text else ""
    return (
        f'<tr><td>{escape(each.data.title)}{why}</td><td><span class="ops-pill is-{pill}">{words}</span></td>'
        f"<td>{lag_words(each.lag_s)}</td><td>{each.due}</td></tr>"
    )
