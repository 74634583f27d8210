from __future__ import annotations

from pathlib import Path

import pytest

from lfr_core.common.network_disk import find_network_file_system, say_on_network

MOUNTS = """\
22 1 8:1 / / rw,relatime shared:1 - ext4 /dev/sda1 rw
30 22 0:40 / /srv rw,relatime shared:9 - nfs4 nas:/export rw,vers=4.2
31 30 8:2 / /srv/local rw,relatime - ext4 /dev/sdb1 rw
32 22 0:41 / /mnt/my\\040share rw - cifs //nas/share rw
33 22 0:42 / /run/user/1000/gvfs rw - fuse.sshfs who@where:/ rw
34 22 0:43 / /mnt/kept rw - fuse.mergerfs a:b rw
35 22 0:44 / /mnt/twice rw - nfs nas:/a rw
36 22 8:3 / /mnt/twice rw - ext4 /dev/sdc1 rw
a line of nothing
"""


@pytest.mark.parametrize(
    ("folder", "kind"),
    [
        ("/srv/openlfr", "nfs4"),
        ("/srv", "nfs4"),
        ("/srv/local/home", ""),
        ("/srvx/home", ""),
        ("/mnt/my share/lfr", "cifs"),
        ("/run/user/1000/gvfs/x", "fuse.sshfs"),
        ("/mnt/kept", ""),
        ("/mnt/twice/home", ""),
        ("/home/force", ""),
    ],
)
def test_the_deepest_and_newest_mount_says_where_a_folder_lies(folder: str, kind: str, tmp_path: Path) -> None:
    mounts = tmp_path / "mountinfo"
    mounts.write_text(MOUNTS)

    assert find_network_file_system(Path(folder), mounts) == kind
    assert (kind in say_on_network(Path(folder), mounts)) is bool(kind) or not kind


def test_a_link_is_followed_and_a_machine_that_tells_no_mounts_is_believed(tmp_path: Path) -> None:
    mounts = tmp_path / "mountinfo"
    mounts.write_text(MOUNTS)
    (tmp_path / "home").symlink_to("/srv/openlfr")

    assert find_network_file_system(tmp_path / "home", mounts) == "nfs4"
    assert find_network_file_system(tmp_path / "home", tmp_path / "none") == ""
    assert say_on_network(tmp_path) == ""  # of this very machine
