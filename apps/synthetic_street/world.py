"""The camera and the ground it looks at: the one place where metres become pixels.

A pinhole camera looks straight down a shopping street, level. World coordinates in metres: X to the right of
the camera's axis, Z away from the camera, heights above the ground.
"""

from __future__ import annotations

__all__ = [
    "CAMERA_HEIGHT_M", "FOCAL_PX", "FRAMES_PER_SECOND", "HEIGHT_PX", "HORIZON_Y_PX", "INTEROCULAR_M",
    "SHUTTER_S", "WIDTH_PX", "distance_for_eyes", "eye_distance_px", "project",
]  # fmt: skip

WIDTH_PX, HEIGHT_PX = 1280, 720
FRAMES_PER_SECOND = 25
SHUTTER_S = 1 / 150
"""How long a frame is exposed; a street camera in daylight. Someone crossing at 1.1 m/s moves 7.3 mm
meanwhile, 0.12 of the distance between the eyes."""
FOCAL_PX = 2400.0
"""A field of view of 30 degrees, as of a camera aimed along a pavement: eyes 24 px apart at 6.3 m."""
HORIZON_Y_PX = 230.0
CAMERA_HEIGHT_M = 1.80
INTEROCULAR_M = 0.063
"""Mean distance between the pupils of adults (Dodgson, 2004: 63 mm)."""


def eye_distance_px(z_m: float) -> float:
    """Return the pixels between the eyes of someone facing the camera at distance `z_m`."""
    return FOCAL_PX * INTEROCULAR_M / z_m


def distance_for_eyes(eye_px: float) -> float:
    """Return the distance in metres at which eyes are `eye_px` pixels apart."""
    return FOCAL_PX * INTEROCULAR_M / eye_px


def project(x_m: float, height_m: float, z_m: float) -> tuple[float, float]:
    """Return the pixel (x, y) of the point `x_m` to the right, `height_m` above the ground, `z_m` away."""
    return (
        WIDTH_PX / 2 + FOCAL_PX * x_m / z_m,
        HORIZON_Y_PX + FOCAL_PX * (CAMERA_HEIGHT_M - height_m) / z_m,
    )
