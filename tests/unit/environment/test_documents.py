"""What the documents say about the code is compared with the code."""

from __future__ import annotations

import importlib
import re
from pathlib import Path

import pytest

from lfr_core.common.settings import Settings
from lfr_core.domain.policy import Policy, load_policy

ROOT = Path(__file__).parents[3]
DOCUMENTS = sorted([*ROOT.glob("*.md"), *(ROOT / "docs").rglob("*.md"), *(ROOT / "bench").glob("*.md")])
ALARMS = {
    "camera-silent",
    "vault-away",
    "worker-restarting",
    "broker-away",
    "gallery-away",
    "gallery-changed",
    "retention-overdue",
    "database-away",
    "disk-full",
    "live-probe-missed",
    "circuit-breaker",
}


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


@pytest.mark.parametrize("document", DOCUMENTS, ids=lambda path: str(path.relative_to(ROOT)))
def test_every_link_leads_somewhere(document: Path) -> None:
    targets = re.findall(r"\]\(([^)#]+)(?:#[^)]*)?\)", document.read_text(encoding="utf-8"))

    assert [t for t in targets if "://" not in t and not (document.parent / t).exists()] == []


def test_the_readme_is_short_and_shows_the_two_commands() -> None:
    lines = (ROOT / "README.md").read_text(encoding="utf-8").splitlines()

    assert len(lines) <= 120
    assert any(line.startswith("make demo") for line in lines)
    assert any(line.startswith("make test") for line in lines)


def test_every_alarm_has_a_runbook_that_the_index_names() -> None:
    folder = ROOT / "docs" / "runbooks"
    index = (folder / "README.md").read_text(encoding="utf-8")

    assert {file.stem for file in folder.glob("*.md")} - {"README"} == ALARMS
    assert {alarm for alarm in ALARMS if f"({alarm}.md)" not in index} == set()


@pytest.mark.parametrize("alarm", sorted(ALARMS))
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


def _code_of(document: Path) -> str:
    text = document.read_text(encoding="utf-8")
    blocks = re.findall(r"^```\n(.*?)^```", text, re.MULTILINE | re.DOTALL)
    return "\n".join(
        [*blocks, *re.findall(r"`([^`\n]+)`", re.sub(r"^```.*?^```", "", text, flags=re.MULTILINE | re.DOTALL))]
    )
