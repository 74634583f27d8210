"""An alert as an officer in the street reads it: pure functions to HTML, everything escaped."""

from __future__ import annotations

import base64
from html import escape

from apps.response_words import age_words, response_to, response_words
from lfr_core.alerts.read import AlertSummary, OpenedCrops
from lfr_core.common.biometric import Biometric
from lfr_core.domain.categories import EXPLAINED
from lfr_core.domain.watchlists import Response

__all__ = ["ago_words", "card"]

_MINUTE_S, _HOUR_S = 60, 3_600


def ago_words(seconds: float) -> str:
    """Say how long ago somebody was seen."""
    whole = max(0, round(seconds))
    if whole < _MINUTE_S:
        return f"{whole} second{'' if whole == 1 else 's'} ago"
    if whole < _HOUR_S:
        return f"{whole // _MINUTE_S} min {whole % _MINUTE_S} s ago"
    return f"{whole // _HOUR_S} h {whole % _HOUR_S // _MINUTE_S} min ago"


def card(alert: AlertSummary, pictures: OpenedCrops | str, response: Response, *, now_ns: int) -> str:
    """Show the pair, where and how long ago, what was agreed, and the warning about age."""
    warning, shown = age_words(alert.age), response_to(response, alert.age)
    warned = f'<p class="officer-age">{escape(warning)}</p>' if warning else ""
    return (
        f'<article class="officer-card">{_pair(pictures)}{warned}'
        f'<p class="officer-response is-{shown.value}">{escape(response_words(response, alert.age))}</p>'
        f'<p class="officer-where"><strong>{escape(alert.camera)}</strong>, '
        f"{ago_words((now_ns - alert.last_ns) / 1e9)}</p>"
        f"<p>On the list as: {escape(EXPLAINED[alert.category])}. Ground: {escape(alert.legal_reference)}</p>"
        "<p>An operator says it is the same person. That can be wrong: you decide.</p></article>"
    )


def _pair(pictures: OpenedCrops | str) -> str:
    if isinstance(pictures, str):
        return f"<p>{escape(pictures)}</p>"
    return (
        f'<div class="officer-pair">{_picture(pictures.probe, "Seen just now")}'
        f"{''.join(_picture(each.jpeg, 'On the list') for each in pictures.references[:1])}</div>"
    )


def _picture(jpeg: Biometric[bytes], caption: str) -> str:
    data = base64.b64encode(jpeg.reveal()).decode("ascii")
    return (
        f'<figure><img src="data:image/jpeg;base64,{data}" alt="{caption}"><figcaption>{caption}</figcaption></figure>'
    )
