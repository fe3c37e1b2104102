"""The tool that draws what the net will see: where the picture goes, what is said, how bad input ends."""

import numpy as np
import pytest
from PIL import Image


@pytest.mark.parametrize("split", ["train", "val"])
def test_draws_the_split_to_its_default_place(tool, leaf, tmp_path, monkeypatch, split):
    monkeypatch.chdir(tmp_path)
    done = tool("browse_dataset", leaf, "--split", split, "--count", "2")
    assert (done.code, done.err) == (0, "")
    assert done.out.splitlines()[-1] == f"wrote work_dirs/browse/narrow8s-{split}.png"
    picture = Image.open(tmp_path / f"work_dirs/browse/narrow8s-{split}.png")
    assert picture.width == 3 * 8 + 2 * 320  # two drawings of 64 x 64, five times enlarged


def test_says_what_surprises(tool, leaf, own_data, tmp_path):
    for mask in (own_data / "SegmentationClass").iterdir():
        Image.fromarray(np.full((64, 64), 255, np.uint8)).save(mask)
    done = tool("browse_dataset", leaf, "--data-root", own_data, "--count", "3", "--out", tmp_path / "a.png")
    assert done.code == 0
    assert done.out.startswith("3 of 3 samples are all void, so nothing is learnt from them: ")
    assert done.out.splitlines()[-1] == f"wrote {tmp_path / 'a.png'}"


@pytest.mark.parametrize(
    ("arguments", "fragments"),
    [
        (("--data-root", "nowhere"), ["[dataset-missing]", "train data root nowhere"]),
        (("--cfg-options", "model.decode_head.num_classes=5"), ["[classes-count]", "num_classes=21"]),
        (("--out", "a.jpg"), ["[output-path]", "--out", "a.jpg", ".png"]),
        (("--count", "0"), ["--count", "0 is less than 1"]),
    ],
)
def test_bad_arguments(tool, leaf, tmp_path, monkeypatch, arguments, fragments):
    monkeypatch.chdir(tmp_path)
    done = tool("browse_dataset", leaf, *arguments)
    assert done.code == 2
    assert all(fragment in done.err for fragment in fragments)
    assert "Traceback" not in done.err
    assert list(tmp_path.iterdir()) == []
