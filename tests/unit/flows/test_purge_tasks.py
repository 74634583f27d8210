"""The flow says what each purge does in a person's words."""

from __future__ import annotations

from lfr_core.retention.port import CLASSES


def test_the_task_of_each_class_of_data_has_words() -> None:
    from flows.retention import PURGE_TASKS

    assert list(PURGE_TASKS) == [each.name for each in CLASSES]
