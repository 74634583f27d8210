"""Every verb and rule that the platform writes on the audit trail has words that people read."""

from __future__ import annotations

import ast
import re
from collections import defaultdict
from collections.abc import Iterator

from apps.compliance.panels import trail_rows
from apps.compliance.trail_rules import RULE_WORDS, VERB_WORDS, rule_in_words, rules_meant
from apps.compliance.trail_words import Named
from lfr_core.alerts.answers import find_question
from lfr_core.common.project import PROJECT
from lfr_core.custody.audit.entry import AuditEntry
from lfr_core.custody.audit.port import Verb
from lfr_core.custody.vault.port import ErasureRule
from lfr_core.deployments.steps import RULES, TRIAL_RULES
from lfr_core.domain.alerts import Engagement, EngagementOutcome, Judgement, Review
from lfr_core.retention.footage.holds import HoldGround
from lfr_core.retention.port import CLASSES

CODES = ("lfr_core", "apps", "flows", "streams")
NAMES = ("rule", "purpose")
ELSEWHERE = (
    "lfr_core/publication/promises/catalogue.py",
    "lfr_core/publication/quality",
    "lfr_core/recognition/accuracy",
)
"""Where a rule is one of promises, of published tables, or of an evaluation."""
NOT_TRAIL = {"Finding", "RefusedAnswer", "report_folder", "write_new", "SuiteRun", "FormValues", "__init__"}
"""What takes a rule that a refusal has."""
RULE = re.compile(r"[a-z-]+(\.[a-z_-]+)+|[a-z']+( [a-z']+){2,}")
"""Words with dots between them, or a purpose of three words or more."""
RAW = re.compile(r"^[a-z-]+(\.[a-z_-]+)+$|canary|template|probe|gallery")


def test_every_verb_has_its_words() -> None:
    assert set(VERB_WORDS) == set(Verb)


def test_every_rule_that_is_made_of_parts_has_its_words() -> None:
    steps = {rule.audited or f"deployment.{rule.step}" for rule in (*RULES.values(), *TRIAL_RULES.values())}
    answers = (Judgement.SAME, Engagement.EVADED, Review.CONFIRMED_TRUE, EngagementOutcome.ARREST)
    made = steps | {f"alert.{find_question(each)}" for each in answers}
    made |= {f"footage.hold.{ground}" for ground in HoldGround} | {f"footage.hold.{HoldGround.COMPLAINT}.provisional"}
    made |= {each.value for each in ErasureRule} | {each.rule for each in CLASSES}

    assert sorted(made - RULE_WORDS.keys()) == []


def test_every_rule_that_the_code_gives_has_its_words() -> None:
    given = find_given()

    assert {"alert.opened", "people.logged-in", "rights.taken", "seal a list's pictures"} <= given  # it looks
    assert sorted(given - RULE_WORDS.keys()) == []


def test_no_words_are_a_rule_themselves() -> None:
    assert [words for words in RULE_WORDS.values() if RAW.search(words)] == []


def test_who_types_what_is_shown_means_its_rule() -> None:
    assert [rule for rule, words in RULE_WORDS.items() if rule not in rules_meant(words.upper())] == []


def test_no_words_mean_no_rule_and_a_purpose_in_ones_own_words_stands() -> None:
    assert rules_meant(" ") == ()
    assert rule_in_words("asked for by the court") == "asked for by the court"
    assert rule_in_words("rights:R-7") == "answering request R-7"


def test_who_gives_a_request_its_deployment_is_said_to_have_done_that() -> None:
    assert rule_in_words("rights.assigned") == "saying which deployment an enquiry or complaint is about"
    assert "rights.answered" in rules_meant("enquiry")


def test_a_complaints_hold_that_lapses_isnt_said_to_go_because_the_complaint_was_closed() -> None:
    assert rule_in_words("rights.hold-lapsed").startswith("nobody confirmed a complaint's hold in time")


def test_the_trail_is_shown_in_words() -> None:
    entry = AuditEntry(1, 0, Verb.CONSULT, "system:watch", "", "promises:ledger", "promises.checked", {}, "")

    (row,) = trail_rows([entry], Named({}))

    assert row[3:5] == ("looked at", "checking the promises to the public")


def find_given() -> set[str]:
    """Return every rule or purpose that a call gives by name, or by place to what takes one."""
    trees = {
        path: ast.parse(path.read_text(encoding="utf-8"))
        for code in CODES
        for path in (PROJECT / code).rglob("*.py")
        if "migrations" not in path.parts and not path.relative_to(PROJECT).as_posix().startswith(ELSEWHERE)
    }
    texts, takes = defaultdict[str, set[str]](set), defaultdict[str, set[int]](set)
    for tree in trees.values():
        _collect(tree, texts, takes)
    nodes = (node for tree in trees.values() for node in ast.walk(tree))
    calls = (node for node in nodes if isinstance(node, ast.Call))
    given = {text for call in calls for each in _arguments(call, takes) for text in _texts(each, texts)}
    return {each for each in given if RULE.fullmatch(each)}


def _collect(tree: ast.Module, texts: dict[str, set[str]], takes: dict[str, set[int]]) -> None:
    """Note a module's constants and what it calls a rule, and at which place its functions and classes take a rule."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Assign | ast.AnnAssign):
            target = node.targets[0] if isinstance(node, ast.Assign) else node.target
            is_ours = isinstance(target, ast.Name) and (target.id.isupper() or target.id in NAMES)
            if isinstance(target, ast.Name) and is_ours:
                texts[target.id] |= set(_texts(node.value, {}))
        elif isinstance(node, ast.FunctionDef):
            names = [each.arg for each in node.args.args if each.arg not in {"self", "cls"}]
            takes[node.name] |= {i for i, each in enumerate(names) if each in NAMES}
        elif isinstance(node, ast.ClassDef):
            fields = [each.target for each in node.body if isinstance(each, ast.AnnAssign)]
            takes[node.name] |= {i for i, each in enumerate(fields) if isinstance(each, ast.Name) and each.id in NAMES}


def _arguments(call: ast.Call, takes: dict[str, set[int]]) -> Iterator[ast.expr]:
    name = call.func.id if isinstance(call.func, ast.Name) else getattr(call.func, "attr", "")
    if name in NOT_TRAIL:
        return
    yield from (each.value for each in call.keywords if each.arg in NAMES)
    yield from (call.args[i] for i in takes.get(name, ()) if i < len(call.args))


def _texts(node: ast.expr | None, texts: dict[str, set[str]]) -> Iterator[str]:
    if isinstance(node, ast.Constant) and isinstance(node.value, str):
        yield node.value
    elif isinstance(node, ast.Name):
        yield from texts.get(node.id, ())
    elif isinstance(node, ast.IfExp):
        yield from _texts(node.body, texts)
        yield from _texts(node.orelse, texts)
