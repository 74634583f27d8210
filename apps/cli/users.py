"""`lfr users`: who may plan, authorise, operate, publish, see to compliance, audit."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Annotated

import typer

from apps.cli.common import AsJson, console, guard, load_settings, person_option, print_json

if TYPE_CHECKING:
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


@app.command()
def add(
    name: Name,
    role: Roles,
    rank: RankOption,
    by: Annotated[
        str | None, person_option("--by", "A person of compliance; not needed for the very first person.")
    ] = None,
    as_json: AsJson = False,
) -> None:
    """Register a person, or again one who was revoked. The first one needs role compliance, and registers the others.

    Example: lfr users add "C. Adeyemi" --role authorising-officer --rank superintendent --by "D. Mensah"
    """
    with guard(), _people() as people:
        _tell(people.add(name, _roles(role), _rank(rank), by=by or name), "registered", as_json=as_json)


@app.command()
def change(name: Name, role: Roles, rank: RankOption, by: By, as_json: AsJson = False) -> None:
    """Give a person these roles and this rank instead of those they had. Nobody changes their own.

    Example: lfr users change "C. Adeyemi" --role planner --role operator --rank inspector --by "D. Mensah"
    """
    with guard(), _people() as people:
        _tell(people.change(name, _roles(role), _rank(rank), by=by), "changed", as_json=as_json)


@app.command()
def revoke(
    name: Name,
    why: Annotated[str, typer.Option("--why", help="The reason, in a line.")],
    by: By,
    as_json: AsJson = False,
) -> None:
    """Let a person do nothing from now on. Gates that an officer's authority holds open shut.

    Example: lfr users revoke "C. Adeyemi" --why "left the force" --by "D. Mensah"
    """
    with guard(), _people() as people:
        _tell(people.revoke(name, why=why, by=by), "revoked", as_json=as_json)


@app.command(name="list")
def list_(as_json: AsJson = False) -> None:
    """List everybody who is or was registered.

    Example: lfr users list
    """
    with guard(), _people() as people:
        from rich.table import Table
        from rich.text import Text

        found = people.list()
        if as_json:
            print_json([_dict(each) for each in found])
            return
        if not found:
            console.print("Nobody is registered yet: lfr users add NAME --role compliance --rank RANK", markup=False)
            return
        table = Table("Name", "Roles", "Rank", "Registered", "Revoked")
        for each in found:
            table.add_row(
                Text(each.name), ", ".join(_words(each)), each.rank.value, f"{each.added_at:%Y-%m-%d}",
                f"{each.revoked_at:%Y-%m-%d}" if each.revoked_at else "",
            )  # fmt: skip
        console.print(table)


@contextmanager
def _people() -> Iterator[People]:
    from apps.auditing import trail_for
    from lfr_core.common.clock import SystemClock
    from lfr_core.custody.people import People
    from lfr_core.storage.engine import open_engine

    settings = load_settings()
    engine = open_engine(settings.records_url)
    try:
        yield People(engine, trail_for(settings), SystemClock())
    finally:
        engine.dispose()


def _roles(given: list[str]) -> list[Role]:
    from lfr_core.common.errors import Refused
    from lfr_core.custody.people import Role

    words = [_plain(each) for each in given]
    if unknown := [each for each in words if each not in set(Role)]:
        raise Refused("people.unknown-role", f"{unknown[0]!r} is no role; there are: {', '.join(Role)}")
    return [Role(each) for each in words]


def _rank(given: str) -> Rank:
    from lfr_core.common.errors import Refused
    from lfr_core.custody.people import Rank

    if _plain(given) not in set(Rank):
        raise Refused("people.unknown-rank", f"{given!r} is no rank; there are: {', '.join(Rank)}")
    return Rank(_plain(given))


def _plain(words: str) -> str:
    return " ".join(words.replace("-", " ").replace("_", " ").split()).casefold()


def _words(person: Person) -> list[str]:
    from lfr_core.custody.people import Role

    return [role.value for role in Role if role in person.roles]


def _dict(person: Person) -> dict[str, str | list[str] | None]:
    return {
        "name": person.name,
        "roles": _words(person),
        "rank": person.rank.value,
        "added_at": person.added_at.isoformat(),
        "revoked_at": person.revoked_at.isoformat() if person.revoked_at else None,
    }


def _tell(person: Person, what: str, *, as_json: bool) -> None:
    if as_json:
        print_json(_dict(person))
        return
    said = f"{person.name}: {what}, {person.rank.value}; {', '.join(_words(person))}"
    console.print(said, markup=False, highlight=False, soft_wrap=True)
