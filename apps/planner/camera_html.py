"""The HTML of cameras at the desk, from values: pure functions. A masked still is a data URI, kept nowhere."""

from __future__ import annotations

import base64
from collections.abc import Sequence
from html import escape

from apps.plain_words import plain_words
from apps.planner.camera_control import CameraLine, TriedCamera
from apps.planner.jobs import Job
from apps.tables import heads_html, table_html
from streams.camera.discovery import FoundCamera

__all__ = ["camera_html", "found_html", "tried_html"]


def camera_html(line: CameraLine) -> str:
    """Show a camera's name and what it does."""
    at = f" · {escape(line.shown)}" if line.shown else ""
    return f'<p class="pln-camera"><strong>{escape(line.camera)}</strong>: {escape(line.state)}{at}</p>'


def tried_html(camera: str, job: Job[TriedCamera]) -> str:
    """Show what a try of a camera came to: its picture with every face covered, or why there is none."""
    if not job.over:
        return '<p class="pln-facts" role="status">It is being tried: up to a quarter of a minute.</p>'
    if job.error is not None:
        words = plain_words(str(job.error))
        return f'<p class="pln-look is-missing" role="status">It can&#x27;t be used as it is: {escape(words)}.</p>'
    found = job.result
    if found is None:
        return ""
    large = "" if found.fits else " Its pictures are too large to be sent: lower its quality or resolution."
    facts = f"{found.width_px} x {found.height_px} pixels, {found.frames_per_second:g} pictures a second.{large}"
    if found.still is None:
        picture = f'<p class="pln-facts">No picture is shown: {escape(plain_words(found.why_no_still))}.</p>'
    else:
        uri = f"data:image/jpeg;base64,{base64.b64encode(found.still).decode('ascii')}"
        alt = f"What camera {escape(camera, quote=True)} sees, faces covered"
        picture = (
            f'<figure class="pln-still"><img src="{uri}" width="320" alt="{alt}">'
            "<figcaption>Coarse, and every face covered: to see where it looks</figcaption></figure>"
        )
    return f'<p class="pln-look is-met" role="status">It works: {facts}</p>{picture}'


def found_html(job: Job[tuple[str, Sequence[FoundCamera]]]) -> str:
    """Show which cameras answered, or why none was asked."""
    if job.error is not None:
        return f'<p class="pln-look is-missing" role="status">Not asked: {escape(plain_words(str(job.error)))}.</p>'
    if job.result is None:
        return ""
    network, found = job.result
    if not found:
        return (
            f'<p class="pln-look is-missing" role="status">No camera answered in {escape(network)}: being found may be '
            "switched off in a camera&#x27;s settings (ONVIF).</p>"
        )
    rows = "".join(
        f"<tr><td>{escape(each.address)}</td><td>{escape(each.name)}</td><td>{escape(each.hardware)}</td></tr>"
        for each in found
    )
    table = table_html(rows, heads=heads_html(("At", "Calls itself", "Model")), words="Cameras found", caption=False)
    return (
        f'<p class="pln-look is-met" role="status">{len(found):,} answered in {escape(network)}. The address of a '
        f"camera&#x27;s pictures, which begins with rtsp://, is in its manual.</p>{table}"
    )
