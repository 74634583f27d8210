"""`make fuzz` is guided by the code that its inputs reach, or says that it isn't."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from lfr_core.common.project import PROJECT
from tests.fuzz.run import judge_run

ATHERIS = """
import contextlib, sys

@contextlib.contextmanager
def instrument_imports(include):
    print(*(name for name in sys.modules if name.split(".")[0] in include))
    raise SystemExit(0)
    yield
"""


def test_no_parser_is_imported_before_atheris_can_follow_what_its_inputs_reach(tmp_path: Path) -> None:
    (tmp_path / "atheris.py").write_text(ATHERIS, encoding="utf-8")

    done = subprocess.run(
        [sys.executable, "-m", "tests.fuzz.run", "--child", "policy", "--inputs", "1"],
        cwd=PROJECT,
        env={**os.environ, "PYTHONPATH": str(tmp_path)},
        capture_output=True,
        text=True,
        check=True,
    )

    early = {"environment", "process_memory", "project", "starting"}  # what every process of ours begins with
    assert set(done.stdout.split()) <= {"lfr_core", "lfr_core.common", *(f"lfr_core.common.{name}" for name in early)}


@pytest.mark.parametrize(
    ("status", "said", "outcome"),
    [
        (0, "stat::number_of_executed_units: 9\nstat::new_units_added:          441\n", (441, "good")),
        (0, "stat::number_of_executed_units: 9\nstat::new_units_added:          0\n", (0, "NOT GUIDED")),
        (0, "", (0, "NOT GUIDED")),
        (77, "stat::new_units_added:          3\n", (3, "BROKEN")),
    ],
)
def test_a_run_that_nothing_guided_isnt_called_good(status: int, said: str, outcome: tuple[int, str]) -> None:
    assert judge_run(status, said) == outcome


def test_of_what_compiled_code_reads_it_is_said_that_chance_made_the_inputs() -> None:
    assert judge_run(0, "", is_followed=False) == (0, "good, by chance")
    assert judge_run(77, "", is_followed=False) == (0, "BROKEN")
