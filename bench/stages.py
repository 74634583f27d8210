"""Time per stage, and the whole stream beside the plain loop: same video, same models, same number of processes.

    python -m bench.stages                 # two streets of 5 faces a frame, two processes, one round
    python -m bench.stages --rounds 3

Each round runs the plain loop (decode every frame, detect at 640x360, embed every face, search; a process a
video, one thread each) and then the stream (a camera process a video, Kafka, as many Faust recognition workers of
one thread each, Milvus, SQL; every frame as fast as the machine goes). Both are timed with their models loaded:
the plain loop from its first frame to its last, the stream from the first outcome to the last. Passes are
scored against the streets' truth by the same rule. A shared machine is noisy: compare within a round.
"""

from __future__ import annotations

import os
import statistics
import sys
import tempfile
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from apps.demo.score import AlertSpan, Score, score_alerts
from apps.runs.report import RunReport
from apps.synthetic_street.render import Street
from apps.synthetic_street.truth import load_truth
from bench.figures import make_parser, write_figures
from bench.plain_loop import PlainResult, plain_loops
from bench.whole_stream import CAMERAS, bench_streets, checked_subject, engine_alone, run_stream, say
from lfr_core.common.settings import Settings
from lfr_core.domain.policy import Policy, load_policy
from lfr_core.recognition.gallery.port import Reference

FRAMES_PER_SECOND = 25.0


@dataclass(frozen=True, slots=True)
class Round:
    """One comparison."""

    plain: Sequence[PlainResult]
    plain_score: Score
    stream: RunReport
    stream_score: Score
    processor_s: Mapping[str, float]
    """Processor seconds of the stream by kind of process, while the recordings played."""

    @property
    def plain_rate(self) -> float:
        """Seconds of video done per second: all frames over the time of the slowest process."""
        return sum(one.frames for one in self.plain) / FRAMES_PER_SECOND / max(one.seconds for one in self.plain)

    @property
    def stream_rate(self) -> float:
        """The same of the stream."""
        return self.stream.frames_per_second / FRAMES_PER_SECOND

    @property
    def looks(self) -> int:
        """Frames that the stream looked at."""
        return sum(counts.recognised for counts in self.stream.cameras.values())

    @property
    def processor_ratio(self) -> float:
        """Processor time of the plain loop over that of the whole stream, for the same video: other work on the
        machine changes it less than the wall time.
        """
        return sum(one.processor_s for one in self.plain) / sum(self.processor_s.values())


def one_round(streets: Sequence[Street], settings: Settings, policy: Policy, folder: Path) -> Round:
    """Run the plain loop, then the stream."""
    truths = [load_truth(street.truth) for street in streets]
    deployment, report = checked_subject(settings, policy, folder / "watchlist")
    references = [
        Reference(one.id, entry.subject, one.template) for entry in report.entries for one in entry.references
    ]
    say("the plain loop ...")
    plain = plain_loops([street.video for street in streets], references, settings, policy)
    spans = [
        AlertSpan(alert.entry, street.camera, alert.first_frame, alert.last_frame, alert.similarity)
        for street, one in zip(streets, plain, strict=True)
        for alert in one.alerts
    ]
    say("the stream ...")
    streamed = run_stream(streets, report, deployment, settings, policy, folder / "stream")
    stream = streamed.report
    played = dict(zip(CAMERAS, (street.camera for street in streets), strict=True))
    seen = [
        AlertSpan(line.subject, played[line.camera], line.first_sequence, line.last_sequence, line.similarity)
        for line in stream.alerts
    ]
    return Round(plain, score_alerts(truths, spans), stream, score_alerts(truths, seen), streamed.processor_s)


def show(done: Round, processes: int) -> None:
    """Print one round."""
    frames = sum(one.frames for one in done.plain)
    print("\nms a frame, plain loop:   " + ", ".join(f"{k} {v:.1f}" for k, v in plain_stages(done.plain).items()))
    print("ms a call, stream:        " + ", ".join(f"{k} {v:.1f}" for k, v in done.stream.stages_ms.items()))
    print(f"faces a frame: {sum(one.faces for one in done.plain) / frames:.1f}")
    looked = done.looks
    print(f"frames looked at by the stream: {looked} of {frames}; identity holds: {done.stream.balanced}")
    print(
        f"processor ms a look, stream: {1e3 * sum(done.processor_s.values()) / max(looked, 1):.0f}: "
        + ", ".join(f"{kind} {1e3 * used / max(looked, 1):.1f}" for kind, used in done.processor_s.items())
    )
    print(f"{'':12}{'video s/s':>10}{'cameras/core':>14}{'passes':>8}{'recognised':>12}{'false alerts':>14}")
    for name, rate, score in (
        ("plain loop", done.plain_rate, done.plain_score),
        ("stream", done.stream_rate, done.stream_score),
    ):
        print(
            f"{name:12}{rate:>10.2f}{rate / processes:>14.2f}{score.passes:>8}{score.recognised:>12}"
            f"{len(score.false_alerts):>14}"
        )
    print(f"ratio {done.stream_rate / done.plain_rate:.2f} by the clock, {done.processor_ratio:.2f} by processor time")


def plain_stages(results: Sequence[PlainResult]) -> dict[str, float]:
    """Mean ms a frame of each stage."""
    frames = sum(one.frames for one in results)
    return {stage: 1e3 * sum(one.stages_s[stage] for one in results) / frames for stage in results[0].stages_s}


def main() -> int:
    """Render, run, print. Exits with 1 if the stream recognised fewer passes than the plain loop."""
    parser = make_parser(__doc__)
    parser.add_argument("--rounds", type=int, default=1, help="how often both are run (default 1)")
    parser.add_argument("--seconds", type=float, default=60.0, help="length of each street (default 60)")
    parser.add_argument("--faces", type=float, default=5.0, help="faces a frame (default 5)")
    given = parser.parse_args()
    settings, policy = Settings(), load_policy()
    say("drawing the streets (cached) ...")
    streets = bench_streets(settings, seconds=given.seconds, faces=given.faces)
    rounds: list[Round] = []
    load = os.getloadavg()[0]
    for _ in range(given.rounds):
        with tempfile.TemporaryDirectory(prefix="lfr-bench-") as folder:
            rounds.append(one_round(streets, settings, policy, Path(folder)))
        show(rounds[-1], len(streets))
    say("the engine alone ...")
    alone_ms = engine_alone(streets, settings, policy)
    used_ms = 1e3 * sum(rounds[-1].processor_s.values()) / max(rounds[-1].looks, 1)
    print(
        f"\nprocessor ms a look: engine alone {alone_ms:.1f}, stream {used_ms:.1f}: {used_ms / alone_ms - 1:.0%} more"
    )
    ratios = [done.stream_rate / done.plain_rate for done in rounds]
    cameras = [done.stream_rate / len(streets) for done in rounds]
    by_processor = [done.processor_ratio for done in rounds]
    print(
        f"\nmedian of {len(rounds)} round(s): the stream is {statistics.median(ratios):.2f} times as fast as the plain "
        f"loop, {statistics.median(by_processor):.2f} times by processor time;\n"
        f"cameras of 25 frames/s per core: {statistics.median(cameras):.2f}"
    )
    write_figures(
        given.json,
        {
            "ratios": ratios,
            "processor_ratios": by_processor,
            "load": [load, os.getloadavg()[0]],
            "engine_ms_a_look": alone_ms,
            "stages_ms": dict(rounds[-1].stream.stages_ms),
            "cameras_per_core": cameras,
            "processor_ms_a_look": {
                kind: 1e3 * used / max(rounds[-1].looks, 1) for kind, used in rounds[-1].processor_s.items()
            },
            "passes": rounds[-1].stream_score.passes,
            "recognised": [done.stream_score.recognised for done in rounds],
            "recognised_plain": [done.plain_score.recognised for done in rounds],
        },
    )
    return 0 if all(r.stream_score.recognised >= r.plain_score.recognised for r in rounds) else 1


if __name__ == "__main__":
    sys.exit(main())
