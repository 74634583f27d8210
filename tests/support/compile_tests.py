"""Makes what each process of a run would make for itself: `python -m tests.support.compile_tests`, before they start.

pytest writes the asserts of a module anew when it first collects it, and hypothesis looks through the source of each of
our modules for constants that are worth trying. Both keep what they made. Three processes that collect a fresh clone
would each make all of it, at the same time.
"""

from __future__ import annotations

import multiprocessing
from pathlib import Path
from types import ModuleType

from _pytest.assertion import rewrite
from hypothesis.internal.constants_ast import constants_from_module

__all__ = ["compile_module", "find_constants", "modules_of_tests", "sources"]

_ROOT = Path(__file__).resolve().parents[2]
_PACKAGES = ("lfr_core", "streams", "flows", "apps")
_PROCESSES = 2


def modules_of_tests(folder: Path = _ROOT / "tests") -> list[Path]:
    """List the modules that pytest writes anew, but those that `make check` alone runs."""
    found = (*folder.rglob("test_*.py"), *folder.rglob("conftest.py"))
    return sorted(path for path in found if "repository" not in path.relative_to(folder).parts)


def sources(root: Path = _ROOT) -> list[Path]:
    """List the modules that hypothesis looks through: ours, and not the tests'."""
    return sorted(path for package in _PACKAGES for path in (root / package).rglob("*.py"))


def compile_module(path: Path) -> None:
    """Compile a module and keep it where pytest looks for it, unless what is kept there is of this source."""
    kept = rewrite.get_cache_dir(path) / (path.name.removesuffix(".py") + rewrite.PYC_TAIL)
    if rewrite._read_pyc(path, kept) is None:
        kept.parent.mkdir(exist_ok=True)
        source_hash, code = rewrite._rewrite_test(path, None)  # type: ignore[arg-type]  # no hook asks for passed asserts
        rewrite._write_pyc(None, code, source_hash, kept)  # type: ignore[arg-type]  # what it would tell of errors


def find_constants(path: Path) -> None:
    """Let hypothesis keep the constants of a module, which needn't be imported for it."""
    module = ModuleType(path.stem)
    module.__file__ = str(path)
    constants_from_module(module)


def main() -> None:
    """Make it for all, in two processes."""
    with multiprocessing.get_context("fork").Pool(_PROCESSES) as processes:
        processes.map(compile_module, modules_of_tests(), chunksize=8)
        processes.map(find_constants, sources(), chunksize=16)


if __name__ == "__main__":
    main()
