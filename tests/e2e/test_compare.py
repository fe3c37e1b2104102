"""The picture of several nets' masks: complete or not at all."""

import pytest
from PIL import Image
from support.refusals import tool_refused


@pytest.fixture
def call(data):
    """The tool's arguments, with the truth as a net's masks."""
    return ("compare", data, f"truth={data / 'SegmentationClass'}", "--scale", 1)


@pytest.mark.parametrize("name", ["nets.png", "nets.part.PNG"])
def test_a_picture(tool, call, tmp_path, name):
    done = tool(*call, "--out", tmp_path / name)
    assert (done.code, done.out) == (0, f"wrote {tmp_path / name}\n")
    with Image.open(tmp_path / name) as picture:
        assert picture.format == "PNG"
        assert picture.width == 3 * 64 + 2 * 4
    assert [path.name for path in tmp_path.iterdir()] == [name]


@pytest.mark.parametrize("name", ["nets", "nets.txt", "nets.jpg"])
def test_another_suffix_is_refused(tool, call, tmp_path, name):
    done = tool(*call, "--out", tmp_path / name)
    tool_refused(done, tmp_path, "output-path", f"--out is {tmp_path / name}", ".png")
    assert done.out == ""
    assert not list(tmp_path.iterdir())


def test_a_write_that_breaks_off_leaves_the_old_picture(tool, call, tmp_path, monkeypatch):
    out = tmp_path / "nets.png"
    out.write_bytes(b"old")

    def fill_the_disk(image, path, *args, **kwargs):
        path.write_bytes(b"half")
        raise OSError("no space left")

    monkeypatch.setattr(Image.Image, "save", fill_the_disk)
    tool_refused(tool(*call, "--out", out), tmp_path, "file-access", "no space left")
    assert out.read_bytes() == b"old"
    assert [path.name for path in tmp_path.iterdir()] == ["nets.png"]


@pytest.mark.parametrize("scale", ["0", "-1"])
def test_no_enlargement(tool, call, tmp_path, scale):
    done = tool(*call[:-1], scale, "--out", tmp_path / "nets.png")
    assert done.code == 2
    assert f"argument --scale: {scale} is less than 1" in done.err
