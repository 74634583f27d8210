"""A copy of an admitted machine's folder, used on another machine over TLS: noticed, said and ended by people."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from apps.supervisor.system import MACHINE_COPIED, find_copied_machines
from lfr_core.common.settings import Settings
from lfr_core.custody.vault import boots
from lfr_core.custody.vault.client import VaultClient
from lfr_core.domain.actors import ProcessIdentity
from tests.support.vault_site import CAMERA, COMPLIANCE, RECOGNISE, Site
from tests.support.worker_processes import wait_until


@pytest.fixture(autouse=True)
def quickly(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(boots, "_STILL_THERE_S", 0.1)


def copied(site: Site) -> list[str]:
    return [each.name for each in site.own(ProcessIdentity.SUPERVISOR).machines() if each.copied]


def is_two(site: Site, van: VaultClient) -> bool:
    """Whether it was noticed, with the machine showing life meanwhile."""
    van.ping()
    return copied(site) == ["van-2"]


def in_boot(client: VaultClient, boot: str) -> VaultClient:
    """As a process of another machine would: this test is one machine, in one boot."""
    client._boot = lambda: boot  # type: ignore[assignment]  # another machine's
    return client


def copy_of(site: Site, folder: Path) -> Path:
    return Path(shutil.copytree(folder, site.folder / "elsewhere"))


def test_a_copied_folder_is_noticed_and_admitting_the_machine_anew_leaves_the_copy_outside(site: Site) -> None:
    """It was that machine to the vault, and was given a list's key too, and nobody noticed."""
    folder = site.admit("van-2", CAMERA, RECOGNISE)
    van = site.there(folder)
    van.ping()
    thief = in_boot(site.there(copy_of(site, folder), RECOGNISE), "the thief's machine")
    thief.ping()
    assert copied(site) == []
    wait_until(lambda: is_two(site, van), within_s=20, what="that it is two")

    settings = Settings(home=site.folder)
    (told,) = find_copied_machines(settings)
    assert told == "van-2 (from 127.0.0.1)"
    assert "dismiss-machine" in MACHINE_COPIED.format(told)
    van.ping()  # nobody is shut out: which of the two is the copy isn't known

    again = site.there(site.admit("van-2", CAMERA, RECOGNISE))
    again.ping()
    assert copied(site) == []
    with pytest.raises(Exception, match="isn't admitted with this certificate"):
        thief.ping()
    site.own().dismiss_machine("van-2", COMPLIANCE)
    assert find_copied_machines(settings) == []


def test_many_processes_of_one_machine_that_is_started_again_are_one(site: Site) -> None:
    folder = site.admit("van-2", CAMERA, RECOGNISE)
    for boot in ("first", "second", "third"):
        processes = [in_boot(site.there(folder, each), boot) for each in (CAMERA, RECOGNISE, CAMERA)]
        for _ in range(3):
            for each in processes:
                each.ping()
        for each in processes:
            each.close()

    assert copied(site) == []


def test_it_is_said_still_after_the_vault_was_started_again(site: Site) -> None:
    folder = site.admit("van-2", CAMERA)
    van = site.there(folder)
    van.ping()
    in_boot(site.there(copy_of(site, folder)), "the thief's machine").ping()
    wait_until(lambda: is_two(site, van), within_s=20, what="that it is two")

    kept = next(site.folder.rglob("machines.json")).read_text()
    assert '"copied": "127.0.0.1"' in kept


def test_who_does_not_say_its_boot_is_told_nothing(site: Site, monkeypatch: pytest.MonkeyPatch) -> None:
    client = in_boot(site.there(site.admit("van-2", CAMERA)), "x" * 200)

    with pytest.raises(Exception, match="does not answer"):
        client.ping()
