"""`scripts/setup.py`: quick the second time, resumable, and honest about what it will do."""

from __future__ import annotations

import importlib
import shutil
import subprocess
import sys
import threading
from pathlib import Path
from typing import Any

import pytest

ROOT = Path(__file__).parents[2]


@pytest.fixture
def setup(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Any:
    monkeypatch.syspath_prepend(str(ROOT / "scripts"))
    module = importlib.import_module("setup")
    monkeypatch.setattr(module, "ROOT", tmp_path)
    return module


@pytest.fixture
def steps(monkeypatch: pytest.MonkeyPatch) -> Any:
    monkeypatch.syspath_prepend(str(ROOT / "scripts"))
    return importlib.import_module("steps")


def toy(steps: Any, folder: Path, name: str, code: str, **changes: Any) -> Any:
    """A step that runs Python `code`, and leaves `name` behind."""
    values = {
        "name": name,
        "title": f"the {name}",
        "origin": "a toy shop",
        "disk_mb": 1,
        "package_cache_mb": 0,
        "advice": "Try another shop.",
        "commands": lambda: [[sys.executable, "-c", code]],
        "stamp": folder / ".tools" / "stamps" / name,
        "key": "k1",
        "outputs": (folder / name,),
    }
    return steps.InstallStep(**{**values, **changes})


def touch(name: str) -> str:
    return f"open({name!r}, 'a').write('once ')"


def test_a_fresh_checkout_says_what_from_where_and_how_big_and_a_dry_run_changes_nothing(tmp_path: Path) -> None:
    shutil.copytree(ROOT / "scripts", tmp_path / "scripts", ignore=shutil.ignore_patterns("__pycache__"))
    for name in ("uv.lock", "pyproject.toml"):
        shutil.copy(ROOT / name, tmp_path / name)
    before = sorted(tmp_path.rglob("*"))

    done = subprocess.run(
        [sys.executable, "-B", "scripts/setup.py", "--for", "test", "--dry-run"],
        cwd=tmp_path,
        capture_output=True,
        text=True,
        check=False,
    )

    assert done.returncode == 0, done.stderr
    assert sorted(tmp_path.rglob("*")) == before
    for words in ("uv ", "Python packages", "face models", "the Python package index", "the npm registry", "GB", "MB"):
        assert words in done.stderr
    assert "://" not in done.stderr


def test_a_python_that_is_too_old_is_refused_with_the_one_that_is_needed() -> None:
    source = (ROOT / "scripts" / "setup.py").read_text(encoding="utf-8")
    old = "import sys; sys.version_info = (3, 9, 2, 'final', 0); sys.version = '3.9.2 (old)'\n"

    done = subprocess.run(
        [sys.executable, "-c", old + source],
        capture_output=True,
        text=True,
        check=False,
    )

    assert done.returncode == 1
    assert "needs Python 3.11 to 3.14, and this is Python 3.9.2" in done.stderr
    assert "make PYTHON=" in done.stderr


def test_what_is_done_is_not_done_again(
    setup: Any, steps: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(setup, "plan", lambda *_: ([toy(steps, tmp_path, "tool", touch("tool"))], []))

    assert [setup.main([]), setup.main([])] == [0, 0]
    assert (tmp_path / "tool").read_text() == "once "


def test_an_interrupted_setup_goes_on_where_it_stopped(
    setup: Any, steps: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    first = toy(steps, tmp_path, "first", touch("first"))
    broken = toy(steps, tmp_path, "second", touch("second") + "; raise SystemExit(3)")
    mended = toy(steps, tmp_path, "second", touch("second"))

    monkeypatch.setattr(setup, "plan", lambda *_: ([first, broken], []))
    assert setup.main([]) == 1
    output = capsys.readouterr().err
    assert "the second failed (exit code 3)" in output
    assert "Try another shop." in output

    monkeypatch.setattr(setup, "plan", lambda *_: ([first, mended], []))
    assert setup.main([]) == 0
    assert (tmp_path / "first").read_text() == "once "
    assert (tmp_path / "second").read_text() == "once once "


def test_a_step_whose_inputs_changed_or_whose_result_is_gone_is_done_again(steps: Any, tmp_path: Path) -> None:
    step = toy(steps, tmp_path, "tool", "")
    (tmp_path / "tool").write_text("")
    step.leave_stamp()

    assert step.is_done()
    assert not toy(steps, tmp_path, "tool", "", key="k2").is_done()
    (tmp_path / "tool").unlink()
    assert not step.is_done()


def test_a_half_written_stamp_is_no_stamp(steps: Any, tmp_path: Path) -> None:
    step = toy(steps, tmp_path, "tool", "", outputs=())
    step.stamp.parent.mkdir(parents=True)
    step.stamp.write_bytes(b"\xff")

    assert not step.is_done()


def test_an_optional_step_that_fails_is_said_and_tried_again_next_time(
    setup: Any, steps: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    step = toy(steps, tmp_path, "extra", "raise SystemExit(1)", optional=True)
    monkeypatch.setattr(setup, "plan", lambda *_: ([step], []))

    assert setup.main([]) == 0
    assert "Going on without: the extra." in capsys.readouterr().err
    assert not step.is_done()


def test_nothing_is_run_when_the_machine_is_refused(
    setup: Any, steps: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    huge = toy(steps, tmp_path, "huge", touch("huge"), disk_mb=10**9)
    monkeypatch.setattr(setup, "plan", lambda *_: ([huge], []))

    assert setup.main([]) == 1
    assert "Nothing was downloaded or changed." in capsys.readouterr().err
    assert list(tmp_path.iterdir()) == []


def test_a_second_setup_waits_for_the_first(setup: Any, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    order: list[str] = []

    def second() -> None:
        with setup.one_at_a_time(tmp_path):
            order.append("second")

    with setup.one_at_a_time(tmp_path):
        thread = threading.Thread(target=second)
        thread.start()
        thread.join(0.3)
        order.append("first")
    thread.join(10)

    assert order == ["first", "second"]
    assert "another setup is running" in capsys.readouterr().err


def test_a_mirror_gets_the_list_without_addresses_and_the_public_index_the_lock(steps: Any) -> None:
    def commands(env: dict[str, str]) -> list[list[str]]:
        packages = next(step for step in steps.plan(ROOT, env, "check")[0] if step.name == "packages")
        made: list[list[str]] = packages.commands()
        return made

    assert [command[1] for command in commands({"PIP_CONFIG_FILE": "/dev/null"})] == ["sync"]
    mirrored = commands({"PIP_INDEX_URL": "https://mirror.example/simple"})
    assert [command[1:3] for command in mirrored][1:] == [["export", "--frozen"], ["pip", "sync"], ["pip", "install"]]
    assert all("https://mirror.example/simple" in command for command in mirrored[2:])
    assert "--require-hashes" in mirrored[2]


def test_gpu_machines_choose_their_extra_and_anything_else_is_refused(steps: Any) -> None:
    chosen = steps.plan(ROOT, {"LFR_EXTRA": "gpu", "PIP_CONFIG_FILE": "/dev/null"}, "check")[0][1].commands()[0]

    assert chosen[chosen.index("--extra") + 1] == "gpu"
    with pytest.raises(SystemExit, match="neither cpu nor gpu"):
        steps.plan(ROOT, {"LFR_EXTRA": "tpu"}, "check")


def test_without_java_or_maven_the_demonstration_broker_is_announced(steps: Any, tmp_path: Path) -> None:
    planned, skipped = steps.plan(ROOT, {"PATH": str(tmp_path)}, "demo")

    assert [step.name for step in planned] == ["uv", "packages", "models", "identity"]
    assert "demonstration broker" in skipped[0]
    assert "no retention" in skipped[0]
