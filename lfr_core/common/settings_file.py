"""The file that settings may be given in: `.env` of the project's own folder, or the one that LFR_ENV_FILE names.

Never one that lies in the folder somebody happens to stand in, and none that somebody else may have written.
"""

from __future__ import annotations

import os
import stat
from io import StringIO
from pathlib import Path

from dotenv import dotenv_values

from lfr_core.common.errors import Fatal
from lfr_core.common.files import SETTINGS_BYTES, open_regular
from lfr_core.common.project import PROJECT

__all__ = ["ENV_FILE", "FIXED_FILE", "read_settings_file", "settings_file"]

FIXED_FILE = PROJECT / ".env"
ENV_FILE = "LFR_ENV_FILE"
"""Another file instead, by its absolute path; empty: none. `lfr --env-file FILE` sets it."""
_OTHERS = stat.S_IWGRP | stat.S_IRWXO


def settings_file() -> Path | None:
    """Return the file in use; None when there is none. Raises Fatal: one is named, and not by its whole path."""
    named = os.environ.get(ENV_FILE)
    if named is None:
        return FIXED_FILE if os.path.lexists(FIXED_FILE) else None
    if not named:
        return None
    if not Path(named).is_absolute():
        raise Fatal(f"{ENV_FILE}={named} isn't a whole path: begin it with /")
    return Path(named)


def read_settings_file(file: Path) -> dict[str, str]:
    """Read the `LFR_...` lines of `file`; others are nothing to us.

    Raises:
        Fatal: it can't be read as UTF-8, isn't a regular file, is somebody else's or open to others, or a path or
            address of a file in it depends on the folder one stands in.
    """
    try:
        with open_regular(file) as opened:
            _refuse_others(file, os.fstat(opened.fileno()))
            content = opened.read(SETTINGS_BYTES + 1)
        if len(content) > SETTINGS_BYTES:
            raise Fatal(f"the settings file {file} is larger than {SETTINGS_BYTES // 1000} kB: it is something else")
        text = content.decode("utf-8")
    except OSError as error:
        raise Fatal(f"the settings file {file} can't be read: {error.strerror}. Mend it or name another") from error
    except UnicodeDecodeError as error:
        raise Fatal(f"the settings file {file} can't be read as UTF-8: mend it or move it away") from error
    given = dotenv_values(stream=StringIO(text), interpolate=False)
    return {name: value for name, value in given.items() if name.startswith("LFR_") and value is not None}


def _refuse_others(file: Path, found: os.stat_result) -> None:
    if found.st_uid not in {0, os.geteuid()}:
        raise Fatal(f"the settings file {file} belongs to another user (number {found.st_uid}): make it your own")
    if found.st_mode & _OTHERS:
        raise Fatal(f"others may read or change the settings file {file}: chmod 600 {file}")
