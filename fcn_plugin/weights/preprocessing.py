"""Record what images a net's weights expect: channel order, mean and scale, stored as a tensor with the weights.

The tensor is (3, 3): position of each channel in R, G, B order; mean; scale (standard deviation), both 0..255. For a net that
takes N bands it is (3, N), with -1 for a band that is not a colour, and mean and scale in the images' units. RGB weights given
BGR images lose score points and raise no error, so the record is compared on every load.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import TYPE_CHECKING, Protocol, TypeGuard

import torch
from torch import Tensor, nn

from ..compat import converts_channels, normalises
from ..errors import UserError

if TYPE_CHECKING:
    from mmseg.models import SegDataPreProcessor

RECORD = "preprocessing"  # its name in a state dict
RGB, BGR = (0.0, 1.0, 2.0), (2.0, 1.0, 0.0)
# means differ between releases by at most one grey level (122.679 or 123.68), scales hardly
MEAN_TOLERANCE, STD_TOLERANCE = 1.5, 0.05  # a scale below 1 (images in 0..1) also limits means by the second


def record(order: Sequence[float], mean: Sequence[float], std: Sequence[float]) -> Tensor:
    """Return the (3, channels) tensor of channel order, mean and scale."""
    return torch.tensor([order, mean, std], dtype=torch.float32)


TORCHVISION = record(RGB, (123.675, 116.28, 103.53), (58.395, 57.12, 57.375))  # ImageNet's; mmpretrain's too
TORCHVISION_GOOGLENET = record(RGB, (127.5, 127.5, 127.5), (127.5, 127.5, 127.5))  # trained on -1..1
CAFFE = record(BGR, (104.00699, 116.66877, 122.67892), (1.0, 1.0, 1.0))  # the authors' nets
NYUD_COLOR = record(BGR, (116.190, 97.203, 92.318), (1.0, 1.0, 1.0))  # the authors' nets for NYUDv2
NYUD_HHA = record(
    (-1.0,) * 3, (132.431, 94.076, 118.477), (1.0, 1.0, 1.0)
)  # bands that are no colours, in the file's order
NYUD_LOG_DEPTH = record((-1.0,), (7.844,), (1.0,))  # ln(depth in mm)
KINDS = {"caffe": CAFFE, "torchvision": TORCHVISION, "inception": TORCHVISION_GOOGLENET}
KINDS |= {"nyud-color": NYUD_COLOR, "nyud-hha": NYUD_HHA}


def record_of(text: str) -> Tensor:
    """Make a record from a key of ``KINDS``, ``ORDER:MEAN`` or ``ORDER:MEAN:STD``; std is 1 by default.

    ``BGR:116.19,97.203,92.318`` is NYUDv2; X in the order is a channel that is not a colour.

    Raises:
        UserError: ``option-value``.
    """
    if text in KINDS:
        return KINDS[text]
    letters, *numbers = text.split(":")
    try:
        values = [[float(value) for value in row.split(",")] for row in numbers]
    except ValueError:
        values = []
    mean, std = [*values, [1.0] * len(letters), []][:2]
    ok = len(values) in (1, 2) and len(letters) == len(mean) == len(std) and all(map(math.isfinite, mean + std))
    if not ok or min(std) <= 0 or any(letters.count(letter) > 1 for letter in "RGB") or set(letters) - set("RGBX"):
        example = "such as BGR:104.007,116.669,122.679, a mean for each channel"
        raise UserError("option-value", f"images {text!r}: give {', '.join(KINDS)}, or ORDER:MEAN, {example}")
    return record(tuple(float("RGBX".index(letter)) if letter != "X" else -1.0 for letter in letters), mean, std)


class TakesBands(Protocol):
    """A preprocessor that makes its record itself."""

    def record(self) -> Tensor:
        """Return the record."""


def of_preprocessor(preprocessor: SegDataPreProcessor) -> Tensor:
    """Make the record of an mmseg ``SegDataPreProcessor``, which gets BGR images; a preprocessor for bands has ``record()``."""
    if takes_bands(preprocessor):
        return preprocessor.record()
    order = torch.tensor(RGB if converts_channels(preprocessor) else BGR)
    if not normalises(preprocessor):
        return torch.stack([order, torch.zeros(3), torch.ones(3)])
    return torch.stack([order, *(values.flatten().expand(3) for values in (preprocessor.mean, preprocessor.std))])


def takes_bands(preprocessor: nn.Module) -> TypeGuard[TakesBands]:
    """Return whether it is a preprocessor for any number of bands (``FCNBandsPreProcessor``)."""
    return hasattr(preprocessor, "record")


def describe(values: Tensor) -> str:
    """Format a record as ``BGR, mean (104.01, 116.67, 122.68), std (1, 1, 1)``, with X for other bands."""
    _, *rows = values.tolist()
    mean, std = ("(" + ", ".join(f"{value:.6g}" for value in row) + ")" for row in rows)
    return f"{channel_order(values)}, mean {mean}, std {std}"


def channel_order(values: Tensor) -> str:
    """Format the channels of a record as letters: ``RGB``, ``BGR``, ``BGRX`` with X for a band that is not a colour."""
    return "".join("RGBX"[int(channel)] for channel in values[0].tolist())


def require_same(wanted: Tensor, given: Tensor) -> None:
    """Raise UserError ``weights-preprocessing`` if two records differ, ``weights-damaged`` for a broken one."""
    wanted, given = wanted.cpu().float(), given.cpu().float()
    if wanted.dim() != 2 or len(wanted) != 3 or not wanted.shape[1]:
        raise UserError("weights-damaged", f"the record {RECORD!r} has shape {tuple(wanted.shape)}: use another copy")
    both = f"the weights expect {describe(wanted)}; the config gives {describe(given)}"
    if wanted.shape != given.shape:
        raise UserError("weights-preprocessing", f"{both}: use a net of {wanted.shape[1]} bands, or ImageNet weights")
    same_order = torch.equal(wanted[0], given[0])
    most = torch.where(wanted[2] < 1, STD_TOLERANCE * wanted[2], MEAN_TOLERANCE)
    same_mean = bool(((wanted[1] - given[1]).abs() <= most).all())
    if not (same_order and same_mean and torch.allclose(wanted[2], given[2], rtol=STD_TOLERANCE, atol=0)):
        mean, std = ([round(value, 5) for value in row] for row in wanted[1:].tolist())
        remedy = f"dict(bgr_to_rgb={bool(wanted[0, 0] == 0)}, mean={mean}, std={std})"
        remedy = (
            remedy
            if channel_order(wanted) in ("RGB", "BGR")
            else f"dict(mean={mean}, std={std}), and rgb as in training"
        )
        raise UserError("weights-preprocessing", f"{both}: set model.data_preprocessor to {remedy}")
