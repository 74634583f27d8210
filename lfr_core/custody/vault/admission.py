"""What an admitted machine was given, put where its processes look for it."""

from __future__ import annotations

import json
from pathlib import Path

from lfr_core.common.errors import Fatal, Refused
from lfr_core.common.files import SETTINGS_BYTES, read_bounded
from lfr_core.custody.vault.files import write_private
from lfr_core.custody.vault.process_files import AUTHORITY_FILE
from lfr_core.domain.actors import ProcessIdentity

__all__ = ["unpack_admission"]

_NAMES = frozenset({AUTHORITY_FILE, *(f"{each}.pem" for each in ProcessIdentity if each is not ProcessIdentity.VAULT)})


def unpack_admission(file: Path, folder: Path) -> tuple[str, tuple[str, ...]]:
    """Write the certificates and keys of an admission into a folder; return the machine's name and the files.

    Args:
        file: of `lfr vault admit-machine`.
        folder: `processes` of this machine's home.

    Raises:
        Refused: `vault.machine`: this machine has a vault of its own; `vault.keystore`: the folder can't be written.
        Fatal: it isn't such a file, or the folder can't be made.
    """
    if (folder / f"{ProcessIdentity.VAULT}.pem").exists():
        raise Refused("vault.machine", f"{folder} is of a vault of this machine: set LFR_HOME to another folder")
    try:
        found = json.loads(read_bounded(file, SETTINGS_BYTES))
        kind, name, files = found["kind"], str(found["machine"]), dict(found["files"])
    except OSError as error:
        raise Fatal(f"{file} can't be read: {error.strerror}") from error
    except (ValueError, KeyError, TypeError, RecursionError) as error:
        raise Fatal(f"{file} is no admission of a machine") from error
    is_whole = files.keys() <= _NAMES and all(isinstance(each, str) for each in files.values())
    if kind != "openlfr.machine" or not is_whole:
        raise Fatal(f"{file} is no admission of a machine that this version can read")
    try:
        folder.mkdir(parents=True, exist_ok=True, mode=0o700)
        folder.chmod(0o700)
    except OSError as error:
        raise Fatal(f"the folder {folder} can't be made ({error.strerror})") from error
    for each in sorted(files):
        write_private(folder / each, files[each].encode())
    return name, tuple(sorted(files))
