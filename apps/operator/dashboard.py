"""The HTML of the page's cameras and totals, from values: pure functions. Everything from outside is escaped."""

from __future__ import annotations

import base64
from collections.abc import Mapping
from html import escape

from apps.operator.panels import cameras_work, duration_words, empty
from apps.operator.view import Dashboard, clock_words
from apps.plain_words import plain_words
from lfr_core.alerts.health import Health, Recent
from lfr_core.alerts.read import AlertTally, CameraHealth, Latency
from lfr_core.common.counts import counted
from lfr_core.domain.outcomes import FrameCounts
from lfr_core.domain.thumbnails import Thumbnail

__all__ = ["dashboard_html"]

_MOST_NAMED = 5
_FATES = {
    "recognised": "recognised",
    "not_sampled": "not looked at",
    "dropped_at_camera": "left out at the camera",
    "dropped_stale": "too late",
    "dropped_closed": "while shut",
    "unopenable": "not opened in time",
    "dead_lettered": "not readable",
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
    Health.NO_KEY_FRAME: "No whole picture yet",
    Health.DAMAGED: "Damaged pictures",
    Health.DARK: "Dark or covered",
    Health.STILL: "Still",
    Health.MOVED: "Moved",
    Health.ENDED: "Ended",
}


_WITHOUT_RATES = frozenset({Health.SILENT, Health.NO_PICTURES, Health.NO_KEY_FRAME, Health.ENDED})


_NONE: Mapping[str, Thumbnail] = {}


def dashboard_html(dashboard: Dashboard, thumbnails: Mapping[str, Thumbnail] = _NONE) -> str:
    """Show totals and one panel a camera; `thumbnails`: what each sees just now, faces covered, by its name."""
    counts = dashboard.counts
    totals = (
        f'<dl class="ops-totals"><div><dt>Faces seen</dt><dd>{counts.tracks_started:,}</dd></div>'
        f"<div><dt>Compared</dt><dd>{counts.faces_compared:,}</dd></div>"
        f"<div><dt>Alerts</dt><dd>{counts.alerts.total:,}{_false(counts.alerts)}</dd></div>"
        f"<div><dt>Test alerts</dt><dd>{counts.blue_list.total:,}</dd></div></dl>"
    )
    if not dashboard.cameras:
        return (
            _vault(dashboard)
            + _shut(dashboard)
            + _describe_refused(dashboard)
            + totals
            + empty("No camera has sent a frame yet.")
        )
    return (
        _vault(dashboard)
        + _shut(dashboard)
        + _working(dashboard)
        + _describe_refused(dashboard)
        + totals
        + "".join(_camera(camera, dashboard, thumbnails.get(camera.camera)) for camera in dashboard.cameras)
        + _legend()
    )


def _false(tally: AlertTally) -> str:
    different = sum(n for word, n in tally.judgements.items() if word.value == "different")
    return f" <small>{different} judged different</small>" if different else ""


def _vault(dashboard: Dashboard) -> str:
    """Show whether the vault lends keys: without them no frame is opened and nobody is recognised."""
    if dashboard.vault.answers:
        return '<p class="ops-vault"><span class="ops-pill is-good">Pictures can be opened</span></p>'
    return (
        '<p class="ops-vault" role="alert"><span class="ops-pill is-silent">Vault away</span>'
        f"<span>Nobody is recognised: the vault lends no key, because {escape(dashboard.vault.fault)}. "
        f"{_describe_since(dashboard.vault.since_ns, dashboard.now_ns)}. Tell whoever runs the system.</span></p>"
    )


def _shut(dashboard: Dashboard) -> str:
    """Say why nobody is recognised, where it is no camera's fault: the gate is shut, or a part answers nothing."""
    whys = [
        f"{part.name} answers nothing, {_describe_since(part.since_ns, dashboard.now_ns)}. Tell whoever runs the system"
        for part in dashboard.silent
    ]
    if dashboard.shut_why:
        whys.insert(0, plain_words(dashboard.shut_why))
    return "".join(
        '<p class="ops-vault" role="alert"><span class="ops-pill is-silent">Not recognising</span>'
        f"<span>Nobody is recognised: {escape(why)}.</span></p>"
        for why in whys
    )


def _working(dashboard: Dashboard) -> str:
    """Count the cameras that work; those that said their last word don't count."""
    running = sum(camera.standing.health is not Health.ENDED for camera in dashboard.cameras)
    if not running:
        return ""
    text = cameras_work(dashboard.working, running)
    word = "is-good" if dashboard.working == running else "is-behind" if dashboard.working else "is-silent"
    return f'<p class="ops-vault"><span class="ops-pill {word}">{text}</span></p>'


def _describe_refused(dashboard: Dashboard) -> str:
    """Name those who send what can't be read, some of them: anybody can send it under any name."""
    if not dashboard.refused:
        return ""
    named = ", ".join(f"{escape(each.camera) or 'others'} {each.count:,}" for each in dashboard.refused[:_MOST_NAMED])
    count, forged = sum(each.count for each in dashboard.refused), sum(each.unauthentic for each in dashboard.refused)
    alarm = (
        f'<p class="ops-vault" role="alert"><span class="ops-pill is-silent">{forged:,} forged</span><span>Somebody '
        "else writes to the broker: records that no process of ours sent came in the last two hours. They were refused "
        "and had no effect. Tell whoever runs the system.</span></p>"
    )
    return (
        f'<p class="ops-vault"><span class="ops-pill is-silent">{count:,} record{"s" * (count != 1)} of the last two '
        f"hours can't be read</span> {named}: see who sends them</p>"
    ) + (alarm if forged else "")


def _describe_since(since_ns: int | None, now_ns: int) -> str:
    """Say when a state began, and how long ago."""
    if since_ns is None:
        return "for a minute or more"
    return f"since {clock_words(since_ns)}, {duration_words((now_ns - since_ns) / 1e9)}"


def _thumbnail(camera: str, found: Thumbnail | None) -> str:
    if found is None:
        return ""
    if not found.jpeg:
        return '<p class="ops-legend">Not shown: a face could not be covered for certain.</p>'
    uri = f"data:image/jpeg;base64,{base64.b64encode(found.jpeg).decode('ascii')}"
    alt = f"What camera {escape(camera, quote=True)} sees just now, coarse and every face covered"
    return f'<img class="ops-thumbnail" src="{uri}" alt="{alt}">'


def _camera(camera: CameraHealth, dashboard: Dashboard, thumbnail: Thumbnail | None) -> str:
    health = camera.standing.health
    rates = f"{camera.frames_per_second:.1f} frames a second, {camera.looks_per_second:.1f} pictures looked at a second"
    if health is not Health.GOOD:
        since = _describe_since(camera.standing.since_ns, dashboard.now_ns)
        rates = since if health in _WITHOUT_RATES else f"{since}; {rates}"
    latency = _latency(camera.latency, dashboard.max_age_ms, is_live=dashboard.is_live)
    return (
        f'<section class="ops-camera" aria-label="Camera {escape(camera.camera, quote=True)}">'
        f'<p class="ops-camera-head"><strong>{escape(camera.camera)}</strong>'
        f'<span class="ops-pill is-{health.value}">{_HEALTH_WORDS[health]}</span>'
        f"<span>{rates}</span></p>"
        f"{_thumbnail(camera.camera, thumbnail)}{_sparkline(camera.recent)}{latency}"
        f"{_identity(camera.counts)}</section>"
    )


def _identity(counts: FrameCounts) -> str:
    """Draw the frame identity as a bar: what became of every frame captured."""
    values = [(name, getattr(counts, name)) for name in _FATES]
    text = ", ".join(f"{n:,} {_FATES[name]}" for name, n in values if n)
    parts = "".join(f'<i class="fate-{name}" style="flex-grow:{n}"></i>' for name, n in values if n)
    numbers = "".join(f'<span><i class="fate-{name}"></i>{n:,} {_FATES[name]}</span>' for name, n in values if n)
    sign = "=" if counts.balanced else "≠"
    return (
        f'<div class="ops-identity" role="img" aria-label="Of {counted(counts.captured, "frame")} captured: {text}">'
        f"{parts}</div>"
        f'<p class="ops-numbers"><strong>{counts.captured:,} captured {sign}</strong>{numbers}</p>'
    )


def _sparkline(recent: tuple[Recent, ...]) -> str:
    """Draw the frames captured in each of the last seconds, those looked at in front."""
    top = max([second.captured for second in recent] + [1])
    bars = "".join(
        f'<i style="height:{100.0 * s.captured / top:.0f}%">'
        f'<b style="height:{100.0 * s.recognised / max(1, s.captured):.0f}%"></b></i>'
        for s in recent
    )
    total = sum(second.captured for second in recent)
    return (
        f'<div class="ops-spark" role="img" '
        f'aria-label="{counted(total, "frame")} captured in the last {counted(len(recent), "second")}">{bars}</div>'
    )


def _latency(latency: Latency, limit_ms: float, *, is_live: bool) -> str:
    """Draw median and 95th percentile on a scale that ends at what still counts as live."""
    if latency.p50_ms is None or latency.p95_ms is None:
        return '<p class="ops-latency"><span>no frame recognised yet</span></p>'
    limit = (
        f"; a frame older than {limit_ms / 1000:.0f} s is dropped" if is_live else ""
    )  # a recording's frames needn't be live
    p50, p95 = (min(100.0, 100.0 * ms / limit_ms) for ms in (latency.p50_ms, latency.p95_ms))
    return (
        f'<p class="ops-latency"><span>from camera to result</span><span class="ops-scale" aria-hidden="true">'
        f'<i class="span" style="left:{p50:.1f}%;width:{max(1.0, p95 - p50):.1f}%"></i>'
        f'<i class="mid" style="left:{p50:.1f}%"></i></span>'
        f"<span>half within <strong>{latency.p50_ms / 1000:.2f}</strong> s, 95 in 100 within "
        f"<strong>{latency.p95_ms / 1000:.2f}</strong> s{limit}</span></p>"
    )


def _legend() -> str:
    return '<p class="ops-legend">Bars: frames captured each second, those looked at in front.</p>'
