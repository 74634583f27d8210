"""No key while a condition of the gate isn't met."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from lfr_core.custody.vault.frames import VaultOpener, VaultSealer
from lfr_core.domain.deployments import DeploymentStatus
from lfr_core.domain.gate import TRIAL, Condition, GateFacts, GateLimits, check_gate, gate
from lfr_core.domain.policy import load_policy
from tests.support.vault_core import NOW_NS, TwoClocks, header, open_facts, refused, vault_core

LIMITS = GateLimits.of(load_policy())
CHANGES: dict[Condition, dict[str, object]] = {
    Condition.LIVE: {"status": DeploymentStatus.ENDED},
    Condition.WITHIN_HOURS: {"closes_ns": NOW_NS},
    Condition.LIST_IN_PLACE: {"gallery": ""},
    Condition.OPERATOR_ATTENDING: {"attended_ns": NOW_NS - 11 * 10**9},
    Condition.AUDIT_WRITABLE: {"audit_written_ns": NOW_NS - 31 * 10**9},
    Condition.GALLERY_UNCHANGED: {"gallery_why": "2 photographs are missing"},
    Condition.RECORDS_ON_TRAIL: {"records_why": "deployment/d has no entry on the audit trail"},
    Condition.CLOCK_SANE: {"clock_why": "the clock jumped"},
}


@pytest.mark.parametrize("condition", sorted(TRIAL))
def test_without_any_one_condition_there_is_no_key(tmp_path: Path, condition: Condition) -> None:
    core, clock, records = vault_core(tmp_path)
    key_id = core.seal_key("d", "cam").id
    records.attended = False
    records.known["d"] = replace(records.known["d"], **CHANGES[condition])  # type: ignore[arg-type]  # fields by name
    clock.advance(0.3)  # the age of facts

    for asks in (
        lambda: core.seal_key("d", "cam"),
        lambda: core.open_key(key_id),
        lambda: core.check_gate("d"),
    ):
        with refused(f"gate.{condition}"):
            asks()


@pytest.mark.parametrize(
    "facts",
    [
        {"status": DeploymentStatus.SUSPENDED, "suspended_why": "two false alerts"},
        {"status": DeploymentStatus.DRAFT},
        {"opens_ns": NOW_NS + 1},
        {"closes_ns": None},
        {"attended_ns": None},
        {"attended_ns": NOW_NS + 10**9},
    ],
)
def test_the_gate_is_shut_and_says_who_must_act(facts: dict[str, object]) -> None:
    shut: GateFacts = replace(open_facts(TwoClocks()), **facts)  # type: ignore[arg-type]  # fields by name

    findings = gate(shut, LIMITS, now_ns=NOW_NS)

    (unmet,) = [finding for finding in findings if not finding.met]
    assert (unmet.who != "", unmet.why != "") == (True, True)
    with refused(f"gate.{unmet.condition}"):
        check_gate(shut, "d", LIMITS, now_ns=NOW_NS)


def test_with_everything_in_order_the_gate_is_open() -> None:
    check_gate(open_facts(TwoClocks()), "d", LIMITS, now_ns=NOW_NS)


def test_a_suspended_deployment_is_sealed_and_opened_no_more_within_3_seconds(tmp_path: Path) -> None:
    core, clock, records = vault_core(tmp_path)
    sealer, opener = VaultSealer(core, clock, "d", "cam"), VaultOpener(core, clock)
    head = header(sealer.key_id())
    sealed = sealer.seal(head, b"a face")
    opener.open(head, sealed)
    records.known["d"] = replace(records.known["d"], status=DeploymentStatus.SUSPENDED)
    clock.advance(2.3)

    with refused("gate.live"):
        sealer.key_id()
    with refused("gate.live"):
        opener.open(head, sealed)
    with refused("gate.live"):
        opener.check_gate("d")
