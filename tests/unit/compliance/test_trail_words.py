"""Compliance reads in words what an entry of the trail is about: no id, no hash, one thing by one name."""

from __future__ import annotations

import re
from uuid import UUID

from apps.compliance.panels import trail_rows
from apps.compliance.trail_words import Named, alerts_of, number_in, subjects_in_words, who_acted
from lfr_core.custody.audit.entry import AuditEntry
from lfr_core.custody.audit.port import Verb
from tests.support.records import NOW_NS

ALERT, GONE = UUID(int=7), UUID(int=8)
NAMED = Named(
    {"dep": "Norwich market, 23 November 2026, 10:00", "other": "Ely fair, 24 November 2026, 09:00"},
    {ALERT: ("north", NOW_NS)},
    {"footage.gone": "Footage is gone after 31 days."},
)
SUBJECTS = {
    f"alert:{ALERT}": r"alert of camera north, \d+ \w+ \d{4}, \d\d:\d\d:\d\d",
    f"alert:{GONE}": "alert whose data has gone 1",
    "deployment:dep": "the deployment",
    "deployment:other": "the deployment: Ely fair, 24 November 2026, 09:00",
    "list:long-gone": "the deployment's list: one that has gone",
    "camera:north": "camera north",
    "certificate:3": "certificate 3",
    "rights:R-2026-AB": "request R-2026-AB",
    "document:dpia": "data protection impact assessment",
    "class:footage": "Footage",
    "promise:footage.gone": "promise: Footage is gone after 31 days.",
    "promise:other": "promise: one that is made no longer",
    "promises:ledger": "the promises to the public",
    "records:all": "the records",
    "people:all": "the register of people",
    "key:0b5c2f6d9a3e4f7b8c1d2e3f4a5b6c7d": "key 1",
    "footage-hold:7c1d2e3f4a5b6c7d0b5c2f6d9a3e4f7b": "hold of footage 1",
    "hold:1d2e3f4a5b6c7d0b5c2f6d9a3e4f7b7c": "hold of footage 2",
    "photograph:0f3c9a11d2e47b580f3c9a11d2e47b58": "photograph of the list 1",
    "something-new:0f3c9a11d2e47b58": "something new 1",
    "keystore": "the store of keys",
}
ID = re.compile(r"[0-9a-f]{8}-[0-9a-f]{4}|[0-9a-f]{16}|[a-z]:\w")


def entry(subject: str, *, actor: str = "system:retention", seq: int = 1) -> AuditEntry:
    return AuditEntry(seq, NOW_NS, Verb.CONSULT, actor, "dep", subject, "a.rule", {}, "00")


def test_what_an_entry_is_about_is_said_in_words() -> None:
    words = subjects_in_words([entry(each) for each in SUBJECTS], NAMED)

    wrong = {said: words for said, words in zip(words, SUBJECTS.values(), strict=True) if not re.fullmatch(words, said)}
    assert wrong == {}
    assert [each for each in words if ID.search(each)] == []


def test_the_same_thing_has_the_same_number_and_another_one_another() -> None:
    found = [entry("key:one"), entry("key:two"), entry("footage:one"), entry("key:one")]

    assert subjects_in_words(found, NAMED) == ["key 1", "key 2", "piece of footage 1", "key 1"]


def test_people_are_the_beginning_of_their_number_and_parts_of_the_platform_are_named() -> None:
    assert who_acted("person:0b5c2f6d9a3e4f7b8c1d2e3f4a5b6c7d") == "person 0b5c2f6d"
    assert who_acted("system:retention") == "the platform: retention"
    assert who_acted("system:lfr") == "whoever runs the system, without a login"


def test_whom_an_entry_is_about_is_the_number_under_which_they_act_and_a_former_one() -> None:
    named = Named({}, people={"person:4": ("2fbda02d" * 4,), "person:5": ("0b5c2f6d" * 4, "7c1d2e3f" * 4)})
    found = [entry(f"person:{each}") for each in (4, 5, 6)]

    assert subjects_in_words(found, named) == [
        "person 2fbda02d",
        "person 0b5c2f6d (before: 7c1d2e3f)",
        "person of the register 1",
    ]


def test_a_number_is_looked_for_as_it_stands_on_the_page_or_whole() -> None:
    whole = "2fbda02d" * 4
    written = ("2fbda02d", " Person 2FBDA02D ", whole, f"person:{whole}")
    assert [number_in(each) for each in written] == ["2fbda02d", "2fbda02d", whole, whole]
    assert [number_in(each) for each in ("", "2fbda02", "person", "people.added", f"{whole}0")] == [""] * 5


def test_the_newest_entry_stands_first_and_no_id_stands_in_its_row() -> None:
    found = [entry(f"alert:{GONE}", seq=1), entry(f"alert:{ALERT}", seq=2, actor=f"person:{'0b5c2f6d' * 4}")]

    rows = trail_rows(found, NAMED)

    assert [row[0] for row in rows] == ["2", "1"]
    assert not any(ID.search(cell.replace("0b5c2f6d", "")) for row in rows for cell in (row[2], row[5], row[6]))
    assert alerts_of(found) == {ALERT, GONE}
