"""Weight files from strangers through the whole importer: a report, or a UserError that names the file; nothing else."""

import random
from collections import Counter
from pathlib import Path

import pytest
import torch
from support.caffe_writer import write_caffemodel

from fcn_plugin.commands.import_weights import import_weights
from fcn_plugin.configs import get_config
from fcn_plugin.errors import UserError

CONVS = [f"conv{stage}_{i}" for stage, count in ((1, 2), (2, 2), (3, 3), (4, 3), (5, 3)) for i in range(1, count + 1)]
SHAPES = {**dict.fromkeys(CONVS, (2, 2, 3, 3)), "fc6": (2, 2, 7, 7), "fc7": (2, 2, 1, 1), "score_fr": (3, 2, 1, 1)}
ODD_SHAPES = [(), (0,), (1,), (3,), (3, 3), (0, 0), (2, 0), (0, 2), (3, 98), (2, 97), (3, 3, 3), (1,) * 9, (3, 3, 4, 5)]
ODD_SHAPES += [(3, 0, 4, 4), (0, 0, 4, 4), (0, 1, 4, 4), (3, 1, 0, 0), (1 << 21, 1 << 21, 0, 0)]
DTYPES = [torch.float32, torch.float64, torch.bfloat16, torch.int64, torch.uint8, torch.bool]


@pytest.fixture
def rng():
    return random.Random(0)


@pytest.fixture
def net():
    """A narrow FCN of the authors' names, (name, tensor)."""
    state = {f"{name}.weight": torch.ones(shape) for name, shape in SHAPES.items()}
    state |= {f"{name}.bias": torch.ones(shape[0]) for name, shape in SHAPES.items()}
    return {**state, "upscore.weight": torch.ones(3, 3, 4, 4), "scale_pool4.weight": torch.ones(2)}


def outcome(source, target, cfg=None):
    """The refusal's code, None for a report."""
    try:
        assert import_weights(str(source), str(target), cfg)
    except UserError as error:
        assert str(source) in error.message
        return error.code


def test_damaged_caffemodels(tmp_path, rng, net):
    layers = {name.partition(".")[0]: [] for name in net}
    for name, tensor in net.items():
        layers[name.partition(".")[0]].append(tensor.numpy())
    whole = Path(write_caffemodel(tmp_path / "whole", layers)).read_bytes()
    places = [i for i, byte in enumerate(whole) if byte not in b"\0\x80\x3f"]  # not those of the numbers
    codes = Counter()
    for number in range(400):
        content, source = bytearray(whole), tmp_path / f"{number}.caffemodel"
        for _ in range(rng.choice((1, 1, 2, 5))):
            content[rng.choice(places)] = rng.randrange(256)
        source.write_bytes(content)
        codes[outcome(source, tmp_path / f"{number}.pth")] += 1
    assert codes.keys() <= {None, "weights-damaged", "weights-format", "checkpoint-nan"}
    assert min(codes[None], codes["weights-damaged"]) > 50


def test_tensors_of_any_shape_and_type(tmp_path, rng, net):
    names, cfg = [*net, "scale_pool3.bias", "preprocessing", "fc8.weight"], get_config("reference/fcn32s_vgg16_voc")
    codes = Counter()
    for number in range(96):
        state, source = dict(net), tmp_path / f"{number}.pth"
        for _ in range(rng.choice((1, 2))):
            state[rng.choice(names)] = torch.ones(rng.choice(ODD_SHAPES)).to(rng.choice(DTYPES))
        torch.save(state, source)
        target = tmp_path / f"{number}-new{rng.choice(('.pth', '.safetensors'))}"
        codes[outcome(source, target, None if number % 16 else cfg)] += 1
    assert codes.keys() <= {None, "weights-damaged", "weights-format", "weights-fit", "weights-preprocessing"}


@pytest.mark.parametrize("name", ["upscore", "fc6", "fc7"])
@pytest.mark.parametrize("shape", ODD_SHAPES)
def test_each_odd_shape_where_shapes_are_looked_into(tmp_path, net, name, shape):
    torch.save({**net, f"{name}.weight": torch.ones(shape)}, tmp_path / "a.pth")
    assert outcome(tmp_path / "a.pth", tmp_path / "b.pth") in (None, "weights-format")


def test_kernels_of_whole_numbers_are_not_bilinear(tmp_path, net):
    torch.save({**net, "upscore.weight": torch.ones(3, 1, 4, 4, dtype=torch.int64)}, tmp_path / "a.pth")
    assert outcome(tmp_path / "a.pth", tmp_path / "b.pth") is None


def test_a_long_link_beside_an_old_target(tmp_path):
    (tmp_path / "old.pth").touch()
    assert outcome(f"http://{'n' * 900}.pth", tmp_path / "old.pth") == "weights-link"
