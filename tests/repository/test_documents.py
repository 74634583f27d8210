"""What the documents say about the code is compared with the code."""

from __future__ import annotations

import importlib
import re
import subprocess
import tomllib
from functools import cache
from operator import attrgetter
from pathlib import Path

import pytest

from lfr_core.common.settings import Settings
from lfr_core.domain.policy import Policy, load_policy

ROOT = Path(__file__).parents[2]
DOCUMENTS = sorted([*ROOT.glob("*.md"), *(ROOT / "docs").rglob("*.md"), *(ROOT / "bench").glob("*.md")])
OF_TODAY = [one for one in DOCUMENTS if one.name != "CHANGELOG.md" and one.parent.name != "decisions"]
RUNBOOKS = sorted(file.stem for file in (ROOT / "docs" / "runbooks").glob("*.md") if file.stem != "README")

PROMISED = {
    *("vault.lease_s", "vault.epoch_s", "vault.grace_s", "live.deployment_check_s", "alerts.retention_h"),
    *("footage.segment_s", "footage.retention_days", "footage.hold_review_days"),
}
"""What the public is told of how long data is kept: the documents print these with their number."""
_STATED = re.compile(r"(\d[\d,.]*) (second|minute|hour|day)s?[^`|.\d]{0,20}(`\w+\.\w+`(?: \+ `\w+\.\w+`)*)")
"""A number and, after it, the keys of the policy whose sum it is."""
_SUFFIX = {"second": "_s", "minute": "_min", "hour": "_h", "day": "_days"}

ABOUT_OTHERS = {"docs/domain.md", "docs/facts.md"}
"""Documents that name other projects' files and issues."""
_RULE = re.compile(r"\b(?:[A-Z]\d{1,2}|\d(?:\.\d)?)\b")
"""How docs/domain.md numbers requirements (W5), formulas (F8) and sections (4.1)."""
_CITATION = re.compile(rf"docs/([\w/-]+\.md)(?:#([\w-]+))?((?:(?:,| and| to)?\s+{_RULE.pattern})*)")
"""Document, anchor of a heading, and rules: `docs/domain.md W2, W5 and 4.1`."""


def test_the_tables_of_settings_and_policy_are_those_of_the_code(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.syspath_prepend(str(ROOT / "scripts"))
    tables = importlib.import_module("doc_tables")
    document = tables.DOCUMENT.read_text(encoding="utf-8")

    assert document == tables.with_tables(document), "run make fmt"


def test_the_map_of_contexts_is_that_of_the_imports(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.syspath_prepend(str(ROOT / "scripts"))
    context_map = importlib.import_module("context_map")
    document = context_map.DOCUMENT.read_text(encoding="utf-8")

    assert document == context_map.with_map(document), "run make fmt"


def test_every_setting_and_every_policy_value_is_documented() -> None:
    document = (ROOT / "docs" / "running.md").read_text(encoding="utf-8")
    settings = {f"LFR_{name.upper()}" for name in Settings.model_fields}

    assert {name for name in settings if f"| `{name}` |" not in document} == set()
    assert [
        f"{section}.{key}"
        for section, values_of in _policy_values().items()
        for key in values_of
        if f"| `{section}.{key}` |" not in document
    ] == []


def _policy_values() -> dict[str, list[str]]:
    schema = Policy.model_json_schema()
    sections = {name: field["$ref"].rsplit("/", 1)[1] for name, field in schema["properties"].items()}
    return {name: list(schema["$defs"][definition]["properties"]) for name, definition in sections.items()}


def test_a_number_that_a_document_prints_with_its_key_is_the_policys() -> None:
    policy, known = load_policy(), {f"{name}.{key}" for name, keys in _policy_values().items() for key in keys}
    wrong, printed = [], set[str]()
    for document in OF_TODAY:
        text = " ".join(document.read_text(encoding="utf-8").split())
        for number, unit, named in _STATED.findall(text):
            keys = re.findall(r"`(\w+\.\w+)`", named)
            if known.isdisjoint(keys):
                continue  # a module, a rule, a file
            total = sum(float(attrgetter(key)(policy)) for key in keys)
            printed |= set(keys)
            if float(number.replace(",", "")) != total or not all(key.endswith(_SUFFIX[unit]) for key in keys):
                wrong.append(f"{document.name}: {number} {unit} {named}, and the policy says {total:g}")

    assert wrong == []
    assert PROMISED - printed == set()


@pytest.mark.parametrize("document", DOCUMENTS, ids=lambda path: str(path.relative_to(ROOT)))
def test_every_link_leads_somewhere(document: Path) -> None:
    links = re.findall(r"\]\(([^)#]*)(?:#([^)]*))?\)", document.read_text(encoding="utf-8"))
    targets = [(document.parent / name if name else document, anchor) for name, anchor in links if "://" not in name]

    assert [str(target) for target, _ in targets if not target.exists()] == []
    assert [f"{target}#{anchor}" for target, anchor in targets if anchor and anchor not in _anchors(target)] == []


@pytest.mark.parametrize("document", OF_TODAY, ids=lambda path: str(path.relative_to(ROOT)))
def test_every_file_that_a_document_names_exists(document: Path) -> None:
    text = document.read_text(encoding="utf-8")
    named = re.findall(r"`((?:lfr_core|flows|streams|apps|infra|scripts|tests|bench)/[\w/.-]+)`", text)

    assert [name for name in named if not (ROOT / name).exists()] == []


def test_every_document_that_the_repository_cites_exists_with_the_heading_or_rule_cited() -> None:
    missing = []
    citing = ((file, text) for file, text in _tracked_texts() if file not in ABOUT_OTHERS)
    for file, text in citing:
        for name, anchor, rules in _CITATION.findall(text):
            document = ROOT / "docs" / name
            if not document.is_file() or (anchor and anchor not in _anchors(document)):
                missing.append(f"{file}: docs/{name}#{anchor}")
                continue
            known = _rules_of(document)
            missing += [f"{file}: docs/{name} {rule}" for rule in _RULE.findall(rules) if rule not in known]

    assert missing == []


def test_the_rules_that_the_steps_of_a_deployment_and_its_printed_documents_name_are_in_the_document() -> None:
    from lfr_core.deployments.compliance_documents import forms
    from lfr_core.deployments.steps import RULES

    known = _rules_of(ROOT / "docs" / "domain.md")
    named = {rule for step in RULES.values() for rule in _RULE.findall(step.source)} | set(forms.RULES)

    assert len(named) > 20
    assert named - known == set()


def test_nothing_cites_a_document_or_a_task_that_is_not_in_the_repository() -> None:
    elsewhere = re.compile(
        r"\b(?:DESIGN|DOMAIN|FACTS|STYLE)\.md\b|\.\./shared/|\b[Ii]ssue \d+(?:, item \d+)?\b|\bitem \d+\b"
    )
    assert [
        f"{file}: {found}"
        for file, text in _tracked_texts()
        if file not in ABOUT_OTHERS
        for found in elsewhere.findall(text)
    ] == []


def test_the_notice_names_whatever_is_fetched() -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))
    extras = project["project"]["optional-dependencies"]
    groups = [one for group in project["dependency-groups"].values() for one in group]
    requirements = [*project["project"]["dependencies"], *(one for extra in extras.values() for one in extra)]
    packages = {re.split(r"[^\w-]", one)[0] for one in [*requirements, *groups]}
    samples = tomllib.loads((ROOT / "infra" / "models" / "samples.toml").read_text(encoding="utf-8"))["source"]
    photographs = {name for source in samples for name in source["photographs"]}
    models = tomllib.loads((ROOT / "infra" / "models" / "open-pack.toml").read_text(encoding="utf-8"))["package"][
        "name"
    ]
    jars = (ROOT / "infra" / "kafka" / "jars.sha256").read_text(encoding="utf-8").split()[1::2]
    libraries = {re.sub(r"-\d[\w.-]*\.jar$", "", jar) for jar in jars}
    named = set(re.findall(r"[\w.-]*\w", (ROOT / "NOTICE").read_text(encoding="utf-8")))

    assert (packages | photographs | libraries | {models}) - named == set()


def test_the_readme_is_short_and_shows_the_two_commands() -> None:
    lines = (ROOT / "README.md").read_text(encoding="utf-8").splitlines()

    assert len(lines) <= 120
    assert any(line.startswith("make demo") for line in lines)
    assert any(line.startswith("make test") for line in lines)


def test_the_index_names_every_runbook_and_no_other() -> None:
    index = (ROOT / "docs" / "runbooks" / "README.md").read_text(encoding="utf-8")

    assert sorted(set(re.findall(r"\(([a-z-]+)\.md\)", index))) == RUNBOOKS


@pytest.mark.parametrize("alarm", RUNBOOKS)
def test_a_runbook_says_what_is_seen_what_happens_meanwhile_and_what_to_do(alarm: str) -> None:
    text = (ROOT / "docs" / "runbooks" / f"{alarm}.md").read_text(encoding="utf-8")

    assert [part for part in ("Seen", "Meanwhile", "Find out", "Mend", "Afterwards") if f"**{part}**" not in text] == []


def test_runbooks_name_logs_and_children_that_there_are() -> None:
    from apps.supervisor.plan import plan
    from streams.broker.choose import BrokerChoice
    from streams.broker.traits import KAFKA

    choice = BrokerChoice(KAFKA, external=False, needs_maven=False, why="for the test")
    children = {
        child.name for child in plan(Settings(), load_policy(), choice=choice, with_page=False, with_flows=True)
    }
    texts = [file.read_text(encoding="utf-8") for file in (ROOT / "docs" / "runbooks").glob("*.md")]
    logs = {name for text in texts for name in re.findall(r"log/([a-z0-9-]+)\.log", text)}

    assert logs
    assert logs - children == set()


def test_decisions_are_numbered_without_a_gap_and_the_index_names_each() -> None:
    folder = ROOT / "docs" / "decisions"
    names = sorted(file.name for file in folder.glob("[0-9]*.md"))
    index = (folder / "README.md").read_text(encoding="utf-8")

    assert [int(name[:4]) for name in names] == list(range(1, len(names) + 1))
    assert [name for name in names if f"({name})" not in index] == []


def test_every_test_that_a_document_names_is_there() -> None:
    """It may be named below `tests`, or by its file's name alone where the line has said the folder."""
    there = {str(file.relative_to(ROOT)) for file in (ROOT / "tests").rglob("test_*.py")}
    absent = [
        f"{document.name}: {name}"
        for document in OF_TODAY
        for name in re.findall(r"`([\w/]*test_\w+\.py)`", document.read_text(encoding="utf-8"))
        if not any(file in {name, f"tests/{name}"} or ("/" not in name and file.endswith(f"/{name}")) for file in there)
    ]

    assert absent == []


def test_every_benchmark_is_listed() -> None:
    index = (ROOT / "bench" / "README.md").read_text(encoding="utf-8")
    scripts = [file.name for file in (ROOT / "bench").glob("*.py") if file.name != "__init__.py"]

    assert [name for name in scripts if f"`{name}`" not in index] == []


def test_every_command_a_document_shows_exists() -> None:
    from typer.main import get_command

    from apps.cli.main import app

    unknown = []
    for document in DOCUMENTS:
        for words in re.findall(r"(?:^|[`/ ])lfr ((?:[a-z]+ ?)+)", _code_of(document)):
            command: object = get_command(app)
            for word in words.split():
                children = getattr(command, "commands", None)
                if children is None:
                    break
                if word not in children:
                    unknown.append((document.name, f"lfr {words.strip()}"))
                    break
                command = children[word]

    assert unknown == []


@cache
def _anchors(document: Path) -> set[str]:
    """Return the anchors that a document's headings get, as GitHub makes them."""
    headings = re.findall(r"^#+ (.+)$", document.read_text(encoding="utf-8"), re.MULTILINE)
    return {re.sub(r"[^\w\- ]", "", heading.strip().lower()).replace(" ", "-") for heading in headings}


@cache
def _rules_of(document: Path) -> set[str]:
    """Return the numbers of a document's sections, and the ids that begin the rows of its tables."""
    return set(re.findall(rf"^(?:#+ |\| )({_RULE.pattern})", document.read_text(encoding="utf-8"), re.MULTILINE))


@cache
def _tracked_texts() -> tuple[tuple[str, str], ...]:
    """Return each text file of the repository with its path, this test apart."""
    listed = subprocess.run(["git", "ls-files"], cwd=ROOT, check=True, capture_output=True, text=True).stdout.split()
    suffixes = {".py", ".md", ".toml", ".properties", ".json", ".xml", ".yaml", ".css", ".html", ".j2", ".mako", ""}
    files = [ROOT / name for name in listed if Path(name).suffix in suffixes]
    return tuple(
        (str(file.relative_to(ROOT)), file.read_text(encoding="utf-8"))
        for file in files
        if file.is_file() and file != Path(__file__)
    )


def _code_of(document: Path) -> str:
    text = document.read_text(encoding="utf-8")
    blocks = re.findall(r"^```\n(.*?)^```", text, re.MULTILINE | re.DOTALL)
    return "\n".join(
        [*blocks, *re.findall(r"`([^`\n]+)`", re.sub(r"^```.*?^```", "", text, flags=re.MULTILINE | re.DOTALL))]
    )
