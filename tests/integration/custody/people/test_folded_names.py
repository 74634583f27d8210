"""Migration 0023: names of before are compared as names are now."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from alembic import command
from sqlalchemy import Engine, text

from lfr_core.common.errors import Refused
from lfr_core.custody.people import Role
from lfr_core.custody.people.lookup import in_role
from lfr_core.domain.actors import fold_name
from lfr_core.storage.engine import open_engine, reading
from lfr_core.storage.migrate import _config, upgrade

BEFORE = {  # as the register of before took them: without case, spaces and variants, with points and hyphens
    "A. Okafor": "a. okafor",
    "A Okafor": "a okafor",
    "Insp. Bo-Allow": "insp. bo-allow",
    "a-okafor": "a-okafor",
    "Olga Reyes": "olga reyes",
}


def go_to(engine: Engine, revision: str) -> None:
    with engine.execution_options(openlfr_writes=True).begin() as connection:
        command.downgrade(_config(connection), revision)


def folds(engine: Engine) -> dict[str, str]:
    with engine.connect() as connection:
        return {row.name: row.folded for row in connection.execute(text("SELECT name, folded FROM person"))}


def acts(engine: Engine, name: str) -> str:
    with reading(engine) as session:
        return in_role(session, name, {Role.OPERATOR}).name


@pytest.fixture
def before(database_url: str) -> Iterator[Engine]:
    """A database at 0022 with people whose names are one person's now."""
    engine = open_engine(database_url)
    go_to(engine, "0022")
    with engine.execution_options(openlfr_writes=True).begin() as connection:
        for number, (name, folded) in enumerate(BEFORE.items(), start=1):
            values = {"id": number, "name": name, "folded": folded}
            connection.execute(
                text(
                    "INSERT INTO person (id, folded, name, rank, added_at, added_by, revoked_by, revoked_why) "
                    "VALUES (:id, :folded, :name, 'constable', '2026-11-23 12:00:00', 'x', '', '')"
                ),
                values,
            )
            connection.execute(
                text("INSERT INTO person_role VALUES (:id, 'operator', '2026-11-23 12:00:00')"), {"id": number}
            )
    yield engine
    engine.dispose()


def test_of_people_whose_names_are_now_one_only_the_first_can_act(before: Engine, database_url: str) -> None:
    upgrade(database_url)

    kept = folds(before)
    assert {name: kept[name] for name in ("A. Okafor", "Insp. Bo-Allow", "Olga Reyes")} == {
        name: fold_name(name) for name in ("A. Okafor", "Insp. Bo-Allow", "Olga Reyes")
    }
    assert [acts(before, name) for name in ("A. Okafor", "A Okafor", "a-okafor")] == ["A. Okafor"] * 3
    for name in ("A Okafor", "a-okafor"):
        with pytest.raises(Refused) as refused:
            acts(before, kept[name])  # not even by what is kept of it
        assert refused.value.rule == "people.unknown"


def test_going_back_gives_everybody_the_name_they_were_compared_by(before: Engine, database_url: str) -> None:
    upgrade(database_url)
    go_to(before, "0022")
    assert folds(before) == BEFORE

    upgrade(database_url)

    assert [acts(before, name) for name in ("A Okafor", "Insp Bo Allow")] == ["A. Okafor", "Insp. Bo-Allow"]
