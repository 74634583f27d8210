"""The words of forces' headings, beside the national ones (`publication.tabular`), by what they mean.

The Met's of 2023-24 and 2020-22, our extract of them, the Home Office's of its border deployments, and what South
Wales, Essex and Norfolk write of theirs. Words are as `headings.py` compares them: small letters, no punctuation.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from lfr_core.publication.quality.columns import Column

__all__ = ["HEADING_WORDS"]


def _words(text: str) -> tuple[str, ...]:
    return tuple(" ".join(each.split()) for each in text.split("|"))


HEADING_WORDS: Final[Mapping[Column, tuple[str, ...]]] = {
    Column.LOCATION: _words(
        "location | deployment | location as extracted | place | venue | event | site | town "
        "| port | area | deployment area | location of deployment | event location "
        "| name of deployment | borough | ward | street | town city | venue event "
        "| place of deployment"
    ),
    Column.DATE: _words(
        "date | date dd mm yy | date ddmmyy | date dd mm yyyy | date of deployment "
        "| deployment date | dates | event date | day | start date | date started | date from "
        "| day and date"
    ),
    Column.DURATION: _words(
        "duration of deployment | duration min | duration minutes | duration hours "
        "| deployment duration | length of deployment | time | times | time of deployment "
        "| hours of deployment | deployment time | deployment hours | operational hours "
        "| start and finish time | time active | hours active | hours deployed | operating hours "
        "| active hours | period of deployment"
    ),
    Column.USE_CASE: _words(
        "purpose reference | purpose | use case | deployment type | type of deployment "
        "| purpose of deployment | reason for deployment | operation type"
    ),
    Column.WATCHLIST_SIZE: _words(
        "size of watchlist | watch list size | list size | watchlist | watch list "
        "| watchlist number | watch list number | number on watchlist | number on watch list "
        "| people on watchlist | people on watch list | images on watchlist | watchlist total "
        "| watchlist volume | watchlist count | watchlist entries "
        "| number of persons on watchlist | size of the watchlist used | subjects on watchlist"
    ),
    Column.THRESHOLD: _words(
        "threshold | threshold setting | threshold settings | minimum threshold setting "
        "| minimum threshold | threshold value | face match threshold | match threshold "
        "| similarity threshold | confidence threshold | system threshold | setting "
        "| threshold used | algorithm threshold | recognition threshold"
    ),
    Column.TOTAL_ALERTS: _words(
        "alerts | number of alerts | all alerts | alerts generated | system alerts | matches "
        "| possible matches | potential matches | match"
    ),
    Column.TRUE_CONFIRMED: _words("true confirmed | confirmed true alerts"),
    Column.TRUE_UNCONFIRMED: _words("true unconfirmed | unconfirmed true alerts"),
    Column.FALSE_CONFIRMED: _words("false confirmed"),
    Column.FALSE_UNCONFIRMED: _words("false unconfirmed | unconfirmed false alerts"),
    Column.FALSE_ALERT_RATE: _words(
        "false alert rate % | false alert rate percent | false positive rate "
        "| false positive alert rate | incorrect alert rate | false alarm rate "
        "| false alerts rate | fpir | % false alerts | false positive identification rate"
    ),
    Column.OUTCOME_ARREST: _words(
        "outcome arrest | engagement outcomes arrest | arrest | arrests | arrests made "
        "| people arrested | persons arrested | arrested | arrests made following an alert "
        "| arrests resulting | arrests as a result of lfr"
    ),
    Column.OUTCOME_OTHER: _words(
        "outcome other | engagement outcomes other disposal | other disposal | other disposals "
        "| other outcome | other outcomes | disposals | other action | other positive outcomes "
        "| other positive action"
    ),
    Column.OUTCOME_NO_ACTION: _words(
        "outcome no action | engagement outcomes no action | no further action | nfa "
        "| outcome no further action | no action taken"
    ),
    Column.FACES_SEEN: _words(
        "faces seen | faces seen estimate | number of faces seen | faces scanned | faces "
        "| faces detected | faces captured | faces processed | faces viewed | faces recorded "
        "| people scanned | people seen | faces seen by the system | faces observed "
        "| faces biometrically processed"
    ),
    # the sum of confirmed and unconfirmed, where a force doesn't tell them apart
    Column.TRUE_ALERTS: _words(
        "true alerts | positive alerts | correct alerts | true positive alerts | true positives "
        "| true matches | positive matches | correct matches | true | tp | true match "
        "| positive match | correct match | correct identifications | positive identifications "
        "| confirmed matches | verified alerts | accurate alerts"
    ),
    Column.TRUE_ENGAGEMENTS: _words(
        "true alert engagements | positive interventions | correct interventions "
        "| true alert interventions | interventions following true alerts "
        "| engagements following true alerts"
    ),
    Column.FALSE_ALERTS: _words(
        "false alerts | false alert confirmed false alerts | confirmed false alerts "
        "| incorrect alerts | false positive alerts | false positives | false matches "
        "| incorrect matches | negative alerts | false | fp | false match | incorrect match "
        "| false identifications | misidentifications | incorrect identifications "
        "| inaccurate alerts"
    ),
    Column.FALSE_ENGAGEMENTS: _words(
        "false alert confirmed false alert engagements | confirmed false alert engagements "
        "| false alert engagements | incorrect interventions | false interventions "
        "| false alert interventions | interventions following false alerts "
        "| engagements following false alerts"
    ),
    Column.ARRESTS_AND_DISPOSALS: _words(
        "arrests disposals | arrests and disposals | arrests or disposals | disposals or arrests "
        "| arrests or other disposals | positive outcomes"
    ),
    Column.ENGAGEMENTS: _words(
        "interventions | engagements | total engagements | total interventions | people engaged "
        "| people stopped | people spoken to | stops | persons engaged | officer interventions"
    ),
    Column.CAMERAS: _words("cameras | camera numbers | vans | vehicles | cameras used | vans deployed"),
    Column.START: _words(
        "start | start time | time started | from | commenced | time start | deployment start "
        "| time commenced | time from | commencement"
    ),
    Column.END: _words(
        "end | end time | finish | finish time | time finished | to | time end | deployment end "
        "| time concluded | time ended | time to | conclusion"
    ),
}
