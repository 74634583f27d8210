"""Every goal of speed and recall in one table: the goal, what this run measured, and why where it isn't reached.

    make bench                         # or: python -m bench.table --people FOLDER --seeds 201 202

Each row is a script of its own (README.md here), run on this machine now; a row that this run doesn't measure says
which command does. Times of a machine that does other work are no measure: the load is printed above the table.
"""

from __future__ import annotations

import argparse
import json
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from rich.console import Console
from rich.table import Table

from lfr_core.recognition.faces.types import Floats
from lfr_core.recognition.gallery.exact import ExactGallery
from lfr_core.recognition.gallery.port import Reference
from lfr_core.recognition.gallery.prefilter import PrefilteredGallery

LIST = 10_000
PROBES = 8
ROUNDS = 30
THRESHOLD = 0.45
FILE_WIDTH = 150
"""Characters of a line of the table where it is written into a file."""
PARTS = ("search", "recall", "stream", "latency", "workers", "compile", "idle")
say = Console(stderr=True).print


@dataclass(frozen=True, slots=True)
class Row:
    """One goal."""

    what: str
    goal: str
    result: str
    reached: bool | None
    """None: not measured by this run."""
    reason: str = ""


def search_row() -> Row:
    """Search for a batch of nobody's probes in 10,000 vectors, beside the product alone; medians, turn about."""
    rng = np.random.default_rng(0)

    def units(count: int) -> Floats:
        rows = rng.normal(size=(count, 512))
        unit: Floats = (rows / np.linalg.norm(rows, axis=1, keepdims=True)).astype(np.float32)
        return unit

    listed, probes, store = units(LIST), units(PROBES), ExactGallery()
    store.create("bench", "contract")
    rows = store.add("bench", "contract", [Reference(str(i), str(i), row) for i, row in enumerate(listed)])
    screen = PrefilteredGallery(store)
    screen.hold("bench", "contract", {row.id: row for row in rows})

    def timed(work: Callable[[], object]) -> float:
        began = time.process_time()
        work()
        return time.process_time() - began

    pairs = [
        (
            timed(lambda: screen.search("bench", "contract", probes, 2, at_least=THRESHOLD)),
            timed(lambda: (probes @ listed.T).max(axis=1)),
        )
        for _ in range(ROUNDS)
    ]
    ratio = float(np.median([ours / plain for ours, plain in pairs]))
    ms = 1e3 * float(np.median([ours for ours, _ in pairs]))
    return Row(f"search of {LIST:,} x 512, {PROBES} probes", "at most 1.2 times numpy", f"{ratio:.2f} ({ms:.1f} ms)",
               ratio <= 1.2, "probes of nobody; who may be an alert costs a call of Milvus besides")  # fmt: skip


def recall_rows(results: Sequence[dict[str, Any]]) -> Iterator[Row]:
    """From bench.recall's figures."""
    for one, goal in zip(results, (0.97, 0.92), strict=False):
        share = one["recognised"] / max(one["passes"], 1)
        missed = ", ".join(f"{why} {count}" for why, count in one["missed"].items())
        yield Row(
            f"fair passes, {one['faces']} faces a frame", f"{goal:.0%}, no false alert",
            f"{share:.1%} ({one['recognised']} of {one['passes']}), {one['false_alerts']} false",
            share >= goal and not one["false_alerts"], missed,
        )  # fmt: skip


def stream_rows(measured: dict[str, Any], faces: int) -> Iterator[Row]:
    """From bench.stages's figures."""
    ratio, goal = float(np.median(measured["ratios"])), 10 if faces < 10 else 7
    by_processor = float(np.median(measured["processor_ratios"]))
    used = measured["processor_ms_a_look"]
    dearest = ", ".join(f"{kind} {ms:.0f}" for kind, ms in list(used.items())[:5])
    stages = ", ".join(f"{stage} {ms:.1f}" for stage, ms in measured["stages_ms"].items())
    yield Row(f"stream / plain loop, {faces} faces", f"at least {goal}",
              f"{ratio:.1f} by the clock, {by_processor:.1f} by processor time", ratio >= goal,
              f"processor ms a look: {dearest}; ms a call: {stages}")  # fmt: skip
    if engine_ms := measured.get("engine_ms_a_look"):
        over = sum(used.values()) / engine_ms - 1
        yield Row(f"platform over the engine alone, {faces} faces", "at most 15 %", f"{over:.0%}", over <= 0.15,
                  f"processor ms a look: engine {engine_ms:.0f}, all {sum(used.values()):.0f}: {dearest}")  # fmt: skip


def latency_row(found: dict[str, Any]) -> Row:
    """From bench.latency's figures."""
    return Row(
        "capture to alert, p95 at 70 % load", "under 500 ms", f"{found['p95_ms']:.0f} ms ({found['alerts']} alerts)",
        found["p95_ms"] <= 500,
        f"every look to its outcome: p95 {found['outcome_p95_ms']:.0f} ms; {found['looks']:.1f} looks a second of "
        f"{found['most']:.1f}; ms a call: "
        + ", ".join(f"{stage} {ms:.1f}" for stage, ms in found["stages_ms"].items()),
    )  # fmt: skip


def compile_row(found: dict[str, Any]) -> Row:
    """From bench.compile_list's figures."""
    return Row(
        f"compile of {found['people']:,} people", "at most 1.2 times the engine", f"{found['ratio']:.2f}",
        found["ratio"] <= 1.2,
        f"processor ms a photograph: engine {found['engine_ms']:.1f}, "
        + ", ".join(f"{kind} {ms:.1f}" for kind, ms in found["by_kind_ms"].items())
        + "; resident MB " + ", ".join(f"{at} {mb:.0f}" for at, mb in found["memory_mb"].items()),
    )  # fmt: skip


def workers_row(found: dict[str, Any]) -> Row:
    """From bench.workers's figures."""
    return Row(
        "two workers / one", "at least 1.8", f"{found['ratio']:.2f}", found["ratio"] >= 1.8,
        f"on {found['cores']} cores, which cameras, broker and recorder share; "
        f"{found['expected']:.2f} by what each used beside one",
    )  # fmt: skip


def idle_rows(found: dict[str, Any]) -> Iterator[Row]:
    """From bench.idle's figures."""
    cores = ", ".join(f"{kind} {share:.1%}" for kind, share in list(found["core_by_kind"].items())[:5])
    memory = ", ".join(f"{kind} {mb:.0f}" for kind, mb in list(found["memory_by_kind"].items())[:5])
    yield Row("lfr up, ready", "at most 15 s", f"{found['start_s']:.0f} s", found["start_s"] <= 15,
              f"its first word after {found['first_word_s']:.1f} s; processor s: "
              + ", ".join(f"{kind} {each:.1f}" for kind, each in list(found["start_by_kind"].items())[:6]))  # fmt: skip
    yield Row("idle, of a core", "at most 10 %", f"{found['core']:.1%}", found["core"] <= 0.10, cores)
    yield Row("idle, memory", "at most 1.2 GB", f"{found['memory_mb'] / 1e3:.2f} GB", found["memory_mb"] <= 1200,
              f"MB: {memory}")  # fmt: skip


def other_rows() -> Iterator[Row]:
    """List what another command measures."""
    none = "not measured"
    yield Row("beside face_recognition", "", none, None, "python -m bench.peers")
    yield Row("one accelerator", "", none, None, "python -m bench.gpu, where a card is")


def run_json(module: str, *arguments: str) -> Any:
    """Run a script and return the figures it writes; its own words go to the terminal."""
    with tempfile.TemporaryDirectory(prefix="lfr-table-") as folder:
        file = Path(folder) / "figures.json"
        subprocess.run([sys.executable, "-m", module, "--json", str(file), *arguments], check=False, stdout=sys.stderr)
        return json.loads(file.read_text(encoding="utf-8")) if file.is_file() else None


def measured_rows(given: argparse.Namespace) -> Iterator[Row]:
    """Run what was asked for, one after another."""
    length = ["--seconds", str(given.seconds)]
    if "search" in given.only:
        yield search_row()
    if "recall" in given.only:
        people = ["--people", str(given.people)] if given.people else []
        seeds, faces = [str(seed) for seed in given.seeds], [str(one) for one in given.faces]
        yield from recall_rows(run_json("bench.recall", *people, "--seeds", *seeds, "--faces", *faces, *length) or [])
    if "stream" in given.only:
        for one in given.faces:
            if (measured := run_json("bench.stages", "--faces", str(one), *length)) is not None:
                yield from stream_rows(measured, one)
    for part, module, options, row in (
        ("latency", "bench.latency", length, latency_row),
        ("workers", "bench.workers", length, workers_row),
        ("compile", "bench.compile_list", ["--people", str(given.listed)], compile_row),
    ):
        if part in given.only and (found := run_json(module, *options)) is not None:
            yield row(found)
    if "idle" in given.only and (found := run_json("bench.idle")) is not None:
        yield from idle_rows(found)


def main() -> int:
    """Run all, print the table; exits with 1 if a measured goal isn't reached."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--people", type=Path, help="a folder a person, as bench.recall")
    parser.add_argument("--seeds", type=int, nargs="+", default=[201, 202])
    parser.add_argument("--seconds", type=float, default=40.0, help="length of the streets")
    parser.add_argument("--faces", type=int, nargs="+", default=[5, 15])
    parser.add_argument("--listed", type=int, default=1000, help="people of the list that is compiled")
    parser.add_argument("--only", choices=PARTS, nargs="+", default=PARTS)
    given = parser.parse_args()
    load = os.getloadavg()[0]
    rows = list(measured_rows(given))
    rows += other_rows()
    print(f"load before: {load:.1f}, after: {os.getloadavg()[0]:.1f}, on {os.cpu_count()} cores")
    table = Table("", "goal", "result", "reached", "reason")
    for row in rows:
        table.add_row(row.what, row.goal, row.result, {True: "yes", False: "no", None: "-"}[row.reached], row.reason)
    Console(width=None if sys.stdout.isatty() else FILE_WIDTH).print(table)
    return 1 if any(row.reached is False for row in rows) else 0


if __name__ == "__main__":
    sys.exit(main())
