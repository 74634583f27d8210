"""How late an alert is when the machine is loaded to 70 %: from a shot's capture to the recorded alert.

    python -m bench.latency                 # two streets of 5 faces a frame
    python -m bench.latency --share 0.5

The streets go through the whole stream twice: as fast as it goes, which tells how many looks a second this machine
can do, and then as two cameras in real time, so many looks a second that `--share` of it is used.
"""

from __future__ import annotations

import os
import sys
import tempfile
from pathlib import Path

import numpy as np

from apps.synthetic_street.render import Street
from bench.figures import make_parser, write_figures
from bench.whole_stream import CAMERAS, Streamed, bench_streets, checked_subject, run_stream, say
from lfr_core.common.settings import Settings
from lfr_core.domain.policy import Policy, load_policy

GOAL_MS = 500.0


def paced(policy: Policy, looks_per_second: float) -> Policy:
    """Return the policy with that many looks a second of each camera, whatever the load."""
    rate = {"looks_per_second": looks_per_second, "min_looks_per_second": looks_per_second}
    return policy.model_copy(update={"sampling": policy.sampling.model_copy(update=rate)})


def looks_per_second(done: Streamed) -> float:
    """Frames looked at each second, over both cameras."""
    return sum(counts.recognised for counts in done.report.cameras.values()) / max(done.report.seconds, 1e-3)


def streamed(streets: list[Street], settings: Settings, policy: Policy, home: Path, *, fast: bool) -> Streamed:
    """Run the streets through a system of their own."""
    deployment, report = checked_subject(settings, policy, home / "list")
    return run_stream(streets, report, deployment, settings, policy, home / "home", as_fast_as_possible=fast)


def main() -> int:
    """Measure and print; exits with 1 where the goal isn't reached."""
    parser = make_parser(__doc__)
    parser.add_argument("--share", type=float, default=0.7, help="of what the machine can do (default 0.7)")
    parser.add_argument("--seconds", type=float, default=60.0, help="length of each street (default 60)")
    parser.add_argument("--faces", type=float, default=5.0, help="faces a frame (default 5)")
    given = parser.parse_args()
    settings, policy = Settings(), load_policy()
    streets = bench_streets(settings, seconds=given.seconds, faces=given.faces)
    load = os.getloadavg()[0]
    with tempfile.TemporaryDirectory(prefix="lfr-latency-") as folder:
        say("as fast as it goes ...")
        most = looks_per_second(streamed(streets, settings, policy, Path(folder) / "fast", fast=True))
        rate = min(given.share * most / len(CAMERAS), 25.0)
        say(f"{most:.1f} looks a second; two cameras of {rate:.2f} each, in real time ...")
        done = streamed(streets, settings, paced(policy, rate), Path(folder) / "paced", fast=False)
    late = [float(value) for value in np.percentile(done.alert_ms, [50, 95])] if done.alert_ms else [float("nan")] * 2
    report = done.report
    print(
        f"load before {load:.1f}, after {os.getloadavg()[0]:.1f}; "
        f"{looks_per_second(done):.1f} looks a second of {most:.1f}"
    )
    print(
        f"capture to alert: {len(done.alert_ms)} alerts, p50 {late[0]:.0f} ms, "
        f"p95 {late[1]:.0f} ms (goal {GOAL_MS:.0f})"
    )
    print(
        f"capture to outcome, all looks: p50 {report.p50_ms:.0f} ms, p95 {report.p95_ms:.0f} ms; "
        f"dropped {report.frames_dropped}"
    )
    print("ms a call: " + ", ".join(f"{stage} {ms:.1f}" for stage, ms in report.stages_ms.items()))
    found = {"alerts": len(done.alert_ms), "p50_ms": late[0], "p95_ms": late[1], "outcome_p95_ms": report.p95_ms,
             "most": most, "looks": looks_per_second(done), "dropped": report.frames_dropped,
             "stages_ms": dict(report.stages_ms)}  # fmt: skip
    write_figures(given.json, found)
    return 0 if late[1] <= GOAL_MS else 1


if __name__ == "__main__":
    sys.exit(main())
