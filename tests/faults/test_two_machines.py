"""Two machines, played by two homes: vault, broker and recorder on one, camera and recogniser on the other.

Between them are TLS 1.3 to the vault, with certificates that compliance gave the second machine, and the broker's
logins. A third home, which was never admitted, and the second once it is dismissed, get nothing in.
"""

from __future__ import annotations

import json
import os
import shutil
import signal
import socket
import subprocess
import sys
from collections.abc import Iterator
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
from tests.support.brokers import RunningBroker
from tests.support.milvus import MilvusServer
from tests.support.people import add_people
from tests.support.recordings import Walk, write_walks
from tests.support.records import alerts_of
from tests.support.stream import Stream
from tests.support.worker_processes import Worker, environment_of, wait_until

pytestmark = [
    pytest.mark.slow,
    pytest.mark.kafka,
    pytest.mark.models,
    pytest.mark.timeout(600),
    pytest.mark.filterwarnings("ignore:unclosed <socket.socket:ResourceWarning"),  # kafka-python's, see conftest.py
]
COMPLIANCE = "Cam Compliance"


@dataclass
class Machines:
    """The vault's machine, and others that know its address."""

    here: Stream
    folder: Path

    def other(self, name: str) -> Settings:
        """The home of another machine: it has the broker's logins of cameras and recognisers, and nothing else."""
        ours, home = self.here.settings, self.folder / name
        logins = home / "logins"
        logins.mkdir(parents=True, mode=0o700)
        assert ours.kafka_logins is not None
        for user in (User.CAMERA, User.RECOGNISE):
            shutil.copy(ours.kafka_logins / user.value, logins / user.value)
        return ours.model_copy(
            update={"home": home, "kafka_logins": logins, "vault_listen": "", "vault_address": ours.vault_listen}
        )

    def admit(self, settings: Settings) -> None:
        """Compliance admits that machine, and what it is given is brought there."""
        wanted = (ProcessIdentity.CAMERA, ProcessIdentity.RECOGNISE)
        commands = self.here.vault.process(ProcessIdentity.COMMANDS)
        file = self.folder / "brought"
        file.write_bytes(commands.admit_machine(settings.home.name, wanted, ["north", "south"], COMPLIANCE))
        unpack_admission(file, settings.process_folder)
        file.unlink()

    def send(self, settings: Settings, source: Path, camera: str) -> subprocess.CompletedProcess[str]:
        """`lfr camera run` on a machine, to its end."""
        arguments = [
            "--source",
            str(source),
            "--deployment",
            "dep",
            "--name",
            camera,
            "--as-fast-as-possible",
            "--json",
        ]
        return subprocess.run(
            [sys.executable, "-m", "apps.cli", "camera", "run", "--as-fast-as-possible", *arguments],
            env=os.environ | environment_of(settings),
            capture_output=True,
            text=True,
            timeout=240,
            check=False,
        )

    def counts(self) -> dict[str, int]:
        """Frames recorded as recognised, of each camera."""
        found = read.cameras(self.here.database, "dep", now_ns=SystemClock().time_ns())
        return {each.camera: each.counts.recognised for each in found}


def _free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        return int(taken.getsockname()[1])


@pytest.fixture
def machines(tmp_path: Path, kafka_broker: RunningBroker) -> Iterator[Machines]:
    milvus = MilvusServer(tmp_path / "milvus").start()
    try:
        here = Stream.prepare(tmp_path / "headquarters", kafka_broker, milvus)
        here.settings = here.settings.model_copy(update={"vault_listen": f"127.0.0.1:{_free_port()}"})
        here.start_vault()
        try:
            add_people(here.database, (COMPLIANCE, Role.COMPLIANCE), trail=here.trail)
            here.workers.append(here.worker("record", 0).start())
            yield Machines(here, tmp_path)
        finally:
            here.stop()
    finally:
        milvus.stop()


def test_a_deployment_runs_over_two_machines_and_takes_in_no_other(machines: Machines, tmp_path: Path) -> None:
    write_walks(tmp_path / "walk.avi", [Walk("obama2", 4)])
    van, stranger = machines.other("van-2"), machines.other("stranger")
    machines.admit(van)
    view = machines.here.deploy("dep")
    worker = Worker("recognise", 7, van, van.home / "recognise.log").start()
    try:
        machines.here.workers[0].wait_ready()
        worker.wait_ready()

        sent = machines.send(van, tmp_path / "walk.avi", "north")
        assert sent.returncode == 0, sent.stderr[-2000:]
        wait_until(machines.here.drained, within_s=60, what="what the van sent is recorded")
        (alert,) = alerts_of(machines.here.database, view.id)
        assert (alert.subject, alert.camera) == ("obama", "north")
        before = machines.counts()
        assert before["north"] > 0

        # a machine that was never admitted, also with what others were given in public: the authority's certificate
        refused = machines.send(stranger, tmp_path / "walk.avi", "east")
        stranger.process_folder.mkdir(mode=0o700)
        shutil.copy(van.process_folder / "ca.pem", stranger.process_folder / "ca.pem")
        _forge(stranger.process_folder / "camera.pem")
        forged = machines.send(stranger, tmp_path / "walk.avi", "east")
        # the admitted machine as a camera that it wasn't admitted for
        other = machines.send(van, tmp_path / "walk.avi", "west")
        # the admitted machine, dismissed: its running recogniser and its cameras
        machines.here.vault.process(ProcessIdentity.COMMANDS).dismiss_machine("van-2", COMPLIANCE)
        dismissed = machines.send(van, tmp_path / "walk.avi", "south")

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
