"""The parts of the deployment record; see `record`. None can be built with totals that don't add up."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import AwareDatetime, BaseModel, ConfigDict, Field, StringConstraints, model_validator

from lfr_core.publication.suppression import PublishedCount

__all__ = [
    "AdvanceNotice",
    "Alerts",
    "Algorithm",
    "BlueList",
    "Cameras",
    "Correction",
    "Count",
    "Demographic",
    "Engagements",
    "NotDecided",
    "Outcomes",
    "PublishedRate",
    "PublishedRates",
    "RecordPart",
    "Text",
    "Watchlist",
]

Count = Annotated[int, Field(ge=0)]
Rate = Annotated[float, Field(ge=0.0, le=1.0)]
Text = Annotated[str, StringConstraints(strip_whitespace=True, min_length=1)]


class RecordPart(BaseModel):
    """Frozen, and without a field that isn't named."""

    model_config = ConfigDict(frozen=True, extra="forbid")


class AdvanceNotice(RecordPart):
    """When the public was told beforehand, or the class of reason why it wasn't."""

    published_at: AwareDatetime | None
    withheld_because: str

    @model_validator(mode="after")
    def _one_of_both(self) -> AdvanceNotice:
        if (self.published_at is None) == (not self.withheld_because):
            raise ValueError("a notice is published at a time or withheld for a reason, exactly one of both")
        return self


class Watchlist(RecordPart):
    """The list, in counts. People fewer than the policy's limit are a range; see `suppression`."""

    size_people: Count
    size_images: Count
    by_category: dict[str, PublishedCount]
    under_18: PublishedCount
    built_at: AwareDatetime | None
    destroyed_at: AwareDatetime | None
    destruction_receipt: str


class Algorithm(RecordPart):
    """What recognised; the claims of accuracy are bound to `contract` and `threshold_min`."""

    vendor: str
    model_name: Text
    model_version: Text
    model_sha256: Annotated[str, StringConstraints(pattern=r"^([0-9a-f]{64})?$")] = Field(
        description="Empty where the pack was not at hand when the record was made; the contract binds it all the same."
    )
    contract: Text
    threshold_min: Annotated[float, Field(gt=0.0, lt=1.0)]
    embedding_metric: Text
    test_report: str


class Cameras(RecordPart):
    """How many, and how faces were counted."""

    count: Count
    counting_method: Text
    counting_method_version: Text


class Alerts(RecordPart):
    """The four cells and the alerts not decided, each alert in exactly one. The others say more of the same alerts."""

    total: Count
    true_confirmed: Count
    true_unconfirmed: Count
    false_confirmed: Count
    false_unconfirmed: Count
    not_decided: Count = Field(description="Neither true nor false: nobody has said which. In neither figure.")
    operator_dismissed: Count = Field(description="Of the false: the operator judged the pair to be different people.")
    unanswered: Count = Field(description="Of those not decided: nobody has judged the pair.")
    cant_tell: Count | None = Field(
        description="Of those not decided: the operator couldn't tell. null: among the false (version 1)."
    )
    duplicate_of_same_person: Count | None = Field(
        description="Alerts beyond the first on one entry of the list; null where alerts were deleted before the count."
    )

    @property
    def false(self) -> int:
        """FC + FU."""
        return self.false_confirmed + self.false_unconfirmed

    @property
    def decided(self) -> int:
        """The four cells: the base of the shares of alerts."""
        return self.true_confirmed + self.true_unconfirmed + self.false

    @model_validator(mode="after")
    def _adds_up(self) -> Alerts:
        if self.total != self.decided + self.not_decided:
            raise ValueError(
                f"total {self.total} is not the sum of its four cells and those not decided, "
                f"{self.decided + self.not_decided}"
            )
        if self.not_decided != self.unanswered + (self.cant_tell or 0):
            raise ValueError("alerts not decided are not those nobody judged plus those the operator couldn't tell")
        return self


class NotDecided(RecordPart):
    """Whose word it is that alerts were published without anybody having judged them, and why."""

    alerts: Annotated[int, Field(ge=1)]
    said_by: Literal["publication officer", "nobody"]
    because: Text


class Engagements(RecordPart):
    """People stopped, counted by alert; the median is in minutes, None where nobody was stopped or measured.

    total = following_true + following_false + following_not_decided.
    """

    total: Count
    following_true: Count
    following_false: Count
    following_not_decided: Count = Field(description="The operator couldn't tell, and nobody established it since.")
    not_recorded: Count | None = Field(
        description="Alerts not judged different of which nobody recorded whether somebody was stopped; "
        "they are not in the total. null: not counted (version 1)."
    )
    median_minutes_false: Annotated[float, Field(ge=0.0)] | None

    @model_validator(mode="after")
    def _adds_up(self) -> Engagements:
        if self.total != self.following_true + self.following_false + self.following_not_decided:
            raise ValueError("engagements are not the sum of those following true, false and undecided alerts")
        return self


class Outcomes(RecordPart):
    """What came of confirmed true alerts, once for each person engaged, and of all other engagements apart.

    arrest + other_disposal + no_action + repeat_alerts + without_outcome = true alerts, confirmed.
    """

    arrest: Count
    other_disposal: Count
    no_action: Count
    repeat_alerts: Count = Field(description="Confirmed true alerts on a person already counted here.")
    without_outcome: Count = Field(description="Confirmed true alerts without an engagement or a recorded outcome.")
    after_other_alerts_arrest: Count = Field(description="After all alerts that were not confirmed as true.")
    after_other_alerts_other_disposal: Count
    after_other_alerts_no_action: Count
    after_other_alerts_without_outcome: Count | None = Field(
        description="Engagements after those alerts of which no outcome is recorded. null: not counted (version 1)."
    )


class PublishedRate(RecordPart):
    """K of n with its exact 95 % interval (Clopper-Pearson) and one-sided 95 % bound; null where n is 0."""

    k: Count
    n: Count
    point: Rate | None
    ci95: tuple[Rate, Rate] | None
    upper95_one_sided: Rate | None

    @model_validator(mode="after")
    def _is_k_of_n(self) -> PublishedRate:
        if self.k > self.n:
            raise ValueError(f"{self.k} of {self.n} is no proportion")
        values = (self.point, self.ci95, self.upper95_one_sided)
        if any((value is None) != (self.n == 0) for value in values):
            raise ValueError("a rate has its point and bounds exactly when something was observed")
        if self.point is not None and abs(self.point - self.k / self.n) > 1e-12:  # of rounding in JSON
            raise ValueError(f"the point {self.point} is not {self.k} / {self.n}")
        return self


class PublishedRates(RecordPart):
    """docs/domain.md F1 to F3. `in_words` is the same in whole people."""

    false_alerts_per_face: PublishedRate = Field(description="False alerts, of faces compared.")
    most_false_per_face: PublishedRate = Field(
        description="Of faces compared, if every alert that isn't decided were false."
    )
    false_share_of_alerts: PublishedRate = Field(description="False alerts, of alerts decided.")
    precision_confirmed: PublishedRate = Field(description="Confirmed true, of alerts confirmed as true or false.")
    precision_all: PublishedRate = Field(description="True alerts, of alerts decided.")
    in_words: Text


class BlueList(RecordPart):
    """Seeded test subjects: the true recognition rate. They are in no other figure of the record."""

    seeded_passes: Annotated[int, Field(ge=1)]
    recognised: Count
    true_recognition_rate: PublishedRate


class Demographic(RecordPart):
    """One group. People are suppressed where they are few; false alerts and those not decided are always exact."""

    group: Text
    alerts_true: PublishedCount
    alerts_false: Count
    alerts_not_decided: Count
    engaged: PublishedCount


class Correction(RecordPart):
    """Why a revision replaced the one before."""

    revision: Annotated[int, Field(ge=2)]
    corrected_at: AwareDatetime
    reason: Text
    changed: tuple[str, ...]
