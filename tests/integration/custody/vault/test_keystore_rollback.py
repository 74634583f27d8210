"""A keystore that is put back from a copy gives back no key that was destroyed, and the trail says that it was."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest
from sqlalchemy import Engine

from apps.vault.process import build_core
from lfr_core.common.errors import Refused
from lfr_core.common.settings import Settings
from lfr_core.custody.audit.head_signing import HeadSigningThread
from lfr_core.custody.audit.port import AuditEvent, Verb
from lfr_core.custody.audit.read import entries
from lfr_core.custody.audit.witness import Witness
from lfr_core.custody.vault.core import VaultCore
from lfr_core.custody.vault.port import KeptKeyInfo, KeyKind
from lfr_core.domain.actors import SystemActor
from lfr_core.domain.policy import load_policy
from lfr_core.storage.engine import open_engine
from tests.support.databases import make_records
from tests.support.records import NOW_NS, ManualClock

HOUR_NS = 3_600 * 10**9


def vault(settings: Settings, engine: Engine, at_ns: int = NOW_NS) -> VaultCore:
    return build_core(settings, load_policy(), engine, ManualClock(at_ns))


def made(core: VaultCore, subject: str, due_ns: int = NOW_NS + 5 * HOUR_NS) -> KeptKeyInfo:
    return core.keystore.add(KeyKind.ALERT, "dep", subject, due_ns)[0]


def put_back(engine: Engine) -> list[dict[str, int | str]]:
    return [dict(each.facts) for each in entries(engine, verb=Verb.ERASE) if each.rule == "keystore.put-back"]


@pytest.mark.fault("keystore and head put back")
def test_a_destroyed_key_stays_destroyed_when_the_keystore_is_put_back(tmp_path: Path) -> None:
    settings = Settings(home=tmp_path / "home")
    settings.home.mkdir()
    make_records(settings.records_url)
    engine, folder = open_engine(settings.records_url), settings.keystore_folder
    core = vault(settings, engine)
    gone, kept = made(core, "a", NOW_NS + HOUR_NS), made(core, "b")
    copied = shutil.copytree(folder, tmp_path / "copy")
    later = vault(settings, engine, NOW_NS + 2 * HOUR_NS)  # the key's time is over
    later.sweep()
    later.maintain_keystore()
    assert {info.id for info in later.kept()} == {kept.id}
    quiet = put_back(engine)

    shutil.rmtree(folder)
    shutil.copytree(copied, folder)
    (folder / "latest-time.json").unlink(missing_ok=True)
    again = vault(settings, engine, NOW_NS + 2 * HOUR_NS)

    assert {info.id for info in again.kept()} == {kept.id}
    assert gone.id not in {info.id for info in again.kept()}
    assert quiet == []
    ((said),) = put_back(engine)
    assert said["keys"] == 1
    assert int(said["found"]) < int(said["generation"])
    assert again.keystore.generation >= int(said["generation"])
    assert {info.id for info in vault(settings, engine, NOW_NS + 2 * HOUR_NS).kept()} == {kept.id}
    assert len(put_back(engine)) == 1


@pytest.mark.fault("keystore and head put back")
def test_a_keystore_of_before_a_destruction_is_told_of_though_it_has_none_of_the_keys(tmp_path: Path) -> None:
    settings = Settings(home=tmp_path / "home")
    settings.home.mkdir()
    make_records(settings.records_url)
    engine, folder = open_engine(settings.records_url), settings.keystore_folder
    vault(settings, engine)
    copied = shutil.copytree(folder, tmp_path / "copy")
    core = vault(settings, engine)
    made(core, "a", NOW_NS - 1)
    core.sweep()
    core.maintain_keystore()

    shutil.rmtree(folder)
    shutil.copytree(copied, folder)
    vault(settings, engine)

    ((said),) = put_back(engine)
    assert said["keys"] == 0


@pytest.mark.fault("keystore and head put back")
def test_a_whole_home_that_is_put_back_shuts_the_gate_and_opens_its_destroyed_keys_for_nobody(tmp_path: Path) -> None:
    settings, witness = Settings(home=tmp_path / "home"), tmp_path / "witness"
    witness.mkdir()
    settings.home.mkdir()
    make_records(settings.records_url)
    engine, folder = open_engine(settings.records_url), settings.keystore_folder
    gone = made(vault(settings, engine), "a")
    engine.dispose()
    shutil.copytree(settings.home, tmp_path / "copy")
    core = vault(settings, engine)
    core.keystore.destroy((gone.id,))
    core.audit.record(AuditEvent(Verb.ERASE, SystemActor.VAULT, "dep", f"key:{gone.id}", "alerts.due"))
    assert HeadSigningThread(
        engine, core, ManualClock(NOW_NS), folder, every_s=1.0, witness=Witness(folder, witness)
    ).keep()
    engine.dispose()

    shutil.rmtree(settings.home)
    shutil.copytree(tmp_path / "copy", settings.home)
    again = vault(settings, engine)
    assert gone.id in {info.id for info in again.kept()}
    assert not HeadSigningThread(
        engine, again, ManualClock(NOW_NS), folder, every_s=1.0, witness=Witness(folder, witness)
    ).keep()

    for ask in (
        lambda: again.check_gate("dep"),
        lambda: again.open_kept(gone.id, actor="Olu Operator", purpose="to look"),
    ):
        with pytest.raises(Refused) as refused:
            ask()
        assert refused.value.rule == "audit.damaged"
    engine.dispose()
