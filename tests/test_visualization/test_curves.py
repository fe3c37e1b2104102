"""Learning curves from the engine's log of scalars."""

import json

import numpy as np
import pytest
from PIL import Image

from fcn_plugin.errors import UserError
from fcn_plugin.visualization import draw_curves
from fcn_plugin.visualization.curves import read_curve


def write(folder, start, records):
    path = folder / start / "vis_data" / "scalars.json"
    path.parent.mkdir(parents=True)
    path.write_text("".join(json.dumps(one) + "\n" for one in records))
    return folder


def test_validations_of_all_starts_in_order(tmp_path):
    write(tmp_path, "20260101_1", [dict(loss=1.0, step=1), dict(mIoU=0.1, step=2), dict(mIoU=0.3, step=4)])
    write(tmp_path, "20260101_2", [dict(loss=0.5, step=3), dict(mIoU=0.2, step=4), dict(mIoU=0.4, step=6)])
    assert read_curve(tmp_path) == [(2, 0.1), (4, 0.2), (6, 0.4)]  # the resumed run's word counts


def test_a_run_without_validation_is_refused(tmp_path):
    write(tmp_path, "20260101_1", [dict(loss=1.0, step=1)])
    with pytest.raises(UserError, match="no validation with mIoU in"):
        read_curve(tmp_path)


def test_every_net_is_drawn_in_its_colour(tmp_path):
    nets = {}
    for i, title in enumerate(("FCN-32s", "FCN-8s")):
        records = [dict(mIoU=0.1 * (i + 1), step=2), dict(mIoU=0.2 * (i + 1), step=4)]
        nets[title] = [write(tmp_path / title, "20260101_1", records)]
    draw_curves(nets, tmp_path / "curves.png")
    colours = {tuple(pixel) for pixel in np.asarray(Image.open(tmp_path / "curves.png").convert("RGB")).reshape(-1, 3)}
    assert {(31, 119, 180), (255, 127, 14)} <= colours  # C0 and C1
    assert (44, 160, 44) not in colours
