"""`lfr users`: who may plan, authorise, operate, publish, see to compliance, audit."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import typer

from apps.cli.command import Output, command
from apps.cli.common import console, person_option

if TYPE_CHECKING:
    from collections.abc import Sequence

    from lfr_core.custody.installation import Installation
    from lfr_core.custody.people import People, Person, Rank, Role

__all__ = ["app"]

app = typer.Typer(no_args_is_help=True, help="Register people: their roles and rank; revoke them.")

Name = Annotated[str, typer.Argument(metavar="NAME", help="The person's name, as they sign.")]
Roles = Annotated[
    list[str],
    typer.Option(
        "--role",
        help="planner, authorising-officer, operator, publication-officer, compliance or auditor; once for each.",
    ),
]
RankOption = Annotated[str, typer.Option("--rank", help="police-staff, constable, sergeant, ... chief-constable.")]
By = Annotated[str, person_option("--by", "Who does it: a person registered with role compliance.")]


@command(app)
def add(
    installation: Installation,
    name: Name,
    role: Roles,
    rank: RankOption,
    by: Annotated[
        str | None, person_option("--by", "A person of compliance; not needed for the very first person.")
    ] = None,
) -> Output:
    """Register a person, or again one who was revoked. The first one needs role compliance, and registers the others.

    Example: lfr users add "C. Adeyemi" --role authorising-officer --rank superintendent --by "D. Mensah"
    """
    added = _people(installation).add(name, _parse_roles(role), _parse_rank(rank), by=by or name)
    return _person_output(added, "registered")


@command(app)
def change(installation: Installation, name: Name, role: Roles, rank: RankOption, by: By) -> Output:
    """Give a person these roles and this rank instead of those they had. Nobody changes their own.

    Example: lfr users change "C. Adeyemi" --role planner --role operator --rank inspector --by "D. Mensah"
    """
    changed = _people(installation).change(name, _parse_roles(role), _parse_rank(rank), by=by)
    return _person_output(changed, "changed")


@command(app)
def revoke(
    installation: Installation,
    name: Name,
    why: Annotated[str, typer.Option("--why", help="The reason, in a line.")],
    by: By,
) -> Output:
    """Let a person do nothing from now on. Gates that an officer's authority holds open shut.

    Example: lfr users revoke "C. Adeyemi" --why "left the force" --by "D. Mensah"
    """
    return _person_output(_people(installation).revoke(name, why=why, by=by), "revoked")


@command(app, "list")
def list_people(installation: Installation) -> Output:
    """List everybody who is or was registered.

    Example: lfr users list
    """
    found = _people(installation).list()
    return Output([_as_dict(each) for each in found], lambda: _show_people(found))


def _show_people(found: Sequence[Person]) -> None:
    from rich.table import Table
    from rich.text import Text

    if not found:
        console.print("Nobody is registered yet: lfr users add NAME --role compliance --rank RANK", markup=False)
        return
    table = Table("Name", "Roles", "Rank", "Registered", "Revoked")
    for each in found:
        revoked = f"{each.revoked_at:%Y-%m-%d}" if each.revoked_at else ""
        roles = ", ".join(_role_words(each))
        table.add_row(Text(each.name), roles, each.rank.value, f"{each.added_at:%Y-%m-%d}", revoked)
    console.print(table)


def _people(installation: Installation) -> People:
    from lfr_core.custody.people import People

    return People(installation.engine, installation.trail, installation.clock)


def _parse_roles(given: list[str]) -> list[Role]:
    from lfr_core.common.errors import Refused
    from lfr_core.custody.people import Role

    words = [_plain(each) for each in given]
    if unknown := [each for each in words if each not in set(Role)]:
        raise Refused("people.unknown-role", f"{unknown[0]!r} is no role; there are: {', '.join(Role)}")
    return [Role(each) for each in words]


def _parse_rank(given: str) -> Rank:
    from lfr_core.common.errors import Refused
    from lfr_core.custody.people import Rank

    if _plain(given) not in set(Rank):
        raise Refused("people.unknown-rank", f"{given!r} is no rank; there are: {', '.join(Rank)}")
    return Rank(_plain(given))


def _plain(words: str) -> str:
    return " ".join(words.replace("-", " ").replace("_", " ").split()).casefold()


def _role_words(person: Person) -> list[str]:
    from lfr_core.custody.people import Role

    return [role.value for role in Role if role in person.roles]


def _as_dict(person: Person) -> dict[str, str | list[str] | None]:
    return {
        "name": person.name,
        "roles": _role_words(person),
        "rank": person.rank.value,
        "added_at": person.added_at.isoformat(),
        "revoked_at": person.revoked_at.isoformat() if person.revoked_at else None,
    }


def _person_output(person: Person, what: str) -> Output:
    words = f"{person.name}: {what}, {person.rank.value}; {', '.join(_role_words(person))}"
    return Output(_as_dict(person), words)
