"""The picture of several nets' masks: written as its suffix says and as a whole, or not at all."""

import pytest
from PIL import Image


@pytest.fixture
def call(data):
    """The tool's arguments: the truth stands for a net's masks."""
    return ("compare", data, f"truth={data / 'SegmentationClass'}", "--scale", 1)


@pytest.mark.parametrize(("name", "kind"), [("nets.png", "PNG"), ("nets.JPG", "JPEG"), ("nets.part.webp", "WEBP")])
def test_the_suffix_tells_the_format(tool, call, tmp_path, name, kind):
    done = tool(*call, "--out", tmp_path / name)
    assert (done.code, done.out) == (0, f"wrote {tmp_path / name}\n")
    with Image.open(tmp_path / name) as picture:
        assert picture.format == kind
        assert picture.width == 3 * 64 + 2 * 4
    assert [path.name for path in tmp_path.iterdir()] == [name]


@pytest.mark.parametrize("name", ["nets", "nets.txt", "nets.psd"])
def test_another_suffix_is_refused(tool, call, tmp_path, name):
    done = tool(*call, "--out", tmp_path / name)
    assert (done.code, done.out) == (2, "")
    assert done.err.startswith(f"error: --out {tmp_path / name}: pictures can't be written as ")
    assert not list(tmp_path.iterdir())


def test_a_write_that_breaks_off_leaves_the_old_picture(tool, call, tmp_path, monkeypatch):
    out = tmp_path / "nets.png"
    out.write_bytes(b"old")

    def fill_the_disk(image, path, *args, **kwargs):
        path.write_bytes(b"half")
        raise OSError("no space left")

    monkeypatch.setattr(Image.Image, "save", fill_the_disk)
    done = tool(*call, "--out", out)
    assert (done.code, done.err) == (2, "error: no space left\n")
    assert out.read_bytes() == b"old"
    assert [path.name for path in tmp_path.iterdir()] == ["nets.png"]


@pytest.mark.parametrize("scale", ["0", "-1"])
def test_no_enlargement(tool, call, tmp_path, scale):
    done = tool(*call[:-1], scale, "--out", tmp_path / "nets.png")
    assert done.code == 2
    assert f"argument --scale: {scale} is less than 1" in done.err
