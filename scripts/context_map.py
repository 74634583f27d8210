"""Write the map of contexts in docs/architecture.md from the imports: `python scripts/context_map.py`.

What a package is for is the first line of its `__init__` docstring. `tests/repository` compares the document
with the code, so that the map can't drift.
"""

from __future__ import annotations

import ast
import tomllib
from functools import cache

import grimp  # comes with import-linter
from doc_tables import escaped, with_sections

from lfr_core.common.project import PROJECT

__all__ = ["DOCUMENT", "context_table", "layer_table", "part_table", "with_map"]

DOCUMENT = PROJECT / "docs" / "architecture.md"


def layer_table() -> str:
    """Return one row for each of the four layers: what it is for, and which of the others it imports."""
    layers = _contract("apps")
    return _table(layers, layers)


def context_table() -> str:
    """Return one row for each context of `lfr_core`: what it is for, and which of the others it imports."""
    contexts = [f"lfr_core.{name}" for name in _contract("publication")]
    return _table(contexts, contexts)


def part_table() -> str:
    """Return one row for each package within a layer or context: what it is for."""
    tops = [*_contract("apps")[:3], *(f"lfr_core.{name}" for name in _contract("publication"))]
    parts = [part for top in tops for part in sorted(_graph().find_children(top)) if _is_package(part)]
    return "\n".join(["| part | what it is for |", "| --- | --- |", *(f"| `{p}` | {_purpose(p)} |" for p in parts)])


def with_map(document: str) -> str:
    """Return `document` with the three tables written anew between their marks."""
    tables = {"layers": layer_table(), "contexts": context_table(), "parts": part_table()}
    return with_sections(document, tables, DOCUMENT)


def _table(packages: list[str], others: list[str]) -> str:
    rows = ["| package | what it is for | imports |", "| --- | --- | --- |"]
    for package in packages:
        imported = [f"`{_short(one)}`" for one in others if one != package and _imports(package, one)]
        rows.append(f"| `{_short(package)}` | {_purpose(package)} | {', '.join(imported) or 'none of these'} |")
    return "\n".join(rows)


def _short(package: str) -> str:
    return package.removeprefix("lfr_core.")


def _imports(importer: str, imported: str) -> bool:
    return _graph().direct_import_exists(importer=importer, imported=imported, as_packages=True)


@cache
def _graph() -> grimp.ImportGraph:
    return grimp.build_graph("lfr_core", "streams", "flows", "apps", cache_dir=None)


@cache
def _contract(first: str) -> list[str]:
    """Return the layers, uppermost first, of the import contract in pyproject.toml whose first layer is `first`."""
    project = tomllib.loads((PROJECT / "pyproject.toml").read_text(encoding="utf-8"))
    contracts = project["tool"]["importlinter"]["contracts"]
    layers: list[str] = next(one["layers"] for one in contracts if one.get("layers", [""])[0] == first)
    return layers


def _is_package(module: str) -> bool:
    return (PROJECT.joinpath(*module.split(".")) / "__init__.py").is_file()


def _purpose(package: str) -> str:
    source = PROJECT.joinpath(*package.split("."), "__init__.py").read_text(encoding="utf-8")
    docstring = ast.get_docstring(ast.parse(source))
    if docstring is None:
        raise SystemExit(f"{package}/__init__.py has no docstring that says what it is for")
    return escaped(docstring.partition("\n\n")[0].replace("\n", " "))


if __name__ == "__main__":
    DOCUMENT.write_text(with_map(DOCUMENT.read_text(encoding="utf-8")), encoding="utf-8")
