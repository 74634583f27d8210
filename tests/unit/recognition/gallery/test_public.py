import subprocess
import sys


def test_importing_the_gallery_does_not_import_pymilvus() -> None:
    code = "import sys, lfr_core.recognition.gallery; sys.exit('pymilvus' in sys.modules)"  # it takes 3 s

    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0
