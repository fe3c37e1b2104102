"""Learning curves from the engine's log of scalars."""

import json

import numpy as np
import pytest
from matplotlib.backends.backend_agg import FigureCanvasAgg
from PIL import Image
from support.refusals import refused

from fcn_plugin.visualization.curves import draw_curves, draw_trimaps, read_curve, read_trimap


def write(folder, start, records):
    path = folder / start / "vis_data" / "scalars.json"
    path.parent.mkdir(parents=True)
    path.write_text("".join(json.dumps(record) + "\n" for record in records))
    return folder


def test_validations_of_all_starts_in_order(tmp_path):
    write(tmp_path, "20260101_1", [dict(loss=1.0, step=1), dict(mIoU=0.1, step=2), dict(mIoU=0.3, step=4)])
    write(tmp_path, "20260101_2", [dict(loss=0.5, step=3), dict(mIoU=0.2, step=4), dict(mIoU=0.4, step=6)])
    assert read_curve(tmp_path) == [(2, 0.1), (4, 0.2), (6, 0.4)]  # the resumed run's score counts


def test_a_run_without_validation_is_refused(tmp_path):
    write(tmp_path, "20260101_1", [dict(loss=1.0, step=1)])
    with refused("file-missing", "mIoU", tmp_path):
        read_curve(tmp_path)


def log_with(folder, line, place):
    """A log of two validations with a strange line in it."""
    lines = ['{"mIoU": 0.1, "step": 2}', '{"mIoU": 0.3, "step": 4}']
    lines.insert(place, line)
    (write(folder, "20260101_1", []) / "20260101_1/vis_data/scalars.json").write_text("\n".join(lines))


@pytest.mark.parametrize("half", ["{", '{"mIoU": 0.', '{"mIoU": 0.5, "step": 6', "\0\0"])
def test_the_half_line_of_a_killed_run_is_left_out(tmp_path, half):
    log_with(tmp_path, half, 2)
    assert read_curve(tmp_path) == [(2, 0.1), (4, 0.3)]


def test_a_broken_line_amid_others_is_named(tmp_path):
    log_with(tmp_path, '{"mIoU": 0.', 1)
    with refused("record-damaged", "scalars.json, line 2"):
        read_curve(tmp_path)


def test_a_drawing_that_breaks_off_leaves_the_old_picture(tmp_path, monkeypatch):
    run = write(tmp_path / "run", "20260101_1", [dict(mIoU=0.1, step=2)])
    out = tmp_path / "curves.png"
    out.write_bytes(b"old")

    def fill_the_disk(canvas, path):
        path.write_bytes(b"half")
        raise OSError("no space left")

    monkeypatch.setattr(FigureCanvasAgg, "print_png", fill_the_disk)
    with pytest.raises(OSError, match="no space left"):
        draw_curves({"FCN-8s": [run]}, out)
    assert out.read_bytes() == b"old"
    assert {path.name for path in tmp_path.iterdir()} == {"run", "curves.png"}


def test_every_net_is_drawn_in_its_colour(tmp_path):
    nets = {
        title: [write(tmp_path / title, "20260101_1", [dict(mIoU=score, step=2), dict(mIoU=2 * score, step=4)])]
        for title, score in (("FCN-32s", 0.1), ("FCN-8s", 0.2))
    }
    draw_curves(nets, tmp_path / "curves.png")
    colours = {tuple(pixel) for pixel in np.asarray(Image.open(tmp_path / "curves.png").convert("RGB")).reshape(-1, 3)}
    assert {(31, 119, 180), (255, 127, 14)} <= colours  # C0 and C1
    assert (44, 160, 44) not in colours


@pytest.mark.parametrize(
    "line",
    [
        "5",
        "null",
        '["mIoU"]',
        '{"mIoU": "x", "step": 3}',
        '{"mIoU": 0.1}',
        "\xff",
        "[" * 99999,
        '{"mIoU": 0.1, "step": [3]}',
        f'{{"mIoU": 0.1, "step": 1{"0" * 400}}}',
    ],
)
def test_a_line_of_another_kind_is_named(tmp_path, line):
    log_with(tmp_path, line, 1)
    with refused("record-damaged", "scalars.json, line 2"):
        read_curve(tmp_path)


def limits_in(folder, text):
    folder.mkdir(exist_ok=True)
    (folder / "limits.json").write_text(text)
    return folder


def test_mean_iu_of_each_band(tmp_path):
    assert read_trimap(limits_in(tmp_path, '{"means": {"trimap_IoU": [null, 0.1, 0.3]}}')) == [(2, 10), (3, 30)]


def test_bands_of_every_net_are_drawn(tmp_path):
    runs = [limits_in(tmp_path / str(i), f'{{"means": {{"trimap_IoU": [0.{i}, 0.5]}}}}') for i in (1, 2, 3)]
    draw_trimaps({"FCN-32s": runs[:2], "FCN-8s": runs[2:]}, tmp_path / "trimap.png")
    colours = {tuple(pixel) for pixel in np.asarray(Image.open(tmp_path / "trimap.png").convert("RGB")).reshape(-1, 3)}
    assert {(31, 119, 180), (255, 127, 14)} <= colours


@pytest.mark.parametrize(
    ("text", "code", "fragment"),
    [
        (None, "file-missing", "--limits --work-dir"),
        ("{", "record-damaged", "limits.json"),
        ("5", "record-damaged", "limits.json"),
        ('{"means": {}}', "record-damaged", "limits.json"),
        ('{"means": {"trimap_IoU": ["x"]}}', "record-damaged", "limits.json"),
        ('{"means": {"trimap_IoU": [null]}}', "record-damaged", "no boundaries"),
    ],
)
def test_files_that_hold_no_bands(tmp_path, text, code, fragment):
    if text is not None:
        limits_in(tmp_path, text)
    with refused(code, tmp_path, fragment):
        read_trimap(tmp_path)
