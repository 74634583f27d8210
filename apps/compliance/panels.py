"""What compliance reads, as HTML: pure functions, everything escaped, times on London's clock."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from html import escape

from apps.compliance.finding_words import subject_words
from apps.compliance.trail_rules import VERB_WORDS, rule_in_words
from apps.compliance.trail_words import Named, subjects_in_words, who_acted
from apps.drawing import drawing_html
from apps.plain_words import plain_words
from lfr_core.common.clock import utc_from_ns
from lfr_core.common.counts import counted
from lfr_core.custody.audit.entry import AuditEntry
from lfr_core.custody.identity.invitation import Invitation
from lfr_core.domain.working_days import LONDON
from lfr_core.publication.promises.ledger import LedgerEntry
from lfr_core.publication.promises.port import Result
from lfr_core.retention.erasure.certificate import Certificate
from lfr_core.retention.status import ClassStatus, RetentionState

__all__ = [
    "clock_html",
    "destroyed_rows",
    "invited",
    "london",
    "london_ns",
    "looked_at_words",
    "promise_rows",
    "searched_rows",
    "status_words",
    "trail_rows",
]

_BAR_PX = 640
_STATUS = {
    Result.BROKEN: "Broken",
    Result.UNCHECKED: "Can't be checked now",
    Result.NOTHING: "Nothing to check now",
    Result.HOLDS: "Holds",
}
_STANDS = {
    RetentionState.IN_TIME: "in time",
    RetentionState.LATE: "late",
    RetentionState.NOT_SWEPT: "not looked at yet",
    RetentionState.OVERDUE: "OVERDUE",
}
_WORST_FIRST = (Result.BROKEN, Result.UNCHECKED, None, Result.NOTHING, Result.HOLDS)


def london(at: datetime) -> str:
    """Write a moment as it is said: "23 November 2026, 16:13"."""
    local = at.astimezone(LONDON)
    return f"{local.day} {local:%B %Y, %H:%M}"


def london_ns(at_ns: int | None) -> str:
    """Write a moment in nanoseconds since the epoch in the same way; "not yet" for None."""
    return "not yet" if at_ns is None else london(utc_from_ns(at_ns))


def status_words(entry: LedgerEntry) -> str:
    """Say how a promise stands."""
    if entry.finding is None:
        return "Not checked yet" if entry.promise.check else "No automatic check"
    return _STATUS[entry.finding.result]


def looked_at_words(entries: Sequence[LedgerEntry]) -> str:
    """Say when the promises were last looked at, all at once as a rule; those longest ago too where they differ."""
    looks = sorted({london_ns(at): at for each in entries if (at := each.at_ns) is not None}.values())
    if not looks:
        return "They weren't looked at yet."
    words = f"Last looked at on {london_ns(looks[-1])}."
    return words if len(looks) == 1 else f"{words} Longest ago, of one of them: {london_ns(looks[0])}."


def promise_rows(entries: Sequence[LedgerEntry], labels: Mapping[str, str]) -> list[tuple[str, ...]]:
    """List every promise, the broken first: what was promised, how it stands, what was seen, what the public reads.

    labels: of deployments, by their ids.
    """

    def rank(entry: LedgerEntry) -> int:
        return _WORST_FIRST.index(entry.finding.result if entry.finding else None)

    return [_promise(each, labels) for each in sorted(entries, key=rank)]


def _promise(each: LedgerEntry, labels: Mapping[str, str]) -> tuple[str, ...]:
    found = each.finding
    if found is None:
        return (each.promise.sentence, status_words(each), each.promise.why_no_check, "", "")
    staff = "; ".join(filter(None, (subject_words(found.subjects, labels), plain_words(found.detail))))
    action = each.doing or ("nothing yet" if found.result is Result.BROKEN else "")
    return (each.promise.sentence, status_words(each), found.message, staff, action)


def destroyed_rows(certificate: Certificate) -> list[tuple[str, ...]]:
    """List what a certificate says was destroyed."""
    return [
        (
            each.data_class.value,
            f"{each.keys:,}",
            london_ns(each.done_ns),
            f"{counted(each.latest_after_due_ms / 1000, 'second')}" if each.latest_after_due_ms else "never late",
            ", ".join(f"{count:,} {what}" for what, count in each.left.items() if count) or "nothing",
        )
        for each in certificate.destroyed
    ]


def searched_rows(certificate: Certificate) -> list[tuple[str, ...]]:
    """List what was searched for the test records, how much of it, and what was found."""
    return [
        (
            store.what,
            f"{store.files:,}" if store.searched else "not searched",
            f"{store.bytes_read:,}",
            "; ".join(sorted({finding.verdict.value for finding in store.findings})) or "nothing was put there",
            f"{len(store.not_searched):,}" if store.not_searched else "",
        )
        for store in certificate.search.stores
    ]


def trail_rows(entries: Sequence[AuditEntry], named: Named) -> list[tuple[str, ...]]:
    """Return entries of the trail, the newest first. People are numbers."""
    labels, abouts = named.deployments, subjects_in_words(entries, named)
    rows: list[tuple[str, ...]] = [
        (
            str(each.seq),
            london_ns(each.at_ns),
            who_acted(each.actor),
            VERB_WORDS[each.verb],
            rule_in_words(each.rule),
            labels.get(each.deployment, "one that has gone") if each.deployment else "",
            about,
        )
        for each, about in zip(entries, abouts, strict=True)
    ]
    return rows[::-1]


def invited(name: str, given: Invitation) -> str:
    """Say under which name somebody logs in, and what to do with the link for their password."""
    return f"{name} logs in as {given.login}. Give this link to them alone; it works once, for a day: {given.link}"


def clock_html(standing: Sequence[ClassStatus], overdue_after_s: float) -> str:
    """Draw for each kind of data a bar: how long the oldest is past due, to the line at which that is an alarm.

    What a bar is about stands beside it as a text of the page: letters in a picture shrink with it, on a phone to half.
    """
    most = max([overdue_after_s * 2, *(each.lag_s for each in standing)])
    alarm = round(_BAR_PX * overdue_after_s / most, 1)
    rows = "".join(
        f"<li>{escape(each.data.title)}: {_STANDS[each.standing]}{_bar(min(each.lag_s, most) / most, alarm)}</li>"
        for each in standing
    )
    line = f"The broken line across each bar is where it is an alarm: {counted(overdue_after_s / 60, 'minute')} late."
    return f'<ul class="lfr-clock">{rows}</ul><p>{line}</p>'


def _bar(filled: float, alarm: float) -> str:
    """Draw one bar, filled to a share of it, with the line of the alarm across it. Its words stand beside it."""
    height = 18
    parts = (
        f'<rect x="1" y="3" width="{_BAR_PX - 2}" height="12" fill="none" stroke="currentColor"/>'
        f'<rect x="1" y="3" width="{round((_BAR_PX - 2) * filled, 1)}" height="12"/>'
        f'<path d="M{alarm},0v{height}" stroke="currentColor" stroke-dasharray="4 3"/>'
    )
    return drawing_html(parts, width=_BAR_PX, height=height, words="", style="svg{fill:currentColor}")
