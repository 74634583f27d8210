"""A dismissal holds though the disk is full, the records are away, or the vault starts anew."""

from __future__ import annotations

import time

import pytest

from apps.vault.process import build_identities
from lfr_core.common.clock import SystemClock
from lfr_core.common.errors import Refused
from lfr_core.custody.audit.entry import AuditEntry
from lfr_core.custody.vault import machines as machines_module
from lfr_core.custody.vault.machines import Machines
from lfr_core.domain.actors import SystemActor
from tests.support.refusals import refusal
from tests.support.vault_core import Records
from tests.support.vault_site import CAMERA, COMPLIANCE, Site, is_closed


def again(site: Site) -> Machines:
    """The register as a vault that starts anew reads it."""
    return build_identities(site.core, site.folder / "processes", 1.0, SystemClock())[1]


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
        assert refusal(site.there(folder).ping) == "vault.not-admitted"
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
    assert refusal(site.there(folder).ping) == "vault.not-admitted"
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
    assert refusal(lambda: site.own().dismiss_machine("van-2", "")) == "people.unknown"
    assert site.own().machines()[0].dismissed_ns is None
