"""What is compared: every combination of the options asked for, and rivals."""

from __future__ import annotations

import itertools
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from fcn_plugin.configs import config_name

RIVALS = ("plain", "torchvision-fcn_resnet50", "mmseg-fcn")


@dataclass(frozen=True)
class Variant:
    """One way to run one net on one kind of input.

    Attributes:
        net: name or file of a config, or one of :data:`RIVALS`.
        geometry, dtype, layout, conv, compile: options of the net; rivals have those of their authors.
        batch, size, classes: images at a time, (height, width) in pixels, classes of the head.
        train: a training step (forward, backward, SGD with momentum) in place of a forward.
    """

    net: str
    geometry: str = "aligned"
    dtype: str = "fp32"
    layout: str = "channels_last"
    conv: str = "auto"
    compile: bool = False
    batch: int = 1
    size: tuple[int, int] = (375, 500)
    classes: int = 21
    train: bool = False

    @property
    def is_rival(self) -> bool:
        return self.net in RIVALS

    def label(self, varied: Sequence[str]) -> str:
        """The name of the net and the options that differ between variants."""
        own = () if not self.is_rival else ("batch", "size", "classes", "dtype")
        shown = [_text(name, getattr(self, name)) for name in varied if not self.is_rival or name in own]
        name = self.net if self.is_rival else config_name(self.net).removesuffix(".py")
        return " ".join([name, *(text for text in shown if text)])


def _text(name: str, value: Any) -> str:
    if name == "compile":
        return "compiled" if value else ""
    if name == "size":
        return "x".join(map(str, value))
    if name in ("batch", "classes"):
        return f"{name} {value}"
    return str(value)


def variants_of(
    nets: Sequence[str], rivals: Sequence[str], options: Mapping[str, Sequence], train: bool
) -> list[Variant]:
    """Rivals first, for each input and data type; then each net with each combination of options.

    Args:
        nets: names or files of configs.
        rivals: of :data:`RIVALS`; run once for each batch, size and number of classes, in float32.
        options: option of :class:`Variant` -> its values.
        train: measure training steps.
    """
    inputs = _products({name: options[name] for name in ("batch", "size", "classes") if name in options})
    found = [Variant(rival, train=train, **each) for rival in rivals for each in inputs]
    return found + [Variant(net, train=train, **each) for net in nets for each in _products(options)]


def varied(variants: Sequence[Variant]) -> list[str]:
    """Options that have several values among the nets of this package, and inputs that have among all."""
    names = ("geometry", "layout", "conv", "dtype", "compile", "batch", "size", "classes")
    nets = [variant for variant in variants if not variant.is_rival] or list(variants)
    return [name for name in names if len({getattr(variant, name) for variant in nets}) > 1]


def baseline_of(variant: Variant, variants: Sequence[Variant]) -> Variant:
    """What a variant's ratio is taken to: the first of those with the same input."""
    same = (variant.batch, variant.size, variant.classes)
    return next(v for v in variants if (v.batch, v.size, v.classes) == same)


def _products(options: Mapping[str, Sequence]) -> list[dict]:
    return [dict(zip(options, values, strict=True)) for values in itertools.product(*options.values())]
