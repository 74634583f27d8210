"""Every program of ours goes through a package that prepares its process, before any library that reads it."""

from __future__ import annotations

import ast
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
PACKAGES = ("lfr_core", "streams", "flows", "apps")


def sources(*folders: str) -> list[Path]:
    return [path for folder in folders for path in sorted((ROOT / folder).rglob("*.py"))]


def imports(file: Path) -> list[str]:
    """The modules it imports anywhere, in the order of the text."""
    found = []
    for node in ast.walk(ast.parse(file.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            found += [(node.lineno, alias.name) for alias in node.names]
        elif isinstance(node, ast.ImportFrom) and node.module:
            found.append((node.lineno, node.module))
    return [name for _, name in sorted(found)]


def test_each_package_prepares_the_process_before_it_imports_anything_else() -> None:
    first = {package: imports(ROOT / package / "__init__.py")[:1] for package in PACKAGES}

    assert first.pop("lfr_core") == ["lfr_core.common.environment"]
    assert list(first.values()) == [["lfr_core"]] * 3
    common = ROOT / "lfr_core" / "common"
    assert imports(common / "__init__.py") == []
    ours = ("project", "process_memory", "starting")
    named = {name for each in ("environment", *ours) for name in imports(common / f"{each}.py")}
    named -= {f"lfr_core.common.{each}" for each in ours}
    assert {name.partition(".")[0] for name in named} <= set(sys.stdlib_module_names)


def test_model_libraries_are_imported_in_the_domain_alone() -> None:
    """Whatever else wants a model goes through lfr_core, which has prepared the process by then."""
    outside = [
        str(file.relative_to(ROOT))
        for file in sources("streams", "flows", "apps", "bench", "scripts")
        if file.name != "gpu.py"  # measures the library itself, after lfr_core.common.environment
        if {"onnxruntime", "insightface"} & {name.partition(".")[0] for name in imports(file)}
    ]

    assert outside == []


def test_every_program_of_the_repository_goes_through_one_of_the_packages() -> None:
    """Programs in the packages do by themselves; scripts that need nothing of ours start nothing of ours."""
    apart = {
        "setup.py",  # standard library only: it runs before anything is there
        "peer_loop.py",  # another project's loop, in an environment of its own without ours
    }
    for file in sources("bench", "scripts"):
        is_program = "__main__" in file.read_text(encoding="utf-8")
        roots = {name.partition(".")[0] for name in imports(file)}
        assert not is_program or roots & set(PACKAGES) or file.name in apart, file
