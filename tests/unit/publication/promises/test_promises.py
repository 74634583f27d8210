"""The sentences, and checks of what lies in the code."""

from __future__ import annotations

import ast
import json
import types
from collections.abc import Set as AbstractSet
from functools import cache
from pathlib import Path

import pytest
from pydantic import BaseModel
from sqlalchemy import create_engine

from lfr_core.common.errors import Fatal
from lfr_core.common.project import PROJECT
from lfr_core.domain.categories import EXPLAINED
from lfr_core.domain.policy import load_policy
from lfr_core.domain.watchlists import Category
from lfr_core.publication.promises.catalogue import promises
from lfr_core.publication.promises.checks.frames import NoTemplateKept
from lfr_core.publication.promises.checks.people import AvoidanceNoGround
from lfr_core.publication.promises.checks.source import SENDERS, NoExportPath
from lfr_core.publication.promises.ledger import LedgerEntry, LedgerView, PromiseLedger
from lfr_core.publication.promises.port import Promise, PromiseFinding, Result
from lfr_core.publication.promises.render import render
from lfr_core.storage.tables.row import Row
from tests.support.records import ManualClock
from tests.support.vaults import MemoryTrail

POLICY = load_policy()


def test_the_sentences_have_the_policys_numbers() -> None:
    def saying(id_: str, policy: object) -> str:
        (sentence,) = [each.sentence for each in promises(policy) if each.id == id_]  # type: ignore[arg-type]  # copies
        return sentence

    shorter = POLICY.model_copy(
        update={
            "alerts": POLICY.alerts.model_copy(update={"retention_h": 12}),
            "footage": POLICY.footage.model_copy(update={"retention_days": 14}),
            "vault": POLICY.vault.model_copy(update={"epoch_s": 4.0, "grace_s": 3.0}),
            "publication": POLICY.publication.model_copy(update={"results_working_days": 3}),
            "accuracy": POLICY.accuracy.model_copy(update={"small_list_one_in": 200_000}),
        }
    )
    for id_, ours, theirs in (
        ("alerts.gone", "24 hours", "12 hours"),
        ("footage.gone", "31 days", "14 days"),
        ("faces.forgotten", "15 seconds", "7 seconds"),
        ("public.results", "5 working days", "3 working days"),
        ("accuracy.small-list", "1 in 100,000", "1 in 200,000"),
    ):
        assert ours in saying(id_, POLICY)
        assert theirs in saying(id_, shorter)


def test_every_lawful_ground_is_in_the_sentence_and_test_subjects_are_not() -> None:
    (sentence,) = [each.sentence for each in promises(POLICY) if each.id == "list.lawful"]

    for ground, words in EXPLAINED.items():
        assert (words in sentence) != ground.is_test_subject


@cache
def words_that_records_have() -> frozenset[str]:
    """Of the names of every table and column, and of every field of a form, record or message of ours."""
    names = {part for table in Row.metadata.tables.values() for part in (table.name, *table.columns.keys())}
    for file in (file for package in ("lfr_core", "streams") for file in (PROJECT / package).rglob("*.py")):
        for made in (node for node in ast.walk(ast.parse(file.read_bytes())) if isinstance(node, ast.ClassDef)):
            fields = (each.target for each in made.body if isinstance(each, ast.AnnAssign))
            names |= {each.id for each in fields if isinstance(each, ast.Name)}
    return frozenset(word for name in names for word in name.lower().split("_"))


def excuses_belied(ledger: tuple[Promise, ...], words: AbstractSet[str]) -> dict[str, list[str]]:
    """What the records have of what a promise's reason for having no check says that they lack."""
    found = {
        each.id: sorted(word for word in words for lacking in each.without if word.startswith(lacking))
        for each in ledger
    }
    return {id_: held for id_, held in found.items() if held}


def test_an_excuse_for_having_no_check_says_what_the_records_lack_and_they_do() -> None:
    words = words_that_records_have()
    assert {"authority", "application", "request", "rank", "planner"} <= words  # of which ledgers said there are none

    for each in promises(POLICY):
        assert bool(each.why_no_check) == bool(each.without)
    assert excuses_belied(promises(POLICY), words) == {}, "make it a check"


def test_the_excuse_that_an_authority_is_on_paper_would_be_found_and_so_would_one_that_begins_to_be_untrue() -> None:
    words = words_that_records_have()
    paper = Promise("people.authorised", "s", "r", why_no_check="on paper", without=("authority",))
    assert excuses_belied((paper,), words) == {"people.authorised": ["authority"]}
    for later in ("ethnicity", "sex", "gender"):
        assert excuses_belied(promises(POLICY), words | {later}) == {"accuracy.fair": [later]}


def test_the_authority_and_every_other_promise_but_one_has_a_check() -> None:
    assert [each.id for each in promises(POLICY) if not each.check] == ["accuracy.fair"]


def test_what_may_reach_outside_is_there_and_reaches_outside() -> None:
    for module in SENDERS:
        file = PROJECT / f"{module.replace('.', '/')}.py"
        assert NoExportPath.reaches_outside(file.read_bytes(), module)


def test_a_promise_has_a_check_or_a_reason_why_not_and_never_both() -> None:
    assert len({each.id for each in promises(POLICY)}) == len(promises(POLICY))
    with pytest.raises(Fatal, match="a reason why there is none"):
        Promise("p", "We promise.", "rule")
    with pytest.raises(Fatal, match="one of the two"):
        Promise("p", "We promise.", "rule", check="p", why_no_check="because")


def test_a_promise_whose_check_is_missing_is_found_at_the_start() -> None:
    engine = create_engine("sqlite://")

    with pytest.raises(Fatal, match="p"):
        PromiseLedger(engine, MemoryTrail(), ManualClock(), [Promise("p", "We promise.", "rule", check="p")], [])


def test_this_source_has_no_path_out() -> None:
    found = NoExportPath(Path(__file__).resolve().parents[4]).check(0)

    assert (found.result, found.subjects) == (Result.HOLDS, ())
    assert int(found.evidence["modules"]) > 200


def test_where_there_is_no_source_nothing_is_claimed(tmp_path: Path) -> None:
    with pytest.raises(Fatal, match="no source"):
        NoExportPath(tmp_path).check(0)
    (tmp_path / "lfr_core").mkdir()
    (tmp_path / "lfr_core" / "odd.py").write_text("def (")
    with pytest.raises(Fatal, match=r"lfr_core\.odd"):
        NoExportPath(tmp_path).check(0)


@pytest.mark.parametrize("field", ["template", "probe_embedding"])
def test_a_message_with_a_field_for_a_template_breaks_the_promise(field: str) -> None:
    assert _with_message(**{field: (bytes, ...)}).result is Result.BROKEN


def test_a_message_with_many_numbers_under_another_name_breaks_it_too_and_a_box_does_not() -> None:
    assert _with_message(values=(tuple[float, ...], ...)).result is Result.BROKEN
    assert _with_message(numbers=(list[float], ...)).result is Result.BROKEN
    assert _with_message(box=(tuple[float, float, float, float], ...)).result is Result.HOLDS


def _with_message(**fields: object) -> PromiseFinding:
    from pydantic import create_model

    module = types.ModuleType("some_messages")
    made: type[BaseModel] = create_model("Later", __module__=module.__name__, **fields)  # type: ignore[call-overload]  # made up
    module.Later = made  # type: ignore[attr-defined]  # a module made up
    engine = create_engine("sqlite://")
    Row.metadata.create_all(engine)
    try:
        return NoTemplateKept(engine, module).check(0)
    finally:
        engine.dispose()


def test_a_ground_of_covering_ones_face_breaks_the_promise() -> None:
    engine = create_engine("sqlite://")
    Row.metadata.create_all(engine)
    grounds = {**EXPLAINED, Category.VICTIM: "covers the face"}
    try:
        found = AvoidanceNoGround(engine, grounds).check(0)
    finally:
        engine.dispose()

    assert (found.result, found.subjects) == (Result.BROKEN, ("ground:victim",))


def test_a_line_for_the_public_says_what_there_is_and_never_more() -> None:
    kept = Promise("p", "We promise.", "rule", check="p")
    found = PromiseFinding(Result.UNCHECKED, "couldn't be read", {"left_over": 3}, ("alert:1",), "/var/secret is away")
    view = LedgerView(
        (
            LedgerEntry(kept, found, 10**9, 0),
            LedgerEntry(kept),
            LedgerEntry(Promise("q", "Trust us.", "rule", why_no_check="people do")),
        ),
        2 * 10**9,
    )

    looked, never, none = render(view)

    assert (looked.status, looked.evidence) == ("can't be checked now", (("left over", "3"),))
    assert (looked.checked_at, looked.since) == ("1970-01-01T00:00:01+00:00", "1970-01-01T00:00:00+00:00")
    assert "secret" not in json.dumps([looked.message, looked.evidence])
    assert (never.status, never.checked_at) == ("not checked yet", "")
    assert (none.status, none.message) == ("no automatic check", "people do")


def test_a_result_from_the_future_says_nothing_of_now() -> None:
    kept = Promise("p", "We promise.", "rule", check="p")
    (line,) = render(LedgerView((LedgerEntry(kept, PromiseFinding(Result.HOLDS, "fine"), 90_000 * 10**9, 0),), 0))

    assert line.status == "not checked for over a day"
