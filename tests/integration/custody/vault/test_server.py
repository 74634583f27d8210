"""The vault behind its socket: what it gives, and whom it refuses."""

from __future__ import annotations

import time
from dataclasses import replace
from pathlib import Path

import pytest

from lfr_core.common.errors import Refused, Retryable
from lfr_core.custody.vault.port import ErasureRule, KeyKind, Vault
from lfr_core.custody.vault.sealing import fingerprint
from lfr_core.domain.actors import SystemActor
from lfr_core.domain.signatures import SignatureForm, SignatureKind, find_form
from tests.support.each_process import EachProcess
from tests.support.served_vault import Served

FAR_NS = 10**15


@pytest.fixture(params=["core", "client"])
def vault(request: pytest.FixtureRequest, served: Served) -> Vault:
    """The contract below holds for both implementations of the port."""
    return served.core if request.param == "core" else served.client


def test_a_frame_s_key_is_lent_and_lent_again(vault: Vault) -> None:
    sealing = vault.seal_key("d", "cam")

    assert vault.open_key(sealing.id) == replace(sealing, canary="")
    assert (len(sealing.key), vault.check_gate("d")) == (32, sealing.lease_s)


def test_the_canary_that_a_camera_was_asked_for_is_told_and_collected(vault: Vault, served: Served) -> None:
    asked = vault.seal_key("d", "cam")
    vault.tell_canary(asked.canary, asked.id, "cam", [b"c" * 32, b"d" * 36], [b"s" * 32])
    sent, none = vault.collect_canary("d"), vault.collect_canary("d")

    assert none is None
    assert sent is not None
    assert (sent.id, sent.deployment, sent.camera, sent.key_id) == (asked.canary, "d", "cam", asked.id)
    assert (sent.clear, sent.stored) == ((b"c" * 32, b"d" * 36), (b"s" * 32,))
    assert (sent.fingerprint, sent.sent_ns, sent.due_ns) == (
        fingerprint(asked.key),
        served.clock.time_ns(),
        asked.opens_until_ns,
    )


def test_the_time_is_reported_while_it_can_be_trusted(vault: Vault, served: Served) -> None:
    reported = vault.trusted_now_ns()
    now_ns = served.clock.time_ns()
    served.clock.step(86_400)

    assert reported == now_ns
    with pytest.raises(Refused) as refused:
        vault.trusted_now_ns()
    assert refused.value.rule == "vault.clock"


def test_refusals_keep_their_rule(vault: Vault) -> None:
    for asks, rule in (
        (lambda: vault.seal_key("nowhere", "cam"), "gate.unknown"),
        (lambda: vault.check_gate("nowhere"), "gate.unknown"),
        (lambda: vault.open_key("nothing"), "vault.key-gone"),
        (lambda: vault.open_kept("nothing", actor="A", purpose="p"), "vault.key-gone"),
        (lambda: vault.hold(["nothing"], held=True), "vault.key-gone"),
    ):
        with pytest.raises(Refused) as refused:
            asks()

        assert refused.value.rule == rule


def test_kept_keys_are_made_opened_listed_held_and_destroyed(vault: Vault, served: Served) -> None:
    due_ns = served.clock.time_ns() + 60 * 10**9
    made = vault.make_key(KeyKind.FOOTAGE, "d", "segment-1", due_ns, actor=SystemActor.CAMERA)

    opened = vault.open_kept(made.info.id, actor="A. Okafor", purpose="evidence")
    with pytest.raises(Refused, match="no hold on record"):
        vault.hold([made.info.id], held=True)
    served.records.held = frozenset({"segment-1"})
    vault.hold([made.info.id], held=True)
    (held,) = vault.kept(KeyKind.FOOTAGE, "d")
    served.records.held = frozenset()
    vault.hold([made.info.id], held=False)
    (gone,) = vault.destroy([made.info.id, "nothing"], rule=ErasureRule.FOOTAGE_DUE)

    assert opened == made
    assert (held.held, vault.kept(KeyKind.ALERT), vault.kept()) == (True, (), ())
    assert (gone.info, gone.destroyed_ns) == (made.info, served.clock.time_ns())


def test_signatures_verify_and_names_have_pseudonyms(vault: Vault, served: Served) -> None:
    message = b"a site"
    served.core.signing.allow({SignatureKind.SITE: lambda _: None})
    signed = vault.sign(SignatureKind.SITE, message)

    signature, key = signed.signature.hex(), signed.public_key.hex()
    assert find_form(SignatureKind.SITE, message, signature=signature, public_key=key) is SignatureForm.TYPED
    assert find_form(SignatureKind.CERTIFICATE, message, signature=signature, public_key=key) is None
    assert vault.public_key == signed.public_key == served.core.public_key
    assert vault.pseudonym("A") == served.core.pseudonym("A")


def test_what_is_not_of_its_kind_is_not_signed(vault: Vault) -> None:
    for kind in SignatureKind:
        with pytest.raises(Refused) as refused:
            vault.sign(kind, b"a head")
        assert refused.value.rule == "vault.not-signed"


def test_with_the_records_away_every_call_may_be_tried_again(vault: Vault, served: Served) -> None:
    served.records.away = True

    with pytest.raises(Retryable):
        vault.seal_key("d", "cam")


def test_a_stopped_vault_opens_nothing_and_a_new_one_at_its_place_is_found_without_a_restart_of_its_clients(
    tmp_path: Path,
) -> None:
    first = Served(tmp_path)
    key = first.client.seal_key("d", "cam")
    client = EachProcess(first.path, first.folder)
    client.ping()
    first.stop()
    with pytest.raises(Retryable, match="lfr up"):
        client.open_key(key.id)

    second = Served(tmp_path)
    try:
        with pytest.raises(Refused) as refused:  # sealed frames of before are lost, by design
            client.open_key(key.id)
        assert refused.value.rule == "vault.key-gone"
        assert client.seal_key("d", "cam").id != key.id
    finally:
        client.close()
        second.stop()


def test_the_timer_destroys_while_nobody_asks(served: Served) -> None:
    key_id = served.client.seal_key("d", "cam").id
    served.clock.advance(15.1)
    deadline = time.monotonic() + 5
    while key_id not in served.records.destroyed_:
        assert time.monotonic() < deadline
        time.sleep(0.05)
