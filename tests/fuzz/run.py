"""`make fuzz`: many inputs for each parser of what comes from outside, guided by which code they reach (atheris).

Each parser has a process of its own. An input that breaks one is printed, and kept below `tests/fuzz/corpus`: mend the
parser and commit the input with it. What else was found on the way lies in `var/fuzz`, for the next run.
"""

# ruff: noqa: T201  it is a script: it prints
from __future__ import annotations

import argparse
import importlib
import re
import subprocess
import sys
import time
from typing import Any

from lfr_core.common.project import PROJECT

TOOL = PROJECT / ".tools" / "atheris"
FOUND = PROJECT / "var" / "fuzz"
LONGEST = 20_000
"""Bytes of an input: what a parser does with more of the same, its own tests of bounds say."""
_REACHED = re.compile(r"^stat::new_units_added:\s+(\d+)$", re.MULTILINE)


def fuzz(name: str, inputs: int) -> None:
    """Run one parser; libFuzzer ends the process."""
    sys.path.append(str(TOOL))
    atheris: Any = importlib.import_module("atheris")

    with atheris.instrument_imports(include=["lfr_core", "infra"]):
        from tests.fuzz.parsers import CORPUS, PARSERS, SECONDS, seeds_of
    found = FOUND / name
    kept = CORPUS / name
    for folder in (found, kept):
        folder.mkdir(parents=True, exist_ok=True)
    for number, seed in enumerate(seeds_of(name)):
        (found / f"seed-{number}").write_bytes(seed)
    options = [
        f"-runs={inputs}",
        f"-max_len={LONGEST}",
        f"-timeout={SECONDS}",
        "-rss_limit_mb=4000",
        "-print_final_stats=1",
    ]
    atheris.Setup([sys.argv[0], *options, f"-artifact_prefix={kept}/", str(found)], PARSERS[name].run)
    atheris.Fuzz()


def judge_run(status: int, said: str, *, is_followed: bool = True) -> tuple[int, str]:
    """Return how many inputs reached code that none had reached before, and what came of it, from libFuzzer's words.

    Where none did, nothing guided it: what it gives then is a few bytes of chance, which says nothing.
    """
    reached = _REACHED.search(said)
    found = int(reached[1]) if reached else 0
    if status:
        return found, "BROKEN"
    if not is_followed:
        return found, "good, by chance"
    return found, "good" if found else "NOT GUIDED"


def main() -> int:
    """Run them one after another and print a table."""
    options = argparse.ArgumentParser(description=__doc__)
    options.add_argument("parsers", nargs="*", metavar="PARSER", help="none: all of tests/fuzz/parsers.py")
    options.add_argument("--inputs", type=int, default=1_000_000, help="for each parser")
    options.add_argument("--child", action="store_true", help=argparse.SUPPRESS)
    asked = options.parse_args()
    if asked.child:
        fuzz(asked.parsers[0], asked.inputs)
    from tests.fuzz.parsers import PARSERS  # after the child, to which it would come without atheris in it

    if unknown := set(asked.parsers) - PARSERS.keys():
        options.error(f"there is no parser {', '.join(sorted(unknown))}: there are {', '.join(PARSERS)}")
    broken = []
    print("| parser | inputs | reached new code | seconds | outcome |\n| --- | --- | --- | --- | --- |", flush=True)
    for name in asked.parsers or PARSERS:
        began = time.monotonic()
        done = subprocess.run(
            [sys.executable, "-m", "tests.fuzz.run", "--child", name, "--inputs", str(asked.inputs)],
            cwd=PROJECT,
            check=False,
            capture_output=True,
            text=True,
            errors="replace",
        )
        reached, outcome = judge_run(done.returncode, done.stderr, is_followed=PARSERS[name].is_followed)
        seconds = time.monotonic() - began
        print(f"| {name} | {asked.inputs:,} | {reached:,} | {seconds:.0f} | {outcome} |", flush=True)
        if not outcome.startswith("good"):
            broken.append(name)
            print(done.stderr[-4_000:], file=sys.stderr)
    return 1 if broken else 0


if __name__ == "__main__":
    sys.exit(main())
