"""``fcn report`` on the trained narrow net: its figures are those of the evaluation, its worst image is the worst."""

import csv
import json
import re

import numpy as np
import pytest
from PIL import Image
from support.forked import run_forked
from support.forked import tool as run
from support.processes import forget_runs
from support.refusals import tool_refused

from fcn_plugin.commands.report import report
from fcn_plugin.configs import get_config
from fcn_plugin.report.write import FILES


@pytest.fixture(scope="module")
def made(trained, tmp_path_factory):
    """Folder of a report, with the masks that the same run predicted."""
    folder = tmp_path_factory.mktemp("report")
    cfg = get_config(str(trained.config))
    cfg.work_dir = str(folder)
    cfg.custom_hooks = [dict(type="PredictionHook", mask_dir=str(folder / "masks"))]
    report(cfg, str(trained.best), worst=1, best=1)
    forget_runs()
    return folder


def table(path):
    head, *rows = csv.reader(path.read_text().splitlines())
    return [dict(zip(head, row, strict=True)) for row in rows]


def image_iou(truth, guess):
    """Mean IU of one image, by sets of pixels."""
    found = []
    for label in set(truth[truth != 255].tolist()) | set(guess[truth != 255].tolist()):
        one, other = (truth == label), (guess == label) & (truth != 255)
        found.append((one & other).sum() / (one | other).sum())
    return np.mean(found)


def test_the_figures_are_those_of_the_last_validation(made, trained):
    record = json.loads((trained.work_dir / "metrics.json").read_text())
    assert json.loads((made / "metrics.json").read_text()) == record
    matrix = np.load(trained.work_dir / "confusion.npy")
    rows = table(made / "report_confusion.csv")
    assert [[int(row[name]) for name in record["classes"]] for row in rows] == matrix.tolist()
    for row in table(made / "report_classes.csv"):
        scores = record["classes"][row["class"]]
        assert int(row["pixels"]) == scores["pixels"]
        assert row["IU"] == ("" if scores["IoU"] is None else f"{scores['IoU']:.6f}")
    text = (made / "report.html").read_text()
    assert f"<dt>mean IU, %</dt><dd>{100 * record['mIoU']:.2f}</dd>" in text
    boundary = json.loads((made / "limits.json").read_text())["boundary_mIoU"]
    assert f"<dt>boundary IoU, %</dt><dd>{100 * boundary:.2f}</dd>" in text


def test_the_worst_image_is_the_worst(made, data):
    expected = {}
    for mask in (made / "masks").iterdir():
        truth, guess = (np.asarray(Image.open(path)) for path in (data / "SegmentationClass" / mask.name, mask))
        expected[f"{mask.stem}.jpg"] = image_iou(truth, guess)
    ranked = sorted(expected, key=expected.get)
    rows = table(made / "report_images.csv")
    assert [row["image"] for row in rows] == ranked
    assert [float(row["mean IU"]) for row in rows] == pytest.approx([expected[name] for name in ranked], abs=1e-6)
    text = (made / "report.html").read_text()
    assert re.findall("<figcaption><b>(.*?)</b> mean IU ([0-9.]+)", text) == [
        (name, f"{100 * expected[name]:.1f}") for name in (ranked[0], ranked[-1])
    ]
    assert "expected calibration error" in text


def test_two_processes_write_the_same_files(made, trained, tmp_path):
    words = (trained.config, trained.best, "--work-dir", tmp_path, "--worst", 1, "--best", 1)
    ended = run_forked(2, run, "report", *words)
    assert [process.code for process in ended] == [0, 0], ended[0].err
    assert ["wrote" in process.out for process in ended] == [True, False]
    for name in (*FILES, "limits.json"):
        assert (tmp_path / name).read_bytes() == (made / name).read_bytes()


def test_bad_input_leaves_no_report(tool, trained, tmp_path):
    config, work = tmp_path / "nomask.py", tmp_path / "work"
    folders = "dict(_delete_=True, img_path='JPEGImages')"
    config.write_text(
        f"_base_ = {str(trained.config)!r}\ntest_dataloader = dict(dataset=dict(data_prefix={folders}))\n"
    )
    tool_refused(tool("report", config, trained.best, "--work-dir", work), work, "config-data", config, "seg_map_path")
    assert not [name for name in FILES if (work / name).exists()]
    several = ("--cfg-options", "model.decode_head.multilabel=True")
    done = tool("report", trained.config, trained.best, "--work-dir", work, *several)
    tool_refused(done, work, "config-value", "several labels")


def test_an_empty_split(tool, trained, own_data, tmp_path):
    (own_data / "ImageSets/Segmentation/val.txt").write_text("")
    done = tool("report", trained.config, trained.best, "--work-dir", tmp_path / "work", "--data-root", own_data)
    tool_refused(done, tmp_path / "work", "dataset-empty", "val.txt")


def test_a_missing_mask(tool, trained, own_data, tmp_path):
    name = (own_data / "ImageSets/Segmentation/val.txt").read_text().split()[0]
    (own_data / "SegmentationClass" / f"{name}.png").unlink()
    work = tmp_path / "work"
    done = tool("report", trained.config, trained.best, "--work-dir", work, "--data-root", own_data)
    tool_refused(done, work, "mask-unreadable", name)
    assert not [name for name in FILES if (work / name).exists()]
