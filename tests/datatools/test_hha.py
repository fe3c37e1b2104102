"""HHA of scenes whose planes and gravity are known: values by hand."""

import numpy as np
import pytest

from fcn_plugin.datatools.nyud.hha import back_project, compute_hha, find_gravity, fit_normals

CAMERA = (50.0, 50.0, 32.5, 24.5)  # the middle of 64 x 48 px, which count from 1
SIZE = (48, 64)
NOTHING = np.zeros(SIZE, bool)


def depth_of(planes):
    """Depth in metres of the nearest of planes n . p = d, (n, d), that each ray meets."""
    rays = back_project(np.ones(SIZE), CAMERA)
    depths = []
    for normal, distance in planes:
        along = rays @ np.array(normal, float)
        depths.append(np.where(along > 1e-9, distance / np.where(along > 1e-9, along, 1), np.inf))
    return np.minimum.reduce(depths)


def tilted(degrees):
    """Down, forwards, and to the right, as a camera sees them that looks downwards by this angle."""
    c, s = np.cos(np.radians(degrees)), np.sin(np.radians(degrees))
    return np.array([0, c, s]), np.array([0, -s, c]), np.array([1.0, 0, 0])


def test_a_wall_in_front():
    """2 m away: 31000 / 200 = 155; at right angles to gravity, 90 + 38; lowest point y = 23.5 / 50 x 2 m = 94 cm below."""
    hha = compute_hha(np.full(SIZE, 2.0), camera=CAMERA)
    assert (hha[..., 0] == 155).all()
    assert (hha[..., 2] == 128).all()
    rows = (47 - np.arange(48)) * 4  # a row is 1 / 50 x 200 cm
    np.testing.assert_array_equal(hha[..., 1], np.tile(rows[:, None], 64))


def test_a_wall_whose_end_is_no_floor():
    """1 m away: the lowest point is 47 cm below, so the ground is taken to lie 130 cm below the camera. 31000 / 100 = 310 > 255."""
    hha = compute_hha(np.full(SIZE, 1.0), camera=CAMERA)
    assert (hha[..., 0] == 255).all()
    assert hha[47, 0, 1] == 130 - 47
    assert hha[0, 0, 1] == 130 + 47


def test_near_depths_have_the_disparity_of_a_metre():
    assert (compute_hha(np.full(SIZE, 0.2), camera=CAMERA)[..., 0] == 255).all()
    assert (compute_hha(np.full(SIZE, 3.1), camera=CAMERA)[..., 0] == 100).all()


@pytest.mark.parametrize("degrees", [10, 20, 30])
def test_a_room_seen_from_a_tilted_camera(degrees):
    """Floor 1.5 m below and wall 4 m ahead: gravity, heights and angles are the room's, whatever the tilt."""
    down, ahead, _ = tilted(degrees)
    depth = depth_of([(down, 1.5), (ahead, 4.0)])
    points = back_project(depth, CAMERA)
    floor, wall = np.isclose(points @ down, 1.5), np.isclose(points @ ahead, 4.0)
    assert min(floor.sum(), wall.sum()) > 300 and (floor | wall).all()
    found = find_gravity(fit_normals(points, NOTHING, 3))
    assert np.degrees(np.arccos(min(1, found @ down))) < 1
    hha = compute_hha(depth, camera=CAMERA).astype(int)
    inside_floor, inside_wall = shrunk(floor), shrunk(wall)
    assert np.abs(hha[inside_floor][:, 2] - 38).max() <= 2  # 0 degrees
    assert np.abs(hha[inside_wall][:, 2] - 128).max() <= 2  # 90 degrees
    heights = 150 - 100 * points @ down  # cm above the floor
    assert np.abs(hha[..., 1] - heights.clip(0, 255)).max() <= 8  # 1 degree of 4 m is 7 cm
    assert (hha[..., 0] == np.floor(310 / np.maximum(depth, 1) + 0.5).clip(0, 255)).all()


def shrunk(mask, by=4):
    """Pixels whose window lies in the mask."""
    inner = mask.copy()
    for axis in (0, 1):
        inner = np.minimum.reduce([np.roll(inner, step, axis) for step in range(-by, by + 1)])
    inner[:by] = inner[-by:] = inner[:, :by] = inner[:, -by:] = False
    return inner


def test_a_ceiling_is_turned_half_way_round():
    """0 degrees with gravity is the floor, 180 the ceiling: 180 + 38 = 218."""
    hha = compute_hha(depth_of([((0, -1, 0), 1.0), ((0, 1, 0), 1.0), ((0, 0, 1), 5.0)]), camera=CAMERA)
    assert hha[4, 32, 2] == 218
    assert hha[44, 32, 2] == 38
    assert hha[24, 32, 2] == 128


@pytest.mark.parametrize("radius", [3, 10])
def test_normals_are_the_planes_at_every_pixel(radius):
    """n . p = 1.2 with n = (2, 3, 6) / 7."""
    normal = np.array([2, 3, 6]) / 7
    found = fit_normals(back_project(depth_of([(normal, 1.2)]), CAMERA), NOTHING, radius)
    np.testing.assert_allclose(found, np.broadcast_to(normal, found.shape), atol=1e-7)


def test_missing_depths_take_no_part():
    depth, missing = np.full(SIZE, 2.0), NOTHING.copy()
    missing[10:14, 20:24] = True
    depth[missing] = 9.0  # as if filled in wrongly
    normals = fit_normals(back_project(depth, CAMERA), missing, 3)
    np.testing.assert_allclose(normals, np.broadcast_to([0, 0, 1.0], normals.shape), atol=1e-9)
    assert (compute_hha(depth, missing, CAMERA)[..., 2] == 128).all()
    nowhere = compute_hha(depth, np.ones(SIZE, bool), CAMERA)
    assert (nowhere[..., 2] == 0).all()  # no normals at all
