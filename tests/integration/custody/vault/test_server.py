"""The vault behind its socket: what it gives, and whom it refuses."""

from __future__ import annotations

import errno
import os
import signal
import socket
import ssl
import struct
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

import psutil
import pytest
from structlog.testing import capture_logs

from apps.vault.process import build_identities
from lfr_core.common.clock import SystemClock
from lfr_core.common.errors import Fatal, Refused, Retryable
from lfr_core.common.settings import Settings
from lfr_core.custody.vault import server as server_module
from lfr_core.custody.vault.connections import MOST_LOCAL
from lfr_core.custody.vault.port import ErasureRule, KeyKind, Vault
from lfr_core.custody.vault.process_files import client_context
from lfr_core.custody.vault.reachability import VaultReachability
from lfr_core.custody.vault.server import VaultServer
from lfr_core.custody.vault.wire import read_frame
from lfr_core.domain.actors import ProcessIdentity, SystemActor
from lfr_core.domain.signatures import SignatureForm, SignatureKind, find_form
from lfr_core.storage.engine import open_engine
from tests.support.each_process import EachProcess
from tests.support.records import add_deployment
from tests.support.vault_core import vault_core
from tests.support.vault_server import VaultProcess, serving_vault

FAR_NS = 10**15


class Served:
    """A vault on a socket, in a thread."""

    def __init__(self, folder: Path) -> None:
        self.core, self.clock, self.records = vault_core(folder / "vault")
        self.path = folder / "run" / "vault.sock"
        self.folder = folder / "processes"
        self.server = VaultServer(self.core, self.path, *build_identities(self.core, self.folder, 1.0))
        self.thread = threading.Thread(target=self.server.serve)
        self.thread.start()
        self.client = EachProcess(self.path, self.folder)

    def stop(self) -> None:
        self.client.close()
        self.server.stop()
        self.thread.join(10)
        assert not self.thread.is_alive()

    def raw(self) -> socket.socket:
        connection = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        connection.settimeout(5.0)
        connection.connect(str(self.path))
        return connection

    def identified(self) -> ssl.SSLSocket:
        """A connection of a camera's process, without a client."""
        context = client_context(self.folder, ProcessIdentity.CAMERA)
        connection = context.wrap_socket(self.raw(), server_hostname="vault")
        read_frame(connection)  # that it was taken
        return connection


@pytest.fixture
def served(tmp_path: Path) -> Iterator[Served]:
    vault = Served(tmp_path)
    try:
        yield vault
    finally:
        vault.stop()


@pytest.fixture(params=["core", "client"])
def vault(request: pytest.FixtureRequest, served: Served) -> Vault:
    """The contract below holds for both implementations of the port."""
    return served.core if request.param == "core" else served.client


def test_a_frame_s_key_is_lent_and_lent_again(vault: Vault) -> None:
    sealing = vault.seal_key("d", "cam")

    assert vault.open_key(sealing.id) == sealing
    assert (len(sealing.key), vault.check_gate("d")) == (32, sealing.lease_s)


def test_the_time_is_reported_while_it_can_be_trusted(vault: Vault, served: Served) -> None:
    reported = vault.trusted_now_ns()
    now_ns = served.clock.time_ns()
    served.clock.step(86_400)

    assert reported == now_ns
    with pytest.raises(Refused) as refused:
        vault.trusted_now_ns()
    assert refused.value.rule == "vault.clock"


def test_refusals_keep_their_rule(vault: Vault) -> None:
    for asks, rule in (
        (lambda: vault.seal_key("nowhere", "cam"), "gate.unknown"),
        (lambda: vault.check_gate("nowhere"), "gate.unknown"),
        (lambda: vault.open_key("nothing"), "vault.key-gone"),
        (lambda: vault.open_kept("nothing", actor="A", purpose="p"), "vault.key-gone"),
        (lambda: vault.hold(["nothing"], held=True), "vault.key-gone"),
    ):
        with pytest.raises(Refused) as refused:
            asks()

        assert refused.value.rule == rule


def test_kept_keys_are_made_opened_listed_held_and_destroyed(vault: Vault, served: Served) -> None:
    made = vault.make_key(KeyKind.FOOTAGE, "d", "segment-1", served.clock.time_ns() + FAR_NS, actor=SystemActor.CAMERA)

    opened = vault.open_kept(made.info.id, actor="A. Okafor", purpose="evidence")
    with pytest.raises(Refused, match="no hold on record"):
        vault.hold([made.info.id], held=True)
    served.records.held = frozenset({made.info.id})
    vault.hold([made.info.id], held=True)
    (held,) = vault.kept(KeyKind.FOOTAGE, "d")
    served.records.held = frozenset()
    vault.hold([made.info.id], held=False)
    (gone,) = vault.destroy([made.info.id, "nothing"], rule=ErasureRule.FOOTAGE_DUE)

    assert opened == made
    assert (held.held, vault.kept(KeyKind.ALERT), vault.kept()) == (True, (), ())
    assert (gone.info, gone.destroyed_ns) == (made.info, served.clock.time_ns())


def test_signatures_verify_and_names_have_pseudonyms(vault: Vault, served: Served) -> None:
    message = b"a site"
    served.core.signing.allow({SignatureKind.SITE: lambda _: None})
    signed = vault.sign(SignatureKind.SITE, message)

    signature, key = signed.signature.hex(), signed.public_key.hex()
    assert find_form(SignatureKind.SITE, message, signature=signature, public_key=key) is SignatureForm.TYPED
    assert find_form(SignatureKind.CERTIFICATE, message, signature=signature, public_key=key) is None
    assert vault.public_key == signed.public_key == served.core.public_key
    assert vault.pseudonym("A") == served.core.pseudonym("A")


def test_what_is_not_of_its_kind_is_not_signed(vault: Vault) -> None:
    for kind in SignatureKind:
        with pytest.raises(Refused) as refused:
            vault.sign(kind, b"a head")
        assert refused.value.rule == "vault.not-signed"


def test_with_the_records_away_every_call_may_be_tried_again(vault: Vault, served: Served) -> None:
    served.records.away = True

    with pytest.raises(Retryable):
        vault.seal_key("d", "cam")


def test_the_socket_is_this_user_s_alone(served: Served) -> None:
    assert (served.path.stat().st_mode & 0o777, served.path.parent.stat().st_mode & 0o777) == (0o600, 0o700)


def test_another_user_s_process_is_refused_and_logged(served: Served, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(server_module, "peer_uid", lambda _: os.getuid() + 1)

    with capture_logs() as logs, served.raw() as connection:
        answer = connection.recv(1)

    assert answer == b""
    assert [(each["event"], each["uid"]) for each in logs] == [("vault.peer-refused", os.getuid() + 1)]


@pytest.mark.skipif(os.geteuid() != 0, reason="needs root, to be another user")
def test_the_kernel_keeps_another_user_away(served: Served) -> None:
    code = "import socket,sys,os; os.setuid(65534); s=socket.socket(socket.AF_UNIX); s.connect(sys.argv[1])"

    done = subprocess.run([sys.executable, "-c", code, str(served.path)], capture_output=True, text=True, check=False)

    assert "PermissionError" in done.stderr


def frame(body: bytes) -> bytes:
    return struct.pack(">I", len(body)) + body


@pytest.mark.parametrize(
    "body",
    [
        b'{"verb":"give-me-all-keys","version":1}',
        b'{"verb":"seal-key","version":2,"deployment":"d","camera":"c"}',
        b'{"verb":"seal-key","version":1,"deployment":"d"}',
        b'{"verb":"seal-key","version":1,"deployment":"d","camera":"c","and":"more"}',
        b"not json \xff",
        b"",
        b"[]",
    ],
)
def test_an_unknown_request_is_refused_and_logged_without_its_content(served: Served, body: bytes) -> None:
    with capture_logs() as logs, served.identified() as connection:
        connection.sendall(frame(body))
        answer = connection.recv(4_096)

    assert b"vault.unknown-request" in answer
    assert [each["event"] for each in logs] == ["vault.request-refused"]
    assert not any(word in str(logs) for word in ("keys", "deployment", "json"))


@pytest.mark.parametrize("sent", [b"\x00", b"\x00\x00\x00\x10half", struct.pack(">I", 2**31)])
def test_half_a_message_ends_that_connection_and_no_other(served: Served, sent: bytes) -> None:
    with capture_logs() as logs, served.identified() as connection:
        connection.sendall(sent)
        assert served.client.check_gate("d") > 0
        ended = connection.recv(1)

        assert ended == b""
        deadline = time.monotonic() + 5
        while not logs and time.monotonic() < deadline:
            time.sleep(0.01)
    assert [each["event"] for each in logs] == ["vault.connection-ended"]
    assert served.client.check_gate("d") > 0


def test_a_flood_is_ended_and_others_are_served_meanwhile(served: Served) -> None:
    ping = frame(b'{"verb":"ping","version":1}')
    with capture_logs() as logs, served.identified() as connection:
        answered = 0
        with suppress(ConnectionError):
            while answered < 20_000:
                connection.sendall(ping)
                if not connection.recv(4_096):
                    break
                answered += 1
        assert served.client.check_gate("d") > 0

    assert answered < 20_000
    assert "vault.flood" in {each["event"] for each in logs}


def test_more_connections_than_it_takes_are_turned_away_and_the_first_go_on(served: Served) -> None:
    assert served.client.check_gate("d") > 0
    many: list[socket.socket] = []
    try:
        while len(many) < MOST_LOCAL + 5:
            connection = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
            many.append(connection)
            connection.settimeout(5.0)
            while connection.connect_ex(str(served.path)) == errno.EAGAIN:  # the listener's queue is full for a moment
                time.sleep(0.01)
        deadline = time.monotonic() + 5
        while sum(map(_is_closed, many)) < 5:
            assert time.monotonic() < deadline
            time.sleep(0.05)
        assert served.client.check_gate("d") > 0
    finally:
        for each in many:
            each.close()


def _is_closed(connection: socket.socket) -> bool:
    connection.settimeout(0.0)
    try:
        return connection.recv(1, socket.MSG_PEEK) == b""
    except BlockingIOError:
        return False


def test_a_second_vault_at_the_same_socket_is_refused(served: Served, tmp_path: Path) -> None:
    with pytest.raises(Fatal, match="lfr down"):
        VaultServer(served.core, served.path, *build_identities(served.core, served.folder, 1.0))


def test_a_stopped_vault_opens_nothing_and_a_new_one_at_its_place_is_found_without_a_restart_of_its_clients(
    tmp_path: Path,
) -> None:
    first = Served(tmp_path)
    key = first.client.seal_key("d", "cam")
    client = EachProcess(first.path, first.folder)
    client.ping()
    first.stop()
    with pytest.raises(Retryable, match="lfr up"):
        client.open_key(key.id)

    second = Served(tmp_path)
    try:
        with pytest.raises(Refused) as refused:  # sealed frames of before are lost, by design
            client.open_key(key.id)
        assert refused.value.rule == "vault.key-gone"
        assert client.seal_key("d", "cam").id != key.id
    finally:
        client.close()
        second.stop()


def test_the_timer_destroys_while_nobody_asks(served: Served) -> None:
    key_id = served.client.seal_key("d", "cam").id
    served.clock.advance(15.1)
    deadline = time.monotonic() + 5
    while key_id not in served.records.destroyed_:
        assert time.monotonic() < deadline
        time.sleep(0.05)


# -- the process -----------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def process(tmp_path_factory: pytest.TempPathFactory) -> Iterator[VaultProcess]:
    """One for what leaves it as it was: a start takes 2 s of an idle core."""
    vault = VaultProcess(tmp_path_factory.mktemp("home"))
    try:
        vault.wait_ready().close()
        yield vault
    finally:
        vault.end()


def _add_deployment(vault: VaultProcess) -> None:
    engine = open_engine(vault.settings.records_url)
    add_deployment(engine, "d")
    engine.dispose()


@pytest.mark.parametrize("how", [pytest.param(signal.SIGTERM, marks=pytest.mark.slow), signal.SIGKILL])
def test_kept_keys_survive_the_process_and_its_socket_is_taken_over(tmp_path: Path, how: signal.Signals) -> None:
    first = VaultProcess(tmp_path)
    client = first.wait_ready()
    _add_deployment(first)
    made = client.make_key(KeyKind.WATCHLIST, "d", "d", time.time_ns() + FAR_NS, actor=SystemActor.ENROLMENT)
    code = first.end(how)

    second = VaultProcess(tmp_path)
    try:
        second.wait_ready().close()
        assert client.open_kept(made.info.id, actor=SystemActor.ENROLMENT, purpose="test") == made
        assert code == (0 if how is signal.SIGTERM else -signal.SIGKILL)
    finally:
        client.close()
        second.end()


@pytest.mark.skipif(os.geteuid() != 0 or sys.platform != "linux", reason="only root may lock all memory, on Linux")
def test_keys_are_locked_out_of_swap_and_what_nobody_touches_takes_no_memory(process: VaultProcess) -> None:
    lines = Path(f"/proc/{process.process.pid}/status").read_text(encoding="ascii").splitlines()
    kilobytes = {
        name: int(rest.split()[0]) for name, _, rest in (line.partition(":") for line in lines) if "kB" in rest
    }

    assert 0 < kilobytes["VmRSS"] < kilobytes["VmLck"] / 2


def test_a_keystore_of_another_installation_is_refused(tmp_path: Path) -> None:
    for name in ("one", "two"):
        with serving_vault(Settings(home=tmp_path / name)):
            pass

    wrong = VaultProcess(tmp_path / "one", LFR_VAULT_FOLDER=str(tmp_path / "two" / "vault"))
    output, _ = wrong.process.communicate(timeout=30)

    assert wrong.process.returncode == Fatal.exit_code
    assert "belongs to installation" in output


def test_no_key_is_ever_in_the_log_of_the_process(tmp_path: Path) -> None:
    running = VaultProcess(tmp_path, LFR_LOG_LEVEL="DEBUG")
    client = running.wait_ready()
    _add_deployment(running)
    made = client.make_key(KeyKind.WATCHLIST, "d", "d", time.time_ns() + FAR_NS, actor=SystemActor.ENROLMENT)
    client.open_kept(made.info.id, actor=SystemActor.ENROLMENT, purpose="test")
    client.close()
    running.process.send_signal(signal.SIGTERM)
    output, _ = running.process.communicate(timeout=20)

    assert "vault.serving" in output
    assert not any(form in output for form in (made.key.hex(), "Okafor", made.info.id))


def test_a_vault_that_hangs_is_seen_as_away_since_then_and_answers_again(process: VaultProcess) -> None:
    """A stopped process takes connections and never answers: the worst of ways to be away."""
    asking = EachProcess.of(process.settings, timeout_s=0.3)
    reach = VaultReachability(asking, SystemClock())
    try:
        assert reach.check().answers
        os.kill(process.process.pid, signal.SIGSTOP)
        while psutil.Process(process.process.pid).status() != psutil.STATUS_STOPPED:
            time.sleep(0.01)
        hung = reach.check()
        asked = time.monotonic()
        again = [reach.check() for _ in range(8)]  # as a page with eight alerts would

        assert (hung.answers, hung.fault) == (False, "it does not answer")
        assert {state.since_ns for state in again} == {hung.since_ns}
        assert time.monotonic() - asked < 8 * 0.3  # a hanging vault is waited for once, not for each

        os.kill(process.process.pid, signal.SIGCONT)
        deadline = time.monotonic() + 20
        while not reach.check().answers and time.monotonic() < deadline:
            time.sleep(0.1)
        assert reach.check().answers
    finally:
        with suppress(ProcessLookupError):
            os.kill(process.process.pid, signal.SIGCONT)
        asking.close()
