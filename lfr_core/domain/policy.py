"""The policy: one typed, frozen object read from TOML. Code asks it; no rule's number lives elsewhere.

Each value's unit is in its name; its source stands beside it in `infra/policy/default.toml`. An unknown
key, a missing key, a wrong type or a value out of range is refused at load.
"""

from __future__ import annotations

import tomllib
from pathlib import Path

from pydantic import ValidationError

from lfr_core.common.errors import Fatal
from lfr_core.common.files import read_toml
from lfr_core.common.project import PROJECT
from lfr_core.domain.policy_sections import (
    PLACEHOLDER,
    AccessPolicy,
    AccuracyPolicy,
    AlertPolicy,
    AuditPolicy,
    ComplianceDocumentsPolicy,
    FacePolicy,
    FootagePolicy,
    ForcePolicy,
    ImagePolicy,
    LivePolicy,
    LiveProbePolicy,
    PlanningPolicy,
    PromisesPolicy,
    PublicationPolicy,
    ResponsePolicy,
    RetentionPolicy,
    RightsPolicy,
    SamplingPolicy,
    Section,
    TrackingPolicy,
    VaultPolicy,
    WatchlistPolicy,
)

__all__ = [
    "PLACEHOLDER",
    "AccessPolicy",
    "AccuracyPolicy",
    "AlertPolicy",
    "AuditPolicy",
    "ComplianceDocumentsPolicy",
    "FacePolicy",
    "FootagePolicy",
    "ForcePolicy",
    "ImagePolicy",
    "LivePolicy",
    "LiveProbePolicy",
    "PlanningPolicy",
    "Policy",
    "PromisesPolicy",
    "PublicationPolicy",
    "ResponsePolicy",
    "RetentionPolicy",
    "RightsPolicy",
    "SamplingPolicy",
    "TrackingPolicy",
    "VaultPolicy",
    "WatchlistPolicy",
    "default_policy_file",
    "load_policy",
]


class Policy(Section):
    """All of it."""

    live: LivePolicy
    sampling: SamplingPolicy
    faces: FacePolicy
    tracking: TrackingPolicy
    alerts: AlertPolicy
    planning: PlanningPolicy
    access: AccessPolicy
    vault: VaultPolicy
    footage: FootagePolicy
    retention: RetentionPolicy
    audit: AuditPolicy
    live_probe: LiveProbePolicy
    publication: PublicationPolicy
    promises: PromisesPolicy
    rights: RightsPolicy
    force: ForcePolicy
    accuracy: AccuracyPolicy
    documents: ComplianceDocumentsPolicy
    watchlist: WatchlistPolicy
    images: ImagePolicy
    responses: ResponsePolicy


def default_policy_file() -> Path:
    """Return the path of the policy that comes with the source tree."""
    return PROJECT / "infra" / "policy" / "default.toml"


def load_policy(path: Path | None = None) -> Policy:
    """Read and check a policy file.

    Raises:
        Fatal: the file can't be read, isn't TOML, holds an unknown key or a value out of range; the
            message names each.
    """
    file = path or default_policy_file()
    try:
        return Policy.model_validate(read_toml(file))
    except OSError as error:
        raise Fatal(f"the policy {file} can't be read: {error.strerror}") from error
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise Fatal(f"the policy {file} isn't TOML in UTF-8: {error}") from error
    except ValidationError as error:
        faults = "; ".join(
            f"{'.'.join(str(part) for part in fault['loc'])}: {fault['msg']}" for fault in error.errors()
        )
        raise Fatal(f"the policy {file} is refused: {faults}") from error
