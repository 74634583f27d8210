"""A vault whose disk is full: nothing new is kept, and what is due is destroyed all the same."""

from __future__ import annotations

from pathlib import Path

from lfr_core.custody.vault.keystore import Keystore
from lfr_core.custody.vault.port import KeyKind
from tests.support.disks import fill, small_disk
from tests.support.vault_core import make_kept, refused, vault_core


def test_on_a_full_disk_kept_keys_die_when_they_are_due_and_the_time_is_told_to_whoever_deletes(tmp_path: Path) -> None:
    with small_disk(tmp_path / "disk", megabytes=1) as disk:
        core, clock, _ = vault_core(disk)
        make_kept(core, "a", due_s=60)
        make_kept(core, "b", due_s=3_600)
        filler = fill(disk)
        clock.advance(61)

        core.sweep()

        assert [info.subject for info in core.kept(KeyKind.ALERT)] == ["b"]
        assert core.trusted_now_ns() == clock.time_ns()
        with refused("vault.keystore"):
            make_kept(core, "c", due_s=3_600)
        filler.unlink()
        clock.advance(11)
        core.sweep()
        assert [info.subject for info in Keystore(disk).infos()] == ["b"]  # and now the disk has it no more either


def test_on_a_full_disk_a_clock_that_jumped_destroys_nothing(tmp_path: Path) -> None:
    with small_disk(tmp_path / "disk", megabytes=1) as disk:
        core, clock, _ = vault_core(disk)
        make_kept(core, "a", due_s=60)
        fill(disk)
        clock.step(86_400)

        core.sweep()

        assert [info.subject for info in core.kept(KeyKind.ALERT)] == ["a"]
        with refused("vault.clock"):
            core.trusted_now_ns()
