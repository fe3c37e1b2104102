"""A net whose labels are easy to foresee, and images for it."""

import cv2
import numpy as np
from PIL import Image

from fcn_plugin.prediction.batches import MOST_PIXELS
from fcn_plugin.prediction.prediction import Prediction

CLASSES = ("dark", "bright", "white")
PALETTE = ((0, 0, 0), (255, 0, 0), (0, 0, 255))


class FakeNet:
    """Labels are red // 100; ``sizes`` of the batches are kept, and ``before`` is called with their number."""

    classes, palette = CLASSES, PALETTE

    def __init__(self, before=lambda count: None, batch_size=4):
        self.sizes, self.before = [], before
        self.batch_size, self.most_pixels = batch_size, MOST_PIXELS

    def predict(self, images, probabilities=False):
        self.before(len(self.sizes))
        self.sizes.append((len(images), {image.shape for image in images}))
        return [Prediction(image[..., 0] // 100, None, image, CLASSES, PALETTE) for image in images]


def save_image(path, red, size=(8, 6)):
    """A plain image of this red, (width, height)."""
    path.parent.mkdir(parents=True, exist_ok=True)
    Image.new("RGB", size, (red, 0, 0)).save(path)
    return path


def save_video(path, frames=12, fps=12.5, size=(48, 32)):
    """A video whose frame i has the red 10 * i, more or less."""
    path.parent.mkdir(parents=True, exist_ok=True)
    writer = cv2.VideoWriter(str(path), cv2.VideoWriter_fourcc(*"mp4v"), fps, size)
    for index in range(frames):
        writer.write(np.full((*size[::-1], 3), (0, 0, 10 * index), np.uint8))
    writer.release()
    return path


def reds_of(path):
    """(frames per second, mean red of each frame) of a video."""
    capture = cv2.VideoCapture(str(path))
    fps, reds = capture.get(cv2.CAP_PROP_FPS), []
    while (found := capture.read())[0]:
        reds.append(float(found[1][..., 2].mean()))
    return fps, reds
