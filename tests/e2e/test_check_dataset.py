"""The tool that checks data: what it prints and writes, and its exit codes."""

import json

import numpy as np
import pytest
from PIL import Image


@pytest.fixture
def call(tool, leaf, tmp_path):
    """The tool on the narrow config's data, in this process alone."""

    def run(*args, config=leaf):
        return tool("check_dataset", config, "--jobs", "0", "--sheet", tmp_path / "sheet.png", *args)

    return run


def test_a_sound_data_set(call, leaf, tmp_path):
    done = call()
    assert done.code == 0
    assert "checking: 100%" in done.err  # the bar
    assert "error:" not in done.out
    assert "train: 4 images of 64 x 64" in done.out
    assert "model = dict(decode_head=dict(loss_decode=dict(class_weight=[" in done.out
    assert done.out.splitlines()[-1] == f"next: python tools/train.py {leaf}"
    assert Image.open(tmp_path / "sheet.png").format == "PNG"


def test_errors_end_with_exit_code_2_and_the_report_on_stdout(call, own_data):
    mask = own_data / "SegmentationClass/2012_000002.png"
    Image.fromarray(np.full((64, 64), 30, np.uint8)).save(mask)
    done = call("--data-root", own_data)
    assert done.code == 2
    assert "Traceback" not in done.err
    assert "error: [mask-ids] " in done.out
    assert f"  {mask}: id 30 (4096 px)\n" in done.out
    assert done.out.splitlines()[-1] == "correct the errors, then check again"


def test_warnings_count_where_strict(call, own_data):
    mask = own_data / "SegmentationClass/2012_000002.png"
    Image.fromarray(np.full((64, 64), 255, np.uint8)).save(mask)
    assert call("--data-root", own_data).code == 0
    done = call("--data-root", own_data, "--strict")
    assert done.code == 1
    assert f"  {mask}: all 4096 px are ignored\n" in done.out
    assert done.out.splitlines()[-1].endswith(f"--data-root {own_data}")


def test_json_on_stdout_and_nothing_else(call, own_data, tmp_path):
    for image in (own_data / "JPEGImages").iterdir():
        image.write_bytes(b"")
    done = call("--data-root", own_data, "--json", "-")
    assert done.code == 2
    found = json.loads(done.out)
    assert (found["images"], found["errors"], found["sheet"]) == (7, 7, None)
    (problem,) = (problem for problem in found["problems"] if problem["severity"] == "error")
    assert problem["code"] == "image-unreadable"
    assert len(problem["files"]) == 7
    assert all("cannot identify image file" in file["found"] for file in problem["files"])
    assert not (tmp_path / "sheet.png").exists()


def test_json_in_a_file(call, tmp_path):
    done = call("--json", tmp_path / "new" / "report.json")
    assert "checked 7 images" in done.out
    found = json.loads((tmp_path / "new" / "report.json").read_text())
    assert set(found["splits"]) == {"train", "val and test"}
    assert sum(row["pixels"] for row in found["splits"]["train"]["classes"]) > 0


def test_two_folders(tool, data, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    images, masks = data / "JPEGImages", data / "SegmentationClass"
    done = tool("check_dataset", "--images", images, "--masks", masks, "--jobs", "0", "--all")
    assert done.code == 0
    assert "folder: 7 images of 64 x 64" in done.out
    assert done.out.splitlines()[-1] == f"next: python tools/new_dataset.py NAME --images {images} --masks {masks}"
    assert len(list((tmp_path / "work_dirs/check").glob("*-JPEGImages.png"))) == 1
    (tmp_path / "classes.txt").write_text("background\naeroplane\n")
    named = ("--classes", "classes.txt", "--ignore-ids", *range(2, 21))
    done = tool("check_dataset", "--images", images, "--masks", masks, "--jobs", "0", *named)
    assert done.code == 2
    assert "id 255" in done.out  # is ignored no longer


@pytest.mark.parametrize(
    ("args", "fragments"),
    [
        ((), ["config", "--images", "--masks"]),
        (("--images", "a"), ["config", "--images", "--masks"]),
        (("x.py", "--images", "a", "--masks", "b"), ["config", "--images", "--masks"]),
        (("x.py", "--jobs", "-1"), ["--jobs: -1"]),
        (("--images", "nowhere", "--masks", "b"), ["error: [dataset-missing] ", "images nowhere", "--images"]),
        (("x.py",), ["error: [config-file] ", "x.py"]),
    ],
)
def test_bad_arguments(tool, tmp_path, monkeypatch, args, fragments):
    monkeypatch.chdir(tmp_path)
    done = tool("check_dataset", *args)
    assert done.code == 2
    assert all(fragment in done.err for fragment in fragments)
    assert "Traceback" not in done.err
    assert done.out == ""
