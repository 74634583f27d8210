"""Keystore, database, head, home put back from a copy: each is recognised, and destroyed keys stay destroyed."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest

from apps.vault.process import build_core
from lfr_core.common.errors import Fatal, Refused
from lfr_core.common.settings import Settings
from lfr_core.custody.audit.head_checkpoint import HEAD_FILE, read_checkpoint
from lfr_core.custody.audit.head_memory import HeadMemory
from lfr_core.custody.audit.head_signing import HeadSigningThread
from lfr_core.custody.audit.port import AuditEvent, Verb
from lfr_core.custody.audit.read import entries
from lfr_core.custody.audit.recorded_state import PUT_BACK, TRAIL_PUT_BACK
from lfr_core.custody.audit.witness import Witness
from lfr_core.custody.vault.core import VaultCore
from lfr_core.custody.vault.port import KeptKeyInfo, KeyKind
from lfr_core.domain.actors import SystemActor
from lfr_core.domain.policy import load_policy
from lfr_core.storage.engine import open_engine
from tests.support.databases import make_records
from tests.support.records import NOW_NS, ManualClock

pytestmark = pytest.mark.fault("keystore and head put back")

LATER_NS, DUE_NS = NOW_NS + 60 * 10**9, NOW_NS + 3_600 * 10**9


class Installation:
    """One with a witness: copied, after which one key was destroyed before its time, as a list's is at the close."""

    def __init__(self, folder: Path) -> None:
        self.settings = Settings(home=folder / "home", witness_folder=folder / "witness")
        self.copy = folder / "copy"
        for each in (self.settings.home, folder / "witness"):
            each.mkdir()
        make_records(self.settings.records_url)
        self.engine = open_engine(self.settings.records_url)
        core = self.start(NOW_NS)
        self.gone, self.kept = (core.keystore.add(KeyKind.ALERT, "dep", subject, DUE_NS)[0] for subject in ("a", "b"))
        core.audit.record(AuditEvent(Verb.COLLECT, SystemActor.RECOGNISER, "dep", "alert:1"))
        assert self.sign(core)
        self.engine.dispose()
        shutil.copytree(self.settings.home, self.copy)
        self._destroy(core, self.gone)
        assert self.sign(core)
        self.engine.dispose()

    def start(self, at_ns: int = LATER_NS) -> VaultCore:
        return build_core(self.settings, load_policy(), self.engine, ManualClock(at_ns))

    def sign(self, core: VaultCore) -> bool:
        """What the vault's thread does when it starts, with a keeper that has asked the witness of nothing yet."""
        folder, memory = self.settings.keystore_folder, HeadMemory(core.keystore, core.keystore_lock, core.clock)
        asking = Witness(folder, self.settings.witness_folder)
        thread = HeadSigningThread(self.engine, core, core.clock, folder, 1.0, witness=asking, memory=memory)
        return thread.keep()

    def put_back(self, *names: str) -> None:
        """Replace files and folders of the home by what the copy has."""
        self.engine.dispose()
        for name in names:
            here, there = self.settings.home / name, self.copy / name
            if there.is_dir():
                shutil.rmtree(here)
                shutil.copytree(there, here)
            else:
                shutil.copy2(there, here)

    def told(self, rule: str = PUT_BACK) -> list[dict[str, int | str]]:
        return [dict(each.facts) for each in entries(self.engine) if each.rule == rule]

    def _destroy(self, core: VaultCore, info: KeptKeyInfo) -> None:
        core.keystore.destroy((info.id,))
        facts = {"generation": core.keystore.generation}
        core.audit.record(
            AuditEvent(Verb.ERASE, SystemActor.VAULT, "dep", f"key:{info.id}", "deployment.closed", facts)
        )


@pytest.fixture
def installation(tmp_path: Path) -> Iterator[Installation]:
    made = Installation(tmp_path)
    yield made
    made.engine.dispose()


def ids(core: VaultCore) -> set[str]:
    return {info.id for info in core.kept()}


def refuses_everybody(core: VaultCore, key: KeptKeyInfo) -> bool:
    """Whether the vault opens no gate, and lends nobody who logs in the key: the trail isn't the one signed."""
    found = set()
    for ask in (
        lambda: core.check_gate("dep"),
        lambda: core.open_kept(key.id, actor="Olu Operator", purpose="to look"),
    ):
        try:
            ask()
        except Refused as refused:
            found.add(refused.rule)
        else:
            return False
    return found == {"audit.damaged"}


def test_a_keystore_that_is_put_back_is_told_of_and_has_the_destroyed_key_no_more(installation: Installation) -> None:
    installation.put_back("vault")

    core = installation.start()

    assert ids(core) == {installation.kept.id}
    ((said),) = installation.told()
    assert (said["keys"], int(said["found"]) < int(said["generation"])) == (1, True)
    assert installation.sign(core)
    assert ids(installation.start()) == {installation.kept.id}
    assert len(installation.told()) == 1


def test_a_database_that_is_put_back_shuts_the_gate_and_brings_no_key_back(
    installation: Installation,
) -> None:
    installation.put_back("records.sqlite3")

    core = installation.start()

    assert not installation.sign(core)
    assert refuses_everybody(core, installation.kept)
    assert ids(core) == {installation.kept.id}


def test_a_head_that_is_put_back_is_replaced_and_with_the_database_of_then_the_witness_knows_it(
    installation: Installation,
) -> None:
    head = f"vault/{HEAD_FILE}"
    newest = read_checkpoint(installation.settings.home / head)
    installation.put_back(head)
    assert installation.sign(installation.start())
    assert newest is not None
    found = read_checkpoint(installation.settings.home / head)
    assert found is not None
    assert (found.seq, found.hash) == (newest.seq, newest.hash)

    installation.put_back(head, "records.sqlite3")
    core = installation.start()

    assert not installation.sign(core)
    assert refuses_everybody(core, installation.kept)
    assert ids(core) == {installation.kept.id}


def test_database_and_head_that_are_put_back_beside_the_keystore_shut_the_gate_without_a_witness(
    installation: Installation,
) -> None:
    shutil.rmtree(installation.settings.witness_folder or "")
    installation.put_back(f"vault/{HEAD_FILE}", "records.sqlite3")

    core = installation.start()

    assert not installation.sign(core)
    assert refuses_everybody(core, installation.kept)
    assert ids(core) == {installation.kept.id}


def test_a_backup_that_is_put_back_with_no_head_kept_is_told_of_on_the_trail_once(installation: Installation) -> None:
    shutil.rmtree(installation.settings.witness_folder or "")
    installation.put_back("records.sqlite3")
    (installation.settings.keystore_folder / HEAD_FILE).unlink()  # as docs/audit.md says

    for _ in range(2):
        core = installation.start()
        assert installation.sign(core)

    ((said),) = installation.told(TRAIL_PUT_BACK)
    assert int(said["known"]) > int(said["newest"])
    assert ids(core) == {installation.kept.id}


def test_a_keystore_of_before_its_newest_head_is_told_of_though_no_entry_says_so(installation: Installation) -> None:
    core = installation.start()
    core.keystore.renew()
    core.audit.record(AuditEvent(Verb.COLLECT, SystemActor.RECOGNISER, "dep", "alert:2"))
    assert installation.sign(core)
    kept = (installation.settings.keystore_folder / HEAD_FILE).read_bytes()
    before = installation.told()

    installation.put_back("vault")
    (installation.settings.keystore_folder / HEAD_FILE).write_bytes(kept)
    installation.start()

    *known, said = installation.told()
    assert known == before
    assert int(said["generation"]) == core.keystore.generation


def test_a_whole_home_that_is_put_back_opens_nothing_and_what_was_due_meanwhile_goes_at_once(
    installation: Installation,
) -> None:
    installation.engine.dispose()
    shutil.rmtree(installation.settings.home)
    shutil.copytree(installation.copy, installation.settings.home)
    core = installation.start()

    assert not installation.sign(core)
    assert refuses_everybody(core, installation.gone)
    assert refuses_everybody(core, installation.kept)
    late = installation.start(DUE_NS + 1)
    late.sweep()
    assert ids(late) == set()


@pytest.mark.parametrize("is_emptied", [False, True])
def test_no_keystore_is_begun_in_the_place_of_one_that_has_gone(
    installation: Installation, *, is_emptied: bool
) -> None:
    folder = installation.settings.keystore_folder
    shutil.rmtree(folder)
    if is_emptied:
        folder.mkdir()

    with pytest.raises(Fatal, match="isn't in"):
        installation.start()

    assert not folder.exists() or list(folder.iterdir()) == []


def test_a_keystore_that_has_had_records_takes_no_empty_ones(installation: Installation, tmp_path: Path) -> None:
    """As where LFR_DATABASE_URL names an empty database: nothing would be due by it."""
    other = f"sqlite:///{tmp_path / 'empty.sqlite3'}"
    make_records(other)
    engine, settings = open_engine(other), installation.settings

    with pytest.raises(Fatal, match="these records are empty"):
        build_core(settings, load_policy(), engine, ManualClock(LATER_NS))
    (settings.keystore_folder / HEAD_FILE).unlink()  # as it says: somebody decided to begin anew
    build_core(settings, load_policy(), engine, ManualClock(LATER_NS))
    engine.dispose()
