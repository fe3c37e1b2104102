"""Files are opened as what they are, decoded by both decoders, and named where one of them refuses."""

import numpy as np
import pytest
from PIL import Image

from fcn_plugin.data.images import UnreadableFile, read_header, read_image


@pytest.mark.parametrize(
    "content, reason", [(None, "no such file"), (b"", "cannot identify"), (b"no image", "cannot identify")]
)
@pytest.mark.parametrize("what", ["image", "mask"])
def test_unreadable(tmp_path, content, reason, what):
    path = tmp_path / "a.png"
    if content is not None:
        path.write_bytes(content)
    with pytest.raises(UnreadableFile, match=rf"a.png: can't be read \({reason}") as caught:
        read_header(str(path), what)
    assert caught.value.problem.code == f"{what}-unreadable"
    assert "take it out of the split" in str(caught.value)
    assert str(caught.value).count(str(path)) == 1 or reason == "cannot identify"


@pytest.mark.parametrize(
    "suffix, lost", [("png", 1), ("png", 12), ("bmp", 1), ("bmp", 9), ("tif", 9), ("ppm", 1), ("jpg", 2)]
)
def test_files_without_their_last_bytes(tmp_path, suffix, lost):
    path = tmp_path / f"a.{suffix}"
    image = Image.fromarray(np.random.default_rng(0).integers(0, 256, (9, 8, 3), np.uint8))
    image.save(path)
    read_image(str(path))
    path.write_bytes(path.read_bytes()[:-lost])
    with pytest.raises(UnreadableFile, match=rf"a.{suffix}: can't be read \("):
        read_image(str(path))
