"""Write the tables of docs/running.md from the settings and the policy: `python scripts/doc_tables.py`.

A test renders the same tables and compares, so that the document can't drift from the code.
"""

from __future__ import annotations

import json
import re
import sys
import tomllib
from pathlib import Path

from lfr_core.common.project import PROJECT
from lfr_core.common.settings import Settings
from lfr_core.domain.policy import default_policy_file

__all__ = ["DOCUMENT", "escaped", "policy_table", "settings_table", "with_sections", "with_tables"]

DOCUMENT = PROJECT / "docs" / "running.md"
_KEY_AND_COMMENT = re.compile(r"^(?P<key>\w+)\s*=[^#]*(?:#\s*(?P<comment>.*))?$")


def settings_table() -> str:
    """One row for each setting: its variable, its default, what it is."""
    rows = ["| variable | default | what it is |", "| --- | --- | --- |"]
    for name, field in Settings.model_fields.items():
        default = field.default
        if isinstance(default, Path):
            default = default.relative_to(PROJECT)
        if isinstance(default, tuple):
            default = json.dumps(default)
        shown = "" if default is None or default == "" else f"`{default}`"
        rows.append(f"| `LFR_{name.upper()}` | {shown} | {escaped(field.description or '')} |")
    return "\n".join(rows)


def policy_table() -> str:
    """One row for each value of the default policy, with the reason given beside it."""
    text = default_policy_file().read_text(encoding="utf-8")
    values = tomllib.loads(text)
    rows = ["| value | default | why |", "| --- | --- | --- |"]
    section = ""
    for line in text.splitlines():
        if line.startswith("["):
            section = line.strip("[] ")
        elif found := _KEY_AND_COMMENT.match(line):
            key = found["key"]
            shown = "" if values[section][key] == "" else f"`{values[section][key]}`"
            rows.append(f"| `{section}.{key}` | {shown} | {escaped(found['comment'] or '')} |")
    return "\n".join(rows)


def with_tables(document: str) -> str:
    """`document` with both tables written anew between their marks."""
    return with_sections(document, {"settings": settings_table(), "policy": policy_table()}, DOCUMENT)


def with_sections(document: str, sections: dict[str, str], path: Path) -> str:
    """Return `document`, the text of `path`, with each section written anew between its marks."""
    for mark, section in sections.items():
        before, start, rest = document.partition(f"<!-- {mark} -->\n")
        _, end, after = rest.partition(f"<!-- end of {mark} -->")
        if not (start and end):
            sys.exit(f"{path} has no place for the table of the {mark}: restore its marks")
        document = f"{before}{start}{section}\n{end}{after}"
    return document


def escaped(text: str) -> str:
    """Return `text` as it stands in a cell of a table."""
    return text.replace("|", "\\|")


if __name__ == "__main__":
    DOCUMENT.write_text(with_tables(DOCUMENT.read_text(encoding="utf-8")), encoding="utf-8")
