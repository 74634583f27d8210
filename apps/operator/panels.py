"""The HTML of the page's header and alerts, from values: pure functions. Everything from outside is escaped.

Crops are data URIs: they reach the browser inside the page's own message and nowhere else.
"""

from __future__ import annotations

import base64
from collections.abc import Iterable, Sequence
from html import escape
from urllib.parse import quote
from uuid import UUID

from apps.operator.view import Header, clock_words
from apps.response_words import SHORT, age_words
from lfr_core.alerts.read import AlertSummary, Answer, DeploymentSummary, OpenedCrops
from lfr_core.common.biometric import Biometric
from lfr_core.common.counts import counted
from lfr_core.domain.categories import EXPLAINED
from lfr_core.domain.watchlists import Response

__all__ = [
    "alert_card",
    "answered",
    "cameras_work",
    "change_since",
    "duration_words",
    "empty",
    "header_html",
    "nothing_waits",
    "others_decide",
    "queue_html",
    "queue_label",
    "status_lines",
    "taken_by",
    "waiting_heading",
]

_NEW_NS = 10 * 10**9
"""How long a card that has just come is marked."""
_MOST_BESIDE = 3
"""Smaller pictures beside the pair: what fits its height."""


def header_html(header: Header, state: str = "") -> str:
    """Show in one bar whether anybody is recognised (`state`: HTML), of which deployment, by its rule, and when."""
    clock = f'<time class="ops-clock">{header.now:%H:%M:%S}</time>'
    one = header.deployment
    if one is None:
        return f'<header class="ops-bar"><div class="ops-which"><h1>No deployment</h1></div>{clock}</header>'
    sizes = [f"{one.watchlist_size:,} on the list"] if one.watchlist_size or not one.blue_list_size else []
    if one.blue_list_size:
        sizes.append(f"{one.blue_list_size:,} test subject{'s' * (one.blue_list_size != 1)}")
    size = " + ".join(sizes)
    status, kind = one.view.status.value, one.view.kind.value
    also = "".join(
        f'<a class="ops-also" href="?deployment={quote(id_)}" target="_self">also live: {escape(name)}</a>'
        for id_, name in header.also_live
    )
    return (
        f'<header class="ops-bar">{state}<div class="ops-which"><h1>{escape(one.name)}</h1>'
        f'<p class="ops-facts"><span class="ops-pill is-{status}">{status.capitalize()}</span>'
        f'<span class="ops-pill">{kind.capitalize()}</span>'
        f"<span>{size}</span>"
        f"<span>alerts from {one.view.threshold:.2f} alike, in {counted(one.view.agreeing_shots, 'picture')}</span>"
        f"{_proven(header)}{also}</p></div>"
        f"{clock}</header>"
    )


def _proven(header: Header) -> str:
    """Say when a planned deployment's chain was last shown to work; nothing while there is nothing to show."""
    one = header.deployment
    if one is None or not one.view.lifecycle.is_probed or one.view.status.is_over:
        return ""
    if header.proven_s is None:
        return "<span>never tested</span>"
    return f"<span>tested {_ago(header.proven_s)}</span>"


def empty(text: str) -> str:
    """Show a text where nothing else is."""
    return f'<p class="ops-empty">{escape(text)}</p>'


def waiting_heading(waiting: int, new: int = 0) -> str:
    """Count the alerts that wait, for screen readers too. `new`: those that came while one is being decided."""
    word = "No alert waits" if waiting == 0 else f"{waiting} {'alert waits' if waiting == 1 else 'alerts wait'}"
    also = f' <span class="ops-pill">{new} new</span>' if new else ""
    return f'<h2 class="ops-h2" role="status" aria-live="polite">{word} for a person{also}</h2>'


def change_since(shown: AlertSummary, now: AlertSummary, deployment: str) -> str:
    """Say what has happened to an alert since it was shown, on the page of `deployment`; empty when nothing has."""
    if now.judged is not None:
        return f"{now.judged.by} has answered this alert meanwhile."
    if now.similarity != shown.similarity:
        return "A newer picture has come: “Look again” shows it."
    return "" if shown.deployment == deployment else "This alert is of another deployment."


def status_lines(message: str, news: str, *, refused: bool) -> str:
    """Show two lines that are always there, so that nothing below moves: the last click's end, and what came since."""
    role = ' role="alert"' if refused else ' role="status"'
    kind = " is-refused" if refused else ""
    return (
        f'<p class="ops-message{kind}"{role if message else ""}>{escape(message) or "&nbsp;"}</p>'
        f'<p class="ops-news">{escape(news) or "&nbsp;"}</p>'
    )


def taken_by(name: str) -> str:
    """Say that somebody else is deciding the alert that is shown; empty when nobody is."""
    return f"{name} is deciding on this alert too." if name else ""


def others_decide(names: Iterable[str]) -> str:
    """Say that nothing is left for this operator, because others are at it."""
    return empty(f"Each alert that waits is being decided: {', '.join(sorted(set(names)))}.")


def queue_label(alert: AlertSummary) -> str:
    """Name an alert of the queue on a button."""
    return f"{EXPLAINED[alert.category]}, camera {alert.camera}, {clock_words(alert.last_ns)}"


def queue_html(queue: Sequence[tuple[AlertSummary, Response, str]], shown: UUID | None, *, now_ns: int) -> str:
    """Name every alert that waits: response, camera, how long ago; who is deciding it, where somebody else is."""
    lines = []
    for alert, response, who in queue:
        now = " aria-current=true" if alert.id == shown else ""
        also = f" <small>{escape(who)} decides</small>" if who else ""
        lines.append(
            f'<li{now}><span class="ops-pill is-{response.value}">{SHORT[response]}</span> '
            f"{escape(alert.camera)} <small>{_ago((now_ns - alert.last_ns) / 1e9)}</small>{also}</li>"
        )
    return (
        f'<h2 class="ops-h2">Queue</h2><ol class="ops-queue" aria-label="Alerts that wait" tabindex="0">'
        f"{''.join(lines) or '<li>Nobody waits.</li>'}</ol>"
    )


def nothing_waits(deployment: DeploymentSummary) -> str:
    """Say why there is no alert."""
    if deployment.view.status.is_over:
        return empty("This deployment has ended: no more alerts will come.")
    return empty("Alerts come here by themselves. No one is stopped by software: a person decides each.")


def alert_card(
    alert: AlertSummary,
    pictures: OpenedCrops | str,
    response: Response,
    *,
    now_ns: int,
    large: bool = False,
    beside: bool = True,
) -> str:
    """Show probe and reference side by side, and what is known, as of `now_ns` (nanoseconds since the epoch).

    `pictures` is a sentence where there are none to show. `large`: the middle of each, twice as large. `beside`: other
    pictures of the person too.
    """
    new = " is-new" if alert.undecided and now_ns - alert.opened_ns < _NEW_NS else ""
    test = '<span class="ops-pill is-test">Test subject</span>' if alert.category.is_test_subject else ""
    # nothing is said to be done about somebody whose pair isn't shown
    agreed = "" if isinstance(pictures, str) else f'<span class="ops-pill is-{response.value}">{SHORT[response]}</span>'
    warning = "" if test else age_words(alert.age)
    warned = f'<p class="ops-age">{escape(warning)}</p>' if warning else ""
    return (
        f'<article class="ops-alert{new}" data-alert="{alert.id}" '
        f'aria-label="Alert on {escape(alert.subject, quote=True)}">'
        f"{_pair(alert, pictures, large=large, beside=beside)}{warned}"
        f'<div class="ops-what"><p class="ops-subject">{escape(alert.subject)}</p>'
        f'<p class="ops-facts">{agreed}{test}'
        f"<span>{EXPLAINED[alert.category]}</span></p>"
        f"{_similarity(alert.similarity, alert.threshold)}"
        f'<dl class="ops-dl"><dt>Camera</dt><dd>{escape(alert.camera)}</dd>'
        f"<dt>Last seen</dt><dd><time>{clock_words(alert.last_ns)}</time>, {_ago((now_ns - alert.last_ns) / 1e9)}</dd>"
        f"<dt>Age</dt><dd>{'not on the list' if alert.age is None else f'{alert.age} years'}</dd>"
        f"<dt>Pictures</dt><dd>{alert.sightings}, the first at {clock_words(alert.first_ns)}</dd>"
        f"<dt>Ground</dt><dd>{escape(alert.legal_reference)}</dd></dl></div></article>"
    )


def _pair(alert: AlertSummary, pictures: OpenedCrops | str, *, large: bool, beside: bool) -> str:
    if isinstance(pictures, str):
        return f'<div class="ops-pair">{empty(pictures)}</div>'
    count = len(pictures.references)
    first, *others = [
        _picture(
            reference.jpeg,
            f"Reference photograph {n} of {count} of subject {alert.subject}",
            "Reference" if count == 1 else f"Reference {n}",
        )
        for n, reference in enumerate(pictures.references[:3], start=1)
    ]
    probe = _picture(pictures.probe, f"Probe from camera {alert.camera}", "Probe")
    others += [
        _picture(shot, f"Another picture from camera {alert.camera}", "Also seen")
        for shot in pictures.shots[: _MOST_BESIDE - len(others)]
    ]
    more = f'<div class="ops-more">{"".join(others)}</div>' if others and beside else ""
    return f'<div class="ops-pair{" is-large" if large else ""}">{probe}{first}{more}</div>'


def answered(question: str, answer: str, who: Answer | None) -> str:
    """Show an answer that stands."""
    by = "" if who is None else f" <span>{escape(who.by)}, {clock_words(int(who.at.timestamp()) * 10**9)}</span>"
    return (
        f'<p class="ops-answer"><span class="ops-q">{escape(question)}</span> <strong>{escape(answer)}</strong>{by}</p>'
    )


def _similarity(similarity: float, threshold: float) -> str:
    width, tick = (max(0.0, min(100.0, 100.0 * value)) for value in (similarity, threshold))
    return (
        f'<div class="ops-sim" role="img" aria-label="Alike {similarity:.2f}; an alert needs {threshold:.2f}">'
        f"<b>{similarity:.2f}</b><small>alike</small>"
        f'<span class="ops-scale"><i class="fill" style="width:{width:.1f}%"></i>'
        f'<i class="tick" style="left:{tick:.1f}%"></i></span><small>needed: {threshold:.2f}</small></div>'
    )


def _picture(jpeg: Biometric[bytes], alt: str, caption: str) -> str:
    uri = f"data:image/jpeg;base64,{base64.b64encode(jpeg.reveal()).decode('ascii')}"
    return (
        f'<figure><img src="{uri}" alt="{escape(alt, quote=True)}"><figcaption>{escape(caption)}</figcaption></figure>'
    )


def _ago(seconds: float) -> str:
    return f"{duration_words(seconds)} ago"


def cameras_work(working: int, running: int) -> str:
    """Say how many of the cameras work."""
    one = 1 in {working, running}
    return f"{working} of {running} camera{'s' * (running != 1)} work{'s' * one}"


def duration_words(seconds: float) -> str:
    """Say a duration in words."""
    if seconds < 60:  # seconds in a minute
        return f"{max(0, int(seconds))} s"
    minutes = int(seconds // 60)
    return f"{minutes} min" if minutes < 60 else f"{minutes // 60} h {minutes % 60} min"
