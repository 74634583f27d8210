"""Two machines, played by two users' homes: vault, broker and recorder on one, camera and recogniser on the other.

Between them is TLS: to the vault with certificates that compliance gave the second machine, to broker and records with
their authority's. A third home, which was never admitted, and the second once it is dismissed, get nothing in.
"""

from __future__ import annotations

import json
import shutil
import signal
import socket
import subprocess
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path

import pytest

from lfr_core.alerts import read
from lfr_core.common.clock import SystemClock
from lfr_core.common.settings import Settings
from lfr_core.custody.people.roles import Role
from lfr_core.custody.vault.admission import unpack_admission
from lfr_core.domain.actors import ProcessIdentity
from streams.broker.users import User
from tests.support.certificates import Authority
from tests.support.databases import new_postgres
from tests.support.milvus import MilvusServer
from tests.support.other_user import OtherUser, other_user
from tests.support.people import add_people
from tests.support.recordings import Walk, write_walks
from tests.support.records import alerts_of
from tests.support.stream import Stream
from tests.support.tls_broker import TlsBroker, prepare_tls
from tests.support.worker_processes import Worker, environment_of, wait_until

pytestmark = [
    pytest.mark.slow,
    pytest.mark.kafka,
    pytest.mark.models,
    pytest.mark.postgresql,
    pytest.mark.root,
    pytest.mark.timeout(600),
    pytest.mark.filterwarnings("ignore:unclosed <socket.socket:ResourceWarning"),  # kafka-python's, see conftest.py
]
COMPLIANCE = "Cam Compliance"


@dataclass
class Machines:
    """The vault's machine, and others, of another user, that know its address."""

    here: Stream
    there: OtherUser
    folder: Path

    def other(self, name: str) -> Settings:
        """The home of another machine: it has the broker's logins of cameras and recognisers, and models."""
        ours, home = self.here.settings, self.there.folder / name
        logins = home / "logins"
        logins.mkdir(parents=True, mode=0o700)
        home.chmod(0o700)
        assert ours.kafka_logins is not None
        assert ours.kafka_ca_file is not None
        for user in (User.CAMERA, User.RECOGNISE):
            shutil.copy(ours.kafka_logins / user.value, logins / user.value)
        ca_file = shutil.copy(ours.kafka_ca_file, home / "broker.pem")
        records_ca = shutil.copy(self.folder / "records.pem", home / "records.pem")
        shutil.copytree(ours.cache / "models", home / "cache" / "models")
        self.there.own(home)
        return ours.model_copy(
            update={
                "home": home,
                "cache": home / "cache",
                "database_url": records_url(ours.records_url.partition("?")[0], records_ca),
                "kafka_logins": logins,
                "kafka_ca_file": ca_file,
                "vault_listen": "",
                "vault_address": ours.vault_listen,
            }
        )

    def admit(self, settings: Settings) -> None:
        """Compliance admits that machine, and what it is given is brought there."""
        wanted = (ProcessIdentity.CAMERA, ProcessIdentity.RECOGNISE)
        commands = self.here.vault.process(ProcessIdentity.COMMANDS)
        file = self.folder / "brought"
        file.write_bytes(commands.admit_machine(settings.home.name, wanted, ["north", "south"], COMPLIANCE))
        unpack_admission(file, settings.process_folder)
        file.unlink()
        self.there.own(settings.home)

    def send(self, settings: Settings, camera: str) -> subprocess.CompletedProcess[str]:
        """`lfr camera run` on a machine, to its end."""
        source = settings.home / "walk.avi"
        if not source.exists():
            write_walks(source, [Walk("obama2", 4)])
            self.there.own(settings.home)
        words = ["--source", str(source), "--deployment", "dep", "--name", camera, "--as-fast-as-possible", "--json"]
        return subprocess.run(
            [str(self.there.python), "-m", "apps.cli", "camera", "run", *words],
            **self.there.options(environment_of(settings)),
            capture_output=True,
            text=True,
            timeout=240,
            check=False,
        )

    def counts(self) -> dict[str, int]:
        """Frames recorded as recognised, of each camera."""
        found = read.cameras(self.here.database, "dep", now_ns=SystemClock().time_ns())
        return {each.camera: each.counts.recognised for each in found}


def records_url(url: str, ca_file: Path | str) -> str:
    return f"{url}?sslmode=verify-full&sslrootcert={ca_file}"


def _free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        return int(taken.getsockname()[1])


@contextmanager
def records(ca_file: Path) -> Iterator[str]:
    """A PostgreSQL of its own, which shows a certificate."""
    authority = Authority()
    authority.write(ca_file)
    for server in new_postgres():
        server.stop("fast")
        server.show_certificate(authority.issue("records", ca_file.with_name("records-server.pem")))
        server.start()
        yield records_url(server.new_database(), ca_file)


@pytest.fixture
def machines(tmp_path: Path, kafka_libs: Path) -> Iterator[Machines]:
    with ExitStack() as ends:
        milvus = MilvusServer(tmp_path / "milvus").start()
        ends.callback(milvus.stop)
        (tmp_path / "broker").mkdir()
        broker = TlsBroker(prepare_tls(tmp_path / "broker", kafka_libs), tmp_path / "broker" / "kafka.log")
        broker.start()
        ends.callback(broker.kill)
        url = ends.enter_context(records(tmp_path / "records.pem"))
        here = Stream.prepare(tmp_path / "headquarters", broker, milvus, database_url=url)
        here.settings = here.settings.model_copy(update={"vault_listen": f"127.0.0.1:{_free_port()}"})
        ends.callback(here.stop)
        here.start_vault()
        add_people(here.database, (COMPLIANCE, Role.COMPLIANCE), trail=here.trail)
        here.workers.append(here.worker("record", 0).start())
        yield Machines(here, ends.enter_context(other_user()), tmp_path)


def test_a_deployment_runs_over_two_machines_of_two_users_and_takes_in_no_other(machines: Machines) -> None:
    van, stranger = machines.other("van-2"), machines.other("stranger")
    machines.admit(van)
    view = machines.here.deploy("dep")
    worker = Worker("recognise", 7, van, machines.folder / "recognise.log", user=machines.there).start()
    try:
        machines.here.workers[0].wait_ready()
        worker.wait_ready()

        sent = machines.send(van, "north")
        assert sent.returncode == 0, sent.stderr[-2000:]
        canary = machines.here.vault.collect_canary("dep")  # the van's first frame, told over the network
        assert canary is not None
        assert canary.camera == "north"
        wait_until(machines.here.drained, within_s=60, what="what the van sent is recorded")
        (alert,) = alerts_of(machines.here.database, view.id)
        assert (alert.subject, alert.camera) == ("obama", "north")
        before = machines.counts()
        assert before["north"] > 0

        # a machine that was never admitted, also with what others were given in public: the authority's certificate
        refused = machines.send(stranger, "east")
        stranger.process_folder.mkdir(mode=0o700)
        shutil.copy(van.process_folder / "ca.pem", stranger.process_folder / "ca.pem")
        _forge(stranger.process_folder / "camera.pem")
        machines.there.own(stranger.home)
        forged = machines.send(stranger, "east")
        # the admitted machine as a camera that it wasn't admitted for
        other = machines.send(van, "west")
        # the admitted machine, dismissed: its running recogniser and its cameras
        machines.here.vault.process(ProcessIdentity.COMMANDS).dismiss_machine("van-2", COMPLIANCE)
        dismissed = machines.send(van, "south")

        for done in (refused, forged, other, dismissed):  # frames that nothing seals are dropped, and counted
            assert json.loads(done.stdout)["sent"] == 0, done.stderr[-2000:]
        assert machines.counts() == before
        assert alerts_of(machines.here.database, view.id) == (alert,)
        log = (machines.here.settings.home / "vault.log").read_text()
        assert "vault.not-identified" in log
        assert "vault.not-admitted" in log
    finally:
        worker.end(signal.SIGTERM)


def _forge(file: Path) -> None:
    """A certificate of a camera of van-2, by an authority of one's own."""
    from lfr_core.custody.vault.certificates import CertificateAuthority

    forging = CertificateAuthority(b"f" * 32, "another", SystemClock())
    file.write_bytes(forging.issue(ProcessIdentity.CAMERA, "van-2", 1).pem)
