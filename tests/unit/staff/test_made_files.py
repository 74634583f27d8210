"""A file that is made at a click stands offered while it may be on a screen, however long a drawing takes."""

from __future__ import annotations

from types import SimpleNamespace

import pytest
from streamlit.runtime import app_session, media_file_manager
from streamlit.runtime.backend_operation_handler import DeferredFileHandler
from streamlit.runtime.media_file_manager import MediaFileManager
from streamlit.runtime.memory_media_file_storage import MemoryMediaFileStorage

from apps.staff import made_files
from tests.support.records import ManualClock

PAGE = "a-page"
BUTTON, OTHER = "0.1", "0.2"


class Drawings:
    """A page whose drawings a test cuts short where it likes."""

    def __init__(self, clock: ManualClock) -> None:
        self.clock = clock
        self.manager = MediaFileManager(MemoryMediaFileStorage("/media"))
        self.sessions = [PAGE]

    def get_instance(self) -> SimpleNamespace:
        active = [SimpleNamespace(session=SimpleNamespace(id=each)) for each in self.sessions]
        manager = SimpleNamespace(list_active_sessions=lambda: active)
        return SimpleNamespace(media_file_mgr=self.manager, _session_mgr=manager)

    def draw(self, *places: str, to_its_end: bool = True, takes_s: float = 0.0) -> list[str]:
        self.manager.clear_session_refs()
        self.clock.advance(takes_s)
        offered = [self.refresh(place) for place in places]
        if to_its_end:
            made_files.note_drawn()
        self.manager.remove_orphaned_files()
        return offered

    def refresh(self, place: str) -> str:
        """Draw a part of the page anew, which refreshes by itself."""
        return self.manager.add_deferred(lambda: b"", "text/html", place)

    def is_offered(self, file: str) -> bool:
        self.manager.remove_orphaned_files()
        return file in self.manager._deferred_callables


@pytest.fixture
def page(monkeypatch: pytest.MonkeyPatch) -> Drawings:
    for name in ("add_deferred", "_remove_orphaned_deferred_callables", "_get_inactive_file_ids"):
        monkeypatch.setattr(MediaFileManager, name, getattr(MediaFileManager, name))  # put back at the end
    page = Drawings(ManualClock())
    monkeypatch.setattr(app_session, "DeferredFileHandler", DeferredFileHandler)
    monkeypatch.setattr(media_file_manager, "_get_session_id", lambda: PAGE)
    monkeypatch.setattr(made_files, "get_instance", page.get_instance)
    monkeypatch.setattr(made_files, "get_script_run_ctx", lambda: SimpleNamespace(session_id=PAGE))
    monkeypatch.setattr(made_files, "time", page.clock)
    made_files.make_files_for_their_page()
    return page


def test_a_file_is_offered_while_its_page_stands_still(page: Drawings) -> None:
    (file,) = page.draw(BUTTON)
    page.clock.advance(3_600.0)

    assert page.is_offered(file)


@pytest.mark.parametrize("takes_s", [0.4, 30.0])
def test_drawings_that_are_cut_short_before_its_button_take_no_file_away(page: Drawings, takes_s: float) -> None:
    (file,) = page.draw(BUTTON)
    for _ in range(100):
        page.draw(to_its_end=False, takes_s=takes_s)

    assert page.is_offered(file)
    page.draw(BUTTON, takes_s=takes_s)
    assert page.is_offered(file)


@pytest.mark.parametrize("now", [(), (OTHER,), (BUTTON,)], ids=["no file", "another", "the same, anew"])
def test_a_file_goes_seconds_after_its_page_was_drawn_without_it(page: Drawings, now: tuple[str, ...]) -> None:
    (file,) = page.draw(BUTTON)
    page.clock.advance(60.0)
    offered = page.draw(*now)
    page.clock.advance(9.0)
    soon = page.is_offered(file)
    page.draw(*now)
    page.clock.advance(2.0)

    assert soon
    assert not page.is_offered(file)
    assert all(page.is_offered(each) for each in offered)


def test_of_a_part_that_refreshes_by_itself_only_the_newest_files_are_kept(page: Drawings) -> None:
    page.draw(BUTTON)
    for _ in range(1_000):
        page.clock.advance(1.0)
        newest = page.refresh(BUTTON)
        page.manager.remove_orphaned_files()

    assert page.is_offered(newest)
    assert len(page.manager._deferred_callables) < 20


def test_with_its_page_a_file_goes_at_once(page: Drawings) -> None:
    (file,) = page.draw(BUTTON)
    page.sessions.clear()

    assert not page.is_offered(file)
