"""Palette masks, overlays, confidence, entropy: PNGs of the image's size."""

import numpy as np
from PIL import Image
from support.predictions import CLASSES, PALETTE, label_map, predicted
from support.refusals import refused

from fcn_plugin.prediction.forms import make_forms
from fcn_plugin.prediction.item import Item
from fcn_plugin.prediction.prediction import Prediction


def test_masks_hold_ids_and_colours(write, prediction):
    mask = Image.open(write("masks") / "masks/street/a.png")
    assert mask.mode == "P"
    assert np.array_equal(mask, prediction.labels)
    assert mask.getpalette()[3:9] == [128, 64, 0, 0, 0, 200]


def test_overlays_blend(write, prediction):
    blend = np.asarray(Image.open(write("overlays") / "overlays/street/a.png"))
    colours = np.array(PALETTE)[prediction.labels]
    assert np.array_equal(blend, np.round(prediction.image / 2 + colours / 2).astype(np.uint8))
    assert np.array_equal(prediction.overlay(0), prediction.image)
    assert np.array_equal(prediction.overlay(1), colours)


def test_a_legend_of_the_classes_that_occur(prediction, tmp_path):
    heights = []
    for labels in (np.zeros((40, 120), np.uint8), np.kron(label_map() > 0, np.ones((2, 4), np.uint8))):
        one = predicted(labels)
        (form,) = make_forms(["overlays"], tmp_path, CLASSES, PALETTE, opacity=1, legend=True)
        form.write(Item("a", one.image, "a.png"), one)
        picture = np.asarray(Image.open(tmp_path / "overlays/a.png"))
        below = picture[labels.shape[0] :]
        assert np.array_equal(picture[: labels.shape[0]], one.overlay(1))
        assert (below == PALETTE[1]).all(2).any() == bool(labels.max())
        heights.append(len(below))
    assert heights[1] > heights[0] > 0  # a line for each


def test_confidence_is_that_of_the_label_where_a_threshold_chose_it(write):
    one = predicted(np.ones((1, 2), np.uint8))
    one.probabilities[...] = np.array([[0.6, 0.4, 0], [0.2, 0.8, 0]]).T[:, None]
    image = np.asarray(Image.open(write("confidence", {"a": one}) / "confidence/a.png"))
    assert image.tolist() == [[round(255 * 0.4), round(255 * 0.8)]]


def test_confidence_is_the_largest_probability(write, prediction):
    image = np.asarray(Image.open(write("confidence") / "confidence/street/a.png"))
    chosen = np.take_along_axis(prediction.probabilities, prediction.labels[None].astype(int), 0)[0]
    assert np.abs(image / 255 - chosen).max() <= 0.5 / 255 + 1e-6


def test_a_mask_for_each_class(write, prediction):
    folder = write("per-class") / "per-class/street/a"
    for index, name in enumerate(prediction.classes):
        assert np.array_equal(np.asarray(Image.open(folder / f"{name}.png")), 255 * (prediction.labels == index))


def test_several_labels_are_drawn_by_their_outlines(tmp_path):
    """A border of one pixel in the label's colour; inside and outside the image is seen. The last label lies above."""
    maps = np.zeros((2, 7, 9), np.uint8)
    maps[0, 1:6, 1:6], maps[1, 1:6, 4:8] = 1, 1
    one = Prediction(maps, None, np.full((7, 9, 3), 50, np.uint8), ["a", "b"], [(200, 0, 0), (0, 0, 200)])
    drawn = one.overlay()
    seen = {(50, 50, 50): ".", (200, 0, 0): "a", (0, 0, 200): "b"}
    assert "".join(seen[tuple(pixel)] for pixel in drawn[3].tolist()) == ".a..ba.b."
    assert "".join(seen[tuple(pixel)] for pixel in drawn[1].tolist()) == ".aaabbbb."
    assert one.areas() == {"a": 25, "b": 20}
    (form,) = make_forms(["overlays"], tmp_path, one.classes, one.palette, legend=True, multilabel=True)
    assert form.draw(Item("a", one.image, "a.jpg"), one).height > 7
    with refused("option-value", "per-class"):
        make_forms(["masks"], tmp_path, one.classes, one.palette, multilabel=True)


def test_entropy_by_hand(write):
    """0 where the net is certain, 255 where it guesses, ln 2 / ln 3 = 0.63 where it wavers between two of three."""
    one = predicted(np.zeros((1, 3), np.uint8))
    one.probabilities[...] = np.array([[1, 0, 0], [1 / 3, 1 / 3, 1 / 3], [0.5, 0.5, 0]]).T[:, None]
    image = np.asarray(Image.open(write("entropy", {"a": one}) / "entropy/a.png"))
    assert image.tolist() == [[0, 255, round(255 * 0.63093)]]
