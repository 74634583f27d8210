"""Another user of this machine, with a home of their own, who runs processes of ours: for tests that root runs."""

from __future__ import annotations

import os
import shutil
import site
import sys
import tempfile
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

__all__ = ["OtherUser", "other_user"]

_ROOT = Path(__file__).parents[2]
_UID = 65534
"""`nobody`: owns nothing, and root's homes are closed to it."""


@dataclass(frozen=True)
class OtherUser:
    """Somebody else, and a Python that they can run."""

    folder: Path
    """Theirs, below /tmp: pytest's own are root's alone."""
    python: Path

    def options(self, environment: Mapping[str, str]) -> dict[str, Any]:
        """Arguments of `subprocess.Popen` for a process of theirs, which is given nothing of root's environment."""
        paths = os.pathsep.join([str(_ROOT), *site.getsitepackages()])
        plain = {"PATH": os.environ["PATH"], "HOME": str(self.folder), "PYTHONPATH": paths, "LC_ALL": "C.UTF-8"}
        plain["LD_LIBRARY_PATH"] = str(self.python.parent.parent / "lib")  # a copied program's own library
        who = {"user": _UID, "group": _UID, "extra_groups": []}
        return {**who, "env": plain | {"PYTHONDONTWRITEBYTECODE": "1"} | dict(environment), "cwd": self.folder}

    def own(self, path: Path) -> None:
        """Give them a file, or a folder with all that is in it."""
        for each in (path, *path.rglob("*")):
            os.chown(each, _UID, _UID)


@contextmanager
def other_user() -> Iterator[OtherUser]:
    """Somebody else, whose folder goes at the end."""
    folder = Path(tempfile.mkdtemp(prefix="tests-lfr-", dir="/tmp"))
    try:
        python, base = Path(sys.executable), Path(sys.base_prefix).resolve()
        if any(each.stat().st_mode & 0o005 != 0o005 for each in (base, *base.parents)):  # as below /root
            shutil.copytree(base, folder / "python", symlinks=True, copy_function=os.link)
            python = folder / "python" / "bin" / f"python{sys.version_info.major}.{sys.version_info.minor}"
        folder.chmod(0o755)
        (folder / "home").mkdir(mode=0o700)
        os.chown(folder / "home", _UID, _UID)
        yield OtherUser(folder / "home", python)
    finally:
        shutil.rmtree(folder)
