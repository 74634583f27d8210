"""Two recognition workers beside one: the same two streets through the whole stream, as fast as it goes.

    python -m bench.workers

On a machine of two cores, cameras, broker and recorder share them with the workers; what they take is printed, and with
it what two workers would do by that.
"""

from __future__ import annotations

import os
import sys
import tempfile
from pathlib import Path

from bench.figures import make_parser, write_figures
from bench.whole_stream import Streamed, bench_streets, checked_subject, run_stream, say
from lfr_core.common.settings import Settings
from lfr_core.domain.policy import load_policy

GOAL = 1.8


def share_cores(done: Streamed, cores: int) -> float:
    """Return how many times as fast two workers would be by what each kind of process used with one.

    One worker is as fast as one core lets it; with two, all processes share the cores. Two may be faster all the same:
    cameras, broker and recorder take less a look where there are more of them in a second.
    """
    looks = max(sum(counts.recognised for counts in done.report.cameras.values()), 1)
    worker = done.processor_s.get("recognition", 0.0) / looks
    everything = sum(done.processor_s.values()) / looks
    return min(2.0, cores * worker / everything) if everything else 0.0


def main() -> int:
    """Measure and print; exits with 1 where the goal isn't reached."""
    parser = make_parser(__doc__)
    parser.add_argument("--seconds", type=float, default=60.0, help="length of each street (default 60)")
    parser.add_argument("--faces", type=float, default=5.0, help="faces a frame (default 5)")
    given = parser.parse_args()
    settings, policy = Settings(), load_policy()
    streets = bench_streets(settings, seconds=given.seconds, faces=given.faces)
    load, found = os.getloadavg()[0], dict[int, Streamed]()
    with tempfile.TemporaryDirectory(prefix="lfr-workers-") as folder:
        for workers in (1, 2):
            say(f"{workers} worker{'s' if workers > 1 else ''} ...")
            home = Path(folder) / str(workers)
            deployment, report = checked_subject(settings, policy, home / "list")
            found[workers] = run_stream(streets, report, deployment, settings, policy, home / "home", workers=workers)
    ratio = found[2].report.frames_per_second / found[1].report.frames_per_second
    expected, cores = share_cores(found[1], os.cpu_count() or 1), os.cpu_count() or 1
    print(f"load before {load:.1f}, after {os.getloadavg()[0]:.1f}, on {cores} cores")
    for workers, done in found.items():
        looks = max(sum(counts.recognised for counts in done.report.cameras.values()), 1)
        print(f"{workers} worker(s): {done.report.frames_per_second:.1f} frames/s; processor ms a look: " + ", ".join(
            f"{kind} {1e3 * used / looks:.1f}" for kind, used in done.processor_s.items() if used / looks > 2e-4
        ))  # fmt: skip
    print(f"two over one: {ratio:.2f} (goal {GOAL}); {expected:.2f} was to be had here, where cameras, broker and "
          "recorder share the cores")  # fmt: skip
    write_figures(given.json, {"ratio": ratio, "expected": expected, "cores": cores})
    return 0 if ratio >= GOAL else 1


if __name__ == "__main__":
    sys.exit(main())
