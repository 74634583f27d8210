"""An alert as an officer in the street reads it: pure functions to HTML, everything escaped."""

from __future__ import annotations

import base64
from html import escape
from typing import Final, TypeGuard

from apps.response_words import age_words, response_to, response_words
from lfr_core.alerts.read import AlertSummary, OpenedCrops
from lfr_core.common.biometric import Biometric
from lfr_core.domain.categories import EXPLAINED
from lfr_core.domain.watchlists import Response

__all__ = ["STOP_NOBODY", "ago_words", "card", "is_fit_to_act_on"]

STOP_NOBODY: Final = "Stop nobody because of this alert"
"""In place of the response, where the pair isn't shown: nobody is approached on pictures that nobody can see."""

_MINUTE_S, _HOUR_S = 60, 3_600


def ago_words(seconds: float) -> str:
    """Say how long ago somebody was seen."""
    whole = max(0, round(seconds))
    if whole < _MINUTE_S:
        return f"{whole} second{'' if whole == 1 else 's'} ago"
    if whole < _HOUR_S:
        return f"{whole // _MINUTE_S} min {whole % _MINUTE_S} s ago"
    return f"{whole // _HOUR_S} h {whole % _HOUR_S // _MINUTE_S} min ago"


def is_fit_to_act_on(pictures: OpenedCrops | str) -> TypeGuard[OpenedCrops]:
    """Return whether the pair is shown: a sentence takes its place where its records were changed, or it is gone."""
    return not isinstance(pictures, str)


def card(alert: AlertSummary, pictures: OpenedCrops | str, response: Response, *, now_ns: int, deployment: str) -> str:
    """Show the pair, where and how long ago, what was agreed, and the warning about age; or to stop nobody, and why."""
    where = (
        f'<p class="officer-where">{escape(deployment)}, camera <strong>{escape(alert.camera)}</strong>, '
        f"last seen {ago_words((now_ns - alert.last_ns) / 1e9)}</p>"
    )
    if not is_fit_to_act_on(pictures):
        return (
            f'<article class="officer-card"><p class="officer-response is-stop" role="alert">{STOP_NOBODY}</p>'
            f"<p>{escape(str(pictures))}</p>{where}</article>"
        )
    warning, shown = age_words(alert.age), response_to(response, alert.age)
    warned = f'<p class="officer-age">{escape(warning)}</p>' if warning else ""
    return (
        f'<article class="officer-card">{_pair(pictures)}{warned}'
        f'<p class="officer-response is-{shown.value}">{escape(response_words(response, alert.age))}</p>{where}'
        f"<p>On the list as: {escape(EXPLAINED[alert.category])}. Ground: {escape(alert.legal_reference)}</p>"
        "<p>An operator says it is the same person. That can be wrong: you decide.</p></article>"
    )


def _pair(pictures: OpenedCrops) -> str:
    return (
        f'<div class="officer-pair">{_picture(pictures.probe, "Seen")}'
        f"{''.join(_picture(each.jpeg, 'On the list') for each in pictures.references[:1])}</div>"
    )


def _picture(jpeg: Biometric[bytes], caption: str) -> str:
    data = base64.b64encode(jpeg.reveal()).decode("ascii")
    return (
        f'<figure><img src="data:image/jpeg;base64,{data}" alt="{caption}"><figcaption>{caption}</figcaption></figure>'
    )
