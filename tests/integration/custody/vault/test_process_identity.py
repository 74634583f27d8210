"""Processes are what their certificate says, ask what the table says, and nobody else is answered."""

from __future__ import annotations

from contextlib import closing
from itertools import product
from pathlib import Path

import pytest
from structlog.testing import capture_logs

from lfr_core.common.clock import SystemClock
from lfr_core.custody.audit.trail import AuditTrail
from lfr_core.custody.vault.client import VaultClient
from lfr_core.custody.vault.erasure_rules import ERASES
from lfr_core.custody.vault.port import ErasureRule, KeyKind, RecordUse
from lfr_core.custody.vault.process_identity import ACTS_AS, ERASES_UNDER, LISTS, MATCHES_LISTED, SIGNS, VERBS
from lfr_core.custody.vault.record_keys import day_of
from lfr_core.custody.vault.writer_keys import Writer
from lfr_core.domain.actors import PROCESSES_OF, SPEAKS_FOR_PEOPLE, Principal, ProcessIdentity, SystemActor
from lfr_core.domain.signatures import SignatureKind
from tests.support.vault_core import NOW_NS, rule_of

CLIENTS = tuple(each for each in ProcessIdentity if each is not ProcessIdentity.VAULT)


@pytest.mark.parametrize("identity", CLIENTS)
def test_a_process_acts_as_what_it_has_shown_and_as_nothing_else(
    identity: ProcessIdentity, path: Path, tmp_path: Path
) -> None:
    with closing(VaultClient(path, identity, tmp_path / "processes")) as client:
        for actor in SystemActor:
            rules = {
                rule_of(lambda a=actor: client.open_kept("none", actor=a, purpose="p")),
                rule_of(lambda a=actor: client.record_key(RecordUse.RESULTS, actor=a)),
                rule_of(lambda a=actor: client.make_key(KeyKind.WATCHLIST, "d", "d", NOW_NS + 10**15, actor=a)),
            }
            if actor not in ACTS_AS[identity]:
                assert rules == {"vault.not-for-you"}, actor
        person = rule_of(lambda: client.open_kept("none", actor="A. Okafor", purpose="p"))

    assert person == ("vault.key-gone" if identity in SPEAKS_FOR_PEOPLE else "vault.not-for-you")


def test_the_key_of_sightings_and_outcomes_is_lent_to_workers_alone(path: Path, tmp_path: Path) -> None:
    lent: dict[ProcessIdentity, set[RecordUse]] = {}
    for identity in CLIENTS:
        with closing(VaultClient(path, identity, tmp_path / "processes")) as client:
            lent[identity] = {
                use
                for use in (RecordUse.RESULTS, RecordUse.CANARY)
                for actor in SystemActor
                if rule_of(lambda u=use, a=actor: client.record_key(u, actor=a)) == ""
            }

    workers = {ProcessIdentity.RECOGNISE, ProcessIdentity.RECORD}
    assert {identity for identity, uses in lent.items() if RecordUse.RESULTS in uses} == workers
    assert {identity for identity, uses in lent.items() if uses == {RecordUse.CANARY}} == {
        ProcessIdentity.COMMANDS,
        ProcessIdentity.FLOWS,
    }


def test_only_the_flows_process_is_system_flows() -> None:
    assert [each for each in ProcessIdentity if SystemActor.FLOWS in ACTS_AS[each]] == [ProcessIdentity.FLOWS]
    assert {SystemActor.VAULT, SystemActor.LFR} & frozenset().union(*ACTS_AS.values()) == set()


@pytest.mark.parametrize("identity", CLIENTS)
def test_each_kind_of_signature_is_made_for_whose_work_it_is(
    identity: ProcessIdentity, path: Path, tmp_path: Path
) -> None:
    with closing(VaultClient(path, identity, tmp_path / "processes")) as client:
        for kind in SignatureKind:
            is_its = kind in SIGNS.get(identity, frozenset())
            assert rule_of(lambda k=kind: client.sign(k, b"made up")) == (
                "vault.not-signed" if is_its else "vault.not-for-you"
            )


@pytest.mark.parametrize(
    ("identity", "verb"), list(product(CLIENTS, ["kept", "destroy", "pseudonym", "seal-key", "collect-canary"]))
)
def test_what_is_no_business_of_a_process_is_refused(
    identity: ProcessIdentity, verb: str, path: Path, tmp_path: Path
) -> None:
    with closing(VaultClient(path, identity, tmp_path / "processes")) as client:
        asks = {
            "kept": lambda: client.kept(KeyKind.WATCHLIST),
            "destroy": lambda: client.destroy(["none"], rule=min(ERASES_UNDER.get(identity, ErasureRule))),
            "pseudonym": lambda: client.pseudonym("listed:d"),
            "seal-key": lambda: client.seal_key("d", "cam"),
            "collect-canary": lambda: client.collect_canary("d"),
        }
        assert rule_of(asks[verb]) == ("" if verb in VERBS[identity] else "vault.not-for-you")


@pytest.mark.parametrize("identity", CLIENTS)
def test_a_process_lists_the_keys_that_it_works_on_and_no_others(
    identity: ProcessIdentity, path: Path, tmp_path: Path
) -> None:
    with closing(VaultClient(path, identity, tmp_path / "processes")) as client:
        listed = {kind for kind in KeyKind if not rule_of(lambda k=kind: client.kept(k))}
        every = rule_of(client.kept)

    assert listed == LISTS.get(identity, frozenset())
    assert every == ("" if listed == {*KeyKind} else "vault.not-for-you")


@pytest.mark.parametrize("identity", CLIENTS)
def test_a_process_has_keys_destroyed_under_the_rules_of_its_work_and_no_others(
    identity: ProcessIdentity, path: Path, tmp_path: Path
) -> None:
    with closing(VaultClient(path, identity, tmp_path / "processes")) as client:
        rules = {rule for rule in ErasureRule if not rule_of(lambda r=rule: client.destroy(["none"], rule=r))}
        made_up = rule_of(lambda: client.destroy(["none"], rule="because"))  # type: ignore[arg-type]  # no rule of ours

    assert rules == ERASES_UNDER.get(identity, frozenset())
    assert made_up == "vault.bad-request"


def test_pages_have_no_alert_and_no_footage_destroyed() -> None:
    of_pages = set().union(*(ERASES[rule] for rule in ERASES_UNDER[ProcessIdentity.PAGES]))

    assert of_pages == {KeyKind.RIGHTS, KeyKind.WATCHLIST}
    assert set(ERASES) == set(ErasureRule)


@pytest.mark.parametrize("identity", [each for each in CLIENTS if "pseudonym" in VERBS[each]])
def test_a_process_asks_for_the_pseudonyms_of_its_work_and_of_no_other_name(
    identity: ProcessIdentity, path: Path, tmp_path: Path
) -> None:
    with closing(VaultClient(path, identity, tmp_path / "processes")) as client:
        for name, may in (
            ("Ann Operator", identity in SPEAKS_FOR_PEOPLE),
            ("listed:high-street", identity in MATCHES_LISTED),
            (" LISTED:High-Street", identity in MATCHES_LISTED),
            ("system:erasure", False),
            ("anything: else", False),
            (":", False),
        ):
            assert rule_of(lambda n=name: client.pseudonym(n)) == ("" if may else "vault.not-for-you"), name


def test_workers_and_whoever_speaks_for_nobody_match_no_names() -> None:
    people_or_lists = SPEAKS_FOR_PEOPLE | MATCHES_LISTED

    assert people_or_lists == {ProcessIdentity.COMMANDS, ProcessIdentity.FLOWS, ProcessIdentity.PAGES}


def test_a_worker_on_another_machine_lists_no_alert_and_no_footage() -> None:
    for identity in (ProcessIdentity.CAMERA, ProcessIdentity.RECOGNISE, ProcessIdentity.RECORD, ProcessIdentity.WATCH):
        assert LISTS.get(identity, frozenset()) <= {KeyKind.WATCHLIST}


def test_a_refusal_is_in_the_log_once_however_often_it_is_asked(path: Path, tmp_path: Path) -> None:
    with capture_logs() as logs, closing(VaultClient(path, ProcessIdentity.CAMERA, tmp_path / "processes")) as client:
        for _ in range(5):
            assert rule_of(lambda: client.open_kept("k", actor=SystemActor.FLOWS, purpose="p")) == "vault.not-for-you"

    assert [(each["event"], each["process"]) for each in logs] == [("vault.not-for-you", "camera")]


def test_whoever_may_run_the_self_test_may_write_its_entries_too() -> None:
    runs = {each for each, parts in ACTS_AS.items() if SystemActor.SELF_TEST in parts}

    assert runs == PROCESSES_OF[SystemActor.SELF_TEST]
    assert ProcessIdentity.PAGES in runs


@pytest.mark.parametrize("identity", [each for each in CLIENTS if "writer-key" in VERBS[each]])
def test_a_process_seals_entries_of_the_audit_trail_as_itself_alone(
    identity: ProcessIdentity, path: Path, tmp_path: Path
) -> None:
    with closing(VaultClient(path, identity, tmp_path / "processes")) as client:
        for name in ("audit-writer:0f", "Audit-Writer:0f", "audit-writer:", f" AUDIT-WRITER:{identity}:0f"):
            assert rule_of(lambda n=name: client.pseudonym(n)) == "vault.not-for-you"
        lent = client.writer_key("0f" * 16)
        assert Writer.parse(lent.writer) == Writer(identity, "", "", day_of(NOW_NS), "0f" * 16, "")
        assert rule_of(lambda: client.writer_key("flows:::1:0f")) == "vault.bad-request"
        trail = AuditTrail(client, SystemClock())
        acting: list[tuple[Principal, frozenset[ProcessIdentity]]] = [*PROCESSES_OF.items()]
        for actor, own in [*acting, ("A. Okafor", SPEAKS_FOR_PEOPLE)]:
            rule = rule_of(lambda a=actor: trail.prepare(a))
            assert rule == ("" if identity in own else "actor.not-this-process")
