"""The page's HTML, from values: pure functions. Everything that came from outside is escaped.

Crops are data URIs: they reach the browser inside the page's own message and nowhere else.
"""

from __future__ import annotations

import base64
from html import escape
from urllib.parse import quote

from apps.operator.view import Board, Header, local_time
from lfr_core.alerts.health import Health, Recent
from lfr_core.alerts.read import AlertSummary, AlertTally, Answer, CameraHealth, DeploymentSummary, Latency, OpenedCrops
from lfr_core.common.biometric import Biometric
from lfr_core.domain.outcomes import FrameCounts
from lfr_core.domain.watchlists import Response

__all__ = [
    "alert_card",
    "answered",
    "board_html",
    "empty",
    "header_html",
    "news",
    "nothing_waits",
    "told",
    "waiting_heading",
]

_NEW_NS = 10 * 10**9
"""How long a card that has just come is marked."""
_MOST_NAMED = 5
_FATES = {
    "recognised": "recognised",
    "not_sampled": "not sampled",
    "dropped_at_camera": "dropped at camera",
    "dropped_stale": "stale",
    "dropped_closed": "closed",
    "unopenable": "unopenable",
    "dead_lettered": "dead-lettered",
    "lost": "lost",
}
_HEALTH_WORDS = {
    Health.GOOD: "Good",
    Health.BEHIND: "Behind",
    Health.LOSING: "Losing frames",
    Health.SILENT: "Silent",
    Health.NO_PICTURES: "No pictures",
    Health.NOT_RECOGNISING: "Not recognising",
    Health.SLOW: "Slow",
    Health.ENDED: "Ended",
}
_RESPONSES = {
    Response.ARREST: "Arrest",
    Response.SAFEGUARD: "Safeguard",
    Response.SPEAK_TO: "Speak to",
    Response.RECORD_ONLY: "Record only",
}


def header_html(header: Header) -> str:
    """Which deployment, its state and rule, and the time."""
    clock = f'<time class="ops-clock">{header.now:%H:%M:%S}</time>'
    one = header.deployment
    if one is None:
        return (
            f'<header class="ops-head"><div><span class="ops-brand">OpenLFR</span>'
            f"<h1>No deployment</h1></div>{clock}</header>"
        )
    sizes = [f"{one.watchlist_size:,} on the list"] if one.watchlist_size or not one.blue_list_size else []
    if one.blue_list_size:
        sizes.append(f"{one.blue_list_size:,} test subject{'s' * (one.blue_list_size != 1)}")
    size = " + ".join(sizes)
    status, kind = one.view.status.value, one.view.kind.value
    also = "".join(
        f'<a class="ops-also" href="?deployment={quote(name)}" target="_self">also live: {escape(name)}</a>'
        for name in header.also_live
    )
    return (
        f'<header class="ops-head"><div><span class="ops-brand">OpenLFR · operator</span>'
        f"<h1>{escape(one.name)}</h1>"
        f'<p class="ops-facts"><span class="ops-pill is-{status}">{status.capitalize()}</span>'
        f'<span class="ops-pill">{kind.capitalize()}</span>'
        f"<span>{escape(one.view.id)}</span><span>{size}</span>"
        f"<span>threshold {one.view.threshold:.2f}, {one.view.agreeing_shots} shots agree</span>"
        f"{_proven(header)}{also}</p></div>"
        f"{clock}</header>"
    )


def _proven(header: Header) -> str:
    """When a planned deployment's chain was last shown to work; nothing while there is nothing to show."""
    one = header.deployment
    if one is None or not one.view.planned or one.view.status.is_over:
        return ""
    if header.proven_s is None:
        return "<span>never proven</span>"
    return f"<span>last proven {_ago(header.proven_s)}</span>"


def empty(text: str) -> str:
    """A quiet place where nothing is."""
    return f'<p class="ops-empty">{escape(text)}</p>'


def waiting_heading(waiting: int, new: int = 0) -> str:
    """Read out by screen readers when it changes. `new`: those that came while one is being decided."""
    word = "No alert waits" if waiting == 0 else f"{waiting} {'alert waits' if waiting == 1 else 'alerts wait'}"
    also = f' <span class="ops-pill">{new} new</span>' if new else ""
    return f'<h2 class="ops-h2" role="status" aria-live="polite">{word} for a person{also}</h2>'


def news(shown: AlertSummary, now: AlertSummary, deployment: str) -> str:
    """What has happened to an alert since it was shown, on the page of `deployment`; empty when nothing has."""
    if now.judged is not None:
        return f"{now.judged.by} has answered this alert meanwhile."
    if now.similarity != shown.similarity:
        return "A newer picture of this person has come: look again."
    return "" if shown.deployment == deployment else f"This alert is of {shown.deployment}."


def told(said: str, news: str, *, refused: bool) -> str:
    """Two lines that are always there, so that nothing below them moves: the last click's end, and what came since."""
    role = ' role="alert"' if refused else ' role="status"'
    kind = " is-refused" if refused else ""
    return (
        f'<p class="ops-said{kind}"{role if said else ""}>{escape(said) or "&nbsp;"}</p>'
        f'<p class="ops-news">{escape(news) or "&nbsp;"}</p>'
    )


def nothing_waits(deployment: DeploymentSummary) -> str:
    """What stands where alerts would."""
    if deployment.view.status.is_over:
        return empty("This deployment has ended: no more alerts will come.")
    return empty("Alerts come here by themselves. No one is stopped by software: a person decides each.")


def alert_card(alert: AlertSummary, pictures: OpenedCrops | str, response: Response, *, now_ns: int) -> str:
    """Probe and reference side by side, and what is known, as of `now_ns` (nanoseconds since the epoch).

    `pictures` is a sentence where there are none to show.
    """
    seen = local_time(alert.first_ns)
    new = " is-new" if alert.undecided and now_ns - alert.opened_ns < _NEW_NS else ""
    test = '<span class="ops-pill is-test">Test subject</span>' if alert.category.is_test_subject else ""
    return (
        f'<article class="ops-alert{new}" data-alert="{alert.id}" '
        f'aria-label="Alert on {escape(alert.subject, quote=True)}">'
        f"{_pair(alert, pictures)}"
        f'<div class="ops-what"><p class="ops-subject">{escape(alert.subject)}</p>'
        f'<p class="ops-facts"><span class="ops-pill is-{response.value}">{_RESPONSES[response]}</span>{test}'
        f"<span>{alert.category.value.replace('_', ' ')}</span></p>"
        f"{_similarity(alert.similarity, alert.threshold)}"
        f'<dl class="ops-dl"><dt>Camera</dt><dd>{escape(alert.camera)}</dd>'
        f"<dt>Seen</dt><dd><time>{seen:%H:%M:%S}</time>, {_ago((now_ns - alert.last_ns) / 1e9)}</dd>"
        f"<dt>Shots</dt><dd>{alert.sightings}</dd>"
        f"<dt>Ground</dt><dd>{escape(alert.legal_reference)}</dd></dl></div></article>"
    )


def _pair(alert: AlertSummary, pictures: OpenedCrops | str) -> str:
    if isinstance(pictures, str):
        return f'<div class="ops-pair">{empty(pictures)}</div>'
    count = len(pictures.references)
    references = "".join(
        _picture(
            reference.jpeg,
            f"Reference photograph {n} of {count} of subject {alert.subject}",
            "Reference" if count == 1 else f"Reference {n}",
        )
        for n, reference in enumerate(pictures.references[:3], start=1)
    )
    probe = _picture(pictures.probe, f"Probe from camera {alert.camera}", "Probe")
    return f'<div class="ops-pair">{probe}{references}</div>'


def answered(question: str, answer: str, who: Answer | None) -> str:
    """An answer that stands."""
    by = (
        "" if who is None else f" <span>{escape(who.by)}, {local_time(int(who.at.timestamp()) * 10**9):%H:%M:%S}</span>"
    )
    return (
        f'<p class="ops-answer"><span class="ops-q">{escape(question)}</span> <strong>{escape(answer)}</strong>{by}</p>'
    )


def board_html(board: Board) -> str:
    """Totals and one panel a camera."""
    counts = board.counts
    totals = (
        f'<dl class="ops-totals"><div><dt>Faces seen</dt><dd>{counts.tracks_started:,}</dd></div>'
        f"<div><dt>Compared</dt><dd>{counts.faces_compared:,}</dd></div>"
        f"<div><dt>Alerts</dt><dd>{counts.alerts.total:,}{_false(counts.alerts)}</dd></div>"
        f"<div><dt>Test alerts</dt><dd>{counts.blue_list.total:,}</dd></div></dl>"
    )
    if not board.cameras:
        return _vault(board) + _refused(board) + totals + empty("No camera has sent a frame yet.")
    return (
        _vault(board)
        + _working(board)
        + _refused(board)
        + totals
        + "".join(_camera(camera, board) for camera in board.cameras)
        + _legend()
    )


def _false(tally: AlertTally) -> str:
    different = sum(n for word, n in tally.judgements.items() if word.value == "different")
    return f" <small>{different} judged different</small>" if different else ""


def _vault(board: Board) -> str:
    """Whether the vault lends keys: without them no frame is opened and nobody is recognised."""
    if board.vault.answers:
        return '<p class="ops-vault"><span class="ops-pill is-good">Vault answers</span></p>'
    return (
        '<p class="ops-vault" role="alert"><span class="ops-pill is-silent">Vault away</span>'
        f"<span>Nobody is recognised: the vault lends no key, because {escape(board.vault.fault)}. "
        f"{_since(board.vault.since_ns, board.now_ns)}. Tell whoever runs the system.</span></p>"
    )


def _working(board: Board) -> str:
    """How many cameras work; those that said their last word don't count."""
    running = sum(camera.standing.health is not Health.ENDED for camera in board.cameras)
    if not running:
        return ""
    said = f"{board.working} of {running} camera{'s' * (running != 1)} work{'s' * (board.working == 1)}"
    word = "is-good" if board.working == running else "is-behind" if board.working else "is-silent"
    return f'<p class="ops-vault"><span class="ops-pill {word}">{said}</span></p>'


def _refused(board: Board) -> str:
    """Who sends what can't be read. Anybody can send it under any name, so that a list of names isn't endless here."""
    if not board.refused:
        return ""
    named = ", ".join(f"{escape(each.camera) or 'others'} {each.count:,}" for each in board.refused[:_MOST_NAMED])
    count = sum(each.count for each in board.refused)
    return (
        f'<p class="ops-vault"><span class="ops-pill is-silent">{count:,} record{"s" * (count != 1)} of the last two '
        f"hours can't be read</span> {named}: see who sends them</p>"
    )


def _since(since_ns: int | None, now_ns: int) -> str:
    """When a state began, and how long ago."""
    if since_ns is None:
        return "for a minute or more"
    return f"since {local_time(since_ns):%H:%M:%S}, {_long((now_ns - since_ns) / 1e9)}"


def _camera(camera: CameraHealth, board: Board) -> str:
    health = camera.standing.health
    rates = f"{camera.frames_per_second:.1f} frames/s, {camera.looks_per_second:.1f} looks/s"
    if health is not Health.GOOD:
        since = _since(camera.standing.since_ns, board.now_ns)
        rates = since if health in {Health.SILENT, Health.NO_PICTURES, Health.ENDED} else f"{since}; {rates}"
    return (
        f'<section class="ops-camera" aria-label="Camera {escape(camera.camera, quote=True)}">'
        f'<p class="ops-camera-head"><strong>{escape(camera.camera)}</strong>'
        f'<span class="ops-pill is-{health.value}">{_HEALTH_WORDS[health]}</span>'
        f"<span>{rates}</span></p>"
        f"{_sparkline(camera.recent)}{_latency(camera.latency, board.max_age_ms)}{_identity(camera.counts)}</section>"
    )


def _identity(counts: FrameCounts) -> str:
    """The frame identity as a bar: what became of every frame captured."""
    values = [(name, getattr(counts, name)) for name in _FATES]
    said = ", ".join(f"{n:,} {_FATES[name]}" for name, n in values if n)
    parts = "".join(f'<i class="fate-{name}" style="flex-grow:{n}"></i>' for name, n in values if n)
    numbers = "".join(f'<span><i class="fate-{name}"></i>{n:,} {_FATES[name]}</span>' for name, n in values if n)
    sign = "=" if counts.balanced else "≠"
    return (
        f'<div class="ops-identity" role="img" aria-label="Of {counts.captured:,} frames captured: {said}">'
        f"{parts}</div>"
        f'<p class="ops-numbers"><strong>{counts.captured:,} captured {sign}</strong>{numbers}</p>'
    )


def _sparkline(recent: tuple[Recent, ...]) -> str:
    """Frames captured in each of the last seconds, those looked at in front."""
    top = max([second.captured for second in recent] + [1])
    bars = "".join(
        f'<i style="height:{100.0 * s.captured / top:.0f}%">'
        f'<b style="height:{100.0 * s.recognised / max(1, s.captured):.0f}%"></b></i>'
        for s in recent
    )
    total = sum(second.captured for second in recent)
    return (
        f'<div class="ops-spark" role="img" '
        f'aria-label="{total:,} frames captured in the last {len(recent)} seconds">{bars}</div>'
    )


def _latency(latency: Latency, limit_ms: float) -> str:
    """Median and 95th percentile on a scale that ends at what still counts as live."""
    if latency.p50_ms is None or latency.p95_ms is None:
        return '<p class="ops-latency"><span>no frame recognised yet</span></p>'
    p50, p95 = (min(100.0, 100.0 * ms / limit_ms) for ms in (latency.p50_ms, latency.p95_ms))
    return (
        f'<p class="ops-latency"><span>latency</span><span class="ops-scale" aria-hidden="true">'
        f'<i class="span" style="left:{p50:.1f}%;width:{max(1.0, p95 - p50):.1f}%"></i>'
        f'<i class="mid" style="left:{p50:.1f}%"></i></span>'
        f"<span><strong>{latency.p50_ms:.0f}</strong> ms median, <strong>{latency.p95_ms:.0f}</strong> ms p95, "
        f"limit {limit_ms:.0f}</span></p>"
    )


def _similarity(similarity: float, threshold: float) -> str:
    width, tick = (max(0.0, min(100.0, 100.0 * value)) for value in (similarity, threshold))
    return (
        f'<div class="ops-sim" role="img" aria-label="Similarity {similarity:.2f}, threshold {threshold:.2f}">'
        f'<b>{similarity:.2f}</b><span class="ops-scale"><i class="fill" style="width:{width:.1f}%"></i>'
        f'<i class="tick" style="left:{tick:.1f}%"></i></span><small>threshold {threshold:.2f}</small></div>'
    )


def _picture(jpeg: Biometric[bytes], alt: str, caption: str) -> str:
    uri = f"data:image/jpeg;base64,{base64.b64encode(jpeg.reveal()).decode('ascii')}"
    return (
        f'<figure><img src="{uri}" alt="{escape(alt, quote=True)}"><figcaption>{escape(caption)}</figcaption></figure>'
    )


def _legend() -> str:
    return '<p class="ops-legend">Bars: frames captured each second, those looked at in front.</p>'


def _ago(seconds: float) -> str:
    return f"{_long(seconds)} ago"


def _long(seconds: float) -> str:
    if seconds < 60:  # noqa: PLR2004  seconds in a minute
        return f"{max(0, int(seconds))} s"
    minutes = int(seconds // 60)
    return f"{minutes} min" if minutes < 60 else f"{minutes // 60} h {minutes % 60} min"  # noqa: PLR2004
