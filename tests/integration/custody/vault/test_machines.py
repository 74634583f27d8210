"""Machines that compliance admitted reach the vault over the network, for what they were admitted, until dismissed."""

from __future__ import annotations

import gc
import json
import time
from contextlib import closing
from pathlib import Path

import pytest

from apps.vault.process import build_identities
from lfr_core.common.clock import SystemClock
from lfr_core.common.errors import Fatal, LfrError, Retryable
from lfr_core.custody.people.roles import Role
from lfr_core.custody.vault.admission import unpack_admission
from lfr_core.custody.vault.client import VaultClient
from lfr_core.custody.vault.frames import VaultOpener, VaultSealer
from lfr_core.custody.vault.lease_cache import _IN_USE_S
from lfr_core.custody.vault.port import ErasureRule, KeyKind, RecordUse
from lfr_core.custody.vault.process_identity import VERBS
from lfr_core.custody.vault.record_keys import RECORD_LEASE_S
from lfr_core.domain.actors import ProcessIdentity, SystemActor
from lfr_core.domain.frames import FrameHeader
from lfr_core.domain.reserved import CANARY_CAMERA, LIVE_PROBE_CAMERA
from tests.support.refusals import refusal
from tests.support.vault_core import NOW_NS
from tests.support.vault_site import CAMERA, COMPLIANCE, RECOGNISE, Site, footage


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
        assert refusal(ask) == "vault.not-for-you"
    with pytest.raises(Retryable, match="there is no"):  # it was given no certificate of a recogniser
        site.there(site.folder / "van-2" / "processes", RECOGNISE).ping()


def test_it_is_told_at_the_next_request_that_it_was_dismissed_and_never_comes_back_with_what_it_has(
    site: Site,
) -> None:
    folder = site.admit("van-2", CAMERA, RECOGNISE)
    open_line = site.there(folder)
    key = open_line.seal_key("d", "north")
    site.own().dismiss_machine("van-2", COMPLIANCE)

    assert refusal(lambda: open_line.seal_key("d", "north")) == "vault.not-admitted"
    assert refusal(lambda: site.there(folder, RECOGNISE).open_key(key.id)) == "vault.not-admitted"
    old = {each.name: each.read_bytes() for each in folder.iterdir()}
    site.admit("van-2", CAMERA)
    assert site.there(folder).seal_key("d", "north").key
    for name, content in old.items():
        (folder / name).write_bytes(content)
    assert refusal(site.there(folder).ping) == "vault.not-admitted"


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
        assert refusal(ask) == "vault.not-admitted"
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
        assert refusal(lambda who=person: commands.admit_machine("van-2", [CAMERA], ["north"], who)) == rule
    site.admit("van-2", CAMERA)
    assert refusal(lambda: commands.dismiss_machine("van-2", "P. Planner")) == "people.wrong-role"
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


@pytest.mark.parametrize("identity", sorted(set(VERBS) - {CAMERA, RECOGNISE, ProcessIdentity.RECORD}))
def test_where_people_act_and_what_destroys_stays_on_the_vault_s_machine(site: Site, identity: ProcessIdentity) -> None:
    assert (
        refusal(lambda: site.own().admit_machine("van-2", [CAMERA, identity], ["north"], COMPLIANCE)) == "vault.machine"
    )


@pytest.mark.parametrize("name", ["the vault's own machine", "Van", "-", "van 2", "../van"])
def test_a_machine_has_a_plain_name(site: Site, name: str) -> None:
    assert refusal(lambda: site.own().admit_machine(name, [CAMERA], ["north"], COMPLIANCE)) == "vault.machine"


def test_each_way_in_has_certificates_of_its_own(site: Site) -> None:
    folder = site.admit("van-2", CAMERA)
    stolen = site.there(site.folder / "processes", ProcessIdentity.COMMANDS)
    moved = VaultClient(site.folder / "run" / "vault.sock", CAMERA, folder)

    assert refusal(stolen.ping) == "vault.not-identified"
    with closing(moved):
        assert refusal(moved.ping) == "vault.not-identified"


def test_admissions_outlive_the_vault_and_a_damaged_register_is_said(site: Site) -> None:
    site.admit("van-2", CAMERA)
    again = build_identities(site.core, site.folder / "processes", 1.0, SystemClock())[1]

    assert [each.name for each in again.list()] == ["van-2"]
    (register,) = (site.folder / "vault").glob("machines.json")
    assert register.stat().st_mode & 0o777 == 0o600
    register.write_text("{")
    with pytest.raises(Fatal, match="admit the machines anew"):
        build_identities(site.core, site.folder / "processes", 1.0, SystemClock())


def test_a_machine_speaks_for_the_cameras_that_it_was_admitted_for_and_no_other(site: Site) -> None:
    camera = site.there(site.admit("van-2", CAMERA, cameras=("north", "south")))

    def record_key(name: str) -> object:
        return camera.record_key(RecordUse.CAMERA, actor=SystemActor.CAMERA, deployment="d", camera=name)

    def tell(name: str) -> None:
        key = camera.seal_key("d", "north")
        if key.canary:  # once
            camera.tell_canary(key.canary, key.id, name, [b"c" * 32], [b"s" * 32])
        elif name not in ("north", "south"):
            camera.tell_canary("none", key.id, name, [b"c" * 32], [b"s" * 32])

    for ask in (lambda name: camera.seal_key("d", name), record_key, lambda name: footage(camera, name), tell):
        for own in ("north", "south"):
            ask(own)
        for other in ("east", "North", "north "):
            assert refusal(lambda ask=ask, other=other: ask(other)) == "vault.not-its-camera"
    assert refusal(lambda: footage(camera, "")) == "vault.not-its-camera"
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
        assert refusal(lambda i=identities, c=cameras: commands.admit_machine("v", i, c, COMPLIANCE)) == "vault.machine"
    wrong = [["a\nb"], ["c" * 201], [""], [f"c{number}" for number in range(25)]]
    for cameras in wrong:
        assert refusal(lambda c=cameras: commands.admit_machine("v", [CAMERA], c, COMPLIANCE)) == "vault.bad-request"


def test_a_machine_admitted_before_cameras_were_named_sends_of_none(site: Site) -> None:
    camera = site.there(site.admit("van-2", CAMERA))
    register = site.folder / "vault" / "machines.json"
    document = json.loads(register.read_text())
    for each in document["machines"]:
        for added in ("cameras", "last_entries", "is_told"):
            del each[added]
    register.write_text(json.dumps(document))
    site.core.writers.machines = None
    machines = build_identities(site.core, site.folder / "processes", 1.0, SystemClock())[1]

    assert camera.seal_key("d", "north").key
    (machine,) = machines.list()
    assert machine.cameras == ()


def test_an_admission_is_unpacked_where_no_vault_is_and_only_as_what_it_is(site: Site, tmp_path: Path) -> None:
    file = site.folder / "van-2.admission"
    site.admit("van-2", CAMERA)
    there = site.folder / "van-2" / "processes"

    assert {each.name for each in there.iterdir()} == {"ca.pem", "camera.pem"}
    assert {each.stat().st_mode & 0o777 for each in there.iterdir()} == {0o600}
    assert refusal(lambda: unpack_admission(file, site.folder / "processes")) == "vault.machine"
    for wrong in ("{}", "[]", "x", '{"kind":"openlfr.machine","machine":"m","files":{"../x.pem":"y"}}'):
        file.write_text(wrong)
        with pytest.raises(Fatal, match="admission"):
            unpack_admission(file, tmp_path / "elsewhere")
