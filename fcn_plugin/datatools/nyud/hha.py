"""HHA from depth: horizontal disparity, height above ground, angle with gravity (Gupta et al., ECCV 2014).

Lengths are in centimetres. The camera looks along z, x points to the right, y downwards; pixels count from 1, as in MATLAB.
(H, W) depth, (H, W, 3) points and normals. Written from the paper and the published ``saveHHA.m``; differences:

- planes are fitted in float64 by box sums and an adjugate, not by MATLAB's filters: normals differ in the last digits;
- a pixel whose window has no three known depths off one line has no normal: its angle is 0, as MATLAB's ``uint8`` of NaN is;
- if directions fit equally, as with a single wall, the last one is kept;
- like ``saveHHA.m``'s own call, it does not resample, and superpixels do not bound the windows.
"""

from __future__ import annotations

import numpy as np

# fx, fy, cx, cy of 640 x 480 px
CAMERA = (518.85790117450188, 519.46961112127485, 325.58244941119034, 253.73616633400465)
RADIUS, WIDE_RADIUS = 3, 10  # px, of the windows for normals in the picture and for those that give gravity
ROUNDS = ((45, 5), (15, 5))  # degrees, times
LEAST_DETERMINANT = 1e-15  # per point cubed; two rows of rays of 640 px have 1e-11, one row 1e-18 by rounding
NEAREST, SCALE = 100, 31000  # disparity is SCALE / depth, with depths of at least NEAREST
# if the lowest point is less than 90 cm below the camera, the floor is not visible and taken to lie at 130 cm
LEAST_BELOW, GROUND_BELOW = 90, 130


def compute_hha(
    depth: np.ndarray, missing: np.ndarray | None = None, camera: tuple[float, float, float, float] = CAMERA
) -> np.ndarray:
    """Compute HHA as a picture, (H, W, 3) uint8: disparity, height in cm, angle in degrees + 38.

    Args:
        depth: in metres, filled in everywhere.
        missing: where the sensor measured none; normals leave these pixels out.
        camera: fx, fy, cx, cy in pixels.
    """
    points = 100 * back_project(depth, camera)
    missing = np.zeros(depth.shape, bool) if missing is None else missing
    down = find_gravity(fit_normals(points, missing, WIDE_RADIUS))
    normals = fit_normals(points, missing, RADIUS)
    height = -(points @ down)
    lowest = height.min()
    height = height + (GROUND_BELOW if lowest > -LEAST_BELOW else -lowest)
    angle = np.degrees(np.arccos(np.clip(normals @ down, -1, 1)))
    channels = [SCALE / np.maximum(points[..., 2], NEAREST), height, np.nan_to_num(angle + 38, nan=0)]
    return np.floor(np.stack(channels, -1) + 0.5).clip(0, 255).astype(np.uint8)


def back_project(depth: np.ndarray, camera: tuple[float, float, float, float]) -> np.ndarray:
    """Compute the point of each pixel, (H, W, 3), in the unit of the depth."""
    fx, fy, cx, cy = camera
    y, x = np.mgrid[1 : depth.shape[0] + 1, 1 : depth.shape[1] + 1]
    return np.stack([(x - cx) / fx, (y - cy) / fy, np.ones(depth.shape)], -1) * np.asarray(depth, np.float64)[..., None]


def fit_normals(points: np.ndarray, missing: np.ndarray, radius: int) -> np.ndarray:
    """Fit a plane to the points around each pixel; return unit normals pointing away from the camera, NaN without a plane.

    A plane n . p = 1 is n . r = 1 / z for the ray r = p / z: least squares in n, which weights near and far points alike.
    """
    known = (~missing & (points[..., 2] > 0)).astype(np.float64)
    z = np.where(known > 0, points[..., 2], 1)
    rays = points / z[..., None] * known[..., None]
    left = [[_box(rays[..., i] * rays[..., j], radius) for j in range(3)] for i in range(3)]
    right = np.stack([_box(rays[..., i] / z, radius) for i in range(3)], -1)
    rows = [np.stack(row, -1) for row in left]
    adjugate = np.stack([np.cross(rows[1], rows[2]), np.cross(rows[2], rows[0]), np.cross(rows[0], rows[1])], -1)
    normals = np.einsum("hwij,hwj->hwi", adjugate, right)  # times the determinant, which is not negative
    with np.errstate(invalid="ignore", divide="ignore"):
        normals = normals / np.linalg.norm(normals, axis=-1, keepdims=True)
    # points in one line, or fewer than three, have no plane
    determinant = np.einsum("hwi,hwi->hw", rows[0], adjugate[..., 0])
    return np.where((determinant > LEAST_DETERMINANT * _box(known, radius) ** 3)[..., None], normals, np.nan)


def find_gravity(normals: np.ndarray) -> np.ndarray:
    """Find the direction of gravity, (3,), starting from y: floors' normals are parallel to it, walls' at right angles.

    Each round takes the direction that minimises the sum of cos^2 over walls minus that over floors. Walls and floors are the
    normals within 45, then 15 degrees of these directions.
    """
    known = normals[np.isfinite(normals).all(-1)]
    down = np.array([0.0, 1.0, 0.0])
    for degrees, times in ROUNDS:
        for _ in range(times):
            along = np.abs(known @ down)
            floors, walls = known[along > np.cos(np.radians(degrees))], known[along < np.sin(np.radians(degrees))]
            if not len(floors) + len(walls):
                return down
            tie = 1e-9 * len(known) * np.outer(down, down)  # of equal directions, keep the last
            costs = walls.T @ walls - floors.T @ floors - tie
            found = np.linalg.eigh(costs)[1][:, 0]
            down = found * (1 if found @ down >= 0 else -1)
    return down


def _box(values: np.ndarray, radius: int) -> np.ndarray:
    """Sum over a window of (2 * radius + 1)^2 pixels, cut off at the borders."""
    for axis in (0, 1):
        size = values.shape[axis]
        sums = np.concatenate([np.zeros_like(values.take([0], axis)), values.cumsum(axis)], axis)
        ends = np.arange(size)
        values = sums.take(np.minimum(ends + radius + 1, size), axis) - sums.take(np.maximum(ends - radius, 0), axis)
    return values
