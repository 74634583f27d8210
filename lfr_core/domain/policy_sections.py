"""The sections of the policy, a class each: every value with its unit in its name and its bounds."""

from __future__ import annotations

from datetime import date
from typing import Annotated

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, StringConstraints, model_validator

from lfr_core.domain.public_address import check_public_address
from lfr_core.domain.watchlists import Category, Response

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
    "PromisesPolicy",
    "PublicationPolicy",
    "ResponsePolicy",
    "RetentionPolicy",
    "RightsPolicy",
    "SamplingPolicy",
    "Section",
    "TrackingPolicy",
    "VaultPolicy",
    "WatchlistPolicy",
]

Unit = Annotated[float, Field(ge=0.0, le=1.0)]
Positive = Annotated[float, Field(gt=0.0, allow_inf_nan=False)]
Count = Annotated[int, Field(ge=1)]
Line = Annotated[
    str, StringConstraints(strip_whitespace=True, min_length=1, max_length=300, pattern=r"^[^\x00-\x1f\x7f]+$")
]
PLACEHOLDER = "CHANGE ME"
"""Marks what a force has to fill in before it publishes."""
Stride = Annotated[int, Field(ge=64, le=4096, multiple_of=32)]


class Section(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid", strict=False)


class LivePolicy(Section):
    """What "live" means."""

    frame_max_age_s: Positive
    deployment_check_s: Annotated[float, Field(gt=0.0, le=5.0)]


class SamplingPolicy(Section):
    """How often a camera's frames are looked at; applied at the camera."""

    looks_per_second: Positive
    min_looks_per_second: Positive
    max_in_flight: Count
    comfortable_age_s: Positive

    @model_validator(mode="after")
    def _ordered(self) -> SamplingPolicy:
        if self.min_looks_per_second > self.looks_per_second:
            raise ValueError("min_looks_per_second is above looks_per_second")
        return self


class FacePolicy(Section):
    """Which faces are found and which are good enough to compare. Pixels are those of the frame."""

    detector_width_px: Stride
    detector_height_px: Stride
    detector_min_score: Unit
    detector_nms_iou: Unit
    min_eye_distance_px: Positive
    enrol_min_eye_distance_px: Positive
    min_sharpness: Annotated[float, Field(ge=0.0)]
    max_yaw_degrees: Annotated[float, Field(gt=0.0, le=90.0)]


class TrackingPolicy(Section):
    """Which shots of a track are embedded. A look is a frame that was looked at."""

    max_shots_per_track: Count
    shot_spacing_looks: Count
    relook_looks: Count
    max_missed_looks: Count


class AlertPolicy(Section):
    """When a possible match becomes an alert, and how long its data lives."""

    threshold: Annotated[float, Field(gt=0.0, lt=1.0)]
    agreeing_shots: Count
    merge_s: Positive
    retention_h: Annotated[int, Field(ge=1, le=24)]


class AccessPolicy(Section):
    """How people log in."""

    session_h: Annotated[float, Field(gt=0.0, le=24.0)]
    idle_min: Annotated[float, Field(gt=0.0, le=480.0)]
    second_factor: bool


class VaultPolicy(Section):
    """How long a frame can be opened, and when the vault refuses."""

    epoch_s: Annotated[float, Field(ge=1.0, le=60.0)]
    grace_s: Annotated[float, Field(ge=1.0, le=60.0)]
    lease_s: Annotated[float, Field(ge=0.2, le=2.0)]
    clock_jump_s: Annotated[float, Field(ge=0.5, le=60.0)]
    attendance_s: Annotated[float, Field(ge=2.0, le=60.0)]
    audit_age_s: Annotated[float, Field(ge=10.0, le=300.0)]
    max_open_h: Annotated[float, Field(gt=0.0, le=24.0)]
    certificate_days: Annotated[int, Field(ge=1, le=366)]
    tpm_final_s: Annotated[float, Field(ge=60.0, le=86_400.0)]


class PlanningPolicy(Section):
    """What a planned deployment has to keep to before it opens."""

    notice_h: Annotated[float, Field(ge=0.0, le=720.0)]
    list_age_h: Annotated[float, Field(gt=0.0, le=72.0)]
    compile_before_h: Annotated[float, Field(gt=0.0, le=72.0)]
    announce_after_min: Annotated[float, Field(ge=0.0, le=1440.0)]

    @model_validator(mode="after")
    def _compiled_while_fresh(self) -> PlanningPolicy:
        if self.compile_before_h >= self.list_age_h:
            raise ValueError("compile_before_h must be below list_age_h: the list would be too old at the start")
        return self


class FootagePolicy(Section):
    """CCTV of a deployment. A hold on named segments is the only exception to its retention."""

    retention_days: Annotated[int, Field(ge=1, le=31)]
    segment_s: Annotated[float, Field(ge=1.0, le=300.0)]
    hold_review_days: Annotated[int, Field(ge=1, le=31)]


class RetentionPolicy(Section):
    """When purges run, and from when a purge that hasn't is an alarm."""

    sweep_s: Annotated[int, Field(ge=10, le=3600)]
    overdue_after_s: Annotated[float, Field(ge=60.0, le=3600.0)]
    temporary_files_h: Annotated[int, Field(ge=1, le=24)]
    exports_h: Annotated[int, Field(ge=1, le=72)]
    workflow_history_days: Annotated[int, Field(ge=1, le=31)]


class AuditPolicy(Section):
    """The audit trail."""

    head_every_s: Annotated[float, Field(ge=1.0, le=30.0)]
    keep_days: Annotated[int, Field(ge=31)]


class LiveProbePolicy(Section):
    """How it is shown that the chain works, and when it counts as not shown."""

    every_s: Annotated[float, Field(ge=10.0, le=600.0)]
    answer_s: Annotated[float, Field(ge=2.0, le=120.0)]
    missed_in_a_row: Annotated[int, Field(ge=1, le=5)]
    max_age_s: Annotated[float, Field(ge=30.0, le=3600.0)]
    circuit_breaker_every_s: Annotated[float, Field(ge=1.0, le=60.0)]
    gallery_every_s: Annotated[float, Field(ge=1.0, le=15.0)]
    footage_free_gb: Annotated[float, Field(ge=0.1, le=10_000.0)]

    @model_validator(mode="after")
    def _proven_again_in_time(self) -> LiveProbePolicy:
        if self.max_age_s < self.every_s + self.answer_s:
            raise ValueError("max_age_s is shorter than every_s and answer_s together: the gate would shut between two")
        return self


class PublicationPolicy(Section):
    """When results are due, and which counts of people are too small to print."""

    results_working_days: Annotated[int, Field(ge=1, le=5)]
    reminder_working_days: Annotated[int, Field(ge=1, le=5)]
    extra_bank_holidays: tuple[date, ...]
    suppress_people_below: Annotated[int, Field(ge=3, le=20)]
    unattended_before_due_min: Annotated[int, Field(ge=10, le=720)]
    site_every_min: Annotated[int, Field(ge=1, le=60)]

    @model_validator(mode="after")
    def _reminded_in_time(self) -> PublicationPolicy:
        if self.reminder_working_days > self.results_working_days:
            raise ValueError("reminder_working_days is after results_working_days")
        return self


class RightsPolicy(Section):
    """Enquiries and complaints: how long they are kept, what is answered, what footage a complaint holds."""

    neither_confirm_nor_deny: bool
    keep_after_closing_days: Annotated[int, Field(ge=1, le=2200)]
    keep_open_days: Annotated[int, Field(ge=62, le=2200)]
    provisional_hold_days: Annotated[int, Field(ge=1, le=28)]
    receipt_before_min: Annotated[int, Field(ge=1, le=120)]
    receipt_after_min: Annotated[int, Field(ge=1, le=240)]


class PromisesPolicy(Section):
    """How often the public's promises are looked at."""

    every_min: Annotated[int, Field(ge=1, le=720)]


class AccuracyPolicy(Section):
    """The two public claims of accuracy: fewer false alerts than 1 in so many faces, with a list of so many people."""

    large_list_people: Count
    large_list_one_in: Annotated[int, Field(ge=2)]
    small_list_people: Count
    small_list_one_in: Annotated[int, Field(ge=2)]


class ForcePolicy(Section):
    """Who publishes, and where the public asks, complains and appeals. Printed as they are."""

    name: Line
    enquiries: Line
    complaints: Line
    appeals: Line
    data_protection: Line
    public_site: Annotated[str, AfterValidator(check_public_address)]
    """Where anybody opens the public site, which receipts lead to; "" where that isn't known: none has a code then."""

    @property
    def placeholders(self) -> tuple[str, ...]:
        """The fields that nobody has filled in yet."""
        return tuple(name for name in type(self).model_fields if PLACEHOLDER in getattr(self, name))


class ComplianceDocumentsPolicy(Section):
    """Compliance documents: impact assessments and the appropriate policy document."""

    max_review_days: Annotated[int, Field(ge=1, le=1096)]


class WatchlistPolicy(Section):
    """What a watchlist may hold."""

    max_entries: Count
    duplicate_photo_similarity: Unit
    same_face_similarity: Unit
    max_days_since_check: Annotated[int, Field(ge=0)]

    @model_validator(mode="after")
    def _the_same_picture_is_more_alike_than_the_same_face(self) -> WatchlistPolicy:
        if self.same_face_similarity >= self.duplicate_photo_similarity:
            raise ValueError("same_face_similarity must be below duplicate_photo_similarity")
        return self


class ImagePolicy(Section):
    """Bounds on what is decoded or sent."""

    max_megapixels: Positive
    max_frame_megapixels: Positive
    max_frame_bytes: Annotated[int, Field(ge=10_000, le=16_000_000)]


class ResponsePolicy(Section):
    """The response agreed for each category: one field a category, so that none can be left out."""

    wanted_by_force: Response
    wanted_by_courts: Response
    breach_of_court_order: Response
    high_risk_missing: Response
    victim: Response
    crucial_witness: Response
    blue_list: Response

    def to(self, category: Category) -> Response:
        """Return the response to an alert on an entry of `category`."""
        response: Response = getattr(self, category.value)
        return response
