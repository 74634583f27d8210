"""Machines that compliance admitted reach the vault over the network, for what they were admitted, until dismissed."""

from __future__ import annotations

import gc
import json
import socket
import time
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, closing, suppress
from dataclasses import dataclass
from pathlib import Path
from uuid import uuid4

import pytest
from structlog.testing import capture_logs

from apps.vault.process import build_identities
from lfr_core.common.errors import Fatal, LfrError, Refused, Retryable
from lfr_core.custody.audit.entry import AuditEntry
from lfr_core.custody.people.roles import Role
from lfr_core.custody.vault import machines as machines_module
from lfr_core.custody.vault import server as server_module
from lfr_core.custody.vault.admission import unpack_admission
from lfr_core.custody.vault.client import VaultClient
from lfr_core.custody.vault.connections import MOST_OF_ONE_MACHINE
from lfr_core.custody.vault.core import VaultCore
from lfr_core.custody.vault.frames import VaultOpener, VaultSealer
from lfr_core.custody.vault.key_terms import AT_ONCE
from lfr_core.custody.vault.lease_cache import _IN_USE_S
from lfr_core.custody.vault.machines import Machines
from lfr_core.custody.vault.port import ErasureRule, KeyKind, RecordUse
from lfr_core.custody.vault.process_identity import VERBS
from lfr_core.custody.vault.record_keys import RECORD_LEASE_S
from lfr_core.domain.actors import ProcessIdentity, SystemActor
from lfr_core.domain.frames import FrameHeader
from lfr_core.domain.reserved import CANARY_CAMERA, LIVE_PROBE_CAMERA
from tests.support.vault_core import NOW_NS, Records, vault_core
from tests.support.vault_server import served

COMPLIANCE = "A. Okafor"
CAMERA, RECOGNISE = ProcessIdentity.CAMERA, ProcessIdentity.RECOGNISE


@dataclass
class Site:
    """A vault that answers on the loopback, and the folders of other machines."""

    folder: Path
    core: VaultCore
    records: Records
    port: int
    opened: ExitStack

    def own(self, identity: ProcessIdentity = ProcessIdentity.COMMANDS) -> VaultClient:
        """A process of the vault's machine."""
        path = self.folder / "run" / "vault.sock"
        return self.opened.enter_context(closing(VaultClient(path, identity, self.folder / "processes")))

    def admit(self, name: str, *identities: ProcessIdentity, cameras: Sequence[str] = ("north",)) -> Path:
        """Admit a machine and bring it what it was given; its folder."""
        named = cameras if CAMERA in identities else ()
        file, there = self.folder / f"{name}.admission", self.folder / name / "processes"
        file.write_bytes(self.own().admit_machine(name, identities, named, COMPLIANCE))
        (self.folder / name).mkdir(exist_ok=True)
        unpack_admission(file, there)
        return there

    def there(self, folder: Path, identity: ProcessIdentity = CAMERA) -> VaultClient:
        """A process of that machine."""
        return self.opened.enter_context(closing(VaultClient(f"127.0.0.1:{self.port}", identity, folder)))


@pytest.fixture
def site(tmp_path: Path) -> Iterator[Site]:
    core, _, records = vault_core(tmp_path / "vault")
    with ExitStack() as opened:
        path = tmp_path / "run" / "vault.sock"
        server = opened.enter_context(served(core, path, tmp_path / "processes", ("127.0.0.1", 0)))
        yield Site(tmp_path, core, records, server.port, opened.enter_context(ExitStack()))


def rule_of(ask: object) -> str:
    assert callable(ask)
    with pytest.raises(Refused) as refused:
        ask()
    return refused.value.rule


def test_an_admitted_machine_is_lent_what_it_is_for_and_nothing_else(site: Site) -> None:
    camera = site.there(site.admit("van-2", CAMERA))
    kept = site.core.make_key(KeyKind.ALERT, "d", "alert", NOW_NS + 10**13, actor=SystemActor.RECORDER).info

    assert camera.seal_key("d", "north").key
    for ask in (
        lambda: camera.open_kept(kept.id, actor=SystemActor.RECORDER, purpose="p"),
        lambda: camera.open_kept(kept.id, actor=COMPLIANCE, purpose="p"),
        lambda: camera.make_key(KeyKind.ALERT, "d", "alert", NOW_NS + 10**13, actor=SystemActor.RECORDER),
        camera.kept,
        lambda: camera.destroy([kept.id], rule=ErasureRule.ALERTS_DUE),
        lambda: camera.admit_machine("van-3", [CAMERA], ["north"], COMPLIANCE),
    ):
        assert rule_of(ask) == "vault.not-for-you"
    with pytest.raises(Retryable, match="there is no"):  # it was given no certificate of a recogniser
        site.there(site.folder / "van-2" / "processes", RECOGNISE).ping()


def test_it_is_told_at_the_next_request_that_it_was_dismissed_and_never_comes_back_with_what_it_has(
    site: Site,
) -> None:
    folder = site.admit("van-2", CAMERA, RECOGNISE)
    open_line = site.there(folder)
    key = open_line.seal_key("d", "north")
    site.own().dismiss_machine("van-2", COMPLIANCE)

    assert rule_of(lambda: open_line.seal_key("d", "north")) == "vault.not-admitted"
    assert rule_of(lambda: site.there(folder, RECOGNISE).open_key(key.id)) == "vault.not-admitted"
    old = {each.name: each.read_bytes() for each in folder.iterdir()}
    site.admit("van-2", CAMERA)
    assert site.there(folder).seal_key("d", "north").key
    for name, content in old.items():
        (folder / name).write_bytes(content)
    assert rule_of(site.there(folder).ping) == "vault.not-admitted"


def test_what_a_dismissed_machine_was_lent_ends_with_its_lease(site: Site) -> None:
    """Its own clock goes on; the vault's doesn't matter to it."""

    class Local:
        seconds = 0.0

        def time_ns(self) -> int:
            return site.records.clock.time_ns()

        def monotonic(self) -> float:
            return self.seconds

    folder, clock = site.admit("van-2", CAMERA, RECOGNISE), Local()
    sealer = VaultSealer(site.there(folder), clock, "d", "north")
    opener = VaultOpener(site.there(folder, RECOGNISE), clock)
    header = FrameHeader("d", "north", "s", 7, clock.time_ns(), 0, 0, key_id=sealer.key_id())
    payload = sealer.seal(header, b"a picture")
    assert opener.open(header, payload) == b"a picture"
    sealer.record_headers(header, topic="t", key=b"k", payload=payload)
    site.own().dismiss_machine("van-2", COMPLIANCE)
    assert opener.open(header, payload) == b"a picture"  # its lease isn't over

    clock.seconds = 2.0
    for ask in (sealer.key_id, lambda: opener.open(header, payload), lambda: opener.check_gate("d")):
        assert rule_of(ask) == "vault.not-admitted"
    clock.seconds = max(RECORD_LEASE_S, 2.0 + _IN_USE_S) + 1.0
    with pytest.raises(LfrError):
        sealer.record_headers(header, topic="t", key=b"k", payload=payload)
    deadline = time.monotonic() + 5.0
    while any(len(each) for each in (sealer._lent, opener._lent, sealer._signer._keys._lent)):
        assert time.monotonic() < deadline
        time.sleep(0.05)
    gc.collect()


def test_only_compliance_admits_and_dismisses_and_both_are_on_the_trail(site: Site) -> None:
    site.records.people["P. Planner"] = frozenset({Role.PLANNER, Role.AUTHORISING_OFFICER})
    commands = site.own()
    for person, rule in (("P. Planner", "people.wrong-role"), ("Nobody", "people.unknown")):
        assert rule_of(lambda who=person: commands.admit_machine("van-2", [CAMERA], ["north"], who)) == rule
    site.admit("van-2", CAMERA)
    assert rule_of(lambda: commands.dismiss_machine("van-2", "P. Planner")) == "people.wrong-role"
    commands.dismiss_machine("van-2", COMPLIANCE)

    told = [(each.actor, each.subject, each.rule) for each in site.records.events]
    assert told == [
        (COMPLIANCE, "machine:van-2", "vault.admit-machine"),
        (COMPLIANCE, "machine:van-2", "vault.dismiss-machine"),
    ]
    (machine,) = commands.machines()
    assert (machine.name, machine.identities, machine.dismissed_ns is None) == ("van-2", (CAMERA,), False)


def test_with_the_records_away_nobody_is_admitted(site: Site) -> None:
    site.records.away = True
    with pytest.raises(Retryable):
        site.own().admit_machine("van-2", [CAMERA], ["north"], COMPLIANCE)
    assert site.own().machines() == ()


@pytest.mark.parametrize("identity", set(VERBS) - {CAMERA, RECOGNISE, ProcessIdentity.RECORD})
def test_where_people_act_and_what_destroys_stays_on_the_vault_s_machine(site: Site, identity: ProcessIdentity) -> None:
    assert (
        rule_of(lambda: site.own().admit_machine("van-2", [CAMERA, identity], ["north"], COMPLIANCE)) == "vault.machine"
    )


@pytest.mark.parametrize("name", ["the vault's own machine", "Van", "-", "van 2", "../van"])
def test_a_machine_has_a_plain_name(site: Site, name: str) -> None:
    assert rule_of(lambda: site.own().admit_machine(name, [CAMERA], ["north"], COMPLIANCE)) == "vault.machine"


def test_each_way_in_has_certificates_of_its_own(site: Site) -> None:
    folder = site.admit("van-2", CAMERA)
    stolen = site.there(site.folder / "processes", ProcessIdentity.COMMANDS)
    moved = VaultClient(site.folder / "run" / "vault.sock", CAMERA, folder)

    assert rule_of(stolen.ping) == "vault.not-identified"
    with closing(moved):
        assert rule_of(moved.ping) == "vault.not-identified"


def test_admissions_outlive_the_vault_and_a_damaged_register_is_said(site: Site) -> None:
    site.admit("van-2", CAMERA)
    again = build_identities(site.core, site.folder / "processes", 1.0)[1]

    assert [each.name for each in again.list()] == ["van-2"]
    (register,) = (site.folder / "vault").glob("machines.json")
    assert register.stat().st_mode & 0o777 == 0o600
    register.write_text("{")
    with pytest.raises(Fatal, match="admit the machines anew"):
        build_identities(site.core, site.folder / "processes", 1.0)


def test_strangers_on_the_network_cost_a_line_and_keep_nobody_out(site: Site, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(server_module, "_HANDSHAKE_S", 0.5)
    camera = site.there(site.admit("van-2", CAMERA))
    camera.ping()
    with capture_logs() as logs, ExitStack() as many:
        for number in range(30):
            stranger = many.enter_context(closing(socket.create_connection(("127.0.0.1", site.port), 5)))
            with suppress(OSError):
                stranger.sendall(b"GET / HTTP/1.1\r\n\r\n" if number % 2 else b"")
        camera.ping()  # an open line isn't theirs to take
        assert site.own().machines()
        time.sleep(1.0)
        assert site.there(site.folder / "van-2" / "processes").seal_key("d", "north").key

    assert {each["event"] for each in logs} <= {"vault.not-identified", "vault.peer-refused"}
    assert len(logs) <= 4


@pytest.mark.parametrize("came_before", [0, 1])
def test_silent_strangers_of_six_addresses_keep_no_machine_out(site: Site, came_before: int) -> None:
    folder = site.admit("van-2", CAMERA)
    if came_before:
        line = site.there(folder)
        line.ping()
        line.close()
    with ExitStack() as many:
        for number in range(24):
            stranger = socket.create_connection(
                ("127.0.0.1", site.port), 5, source_address=(f"127.0.0.{2 + number % 6}", 0)
            )
            many.enter_context(closing(stranger))
        time.sleep(0.5)
        assert site.there(folder).seal_key("d", "north").key


def footage(camera: VaultClient, of: str) -> None:
    camera.make_key(
        KeyKind.FOOTAGE, "d", uuid4().hex, NOW_NS + 31 * 86_400 * 10**9, actor=SystemActor.CAMERA, camera=of
    )


def test_a_camera_that_floods_with_new_keys_waits_and_the_vault_answers_others(site: Site) -> None:
    folder = site.admit("van-2", CAMERA)
    lines = [site.there(folder) for _ in range(4)]
    made = 0
    for line in lines * 20:
        try:
            footage(line, "north")
        except Retryable:
            continue
        made += 1

    assert made == AT_ONCE[KeyKind.FOOTAGE] == len(site.core.kept())
    site.own(ProcessIdentity.RECORD).make_key(KeyKind.ALERT, "d", "alert", NOW_NS + 10**13, actor=SystemActor.RECORDER)


def test_all_requests_of_a_machine_are_counted_together(site: Site, monkeypatch: pytest.MonkeyPatch) -> None:
    folder = site.admit("van-2", CAMERA)
    first, second = site.there(folder), site.there(folder)
    monkeypatch.setattr(server_module, "_MOST_REQUESTS_PER_S", 3)
    with capture_logs() as logs:
        for line in (first, second) * 3:
            with suppress(LfrError):
                line.ping()
        site.own().ping()

    assert "vault.flood" in {each["event"] for each in logs}


def test_a_machine_speaks_for_the_cameras_that_it_was_admitted_for_and_no_other(site: Site) -> None:
    camera = site.there(site.admit("van-2", CAMERA, cameras=("north", "south")))

    def record_key(name: str) -> object:
        return camera.record_key(RecordUse.CAMERA, actor=SystemActor.CAMERA, deployment="d", camera=name)

    for ask in (lambda name: camera.seal_key("d", name), record_key, lambda name: footage(camera, name)):
        for own in ("north", "south"):
            ask(own)
        for other in ("east", "North", "north "):
            assert rule_of(lambda ask=ask, other=other: ask(other)) == "vault.not-its-camera"
    assert rule_of(lambda: footage(camera, "")) == "vault.not-its-camera"
    (machine,) = site.own().machines()
    assert machine.cameras == ("north", "south")
    assert site.records.events[-1].facts["camera_2"] == "south"
    site.own(CAMERA).seal_key("d", "east")  # this machine's own cameras are named at each start


def test_a_machine_of_cameras_is_admitted_with_their_names_and_of_no_reserved_one(site: Site) -> None:
    commands = site.own()
    for identities, cameras in (
        ([CAMERA], []),
        ([RECOGNISE], ["north"]),
        ([CAMERA], ["north", LIVE_PROBE_CAMERA]),
        ([CAMERA], [CANARY_CAMERA]),
    ):
        assert rule_of(lambda i=identities, c=cameras: commands.admit_machine("v", i, c, COMPLIANCE)) == "vault.machine"
    wrong = [["a\nb"], ["c" * 201], [""], [f"c{number}" for number in range(25)]]
    for cameras in wrong:
        assert rule_of(lambda c=cameras: commands.admit_machine("v", [CAMERA], c, COMPLIANCE)) == "vault.bad-request"


def test_a_machine_admitted_before_cameras_were_named_sends_of_none(site: Site) -> None:
    camera = site.there(site.admit("van-2", CAMERA))
    register = site.folder / "vault" / "machines.json"
    document = json.loads(register.read_text())
    for each in document["machines"]:
        for added in ("cameras", "last_entries", "is_told"):
            del each[added]
    register.write_text(json.dumps(document))
    site.core.writers.machines = None
    machines = build_identities(site.core, site.folder / "processes", 1.0)[1]

    assert camera.seal_key("d", "north").key
    (machine,) = machines.list()
    assert machine.cameras == ()


def is_closed(client: VaultClient) -> bool:
    """Whether the vault has closed a connection, without asking it anything."""
    assert client._connection is not None
    client._connection.settimeout(5.0)
    try:
        return client._connection.recv(1) == b""
    except TimeoutError:
        return False
    except OSError:
        return True


def test_a_dismissed_machine_s_connections_are_closed_at_once_and_no_other_s(site: Site) -> None:
    folder, other = site.admit("van-2", CAMERA, RECOGNISE), site.there(site.admit("van-3", CAMERA))
    lines = [site.there(folder) for _ in range(3)] + [site.there(folder, RECOGNISE)]
    for line in (*lines, other):
        line.ping()
    site.own().dismiss_machine("van-2", COMPLIANCE)

    assert all(map(is_closed, lines))
    assert other._connection is not None
    other._connection.settimeout(0.2)
    with pytest.raises(TimeoutError):
        other._connection.recv(1)


def test_a_machine_that_is_admitted_again_loses_the_connections_of_before(site: Site) -> None:
    line = site.there(site.admit("van-2", CAMERA))
    line.ping()
    site.admit("van-2", CAMERA)

    assert is_closed(line)


def test_one_machine_s_connections_keep_no_other_machine_out(site: Site) -> None:
    folder, other = site.admit("van-2", CAMERA), site.admit("van-3", CAMERA)
    lines = [site.there(folder) for _ in range(MOST_OF_ONE_MACHINE)]
    for line in lines:
        line.ping()
    with pytest.raises(Retryable, match="already"):
        site.there(folder).ping()

    site.there(other).ping()
    lines[0].close()
    deadline = time.monotonic() + 5.0
    while True:
        try:
            site.there(folder).ping()
        except Retryable:
            assert time.monotonic() < deadline
            time.sleep(0.05)
        else:
            break


def test_a_connection_from_the_network_that_asks_nothing_ends_and_its_process_comes_back(
    site: Site, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(server_module, "_IDLE_S", 0.3)
    camera, own = site.there(site.admit("van-2", CAMERA)), site.own()
    camera.ping()
    own.ping()

    assert is_closed(camera)
    camera.ping()
    assert own._connection is not None
    own._connection.settimeout(0.5)
    with pytest.raises(TimeoutError):
        own._connection.recv(1)


def again(site: Site) -> Machines:
    """The register as a vault that starts anew reads it."""
    return build_identities(site.core, site.folder / "processes", 1.0)[1]


def entries_of(records: Records) -> list[AuditEntry]:
    return [
        AuditEntry(seq, 0, each.verb, str(each.actor), each.deployment, each.subject, each.rule, each.facts, "")
        for seq, each in enumerate(records.events, 1)
    ]


def test_a_dismissal_that_the_disk_refused_holds_is_said_and_is_made_up_for(
    site: Site, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = site.admit("van-2", CAMERA)
    site.there(folder).ping()

    def refuse(*_: object) -> None:
        raise Refused("vault.keystore", "the disk is full")

    with monkeypatch.context() as full:
        full.setattr(machines_module, "write_machines", refuse)
        assert "can't be written" in site.own().dismiss_machine("van-2", COMPLIANCE)
        assert rule_of(site.there(folder).ping) == "vault.not-admitted"
        (machine,) = again(site).list()
        assert machine.is_admitted  # the disk doesn't know, the trail does
        restarted = again(site)
        restarted.dismiss_again(entries_of(site.records))
        assert not restarted.list()[0].is_admitted
    deadline = time.monotonic() + 5.0
    while again(site).list()[0].is_admitted:
        assert time.monotonic() < deadline
        time.sleep(0.05)


def test_a_machine_that_was_admitted_again_is_not_dismissed_at_the_next_start(site: Site) -> None:
    site.admit("van-2", CAMERA)
    site.own().dismiss_machine("van-2", COMPLIANCE)
    site.admit("van-2", CAMERA)
    restarted = again(site)
    restarted.dismiss_again(entries_of(site.records))

    assert restarted.list()[0].is_admitted


def test_with_the_records_away_a_machine_is_dismissed_all_the_same_and_the_trail_is_told_afterwards(
    site: Site,
) -> None:
    folder = site.admit("van-2", CAMERA)
    line = site.there(folder)
    line.ping()
    site.records.away = True

    assert "isn't told yet" in site.own().dismiss_machine("van-2", "")
    assert is_closed(line)
    assert rule_of(site.there(folder).ping) == "vault.not-admitted"
    (machine,) = again(site).list()
    assert not machine.is_admitted
    assert [each.rule for each in site.records.events] == ["vault.admit-machine"]
    site.records.away = False
    deadline = time.monotonic() + 5.0
    while len(site.records.events) < 2:
        assert time.monotonic() < deadline
        time.sleep(0.05)
    told = site.records.events[-1]
    assert (told.actor, told.subject, told.rule) == (SystemActor.LFR, "machine:van-2", "vault.dismiss-machine")


def test_with_the_records_there_nobody_is_dismissed_by_nobody(site: Site) -> None:
    site.admit("van-2", CAMERA)
    assert rule_of(lambda: site.own().dismiss_machine("van-2", "")) == "people.unknown"
    assert site.own().machines()[0].dismissed_ns is None


def test_a_long_message_from_the_network_ends_its_connection(site: Site) -> None:
    camera = site.there(site.admit("van-2", CAMERA))
    camera.ping()
    assert camera._connection is not None
    camera._connection.sendall((65_537).to_bytes(4, "big"))
    assert camera._connection.recv(1) == b""


def test_an_admission_is_unpacked_where_no_vault_is_and_only_as_what_it_is(site: Site, tmp_path: Path) -> None:
    file = site.folder / "van-2.admission"
    site.admit("van-2", CAMERA)
    there = site.folder / "van-2" / "processes"

    assert {each.name for each in there.iterdir()} == {"ca.pem", "camera.pem"}
    assert {each.stat().st_mode & 0o777 for each in there.iterdir()} == {0o600}
    assert rule_of(lambda: unpack_admission(file, site.folder / "processes")) == "vault.machine"
    for wrong in ("{}", "[]", "x", '{"kind":"openlfr.machine","machine":"m","files":{"../x.pem":"y"}}'):
        file.write_text(wrong)
        with pytest.raises(Fatal, match="admission"):
            unpack_admission(file, tmp_path / "elsewhere")
