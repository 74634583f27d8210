"""The promises as the public reads them, with the policy's numbers; and which check looks at each.

Source: docs/design.md#the-promises; the numbers are the policy's, so that a force's own policy makes its own
sentences.
"""

from __future__ import annotations

from lfr_core.common.counts import counted
from lfr_core.domain.categories import EXPLAINED
from lfr_core.domain.policy import Policy
from lfr_core.publication.promises.port import Promise

__all__ = ["promises"]


def promises(policy: Policy) -> tuple[Promise, ...]:
    """Return every promise, in the order in which they are shown."""
    return (*_lists(), *_faces(policy), *_kept(policy), *_accuracy(policy), *_people(policy), *_proof())


def _bound(id: str, sentence: str, rule: str) -> Promise:
    return Promise(id, sentence, rule, check=id)


def _lists() -> tuple[Promise, ...]:
    grounds = "; ".join(words for ground, words in EXPLAINED.items() if not ground.is_test_subject)
    return (
        _bound(
            "list.new",
            "A new watchlist is made for each deployment and never used again.",
            "one gallery and one key for each deployment; the database refuses a second use",
        ),
        _bound(
            "list.only-listed",
            "Unless you are on the watchlist of a deployment, it cannot match you.",
            "only a deployment's own gallery is searched",
        ),
        _bound(
            "list.lawful",
            f"You can be on a watchlist on these grounds only: {grounds}. Each entry has its legal reference, "
            "who approved it, and a last day.",
            "closed list of grounds; anything else is refused",
        ),
        _bound(
            "list.gone",
            "The watchlist is deleted when the deployment ends, at most 24 hours later.",
            "watchlist.at-close",
        ),
        _bound(
            "list.gone-from-search",
            "Nothing of a watchlist stays in the search service after the deployment.",
            "watchlist.at-close",
        ),
        _bound(
            "cameras.live-only",
            "Operational deployments look at live cameras only: no archive of the public is searched.",
            "deployment.recorded-source",
        ),
    )


def _faces(policy: Policy) -> tuple[Promise, ...]:
    vault = policy.vault
    return (
        _bound(
            "faces.forgotten",
            "Faces that match nobody are deleted at once: after "
            f"{counted(vault.epoch_s + vault.grace_s, 'second')} at most "
            "nobody can open them, us included.",
            "vault.epoch_s and vault.grace_s: the key is destroyed",
        ),
        _bound(
            "faces.no-template-kept",
            "The face templates of passers-by are never stored or sent.",
            "templates live in memory only; no message or table has a field for one",
        ),
        _bound(
            "recognition.gated",
            "Recognition runs only within a deployment's hours, with its list in place and an operator attending.",
            "the gate: the vault gives no key",
        ),
        _bound(
            "biometrics.no-export",
            "Biometric data goes to no third party.",
            "the software has no path to send it",
        ),
    )


def _kept(policy: Policy) -> tuple[Promise, ...]:
    return (
        _bound(
            "alerts.gone",
            f"The data of an alert is kept {counted(policy.alerts.retention_h, 'hour')}, without exception.",
            "alerts.retention_h",
        ),
        _bound(
            "footage.gone",
            f"CCTV of a deployment is kept {counted(policy.footage.retention_days, 'day')}, "
            "longer only under a recorded exception.",
            "footage.retention_days",
        ),
        _bound(
            "deletion.in-time",
            "Every deletion runs on time; one that is "
            f"{counted(policy.retention.overdue_after_s / 60, 'minute')} late is an alarm.",
            "retention.overdue_after_s",
        ),
    )


def _accuracy(policy: Policy) -> tuple[Promise, ...]:
    accuracy = policy.accuracy
    return (
        _bound(
            "accuracy.threshold-bound",
            "Each deployment runs with the model and threshold on its record.",
            "a gallery is bound to its model's contract",
        ),
        _bound(
            "accuracy.large-list",
            f"Fewer than 1 in {accuracy.large_list_one_in:,} faces leads to a false alert, "
            f"with a watchlist of {accuracy.large_list_people:,}.",
            "accuracy.large_list_one_in; shown by the deployments' own counts",
        ),
        _bound(
            "accuracy.small-list",
            f"Fewer than 1 in {accuracy.small_list_one_in:,} faces leads to a false alert, "
            f"with a watchlist of {accuracy.small_list_people:,}.",
            "accuracy.small_list_one_in; shown by the deployments' own counts",
        ),
        Promise(
            "accuracy.fair",
            "The software is tested for differences between people's sex, age and ethnicity.",
            "Equality Act 2010, s. 149",
            why_no_check="such a test needs volunteers and an evaluation by people: these records hold neither the sex "
            "nor the ethnicity of anybody",
            without=("sex", "gender", "ethnic", "race"),
        ),
    )


def _people(policy: Policy) -> tuple[Promise, ...]:
    days = policy.publication.results_working_days
    return (
        _bound(
            "people.decide",
            "Nobody is stopped by software: a person compares the faces before anything follows from an alert.",
            "an alert has no automatic action",
        ),
        _bound(
            "people.avoidance-no-ground",
            "Avoiding the camera or covering your face is no ground to be stopped.",
            "closed list of grounds without it",
        ),
        _bound(
            "people.authorised",
            "A superintendent or above authorises each deployment, and never the person who planned it.",
            "authority",
        ),
        _bound(
            "public.announced",
            "Deployments are announced in advance, unless that would defeat their purpose, "
            "which is recorded with who approved it.",
            "announcement",
        ),
        _bound(
            "public.results",
            f"Results are published within {days} working days.",
            "publication.results_working_days",
        ),
        _bound(
            "public.answers",
            "You may ask, object and complain, and are answered within one month.",
            "Data Protection Act 2018, ss. 45 and 54",
        ),
    )


def _proof() -> tuple[Promise, ...]:
    return (
        _bound(
            "audit.verifies",
            "Every use of data is on a signed trail that nobody can change unnoticed.",
            "Data Protection Act 2018, s. 62",
        ),
        _bound(
            "deletion.certified",
            "Deletion is proved: test records are put in, searched for afterwards, and the result is signed.",
            "erasure.certificate",
        ),
    )
