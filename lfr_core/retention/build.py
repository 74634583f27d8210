"""Builds retention's services over one installation."""

from __future__ import annotations

from lfr_core.custody.installation import Installation
from lfr_core.retention.erasure.certificate_service import CertificateService
from lfr_core.retention.erasure.places import certificate_folder
from lfr_core.retention.exports import Exports
from lfr_core.retention.footage.hold_service import HoldService

__all__ = ["build_certificate_service", "build_hold_service", "open_exports"]


def build_certificate_service(installation: Installation) -> CertificateService:
    """Build the service that keeps certificates of erasure."""
    it = installation
    folder, keystore = certificate_folder(it.settings), it.settings.keystore_folder
    return CertificateService(it.engine, it.vault, it.trail, it.clock, folder, keystore)


def build_hold_service(installation: Installation) -> HoldService:
    """Build the service that holds footage beyond its time."""
    it = installation
    return HoldService(it.engine, it.vault, it.trail, it.policy.footage, it.clock)


def open_exports(installation: Installation) -> Exports:
    """Give the folder of pictures in the clear that people export, each until its time."""
    return Exports(installation.settings.home, keep_h=installation.policy.retention.exports_h)
