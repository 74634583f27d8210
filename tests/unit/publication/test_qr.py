from __future__ import annotations

import cv2
import numpy as np

from lfr_core.custody.audit.signed import signed_head
from lfr_core.publication.qr import QUIET, qr_cells, qr_svg
from tests.support.audit import Notary


def test_a_head_s_code_is_read_back_as_the_head_by_a_reader_of_its_own() -> None:
    head = signed_head(Notary(), 123_456, "ab" * 32, 1_795_000_000_000_000_000)

    cells = np.pad(qr_cells(head.as_text()), QUIET)
    picture = np.repeat(np.repeat(np.where(cells, 0, 255).astype(np.uint8), 6, axis=0), 6, axis=1)
    said, *_ = cv2.QRCodeDetector().detectAndDecode(picture)

    assert len(cells) - 2 * QUIET <= 77, "too dense to be scanned from paper: version 15"
    assert said == head.as_text()


def test_what_a_reader_who_sees_nothing_is_told_is_text_and_no_markup() -> None:
    assert '"&lt;b&gt;' in qr_svg("x", "<b>")
