"""Who shows no certificate of this installation, or an old one, is told nothing."""

from __future__ import annotations

import socket
import ssl
import threading
from contextlib import closing, suppress
from pathlib import Path

import pytest
from structlog.testing import capture_logs

from lfr_core.common.clock import SystemClock
from lfr_core.common.errors import Fatal, Refused
from lfr_core.custody.vault.certificates import load_authority
from lfr_core.custody.vault.client import VaultClient
from lfr_core.custody.vault.core import VaultCore
from lfr_core.custody.vault.process_files import AUTHORITY_FILE, ProcessFiles, client_context
from lfr_core.domain.actors import ProcessIdentity
from tests.support.vault_core import rule_of, vault_core
from tests.support.vault_server import process_files, served

DAY_S = 86_400.0


def _talk(path: Path, context: ssl.SSLContext) -> bytes:
    with socket.socket(socket.AF_UNIX) as connection:
        connection.settimeout(5.0)
        connection.connect(str(path))
        with context.wrap_socket(connection, server_hostname="vault") as secured:
            return secured.recv(100)


def _anonymous(folder: Path) -> ssl.SSLContext:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.load_verify_locations(folder / AUTHORITY_FILE)
    return context


def test_who_shows_nothing_is_told_nothing(path: Path, tmp_path: Path) -> None:
    with capture_logs() as logs, pytest.raises(OSError):  # noqa: PT011  whichever of TLS's it is
        _talk(path, _anonymous(tmp_path / "processes"))

    assert {each["event"] for each in logs} <= {"vault.not-identified"}
    assert b"text" in _talk(path, client_context(tmp_path / "processes", ProcessIdentity.SUPERVISOR))


def test_an_older_tls_is_not_spoken(path: Path, tmp_path: Path) -> None:
    context = client_context(tmp_path / "processes", ProcessIdentity.CAMERA)
    context.minimum_version = context.maximum_version = ssl.TLSVersion.TLSv1_2
    with pytest.raises(OSError):  # noqa: PT011  whichever of TLS's it is
        _talk(path, context)


def test_another_installation_s_process_is_refused_and_refuses(path: Path, tmp_path: Path) -> None:
    other = vault_core(tmp_path / "other")[0]
    process_files(other, tmp_path / "others")
    with closing(VaultClient(path, ProcessIdentity.CAMERA, tmp_path / "others")) as client, pytest.raises(Fatal):
        client.ping()  # its vault isn't this one

    (tmp_path / "others" / AUTHORITY_FILE).write_bytes((tmp_path / "processes" / AUTHORITY_FILE).read_bytes())
    with closing(VaultClient(path, ProcessIdentity.CAMERA, tmp_path / "others")) as client:
        assert rule_of(client.ping) == "vault.not-identified"


def test_no_process_can_play_the_vault(core: VaultCore, tmp_path: Path) -> None:
    folder = tmp_path / "processes"
    process_files(core, folder)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(folder / "camera.pem")
    path = tmp_path / "vault.sock"
    with closing(socket.socket(socket.AF_UNIX)) as listener:
        listener.bind(str(path))
        listener.listen()

        def play() -> None:
            with suppress(OSError):
                context.wrap_socket(listener.accept()[0], server_side=True).close()

        thread = threading.Thread(target=play)
        thread.start()
        with closing(VaultClient(path, ProcessIdentity.PAGES, folder)) as client, pytest.raises(Fatal, match="isn't"):
            client.ping()
        thread.join(5)


def test_a_certificate_for_another_machine_does_not_open_the_socket(
    core: VaultCore, path: Path, tmp_path: Path
) -> None:
    stolen = tmp_path / "stolen"
    stolen.mkdir(mode=0o700)
    for name in (AUTHORITY_FILE, "camera.pem"):
        (stolen / name).write_bytes((tmp_path / "processes" / name).read_bytes())
    issued = load_authority(core.keystore, SystemClock()).issue(ProcessIdentity.CAMERA, "van-2", 1)
    (stolen / "camera.pem").write_bytes(issued.pem)
    with (
        closing(VaultClient(path, ProcessIdentity.CAMERA, stolen)) as client,
        pytest.raises(Refused, match="of another machine"),
    ):
        client.ping()


class Shifted(SystemClock):
    """The machine's clock, so many seconds off."""

    def __init__(self, seconds: float) -> None:
        self.seconds = seconds

    def time_ns(self) -> int:
        return super().time_ns() + round(self.seconds * 1e9)

    def monotonic(self) -> float:
        return super().monotonic() + self.seconds


def test_keys_are_this_user_s_alone_and_old_certificates_are_renewed_at_the_start(
    core: VaultCore, tmp_path: Path
) -> None:
    folder = tmp_path / "processes"
    process_files(core, folder, Shifted(-0.6 * DAY_S))
    before = {each.name: each.read_bytes() for each in folder.iterdir()}
    process_files(core, folder, Shifted(-0.5 * DAY_S))
    same = {each.name: each.read_bytes() for each in folder.iterdir()}
    process_files(core, folder)
    after = {each.name: each.read_bytes() for each in folder.iterdir()}

    assert {each.stat().st_mode & 0o777 for each in folder.iterdir()} == {0o600}
    assert set(before) == {AUTHORITY_FILE, *(f"{each.value}.pem" for each in ProcessIdentity)}
    assert same == before
    assert [name for name in before if after[name] == before[name]] == [AUTHORITY_FILE]


def test_a_running_vault_renews_them_too_and_what_is_expired_opens_nothing(core: VaultCore, tmp_path: Path) -> None:
    folder, path = tmp_path / "processes", tmp_path / "run" / "vault.sock"
    expired = process_files(core, folder, Shifted(-2 * DAY_S))
    old = (folder / "camera.pem").read_bytes()
    clock = Shifted(0.0)
    renewing = ProcessFiles(folder, load_authority(core.keystore, clock), clock, 1.0)
    clock.seconds = 0.6 * DAY_S
    kept = (folder / "camera.pem").read_bytes()
    renewing.renew()

    assert len({old, kept, (folder / "camera.pem").read_bytes()}) == 3
    assert expired.context.verify_mode is ssl.CERT_REQUIRED
    clock.seconds = 0.0
    process_files(core, folder)
    with served(core, path, folder):
        (folder / "camera.pem").write_bytes(old)
        with closing(VaultClient(path, ProcessIdentity.CAMERA, folder)) as client:
            assert rule_of(client.ping) == "vault.not-identified"
