"""What a new key, a destruction and a start of the vault cost with many keys kept.

    python -m bench.keystore                  # 1, 10,000 and 100,000 kept keys

A key is on the disk before it is given: each number has the synchronisation of this machine's disk in it.
"""

from __future__ import annotations

import argparse
import os
import statistics
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

from rich.console import Console
from rich.table import Table

from lfr_core.custody.vault.keystore import Keystore
from lfr_core.custody.vault.port import KeyKind

GOAL_MS = 20.0
"""[proposal] For a new key, however many are kept: an alert waits for it."""


def measure(kept: int, rounds: int) -> tuple[float, float, float]:
    """Milliseconds of a new key (median), of a destruction and of a start, with `kept` keys there."""
    with tempfile.TemporaryDirectory() as folder:
        store = Keystore(Path(folder))
        for number in range(kept):
            store.add(KeyKind.FOOTAGE, "d", f"segment-{number}", 1)
        new = [took(lambda: store.add(KeyKind.ALERT, "d", os.urandom(8).hex(), 1)) for _ in range(rounds)]
        first = store.infos()[0].id
        return statistics.median(new), took(lambda: store.destroy((first,))), took(lambda: Keystore(Path(folder)))


def took(act: Callable[[], object]) -> float:
    """Milliseconds."""
    began = time.perf_counter()
    act()
    return (time.perf_counter() - began) * 1e3


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--kept", type=int, nargs="+", default=[1, 10_000, 100_000])
    parser.add_argument("--rounds", type=int, default=20)
    chosen = parser.parse_args()
    table = Table("kept keys", f"new key, ms (goal {GOAL_MS:g})", "destruction, ms", "start, ms")
    for kept in chosen.kept:
        table.add_row(f"{kept:,}", *(f"{each:.1f}" for each in measure(kept, chosen.rounds)))
    console = Console()
    console.print(table)
    console.print(f"load {os.getloadavg()[0]:.1f} on {os.cpu_count()} cores")


if __name__ == "__main__":
    main()
