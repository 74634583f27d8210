"""The printed documents of a deployment: application, written authority, closing report; HTML from one template set.

A document is given as printable values, so that this module knows nothing of how a deployment is planned. Each section
names the rules that ask for it (docs/domain.md 1); the page prints their words small beneath the heading, and has their
ids for programs alone. A page is one file: it runs nothing, asks nobody for anything, and everything in it is escaped.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

from jinja2 import Environment, PackageLoader, StrictUndefined

__all__ = ["RULES", "FormCode", "FormKind", "FormSection", "FormSignature", "Line", "PrintedForm", "Table", "render"]

RULES = {
    "W1": "each deployment has a new list of its own",
    "W2": "only permitted categories of people are listed",
    "W3": "the list rests on the intelligence case and is not excessive; where each image comes from is recorded",
    "W4": "the authorising officer approves the list",
    "W5": "a person under 18 is listed only for a recorded reason and with a further approval",
    "W6": "the list's size is capped",
    "W7": "the list is destroyed within 24 hours of the end",
    "W10": "the list's composition is published by category",
    "A1": "application, written authority and closing report are separate forms; the first two come before the start",
    "A2": "the authorising officer is a superintendent or above",
    "A3": "the authorising officer is neither the applicant nor who compiled the list",
    "A4": "the authority states who, where, when and why, necessity, proportionality, the use case and the footprint",
    "A5": "there are reasonable grounds to expect listed people at the place, or it is a hotspot",
    "A6": "impact assessments and the appropriate policy document are in date",
    "A7": "nothing runs outside the authorised time",
    "P1": "the public is told in advance, unless that would defeat the purpose",
    "P2": "results are published within five working days",
    "P4": "signs stand at all approaches before the start",
    "H1": "a trained person reviews every alert; nothing follows from one automatically",
    "H5": "officers are briefed beforehand on how the system performs",
    "D1": "faces that match nobody are deleted at once",
    "D2": "data of an alert is kept for 24 hours at most",
    "D3": "footage is deleted within 31 days, unless a listed exception holds it",
    "D8": "the list is handed over securely, and the deployment can run away from the internet",
    "M1": "the false alert rate is false alerts divided by faces seen",
    "M3": "the false alert rate stays within its limit, or the deployment is suspended",
    "M4": "a claim of accuracy is printed only when the data support it",
    "M5": "the true recognition rate comes from test subjects, or the document says that it wasn't tested",
}
"""What each rule asks, in a line; the ids are those of docs/domain.md 1."""


class FormKind(StrEnum):
    """Three separate documents (docs/domain.md A1). The value is the document's heading."""

    APPLICATION = "Application"
    AUTHORITY = "Written authority"
    CLOSING_REPORT = "Closing report"

    @property
    def template(self) -> str:
        return f"{self.name.lower()}.html"


@dataclass(frozen=True, slots=True)
class Line:
    """A label and what is said of it; line breaks in the text are kept."""

    label: str
    text: str


@dataclass(frozen=True, slots=True)
class Table:
    """A small table; the first cell of each row is its heading."""

    caption: str
    columns: tuple[str, ...]
    rows: tuple[tuple[str, ...], ...]

    def __post_init__(self) -> None:
        if not self.caption or not self.columns or any(len(row) != len(self.columns) for row in self.rows):
            raise ValueError("a table has a caption, and in each row as many cells as columns")


@dataclass(frozen=True, slots=True)
class FormSection:
    """One part of a document."""

    heading: str
    asked_by: tuple[str, ...]
    """Ids out of `RULES`; a part that no rule asks for has none."""
    lines: tuple[Line, ...] = ()
    tables: tuple[Table, ...] = ()

    def __post_init__(self) -> None:
        unknown = [rule for rule in self.asked_by if rule not in RULES]
        if unknown or not self.heading:
            raise ValueError(f"a section has a heading and rules that there are; {unknown} aren't")


@dataclass(frozen=True, slots=True)
class FormSignature:
    """Who stands for the document. `at` is printed as it is given."""

    role: str
    name: str
    rank: str
    at: str


@dataclass(frozen=True, slots=True)
class FormCode:
    """A code to scan, with words of what it is for. `svg` is printed as it is."""

    heading: str
    words: str
    svg: str


@dataclass(frozen=True, slots=True)
class PrintedForm:
    """One document of one deployment, ready to print."""

    kind: FormKind
    deployment: str
    title: str
    """What is decided or asked, in a line: it stands under the heading."""
    force: str
    revision: int
    made_at: str
    """As printed."""
    sections: tuple[FormSection, ...]
    signed: tuple[FormSignature, ...] = ()
    code: FormCode | None = None
    """Printed at the end."""
    notice: str = ""
    """What a reader must see first, as "refused" or "superseded"; empty for nothing."""


def render(form: PrintedForm) -> str:
    """Render the form as one HTML page, with light, dark and print styles. The values were checked before."""
    environment = Environment(
        loader=PackageLoader("lfr_core.deployments.compliance_documents"),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.filters["sentence"] = lambda words: f"{words[:1].upper()}{words[1:]}."
    return environment.get_template(form.kind.template).render(form=form, rules=RULES)
