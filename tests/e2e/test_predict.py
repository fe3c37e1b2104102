"""Predicting images of any size, mode and place: masks of class ids, overlays, and what happens to broken ones."""

import os
import re
from dataclasses import replace

import numpy as np
import pytest
import torch
from PIL import Image
from support.damaged_images import BOMB, DDS, EPS
from support.fake_net import reds_of, save_image, save_video
from support.forked import run_forked
from support.forked import tool as forked_tool
from support.refusals import tool_refused

from fcn_plugin.visualization.pictures import colour_table

ORIENTATION = 0x0112  # EXIF tag; 6: the picture is to be turned by 90 degrees clockwise
SIZES = {"one": (1, 1), "wide": (300, 7), "odd": (41, 67), "large": (96, 64)}  # width, height


def noise(width, height, seed=0):
    """Blocks of colour, so that the net has something to tell apart."""
    blocks = np.random.default_rng(seed).integers(0, 256, (8, 8, 3), dtype=np.uint8)
    return Image.fromarray(blocks).resize((width, height), Image.Resampling.NEAREST)


@pytest.fixture
def predict(tool, trained, tmp_path):
    """Call the tool; returns the outcome and a reader of its results."""

    def call(*inputs, options=()):
        done = tool("predict", trained.config, trained.best, *inputs, "--out-dir", tmp_path / "out", *options)
        return done, lambda kind, name: Image.open(tmp_path / "out" / kind / f"{name}.png")

    return call


def written(tmp_path, kind):
    folder = tmp_path / "out" / kind
    return sorted(path.relative_to(folder).as_posix() for path in folder.rglob("*.png"))


def test_every_size_gives_a_mask_of_that_size(predict, tmp_path):
    photos = tmp_path / "photos"
    photos.mkdir()
    for name, size in SIZES.items():
        noise(*size).save(photos / f"{name}.png")
    done, result = predict(photos)
    assert done.code == 0
    assert f"4 masks and overlays in {tmp_path / 'out'}" in done.out
    for name, size in SIZES.items():
        mask, overlay = result("masks", name), result("overlays", name)
        assert (mask.mode, mask.size) == ("P", size)
        assert (overlay.mode, overlay.size) == ("RGB", size)
        assert np.asarray(mask).max() < 21
    assert len(np.unique(result("masks", "large"))) > 1  # else equal masks below would say nothing


def test_masks_are_those_of_the_evaluation(predict, tool, trained, data, tmp_path):
    tool("test", trained.config, trained.best, "--work-dir", tmp_path / "work", "--out", tmp_path / "tested")
    predict(data / "JPEGImages")
    tested = sorted((tmp_path / "tested").iterdir())
    assert len(tested) == 3
    for path in tested:
        assert np.array_equal(Image.open(path), Image.open(tmp_path / "out" / "masks" / path.name))


def test_files_folders_and_patterns(predict, tmp_path):
    trip = ("trip/day1/a.png", "trip/day2/a.JPG", "trip/notes.txt")
    for name in (*trip, "more/b1.png", "more/b2.png", "more/c.png", "d.png"):
        path = tmp_path / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text("no image") if path.suffix == ".txt" else noise(20, 20).save(path)
    file = tmp_path / "d.png"
    done, _ = predict(tmp_path / "trip", tmp_path / "more" / "b*.png", file, file)
    assert done.code == 0
    names = ["b1.png", "b2.png", "d.png", "day1/a.png", "day2/a.png"]
    assert written(tmp_path, "masks") == names
    assert written(tmp_path, "overlays") == names


def test_modes_and_rotation(predict, tmp_path):
    """Gray, RGBA and turned pictures give the masks of the plain picture that a viewer shows."""
    photos = tmp_path / "photos"
    photos.mkdir()
    plain = noise(60, 44, seed=1)
    plain.save(photos / "plain.png")
    alpha = plain.copy()
    alpha.putalpha(9)
    alpha.save(photos / "alpha.png")
    gray = plain.convert("L")
    gray.save(photos / "gray.png")
    gray.convert("RGB").save(photos / "gray_as_rgb.png")
    exif = Image.Exif()
    exif[ORIENTATION] = 6
    plain.transpose(Image.Transpose.ROTATE_90).save(photos / "turned.png", exif=exif)
    done, result = predict(photos)
    assert done.code == 0
    mask = {path.stem: np.asarray(result("masks", path.stem)) for path in photos.iterdir()}
    assert mask["plain"].shape == (44, 60)
    assert np.array_equal(mask["alpha"], mask["plain"])
    assert np.array_equal(mask["turned"], mask["plain"])
    assert np.array_equal(mask["gray"], mask["gray_as_rgb"])
    assert np.array_equal(result("overlays", "turned"), result("overlays", "plain"))


@pytest.mark.parametrize("opacity", [0, 1])
def test_overlay_goes_from_image_to_classes(predict, trained, tmp_path, opacity):
    image = noise(50, 40)
    image.save(tmp_path / "a.png")
    _, result = predict(tmp_path / "a.png", options=("--opacity", opacity))
    palette = np.array(result("masks", "a").getpalette()).reshape(-1, 3)
    colours = colour_table(palette[:21])[np.asarray(result("masks", "a"))]
    assert np.array_equal(result("overlays", "a"), colours if opacity else image)


def test_broken_images_do_not_stop_the_others(predict, tmp_path):
    photos = tmp_path / "photos"
    photos.mkdir()
    noise(20, 20).save(photos / "good.png")
    noise(64, 64).save(photos / "whole.jpg")
    (photos / "cut.jpg").write_bytes((photos / "whole.jpg").read_bytes()[:700])
    (photos / "empty.jpg").write_bytes(b"")
    (photos / "text.png").write_text("not a picture")
    (photos / "bomb.png").write_bytes(BOMB)
    (photos / "dds.png").write_bytes(DDS)
    (photos / "eps.png").write_bytes(EPS)
    (photos / "folder.png").mkdir()
    os.mkfifo(photos / "pipe.png")
    done, _ = predict(photos)
    bar, error, message = done.err.rpartition("error: ")
    assert "error" not in bar
    broken = [photos / name for name in ("cut.jpg", "empty.jpg", "text.png", "bomb.png", "dds.png", "eps.png")]
    done = replace(done, err=error + message)
    tool_refused(done, tmp_path / "out", "image-unreadable", "6 of 8", *broken, tmp_path / "out")
    assert written(tmp_path, "masks") == ["good.png", "whole.png"]


def test_no_image_found(predict, tmp_path):
    (tmp_path / "empty").mkdir()
    for source in (tmp_path / "empty", tmp_path / "nowhere.jpg", tmp_path / "*.jpg"):
        done, _ = predict(source)
        tool_refused(done, tmp_path, "file-missing", source, ".jpeg .jpg")
    assert not (tmp_path / "out").exists()


def test_two_images_of_one_name(predict, tmp_path):
    for name in ("left", "right"):
        (tmp_path / name).mkdir()
        noise(20, 20).save(tmp_path / name / "a.png")
    done, _ = predict(tmp_path / "left" / "a.png", tmp_path / "right" / "a.png")
    tool_refused(done, tmp_path, "output-exists", *(tmp_path / name / "a.png" for name in ("left", "right")))
    assert not (tmp_path / "out").exists()


def test_opacity_outside_its_range(predict, tmp_path):
    noise(20, 20).save(tmp_path / "a.png")
    done, _ = predict(tmp_path / "a.png", options=("--opacity", "50"))
    tool_refused(done, tmp_path, "option-value", "opacity is 50.0")


def test_bare_weights_and_a_data_set_without_colours(tool, trained, tmp_path):
    """Nothing says which colours: VOC's are taken, a different one for every id."""
    torch.save(torch.load(trained.best, weights_only=False)["state_dict"], tmp_path / "bare.pth")
    noise(40, 30).save(tmp_path / "a.png")
    options = ("--cfg-options", "test_dataloader.dataset.type=BaseSegDataset")
    done = tool("predict", trained.config, tmp_path / "bare.pth", tmp_path / "a.png", "--out-dir", tmp_path, *options)
    assert done.code == 0, done.err
    colours = np.array(Image.open(tmp_path / "masks" / "a.png").getpalette()).reshape(-1, 3)
    assert colours[[1, 15]].tolist() == [[128, 0, 0], [192, 128, 128]]


@pytest.mark.parametrize("place", ["masks", "overlays", "masks/day"])
def test_planted_links_to_folders_are_refused(predict, tmp_path, place):
    (tmp_path / "trip/day").mkdir(parents=True)
    (tmp_path / "victim").mkdir()
    noise(20, 20).save(tmp_path / "trip/day/a.png")
    (tmp_path / "out" / place).parent.mkdir(parents=True)
    (tmp_path / "out" / place).symlink_to(tmp_path / "victim")
    done, _ = predict(tmp_path / "trip")
    assert (done.code, "[output-path]" in done.err, str(tmp_path / "out" / place) in done.err) == (2, True, True)
    assert not list((tmp_path / "victim").iterdir())


def test_a_name_that_can_t_be_written_does_not_stop_the_others(predict, tmp_path):
    long = "x" * 249
    for name in (f"in/{long}.png", "in/a.jpg", "in/z.png", "out/masks/a.png/b.png"):
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        noise(20, 20).save(tmp_path / name)
    done, _ = predict(tmp_path / "in")
    assert (done.code, "[image-unreadable]" in done.err, str(tmp_path / "in/a.jpg") in done.err) == (2, True, True)
    assert written(tmp_path, "masks") == ["a.png", "a.png/b.png", f"{long}.png", "z.png"]


@pytest.mark.parametrize("place", ["photos/results", "photos"])
def test_own_results_are_not_predicted(tool, trained, tmp_path, place):
    """Where they are written among the images; ``masks`` of another program are images."""
    for name in ("a.png", "trip/masks/b.png"):
        (tmp_path / "photos" / name).parent.mkdir(parents=True, exist_ok=True)
        noise(20, 20).save(tmp_path / "photos" / name)
    out = tmp_path / place
    for left_out in ("", out if place != "photos" else out / "masks"):
        done = tool("predict", trained.config, trained.best, tmp_path / "photos", "--out-dir", out)
        assert (done.code, f"2 masks and overlays in {out}" in done.out) == (0, True)
        assert f"skipped folders of results: {left_out}" in done.out or not left_out
    for form in ("masks", "overlays"):
        assert sorted(path.name for path in (out / form).rglob("*.png")) == ["a.png", "b.png"]


def test_images_are_not_replaced_by_their_masks(predict, tmp_path):
    (tmp_path / "out/masks").mkdir(parents=True)
    image = tmp_path / "out/masks/a.png"
    noise(20, 20).save(image)
    before = image.read_bytes()
    done, _ = predict(tmp_path / "out/masks")
    tool_refused(done, tmp_path, "output-exists", image)
    assert image.read_bytes() == before


@pytest.mark.parametrize("colours", [1, 300])
def test_colours_of_another_number_of_classes(tool, trained, tmp_path, colours):
    weights = torch.load(trained.best, weights_only=False)["state_dict"]
    torch.save(
        dict(state_dict=weights, meta=dict(dataset_meta=dict(palette=[[1, 2, 3]] * colours))), tmp_path / "b.pth"
    )
    noise(40, 30).save(tmp_path / "a.png")
    done = tool("predict", trained.config, tmp_path / "b.pth", tmp_path / "a.png", "--out-dir", tmp_path)
    assert done.code == 0, done.err
    assert Image.open(tmp_path / "masks/a.png").getpalette()[3:6] == [128, 0, 0]


def test_a_checkpoint_alone(tool, trained, data, tmp_path):
    """Its config is inside; counts and rate come at the end, and --resume has nothing to do."""
    for name, words in (("with", [trained.config, trained.best]), ("without", [trained.best])):
        done = tool("predict", *words, data / "JPEGImages", "--out-dir", tmp_path / name, "--out", "masks", "areas")
        assert done.code == 0, done.err
    assert re.search(r"^7 images in \d+\.\d s: \d+\.\d images/s; the net was idle \d+% of the time$", done.out, re.M)
    for path in (tmp_path / "with/masks").iterdir():
        assert path.read_bytes() == (tmp_path / "without/masks" / path.name).read_bytes()
    assert not (tmp_path / "without/overlays").exists()
    again = tool(
        "predict", trained.best, data / "JPEGImages", "--out-dir", tmp_path / "without", "--out", "masks", "--resume"
    )
    assert f"0 masks in {tmp_path / 'without'}; 7 existed before" in again.out


def test_a_video(predict, tmp_path):
    path = save_video(tmp_path / "clip.mp4", frames=5)
    done, _ = predict(path, options=("--out", "masks", "video"))
    assert (done.code, written(tmp_path, "masks")) == (0, [f"clip/{frame:06}.png" for frame in range(5)])
    assert len(reds_of(tmp_path / "out/video/clip.mp4")[1]) == 5
    done, _ = predict(save_image(tmp_path / "a.png", 0), options=("--out", "video"))
    tool_refused(done, tmp_path, "option-value", "--out video")


def test_an_unknown_form(predict, tmp_path):
    done, _ = predict(save_image(tmp_path / "a.png", 0), options=("--out", "mask"))
    tool_refused(done, tmp_path, "option-value", "masks")
    assert not (tmp_path / "out").exists()


@pytest.mark.skipif(torch.cuda.is_available(), reason="gloo, and processes forked without a GPU's threads")
def test_two_processes_share_the_images(predict, trained, data, tmp_path):
    """The first one joins what all have collected; what is broken in the share of one makes all end with 2."""
    predict(data / "JPEGImages", options=("--out", "masks", "areas"))
    (tmp_path / "out").rename(tmp_path / "alone")
    words = [
        trained.config,
        trained.best,
        data / "JPEGImages",
        "--out-dir",
        tmp_path / "out",
        "--out",
        "masks",
        "areas",
    ]
    first, second = run_forked(2, forked_tool, "predict", *words)
    assert (first.code, second.code, second.out) == (0, 0, ""), first.err + second.err
    assert f"7 masks and areas in {tmp_path / 'out'}" in first.out
    names = [path.relative_to(tmp_path / "alone") for path in (tmp_path / "alone").rglob("*") if path.is_file()]
    assert len(names) > 14
    for name in names:
        assert (tmp_path / "alone" / name).read_bytes() == (tmp_path / "out" / name).read_bytes()
    broken = tmp_path / "broken.png"
    broken.write_text("no image")
    ended = run_forked(2, forked_tool, "predict", *words[:2], tmp_path / "broken.png", *words[2:], "--resume")
    assert [process.code for process in ended] == [2, 2]
    assert [f"1 of 8 failed, the others are in {tmp_path / 'out'}:\n{broken}" in process.err for process in ended] == [
        True,
        False,
    ]
