"""What is committed: no registry's address, nothing heavy, no weights, no photographs; and how modules are written."""

from __future__ import annotations

import ast
import subprocess
from functools import cache
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
PACKAGES = ("lfr_core", "streams", "flows", "apps")

REGISTRIES = tuple(
    ".".join(parts)  # in pieces, so that this file passes its own test
    for parts in (
        ("pypi", "org"),
        ("pythonhosted", "org"),
        ("npmjs", "org"),
        ("npmjs", "com"),
        ("yarnpkg", "com"),
        ("repo", "maven", "apache", "org"),
        ("repo1", "maven", "org"),
        ("maven", "google", "com"),
        ("crates", "io"),
        ("rubygems", "org"),
        ("proxy", "golang", "org"),
        ("anaconda", "org"),
        ("docker", "io"),
        ("ghcr", "io"),
        ("quay", "io"),
        ("deb", "debian", "org"),
        ("huggingface", "co"),
    )
)
MAY_NAME_A_REGISTRY = {"uv.lock"}  # its format demands it: docs/decisions/0003
MAX_BYTES = 400_000
MAY_BE_LARGE = {"uv.lock"}
WEIGHTS_AND_PHOTOGRAPHS = {
    ".onnx",
    ".pt",
    ".pth",
    ".bin",
    ".npy",
    ".npz",
    ".jpg",
    ".jpeg",
    ".webp",
    ".avi",
    ".mp4",
    ".tgz",
}
PICTURES_OF_OURS = "docs/images/"  # screenshots made by scripts/screenshot.py


def tracked() -> list[str]:
    done = subprocess.run(
        ["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard"],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
    )
    if done.returncode != 0:
        pytest.skip("not a git checkout")
    names = [name for name in done.stdout.split("\0") if name and (ROOT / name).is_file()]
    assert "pyproject.toml" in names
    return names


def test_no_file_but_the_lock_names_a_registry() -> None:
    found = [
        (name, host)
        for name in tracked()
        if name not in MAY_NAME_A_REGISTRY
        for host in REGISTRIES
        if host.encode() in (ROOT / name).read_bytes()
    ]

    assert found == []


def test_the_list_of_registries_would_catch_the_lock_itself() -> None:
    text = (ROOT / "uv.lock").read_text(encoding="utf-8")

    assert {host for host in REGISTRIES if host in text} == {REGISTRIES[0], REGISTRIES[1]}


def test_no_file_is_large() -> None:
    sizes = {name: (ROOT / name).stat().st_size for name in tracked() if name not in MAY_BE_LARGE}

    assert {name: size for name, size in sizes.items() if size > MAX_BYTES} == {}


def test_no_weights_and_no_photographs_are_committed() -> None:
    found = [name for name in tracked() if Path(name).suffix.lower() in WEIGHTS_AND_PHOTOGRAPHS]

    assert [name for name in found if not name.startswith(PICTURES_OF_OURS)] == []


@cache
def tree_of(file: Path) -> ast.Module:
    return ast.parse(file.read_text(encoding="utf-8"))


def public_names(tree: ast.Module) -> tuple[set[str], list[str] | None]:
    """What a module defines at its top level without a leading underscore, and its `__all__`."""
    defined: set[str] = set()
    listed: list[str] | None = None
    for node in tree.body:
        if isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef)):
            defined.add(node.name)
        elif isinstance(node, (ast.Assign, ast.AnnAssign)):
            targets = node.targets if isinstance(node, ast.Assign) else [node.target]
            names = {target.id for target in targets if isinstance(target, ast.Name)}
            defined |= names
            if "__all__" in names and node.value is not None:
                listed = ast.literal_eval(node.value)
    return {name for name in defined if not name.startswith("_")}, listed


@pytest.mark.parametrize("package", PACKAGES)
def test_every_module_says_what_is_public(package: str) -> None:
    silent = []
    for file in (ROOT / package).rglob("*.py"):
        if "migrations" in file.parts or file.name == "__main__.py":
            continue  # Alembic's own format; scripts that nobody imports
        defined, listed = public_names(tree_of(file))
        if defined and listed is None:
            silent.append(str(file.relative_to(ROOT)))

    assert silent == []


LONGEST_MODULE, LONGEST_FUNCTION = 300, 60


@pytest.mark.parametrize("package", [*PACKAGES, "tests", "scripts", "bench", "infra"])
def test_no_module_and_no_function_is_longer_than_a_person_reads_at_once(package: str) -> None:
    modules = [file for file in sorted((ROOT / package).rglob("*.py")) if "migrations/versions" not in file.as_posix()]
    long = [
        f"{file.relative_to(ROOT)}:{node.lineno} {node.name}"
        for file in modules
        for node in ast.walk(tree_of(file))
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef)
        and (node.end_lineno or 0) - node.lineno >= LONGEST_FUNCTION
    ]
    long += [str(file.relative_to(ROOT)) for file in modules if len(file.read_text().splitlines()) > LONGEST_MODULE]

    assert long == []


VERBS = """
Account Add Admit Allow Announce Answer Append Apply Approve Ask Assess Attach Attempt Attend Authorise Become
Begin Bind Blend Bring Build Call Capture Check Choose Claim Clean Close Collect Compare Compile Compute Confirm
Convert Copy Count Cover Create Cut Decide Decode Delete Derive Describe Destroy Detect Dismiss Divide Do Draw
Drop Empty Encode End Enrol Enter Escape Estimate Evaluate Exchange Explain Export Fetch Fill Find Fit Flush
Fold Follow Forbid Forecast Forget Format Get Give Go Hand Hash Have Hold Inject Insert Install Issue Keep Kill
Lay Leave Lend Let Link List Listen Lock Log Look Make Map Mark Mask Measure Merge Migrate Move Name Note Open
Overwrite Paint Parse Pause Place Plan Play Plot Print Propose Publish Purge Put Quote Raise Read Receive
Recognise Reconcile Record Reduce Refuse Register Remember Remove Rename Render Renew Replace Return Revoke
Rotate Round Run Say Schedule Seal Search See Seek Select Send Separate Serve Set Show Shrink Sign Sleep Sort
Specify Split Start Stop Stretch Submit Sum Supersede Take Tell Test Tie Turn Understand Unpack Validate Verify
Visit Wait Walk Watch Wrap Write Yield
"""
"""Each is entered by whoever needs it. Ruff's D401, which is on, refuses `Returns` and the like and lets nouns pass."""


def says_a_value(function: ast.FunctionDef | ast.AsyncFunctionDef) -> bool:
    """A property is named and described as a value is; `__init__` describes its arguments."""
    return function.name == "__init__" or any("property" in ast.unparse(each) for each in function.decorator_list)


@pytest.mark.parametrize("package", PACKAGES)
def test_each_function_is_described_by_what_it_does(package: str) -> None:
    verbs = frozenset(VERBS.split())
    nouns = [
        f"{file.relative_to(ROOT)}:{node.lineno} {node.name}: {said.splitlines()[0]}"
        for file in sorted((ROOT / package).rglob("*.py"))
        if "versions" not in file.parts
        for node in ast.walk(tree_of(file))
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef) and (said := ast.get_docstring(node, clean=False))
        if said.split()[0].rstrip(",;:.") not in verbs and not says_a_value(node)
    ]

    assert nouns == []


def test_no_page_forgets_which_of_its_tabs_was_open() -> None:
    drawn = [file for file in (ROOT / "apps").rglob("*.py") if "st.tabs(" in file.read_text(encoding="utf-8")]

    assert [file.name for file in drawn] == ["kept_tabs.py"]
