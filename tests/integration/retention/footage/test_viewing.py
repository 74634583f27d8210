"""Viewing and export: nothing without the vault and the trail, and what comes out says what it is."""

from __future__ import annotations

import hashlib
import json
import os
from pathlib import Path

import pytest

from lfr_core.common.errors import Refused, Retryable
from lfr_core.retention.exports import Exports
from lfr_core.retention.footage.export import MANIFEST, Written, disclose, write_frames
from lfr_core.retention.footage.viewing import Viewing, choose_footage
from tests.support.footage import FootageHarness, jpeg
from tests.support.people import authenticated
from tests.support.records import NOW_NS


def viewing(harness: FootageHarness, *, from_s: float | None = None, to_s: float | None = None) -> Viewing:
    first = None if from_s is None else NOW_NS + round(from_s * 1e9)
    last = None if to_s is None else NOW_NS + round(to_s * 1e9)
    chosen = choose_footage(harness.engine, deployment="dep", by=authenticated("DC Ask"), from_ns=first, to_ns=last)
    return Viewing(
        harness.folder,
        harness.vault,
        chosen,
        actor=authenticated("DC Ask"),
        purpose="case 36/1234/26",
        from_ns=first,
        to_ns=last,
    )


def viewed(harness: FootageHarness, *, from_s: float | None = None, to_s: float | None = None) -> Written:
    chosen = viewing(harness, from_s=from_s, to_s=to_s)
    return write_frames(chosen, Exports(harness.home, keep_h=24), "seen", now_ns=harness.clock.now_ns)


def exported(harness: FootageHarness) -> Written:
    return disclose(
        viewing(harness),
        Exports(harness.home, keep_h=24),
        "evidence",
        engine=harness.engine,
        trail=harness.trail,
        deployment="dep",
        actor=authenticated("DC Ask"),
        purpose="case 36/1234/26",
        now_ns=harness.clock.now_ns,
    )


def test_the_frames_of_a_time_come_out_as_they_went_in_across_segments(harness: FootageHarness, tmp_path: Path) -> None:
    harness.record(90)

    written = viewed(harness, from_s=25, to_s=35)

    files = sorted(written.folder.iterdir())
    assert [file.read_bytes() for file in files] == [jpeg(number) for number in range(25, 35)]
    assert files[0].name == "000000-north-20261123T120025.000000Z.jpg"
    assert [(each.frames, each.problem) for each in written.seen] == [(5, ""), (5, "")]


def test_each_segment_looked_at_is_on_the_trail_and_the_others_are_not(harness: FootageHarness, tmp_path: Path) -> None:
    _, second, _ = harness.record(90)

    viewed(harness, from_s=35, to_s=40)

    bodies = [entry.body for entry in harness.audited("consult")]
    assert len(bodies) == 1
    assert f"footage:{second.id}" in bodies[0]
    assert "case 36/1234/26" in bodies[0]
    assert "Ask" not in bodies[0]


def test_what_cant_be_audited_isnt_shown(
    harness: FootageHarness, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    harness.record(10)

    def refuse(*_: object) -> None:
        raise Retryable("the trail is away")

    monkeypatch.setattr(harness.core.audit, "record", refuse)
    with pytest.raises(Retryable):
        viewed(harness)

    assert list((harness.home / "exports").iterdir()) == []


def test_an_export_has_a_manifest_that_accounts_for_each_file_and_is_a_disclosure(
    harness: FootageHarness, tmp_path: Path
) -> None:
    (segment,) = harness.record(10)

    written = exported(harness)

    manifest = json.loads((written.folder / MANIFEST).read_text())
    assert {each["file"]: each["sha256"] for each in manifest["files"]} == {
        file.name: hashlib.sha256(file.read_bytes()).hexdigest()
        for file in written.folder.iterdir()
        if file.name != MANIFEST
    }
    assert (manifest["exported_by"], manifest["purpose"]) == ("DC Ask", "case 36/1234/26")
    assert [(each["id"], each["frames_exported"]) for each in manifest["segments"]] == [(segment.id, 10)]
    digest = hashlib.sha256((written.folder / MANIFEST).read_bytes()).hexdigest()
    assert written.manifest_sha256 == digest
    (entry,) = harness.audited("disclose")
    assert digest in entry.body
    assert (os.stat(written.folder).st_mode & 0o777) == 0o700  # noqa: PTH116


def test_an_export_that_isnt_on_the_trail_leaves_nothing_behind(
    harness: FootageHarness, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    harness.record(10)

    def refuse(*_: object) -> None:
        raise Retryable("the trail is away")

    monkeypatch.setattr(harness.trail, "append", refuse)
    with pytest.raises(Retryable):
        exported(harness)

    assert list((harness.home / "exports").iterdir()) == []


def test_damage_is_said_and_the_rest_comes_out(harness: FootageHarness, tmp_path: Path) -> None:
    first, second, third = harness.record(90)
    changed = bytearray(harness.file(first).read_bytes())
    changed[-1] ^= 1
    harness.file(first).write_bytes(changed)
    harness.file(second).write_bytes(harness.file(second).read_bytes()[:-10])
    harness.file(third).unlink()

    written = viewed(harness)

    assert [(each.frames, each.damaged, each.frames_lacking) for each in written.seen] == [
        (29, 1, 0),
        (29, 0, 1),
        (0, 0, 30),
    ]
    assert written.seen[1].cut_short_bytes > 0
    assert written.seen[2].problem == "its file is missing or unreadable"


def test_what_is_destroyed_is_said_to_be_gone_and_what_never_was_unknown(
    harness: FootageHarness, tmp_path: Path
) -> None:
    (segment,) = harness.record(10)
    harness.core.keystore.destroy((segment.key_id,))
    with pytest.raises(Refused) as refused:
        viewed(harness)
    assert (refused.value.rule, "its key is destroyed" in str(refused.value)) == ("footage.nothing", True)
    harness.after(32)
    harness.expire()
    for deployment, rule in (("dep", "footage.gone"), ("other", "footage.unknown")):
        with pytest.raises(Refused) as refused:
            choose_footage(harness.engine, deployment=deployment, by=authenticated("DC Ask"))
        assert refused.value.rule == rule


def test_an_export_of_a_name_that_is_there_already_is_refused_and_nobody_has_looked(harness: FootageHarness) -> None:
    harness.record(10)
    viewed(harness)
    looked = len(harness.audited("consult"))

    with pytest.raises(Refused) as refused:
        viewed(harness)

    assert (refused.value.rule, len(harness.audited("consult"))) == ("export.exists", looked)
