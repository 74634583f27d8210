"""The tone of a new alert, by its response: notes that are made here, played by the page without a script of ours."""

from __future__ import annotations

import base64
import io
import math
import wave
from collections.abc import Collection, Iterable
from functools import cache
from html import escape
from typing import Final
from uuid import UUID

from lfr_core.alerts.read import AlertSummary
from lfr_core.domain.watchlists import Response

__all__ = ["NewAlerts", "tone_html"]

_RATE_HZ: Final = 8_000
_NOTE_S, _PAUSE_S = 0.14, 0.05
_FADE_S: Final = 0.01
"""At both ends of a note, so that it doesn't click."""
_LOUDNESS: Final = 0.5
_NOTES_HZ: Final = {
    Response.SAFEGUARD: (660.0, 880.0, 660.0, 880.0),
    Response.ARREST: (880.0, 880.0, 880.0),
    Response.SPEAK_TO: (660.0, 550.0),
    Response.RECORD_ONLY: (330.0,),
}
"""[proposal] Told apart by how many notes there are and whether they alternate, rise or fall."""


class NewAlerts:
    """Which alerts of the queue this page hasn't sounded yet. Not for several threads."""

    def __init__(self) -> None:
        self._known: frozenset[UUID] = frozenset()

    def take(self, queue: Iterable[AlertSummary]) -> tuple[AlertSummary, ...]:
        """Return those that are new, in the order of the queue; the next time they aren't."""
        found = tuple(queue)
        new = tuple(each for each in found if each.id not in self._known)
        self._known = frozenset(each.id for each in found)
        return new


def tone_html(response: Response | None, occasion: Collection[str]) -> str:
    """Play a response's tone once when this is first drawn; None: nothing is played.

    `occasion`: what it is played for; the same again isn't played again.
    """
    if response is None:
        return '<span class="ops-tone"></span>'
    data = base64.b64encode(_wave(response)).decode("ascii")
    return (
        f'<audio class="ops-tone" autoplay data-tone="{response.value}" data-for="{escape(" ".join(occasion))}" '
        f'src="data:audio/wav;base64,{data}"></audio>'
    )


@cache
def _wave(response: Response) -> bytes:
    """Make a WAV file: one channel, 8 bits, 8 kHz."""
    note, pause, fade = (round(seconds * _RATE_HZ) for seconds in (_NOTE_S, _PAUSE_S, _FADE_S))
    samples = bytearray()
    for hertz in _NOTES_HZ[response]:
        for n in range(note):
            loud = _LOUDNESS * min(1.0, n / fade, (note - n) / fade)
            samples.append(round(127.5 + 127.0 * loud * math.sin(2.0 * math.pi * hertz * n / _RATE_HZ)))
        samples += bytes([128]) * pause
    out = io.BytesIO()
    with wave.open(out, "wb") as file:
        file.setnchannels(1)
        file.setsampwidth(1)
        file.setframerate(_RATE_HZ)
        file.writeframes(bytes(samples))
    return out.getvalue()
