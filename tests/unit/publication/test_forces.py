"""The forces' tables, one by one: their headings as the sources have them (docs/domain.md 2.1), figures made up.

Of South Wales, Essex and Norfolk the sources say what is published, and in which words; not each heading's spelling.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date

import pytest

from lfr_core.common.errors import Poison
from lfr_core.publication.compare import figures_of
from lfr_core.publication.quality.columns import Column
from lfr_core.publication.quality.findings import validate_table
from lfr_core.publication.quality.importer import read_table
from lfr_core.publication.quality.table import PublishedTable

TODAY = date(2026, 11, 28)


@dataclass(frozen=True)
class Force:
    """A table and what it means: of its first row, and of the whole."""

    name: str
    table: str
    generation: str
    first: dict[Column, int]
    minutes: int | None
    threshold: float | None
    deployments: int
    faces: int
    false: int
    true: int
    confirmed: int

    def __str__(self) -> str:
        return self.name


MET_2025 = Force(
    name="Met 2025",
    table=(
        "Deployment Location,Date (DD/MM/YY),Duration,LFR Use Case,Watchlist Size,Min Threshold Setting,Total Alerts,"
        "True Alerts Confirmed,True Alerts Unconfirmed,False Alerts Confirmed,False Alerts Unconfirmed,"
        "False Alert Rate,Outcome - Arrest,Outcome - Other,No action,Faces seen (estimate)\n"
        "Romford,03/03/25,6h 13m,Crime Hotspots,16240,0.64,12,9,2,1,0,0.005%,5,3,1,20013\n"
        "Stratford,07/03/25,5h 40m,Crime Hotspots,16251,0.64,8,7,1,0,0,0%,2,4,1,14887\n"
    ),
    generation="Met 2023-24 or 2025",
    first={
        Column.WATCHLIST_SIZE: 16240,
        Column.TOTAL_ALERTS: 12,
        Column.TRUE_CONFIRMED: 9,
        Column.TRUE_UNCONFIRMED: 2,
        Column.FALSE_CONFIRMED: 1,
        Column.FALSE_UNCONFIRMED: 0,
        Column.OUTCOME_ARREST: 5,
        Column.OUTCOME_OTHER: 3,
        Column.OUTCOME_NO_ACTION: 1,
        Column.FACES_SEEN: 20013,
    },
    minutes=373,
    threshold=0.64,
    deployments=2,
    faces=34900,
    false=1,
    true=19,
    confirmed=16,
)
MET_2023 = Force(
    name="Met 2023-24",
    table=(
        "Deployment Location,Date,Duration of Deployment,LFR Purpose Reference,Watchlist Size,Min Threshold Setting,"
        "Total Alerts,True Alerts: Confirmed,True Alerts: Unconfirmed,False Alerts: Confirmed,"
        "False Alerts: Unconfirmed,False Alert Rate,Engagement Outcomes: Arrest,Other Disposal,No Action,"
        "Faces seen (Estimate)\n"
        "Croydon,11/07/2024,4hr 47m,1,9854,0.62,10,8,1,0,1,0.0054%,6,1,1,18519\n"
    ),
    generation="Met 2023-24 or 2025",
    first={Column.TRUE_CONFIRMED: 8, Column.FALSE_UNCONFIRMED: 1, Column.OUTCOME_OTHER: 1, Column.FACES_SEEN: 18519},
    minutes=287,
    threshold=0.62,
    deployments=1,
    faces=18519,
    false=1,
    true=9,
    confirmed=8,
)
MET_2020 = Force(
    name="Met 2020-22",
    table=(
        "Deployment,Date (DD/MM/YY),Purpose Reference,Watchlist Size,Total Alerts,True Alerts (note 1),"
        "True Alert Engagements,False Alert / Confirmed False Alerts,"
        "False Alert / Confirmed False Alert Engagements,False Alert Rate,Arrests / Disposals,Faces seen (Estimate)\n"
        "Oxford Circus,28/01/22,1,9756,11,10,7,1,1,0.008%,4,12120\n"
    ),
    generation="Met 2020-22",
    first={
        Column.TRUE_ALERTS: 10,
        Column.TRUE_ENGAGEMENTS: 7,
        Column.FALSE_ALERTS: 1,
        Column.FALSE_ENGAGEMENTS: 1,
        Column.ARRESTS_AND_DISPOSALS: 4,
    },
    minutes=None,
    threshold=None,
    deployments=1,
    faces=12120,
    false=1,
    true=10,
    confirmed=0,
)
HOME_OFFICE = Force(
    name="Home Office, border deployments",
    table=(
        "Deployment,Date,Deployment type,Duration of deployment,Number of cameras,Watchlist number,"
        "Threshold settings,Total alerts,Positive alerts,Positive interventions,Incorrect alerts,"
        "Incorrect interventions,Arrests or disposals,Faces seen,Incorrect alert rate\n"
        "Ferry Port,27/11/2025,Proactive,2024-2035,2,4867,0.64,3,2,2,1,1,1,451,0.2217%\n"
        "Ferry Port,28/11/2025,Proactive,2351-0022,2,4867,0.64,0,0,0,0,0,0,2011,0\n"
        "Ferry Port,01/12/25- 03/12/25,Proactive,3 days covering 10 sailings,1,4868,0.64,0,0,0,0,0,0,2104,0\n"
    ),
    generation="Home Office border deployments",
    first={
        Column.CAMERAS: 2,
        Column.WATCHLIST_SIZE: 4867,
        Column.TRUE_ALERTS: 2,
        Column.TRUE_ENGAGEMENTS: 2,
        Column.FALSE_ALERTS: 1,
        Column.FALSE_ENGAGEMENTS: 1,
        Column.ARRESTS_AND_DISPOSALS: 1,
        Column.FACES_SEEN: 451,
    },
    minutes=11,
    threshold=0.64,
    deployments=3,
    faces=4566,
    false=1,
    true=2,
    confirmed=0,
)
SOUTH_WALES = Force(
    name="South Wales",
    table=(
        "Date,Place,Watchlist size,Faces seen,Alerts,True alerts,False alerts,Interventions,Arrests\n"
        "Sat 7 September 2024,Cardiff city centre,764,34911,11,10,1,9,<5\n"
        "19/06/2026,Cardiff city centre,781,31207,Nil,nil,nil,0,0\n"
    ),
    generation="another force's",
    first={
        Column.WATCHLIST_SIZE: 764,
        Column.FACES_SEEN: 34911,
        Column.TOTAL_ALERTS: 11,
        Column.TRUE_ALERTS: 10,
        Column.FALSE_ALERTS: 1,
        Column.ENGAGEMENTS: 9,
    },
    minutes=None,
    threshold=None,
    deployments=2,
    faces=66118,
    false=1,
    true=10,
    confirmed=0,
)
ESSEX = Force(
    name="Essex",
    table=(
        "Location,Date of deployment,Time,Size of watchlist,Faces scanned,Total alerts,Positive alerts,"
        "Incorrect alerts,Interventions,Arrests\n"
        "Southend High Street,19/09/2024,noon to 6pm,1102,12871,5,5,0,5,3\n"
        "Southend High Street,20/09/2024,12 noon - 18:00,1102,13342,4,3,1,4,2\n"
        "Total,,,,26213,9,8,1,9,5\n"
    ),
    generation="another force's",
    first={
        Column.WATCHLIST_SIZE: 1102,
        Column.FACES_SEEN: 12871,
        Column.TRUE_ALERTS: 5,
        Column.FALSE_ALERTS: 0,
        Column.ENGAGEMENTS: 5,
        Column.OUTCOME_ARREST: 3,
    },
    minutes=360,
    threshold=None,
    deployments=2,
    faces=26213,
    false=1,
    true=8,
    confirmed=0,
)
NORFOLK = Force(
    name="Norfolk",
    table=(
        "Date,Location,List size,Number of faces,Number of alerts,Number of true alerts,Number of false alerts,"
        "Number of arrests\n"
        "Friday 6 November 2026,Norwich city centre,998,21455,4,4,0,2\n"
        "Saturday 7 November 2026,Great Yarmouth,1003,9872,2,1,1,0\n"
    ),
    generation="another force's",
    first={
        Column.WATCHLIST_SIZE: 998,
        Column.FACES_SEEN: 21455,
        Column.TOTAL_ALERTS: 4,
        Column.TRUE_ALERTS: 4,
        Column.FALSE_ALERTS: 0,
        Column.OUTCOME_ARREST: 2,
    },
    minutes=None,
    threshold=None,
    deployments=2,
    faces=31327,
    false=1,
    true=5,
    confirmed=0,
)
FORCES = [MET_2025, MET_2023, MET_2020, HOME_OFFICE, SOUTH_WALES, ESSEX, NORFOLK]


def read(text: str) -> PublishedTable:
    return read_table(text.encode(), "table")


@pytest.mark.parametrize("force", FORCES, ids=str)
def test_each_force_s_headings_have_their_meaning_and_no_column_is_unknown(force: Force) -> None:
    table = read(force.table)
    first = table.rows[0]

    assert (table.unknown, table.faults, table.generation) == ((), (), force.generation)
    assert {column: first.count(column) for column in force.first} == force.first
    assert (first.duration.minutes if first.duration else None) == force.minutes
    assert first.threshold == force.threshold


@pytest.mark.parametrize("force", FORCES, ids=str)
def test_each_force_s_table_adds_up_to_what_its_rows_say(force: Force) -> None:
    figures = figures_of(read(force.table))

    assert (figures.deployments, figures.left_out) == (force.deployments, ())
    assert figures.false_alerts_per_face.n == force.faces
    assert figures.false_alerts_per_face.k == force.false
    assert figures.false_share_of_alerts.n == force.true + force.false
    assert figures.precision_confirmed.k == force.confirmed


@pytest.mark.parametrize("force", FORCES, ids=str)
def test_of_a_false_alert_too_many_validate_finds_just_what_rests_on_it(force: Force) -> None:
    """The meaning is right where the rules that rest on it turn red, and no other."""
    header, row, *others = force.table.splitlines()
    names, cells = header.split(","), row.split(",")
    false = next(i for i, name in enumerate(names) if "alse" in name or "ncorrect" in name)
    cells[false] = str(int(cells[false]) + 7)
    table = read("\n".join((header, ",".join(cells), *(each for each in others if not each.startswith("Total")))))

    report = validate_table(table, today=TODAY)

    wrong = {(each.line, each.rule) for each in report.findings if each.line is not None}
    with_rate = {(2, "rate-as-printed")} if table.has(Column.FALSE_ALERT_RATE) else set()
    assert wrong == {(2, "totals-add-up"), *with_rate}


def test_norfolk_s_page_of_those_to_come_is_no_table_of_results_and_says_what_it_lacks() -> None:
    with pytest.raises(Poison, match="no header with total_alerts, faces_seen was found"):
        read("Date,Location\nFriday 6 November 2026,Norwich\n")
