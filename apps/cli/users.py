"""`lfr users`: who may plan, authorise, operate, publish, see to compliance, audit."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from apps.cli.command import Output, command, logged_in, logged_in_or_machine
from apps.cli.common import console

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from lfr_core.custody.installation import Installation
    from lfr_core.custody.people import Actor, AuthenticatedPerson, Person, Rank, Role

__all__ = ["app"]

app = typer.Typer(no_args_is_help=True, help="Register people: their roles and rank; rename and revoke them.")

Name = Annotated[str, typer.Argument(metavar="NAME", help="The person's name, as they sign.")]
Roles = Annotated[
    list[str],
    typer.Option(
        "--role",
        help="planner, authorising-officer, operator, engaging-officer, publication-officer, compliance or auditor; "
        "once for each.",
    ),
]
RankOption = Annotated[str, typer.Option("--rank", help="police-staff, constable, sergeant, ... chief-constable.")]
Login = Annotated[str, typer.Option("--login", help="Name to log in with; default: the person's name, as c.adeyemi.")]
Subject = Annotated[str, typer.Option("--subject", help="Their account at the force's own provider: its `sub` claim.")]


@command(app)
def add(
    installation: Installation,
    name: Name,
    role: Roles,
    rank: RankOption,
    login: Login = "",
    subject: Subject = "",
    account: Annotated[bool, typer.Option("--account/--no-account", help="Without: `lfr users link` later.")] = True,
    again: Annotated[
        bool, typer.Option("--again", help="It is the same person who was revoked, and comes back.")
    ] = False,
) -> Output:
    """Register a person. The first one needs role compliance, and registers the others.

    Somebody else of a name that was taken once gets one that tells them apart, as with their collar number.

    They get an account too, and the link at which they set its password, once, within a day: send it to them alone.

    Example: lfr users add "C. Adeyemi" --role authorising-officer --rank superintendent
    """
    people, by = installation.people, _adder(installation)
    added = people.add(name, _parse_roles(role), _parse_rank(rank), by=by, again=again)
    if not account:
        return _person_output(added, "registered", f'They can\'t log in yet: `lfr users link "{added.name}"`.')
    return _account_output(installation, added, "registered", login=login, subject=subject, by=by)


@command(app)
def link(installation: Installation, name: Name, login: Login = "", subject: Subject = "") -> Output:
    """Give a registered person an account, or say which one at the force's own provider is theirs.

    Example: lfr users link "C. Adeyemi"
    """
    from lfr_core.common.errors import Refused

    known = installation.people.find(name)
    if known is None:
        raise Refused("people.unknown", f"nobody is registered as {name!r}: `lfr users add` registers them")
    return _account_output(
        installation, known, "has an account", login=login, subject=subject, by=_linker(installation)
    )


@command(app)
def password(installation: Installation, name: Name) -> Output:
    """Log a person out everywhere and make a new link for their password. One made before works no more.

    Compliance does it. Where nobody is logged in, this machine's user may do it for the only person of compliance,
    whom nobody else could help; it is on the audit trail as people.recovered.

    Example: lfr users password "C. Adeyemi"
    """
    from lfr_core.custody.identity.invitation import make_password_link

    address = make_password_link(installation, name, by=logged_in_or_machine(installation))
    return Output({"name": name, "link": address}, f"{name} is logged out everywhere. {_about_link(name, address)}")


@command(app, "log-out")
def log_out(installation: Installation, name: Name, by: AuthenticatedPerson) -> Output:
    """End all of a person's sessions: each page and each terminal asks them to log in again. A script's key ends too.

    Example: lfr users log-out "C. Adeyemi"
    """
    installation.people.end_sessions(name, by=by)
    return Output({"name": name}, f"{name} is logged out everywhere")


@command(app)
def change(installation: Installation, name: Name, role: Roles, rank: RankOption, by: AuthenticatedPerson) -> Output:
    """Give a person these roles and this rank instead of those they had. Nobody changes their own.

    Example: lfr users change "C. Adeyemi" --role planner --role operator --rank inspector
    """
    changed = installation.people.change(name, _parse_roles(role), _parse_rank(rank), by=by)
    return _person_output(changed, "changed")


@command(app)
def rename(
    installation: Installation,
    name: Name,
    new_name: Annotated[str, typer.Argument(metavar="NEW_NAME", help="The name that they have from now on.")],
    by: AuthenticatedPerson,
) -> Output:
    """Give a person another name. They stay the same person, with their account, and the old name stays theirs.

    What they did before is on record under the name of then. Nobody renames themselves.

    Example: lfr users rename "C. Adeyemi" "C. Adeyemi-Brown"
    """
    renamed = installation.people.rename(name, new_name, by=by)
    return _person_output(renamed, f"renamed, before {renamed.former_names[-1]}" if renamed.former_names else "renamed")


@command(app)
def revoke(
    installation: Installation,
    name: Name,
    why: Annotated[str, typer.Option("--why", help="The reason, in a line.")],
    by: AuthenticatedPerson,
) -> Output:
    """Let a person do nothing from now on; their account ends. Gates that an officer's authority holds open shut.

    Example: lfr users revoke "C. Adeyemi" --why "left the force"
    """
    return _person_output(installation.people.revoke(name, why=why, by=by), "revoked")


@command(app, "add-service")
def add_service(
    installation: Installation,
    name: Name,
    by: AuthenticatedPerson,
    may: Annotated[str, typer.Option("--may", help="publish-results (what is due), or run-trials (of recordings).")],
    key_file: Annotated[Path, typer.Option("--key-file", help="A new file for its key; only you can read it.")],
) -> Output:
    """Register a service account for a script, which does one thing of a closed list, and write its key.

    The script acts as it with LFR_SERVICE_KEY_FILE=FILE. `lfr users revoke` ends it, like a person; `lfr users log-out`
    ends its key alone, and this command makes another.

    Example: lfr users add-service "Nightly results" --may publish-results --key-file nightly.key
    """
    from lfr_core.common.errors import Refused
    from lfr_core.custody.identity.service_keys import add_service
    from lfr_core.custody.people import Role

    services = {"publish-results": Role.RESULTS_SERVICE, "run-trials": Role.TRIALS_SERVICE}
    if may not in services:
        raise Refused("people.no-service-role", f"--may is one of: {', '.join(services)}")
    added = add_service(installation.people, name, services[may], key_file, by=by)
    document = {**_as_dict(added), "key_file": str(key_file)}
    next_step = f"Its key is in {key_file}: the script acts as it with LFR_SERVICE_KEY_FILE={key_file}"
    return Output(document, _person_output(added, "registered", next_step).text)


@command(app, "list")
def list_people(installation: Installation) -> Output:
    """List everybody who is or was registered. Until the first account is linked nobody can log in, and nobody has to.

    Example: lfr users list
    """
    from lfr_core.custody.people.consultations import STAFF

    if installation.people.any_can_log_in():
        installation.looks.check(logged_in(installation), STAFF, "people.listed")
    found = installation.people.list()
    accounts = {name: len(issuers) for name, issuers in installation.people.with_several_accounts().items()}
    as_json = [_as_dict(each) | {"several_accounts": accounts.get(each.name, 0)} for each in found]
    return Output(as_json, lambda: _show_people(found, accounts))


def _show_people(found: Sequence[Person], accounts: Mapping[str, int]) -> None:
    from rich.table import Table
    from rich.text import Text

    if not found:
        console.print("Nobody is registered yet: lfr users add NAME --role compliance --rank RANK", markup=False)
        return
    table = Table("Name", "Roles", "Rank", "Registered", "Revoked")
    for each in found:
        revoked = f"{each.revoked_at:%Y-%m-%d}" if each.revoked_at else ""
        roles = ", ".join(_role_words(each))
        before = f" (before: {', '.join(each.former_names)})" if each.former_names else ""
        table.add_row(Text(each.name + before), roles, each.rank_in_words, f"{each.added_at:%Y-%m-%d}", revoked)
    console.print(table)
    for name, count in accounts.items():
        console.print(f"{name} has {count} accounts in use, which act as the same person", markup=False)


def _account_output(
    installation: Installation, person: Person, what: str, *, login: str, subject: str, by: Actor
) -> Output:
    """Link an account that is there, or make one and show how the person gets into it."""
    from lfr_core.custody.identity.invitation import invite_person, link_account, login_of

    page = installation.settings.page_addresses[0]
    logs_in = f"They log in at {page}, or at a terminal with `lfr login`"
    if subject:
        link_account(installation, person.name, subject, by=by)
        return _person_output(person, what, f"{logs_in}, with that account of your force.")
    invited = invite_person(installation, person.name, login=login or login_of(person.name), by=by)
    document = {**_as_dict(person), "login": invited.login, "link": invited.link}
    words = f"{_about_link(person.name, invited.link)}\n{logs_in}, as {invited.login}."
    return Output(document, _person_output(person, what, words).text)


def _about_link(name: str, address: str) -> str:
    """Say what is to be done with a link for a password."""
    return (
        f"Give this link to {name}, and to nobody else:\n  {address}\n"
        "They open it in a browser of this machine and set their password, once, within a day. After that, "
        f'`lfr users password "{name}"` makes a new one.'
    )


def _adder(installation: Installation) -> Actor:
    """Find who registers somebody: who is logged in; the very first person is registered by this machine's user."""
    from lfr_core.domain.actors import SystemActor

    return logged_in(installation) if installation.people.list() else SystemActor.LFR


def _linker(installation: Installation) -> Actor:
    """Find who links an account: who is logged in; the very first is linked by this machine's user."""
    from lfr_core.domain.actors import SystemActor

    return logged_in(installation) if installation.people.any_can_log_in() else SystemActor.LFR


def _parse_roles(given: list[str]) -> list[Role]:
    from lfr_core.common.errors import Refused
    from lfr_core.custody.people import Role
    from lfr_core.custody.people.roles import SERVICE_ROLES

    words, roles = [_plain(each) for each in given], [role.value for role in Role if role not in SERVICE_ROLES]
    if unknown := [each for each in words if each not in roles]:
        raise Refused("people.unknown-role", f"{unknown[0]!r} is no person's role; there are: {', '.join(roles)}")
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


def _as_dict(person: Person) -> dict[str, object]:
    return {
        "name": person.name,
        "former_names": list(person.former_names),
        "roles": _role_words(person),
        "rank": person.rank_in_words or None,
        "added_at": person.added_at.isoformat(),
        "revoked_at": person.revoked_at.isoformat() if person.revoked_at else None,
    }


def _person_output(person: Person, what: str, next_step: str = "") -> Output:
    rank = f", {person.rank_in_words}" if person.rank_in_words else ""
    words = f"{person.name}: {what}{rank}; {', '.join(_role_words(person))}"
    return Output(_as_dict(person), "\n".join(filter(None, (words, next_step))))
