"""Batches, order, sizes and probabilities, with a net whose answer is known: the class is the red value modulo 3."""

import numpy as np
import pytest
import torch
from mmengine.structures import PixelData
from support.builders import balance_classes, build_fcn
from support.predictions import CLASSES, PALETTE, random_labels
from support.refusals import refused
from torch import nn

from fcn_plugin.prediction import net as net_module
from fcn_plugin.prediction.net import Net

PIPELINE = [
    dict(type="LoadImageFromFile"),
    dict(type="FCNLoadAnnotations"),
    dict(type="Resize", scale=(64, 64), keep_ratio=True),
    dict(type="PackSegInputs"),
]


class Known(nn.Module):
    """Notes the shape of each batch."""

    def __init__(self, logits=True):
        super().__init__()
        self.batches, self.test_cfg = [], dict(mode="whole")
        self.logits = logits

    def test_step(self, data):
        self.batches.append((len(data["inputs"]), tuple(data["inputs"][0].shape[1:])))
        for image, sample in zip(data["inputs"], data["data_samples"], strict=True):
            red = (image[2] % 3).long()
            sample.pred_sem_seg = PixelData(data=red[None])
            if self.logits and self.test_cfg["keep_logits"]:
                sample.seg_logits = PixelData(data=nn.functional.one_hot(red, 3).permute(2, 0, 1).float())
        return data["data_samples"]


def known(pipeline=(PIPELINE[0], PIPELINE[3]), **kwargs):
    return Net(Known(), pipeline, CLASSES, PALETTE, **kwargs)


def images(*sizes):
    return [np.random.default_rng(i).integers(0, 256, (*size, 3), dtype=np.uint8) for i, size in enumerate(sizes)]


def test_neighbours_of_one_size_share_a_forward():
    net, several = known(batch_size=2), images((4, 5), (4, 5), (4, 5), (5, 4), (4, 5))
    found = net.predict(several)
    assert net.model.batches == [(2, (4, 5)), (1, (4, 5)), (1, (5, 4)), (1, (4, 5))]
    for image, prediction in zip(several, found, strict=True):
        assert np.array_equal(prediction.labels, image[..., 0] % 3)
        assert np.array_equal(prediction.image, image)
        assert (prediction.labels.dtype, prediction.probabilities) == (np.uint8, None)
        assert (prediction.classes, prediction.palette) == (CLASSES, PALETTE)


def test_probabilities_that_were_not_requested():
    (prediction,) = known().predict(images((4, 5)))
    with pytest.raises(ValueError, match="probabilities=True"):
        prediction.shares()


@pytest.mark.parametrize(("most", "options"), [("CPU_PIXELS", {}), ("MOST_PIXELS", dict(batch_size=8))])
def test_large_images_go_alone(monkeypatch, most, options):
    """On a CPU the batches are smaller, unless the user says how many."""
    monkeypatch.setattr(net_module, most, 50)
    net = known(**options)
    net.predict(images((4, 5), (4, 5), (4, 5), (9, 9), (9, 9)))
    assert [count for count, _ in net.model.batches] == [2, 1, 1, 1]


def test_one_image_none_and_many():
    net, (image,) = known(), images((3, 2))
    assert np.array_equal(net.predict(image).labels, net.predict([image])[0].labels)
    assert net.predict([]) == []
    tensor = torch.from_numpy(image).permute(2, 0, 1)
    assert np.array_equal(net.predict(tensor).labels, image[..., 0] % 3)


def test_probabilities_are_the_softmax():
    net, (image,) = known(), images((3, 2))
    shares = net.predict(image, probabilities=True).probabilities
    assert shares.dtype == np.float32
    chosen = np.take_along_axis(shares, (image[..., 0] % 3)[None].astype(int), 0)
    assert np.allclose(chosen, np.e / (np.e + 2))
    assert net.predict(image).probabilities is None


def test_nets_without_probabilities():
    net, (image,) = known(), images((3, 2))
    net.model.logits = False
    with refused("option-value", "only label maps"):
        net.predict(image, probabilities=True)
    net.model.test_cfg["mode"] = "tiles"
    with refused("option-value", "'tiles'", "mode='whole'"):
        net.predict(image, probabilities=True)
    net.predict(image)
    with refused("option-value", "batch_size is 0"):
        known(batch_size=0)


@pytest.mark.parametrize("probabilities", [False, True])
def test_a_resized_image_gets_labels_of_its_own_size(probabilities):
    model = build_fcn(data_preprocessor=dict(type="SegDataPreProcessor", mean=[0.0] * 3, std=[1.0] * 3))
    net = Net(model, PIPELINE, CLASSES, PALETTE)
    image = random_labels((5, 7), 255, 20)[..., None].repeat(3, 2)
    packed = net.pipeline(dict(img=image, img_path=""))["inputs"]
    assert packed.shape == (3, 46, 64)
    balance_classes(model, packed[None].float())
    prediction = net.predict(image, probabilities)
    assert prediction.labels.shape == (100, 140)
    assert len(np.unique(prediction.labels)) > 1
    if probabilities:
        assert np.array_equal(prediction.probabilities.argmax(0), prediction.labels)
        assert np.allclose(prediction.probabilities.sum(0), 1, atol=1e-5)
        assert np.array_equal(net.predict(image).labels, prediction.labels)
