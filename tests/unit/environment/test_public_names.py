"""What each package offers to the others, pinned: a change here is a change that others must hear of.

Prints what to paste here: `python tests/unit/environment/test_public_names.py`.
"""

from __future__ import annotations

import ast
from pathlib import Path

ROOT = Path(__file__).parents[3]

# fmt: off
PINNED: dict[str, list[str]] = {
    "apps.doctor": ["Check", "Level", "examine"],
    "apps.supervisor": [
        "Backoff", "ChildReport", "ChildSpec", "ChildState", "Probe", "Supervisor", "SystemState",
        "read_state",
    ],
    "lfr_core.actors": ["LONGEST_NAME", "Principal", "SystemActor", "person_name"],
    "lfr_core.alerts": [
        "Cell", "Decision", "Engagement", "Judgement", "Outcome", "Review", "Shown", "UNDO_S", "check_engagement",
        "check_outcome", "check_review", "check_shown", "published_cell",
    ],
    "lfr_core.audit.port": ["AuditEvent", "HeadSigner", "Pseudonyms", "Signer", "Trail", "Verb"],
    "lfr_core.biometric": ["Biometric"],
    "lfr_core.clock": ["Clock", "SystemClock", "utc_from_ns"],
    "lfr_core.crops": [
        "alert_key", "alert_probe", "alert_reference", "list_reference", "sighting_probe",
        "sightings_key",
    ],
    "lfr_core.deployments": ["DeploymentDirectory", "DeploymentKind", "DeploymentStatus", "DeploymentView"],
    "lfr_core.environment": [
        "PRIVATE_UMASK",
        "SWITCHES",
        "download_environment",
        "own_environment",
        "prepare_process",
    ],
    "lfr_core.errors": ["Fatal", "LfrError", "Poison", "Refused", "Retryable", "Stale"],
    "lfr_core.faces.pack": [
        "ModelPack", "Network", "PackPins", "Task", "install_pack", "installed_pack", "load_pins",
        "open_pack",
    ],
    "lfr_core.faces.types": ["Detection", "Face", "FaceEngine", "Floats", "Image", "Quality"],
    "lfr_core.files": [
        "IMAGE_BYTES", "SETTINGS_BYTES", "open_regular", "read_bounded", "read_text_bounded", "read_toml",
    ],
    "lfr_core.frames": [
        "FrameHeader", "FrameKind", "FrameOpener", "FrameSealer", "SCHEMA_VERSION", "UNSEALED",
        "UnknownSchema",
    ],
    "lfr_core.gallery": ["Candidate", "ExactGallery", "Gallery", "MilvusGallery", "Reference", "gallery_name"],
    "lfr_core.gallery.port": ["Candidate", "Gallery", "Reference", "StoredRow"],
    "lfr_core.gate": [
        "Condition", "Finding", "GateFacts", "GateFactsSource", "GateLimits", "PlannedFacts",
        "TO_BE_OPENED", "TO_BE_READY", "TRIAL", "check_gate", "gate",
    ],
    "lfr_core.hardening": ["forbid_core_dumps"],
    "lfr_core.logs": ["RateLimit", "configure_logs", "get_logger", "withhold_biometrics"],
    "lfr_core.messages": [
        "DeadLetter", "FrameResult", "OutcomeBatch", "Proof", "ProofFault", "Sighting", "StageTime",
        "gathered", "sighting_id",
    ],
    "lfr_core.outcomes": ["FrameCounts", "FrameOutcome"],
    "lfr_core.papers": [
        "Document", "Paper", "PaperKind", "PaperRegister", "PapersStanding", "documents",
        "paper_content", "paper_folder", "papers", "papers_standing",
    ],
    "lfr_core.people": ["People", "Person", "Rank", "Role", "acting", "find_person", "same_person"],
    "lfr_core.policy": [
        "AccuracyPolicy", "AlertPolicy", "AuditPolicy", "FacePolicy", "FootagePolicy",
        "ForcePolicy", "ImagePolicy", "LivePolicy", "PapersPolicy", "PlanningPolicy", "Policy",
        "PromisesPolicy", "ProofPolicy", "PublicationPolicy", "ResponsePolicy", "RetentionPolicy",
        "RightsPolicy", "SamplingPolicy", "TrackingPolicy", "VaultPolicy", "WatchlistPolicy",
        "default_policy_file", "load_policy",
    ],
    "lfr_core.policy_listing": ["Fault", "PolicyValue", "comments_of", "faults_of", "listed", "sections"],
    "lfr_core.promises.port": ["Check", "Finding", "Promise", "Result", "finding"],
    "lfr_core.proof": ["PROOF_CAMERA", "PROOF_ENTRY", "proof_frame", "proof_template"],
    "lfr_core.records.read": [
        "AlertCrops", "AlertSummary", "AlertTally", "Answer", "CameraHealth", "DeploymentCounts",
        "DeploymentSummary", "Health", "HealthLimits", "Latency", "OpenedCrops", "Recent", "ReferenceCrop",
        "RefusedRecords", "StageFigures", "Standing", "alert", "alerts", "alerts_starting", "cameras",
        "counts", "dead_letters", "deployment", "deployments", "latency", "limits_of", "refused_records",
        "stages",
    ],
    "lfr_core.retention.port": [
        "ACTOR", "Audited", "CLASSES", "DataClass", "Destroyed", "Due", "Outcome", "PurgeStep",
        "subject",
    ],
    "lfr_core.rights.types": [
        "About", "NewRequest", "Opened", "ReferenceKind", "Request", "RequestHold", "RequestKind",
        "RequestState", "new_reference", "reference_of",
    ],
    "lfr_core.samples": ["install_samples", "sample_photos"],
    "lfr_core.private_files": ["close_to_others", "open_to_others"],
    "lfr_core.settings": ["Settings", "load_settings"],
    "lfr_core.settings_file": ["ENV_FILE", "FIXED_FILE", "read_settings_file", "settings_file"],
    "lfr_core.vault": [
        "DestroyedKey", "FrameKey", "KeptKey", "KeptKeyInfo", "KeyKind", "Signature", "Vault",
        "open_sealed", "seal",
    ],
    "lfr_core.vault.port": [
        "DestroyedKey", "FrameKey", "KeptKey", "KeptKeyInfo", "KeyKind", "MOST_IDS", "Signature", "Vault", "in_parts",
    ],
    "lfr_core.watchlists": ["Category", "EntryRow", "Refusal", "RefusalReason", "Response"],
    "lfr_core.watchlists.types": ["Category", "EntryRow", "Refusal", "RefusalReason", "Response"],
    "streams.broker": ["BrokerKind", "BrokerTraits", "KAFKA", "TANSU", "TANSU_BANNER", "remember_kind", "traits_of"],
    "streams.camera": ["CameraJob", "CameraProgress", "CameraReport", "redact_url", "run_camera"],
}
# fmt: on


def offered() -> dict[str, list[str]]:
    """The `__all__` of each package, and of each contract module of `lfr_core`, without importing them."""
    files = [*ROOT.glob("lfr_core/*.py"), *ROOT.glob("lfr_core/*/port.py"), *ROOT.glob("lfr_core/*/types.py")]
    files += [file for top in ("lfr_core", "streams", "flows", "apps") for file in (ROOT / top).rglob("__init__.py")]
    found = {}
    for file in sorted(set(files)):
        for node in ast.parse(file.read_text(encoding="utf-8")).body:
            if isinstance(node, ast.Assign) and getattr(node.targets[0], "id", "") == "__all__":
                name = ".".join(file.relative_to(ROOT).with_suffix("").parts).removesuffix(".__init__")
                found[name] = sorted(ast.literal_eval(node.value))
    return found


def test_each_package_offers_what_is_pinned_and_nothing_else() -> None:
    assert offered() == PINNED


if __name__ == "__main__":
    for package, names in offered().items():
        print(f"    {package!r}: {names!r},".replace("'", '"'))  # noqa: T201  its purpose
