"""Starts the Milvus Lite server on a folder that a killed one may have left behind.

Milvus Lite 3.2.2 saves an index beside its segment with a plain write. One that is killed meanwhile leaves
half a file, which it reads at every later load and fails on: the gallery could be searched no more, for ever.
An index only repeats what its segment holds and is built when it is missing (for FLAT, a copy of the
templates), so all of them are removed before each start.
"""

from __future__ import annotations

import sys
from pathlib import Path

from lfr_core.common.starting import end_start
from lfr_core.recognition.milvus_library import import_milvus_library

__all__ = ["lite_server_command", "remove_indexes"]


def lite_server_command(folder: Path, port: int) -> tuple[str, ...]:
    """Return the command of a server on loopback `port` that keeps its collections in `folder`."""
    return (sys.executable, "-m", "lfr_core.recognition.lite_server", str(folder), str(port))


def remove_indexes(folder: Path) -> None:
    """Remove the index files of all segments below `folder`, while no server runs on it."""
    for index in folder.glob("**/indexes/*.idx"):
        index.unlink(missing_ok=True)


if __name__ == "__main__":
    _, _folder, _port = sys.argv
    remove_indexes(Path(_folder))
    import_milvus_library()
    from milvus_lite.cmdline import main

    end_start()
    # its own default listens on every interface
    sys.argv = ["milvus-lite", "server", "--host", "127.0.0.1", "--port", _port, "--data-dir", _folder]
    main()
