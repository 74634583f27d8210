"""What may be asked of a vault is the same wherever it is: in this process, behind its socket, and in tests' double."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any

import pytest

from lfr_core.common.errors import Refused
from lfr_core.custody.audit.entry import check_event
from lfr_core.custody.audit.port import AuditEvent, Verb
from lfr_core.custody.vault import dispatch, port, wire
from lfr_core.custody.vault import messages as m
from lfr_core.custody.vault.access import MAKERS
from lfr_core.custody.vault.core import VaultCore
from lfr_core.custody.vault.port import MOST_IDS, ErasureRule, KeptKeyInfo, KeyKind, Vault
from lfr_core.domain.actors import SystemActor
from lfr_core.domain.signatures import SignatureKind
from lfr_core.retention.footage.hold_reconciliation import _hold
from tests.support.each_process import EachProcess
from tests.support.vault_core import NOW_NS, vault_core
from tests.support.vault_server import served
from tests.support.vaults import MemoryVault

HALF = "\ud800"
"""Half a surrogate pair, as a name from a file of another encoding may have it: no text."""


@pytest.fixture
def core(tmp_path: Path) -> VaultCore:
    return vault_core(tmp_path / "vault")[0]


@pytest.fixture
def client(core: VaultCore, tmp_path: Path) -> Iterator[EachProcess]:
    path = tmp_path / "run" / "vault.sock"
    with served(core, path, tmp_path / "processes"), EachProcess(path, tmp_path / "processes") as client:
        yield client


@pytest.mark.parametrize(
    "asks",
    [
        lambda vault: vault.make_key(KeyKind.FOOTAGE, "", "segment", NOW_NS, actor=SystemActor.CAMERA),
        lambda vault: vault.make_key(KeyKind.RIGHTS, "dep", "R-2026", NOW_NS, actor=SystemActor.RIGHTS),
        lambda vault: vault.make_key(KeyKind.ALERT, "dep", "", NOW_NS, actor=SystemActor.RECORDER),
        lambda vault: vault.make_key(KeyKind.ALERT, "d" * 201, "alert", NOW_NS, actor=SystemActor.RECORDER),
        lambda vault: vault.make_key(KeyKind.ALERT, "dep", "a" * 181, NOW_NS, actor=SystemActor.RECORDER),
        lambda vault: vault.make_key(KeyKind.ALERT, "dep", "two words", NOW_NS, actor=SystemActor.RECORDER),
        lambda vault: vault.make_key(KeyKind.ALERT, "dep", "alert", 2**63, actor=SystemActor.RECORDER),
        lambda vault: vault.make_key(KeyKind.ALERT, HALF, "alert", NOW_NS, actor=SystemActor.RECORDER),
        lambda vault: vault.open_kept("k", actor="A", purpose="p" * 201),
        lambda vault: vault.open_kept("", actor="A", purpose="p"),
        lambda vault: vault.kept(deployment="d" * 201),
        lambda vault: vault.destroy(["k"] * (MOST_IDS + 1), rule=ErasureRule.FOOTAGE_DUE),
        lambda vault: vault.destroy(["k"], rule=""),
        lambda vault: vault.check_gate(""),
        lambda vault: vault.pseudonym(""),
        lambda vault: vault.pseudonym(HALF),
        lambda vault: vault.pseudonym("n" * 201),
    ],
)
def test_what_one_vault_refuses_every_vault_refuses(
    asks: Callable[[Vault], Any], core: VaultCore, client: EachProcess
) -> None:
    output = set()
    for vault in (core, client, MemoryVault()):
        with pytest.raises(Refused) as refused:
            asks(vault)
        output.add((refused.value.rule, str(refused.value)))

    ((rule, _),) = output
    assert rule == "vault.bad-request"


@pytest.mark.parametrize("actor", ["A" * 201, "", "system:recorder", HALF])
def test_who_is_no_person_is_refused_by_every_vault_alike(actor: str, core: VaultCore, client: EachProcess) -> None:
    for vault in (core, client, MemoryVault()):
        with pytest.raises(Refused) as refused:
            vault.open_kept("k", actor=actor, purpose="p")
        assert refused.value.rule == "actor.not-a-person"


@pytest.mark.parametrize(
    "asks",
    [
        lambda vault: vault.seal_key("d", "c" * 201),
        lambda vault: vault.seal_key("", "cam"),
        lambda vault: vault.open_key("k" * 201),
        lambda vault: vault.open_key(HALF),
        lambda vault: vault.hold(["k"] * (MOST_IDS + 1), held=True),
        lambda vault: vault.sign(SignatureKind.SITE, b"x" * (m.LONGEST_SIGNED + 1)),
    ],
)
def test_and_so_for_what_the_double_cannot_do(
    asks: Callable[[Vault], Any], core: VaultCore, client: EachProcess
) -> None:
    for vault in (core, client):
        with pytest.raises(Refused) as refused:
            asks(vault)

        assert refused.value.rule == "vault.bad-request"


def test_a_request_s_key_belongs_to_no_deployment_and_is_listed_with_none(core: VaultCore, client: EachProcess) -> None:
    memory = MemoryVault()
    for maker, vaults in ((client, (core, client)), (memory, (memory,))):
        made = maker.make_key(KeyKind.RIGHTS, "", "R-2026-7QF3", NOW_NS + 10**15, actor=SystemActor.RIGHTS).info
        with pytest.raises(Refused, match="already"):
            maker.make_key(KeyKind.RIGHTS, "", "R-2026-7QF3", NOW_NS + 10**15, actor=SystemActor.RIGHTS)
        _see_listed(vaults, made)


def _see_listed(vaults: Sequence[Vault], made: KeptKeyInfo) -> None:
    for vault in vaults:
        assert vault.kept(KeyKind.RIGHTS) == vault.kept(KeyKind.RIGHTS, "") == (made,)
        assert vault.kept(KeyKind.RIGHTS, "dep") == ()


def test_more_keys_than_one_answer_holds_are_listed_whole_and_in_the_same_order(
    core: VaultCore, client: EachProcess, monkeypatch: pytest.MonkeyPatch
) -> None:
    for number in range(7):
        core.make_key(KeyKind.ALERT, "d", f"alert-{number}", NOW_NS + 10**13, actor=SystemActor.RECORDER)
    monkeypatch.setattr(dispatch, "MOST_IDS", 3)

    assert client.kept() == core.kept()
    assert len(client.kept(KeyKind.ALERT, "d")) == 7


def test_holds_of_more_segments_than_one_request_takes_are_asked_for_in_parts(
    core: VaultCore, monkeypatch: pytest.MonkeyPatch
) -> None:
    keys = [
        core.make_key(KeyKind.FOOTAGE, "d", f"segment-{n}", NOW_NS + 10**15, actor=SystemActor.CAMERA).info.id
        for n in range(7)
    ]
    monkeypatch.setattr(core.people, "held", frozenset(f"segment-{n}" for n in range(7)))
    monkeypatch.setattr(port, "MOST_IDS", 3)
    asked: list[int] = []
    hold = core.hold

    def counted(key_ids: tuple[str, ...], *, held: bool) -> None:
        asked.append(len(key_ids))
        hold(key_ids, held=held)

    monkeypatch.setattr(core, "hold", counted)

    assert _hold(core, keys, held=True) == []
    assert asked == [3, 3, 1]
    assert all(info.held for info in core.kept())
    assert _hold(core, [*keys[:5], "gone", *keys[5:]], held=True) == ["gone"]


def test_the_longest_answer_and_the_longest_request_fit_a_message() -> None:
    four_bytes = "\U0001f600"
    info = m.Info(
        id="f" * 32, kind=KeyKind.WATCHLIST, deployment=four_bytes * 200, subject=four_bytes * 180,
        fingerprint="f" * 64, due_ns=2**63 - 1, held=False,
    )  # fmt: skip
    destroyed = m.DestroyedAnswer(destroyed=(m.Destroying(info=info, destroyed_ns=2**63 - 1),) * MOST_IDS)
    asked = m.checked(m.Destroy, key_ids=(four_bytes * 200,) * MOST_IDS, rule=ErasureRule.LIST_ENDED)

    assert len(destroyed.model_dump_json().encode()) < wire.LONGEST
    assert len(asked.model_dump_json().encode()) < wire.LONGEST


def test_what_a_key_may_be_called_the_audit_trail_can_name() -> None:
    for kind, (maker, *_) in MAKERS.items():
        deployment = "" if kind is KeyKind.RIGHTS else "d" * 200
        asked = m.checked(m.MakeKey, kind=kind, deployment=deployment, subject="s" * 180, due_ns=NOW_NS, actor=maker)

        check_event(AuditEvent(Verb.CONSULT, "A", asked.deployment, f"{kind}:{asked.subject}", rule="p" * 200))
