"""Watchlist search: Milvus, and the exact numpy reference it is tested against."""

from lfr_core.recognition.gallery.checks import gallery_name
from lfr_core.recognition.gallery.exact import ExactGallery
from lfr_core.recognition.gallery.milvus import MilvusGallery
from lfr_core.recognition.gallery.port import Candidate, Gallery, Reference

__all__ = ["Candidate", "ExactGallery", "Gallery", "MilvusGallery", "Reference", "gallery_name"]
