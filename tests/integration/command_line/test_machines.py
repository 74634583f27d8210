"""Commands on machines as they are: no route, no IPv6, an odd folder, a strict umask, a closed home, ASCII alone.

No home at all, other locales and time zones, little memory, a full disk.

What `lfr up` starts is tried so in `tests/integration/supervisor/test_odd_folder.py` and `test_outside.py`.
"""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from lfr_core.common.settings import Settings
from tests.support.disks import fill, small_disk
from tests.support.other_user import other_user
from tests.support.outside import persons_environment
from tests.support.publication import modern_row, modern_table
from tests.support.tiers import leave_to_long

LFR = str(Path(sys.executable).with_name("lfr"))
ROOT = Path(__file__).resolve().parents[3]
UNSHARE, IP = shutil.which("unshare"), shutil.which("ip")


def in_no_network(*command: str) -> list[str]:
    """The command in a network namespace of its own: loopback, and no route to anywhere."""
    words = 'ip link set lo up && sysctl -qw net.ipv6.conf.all.disable_ipv6=1; exec "$@"'
    return [str(UNSHARE), "-rn", "sh", "-c", words, "sh", *command]


def has_namespaces(kinds: str = "-rn") -> bool:
    if UNSHARE is None or IP is None:
        return False
    return subprocess.run([UNSHARE, kinds, "true"], check=False, capture_output=True).returncode == 0


@pytest.mark.models
@pytest.mark.slow
@pytest.mark.skipif(not has_namespaces(), reason="no network namespaces for this user")
def test_commands_work_on_a_machine_without_a_route_with_an_odd_folder_a_closed_home_and_ascii(tmp_path: Path) -> None:
    folder, person = tmp_path / "sp ace" / "ünï", tmp_path / "person"
    folder.mkdir(parents=True)
    person.mkdir(mode=0o500)
    for name in ("a", "b"):
        (folder / f"{name}.csv").write_text(modern_table([modern_row(1), modern_row(2)]), encoding="utf-8")
    home = folder / "home"
    env = persons_environment(person, "http://192.0.2.1:3128") | {
        "LFR_HOME": str(home),
        "LFR_CACHE": str(Settings().cache),
        "TZ": "Pacific/Kiritimati",
        "LC_ALL": "C",
        "PYTHONUTF8": "0",
        "PYTHONCOERCECLOCALE": "0",
    }
    commands = {
        "doctor": (LFR, "doctor", "--json"),
        "models": (LFR, "models", "verify", "--json"),
        "tables": (LFR, "records", "compare", str(folder / "a.csv"), str(folder / "b.csv"), "--json"),
        "list": (LFR, "watchlist", "template", str(folder / "list")),
        "worker": (sys.executable, "-m", "streams.worker", "--help"),
    }

    done = {
        name: subprocess.run(
            in_no_network(*command), env=env, cwd=folder, capture_output=True, text=True, umask=0o077, check=False
        )
        for name, command in commands.items()
    }

    assert {name: each.stderr for name, each in done.items() if "Traceback" in each.stderr} == {}
    assert {name for name, each in done.items() if each.returncode} <= {"doctor"}  # nothing runs, as it says
    assert {check["name"] for check in json.loads(done["doctor"].stdout)} >= {"settings"}
    assert len(json.loads(done["tables"].stdout)) == 2
    assert list(person.iterdir()) == []
    assert {path.name for path in folder.iterdir()} <= {"a.csv", "b.csv", "home", "list"}
    assert [path for path in home.rglob("*") if path.stat().st_mode & 0o077] == []
    assert os.listdir(folder / "list") == ["watchlist.csv"]  # noqa: PTH208  names alone


@pytest.mark.skipif(not has_namespaces("-rT"), reason="no time namespaces for this user")
def test_the_seconds_that_a_key_lives_pass_while_the_machine_sleeps() -> None:
    """In a namespace whose time since boot is an hour ahead of that in which programs ran, as after such a sleep."""
    ask = "import time; from lfr_core.common.clock import SystemClock as C; print(C().monotonic() - time.monotonic())"
    slept = [str(UNSHARE), "-rT", "--boottime", "3600", "--fork", sys.executable, "-c", ask]

    done = subprocess.run(slept, capture_output=True, text=True, check=True, cwd=ROOT)

    assert float(done.stdout) == pytest.approx(3_600, abs=1)


def little_memory(*command: str) -> list[str]:
    return ["prlimit", "--as=2000000000", *command]


def no_files_open(*command: str) -> list[str]:
    """With neither standard input nor a standard error to write to."""
    return ["sh", "-c", 'exec "$@" <&- 2>/dev/null', "sh", *command]


def in_a_container(*command: str) -> list[str]:
    """As in a container: processes of its own, no control groups, hardly any shared memory, no systemd."""
    words = (
        "mount -t tmpfs -o size=64k none /dev/shm && mount -t tmpfs -o ro,size=4k none /sys/fs/cgroup && "
        'mount -t tmpfs none /run && mount -o remount,hidepid=2 /proc && exec "$@"'
    )
    return [str(UNSHARE), "-rmpf", "--mount-proc", "sh", "-c", words, "sh", *command]


def as_is(*command: str) -> list[str]:
    return list(command)


MACHINES: dict[str, tuple[Callable[..., list[str]], dict[str, str | None]]] = {
    "no HOME": (as_is, {"HOME": None, "XDG_CACHE_HOME": None, "USER": None, "LOGNAME": None}),
    "a HOME that isn't there": (as_is, {"HOME": "/nowhere/at/all", "XDG_CACHE_HOME": "/nowhere/cache"}),
    "a temporary folder that isn't there": (as_is, {"TMPDIR": "/nowhere/tmp"}),
    "no locale": (as_is, {"LC_ALL": "POSIX", "LANG": None, "PYTHONUTF8": "0", "PYTHONCOERCECLOCALE": "0"}),
    "a locale that isn't installed": (as_is, {"LC_ALL": "cy_GB.ISO-8859-14", "LANG": "xx_XX"}),
    "half an hour east": (as_is, {"TZ": "Asia/Kolkata"}),
    "a day ahead": (as_is, {"TZ": "Pacific/Kiritimati"}),
    "a time zone that isn't there": (as_is, {"TZ": "Mars/Olympus"}),
    "a terminal that can do nothing": (as_is, {"TERM": "dumb", "COLUMNS": "20"}),
    "little memory": (little_memory, {}),
    "no standard input": (no_files_open, {}),
    **({"a container": (in_a_container, {})} if has_namespaces() else {}),
}


@pytest.mark.parametrize("how", leave_to_long(MACHINES, but=["no HOME"]))
def test_a_table_and_the_doctor_come_to_the_same_whatever_the_machine(how: str, tmp_path: Path) -> None:
    wrap, changes = MACHINES[how]
    table = tmp_path / "a.csv"
    table.write_text(modern_table([modern_row(1), modern_row(2)]), encoding="utf-8")
    env = dict(os.environ) | {"LFR_HOME": str(tmp_path / "home"), "LFR_CACHE": str(Settings().cache)}
    env = {name: text for name, text in env.items() if name not in changes}
    env |= {name: text for name, text in changes.items() if text is not None}

    def run(*arguments: str) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            wrap(LFR, *arguments), env=env, cwd=tmp_path, capture_output=True, encoding="utf-8", check=False
        )

    compared, told = run("records", "compare", str(table), str(table), "--json"), run("doctor", "--json")

    assert (compared.returncode, len(json.loads(compared.stdout))) == (0, 2), compared.stderr
    assert {each["name"] for each in json.loads(told.stdout)} >= {"settings", "disk", "memory", "camera decoder"}
    assert "Traceback" not in compared.stderr + told.stderr


@pytest.mark.slow
@pytest.mark.skipif(os.geteuid() != 0, reason="another user's processes are root's to start")
def test_a_second_user_of_the_machine_is_told_in_a_sentence_that_a_home_is_another_s(tmp_path: Path) -> None:
    said = {
        ("up",): (70, "can't be written: Permission denied"),
        ("down",): (70, "closed to this user"),
        ("status",): (70, "closed to this user"),
        ("deployment", "list"): (70, "Permission denied"),
    }
    with other_user() as somebody:
        home = somebody.folder.parent / "ours"
        home.mkdir(mode=0o700)
        for words, (code, sentence) in said.items():
            done = subprocess.run(
                [str(somebody.python), "-m", "apps.cli", *words],
                **somebody.options({"LFR_HOME": str(home), "LFR_CACHE": str(somebody.folder / "cache")}),
                capture_output=True,
                text=True,
                check=False,
            )
            assert done.returncode == code, done.stderr
            assert sentence in done.stderr
            assert done.stderr.count("\n") == 1
        assert list(home.iterdir()) == []


@pytest.mark.slow
def test_a_full_disk_and_a_folder_that_may_not_be_written_are_said_in_a_sentence(tmp_path: Path) -> None:
    with small_disk(tmp_path / "disk", megabytes=1) as disk:
        (disk / "home").mkdir()
        fill(disk)
        for arguments in (("watchlist", "template", str(disk / "list")), ("doctor", "--json")):
            done = subprocess.run(
                [LFR, *arguments],
                env=os.environ | {"LFR_HOME": str(disk / "home"), "LFR_CACHE": str(Settings().cache)},
                capture_output=True,
                text=True,
                check=False,
            )
            assert done.returncode != 0
            assert "Traceback" not in done.stderr
            assert "No space left" in done.stderr + done.stdout
