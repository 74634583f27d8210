from __future__ import annotations

import gzip
import os
import zipfile
from dataclasses import dataclass
from pathlib import Path

import pytest

from lfr_core.common.errors import Fatal, Refused
from lfr_core.retention.erasure import verify as module
from lfr_core.retention.erasure.canary import CanaryFile, CanaryKind, InjectedCanary, PositiveControl
from lfr_core.retention.erasure.keys import KeyState
from lfr_core.retention.erasure.search import SearchResult
from lfr_core.retention.erasure.stores import ClosedStore, FolderStore, Store
from lfr_core.retention.erasure.verify import Verdict, Verification, confirm, verify

DUE_NS = 1_000


@dataclass
class Keys:
    state_: KeyState

    def state(self, injected: InjectedCanary) -> KeyState:
        return self.state_


GONE = Keys(KeyState(refused=True, recorded=True))
HELD = Keys(KeyState(refused=False, recorded=False))
UNRECORDED = Keys(KeyState(refused=True, recorded=False))


def canary(control: PositiveControl = PositiveControl.FOUND, key_id: str = "k", store: str = "one") -> InjectedCanary:
    return InjectedCanary(
        id="c1",
        kind=CanaryKind.REFERENCE,
        deployment="dep",
        store=store,
        planted_ns=0,
        due_ns=DUE_NS,
        key_id=key_id,
        key_fingerprint="f" if key_id else "",
        clear=(os.urandom(32),),
        stored=(os.urandom(32),),
        control=control,
    )


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    folder = tmp_path / "store"
    folder.mkdir()
    (folder / "stays").write_text("a store is never empty")
    return folder


def store(folder: Path) -> FolderStore:
    return FolderStore("one", "a folder", (folder,))


def run(
    injected: InjectedCanary,
    *stores: Store,
    tmp: Path,
    keys: Keys = GONE,
    now_ns: int = DUE_NS,
    known: tuple[str, ...] = (),
) -> Verification:
    return verify([injected], stores, keys, now_ns=now_ns, ended_ns=None, scratch=tmp / "control", known=known)


def verdict(search: Verification, index: int = 0) -> Verdict:
    return search.stores[index].findings[0].verdict


def test_what_lies_in_the_clear_fails_whether_it_is_due_or_not(folder: Path, tmp_path: Path) -> None:
    one = canary()
    (folder / "log").write_bytes(b"x" + one.clear[0])

    search = run(one, store(folder), tmp=tmp_path, now_ns=0)

    assert (verdict(search), search.passed) == (Verdict.FOUND_CLEAR, False)
    assert search.stores[0].findings[0].places == (f"{folder / 'log'} at 1",)


@pytest.mark.parametrize(
    ("keys", "now_ns", "expected", "passed"),
    [
        (GONE, DUE_NS, Verdict.SEALED, True),
        (HELD, DUE_NS, Verdict.OPENABLE, False),
        (UNRECORDED, DUE_NS, Verdict.OPENABLE, False),
        (HELD, DUE_NS - 1, Verdict.KEPT, True),
    ],
)
def test_what_is_still_stored_is_allowed_only_without_its_key_or_before_its_time(
    folder: Path, tmp_path: Path, keys: Keys, now_ns: int, expected: Verdict, *, passed: bool
) -> None:
    one = canary()
    (folder / "segment").write_bytes(one.stored[0])

    search = run(one, store(folder), tmp=tmp_path, keys=keys, now_ns=now_ns)

    assert (verdict(search), search.passed) == (expected, passed)


def test_another_folder_in_the_place_of_the_one_in_which_it_was_found_proves_nothing(
    folder: Path, tmp_path: Path
) -> None:
    one = canary(PositiveControl.PENDING, key_id="")
    (folder / "vectors").write_bytes(one.stored[0])
    (found,) = confirm([one], [store(folder)])
    assert run(found, store(folder), tmp=tmp_path, now_ns=0).passed
    folder.rename(tmp_path / "moved away")
    folder.mkdir()
    (folder / "made anew").write_text("by the service, when it started")

    search = run(found, store(folder), tmp=tmp_path)

    assert (verdict(search), search.passed) == (Verdict.NOT_SEARCHED, False)
    assert "isn't the folder in which canaries were found" in search.stores[0].not_searched[0].why
    (folder / "made anew").unlink()
    folder.rmdir()
    (tmp_path / "moved away").rename(folder)  # put back
    (folder / "vectors").unlink()
    assert run(found, store(folder), tmp=tmp_path).passed


def test_what_was_never_sealed_is_gone_only_when_it_is_removed(folder: Path, tmp_path: Path) -> None:
    one = canary(key_id="")
    (folder / "vectors").write_bytes(one.stored[0])

    before = run(one, store(folder), tmp=tmp_path, keys=GONE)
    (folder / "vectors").unlink()
    after = run(one, store(folder), tmp=tmp_path, keys=GONE)

    assert [verdict(before), verdict(after)] == [Verdict.OPENABLE, Verdict.GONE]
    assert [before.passed, after.passed] == [False, True]


@pytest.mark.parametrize("is_there", [True, False])
def test_a_store_without_any_file_in_which_the_control_was_found_is_not_searched(
    folder: Path, tmp_path: Path, *, is_there: bool
) -> None:
    other = tmp_path / "another"
    if is_there:
        other.mkdir()

    search = run(canary(), store(other), tmp=tmp_path)

    assert (verdict(search), search.passed) == (Verdict.NOT_SEARCHED, False)
    assert run(canary(), store(folder), tmp=tmp_path).passed


def test_without_an_end_what_is_due_at_the_end_is_not_due(folder: Path, tmp_path: Path) -> None:
    one = canary(key_id="").model_copy(update={"due_ns": None})
    (folder / "vectors").write_bytes(one.stored[0])

    assert run(one, store(folder), tmp=tmp_path).passed
    assert not verify([one], [store(folder)], GONE, now_ns=DUE_NS, ended_ns=DUE_NS, scratch=tmp_path / "control").passed


def test_a_store_that_can_not_be_searched_says_so_and_why(tmp_path: Path) -> None:
    search = run(canary(PositiveControl.NOT_SEARCHED), ClosedStore("one", "it is elsewhere"), tmp=tmp_path)

    assert verdict(search) is Verdict.NOT_SEARCHED
    assert [(one.where, one.why) for one in search.stores[0].not_searched] == [("one", "it is elsewhere")]
    assert (search.stores[0].searched, search.stores[0].bytes_read) == (False, 0)


def test_a_store_that_can_not_be_read_whole_where_it_was_injected_fails(folder: Path, tmp_path: Path) -> None:
    elsewhere = tmp_path / "elsewhere"
    elsewhere.write_bytes(b"?")
    (folder / "link").symlink_to(elsewhere)

    search = run(canary(), store(folder), tmp=tmp_path)

    assert (verdict(search), search.passed) == (Verdict.NOT_SEARCHED, False)


def test_a_packed_file_is_unpacked_and_searched(folder: Path, tmp_path: Path) -> None:
    one = canary()
    with gzip.open(folder / "log.gz", "wb") as out:
        out.write(b"a" * 5000 + one.clear[0] + b"a" * 5000)

    assert verdict(run(one, store(folder), tmp=tmp_path)) is Verdict.FOUND_CLEAR


def test_a_file_that_can_not_be_unpacked_is_named(folder: Path, tmp_path: Path) -> None:
    with zipfile.ZipFile(folder / "old.zip", "w") as archive:
        archive.writestr("log", "text")
    (folder / "half.gz").write_bytes(gzip.compress(os.urandom(500))[:200])

    search = run(canary(), store(folder), tmp=tmp_path)

    assert {Path(one.where).name for one in search.stores[0].not_searched} == {"old.zip", "half.gz"}
    assert verdict(search) is Verdict.NOT_SEARCHED


@pytest.mark.parametrize("control", [PositiveControl.MISSED, PositiveControl.PENDING])
def test_a_canary_whose_control_failed_proves_nothing(folder: Path, tmp_path: Path, control: PositiveControl) -> None:
    search = run(canary(control), store(folder), tmp=tmp_path)

    assert (verdict(search), search.passed) == (Verdict.GONE, False)


def test_a_search_that_does_not_find_its_own_control_fails(
    folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "search_files", lambda *_: SearchResult())

    search = run(canary(), store(folder), tmp=tmp_path)

    assert (search.engine_control, search.passed) == (False, False)


def test_the_search_leaves_no_control_behind(folder: Path, tmp_path: Path) -> None:
    search = run(canary(), store(folder), tmp=tmp_path)

    assert (search.engine_control, list((tmp_path / "control").iterdir())) == (True, [])


def test_what_was_known_to_be_wrong_fails_too(folder: Path, tmp_path: Path) -> None:
    assert run(canary(), store(folder), tmp=tmp_path, known=("not recorded",)).failures == ("not recorded",)


def test_the_control_finds_what_was_injected_in_its_own_store_only(folder: Path, tmp_path: Path) -> None:
    one = canary(PositiveControl.PENDING)
    other = tmp_path / "other"
    other.mkdir()
    (other / "file").write_bytes(one.stored[0])
    stores = [store(folder), FolderStore("two", "another", (other,))]

    assert confirm([one], stores)[0].control is PositiveControl.MISSED
    (folder / "file").write_bytes(one.stored[0])
    assert confirm([one], stores)[0].control is PositiveControl.FOUND
    assert confirm([canary(store="three")], stores)[0].control is PositiveControl.NOT_SEARCHED


def test_the_file_of_canaries_keeps_them_to_itself_and_says_when_it_is_damaged(tmp_path: Path) -> None:
    one, file = canary(), CanaryFile(tmp_path, "dep")
    with pytest.raises(Refused, match="no canary"):
        file.require()

    file.put([one])

    assert file.read() == (one,)
    assert oct(file.path.stat().st_mode & 0o777) == "0o600"
    file.path.write_bytes(file.path.read_bytes()[:-20])
    with pytest.raises(Fatal, match="damaged"):
        file.read()
