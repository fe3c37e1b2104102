"""Two folders of binary masks that no training understands as they are meant: the check warns."""

import numpy as np
import pytest
from PIL import Image

from fcn_plugin.datatools.check.scan import check_splits
from fcn_plugin.datatools.check.splits import split_of_folders


@pytest.fixture
def codes(tmp_path):
    """``codes(values, ...)``: what a check of masks of these values finds, with two classes where ``classes`` are given."""

    def check(*masks, classes=None):
        for i, values in enumerate(masks):
            for folder, array in (("images", np.full((4, 8, 3), i, np.uint8)), ("masks", np.resize(values, (4, 8)))):
                (tmp_path / folder).mkdir(exist_ok=True)
                Image.fromarray(array.astype(np.uint8)).save(tmp_path / folder / f"{i}.png")
        if classes:
            (tmp_path / "classes.txt").write_text(classes)
            classes = str(tmp_path / "classes.txt")
        split = split_of_folders(str(tmp_path / "images"), str(tmp_path / "masks"), classes, None)
        report = check_splits([split], tmp_path / "sheet.png")
        return {code: (count, kept[0].path, kept[0].found) for code, count, kept in report.findings}

    return check


def test_near_binary(codes, tmp_path):
    found = codes([0, 255], [0, 2, 251, 255])
    assert list(found) == ["mask-near-binary"]
    assert found["mask-near-binary"][:2] == (1, str(tmp_path / "masks/1.png"))
    assert "mask-ids" in codes([0, 255], [0, 2, 251, 255], classes="a\nb\n")


@pytest.mark.parametrize("classes", [None, "ground\npolyp\n"])
def test_mixed(codes, tmp_path, classes):
    found = codes([0, 1], [0, 255], classes=classes)
    assert found == {
        "mask-mixed": (1, str(tmp_path / "masks/1.png"), f"has 0 and 255, but {tmp_path}/masks/0.png has 0 and 1")
    }
    assert codes([0, 1], [0, 1, 255], classes=classes) == {}
