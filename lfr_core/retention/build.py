"""Builds retention's services over one installation."""

from __future__ import annotations

from lfr_core.custody.installation import Installation
from lfr_core.retention.erasure.certificate_service import CertificateService
from lfr_core.retention.erasure.places import certificate_folder

__all__ = ["build_certificate_service"]


def build_certificate_service(installation: Installation) -> CertificateService:
    """Build the service that keeps certificates of erasure."""
    it = installation
    return CertificateService(it.engine, it.vault, it.trail, it.clock, certificate_folder(it.settings))
