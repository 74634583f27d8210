"""`lfr policy show` and `lfr policy check`: what is read out of the names, the comments and the model."""

from __future__ import annotations

import json
import tomllib
from pathlib import Path

import pytest
from typer.testing import CliRunner

from apps.cli.main import app
from lfr_core.domain.policy import Policy, default_policy_file, load_policy
from lfr_core.domain.policy_listing import PolicyValue, comments_of, faults_of, listed, sections

WITHOUT_UNIT = {"faces.min_sharpness"}  # a ratio above 1 is possible; the comment names its definition


def value(name: str, path: Path | None = None) -> PolicyValue:
    (found,) = [each for each in listed(load_policy(path), path) if f"{each.section}.{each.key}" == name]
    return found


def test_every_value_is_listed_with_a_source() -> None:
    values = listed(load_policy())
    written = tomllib.loads(default_policy_file().read_text(encoding="utf-8"))

    assert {(each.section, each.key): json.loads(each.value) for each in values} == {
        (section, key): given for section, keys in written.items() for key, given in keys.items()
    }
    assert [f"{each.section}.{each.key}" for each in values if not each.source] == []
    assert {each.section for each in values} == set(sections())


def test_every_number_has_its_unit_in_its_name_or_lies_between_0_and_1() -> None:
    bare = {
        f"{each.section}.{each.key}"
        for each in listed(load_policy())
        if not each.unit
        and isinstance(json.loads(each.value), int | float)
        and each.allowed not in {"at least 0, at most 1", "above 0, below 1", "true or false"}
    }

    assert bare == WITHOUT_UNIT


@pytest.mark.parametrize(
    ("name", "is_", "allowed"),
    [
        ("footage.retention_days", "31 days", "at least 1, at most 31, a whole number"),
        ("alerts.retention_h", "24 hours", "at least 1, at most 24, a whole number"),
        ("publication.results_working_days", "5 working days", "at least 1, at most 5, a whole number"),
        ("vault.lease_s", "2.0 seconds", "at least 0.2, at most 2"),
        ("sampling.looks_per_second", "6.25 frames a second", "above 0"),
        ("accuracy.small_list_one_in", "100000 one in so many faces", "at least 2, a whole number"),
        ("responses.victim", '"safeguard"', "one of arrest, safeguard, speak_to, record_only"),
        ("force.name", '"CHANGE ME Constabulary"', "a line of 1 to 300 characters"),
        ("rights.neither_confirm_nor_deny", "true", "true or false"),
    ],
)
def test_a_value_is_reported_with_its_unit_and_its_range(name: str, is_: str, allowed: str) -> None:
    found = value(name)

    assert (f"{found.value} {found.unit}".rstrip(), found.allowed) == (is_, allowed)


@pytest.mark.parametrize(
    ("line", "comment"),
    [
        ("key = 1 # why", "why"),
        ('key = "a # b"   # why # not', "why # not"),
        ("key = ['#']#why", "why"),
        ('key = "a \\" # b" # why', "why"),
        ("key = 1", None),
        ("# key = 1", None),
    ],
)
def test_a_comment_is_what_stands_after_the_value(line: str, comment: str | None) -> None:
    assert comments_of(f"[part]\nfirst = 0\n{line}\n").get(("part", "key")) == comment


def test_a_comment_under_the_heading_is_the_source_of_values_without_their_own() -> None:
    text = "# of the file\n[part]\n# agreed\n# by all\none = 1\ntwo = 2 # its own\n# said later\n[other]\nthree = 3\n"

    assert comments_of(text) == {("part", "one"): "agreed by all", ("part", "two"): "its own"}


def test_a_force_that_gives_its_own_source_is_quoted(tmp_path: Path) -> None:
    text = default_policy_file().read_text(encoding="utf-8")
    lines = [
        "retention_days = 14 # our own board, minute 7" if line.startswith("retention_days = 31") else line
        for line in text.splitlines()
    ]
    own = tmp_path / "own.toml"
    own.write_text("\n".join(lines), encoding="utf-8")
    found = value("footage.retention_days", own)

    assert (found.value, found.source) == ("14", "our own board, minute 7")


def test_the_default_policy_has_no_fault_and_each_fault_of_another_is_named(tmp_path: Path) -> None:
    text = default_policy_file().read_text(encoding="utf-8")
    bad = tmp_path / "bad.toml"
    changed = text.replace("retention_days = 31 ", "retention_days = 32 ").replace("\nmerge_s ", "\nmergee_s ")
    bad.write_text(changed, encoding="utf-8")

    assert faults_of(default_policy_file()) == ()
    found = {each.where: each.why for each in faults_of(bad)}
    assert set(found) == {"alerts.merge_s", "alerts.mergee_s", "footage.retention_days"}
    assert "no such value" in found["alerts.mergee_s"]
    assert "missing" in found["alerts.merge_s"]
    assert "31" in found["footage.retention_days"]


@pytest.mark.parametrize("content", [None, b"[live", b"# caf\xe9\n", b""])
def test_a_file_that_is_no_policy_at_all_has_a_fault(tmp_path: Path, content: bytes | None) -> None:
    file = tmp_path / "policy.toml"
    if content is not None:
        file.write_bytes(content)

    assert faults_of(file)
    assert CliRunner().invoke(app, ["policy", "check", str(file)]).exit_code == 1


def test_programs_get_every_value_and_every_fault() -> None:
    shown = json.loads(CliRunner().invoke(app, ["policy", "show", "--json"]).stdout)
    footage = json.loads(CliRunner().invoke(app, ["policy", "show", "--section", "footage", "--json"]).stdout)
    checked = CliRunner().invoke(app, ["policy", "check", str(default_policy_file()), "--json"])

    assert {each["section"] for each in shown["values"]} == set(Policy.model_fields)
    assert {each["section"] for each in footage["values"]} == {"footage"}
    assert (checked.exit_code, json.loads(checked.stdout)["faults"]) == (0, [])


def test_a_section_that_there_is_not_is_refused_by_name() -> None:
    ran = CliRunner().invoke(app, ["policy", "show", "--section", "cake"])

    assert ran.exit_code == 77
    assert "footage" in ran.stderr
