"""Commands named in messages, help, documents and templates exist, with those options, whole where written out."""

from __future__ import annotations

import re
import shlex
from typing import Any

import pytest
from typer.main import get_command

from apps.cli.main import app
from tests.support.texts import ROOT, Named, commands_named, texts

LFR: Any = get_command(app)  # Typer's own click has no public types
TARGETS = set(re.findall(r"^([a-z-]+):", (ROOT / "Makefile").read_text(encoding="utf-8"), re.MULTILINE))
SHORTENED = re.compile(r"…|\.\.\.")
NEVER_TYPED = re.compile(r"\s#.*$|\s(?:\||>|&&|;).*$")
"""A remark behind it, and what it is piped into."""


def words_of(line: str) -> list[str]:
    typed = re.sub(r"[][]", " ", NEVER_TYPED.sub("", f" {line}"))  # [--option]: it may be given
    try:
        return shlex.split(typed)
    except ValueError:  # an apostrophe
        return typed.split()


def fault_of(line: str, *, whole: bool = False) -> str:
    """What is wrong with a command line behind `lfr`; "" where nothing is.

    Shortened by an ellipsis, or with options alone, it may lack words, unless it is `whole`.
    """
    words = words_of(line)
    command = LFR
    path = ["lfr"]
    while words and getattr(command, "commands", None):
        if words[0].startswith("-") or SHORTENED.search(words[0]) or words[0].isupper():
            break
        names = words[0].split("|") if "|" in words[0] else [words[0]]
        unknown = [name for name in names if name not in command.commands]
        if unknown:
            return f"{' '.join(path)} has no command {unknown[0]!r}"
        path.append(names[0])
        command, words = command.commands[names[0]], words[1:]
    known = {name for each in command.params for name in (*each.opts, *each.secondary_opts)} | {"--help"}
    options = [word.split("=")[0] for word in words if word.startswith("--")]
    strange = [option for option in options if option not in known]
    if strange:
        return f"{' '.join(path)} has no option {strange[0]}"
    if getattr(command, "commands", None) or "--help" in words or SHORTENED.search(line):
        return ""
    if not whole and (not words or words[0].startswith("-")):
        return ""  # the name, or one of its options
    context = command.make_context(" ".join(path), [], resilient_parsing=True)
    try:
        given, left, _ = command.make_parser(context).parse_args(args=words)
    except Exception as error:  # noqa: BLE001  Typer's own click has no public types
        return f"{' '.join(path)}: {error}"
    if left:
        return f"{' '.join(path)} takes no {left[0]!r}"
    missing = [
        each.opts[0]
        for each in command.params
        if each.required and not each.envvar and not isinstance(given.get(each.name), str | list | tuple | bool | int)
    ]
    return f"{' '.join(path)} lacks {', '.join(missing)}" if missing else ""


def test_every_command_named_in_a_text_exists_and_can_be_typed_as_it_is_written() -> None:
    named = list(commands_named("lfr"))
    reported = [(each, fault_of(each.line, whole=each.whole)) for each in named]
    faults = [f"{each.where}: `lfr {each.line}`: {fault}" for each, fault in reported if fault]

    assert len(named) > 300  # it looks at something
    assert faults == []


def test_every_target_of_make_named_in_a_text_exists() -> None:
    named = [each for each in commands_named("make") if each.line]
    unknown = [f"{each.where}: `make {each.line}`" for each in named if not targets(each) <= TARGETS]

    assert len(named) > 20
    assert unknown == []


def targets(each: Named) -> set[str]:
    words = words_of(each.line)
    return {word for word in words if re.fullmatch(r"[a-z-]+", word)}


@pytest.mark.parametrize(
    ("line", "says"),
    [
        ("publish build", "no command 'build'"),
        ("publish record dep --nope", "no option --nope"),
        ("publish explain dep --json", "lacks --why"),
        ("publish explain DEPLOYMENT --why … --json", ""),
        ("deployment list extra", "takes no 'extra'"),
        ("publish results | due", ""),
        ("retention", ""),
        ("publish explain --why WHY", ""),
    ],
)
def test_a_command_that_is_not_there_or_not_whole_is_found(line: str, says: str) -> None:
    assert says in fault_of(line)
    assert bool(says) == bool(fault_of(line))


def test_a_command_that_a_text_names_without_quoting_it_exists_too() -> None:
    bare = re.compile(r"(?<![`/\w.-])lfr ([a-z][a-z-]+)(?: ([a-z][a-z-]+))?")
    faults = []
    for where, text in texts():
        if where.startswith("lfr_core/publication/quality/columns.py"):
            continue  # as other forces head their columns: "LFR purpose"
        for name, below in bare.findall(re.sub(r"```.*?```|`[^`]*`", "", text, flags=re.DOTALL)):
            found: Any = LFR.commands.get(name)
            beneath = getattr(found, "commands", None)
            if found is None or (beneath and below and below not in beneath):
                faults.append(f"{where}: lfr {name} {below}")

    assert faults == []
