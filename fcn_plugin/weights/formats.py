"""Formats of the weight files that FCNs start from and of published FCNs, recognised by their layers.

Each format is a table, source layer -> our layer, made from torchvision's own definitions, without typed indices.
"""

from __future__ import annotations

import itertools
import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from functools import cache
from typing import Any

import torch
import torchvision.models
from torch import Tensor, nn

from ..errors import UserError
from .nyud import nyud_formats
from .preprocessing import CAFFE, RECORD, TORCHVISION, TORCHVISION_GOOGLENET

HEAD = re.compile(r"(score|upscore|scale)_?\w*")
FC = {"fc6": "neck.fc6", "fc7": "neck.fc7"}
INCEPTIONS = ("3a", "3b", "4a", "4b", "4c", "4d", "4e", "5a", "5b")
# Caffe's names -> torchvision's branches; branch 4.0 is the pool
BRANCHES = {"1x1": "1", "3x3_reduce": "2.0", "3x3": "2.1", "5x5_reduce": "3.0", "5x5": "3.1", "pool_proj": "4.1"}


@dataclass(frozen=True)
class WeightFormat:
    """One kind of file."""

    name: str  # shown in messages
    layers: Mapping[str, str]  # layer of the source -> layer of the net
    unused: tuple[str, ...] = ()  # layers that an FCN lacks: ImageNet's class scores, auxiliary classifiers
    preprocessing: Tensor = field(default=TORCHVISION, compare=False)  # what the weights expect of an image
    fc6_kernel: int = 7  # side of the kernel that fc6's matrix becomes
    head: bool = False  # whether score and upsampling layers have their names from the authors' nets

    def target(self, layer: str) -> str | None:
        """Return the net's layer for a layer of the source."""
        return self.layers.get(layer) or (f"decode_head.{layer}" if self._in_head(layer) else None)

    def likeness(self, layers: set[str]) -> float:
        """Return the share of the layers that a source has in common, 0 .. 1."""
        rest = {layer for layer in layers if layer not in self.unused and not self._in_head(layer)}
        own = {layer for layer in self.layers if not self._in_head(layer)}
        return len(own & rest) / max(1, len(own | rest))

    def _in_head(self, layer: str) -> bool:
        return self.head and HEAD.fullmatch(layer) is not None


def recognise(state: Mapping[str, Tensor], source: str, more: Iterable[WeightFormat] = ()) -> WeightFormat:
    """Find the format of a file with these tensors, UserError ``weights-format`` if none; a record in it replaces the format's.

    ``more`` are formats of the net to load only.
    """
    layers = {name.rpartition(".")[0] for name in state if "." in name}
    known = (*more, *formats())
    best = max((*known, _openmmlab(layers)), key=lambda form: form.likeness(layers))
    # a file may lack some layers; fit() names them
    if best.likeness(layers) < 0.5:
        tensors = f"it has {len(state)} tensors, {', '.join([*state][:4])}, ..."
        names = f"{', '.join(form.name for form in known)}, checkpoints of mmpretrain and of this package"
        raise UserError("weights-format", f"{source} has no known format: {tensors}; known are {names}")
    found = state.get(RECORD, best.preprocessing)
    if found.dim() != 2 or len(found) != 3 or not found.shape[1]:
        shape = tuple(found.shape)
        raise UserError("weights-damaged", f"{source}: {RECORD!r} has shape {shape}, not (3, 3): use another copy")
    return replace(best, preprocessing=found)


@cache
def formats() -> tuple[WeightFormat, ...]:
    """Return all formats with layer names other than ours."""
    caffe_googlenet = {name: f"backbone.{ours}" for name, ours in caffe_names().items()}
    unused = tuple(f"loss{i}/{name}" for i in (1, 2, 3) for name in ("conv", "fc", "classifier"))
    return (
        *_vggs(),
        *_alexnets(),
        WeightFormat("Caffe GoogLeNet", caffe_googlenet, unused, CAFFE, head=True),
        _same_names("googlenet", "GoogLeNet", ("aux", "fc"), TORCHVISION_GOOGLENET, init_weights=False),
        *(_same_names(f"resnet{depth}", f"ResNet-{depth}", ("fc",)) for depth in (18, 34, 50, 101, 152)),
    )


def _on_meta(name: str, **kwargs: Any) -> nn.Module:
    with torch.device("meta"):
        return getattr(torchvision.models, name)(**kwargs)


def _features_on_meta(name: str) -> Iterable[nn.Module]:
    return _on_meta(name).get_submodule("features").children()


def _vggs() -> Iterator[WeightFormat]:
    for depth in (11, 13, 16, 19):
        for suffix in ("", "_bn"):
            table = [*_walk_vgg(_features_on_meta(f"vgg{depth}{suffix}"))]
            layers = {f"features.{i}": ours for i, _, ours in table}
            layers |= {"classifier.0": "neck.fc6", "classifier.3": "neck.fc7"}
            yield WeightFormat(f"torchvision VGG{depth}{suffix.upper()}", layers, ("classifier.6",))
            if (depth, suffix) == (16, ""):
                names = {name: ours for _, name, ours in table} | FC
                yield WeightFormat("Caffe or torchfcn VGG16", names, ("fc8",), CAFFE, head=True)
                yield from (WeightFormat(*kind, head=True) for kind in nyud_formats(names))


def _walk_vgg(features: Iterable[nn.Module]) -> Iterator[tuple[int, str, str]]:
    """Yield (torchvision's index, authors' name, our layer); mmpretrain counts convolution, norm and ReLU as one layer."""
    stage, number, ours = 1, 0, -1
    for i, layer in enumerate(features):
        if isinstance(layer, nn.Conv2d):
            number, ours = number + 1, ours + 1
            yield i, f"conv{stage}_{number}", f"backbone.features.{ours}.conv"
        elif isinstance(layer, nn.BatchNorm2d):
            yield i, f"bn{stage}_{number}", f"backbone.features.{ours}.bn"
        elif isinstance(layer, nn.MaxPool2d):
            stage, number, ours = stage + 1, 0, ours + 1


def _alexnets() -> Iterator[WeightFormat]:
    caffe = {f"conv{number}": f"backbone.conv{number}" for number in range(1, 6)}
    yield WeightFormat("Caffe CaffeNet", {**caffe, **FC}, ("fc8",), CAFFE, fc6_kernel=6, head=True)
    convs = [i for i, layer in enumerate(_features_on_meta("alexnet")) if isinstance(layer, nn.Conv2d)]
    layers = {f"features.{i}": ours for i, ours in zip(convs, caffe.values(), strict=True)}
    layers |= {"classifier.1": "neck.fc6", "classifier.4": "neck.fc7"}
    yield WeightFormat("torchvision AlexNet", layers, ("classifier.6",), fc6_kernel=6)


def _same_names(
    name: str, title: str, starts: tuple[str, ...], preprocessing: Tensor = TORCHVISION, **kwargs: Any
) -> WeightFormat:
    """Describe a torchvision net whose layers have our names; layers with these starts are unused."""
    modules = _on_meta(name, **kwargs).named_modules()
    names = [layer for layer, module in modules if list(module.parameters(recurse=False))]
    unused = tuple(layer for layer in names if layer.startswith(starts))
    layers = {layer: f"backbone.{layer}" for layer in names if layer not in unused}
    return WeightFormat(f"torchvision {title}", layers, unused, preprocessing)


def _openmmlab(layers: set[str]) -> WeightFormat:
    """Return the format of files whose layers have our names already: checkpoints of mmpretrain and of this package."""
    fc = {"backbone.classifier.0": "neck.fc6", "backbone.classifier.3": "neck.fc7"}
    unused = tuple(layer for layer in layers if layer.startswith(("backbone.classifier.6", "head.")))
    ours = {layer for layer in layers if layer.startswith(("backbone.", "neck.", "decode_head."))}.difference(unused)
    return WeightFormat("OpenMMLab checkpoint", {layer: fc.get(layer, layer) for layer in ours}, unused)


def caffe_names() -> dict[str, str]:
    """Map all 57 layers of the BVLC GoogLeNet to ours: ``inception_3a/5x5_reduce`` -> ``inception3a.branch3.0.conv``."""
    names = {"conv1/7x7_s2": "conv1.conv", "conv2/3x3_reduce": "conv2.conv", "conv2/3x3": "conv3.conv"}
    for block, (layer, branch) in itertools.product(INCEPTIONS, BRANCHES.items()):
        names[f"inception_{block}/{layer}"] = f"inception{block}.branch{branch}.conv"
    return names
