"""Attending a deployment from a terminal: it ends by itself, with a reason, when the operator may attend no more."""

from __future__ import annotations

from threading import Event

import pytest
from sqlalchemy import Engine
from sqlmodel import col, select

from lfr_core.common.clock import SystemClock
from lfr_core.common.errors import Refused
from lfr_core.custody.people import People, Role
from lfr_core.deployments.attendance import Attendance
from lfr_core.storage.engine import open_engine, reading
from lfr_core.storage.tables.vault import AttendanceRow
from tests.support.people import add_people, authenticated
from tests.support.records import live_deployment
from tests.support.vaults import trail_of


@pytest.fixture
def engine(sqlite_url: str) -> Engine:
    engine = open_engine(sqlite_url)
    live_deployment(engine)
    add_people(engine, ("Ann", Role.OPERATOR), ("Dee", Role.COMPLIANCE))
    return engine


def test_who_is_revoked_attends_no_more_and_is_told_why(engine: Engine) -> None:
    ended = Event()
    attending = Attendance(engine, trail_of(engine), SystemClock()).keep_alive(
        "dep", authenticated("Ann"), every_s=0.02, ended=ended
    )
    attending.__enter__()

    People(engine, trail_of(engine), SystemClock()).revoke("Ann", why="left the force", by=authenticated("Dee"))

    assert ended.wait(20)
    with pytest.raises(Refused, match="revoked"):
        attending.__exit__(None, None, None)
    with reading(engine) as session:
        assert session.exec(select(AttendanceRow).where(col(AttendanceRow.deployment) == "dep")).all() == []


def test_who_leaves_of_their_own_accord_is_told_nothing(engine: Engine) -> None:
    ended = Event()

    with Attendance(engine, trail_of(engine), SystemClock()).keep_alive(
        "dep", authenticated("Ann"), every_s=0.02, ended=ended
    ):
        assert not ended.wait(0.1)
