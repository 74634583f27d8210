"""A TPM through tpm2-tools: slow, throttled, hanging, locked, away. Each is bounded in seconds, and says what to do."""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest

from lfr_core.common.errors import Refused, Retryable
from lfr_core.custody.vault.tpm import COUNT_BYTES, TpmTools
from tests.support.tpms import SoftwareTpm, software_tpm

pytestmark = [pytest.mark.fault("keystore and head put back"), pytest.mark.tpm]

PLACE = 0x01A5_5550
THROTTLED, LOCKED, SPACE = "0x920", "0x921", "0x14b"


@pytest.fixture(scope="module")
def chip() -> Iterator[SoftwareTpm]:
    with software_tpm() as made:
        yield made


class Programs:
    """Stands before tpm2-tools in PATH, and answers as a chip would that isn't well."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    def answer(self, name: str, code: str, times: int = 1_000) -> None:
        """Say that code so many times, and let the real program answer then."""
        self._write(
            name,
            f'n=$(cat "$0.n" 2>/dev/null || echo 0)\necho $((n + 1)) > "$0.n"\n'
            f'[ $n -lt {times} ] && {{ echo "ERROR: Esys_NV({code}) - as it was told" >&2; exit 1; }}\n'
            f'exec {shutil.which(name, path="/usr/bin:/bin")} "$@"\n',
        )

    def hang(self, name: str) -> None:
        self._write(name, "exec sleep 3600\n")

    def asked(self, name: str) -> int:
        return int((self._folder / f"{name}.n").read_text())

    def _write(self, name: str, script: str) -> None:
        file = self._folder / name
        file.write_text(f"#!/bin/sh\n{script}")
        file.chmod(0o755)


@pytest.fixture
def programs(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Programs:
    monkeypatch.setenv("PATH", f"{tmp_path}:{os.environ['PATH']}")
    return Programs(tmp_path)


def test_what_is_written_is_read_whole_and_what_isnt_there_is_told_from_what_was_never_written(
    chip: SoftwareTpm,
) -> None:
    tpm, content = TpmTools(chip.way), bytes(range(52))
    assert tpm.read(PLACE, 52) is None
    tpm.define(PLACE, 52)
    tpm.define(PLACE, 52)
    assert tpm.read(PLACE, 52) == b""
    tpm.write(PLACE, content)
    assert tpm.read(PLACE, 52) == content
    tpm.define_counter(PLACE + 1)
    for number in (1, 2):
        tpm.count_up(PLACE + 1)
        assert int.from_bytes(tpm.read(PLACE + 1, COUNT_BYTES) or b"", "big") == number

    for each in (PLACE, PLACE + 1):
        tpm.remove(each)
        tpm.remove(each)
        assert tpm.read(each, 8) is None
    tpm.define_counter(PLACE + 1)  # made anew, it goes on from the highest that ever was
    tpm.count_up(PLACE + 1)
    assert int.from_bytes(tpm.read(PLACE + 1, COUNT_BYTES) or b"", "big") == 3
    tpm.remove(PLACE + 1)


def test_a_chip_that_asks_for_patience_is_asked_again_for_so_long_and_no_longer(
    chip: SoftwareTpm, programs: Programs
) -> None:
    programs.answer("tpm2_nvdefine", THROTTLED, times=3)
    tpm = TpmTools(chip.way, sleep=lambda _s: None)

    tpm.define(PLACE, 8)

    assert programs.asked("tpm2_nvdefine") == 4
    assert tpm.read(PLACE, 8) == b""
    tpm.remove(PLACE)
    programs.answer("tpm2_nvdefine", THROTTLED)
    with pytest.raises(Retryable, match="asks for patience"):
        TpmTools(chip.way, patience_s=0.2).define(PLACE, 8)


def test_a_chip_that_hangs_is_given_up_after_seconds(chip: SoftwareTpm, programs: Programs) -> None:
    programs.hang("tpm2_nvread")

    with pytest.raises(Retryable, match="doesn't answer within") as away:
        TpmTools(chip.way, command_s=0.3).read(PLACE, 8)

    assert "docs/runbooks/tpm-away.md" in str(away.value)


@pytest.mark.parametrize(
    ("code", "words"),
    [(LOCKED, "locked after wrong passwords"), (SPACE, "no room"), ("0x9a2", "a password"), ("0x101", "rc_decode")],
)
def test_what_a_chip_refuses_is_said_with_what_to_do(
    code: str, words: str, chip: SoftwareTpm, programs: Programs
) -> None:
    programs.answer("tpm2_nvdefine", code)

    with pytest.raises(Refused, match=words) as refused:
        TpmTools(chip.way).define(PLACE, 8)

    assert refused.value.rule == "vault.tpm"


@pytest.mark.parametrize("way", ["swtpm:path=/nowhere/s", "device:/dev/none-here"])
def test_no_chip_there_is_said(way: str, chip: SoftwareTpm) -> None:
    del chip  # the programs are installed
    with pytest.raises(Retryable, match="can't be reached"):
        TpmTools(way).read(PLACE, 8)


def test_programs_that_arent_installed_are_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))

    with pytest.raises(Refused, match="tpm2_nvread isn't installed"):
        TpmTools("device:/dev/tpmrm0").read(PLACE, 8)
