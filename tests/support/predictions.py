"""A label map with all that outlines can get wrong, and predictions of label maps."""

import numpy as np

from fcn_plugin.prediction.prediction import Prediction

CLASSES = ("background", "road", "car")
PALETTE = ((0, 0, 0), (128, 64, 0), (0, 0, 200))


def label_map():
    """(24, 30): a road with two holes, a car in one of them, pieces that touch at a corner, at the border, of one pixel."""
    labels = np.zeros((24, 30), np.uint8)
    labels[2:16, 3:20] = 1
    labels[4:9, 5:10] = 0
    labels[5:7, 6:8] = 2
    labels[10:14, 12:18] = 0
    labels[9, 11] = 0  # a hole of one pixel that touches the other at a corner
    labels[16:20, 20:24] = 1  # touches the road at a corner
    labels[20:24, 26:30] = 2
    labels[23, 0] = 2
    return labels


def predicted(labels, classes=CLASSES, palette=PALETTE):
    """A prediction of these labels, with probabilities that agree with them."""
    generator = np.random.default_rng(0)
    scores = generator.random((len(classes), *labels.shape))
    scores[(labels, *np.indices(labels.shape))] += 1
    image = generator.integers(0, 256, (*labels.shape, 3), dtype=np.uint8)
    return Prediction(labels, (scores / scores.sum(0)).astype(np.float32), image, classes, palette)


def random_labels(shape, classes, scale=1, seed=0):
    """Noise of blocks of ``scale`` pixels."""
    labels = np.random.default_rng(seed).integers(0, classes, shape, dtype=np.uint8)
    return np.kron(labels, np.ones((scale, scale), np.uint8))
