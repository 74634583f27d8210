from __future__ import annotations

from pathlib import Path

from apps.operator.retention import WHAT_TO_DO, differences_html, disk_html, retention_html, trouble_html
from lfr_core.retention.port import CLASSES, RetentionClass
from lfr_core.retention.status import ClassStatus, RetentionState

EVIL = "<script>alert(1)</script>"


def standing(**special: RetentionState) -> list[ClassStatus]:
    return [
        ClassStatus(data, special.get(data.name, RetentionState.IN_TIME), "", 400.0, 2, 1, 1, 5, "") for data in CLASSES
    ]


def test_while_all_is_well_it_is_one_quiet_line() -> None:
    html = retention_html(standing())

    assert '<details class="ops-retention">' in html
    assert "In time" in html
    assert "alert" not in html.lower().replace("alerts", "")


def test_overdue_is_a_red_alarm_that_is_open_and_names_an_existing_runbook() -> None:
    html = retention_html(standing(alerts=RetentionState.OVERDUE, lists=RetentionState.LATE))

    assert '<details class="ops-retention" open>' in html
    assert 'role="alert"' in html
    assert f"1 of {len(CLASSES)} classes of data overdue" in html
    assert WHAT_TO_DO in html
    runbook = Path(__file__).parents[3] / "docs" / "runbooks" / "retention-overdue.md"
    assert runbook.read_text().startswith(f"# {WHAT_TO_DO.split('“')[1].split('”')[0]}\n")


def test_an_error_s_words_are_escaped() -> None:
    bad = ClassStatus(RetentionClass("x", EVIL, "r"), RetentionState.LATE, EVIL, 0.0, 0, None, None, 0, EVIL)

    assert EVIL not in retention_html([bad])


def test_a_disk_without_room_is_a_red_alarm_that_names_an_existing_runbook_and_with_room_is_nothing() -> None:
    html = disk_html(f"the disk is nearly full (8 MiB free under {EVIL})")

    assert 'class="ops-alarm" role="alert"' in html
    assert "8 MiB free" in html
    assert EVIL not in html
    runbook = Path(__file__).parents[3] / "docs" / "runbooks" / "disk-full.md"
    assert runbook.read_text().startswith(f"# {html.split('“')[1].split('”')[0]}\n")
    assert disk_html("") == ""


def test_no_alarm_names_a_command_a_setting_a_folder_or_another_clock() -> None:
    raw = "no room under /home/lfr/x since 2026-11-28 22:13 UTC, set LFR_HOME or run `lfr doctor`"
    late = ClassStatus(CLASSES[0], RetentionState.LATE, raw, 0.0, 0, None, None, 0, raw)

    for html in (trouble_html(raw), disk_html(raw), differences_html((raw,)), retention_html([late])):
        assert "no room under x since 28 November 2026, 22:13" in html
        assert [each for each in ("lfr doctor", "LFR_HOME", "/home", "UTC") if each in html] == []
