"""Every text of ours that a person may read, with the commands named in it, for tests that hold texts to the code."""

from __future__ import annotations

import ast
import base64
import re
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from pathlib import Path

__all__ = ["ROOT", "Named", "commands_named", "drawing_in", "texts"]

ROOT = Path(__file__).resolve().parents[2]
_CODE = ("lfr_core", "streams", "flows", "apps", "scripts", "bench")
_PLAIN = ("*.md", "*.html", "*.j2", "*.toml", "*.yaml", "*.yml", "*.css", "*.properties")
_HISTORY = {"CHANGELOG.md", "docs/decisions"}
"""What they say was true when it was written, and stays."""
_FENCE = re.compile(r"^```.*?$(.*?)^```", re.MULTILINE | re.DOTALL)
_QUOTED = re.compile(r"`([^`]+)`")
_EXAMPLE = re.compile(r"Example: ([^`]+?)(?=\n\s*\n|\s*\Z)")


@dataclass(frozen=True, slots=True)
class Named:
    """A command line as a text gives it."""

    where: str
    line: str
    whole: bool
    """An example, or a line of a code block: to be typed as it stands."""


@cache
def texts() -> tuple[tuple[str, str], ...]:
    """Where, and the text: strings and docstrings of modules (what is filled in reads X), documents, templates."""
    return tuple(_texts())


def _texts() -> Iterator[tuple[str, str]]:
    for package in _CODE:
        for file in sorted((ROOT / package).rglob("*.py")):
            for number, text in _strings(ast.parse(file.read_text(encoding="utf-8"))):
                yield f"{file.relative_to(ROOT)}:{number}", text
    for folder in ("docs", "infra", *_CODE):
        for pattern in _PLAIN:
            for file in sorted((ROOT / folder).rglob(pattern)):
                where = str(file.relative_to(ROOT))
                if not any(where.startswith(each) for each in _HISTORY):
                    yield where, file.read_text(encoding="utf-8")
    for name in ("README.md", "Makefile", "prefect.yaml", "pyproject.toml"):
        yield name, (ROOT / name).read_text(encoding="utf-8")


def commands_named(program: str) -> Iterator[Named]:
    """Every command line of `program` that is quoted, an example, a line of a code block or of the Makefile."""
    begins = re.compile(rf"^(?:\$ )?(?:\w+=\S+ )*(?:\S*/)?{program}(?= |$)")
    for where, text in texts():
        for line, whole in _lines(where, text):
            flat = " ".join(line.split())
            if begins.match(flat):
                yield Named(where, begins.sub("", flat).strip(), whole)


def _lines(where: str, text: str) -> Iterator[tuple[str, bool]]:
    for block in _FENCE.findall(text):
        yield from ((line, True) for line in re.sub(r"\\\n", " ", block).splitlines())
    rest = _FENCE.sub("", text)
    yield from ((line, False) for line in _QUOTED.findall(rest))
    yield from ((line, True) for line in _EXAMPLE.findall(rest))
    if where == "Makefile":
        lines = text.replace("$(BIN)/", "").replace("$(ARGS)", "").splitlines()
        yield from ((line.lstrip("\t@"), False) for line in lines)


def _strings(tree: ast.AST) -> Iterator[tuple[int, str]]:
    left = [tree]
    while left:
        node = left.pop()
        if isinstance(node, ast.JoinedStr):
            parts = (each.value if isinstance(each, ast.Constant) else "X" for each in node.values)
            yield node.lineno, "".join(str(part) for part in parts)
            continue  # what is filled in is no text
        if isinstance(node, ast.Constant) and isinstance(node.value, str):
            yield node.lineno, node.value
        left.extend(ast.iter_child_nodes(node))


def drawings_in(html: str) -> list[str]:
    """The SVG of each picture in a page's HTML."""
    found = re.findall(r"data:image/svg\+xml;base64,([A-Za-z0-9+/=]+)", html)
    return [base64.b64decode(data).decode() for data in found]


def drawing_in(html: str) -> str:
    """The SVG of the only picture in a page's HTML."""
    (drawing,) = drawings_in(html)
    return drawing
