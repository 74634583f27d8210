import subprocess
import sys

import lfr_core.recognition.gallery


def test_public_names_are_few() -> None:
    assert lfr_core.recognition.gallery.__all__ == [
        "Candidate",
        "ExactGallery",
        "Gallery",
        "MilvusGallery",
        "Reference",
        "gallery_name",
    ]


def test_importing_the_gallery_does_not_import_pymilvus() -> None:
    code = "import sys, lfr_core.recognition.gallery; sys.exit('pymilvus' in sys.modules)"  # it takes 3 s

    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0
