"""What a run came to, as the JSON that `lfr stream run` and `lfr demo` write."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from lfr_core.alerts import read
from lfr_core.custody.people import AuthenticatedPerson
from lfr_core.custody.people.consultations import Consultations
from lfr_core.domain.outcomes import FrameCounts

__all__ = ["AlertLine", "RunReport", "measure"]


@dataclass(frozen=True, slots=True)
class AlertLine:
    """One alert. Sequences are the camera's; in a recording they count its frames from 0."""

    subject: str
    camera: str
    first_sequence: int
    last_sequence: int
    similarity: float


@dataclass(frozen=True, slots=True)
class RunReport:
    """The figures of one run."""

    frames_per_second: float
    """Frames captured, over all cameras, for each second from the first outcome to the last."""
    seconds: float
    """That time."""
    p50_ms: float | None
    """Latency: from the moment the camera process had a frame to its outcome."""
    p95_ms: float | None
    stages_ms: Mapping[str, float]
    """Mean time of one call of each stage: a frame of `decode`, a face of `embed`, a batch of `search`."""
    cameras: Mapping[str, FrameCounts]
    alerts: tuple[AlertLine, ...]

    @property
    def balanced(self) -> bool:
        """Whether the frame identity holds for every camera."""
        return all(counts.balanced for counts in self.cameras.values())

    @property
    def frames_dropped(self) -> int:
        """Frames that were not looked at because camera or workers were behind."""
        return sum(counts.dropped_at_camera + counts.dropped_stale for counts in self.cameras.values())

    def as_json(self) -> dict[str, object]:
        """Return the document, without a demo's pass counts."""
        return {
            "frames_per_second": round(self.frames_per_second, 2),
            "latency_ms": {"p50": self.p50_ms, "p95": self.p95_ms},
            "stages_ms": {stage: round(mean, 3) for stage, mean in self.stages_ms.items()},
            "cameras": {name: counts.as_dict() for name, counts in self.cameras.items()},
            "alerts": [
                {
                    "subject": line.subject,
                    "camera": line.camera,
                    "first_sequence": line.first_sequence,
                    "last_sequence": line.last_sequence,
                    "similarity": round(line.similarity, 4),
                }
                for line in self.alerts
            ],
        }


def measure(looks: Consultations, deployment: str, *, by: AuthenticatedPerson, now_ns: int) -> RunReport:
    """Read a finished run's figures from the records.

    Args:
        looks: of the records; puts this one on the trail.
        deployment: its id.
        by: an operator who has signed on to it: alerts are shown to nobody else.
        now_ns: wall time.

    Raises:
        Refused: as `lfr_core.custody.people.sign_on.signed_on`.
        Retryable: the database is away.
    """
    database = looks.engine
    health = read.cameras(database, deployment, now_ns=now_ns)
    cameras = {each.camera: each.counts for each in health}
    first = min((each.first_seen_ns for each in health), default=now_ns)
    seconds = (max((each.last_seen_ns for each in health), default=now_ns) - first) / 1e9
    latency = read.latency(database, deployment)
    alerts = read.alerts(looks, deployment, by=by, now_ns=now_ns, limit=100_000)
    found = sorted(alerts, key=lambda alert: alert.first_ns)
    return RunReport(
        frames_per_second=sum(counts.captured for counts in cameras.values()) / max(seconds, 1e-3),
        seconds=seconds,
        p50_ms=latency.p50_ms,
        p95_ms=latency.p95_ms,
        stages_ms={each.stage: each.total_ms / each.calls for each in read.stages(database, deployment) if each.calls},
        cameras=cameras,
        alerts=tuple(
            AlertLine(each.subject, each.camera, each.first_sequence, each.last_sequence, each.similarity)
            for each in found
        ),
    )
