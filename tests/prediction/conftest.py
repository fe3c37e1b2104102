"""A label map with all that outlines can get wrong, and its prediction."""

import numpy as np
import pytest

from fcn_plugin.prediction.item import Item
from fcn_plugin.prediction.prediction import Prediction

CLASSES = ("background", "road", "car")
PALETTE = ((0, 0, 0), (128, 64, 0), (0, 0, 200))


def label_map():
    """(24, 30): a road with two holes, a car in one of them, pieces that touch at corners, at the image's border, of one pixel."""
    labels = np.zeros((24, 30), np.uint8)
    labels[2:16, 3:20] = 1
    labels[4:9, 5:10] = 0
    labels[5:7, 6:8] = 2
    labels[10:14, 12:18] = 0
    labels[13, 11] = 0  # touches the second hole at a corner
    labels[16:20, 20:24] = 1  # touches the road at a corner
    labels[20:24, 26:30] = 2
    labels[23, 0] = 2
    return labels


def predicted(labels, classes=CLASSES, palette=PALETTE, seed=0):
    """A prediction of these labels with probabilities that agree with them."""
    generator = np.random.default_rng(seed)
    scores = generator.random((len(classes), *labels.shape))
    scores[labels, *np.indices(labels.shape)] += 1
    image = generator.integers(0, 256, (*labels.shape, 3), dtype=np.uint8)
    return Prediction(labels, (scores / scores.sum(0)).astype(np.float32), image, classes, palette)


@pytest.fixture(scope="module")
def labels():
    return label_map()


@pytest.fixture(scope="module")
def prediction(labels):
    return predicted(labels)


@pytest.fixture
def write(prediction, tmp_path):
    """Write a form of predictions by name, join its parts, and return the folder."""
    from fcn_plugin.prediction.forms import make_forms

    def call(form, predictions=None, finish=True, **item):
        (writer,) = make_forms([form], tmp_path, CLASSES, PALETTE)
        for name, one in (predictions or {"street/a": prediction}).items():
            writer.write(Item(name, one.image, **{"source": f"photos/{name}.jpg", **item}), one)
            assert all(path.is_file() for path in writer.files(name))
        if finish:
            writer.finish()
        return tmp_path

    return call
