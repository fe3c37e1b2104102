"""Files are opened as what they are, decoded by both decoders, and named where one of them refuses."""

import os
import pickle
import zlib

import mmcv
import numpy as np
import pytest
from PIL import EpsImagePlugin, Image
from support.damaged_images import BOMB, DDS, EPS, IMAGES, MASKS, SIZE, changed_byte, png_of_rows
from support.refusals import refused

from fcn_plugin.data.images import UnreadableFile, open_image, read_header, read_image, read_mask
from fcn_plugin.listing import files_below

READERS = {"image": read_image, "mask": read_mask}


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


def test_undamaged_files_of_every_kind(tmp_path):
    """Pixels are those that OpenCV's ``imread`` gives to mmcv; ids those of Pillow."""
    path = tmp_path / "a.png"
    for raw in IMAGES:
        path.write_bytes(raw)
        header, pixels = read_image(str(path))
        assert pixels.dtype == np.uint8
        assert pixels.shape == (*header.shown[::-1], 3)
        assert np.array_equal(pixels, mmcv.imfrombytes(raw))
    for raw in MASKS:
        path.write_bytes(raw)
        assert read_mask(str(path))[1].size == SIZE


HOSTILE = {
    "bomb": (BOMB, "exceeds limit of"),
    "DDS of an unknown kind": (DDS, "cannot identify"),
    "PostScript": (EPS, "cannot identify"),
    "a changed byte": (changed_byte(MASKS[0]), "can't be read ("),
    "missing rows": (png_of_rows(9), "OpenCV can't decode it"),
    "no rows": (png_of_rows(0), "can't be read ("),
}


@pytest.mark.parametrize("raw, reason", HOSTILE.values(), ids=HOSTILE)
@pytest.mark.parametrize("what", READERS)
def test_hostile_files(tmp_path, monkeypatch, what, raw, reason):
    monkeypatch.setattr(EpsImagePlugin, "Ghostscript", None)  # calling it is a TypeError
    path = tmp_path / "a.png"
    path.write_bytes(raw)
    with refused(f"{what}-unreadable", path, reason):
        READERS[what](str(path))
    for call in (read_header, open_image):
        if reason != "can't be read (" and raw != png_of_rows(9):  # its header tells
            with refused(f"{what}-unreadable", path, reason):
                call(str(path), what)


def test_a_format_that_is_not_accepted_under_each_name(tmp_path):
    for format in ("TGA", "PCX", "SGI", "ICO", "DDS", "EPS", "IM", "MSP", "JPEG2000", "PDF"):
        path = tmp_path / "a.png"
        Image.new("1" if format == "MSP" else "L", (16, 16)).save(path, format)
        with refused("image-unreadable", path, "cannot identify"):
            read_header(str(path))


def test_what_is_no_file(tmp_path):
    """A pipe would be waited for."""
    os.mkfifo(tmp_path / "pipe.png")
    (tmp_path / "folder.png").mkdir()
    (tmp_path / "link.png").symlink_to(tmp_path / "nowhere.png")
    for name, reason in {"pipe": "not a regular file", "folder": "not a regular file", "link": "no such file"}.items():
        for what, read in READERS.items():
            with refused(f"{what}-unreadable", tmp_path / f"{name}.png", reason):
                read(str(tmp_path / f"{name}.png"))


ERRORS = [MemoryError(), RecursionError(), NotImplementedError(), zlib.error("bad"), PermissionError(13, "denied")]


@pytest.mark.parametrize("error", ERRORS, ids=lambda e: type(e).__name__)
def test_whatever_a_decoder_raises(tmp_path, monkeypatch, error):
    def fail(*_, **__):
        raise error

    (tmp_path / "a.png").write_bytes(IMAGES[0])
    for target in ("PIL.Image.open", "cv2.imdecode"):
        with monkeypatch.context() as patch, refused("image-unreadable", tmp_path / "a.png") as caught:
            patch.setattr(target, fail)
            read_image(str(tmp_path / "a.png"))
        assert "()" not in caught.value.message
        copy = pickle.loads(pickle.dumps(caught.value))
        assert (copy.code, copy.message, copy.problem) == (
            caught.value.code,
            caught.value.message,
            caught.value.problem,
        )


def test_decoders_that_disagree_on_a_turn(tmp_path):
    """OpenCV reads an EXIF part whose byte order is damaged, Pillow does not."""
    turned = next(raw for raw in IMAGES if raw.startswith(b"\xff\xd8") and b"Exif\0\0" in raw)
    path = tmp_path / "a.jpg"
    path.write_bytes(turned.replace(b"MM\0*", b"\1M\0*", 1))
    with refused("image-unreadable", path, "decodes it to"):
        read_image(str(path))


def test_content_that_was_read_already(tmp_path):
    assert open_image("mask of a.json", "mask", MASKS[0])[1].size == SIZE
    with refused("mask-unreadable", "mask of a.json", "cannot identify"):
        open_image("mask of a.json", "mask", EPS)


def test_files_below_a_folder_and_its_links(tmp_path):
    """Each real folder once, by its own name where it has one: two links of a folder to itself make 2^40 paths."""
    folder, disk = tmp_path / "photos", tmp_path / "disk"
    for name in ("photos/b/a.PNG", "photos/b/.a.png", "photos/.trash/a.png", "photos/c.txt", "disk/d.png", "gt/e.png"):
        (tmp_path / name).parent.mkdir(exist_ok=True, parents=True)
        (tmp_path / name).touch()
    links = {"again": folder, "self": folder, "a": folder / "b", "disk": disk, "masks": tmp_path / "gt"}
    for name, target in links.items():
        (folder / name).symlink_to(target)
    (disk / "up").symlink_to(folder)
    found = files_below(folder, [".png"], leave_out=[tmp_path / "gt"])
    assert found == [str(folder / "b/a.PNG"), str(folder / "disk/d.png")]
    assert files_below(tmp_path / "gt", [".png"], leave_out=[tmp_path / "gt"]) == [str(tmp_path / "gt/e.png")]
