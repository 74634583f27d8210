"""A compile that was killed goes on where it was: what it had found lies sealed under the list's key, while needed."""

from __future__ import annotations

import io
from datetime import date
from pathlib import Path
from typing import Any

import pytest

from lfr_core.common.errors import Poison, Retryable
from lfr_core.custody.vault.sealing import new_key
from lfr_core.domain.deployments import DeploymentKind
from lfr_core.domain.policy import Policy
from lfr_core.domain.watchlists import RefusalReason
from lfr_core.recognition.faces.types import FaceEngine, Floats, Image
from lfr_core.watchlists.enrol import check_watchlist
from lfr_core.watchlists.entries import WatchlistReport
from lfr_core.watchlists.kept_looks import NOTHING_KEPT, KeptLooks, SealedLooks, keep_looks, look_once
from lfr_core.watchlists.photographs import Unusable
from tests.support.watchlist_folders import ListFolder

pytestmark = pytest.mark.models
KEY = new_key()
DEPLOYMENT = "d-1"


class Killed(BaseException):
    """As SIGKILL: nothing of ours runs after it."""


class Dying:
    """The engine; ends the process after so many faces. `embedded` counts them."""

    def __init__(self, engine: FaceEngine, after: int = 1_000) -> None:
        self._engine, self._after = engine, after
        self.embedded = 0

    def __getattr__(self, name: str) -> Any:
        return getattr(self._engine, name)

    def embed(self, aligned: list[Image]) -> Floats:
        if self.embedded == self._after:
            raise Killed
        self.embedded += 1
        return self._engine.embed(aligned)


@pytest.fixture
def whole(listed: ListFolder) -> ListFolder:
    listed.put("S-1", "obama").put("S-2", "biden").put("S-3", b"no picture")
    return listed.put("S-4", "obama2")


def check(listed: ListFolder, engine: Any, policy: Policy, kept: KeptLooks = NOTHING_KEPT) -> WatchlistReport:
    return check_watchlist(
        listed.path,
        kind=DeploymentKind.EVALUATION,
        engine=engine,
        policy=policy,
        today=date(2026, 11, 23),
        deployment=DEPLOYMENT,
        kept=kept,
    )


def what(report: WatchlistReport) -> list[object]:
    entries = [
        (entry.id, [(each.id, each.template.tobytes(), each.crop_jpeg, each.quality) for each in entry.references])
        for entry in report.entries
    ]
    return [entries, report.refusals, report.faces]


def test_a_killed_compile_goes_on_and_comes_to_the_same_list_without_looking_twice(
    whole: ListFolder, engine: FaceEngine, policy: Policy, tmp_path: Path
) -> None:
    folder = tmp_path / "tmp"
    with pytest.raises(Killed), keep_looks(folder, DEPLOYMENT, KEY) as kept:
        check(whole, Dying(engine, after=2), policy, kept)
    (file,) = folder.iterdir()
    left = file.read_bytes()
    file.write_bytes(left + left[:100])  # and a write that was cut off

    again = Dying(engine)
    with keep_looks(folder, DEPLOYMENT, KEY) as kept:
        resumed = what(check(whole, again, policy, kept))

    assert resumed == what(check(whole, engine, policy))
    assert again.embedded == 2  # of four: one more photograph, and the drawn test face
    assert list(folder.iterdir()) == []  # once it has come to its end nothing is left


def test_what_is_kept_is_sealed_and_opens_with_no_other_key_and_for_no_other_deployment(
    whole: ListFolder, engine: FaceEngine, policy: Policy, tmp_path: Path
) -> None:
    with pytest.raises(Killed), keep_looks(tmp_path / "tmp", DEPLOYMENT, KEY) as kept:
        check(whole, Dying(engine, after=2), policy, kept)
    (file,) = (tmp_path / "tmp").iterdir()
    data = file.read_bytes()
    crop = check(whole, engine, policy).entries[0].references[0].crop_jpeg

    assert b"quality" not in data
    assert crop[100:200] not in data
    assert len(SealedLooks(io.BytesIO(data), KEY, DEPLOYMENT)) >= 2
    assert len(SealedLooks(io.BytesIO(data), new_key(), DEPLOYMENT)) == 0
    assert len(SealedLooks(io.BytesIO(data), KEY, "d-2")) == 0


def test_a_refused_list_leaves_nothing_and_one_whose_services_were_away_is_kept(tmp_path: Path) -> None:
    for error, left in ((Poison("no list"), 0), (Retryable("Milvus is away"), 1)):
        with pytest.raises(type(error)), keep_looks(tmp_path, DEPLOYMENT, KEY):
            raise error
        assert len(list(tmp_path.iterdir())) == left


def test_a_list_is_compiled_by_one_at_a_time(tmp_path: Path) -> None:
    with keep_looks(tmp_path, DEPLOYMENT, KEY), keep_looks(tmp_path, "d-2", KEY):
        with pytest.raises(Retryable, match="compiled already"), keep_looks(tmp_path, DEPLOYMENT, KEY):
            pass
        assert len(list(tmp_path.iterdir())) == 2


def test_another_photograph_policy_model_or_choice_is_looked_at_anew(
    whole: ListFolder, engine: FaceEngine, policy: Policy
) -> None:
    kept = SealedLooks(io.BytesIO(), KEY, DEPLOYMENT)
    other_model = Dying(engine)
    other_model.contract_id = "another"  # type: ignore[attr-defined]  # for this test
    stricter = policy.model_copy(
        update={"faces": policy.faces.model_copy(update={"enrol_min_eye_distance_px": 5_000.0})}
    )
    photograph = "p0.jpg"
    first = look_once(whole.path, photograph, engine, policy, {}, kept)
    kept = SealedLooks(_rewound(kept), KEY, DEPLOYMENT)

    counting = Dying(engine)
    assert look_once(whole.path, photograph, counting, policy, {}, kept).crop_jpeg == first.crop_jpeg
    assert counting.embedded == 0
    look_once(whole.path, photograph, other_model, policy, {}, kept)
    assert other_model.embedded == 1
    with pytest.raises(Unusable):
        look_once(whole.path, photograph, counting, stricter, {}, kept)
    (whole.path / photograph).write_bytes((whole.path / photograph).read_bytes() + b" ")
    look_once(whole.path, photograph, counting, policy, {}, kept)
    assert counting.embedded == 1


def test_the_crops_of_a_long_list_are_not_all_in_memory(whole: ListFolder, engine: FaceEngine, policy: Policy) -> None:
    kept = SealedLooks(io.BytesIO(), KEY, DEPLOYMENT)

    found = [look_once(whole.path, "p0.jpg", engine, policy, {}, kept) for _ in range(2)]  # looked at, then kept

    alone = look_once(whole.path, "p0.jpg", engine, policy, {}, NOTHING_KEPT)
    for look in found:
        assert look.crop_jpeg == alone.crop_jpeg
        assert look.crop_jpeg is not look.crop_jpeg  # read anew each time: nobody holds it


def test_a_look_comes_back_as_it_was() -> None:
    file = io.BytesIO()
    looks = SealedLooks(file, KEY, DEPLOYMENT)
    refused = Unusable(RefusalReason.TWO_FACES, "2 faces: cut the photograph")
    looks.keep("a", refused)

    found = SealedLooks(_rewound(looks), KEY, DEPLOYMENT).find("a")

    assert isinstance(found, Unusable)
    assert (found.reason, str(found)) == (refused.reason, str(refused))


def _rewound(looks: SealedLooks) -> io.BytesIO:
    file = looks._file
    assert isinstance(file, io.BytesIO)
    file.seek(0)
    return file
