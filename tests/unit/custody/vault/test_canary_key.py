"""The key with which canaries are signed: of erasure, for the canary alone."""

from __future__ import annotations

from pathlib import Path

from lfr_core.custody.vault.port import RecordUse
from lfr_core.custody.vault.record_mac import MAC_HEADER, USE_HEADER, RecordSigner, RecordVerifier, check_entry
from lfr_core.domain.actors import SystemActor
from lfr_core.domain.reserved import CANARY_ENTRY
from tests.support.vault_core import NOW_NS, TwoClocks, refused, vault_core

TOPIC, KEY, VALUE = "lfr.sightings", b"north", b'{"deployment":"d"}'


def test_a_canarys_key_signs_the_canary_and_no_sighting_of_anybody_else(tmp_path: Path) -> None:
    """It is lent to erasure, which commands and workflows may be; the workers' isn't."""
    core, clock = vault_core(tmp_path)[0], TwoClocks()
    as_canary: dict[str, bytes | None] = {USE_HEADER: b"canary"}
    signer = RecordSigner(core, clock, SystemActor.ERASURE, use=RecordUse.CANARY)
    headers = as_canary | {MAC_HEADER: signer.sign(TOPIC, KEY, as_canary, VALUE)}
    verifier = RecordVerifier(core, clock, SystemActor.RECORDER)
    use = verifier.check(TOPIC, KEY, headers, VALUE, appended_ns=NOW_NS)

    check_entry(use, CANARY_ENTRY)
    for entry in ("entry-1", ""):  # somebody who is listed; an outcome or an answer to a live probe
        with refused("record.not-authentic"):
            check_entry(use, entry)
    with refused("record.not-authentic"):  # as a worker's
        verifier.check(TOPIC, KEY, {MAC_HEADER: headers[MAC_HEADER]}, VALUE, appended_ns=NOW_NS)
    unsaid = {MAC_HEADER: signer.sign(TOPIC, KEY, {}, VALUE)}
    with refused("record.not-authentic"):
        verifier.check(TOPIC, KEY, unsaid, VALUE, appended_ns=NOW_NS)
    of_worker = {MAC_HEADER: RecordSigner(core, clock, SystemActor.RECOGNISER).sign(TOPIC, KEY, {}, VALUE)}
    check_entry(verifier.check(TOPIC, KEY, of_worker, VALUE, appended_ns=NOW_NS), "entry-1")
