"""What was recognised, what was missed, and whether anybody was taken for somebody else. Pure.

The truth's frame indices are the camera's sequence numbers: a video played once from its start gives every
captured frame a sequence, whether it is looked at or not.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from apps.synthetic_street.truth import PassTruth, StreetTruth

__all__ = ["COUNTED_EYES_PX", "PROMISED_EYES_PX", "AlertSpan", "MissedPass", "Score", "score_alerts"]

COUNTED_EYES_PX = 24.0
"""A pass counts when the eyes get at least this far apart (docs/design.md#what-a-demonstration-has-to-show)."""
PROMISED_EYES_PX = 32.0
"""Every enrolled pass of at least this size is to be alerted (docs/design.md#what-a-demonstration-has-to-show)."""
SLACK_FRAMES = 25
"""An alert may reach this far beyond the frames in which its subject was visible: a second."""


@dataclass(frozen=True, slots=True)
class AlertSpan:
    """An alert as scored: who, where, from which frame to which."""

    subject: str
    camera: str
    first_sequence: int
    last_sequence: int
    similarity: float


@dataclass(frozen=True, slots=True)
class MissedPass:
    """An enrolled pass that counts and gave no alert."""

    subject: str
    camera: str
    first_frame: int
    last_frame: int
    max_eye_px: float
    fair: bool
    """At least a second of it was large and visible enough."""


@dataclass(frozen=True, slots=True)
class Score:
    """The sum. `passes == recognised + len(missed)`."""

    passes: int
    """Enrolled passes with eyes of at least COUNTED_EYES_PX."""
    recognised: int
    missed: tuple[MissedPass, ...]
    false_alerts: tuple[AlertSpan, ...]
    """Alerts whose subject wasn't before that camera then."""
    promised: int
    """Enrolled passes of at least PROMISED_EYES_PX."""

    @property
    def promise_kept(self) -> bool:
        """Every pass of at least PROMISED_EYES_PX was alerted and nobody else was."""
        return not self.false_alerts and all(one.max_eye_px < PROMISED_EYES_PX for one in self.missed)


def score_alerts(truths: Iterable[StreetTruth], alerts: Sequence[AlertSpan]) -> Score:
    """Compare alerts with the truth of every camera.

    A pass is recognised when an alert on its subject and camera overlaps its frames, give or take
    SLACK_FRAMES; an alert is false when it overlaps no pass of its subject, of whatever size. An alert on a
    camera without truth is false.
    """
    enrolled = [one for truth in truths for one in truth.passes if one.subject is not None]
    counted = [one for one in enrolled if one.max_eye_px >= COUNTED_EYES_PX]
    missed = tuple(
        MissedPass(one.subject or "", one.camera, one.first_frame, one.last_frame, one.max_eye_px, one.fair)
        for one in counted
        if not any(_overlap(alert, one) for alert in alerts)
    )
    return Score(
        passes=len(counted),
        recognised=len(counted) - len(missed),
        missed=missed,
        false_alerts=tuple(alert for alert in alerts if not any(_overlap(alert, one) for one in enrolled)),
        promised=sum(one.max_eye_px >= PROMISED_EYES_PX for one in counted),
    )


def _overlap(alert: AlertSpan, one: PassTruth) -> bool:
    return (
        alert.subject == one.subject
        and alert.camera == one.camera
        and alert.first_sequence <= one.last_frame + SLACK_FRAMES
        and alert.last_sequence >= one.first_frame - SLACK_FRAMES
    )
