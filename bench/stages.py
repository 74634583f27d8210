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

import argparse
import json
import statistics
import sys
import tempfile
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from pathlib import Path

from rich.console import Console

from apps.demo.score import AlertSpan, Score, score_alerts
from apps.runs.deploy import checked_watchlist, deployed_system
from apps.runs.play_recordings import CameraRecording, play
from apps.runs.report import RunReport, measure
from apps.runs.run_settings import settings_for_run
from apps.synthetic_street.people import sample_people, with_twins
from apps.synthetic_street.render import BENCH_STREETS, Street, render_streets
from apps.synthetic_street.truth import load_truth
from bench.plain_loop import PlainResult, plain_loops
from bench.processes import ProcessorTimes
from lfr_core.common.settings import Settings
from lfr_core.domain.deployments import DeploymentKind
from lfr_core.domain.policy import Policy, load_policy
from lfr_core.recognition.gallery.port import Reference
from lfr_core.recognition.samples import sample_photos
from lfr_core.watchlists.entries import WatchlistReport

SUBJECT = "obama"
FRAMES_PER_SECOND = 25.0
CAMERAS = ("north", "south")
"""What the streets' cameras go by in the stream: these two keys fall into different partitions of two, so that
each has a worker of its own, as each video has a process of its own in the plain loop."""
BENCH_FACES_PLANNED = 1.16
"""For each that is seen at least by half: crowds hide the rest."""
say = Console(stderr=True).print


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


def watchlist(folder: Path, photo: Path) -> Path:
    """One subject, from a photograph that the streets never show."""
    folder.mkdir(parents=True)
    (folder / photo.name).write_bytes(photo.read_bytes())
    expires = datetime.now(tz=UTC).date().replace(month=12, day=31)
    (folder / "watchlist.csv").write_text(
        "subject,category,legal_reference,approved_by,expires_on,photograph\n"
        f"{SUBJECT},blue_list,volunteer's consent,bench,{expires},{photo.name}\n",
        encoding="utf-8",
    )
    return folder


def run_stream(
    streets: Sequence[Street], report: WatchlistReport, deployment: str, settings: Settings, policy: Policy, home: Path
) -> tuple[RunReport, Mapping[str, float]]:
    """Send the streets through a whole system of its own, a camera and a worker a street."""
    own = settings_for_run(settings, home, workers=len(streets), keep_page_port=False)
    own = own.model_copy(update={"frame_partitions": len(streets)})
    kind = DeploymentKind.EVALUATION
    with deployed_system(
        report, deployment, kind, name="bench", live_only=False, settings=own, policy=policy, with_page=False, say=say
    ) as running:
        sources = [CameraRecording(camera, street.video) for camera, street in zip(CAMERAS, streets, strict=True)]
        engine = running.installation.engine
        with ProcessorTimes() as used:
            play(sources, deployment, settings=own, database=engine, system=running.system, as_fast_as_possible=True)
        looks, now_ns = running.installation.looks, running.installation.now_ns
        return measure(looks, deployment, by=running.operator, now_ns=now_ns), used.seconds


def one_round(streets: Sequence[Street], settings: Settings, policy: Policy, folder: Path) -> Round:
    """Run the plain loop, then the stream."""
    truths = [load_truth(street.truth) for street in streets]
    deployment = f"bench-{datetime.now(tz=UTC):%Y%m%dT%H%M%S%f}"
    listed = watchlist(folder / "watchlist", sample_photos(settings.cache)[SUBJECT])
    report = checked_watchlist(listed, deployment, DeploymentKind.EVALUATION, settings=settings, policy=policy)
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
    stream, processor_s = run_stream(streets, report, deployment, settings, policy, folder / "stream")
    played = dict(zip(CAMERAS, (street.camera for street in streets), strict=True))
    seen = [
        AlertSpan(line.subject, played[line.camera], line.first_sequence, line.last_sequence, line.similarity)
        for line in stream.alerts
    ]
    return Round(plain, score_alerts(truths, spans), stream, score_alerts(truths, seen), processor_s)


def show(done: Round, processes: int) -> None:
    """Print one round."""
    frames = sum(one.frames for one in done.plain)
    print("\nms a frame, plain loop:   " + ", ".join(f"{k} {v:.1f}" for k, v in plain_stages(done.plain).items()))
    print("ms a call, stream:        " + ", ".join(f"{k} {v:.1f}" for k, v in done.stream.stages_ms.items()))
    print(f"faces a frame: {sum(one.faces for one in done.plain) / frames:.1f}")
    looked = sum(counts.recognised for counts in done.stream.cameras.values())
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
    print(f"ratio {done.stream_rate / done.plain_rate:.2f}")


def plain_stages(results: Sequence[PlainResult]) -> dict[str, float]:
    """Mean ms a frame of each stage."""
    frames = sum(one.frames for one in results)
    return {stage: 1e3 * sum(one.stages_s[stage] for one in results) / frames for stage in results[0].stages_s}


def main() -> int:
    """Render, run, print. Exits with 1 if the stream recognised fewer passes than the plain loop."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rounds", type=int, default=1, help="how often both are run (default 1)")
    parser.add_argument("--json", type=Path, help="write the figures to this file too")
    parser.add_argument("--seconds", type=float, default=60.0, help="length of each street (default 60)")
    parser.add_argument("--faces", type=float, default=5.0, help="faces a frame (default 5)")
    given = parser.parse_args()
    settings, policy = Settings(), load_policy()
    people = with_twins(sample_people(sample_photos(settings.cache)))
    say("drawing the streets (cached) ...")
    planned = given.faces * BENCH_FACES_PLANNED
    specs = [replace(one, seconds=given.seconds, faces_per_frame=planned) for one in BENCH_STREETS]
    streets = render_streets(settings.cache, specs, people)
    rounds: list[Round] = []
    for _ in range(given.rounds):
        with tempfile.TemporaryDirectory(prefix="lfr-bench-") as folder:
            rounds.append(one_round(streets, settings, policy, Path(folder)))
        show(rounds[-1], len(streets))
    ratios = [done.stream_rate / done.plain_rate for done in rounds]
    cameras = [done.stream_rate / len(streets) for done in rounds]
    print(
        f"\nmedian of {len(rounds)} round(s): the stream is {statistics.median(ratios):.2f} times as fast as the plain "
        f"loop;\ncameras of 25 frames/s per core: {statistics.median(cameras):.2f}"
    )
    if given.json:
        given.json.write_text(
            json.dumps(
                {
                    "ratios": ratios,
                    "cameras_per_core": cameras,
                    "processor_ms_a_look": {
                        kind: 1e3 * used / max(sum(c.recognised for c in rounds[-1].stream.cameras.values()), 1)
                        for kind, used in rounds[-1].processor_s.items()
                    },
                    "passes": rounds[-1].stream_score.passes,
                    "recognised": [done.stream_score.recognised for done in rounds],
                    "recognised_plain": [done.plain_score.recognised for done in rounds],
                },
                indent=2,
            )
            + "\n",
            encoding="utf-8",
        )
    return 0 if all(r.stream_score.recognised >= r.plain_score.recognised for r in rounds) else 1


if __name__ == "__main__":
    sys.exit(main())
