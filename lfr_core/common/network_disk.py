"""Whether a folder lies on another machine: SQLite's log and the locks of a home folder hold on one machine alone."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Final

__all__ = ["find_network_file_system", "say_on_network"]

_MOUNTS: Final = Path("/proc/self/mountinfo")
_NETWORK: Final = frozenset(
    {"nfs", "nfs4", "cifs", "smb3", "smbfs", "9p", "afs", "ceph", "glusterfs", "lustre", "davfs", "virtiofs"}
)
_FUSE: Final = re.compile(r"fuse\.(?:sshfs|glusterfs|s3fs|rclone|davfs\w*|ceph\S*|smbnetfs|gcsfuse|curlftpfs)")


def find_network_file_system(folder: Path, mounts: Path = _MOUNTS) -> str:
    """Return the kind of the network file system that `folder` lies on, as the kernel names it; "" for a disk here."""
    try:
        lines = mounts.read_text(encoding="utf-8", errors="replace").splitlines()
    except OSError:
        return ""
    asked, deepest, kind = folder.absolute().resolve(), -1, ""
    for line in lines:
        before, _, after = line.partition(" - ")
        fields, kinds = before.split(" "), after.split(" ")
        if len(fields) < 5 or not kinds[0]:  # the mount point is the fifth
            continue
        point = Path(_unescape(fields[4]))
        if (point == asked or point in asked.parents) and len(point.parts) >= deepest:  # of two on one point the later
            deepest, kind = len(point.parts), kinds[0]
    return kind if kind in _NETWORK or _FUSE.fullmatch(kind) else ""


def say_on_network(home: Path, mounts: Path = _MOUNTS) -> str:
    """Return that the home folder lies on another machine, and what to do; "" where it doesn't."""
    kind = find_network_file_system(home, mounts)
    if not kind:
        return ""
    return (
        f"{home} lies on another machine ({kind}): locks and the records' log don't hold there, and records can be "
        "lost. Set LFR_HOME to a disk of this machine; footage may lie elsewhere (LFR_FOOTAGE_FOLDER)"
    )


def _unescape(text: str) -> str:
    """Write the kernel's octal escapes of white space as characters."""
    return re.sub(r"\\([0-7]{3})", lambda found: chr(int(found[1], 8)), text)
