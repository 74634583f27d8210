"""An alert's pictures: sealed, opened for a person and a purpose, on the trail; and the recorder that seals them."""

from __future__ import annotations

import base64
import json
from uuid import UUID, uuid4

import pytest
from sqlmodel import select, text

from lfr_core.alerts.read.crops import DELETED
from lfr_core.common.errors import Refused, Retryable
from lfr_core.custody.vault.port import KeyKind
from lfr_core.storage.tables.alerts import AlertRow
from tests.support.alert_harness import AlertHarness
from tests.support.overwriting import overwriting
from tests.support.people import authenticated
from tests.support.records import add_deployment, alerts_of, sighting
from tests.support.vaults import MemoryVault


def test_each_opening_is_on_the_trail_with_a_pseudonym_and_the_purpose(harness: AlertHarness) -> None:
    alert = harness.alert(probe=b"the probe")

    opened = harness.crops.open(alert, authenticated("Ann Operator"), "second look")

    assert opened.probe.reveal() == b"the probe"
    assert [r.jpeg.reveal() for r in opened.references] == [b"reference crop"]
    (body,) = [body for body in harness.audited("consult") if f"alert:{alert}" in body]
    output = json.loads(body)
    assert output["rule"] == "second look"
    assert output["actor"] == f"person:{harness.vault.pseudonym('Ann Operator')}"
    assert "Ann" not in body


@pytest.mark.parametrize(("actor", "purpose"), [("", "look"), ("Ann", "  ")])
def test_without_a_name_or_a_purpose_nothing_opens(harness: AlertHarness, actor: str, purpose: str) -> None:
    alert = harness.alert()

    with pytest.raises(Refused) as caught:
        harness.crops.open(alert, authenticated(actor), purpose)

    assert caught.value.rule in {"vault.purpose-missing", "people.unknown"}


def test_an_unknown_alert_and_one_whose_key_is_gone_are_reported_alike(harness: AlertHarness) -> None:
    alert = harness.alert()
    harness.vault.keystore.destroy(tuple(info.id for info in harness.vault.kept(KeyKind.ALERT)))

    for which in (alert, uuid4()):
        with pytest.raises(Refused) as caught:
            harness.crops.open(which, authenticated("Ann"), "look")
        assert caught.value.rule == DELETED


def _refused(harness: AlertHarness, alert: UUID) -> str:
    with pytest.raises(Refused) as caught:
        harness.crops.open(alert, authenticated("Ann"), "look")
    return caught.value.rule


def test_a_probe_moved_to_another_alert_with_its_key_does_not_open_there(harness: AlertHarness) -> None:
    first, second = harness.alert(0.0), harness.alert(60.0)
    with overwriting(harness.engine) as session:
        rows = {row.id: row for row in session.exec(select(AlertRow))}
        rows[second].probe_sealed, rows[second].key_id = rows[first].probe_sealed, rows[first].key_id

    assert _refused(harness, second) == "vault.not-authentic"


def test_a_reference_under_anothers_name_does_not_open(harness: AlertHarness) -> None:
    alert = harness.alert()
    with overwriting(harness.engine) as session:
        session.execute(text("UPDATE alert_reference SET id = 'entry-2/1'"))

    assert _refused(harness, alert) == "vault.not-authentic"


def test_opening_an_alert_is_on_the_trail_and_joining_one_is_not(harness: AlertHarness) -> None:
    alert = harness.alert(0.0)
    harness.recorder().record_sightings([sighting(1.0, similarity=0.9, probe=b"better", vault=harness.vault)])

    collected = [body for body in harness.audited("collect") if "alert:" in body]

    assert len(collected) == 1
    assert json.loads(collected[0])["subject"] == f"alert:{alert}"
    assert harness.crops.open(alert, authenticated("Ann"), "look").probe.reveal() == b"better"


def test_every_alert_has_a_key_of_its_own_due_after_24_hours_and_joining_makes_none(harness: AlertHarness) -> None:
    alerts = {str(harness.alert(60.0 * n)) for n in range(3)}
    harness.recorder().record_sightings([sighting(1.0, similarity=0.9, vault=harness.vault)])

    kept = harness.vault.kept(KeyKind.ALERT)

    assert {info.subject for info in kept} == alerts
    assert {info.due_ns - harness.clock.time_ns() for info in kept} == {24 * 3_600 * 10**9}
    assert len({info.fingerprint for info in kept}) == 3


def test_a_sighting_with_a_changed_probe_is_reported_and_its_neighbours_are_recorded(harness: AlertHarness) -> None:
    good, bad, foreign = (
        sighting(0.0, vault=harness.vault),
        sighting(60.0, vault=harness.vault),
        sighting(120.0, vault=MemoryVault()),
    )
    damaged = bytes([*bad.probe_sealed[:-1], bad.probe_sealed[-1] ^ 1])
    bad = type(bad).model_validate(bad.model_dump() | {"probe_sealed": base64.b64encode(damaged)})

    recorded = harness.recorder().record_sightings([bad, good, foreign])

    rules = {one.id: error.rule for one, error in recorded.failures if isinstance(error, Refused)}
    assert rules == {bad.id: "vault.not-authentic", foreign.id: "vault.key-gone"}
    assert len(recorded.opened) == len(alerts_of(harness.engine, "dep")) == 1


def test_a_probe_sealed_for_another_deployment_is_refused(harness: AlertHarness) -> None:
    add_deployment(harness.engine, "other")
    other = sighting(0.0, deployment="other", vault=harness.vault)
    stolen = type(other).model_validate(
        sighting(0.0, vault=harness.vault).model_dump()
        | {"probe_sealed": base64.b64encode(other.probe_sealed), "key_id": other.key_id}
    )

    recorded = harness.recorder().record_sightings([stolen])

    ((_, error),) = recorded.failures
    assert isinstance(error, Refused)
    assert error.rule == "vault.not-authentic"


@pytest.mark.parametrize("call", ["make_key", "open_kept", "kept"])
def test_with_the_vault_away_nothing_is_recorded_and_the_same_batch_tried_again_is(
    harness: AlertHarness, monkeypatch: pytest.MonkeyPatch, call: str
) -> None:
    batch = [sighting(0.0, vault=harness.vault), sighting(60.0, vault=harness.vault)]

    def away(*_: object, **__: object) -> None:
        raise Retryable("the vault is away")

    with monkeypatch.context() as patch:
        patch.setattr(harness.vault, call, away)
        for _ in range(2):
            with pytest.raises(Retryable):
                harness.recorder().record_sightings(batch)
    assert alerts_of(harness.engine, "dep") == ()

    assert len(harness.recorder().record_sightings(batch).opened) == 2


def test_what_needs_no_picture_needs_no_vault(harness: AlertHarness, monkeypatch: pytest.MonkeyPatch) -> None:
    harness.alert(0.0)
    weaker = sighting(1.0, similarity=0.5, vault=harness.vault)

    def asked(*_: object, **__: object) -> None:
        raise AssertionError("the vault was asked")

    for call in ("make_key", "open_kept", "kept"):
        monkeypatch.setattr(harness.vault, call, asked)

    assert harness.recorder().record_sightings([weaker]).failures == ()
    assert alerts_of(harness.engine, "dep")[0].sightings == 2


def test_a_keystore_that_cannot_be_written_is_tried_again_not_dead_lettered(
    harness: AlertHarness, monkeypatch: pytest.MonkeyPatch
) -> None:
    batch = [sighting(0.0, vault=harness.vault)]

    def full(*_: object, **__: object) -> None:
        raise Refused("vault.keystore", "the disk is full")

    with monkeypatch.context() as patch:
        patch.setattr(harness.vault, "make_key", full)
        with pytest.raises(Retryable, match="disk is full"):
            harness.recorder().record_sightings(batch)

    assert len(harness.recorder().record_sightings(batch).opened) == 1


def test_after_the_list_is_destroyed_a_late_sighting_opens_nothing(harness: AlertHarness) -> None:
    (key,) = harness.vault.kept(KeyKind.WATCHLIST, "dep")
    harness.vault.keystore.destroy((key.id,))

    ((_, error),) = harness.recorder().record_sightings([sighting(0.0, vault=harness.vault)]).failures

    assert isinstance(error, Refused)
    assert error.rule == "vault.key-gone"
    assert harness.vault.kept(KeyKind.WATCHLIST) == ()  # and no key is made for it again


def test_a_list_is_sealed_under_its_deployments_key_and_an_attached_one_makes_no_other(harness: AlertHarness) -> None:
    with harness.engine.connect() as connection:
        sealed = connection.execute(text("SELECT crop_sealed FROM watchlist_reference")).scalars().all()

    assert all(b"reference crop" not in bytes(one) for one in sealed)
    assert [info.subject for info in harness.vault.kept(KeyKind.WATCHLIST)] == ["dep"]
    with pytest.raises(Refused):
        harness.store.attach_watchlist("nowhere", "c", "g", harness.entries)
    assert len(harness.vault.kept(KeyKind.WATCHLIST)) == 1
