"""No vault of another user is spoken to, and no socket is made where another user could put their own."""

from __future__ import annotations

import os
import socket
from contextlib import closing
from pathlib import Path

import pytest

from apps.vault.process import build_identities
from lfr_core.common.clock import SystemClock
from lfr_core.common.errors import Fatal
from lfr_core.custody.vault.client import VaultClient
from lfr_core.custody.vault.server import VaultServer
from lfr_core.custody.vault.socket_owner import check_own_folder, peer_uid
from lfr_core.domain.actors import ProcessIdentity
from tests.support.each_process import EachProcess
from tests.support.vault_core import vault_core
from tests.support.vault_server import served


def test_a_vault_that_another_user_runs_is_told_nothing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "vault.sock"
    with closing(socket.socket(socket.AF_UNIX)) as listener:
        listener.bind(str(path))
        listener.listen()
        uid = peer_uid_of(path)
        monkeypatch.setattr(os, "getuid", lambda: uid + 1)
        with (
            closing(VaultClient(path, ProcessIdentity.CAMERA, tmp_path)) as client,
            pytest.raises(Fatal, match="another user of this machine answers"),
        ):
            client.ping()
        connection, _ = listener.accept()  # of `peer_uid_of`
        connection.close()
        connection, _ = listener.accept()
        with closing(connection):
            assert connection.recv(100) == b""


def peer_uid_of(path: Path) -> int:
    with closing(socket.socket(socket.AF_UNIX)) as connection:
        connection.connect(str(path))
        uid = peer_uid(connection)
        assert uid is not None
        return uid


@pytest.mark.parametrize("how", ["open", "link", "another's"])
def test_no_socket_is_made_in_a_folder_that_another_user_may_write_to(
    how: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    core, folder = vault_core(tmp_path / "vault")[0], tmp_path / "run"
    identities = build_identities(core, tmp_path / "processes", 1.0, SystemClock())
    folder.mkdir(mode=0o700)
    if how == "open":
        folder.chmod(0o777)
    elif how == "link":
        folder.rename(tmp_path / "elsewhere")
        folder.symlink_to(tmp_path / "elsewhere")
    else:
        uid = folder.stat().st_uid
        monkeypatch.setattr(os, "getuid", lambda: uid + 1)

    with pytest.raises(Fatal, match="the vault's socket isn't made in"):
        VaultServer(core, folder / "vault.sock", *identities)
    assert not (folder / "vault.sock").exists()


def test_our_own_vault_in_our_own_folder_is(tmp_path: Path) -> None:
    path, folder = tmp_path / "run" / "vault.sock", tmp_path / "processes"
    with served(vault_core(tmp_path / "vault")[0], path, folder), EachProcess(path, folder) as client:
        client.ping()
        check_own_folder(path.parent)
