"""The oracle: knows what was sent, reads what was recorded, and says where they disagree.

It imports nothing of lfr_core, so that no mistake there can hide itself here. Rows come as plain dicts.
Every stream test ends with `check_stream`.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Any

__all__ = ["FATES", "ExpectedPass", "SentByCamera", "Tally", "check_alerts", "check_frames", "check_stream", "tally"]

FATES = (
    "not_sampled", "dropped_at_camera", "recognised", "dropped_stale", "dropped_closed", "unopenable",
    "dead_lettered", "lost",
)  # fmt: skip
"""What may become of a captured frame; their sum is `captured` (docs/architecture.md#the-identity)."""

Row = Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class SentByCamera:
    """What the test itself knows of a camera: the ground truth, not what the system says."""

    camera: str
    captured: int
    not_sampled: int
    dropped_at_camera: int


@dataclass(frozen=True, slots=True)
class ExpectedPass:
    """An enrolled person's walk that must be alerted: frames (sequences) in which the face is there."""

    subject: str
    camera: str
    first_frame: int
    last_frame: int


@dataclass(frozen=True, slots=True)
class Tally:
    """What a table says of a run: `make faults`."""

    frames: int
    """Captured, and recorded with what became of them."""
    lost: int
    """Passes without an alert."""
    doubled: int
    """Alerts beyond one for each pass."""


def tally(
    counts: Mapping[str, Mapping[str, int]],
    passes: Sequence[ExpectedPass],
    alerts: Sequence[Row],
    longest_frames: int | None = None,
) -> Tally:
    """Count frames, lost and doubled alerts, without judging them; the arguments are those of `check_stream`."""
    found = [len(_alerts_of(one, alerts)) for one in passes]
    doubled = sum(len(_doubled(one, alerts, longest_frames)) for one in passes)
    return Tally(sum(counted[name] for counted in counts.values() for name in FATES), found.count(0), doubled)


def check_stream(
    *,
    sent: Sequence[SentByCamera],
    counts: Mapping[str, Mapping[str, int]],
    passes: Sequence[ExpectedPass],
    alerts: Sequence[Row],
    merge_frames: int | None = None,
    longest_frames: int | None = None,
) -> None:
    """Both checks: every frame accounted for once, every alert there exactly once.

    Args:
        sent: the ground truth, a row a camera.
        counts: recorded tallies by camera: `captured` and every one of FATES.
        passes: the walks that must be alerted; nobody else may be.
        alerts: recorded alerts: `id`, `subject`, `camera`, `first_sequence`, `last_sequence`.
        merge_frames: see `check_alerts`.
        longest_frames: how long one alert may be; whoever stays for longer has another one after it.

    Raises:
        AssertionError: they disagree; the message lists every camera, and by how much.
    """
    cameras = {each.camera for each in sent}
    faults = [*_frame_faults(sent, counts), *_alert_faults(passes, alerts, cameras, merge_frames, longest_frames)]
    assert not faults, "\n".join(["the oracle disagrees:", *faults])


def check_frames(sent: Sequence[SentByCamera], counts: Mapping[str, Mapping[str, int]]) -> None:
    """The frame identity of every camera, and that what the camera did is what was recorded."""
    faults = _frame_faults(sent, counts)
    assert not faults, "\n".join(["the oracle disagrees about frames:", *faults])


def check_alerts(
    passes: Sequence[ExpectedPass], alerts: Sequence[Row], cameras: set[str], merge_frames: int | None = None
) -> None:
    """Every expected pass has exactly one alert; every alert belongs to an expected pass; no id twice.

    One alert may span several passes of its subject (sightings close in time are merged). With
    `merge_frames`, passes no further apart than that must share one alert, and others must not.
    """
    faults = _alert_faults(passes, alerts, cameras, merge_frames)
    assert not faults, "\n".join(["the oracle disagrees about alerts:", *faults])


def _frame_faults(sent: Sequence[SentByCamera], counts: Mapping[str, Mapping[str, int]]) -> list[str]:
    faults = []
    known = [each.camera for each in sent]
    faults += [f"camera {c}: listed {known.count(c)} times as sent" for c in sorted(set(known)) if known.count(c) > 1]
    faults += [
        f"camera {camera}: recorded, but nothing was sent from it" for camera in sorted(set(counts) - set(known))
    ]
    for each in sent:
        found = counts.get(each.camera)
        if found is None:
            faults.append(f"camera {each.camera}: {each.captured} frames captured, nothing recorded")
            continue
        missing = [name for name in ("captured", *FATES) if name not in found]
        if missing:
            faults.append(f"camera {each.camera}: no count of {', '.join(missing)}")
            continue
        for name in ("captured", "not_sampled", "dropped_at_camera"):
            by = found[name] - getattr(each, name)
            if by:
                faults.append(f"camera {each.camera}: {name} is {found[name]}, {abs(by)} too {_more(by)}")
        faults += [f"camera {each.camera}: {name} is {found[name]}" for name in ("captured", *FATES) if found[name] < 0]
        accounted = sum(found[name] for name in FATES)
        by = accounted - each.captured
        if by:
            tally = ", ".join(f"{name} {found[name]}" for name in FATES)
            faults.append(
                f"camera {each.camera}: {each.captured} captured, {accounted} accounted for: "
                f"{abs(by)} {'counted twice' if by > 0 else 'vanished'} ({tally})"
            )
    return faults


def _more(by: int) -> str:
    return "many" if by > 0 else "few"


def _alert_faults(
    passes: Sequence[ExpectedPass],
    alerts: Sequence[Row],
    cameras: set[str],
    merge_frames: int | None,
    longest_frames: int | None = None,
) -> list[str]:
    faults = []
    ids = [str(alert["id"]) for alert in alerts]
    faults += [f"alert {i}: recorded {ids.count(i)} times" for i in sorted(set(ids)) if ids.count(i) > 1]
    for alert in alerts:
        if alert["camera"] not in cameras:
            faults.append(f"{_name(alert)}: nothing was sent from that camera")
        elif alert["first_sequence"] > alert["last_sequence"]:
            faults.append(f"{_name(alert)}: ends before it begins")
        elif not any(_covers(alert, one) for one in passes):
            faults.append(f"{_name(alert)}: that person wasn't there")
    for one in passes:
        mine = _alerts_of(one, alerts)
        if not mine or _doubled(one, alerts, longest_frames):
            what = "no alert" if not mine else f"{len(mine)} alerts: " + "; ".join(_name(alert) for alert in mine)
            faults.append(
                f"camera {one.camera}: {one.subject} in frames {one.first_frame}-{one.last_frame} gave {what}"
            )
    if merge_frames is not None:
        expected = _merged(passes, merge_frames)
        for (camera, subject), number in sorted(expected.items()):
            found = sum(alert["camera"] == camera and alert["subject"] == subject for alert in alerts)
            if found != number:
                faults.append(f"camera {camera}: {found} alerts on {subject}, {number} expected")
    return faults


def _covers(alert: Row, one: ExpectedPass) -> bool:
    return bool(
        alert["camera"] == one.camera
        and alert["subject"] == one.subject
        and alert["first_sequence"] <= one.last_frame
        and alert["last_sequence"] >= one.first_frame
    )


def _alerts_of(one: ExpectedPass, alerts: Sequence[Row]) -> list[Row]:
    return sorted((alert for alert in alerts if _covers(alert, one)), key=lambda alert: alert["first_sequence"])


def _doubled(one: ExpectedPass, alerts: Sequence[Row], longest_frames: int | None) -> list[Row]:
    """Alerts of a pass that ought to be part of the one before: all but the first, or that begin within its time."""
    mine = _alerts_of(one, alerts)
    return [
        later
        for before, later in pairwise(mine)
        if longest_frames is None or later["first_sequence"] - before["first_sequence"] <= longest_frames
    ]


def _merged(passes: Sequence[ExpectedPass], merge_frames: int) -> dict[tuple[str, str], int]:
    """How many alerts each camera and subject should give."""
    ends: dict[tuple[str, str], int] = {}
    number: dict[tuple[str, str], int] = {}
    for one in sorted(passes, key=lambda each: each.first_frame):
        key = (one.camera, one.subject)
        if key not in ends or one.first_frame - ends[key] > merge_frames:
            number[key] = number.get(key, 0) + 1
        ends[key] = max(ends.get(key, 0), one.last_frame)
    return number


def _name(alert: Row) -> str:
    return (
        f"alert {alert['id']} on {alert['subject']} at camera {alert['camera']}, "
        f"frames {alert['first_sequence']}-{alert['last_sequence']}"
    )
