"""The layers' benchmark compares ways that compute the same."""

import pytest
import torch

from benchmarks import layers

SMALL = dict(
    fc6=lambda: layers.fc6((3, 4), (3, 5)),
    kernels=lambda: layers.kernels(((3, 4, 9, 6),)),
    upsampling=lambda: layers.upsampling(
        ((1, 2, 3, 4, 8, 15, 20, 30), (2, 3, 2, 3, 8, 16, 16, 23), (1, 2, 2, 2, 2, 3, 3, 3))
    ),
    loss=lambda: layers.loss(((2, 3, 3, 4, 17, 25),)),
)


@pytest.mark.parametrize("part", layers.PARTS)
def test_all_ways_have_the_same_gradients(part):
    for name, works in SMALL[part]():
        first, *others = (work() for work in works.values())
        for other in others:
            torch.testing.assert_close(
                other, first, rtol=1e-4, atol=1e-4, msg=lambda text, name=name: f"{name}: {text}"
            )


def test_table():
    text = str(layers.compare(SMALL["loss"](), rounds=1))
    assert "| loss, 2 x 3 x 17 x 25 | full-resolution logits |" in text and "| strips " in text
