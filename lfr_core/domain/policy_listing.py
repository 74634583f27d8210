"""The policy for people: each value with its unit, its source and the range it may have; and what is wrong with a file.

The unit is read from the value's name, the source from the comment beside it in the file, the range from the model
that refuses everything else. Nothing is written down twice.
"""

from __future__ import annotations

import json
import re
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from pydantic import ValidationError

from lfr_core.common.errors import Fatal
from lfr_core.common.files import read_text_bounded, read_toml
from lfr_core.domain.policy import Policy, default_policy_file, load_policy

__all__ = ["PolicyFault", "PolicyValue", "comments_of", "faults_of", "listed", "sections"]

_UNITS = {
    "_looks_per_second": "frames a second",
    "_working_days": "working days",
    "_per_second": "a second",
    "_megapixels": "megapixels",
    "_degrees": "degrees",
    "_one_in": "one in so many faces",
    "_percent": "%",
    "_entries": "entries",
    "_people": "people",
    "_people_below": "people",
    "_looks": "looks",
    "_shots": "shots",
    "_shots_per_track": "shots",
    "_bytes": "bytes",
    "_days": "days",
    "_days_since_check": "days",
    "_minutes": "minutes",
    "_in_flight": "frames",
    "_faces": "faces",
    "_min": "minutes",
    "_gb": "gigabytes",
    "_in_a_row": "times",
    "_ms": "milliseconds",
    "_px": "pixels",
    "_h": "hours",
    "_s": "seconds",
}
"""By the end of the name; the longest counts. A name without one has no unit: a word, a number from 0 to 1."""
_LINE = re.compile(
    r"""^(?P<key>[A-Za-z0-9_-]+)\s*=\s*(?:"(?:[^"\\]|\\.)*"|'[^']*'|[^#"'])*(?:\#\s*(?P<comment>.*))?$"""
)
_SECTION = re.compile(r"^\[(?P<name>[A-Za-z0-9_-]+)\]")


@dataclass(frozen=True, slots=True)
class PolicyValue:
    """One value."""

    section: str
    key: str
    value: str
    """As TOML writes it."""
    unit: str
    """Empty for words and for numbers without one."""
    source: str
    """Where it comes from, as the file says; empty if it doesn't."""
    allowed: str
    """In words; empty if any value of its kind may be given."""


@dataclass(frozen=True, slots=True)
class PolicyFault:
    """One reason for which a policy is refused."""

    where: str
    """`section.key`; empty for the file as a whole."""
    why: str


def listed(policy: Policy, path: Path | None = None) -> tuple[PolicyValue, ...]:
    """Return every value of `policy`, in the model's order. Sources are read from `path`, else from the default's.

    Raises:
        Fatal: the file can't be read.
    """
    default = comments_of(_text(default_policy_file()))
    own = comments_of(_text(path)) if path is not None else {}
    ranges = _ranges()
    return tuple(
        PolicyValue(
            section=section,
            key=key,
            value=json.dumps(value, ensure_ascii=False),
            unit=_unit(key, value),
            source=own.get((section, key)) or default.get((section, key), ""),
            allowed=ranges[section, key],
        )
        for section, values in policy.model_dump(mode="json").items()
        for key, value in values.items()
    )


def sections() -> tuple[str, ...]:
    """Return the names of the policy's sections."""
    return tuple(Policy.model_fields)


def faults_of(path: Path) -> tuple[PolicyFault, ...]:
    """Return everything for which a policy file is refused; nothing if it may be used."""
    try:
        values = read_toml(path)
        Policy.model_validate(values)
    except ValidationError as error:
        return tuple(
            PolicyFault(".".join(str(part) for part in fault["loc"]), _why(fault["type"], fault["msg"]))
            for fault in error.errors()
        )
    except (OSError, tomllib.TOMLDecodeError, UnicodeDecodeError):
        try:
            load_policy(path)
        except Fatal as fatal:
            return (PolicyFault("", str(fatal)),)
    return ()


def comments_of(text: str) -> dict[tuple[str, str], str]:
    """Read the comment beside each value of a policy file, by section and key.

    Without one, it is the one under its section's heading.
    """
    found: dict[tuple[str, str], str] = {}
    section, of_section, begun = "", "", False
    for line in text.splitlines():
        if heading := _SECTION.match(line):
            section, of_section, begun = heading["name"], "", False
        elif line.startswith("#") and not begun:
            of_section = f"{of_section} {line.strip('# ')}".strip()
        elif value := _LINE.match(line):
            begun = True
            if comment := (value["comment"] or "").strip() or of_section:
                found[section, value["key"]] = comment
    return found


def _text(path: Path) -> str:
    try:
        return read_text_bounded(path)
    except (OSError, UnicodeDecodeError) as error:
        raise Fatal(f"the policy {path} can't be read as UTF-8: see that it is there") from error


def _unit(key: str, value: object) -> str:
    if isinstance(value, str | bool | list):
        return ""
    ends = [end for end in _UNITS if f"_{key}".endswith(end)]
    return _UNITS[max(ends, key=len)] if ends else ""


def _why(kind: str, message: str) -> str:
    if kind == "extra_forbidden":
        return "the policy has no such value: mend its name, or take it out"
    if kind == "missing":
        return "it is missing: copy it from infra/policy/default.toml"
    return message.removeprefix("Value error, ")


def _ranges() -> dict[tuple[str, str], str]:
    """Say in words what the model lets each value be."""
    schema = Policy.model_json_schema()
    definitions: Mapping[str, Mapping[str, object]] = schema["$defs"]
    found = {}
    for section, field in schema["properties"].items():
        properties = definitions[_named(field)]["properties"]
        assert isinstance(properties, dict)  # a section is an object
        for key, rule in properties.items():
            found[section, key] = _in_words(definitions[_named(rule)] if "$ref" in rule else rule)
    return found


def _named(rule: Mapping[str, object]) -> str:
    return str(rule["$ref"]).rsplit("/", 1)[1]


def _in_words(rule: Mapping[str, object]) -> str:
    if isinstance(one_of := rule.get("enum"), list):
        return f"one of {', '.join(map(str, one_of))}"
    clauses = [
        f"{words} {_number(rule[name])}"
        for name, words in (
            ("minimum", "at least"),
            ("exclusiveMinimum", "above"),
            ("maximum", "at most"),
            ("exclusiveMaximum", "below"),
            ("multipleOf", "a multiple of"),
        )
        if name in rule
    ]
    if "minLength" in rule:
        clauses.append(f"a line of {rule['minLength']} to {rule.get('maxLength', 'any number of')} characters")
    if rule.get("type") == "integer":
        clauses.append("a whole number")
    if rule.get("type") == "boolean":
        clauses.append("true or false")
    if rule.get("type") == "array":
        clauses.append("a list")
    return ", ".join(clauses)


def _number(value: object) -> str:
    return f"{value:g}" if isinstance(value, float) else str(value)
