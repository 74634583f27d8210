"""Change the code one place at a time and see whether its unit tests notice: `make mutants`.

mutmut changes what `[tool.mutmut]` of pyproject.toml names, in copies below `mutants/`, and runs the tests that reach
the changed function. Printed are a table by module, and every change that no test noticed, with its place. A change of
nothing but a message for people (text with a space in it) is counted apart: it breaks no promise.
"""

from __future__ import annotations

import ast
import json
import os
import re
import shutil
import subprocess
import sys
from collections import Counter
from dataclasses import dataclass
from importlib import import_module
from pathlib import Path
from typing import Any

import pytest

ROOT = Path(__file__).resolve().parents[1]
TOOL = ROOT / ".tools" / "mutmut"
COPIES = ROOT / "mutants"
PROCESSES = 2
RUN = "--mutmut"
"""First argument: what follows is mutmut's own command line."""
KILLED, SURVIVED, WORDS, UNTESTED, OTHER = "killed", "survived", "words only", "no test", "time-out or crash"
_TEXT = re.compile(r'f?"([^"]*)"')


@dataclass(frozen=True)
class Mutant:
    """One change, and what became of it."""

    name: str
    file: Path
    outcome: str
    line: int = 0
    before: str = ""
    after: str = ""


def load_mutmut() -> Any:
    """Import mutmut, which lies apart from the environment's packages and comes after them."""
    if not (TOOL / "mutmut").is_dir():
        sys.exit("error: mutmut isn't here: make mutants fetches it")
    sys.path.append(str(TOOL))
    pytest.Item._nodeid = property(lambda item: item.nodeid)  # type: ignore[attr-defined]  # noqa: SLF001  mutmut 3.7 asks for it, pytest 9.2 hasn't it
    return import_module("mutmut.__main__")


def read_mutants(mutmut: Any) -> list[Mutant]:
    """Read what became of each mutant of the last run."""
    found = []
    for file in sorted(COPIES.rglob("*.py.meta")):
        source = file.relative_to(COPIES).with_suffix("")
        for name, code in json.loads(file.read_text(encoding="utf-8"))["exit_code_by_key"].items():
            status = mutmut.status_by_exit_code[code]
            if status == "survived":
                found.append(_survivor(mutmut, name, source))
            elif status != "not checked":
                known = {"killed": KILLED, "no tests": UNTESTED}
                found.append(Mutant(name, source, known.get(status, OTHER)))
    return found


def _survivor(mutmut: Any, name: str, source: Path) -> Mutant:
    """Find the place of a change from its diff, whose lines count from the function's own."""
    diff = mutmut.get_diff_for_mutant(name, path=source).splitlines()
    start = next(i for i, line in enumerate(diff) if line.startswith("@@"))
    head = re.match(r"@@ -(\d+)", diff[start])
    first = int(head[1]) if head else 1
    kept = [line for line in diff[start + 1 :] if not line.startswith("+")]
    offset = next((i for i, line in enumerate(kept) if line.startswith("-")), 0)
    before, after = (
        " ".join(line[1:].strip() for line in diff[start + 1 :] if line.startswith(sign)) for sign in ("-", "+")
    )
    outcome = WORDS if _without_messages(before) == _without_messages(after) else SURVIVED
    function, _class = mutmut.orig_function_and_class_names_from_key(name)
    return Mutant(name, source, outcome, _line_of(source, function, _class) + first - 1 + offset, before, after)


def _without_messages(code: str) -> str:
    return _TEXT.sub(lambda text: "None" if " " in text[1] else text[0], code)


def _line_of(source: Path, function: str, owner: str | None) -> int:
    """Find the line on which a function, or a method of the class `owner`, begins; with its decorators."""
    tree: ast.AST = ast.parse((ROOT / source).read_text(encoding="utf-8"))
    if owner:
        tree = next(each for each in ast.walk(tree) if isinstance(each, ast.ClassDef) and each.name == owner)
    for each in ast.walk(tree):
        if isinstance(each, ast.FunctionDef) and each.name == function:
            return min([each.lineno, *(one.lineno for one in each.decorator_list)])
    return 0


def show(mutants: list[Mutant]) -> None:
    """Print the table and the survivors, as Markdown."""
    outcomes = (KILLED, SURVIVED, WORDS, UNTESTED, OTHER)
    print(f"\n| module | mutants | {' | '.join(outcomes)} |\n|{' --- |' * (len(outcomes) + 2)}")
    by_file: dict[str, Counter[str]] = {}
    for each in mutants:
        by_file.setdefault(str(each.file), Counter())[each.outcome] += 1
    for file, counts in [*by_file.items(), ("all", Counter(each.outcome for each in mutants))]:
        print(f"| `{file}` | {counts.total()} | {' | '.join(str(counts[one]) for one in outcomes)} |")
    print()
    for each in sorted(mutants, key=lambda one: (str(one.file), one.line)):
        if each.outcome == SURVIVED:
            print(f"{each.file}:{each.line}\n  - {each.before}\n  + {each.after}")
    for (name, outcome), count in Counter(
        (each.name.rpartition("__mutmut_")[0], each.outcome) for each in mutants
    ).items():
        if outcome in {UNTESTED, OTHER}:
            print(f"{name}: {count} x {outcome}")


def main(names: list[str]) -> None:
    """Run mutmut on all mutants, or on those whose names match `names` (`lfr_core.domain.rates*`)."""
    import lfr_core  # noqa: F401  prepares the environment that the child inherits; there the changed copy is imported

    shutil.rmtree(COPIES, ignore_errors=True)
    # its own process: it forks once for each mutant, and draws its progress past sys.stdout
    command = [sys.executable, __file__, RUN, "run", "--max-children", str(PROCESSES), *names]
    done = subprocess.run(command, check=False, stdout=None if sys.stdout.isatty() else subprocess.PIPE)
    found = read_mutants(load_mutmut())
    if done.returncode or not found:
        sys.exit(f"error: mutmut ended with {done.returncode}\n{(done.stdout or b'')[-5000:].decode(errors='replace')}")
    show(found)


if __name__ == "__main__":
    os.chdir(ROOT)
    if RUN in sys.argv[1:2]:
        os.nice(10)
        load_mutmut().cli(sys.argv[2:])
    else:
        main(sys.argv[1:])
