"""What tests begin with: a copy is what was made, and is given only where nothing was done yet."""

from __future__ import annotations

import sqlite3
from contextlib import closing
from pathlib import Path

import pytest
from _pytest.assertion import rewrite

from lfr_core.storage.engine import open_engine
from tests.support import made_once
from tests.support.compile_tests import compile_module, modules_of_tests
from tests.support.databases import new_sqlite
from tests.support.planning import PLANNER, PlanningHarness
from tests.support.records import add_deployment
from tests.support.vaults import trail_of


def begun(home: Path, *, with_a_deployment: bool = False) -> tuple[list[str], dict[str, bytes], list[str]]:
    """Records, files and events of a force that plans, in a new home."""
    home.mkdir()
    engine = open_engine(new_sqlite(home / "records.sqlite3"))
    if with_a_deployment:
        add_deployment(engine)
    harness = PlanningHarness.on(engine, home)
    assert harness.person(PLANNER).may_act
    engine.dispose()
    with closing(sqlite3.connect(home / "records.sqlite3")) as records:
        lines = list(records.iterdump())
    files = {str(path.relative_to(home)): path.read_bytes() for path in home.rglob("*") if path.is_file()}
    kept = {name: content for name, content in files.items() if not name.startswith("records.")}
    return lines, kept, [event.rule for event in trail_of(engine).events]


def test_a_copied_beginning_is_what_was_made_to_the_byte(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(made_once, "_KEPT", {})

    made = begun(tmp_path / "made")
    monkeypatch.setattr(PlanningHarness, "settle", lambda _: pytest.fail("it was made again"))

    assert begun(tmp_path / "copied") == made
    assert any("documents.added" in rule for rule in made[2])


def test_where_something_was_done_nothing_is_copied_over_it(tmp_path: Path) -> None:
    begun(tmp_path / "made")

    lines, files, _ = begun(tmp_path / "live", with_a_deployment=True)

    assert any("INSERT INTO \"deployment\" VALUES('dep'" in line for line in lines)
    assert files


def test_a_module_of_tests_is_compiled_as_pytest_does_and_kept_where_it_looks(tmp_path: Path) -> None:
    module = tmp_path / "test_one.py"
    module.write_text("def test_one():\n    assert 1 == 2\n", encoding="utf-8")

    compile_module(module)

    (kept,) = (tmp_path / "__pycache__").iterdir()
    assert kept.name == f"test_one{rewrite.PYC_TAIL}"
    code = rewrite._read_pyc(module, kept)
    assert code is not None
    assert "@pytest_ar" in code.co_names
    module.write_text("def test_one():\n    assert 1 == 3\n", encoding="utf-8")
    assert rewrite._read_pyc(module, kept) is None


def test_all_modules_of_tests_but_those_of_make_check_are_compiled() -> None:
    found = {path.name for path in modules_of_tests()}

    assert {"conftest.py", Path(__file__).name} <= found
    assert "test_prepared_processes.py" not in found
