"""The popular open alternative's loop, run by `bench.peers` in an environment of its own: nothing of ours is imported.

python peer_loop.py VIDEO EVERY MOST PHOTOGRAPH ...      prints JSON
"""

import json
import sys
import time
from pathlib import Path

import cv2
import face_recognition  # type: ignore[import-not-found]  # in that environment only
import numpy as np

TOLERANCE = 0.6
"""Its own default distance."""


def main() -> None:
    """Enrol, look at each EVERY-th frame, at most MOST of them; print what was found and how fast."""
    video, every, most, *photographs = sys.argv[1:]
    names, known = [], []
    for file in photographs:
        codes = face_recognition.face_encodings(face_recognition.load_image_file(file), num_jitters=1)
        if codes:
            names.append(Path(file).stem)
            known.append(codes[0])
    source = cv2.VideoCapture(video)
    found: list[tuple[int, str]] = []
    looks = faces = index = 0
    began, processor = time.perf_counter(), time.process_time()
    while looks < int(most) and source.grab():
        if index % int(every) == 0:
            _, image = source.retrieve()
            rgb = np.ascontiguousarray(image[:, :, ::-1])
            places = face_recognition.face_locations(rgb)
            faces += len(places)
            looks += 1
            for code in face_recognition.face_encodings(rgb, places):
                distances = face_recognition.face_distance(known, code)
                if len(distances) and distances.min() <= TOLERANCE:
                    found.append((index, names[int(distances.argmin())]))
        index += 1
    json.dump(
        {
            "enrolled": names,
            "looks": looks,
            "faces": faces,
            "found": found,
            "seconds": time.perf_counter() - began,
            "processor_s": time.process_time() - processor,
        },
        sys.stdout,
    )


if __name__ == "__main__":
    main()
