"""Correct the logits of uncertain pixels with a small net on finer features (PointRend, CVPR 2020, arXiv 1912.08193).

N batch, C classes, R x P points in rows. Points are pixels, each with its label or void.

The paper refines a fixed number of the most uncertain points, on grids that double up to the image's. Here all pixels have logits,
and those of small margin are refined: a pixel's result depends on its surroundings, not on how many others are less certain, so
strips, tiles and batches give the same labels as the whole image.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from itertools import pairwise
from typing import Any

import torch
import torch.nn.functional as F
from mmengine.model import ModuleList
from mmseg.registry import MODELS
from mmseg.structures import SegDataSample
from torch import Tensor, nn

from ...errors import UserError
from ...layers.coord_map import CoordMap
from ...layers.placed_map import PlacedMap
from ..losses import FCNCrossEntropyLoss, pixel_losses
from ..losses.terms import Term
from ..precision import at_least_float32
from ..skip_head import FCNSkipHead
from .draw import draw_points, take

AT_A_TIME = 1 << 16  # points at a time: 65,536 x (C + F) floats
POINTS, SCORE = "decode_head.point_", "decode_head.point_score."


@MODELS.register_module()
class FCNPointHead(FCNSkipHead):
    """FCN head that corrects its uncertain logits.

    The logits and the features of a point go through ``point_fc`` and ``point_score``, in float32, and the result is added to the
    logits. It is 0 at first, so a net starts as the net that it is loaded from. Each map's features are normalised (layer norm), so
    that the scale of a backbone's activations does not matter. All other logits stay as they are. Exported files compute the
    correction of all pixels and keep that of the uncertain ones: same labels, more work.

    The head's losses use the logits before the correction. The corrected points add the cross entropies among these losses,
    as ``point_loss_ce``, with their class weights and reduction, and without void.

    Args:
        fine: number of the neck's outputs, from the finest, to use as features. They need not be streams: with
            ``streams=("fr", "pool4", "pool3")`` and a backbone that also returns pool1 and pool2, ``fine=2`` uses these two.
        margin: pixels whose two largest logits differ by less are refined; 2 is a ratio of 7.4 of the probabilities. For sigmoids
            the distance from the threshold's logit counts.
        points: P for each image of a training step: three quarters are the most uncertain of 3 P random pixels, the rest are
            random (the numbers of the paper, sec. 3.2). Void pixels are drawn last.
        channels: of each hidden layer.
        layers: number of hidden layers.
        kwargs: those of :class:`.FCNSkipHead`.

    Raises:
        UserError: ``config-value`` for numbers below 1, more fine maps than the neck has, or no cross entropy in ``loss_decode``.
    """

    def __init__(
        self,
        *args: Any,
        fine: int = 1,
        margin: float = 2.0,
        points: int = 2048,
        channels: int = 64,
        layers: int = 2,
        **kwargs: Any,
    ) -> None:
        super().__init__(*args, **kwargs)
        for name, value in dict(fine=fine, points=points, channels=channels, layers=layers).items():
            if value < 1:
                raise UserError("config-value", f"decode_head.{name} is {value}: give 1 or more")
        if not self.point_terms:
            found = ", ".join(type(term).__name__ for term in self.loss_terms)
            message = f"decode_head.loss_decode has {found}, but points are trained with FCNCrossEntropyLoss: add it"
            raise UserError("config-value", message)
        self.fine, self.margin, self.points, self.hidden = fine, margin, points, [channels] * layers

    @property
    def point_terms(self) -> list[Term]:
        """The losses of the points."""
        return [term for term in self.loss_terms if type(term) is FCNCrossEntropyLoss]

    @staticmethod
    def class_dependent(key: str) -> bool:
        """Return whether a tensor's shape depends on the number of classes: also that of the first and the last layer."""
        return FCNSkipHead.class_dependent(key) or key.startswith(SCORE) or key == f"{POINTS}fc.0.weight"

    @staticmethod
    def may_be_new(key: str) -> bool:
        """Return whether a file that training starts from may lack a tensor: a net without points lacks these."""
        return FCNSkipHead.may_be_new(key) or key.startswith(POINTS)

    def check_channels(self, channels: Sequence[int]) -> None:
        """Compare ``in_channels`` with the channels of the neck's outputs, and build the layers for the features."""
        super().check_channels(channels)
        if self.fine > len(channels):
            raise UserError("config-value", f"decode_head.fine is {self.fine}, the neck returns {len(channels)} maps")
        widths = [self.out_channels + sum(channels[-self.fine :]), *self.hidden]
        self.point_fc: Sequence[nn.Linear] = ModuleList(nn.Linear(*pair) for pair in pairwise(widths))
        self.point_score = nn.Linear(widths[-1], self.out_channels)

    def init_weights(self) -> None:
        """Zero the scores, as :class:`.FCNSkipHead` does, and the correction."""
        super().init_weights()
        for layer in self.point_fc:
            nn.init.kaiming_normal_(layer.weight, nonlinearity="relu")
            nn.init.zeros_(layer.bias)
        for parameter in self.point_score.parameters():
            nn.init.zeros_(parameter)

    def align(self, maps: Sequence[CoordMap], image: CoordMap) -> None:
        """Derive upsampling and crops as :class:`.FCNSkipHead` does, and store where the features lie."""
        super().align(maps, image)
        self.grids = list(maps[-self.fine :])
        self.reach = max(self.reach, *(math.ceil(grid.reach + grid.scale) for grid in self.grids))

    def loss(
        self, inputs: Sequence[Any], batch_data_samples: list[SegDataSample], train_cfg: dict[str, Any]
    ) -> dict[str, Tensor]:
        """Compute the losses of all pixels before the correction and of the corrected points; raises as ``loss_by_feat``."""
        logits = self.upsample_scores(at_least_float32(self.fuse_scores(inputs)), inputs[-1])
        losses = self.loss_by_feat(logits, batch_data_samples)
        label = self._stack_batch_gt(batch_data_samples)
        where = draw_points(logits.detach(), label, self.points, self.decision, self.ignore_index)
        corrected, truth = self.correct(take(logits, where), self._features(inputs), where), take(label, where)
        truth = truth if self.decision.multilabel else truth.squeeze(1)
        found = pixel_losses(self.point_terms, corrected, truth, None, self.ignore_index, self.decision)
        return losses | {f"point_{name}": value for name, value in found.items()}

    def correct(self, coarse: Tensor, maps: Sequence[PlacedMap], points: Tensor) -> Tensor:
        """Correct the ``coarse`` logits (N, C, R, P), float32, of image pixels (N, R, P, 2), given as (x, y)."""
        with torch.autocast(coarse.device.type, enabled=False):
            found = [each.at(points) for each in maps]
            x = torch.cat(
                [coarse.permute(0, 2, 3, 1), *(F.layer_norm(values, values.shape[-1:]) for values in found)], -1
            )
            for layer in self.point_fc:
                x = F.relu(layer(x))
            return coarse + self.point_score(x).permute(0, 3, 1, 2)

    def refine(self, logits: Tensor, inputs: Sequence[Any], top: int = 0) -> Tensor:
        """Correct the logits of uncertain pixels in place; ``logits`` (N, C, rows, W) are for the image's rows from ``top``."""
        uncertain, (n, _, rows, width) = self.decision.margin(logits.detach()) < self.margin, logits.shape
        maps = self._features(inputs)
        if torch.compiler.is_exporting() or torch.jit.is_tracing():  # a varying number of points can't be captured
            x, y = (torch.arange(side, device=logits.device) for side in (width, rows))
            points = torch.stack(torch.meshgrid(x, y, indexing="xy"), -1).expand(n, -1, -1, -1)
            return torch.where(uncertain[:, None], self.correct(logits, maps, points), logits)
        maps = [each.around(top, rows) for each in maps]
        for i, pixels in enumerate(uncertain):
            for part in pixels.nonzero().split(AT_A_TIME):
                y, x = part.unbind(1)
                points = torch.stack([x, y + top], 1)[None, None]
                coarse = logits[i, :, y, x][None, :, None]
                logits[i, :, y, x] = self.correct(coarse, [each.of(i) for each in maps], points)[0, :, 0]
        return logits

    def _features(self, inputs: Sequence[Any]) -> list[PlacedMap]:
        return [PlacedMap(*pair) for pair in zip(inputs[-1 - self.fine : -1], self.grids, strict=True)]
