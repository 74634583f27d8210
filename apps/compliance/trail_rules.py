"""What the audit trail calls an act and its reason, in words; and which of them somebody means who types words.

A rule is written as it always was, since programs and exports hold it. Purposes that somebody gave in words of their
own stand as they were given.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from lfr_core.custody.audit.port import Verb

__all__ = ["RULE_WORDS", "VERB_WORDS", "rule_in_words", "rules_meant"]

VERB_WORDS: Final[Mapping[Verb, str]] = {
    Verb.COLLECT: "collected",
    Verb.ALTER: "changed",
    Verb.CONSULT: "looked at",
    Verb.DISCLOSE: "gave out",
    Verb.COMBINE: "put together",
    Verb.ERASE: "deleted",
    Verb.DECIDE: "decided",
    Verb.AUTHORISE: "approved",
}
"""Those of section 62 of the Data Protection Act 2018, as people say them."""

_DEPLOYMENTS: Final = {
    "deployment.plan": "planning a deployment",
    "deployment.created": "beginning a trial",
    "deployment.apply": "applying for authority",
    "deployment.authorise": "authorising the deployment",
    "deployment.refuse": "refusing the authority",
    "deployment.compile": "compiling the list",
    "deployment.approve-list": "approving the list",
    "deployment.announce": "announcing the deployment",
    "deployment.withhold": "withholding the announcement",
    "deployment.confirmed": "confirming the signs or the briefing",
    "deployment.ready": "calling the deployment ready",
    "deployment.open": "starting recognition",
    "deployment.opened": "starting recognition",
    "deployment.suspend": "suspending recognition",
    "deployment.suspended": "suspending recognition",
    "deployment.resume": "going on with recognition",
    "deployment.resumed": "going on with recognition",
    "deployment.shorten": "shortening the hours",
    "deployment.extend": "extending the hours",
    "deployment.close": "ending the deployment",
    "deployment.closed": "ending the deployment",
    "deployment.cancel": "giving the deployment up",
    "deployment.form-printed": "printing a form",
    "deployment.timeline-shown": "looking at what was done",
    "documents.added": "registering a document",
    "place.plan-kept": "keeping a plan of the place",
    "announcement.published": "announcing to the public",
    "announcement.released": "naming the place to the public",
    "announcement.withheld": "withholding the announcement",
    "announcement.withholding-asked": "asking to withhold the announcement",
    "announcement.withholding-refused": "refusing to withhold the announcement",
    "camera.added": "adding a camera",
    "camera.started": "starting a camera",
    "camera.stopped": "stopping a camera",
    "self-test.run": "testing the whole chain",
    "live-probe.answered": "recognition found the test face",
    "live-probe.over": "a test of recognition that nobody waits for any more",
    "live-probe.missed": "recognition didn't find the test face in time",
    "deployment.obligation-met": "finding that what was due is deleted",
    "circuit-breaker.tripped": "too many wrong alerts: recognition stopped by itself",
    "circuit-breaker.corrected": "an answer that changed the count of wrong alerts",
    "blue-list.planned": "planning the test subjects",
    "blue-list.entered": "counting the test subjects",
    "flows.run-refused": "refusing a task that nobody had planned",
    "platform.differs": "finding that somebody changed the broker or files behind the platform",
    "flows.registered-anew": "finding tasks of the workflow server deleted or changed",
    "flows.sweep-not-ours": "refusing a deletion that nobody had planned",
}
_LISTS: Final = {
    "watchlist.attached": "giving the trial its list",
    "watchlist.shown": "looking at the list",
    "watchlist.report-shown": "looking at the report on the list",
    "watchlist.refusals-taken": "taking the refused entries home",
    "watchlist.face-chosen": "choosing a face in a photograph",
    "watchlist.at-close": "the deployment ended: its list goes",
    "watchlist.deployment-ended": "the deployment ended: its list goes",
    "watchlist.refused": "the list was refused: what was made of it goes",
    "seal a list's pictures": "sealing the list's photographs",
    "rotate templates and probes": "sealing what faces are compared by",
    "go on with a list that is being compiled": "going on with a list that is being compiled",
    "the officer looks at the list before approving it": "looking at the list before approving it",
}
_ALERTS: Final = {
    "alert.opened": "recording an alert",
    "alert.listed": "looking at the alerts",
    "alert.shown": "looking at an alert",
    "alert.judgement": "judging the two pictures",
    "alert.engagement": "saying what the officers did",
    "alert.review": "saying who the person was",
    "alert.outcome": "saying what came of it",
    "alert.undo": "taking an answer back",
    "alert.never-opened": "an alert that was never shown: it goes",
    "alerts.retention_h": "the alert's time is over",
    "operator compares probe and reference": "comparing the two pictures",
    "engaging officer looks at the pair before approaching": "looking at the pictures before approaching",
    "record a sighting": "recording an alert",
    "put a better picture into an alert": "putting a better picture into an alert",
    "copy references to an alert": "putting the list's photograph beside an alert",
    "operator.signed-on": "starting as an operator of the deployment",
    "operator.signed-off": "ending as an operator of the deployment",
}
_FOOTAGE: Final = {
    "footage.listed": "looking at which footage there is",
    "footage.shown": "looking at footage",
    "footage.holds-listed": "looking at what footage is held",
    "footage.hold-shown": "looking at a hold of footage",
    "footage.hold.criminal_investigation": "holding footage for a criminal investigation",
    "footage.hold.complaint": "holding footage for a complaint",
    "footage.hold.complaint.provisional": "holding footage for a complaint, until it is confirmed",
    "footage.hold.legal_duty": "holding footage because the law asks for it",
    "footage.hold-review": "going on with a hold of footage",
    "footage.hold-release": "letting go of held footage",
    "footage.hold-gone": "letting go of a hold whose footage has gone",
    "footage.hold-lapsed": "a hold that nobody confirmed in time",
    "footage.retention": "the footage's time is over",
    "footage.retention_days": "the footage's time is over",
    "footage.orphan": "footage that no record knows",
}
_PEOPLE: Final = {
    "people.added": "registering a person",
    "people.changed": "changing a person's roles or rank",
    "people.renamed": "changing a person's name",
    "people.revoked": "taking a person off the register",
    "people.listed": "looking at the register of people",
    "people.logged-in": "logging in",
    "people.identity-linked": "linking a login with a person",
    "people.identity-ended": "ending a person's login",
    "people.password-link": "making a link for a new password",
    "people.recovered": "giving back the way in",
    "people.sessions-ended": "logging a person out everywhere",
    "people.machine-user": "reading without a login, at the machine itself",
}
_PUBLIC: Final = {
    "record.published": "publishing the results",
    "record.not-decided": "publishing an alert as not decided",
    "record.not-decided-by-nobody": "publishing an alert as not decided: nobody did",
    "results.deadline": "the day by which results are due",
    "results.explained": "explaining late results to the public",
    "results.late": "results that are late",
    "results.mended": "results that are no longer late",
    "results.reminded": "reminding of results that are due",
    "results.unattended": "results that wait for somebody",
    "promises.checked": "checking the promises to the public",
    "promises.stated": "telling the public what is being done about a promise",
    "rights.taken": "taking an enquiry or complaint",
    "rights.listed": "looking at the enquiries and complaints",
    "rights.shown": "looking at an enquiry or complaint",
    "rights.assigned": "saying which deployment an enquiry or complaint is about",
    "rights.disclosure": "deciding whether to say who was on the list",
    "rights.answered": "answering an enquiry or complaint",
    "rights.answered-listed": "answering whether somebody was on the list",
    "rights.letter": "printing the answer as a letter",
    "rights.closed": "closing an enquiry or complaint",
    "rights.not-taken": "an enquiry that wasn't taken",
    "rights.hold-lapsed": "nobody confirmed a complaint's hold in time: its footage is let go",
    "rights.receipt": "giving a receipt to somebody who was stopped",
}
_KEPT: Final = {
    "audit.shown": "looking at the audit trail",
    "audit.exported": "taking a copy of the audit trail",
    "audit.keep": "the entries' time is over",
    "audit.timestamp": "having the trail's time confirmed",
    "audit.head-put-back": "an older copy of the trail's end was put back",
    "trail.put-back": "an older audit trail was put back",
    "keystore.put-back": "an older store of keys was put back",
    "keystore.tpm-bound": "the store of keys opens with this machine's security chip (TPM) only, from now on",
    "keystore.tpm-released": "the store of keys opens without the security chip (TPM), from now on",
    "records.adopted": "taking records of an earlier version",
    "records.carried": "going on with records whose entries' time is over",
    "vault.admit-machine": "admitting a machine",
    "vault.dismiss-machine": "dismissing a machine",
    "erasure.certificate": "signing a certificate of erasure",
    "erasure.injected": "putting in test records that have to go",
    "erasure.verify": "looking whether test records have gone",
    "inject a canary": "putting in test records that have to go",
    "retention.due": "the time of the key is over",
    "retention.exports_h": "the time of an export is over",
    "retention.temporary_files_h": "the time of temporary files is over",
    "retention.workflow_history_days": "the time of the tasks' history is over",
    "stream.at-close": "the deployment ended: what was on its way goes",
    "stream.topic-bound": "the time of what is on its way is over",
}
RULE_WORDS: Final[Mapping[str, str]] = _DEPLOYMENTS | _LISTS | _ALERTS | _FOOTAGE | _PEOPLE | _PUBLIC | _KEPT
"""By the rule or the purpose as the trail has it. A test looks that each has its words."""
_REQUEST: Final = "rights:"


def rule_in_words(rule: str) -> str:
    """Say why something was done; a purpose that somebody typed stands as it is."""
    if rule.startswith(_REQUEST):
        return f"answering request {rule.removeprefix(_REQUEST)}"
    return RULE_WORDS.get(rule, rule)


def rules_meant(words: str) -> tuple[str, ...]:
    """Return the rules in whose words `words` stand, whatever their case; none for no words."""
    wanted = words.strip().casefold()
    return tuple(rule for rule, said in RULE_WORDS.items() if wanted and wanted in said.casefold())
