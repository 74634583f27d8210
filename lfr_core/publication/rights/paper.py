"""Renders what is given to the public on paper. No script, nothing from elsewhere, everything escaped."""

from __future__ import annotations

from jinja2 import Environment, PackageLoader, StrictUndefined

from lfr_core.domain.policy import Policy

__all__ = ["render_paper"]


def render_paper(template: str, policy: Policy, **values: object) -> str:
    """Render one page of HTML, to read, to print or to show on a telephone; its addresses are the policy's."""
    loader = PackageLoader("lfr_core.publication.rights")
    environment = Environment(loader=loader, autoescape=True, undefined=StrictUndefined)
    return environment.get_template(template).render(policy=policy, **values)
