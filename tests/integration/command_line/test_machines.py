"""Commands on machines as they are: no route, no IPv6, an odd folder, a strict umask, a closed home, ASCII alone.

What `lfr up` starts is tried so in `tests/integration/supervisor/test_odd_folder.py` and `test_outside.py`.
"""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from lfr_core.common.settings import Settings
from tests.support.outside import persons_environment
from tests.support.publication import modern_row, modern_table

LFR = str(Path(sys.executable).with_name("lfr"))
UNSHARE, IP = shutil.which("unshare"), shutil.which("ip")


def in_no_network(*command: str) -> list[str]:
    """The command in a network namespace of its own: loopback, and no route to anywhere."""
    words = 'ip link set lo up && sysctl -qw net.ipv6.conf.all.disable_ipv6=1; exec "$@"'
    return [str(UNSHARE), "-rn", "sh", "-c", words, "sh", *command]


def has_namespaces() -> bool:
    if UNSHARE is None or IP is None:
        return False
    return subprocess.run([UNSHARE, "-rn", "true"], check=False, capture_output=True).returncode == 0


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
