"""The file of admitted machines is read whatever was written, and has room for every end of what stands in it."""

from __future__ import annotations

from pathlib import Path

from lfr_core.common.errors import Refused
from lfr_core.custody.vault.machine_file import MOST_BYTES, Machine, check_room, read_machines, write_machines
from lfr_core.custody.vault.machine_messages import MOST_CAMERAS
from lfr_core.domain.actors import ProcessIdentity

IDENTITIES = (ProcessIdentity.CAMERA, ProcessIdentity.RECOGNISE, ProcessIdentity.RECORD)


def machine(name: str, before: int, cameras: tuple[str, ...] = ("north",)) -> Machine:
    """One that was admitted so many times before, its certificates of then not yet ended by a number."""
    return Machine(
        name=name,
        identities=IDENTITIES,
        cameras=cameras,
        serials=tuple(f"{number:040x}" for number in range(3)),
        admitted_ns=10**18,
        until_ns=2 * 10**18,
        last_entries={f"{number:040x}": None for number in range(3, 3 * before + 3)},
    )


def test_ten_thousand_admissions_are_read_again(tmp_path: Path) -> None:
    machines = [machine(f"van-{number}", 99) for number in range(90)]
    check_room(machines)
    write_machines(tmp_path / "machines.json", machines)
    assert read_machines(tmp_path / "machines.json") == {each.name: each for each in machines}


def test_an_admission_is_refused_before_the_file_outgrows_what_reads_it_and_each_end_is_written_still(
    tmp_path: Path,
) -> None:
    longest = tuple("\u00e9" * 198 + f"{number:02}" for number in range(MOST_CAMERAS))
    machines: list[Machine] = []
    rule = ""
    while not rule:
        try:
            check_room(machines)
        except Refused as error:
            rule = error.rule
        else:
            machines.append(machine(f"van-{len(machines)}", 50, longest))
    assert rule == "vault.machine"
    ended = [each.model_copy(update={"dismissed_ns": 2**62, "last_entries": each.ends_at(2**62)}) for each in machines]
    write_machines(tmp_path / "machines.json", ended)
    assert (tmp_path / "machines.json").stat().st_size <= MOST_BYTES
    assert len(read_machines(tmp_path / "machines.json")) == len(machines)
