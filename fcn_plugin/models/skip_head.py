"""The FCN head: score every stream, upsample, align with the coordinate maps, add (CVPR 2015, sec. 4).

N batch, C classes, (H, W) the image's size; a stream of stride s has about H/s x W/s pixels. The streams define the variant.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from typing import Any, Literal

import torch
from mmseg.registry import MODELS
from mmseg.structures import SegDataSample
from torch import Tensor, nn

from ..errors import UserError
from ..layers.bilinear import crop
from ..layers.coord_map import CoordMap
from .decision import decide
from .losses import check_losses
from .losses.of_samples import paths_of, sample_losses
from .losses.strips import fits_strips, strip_losses
from .losses.terms import Term
from .precision import at_least_float32
from .score_names import ScoreNames
from .upscores import fit_upscore, upscore_names


@MODELS.register_module()
class FCNSkipHead(ScoreNames):
    """Compute logits (N, C, H, W) from (fc7, pool4, pool3, ..., (H, W)).

    Args:
        streams: names of the streams to use, deepest first: ``("fr",)`` is FCN-32s, ``("fr", "pool4")`` FCN-16s,
            ``("fr", "pool4", "pool3")`` FCN-8s.
        in_channels: channels of each stream, by name; ``auto`` in an FCN's config finds them.
        strides: stride of each stream in image pixels, by name, or ``auto``.
        num_classes: C.
        out_channels: by default C, for a softmax; 1 gives two classes logits (N, 1, H, W) for a sigmoid (:mod:`.decision`).
        threshold: probability threshold of the sigmoids, by default 0.3 as in mmseg.
        multilabel: whether a pixel may have several labels; masks are (C, H, W), 1 where a pixel has the label.
        upsample: options for every ``BilinearUpsample``: ``learnable``, ``dense``.
        geometry: ``aligned`` cuts the part before the image from each upsampling, so crop offsets are 0; ``reference``
            upsamples unpadded as the authors' nets do, and crops.
        kwargs: losses, ``ignore_index``, pixel sampler: see mmseg's ``BaseDecodeHead``.

    Raises:
        UserError: ``config-value`` for a stream without channels or stride, strides that are not multiples, and channels,
            threshold and losses that contradict each other; ``config-key`` for an unknown option of ``upsample``.
    """

    def __init__(
        self,
        streams: Sequence[str],
        in_channels: dict[str, int] | Literal["auto"],
        strides: dict[str, int] | Literal["auto"],
        num_classes: int,
        out_channels: int | None = None,
        threshold: float | None = None,
        multilabel: bool = False,
        upsample: dict[str, Any] | None = None,
        geometry: str = "aligned",
        **kwargs: Any,
    ) -> None:
        widths, steps = ({} if isinstance(by_name, str) else by_name for by_name in (in_channels, strides))
        if not streams or any(name not in widths or name not in steps for name in streams):
            known = f"in_channels has {tuple(widths)}, strides has {tuple(steps)}"
            raise UserError("config-value", f"streams {tuple(streams)} need channels and a stride each: {known}")
        if unknown := sorted(set(upsample or {}) - {"learnable", "dense"}):
            raise UserError("config-key", f"decode_head.upsample has no {', '.join(unknown)}, only learnable and dense")
        kwargs.setdefault("init_cfg", None)
        fixed = dict(in_index=list(range(len(streams))), input_transform="multiple_select", channels=1, dropout_ratio=0)
        self.decision = decide(num_classes, out_channels, threshold, multilabel)
        asked = dict(num_classes=num_classes, out_channels=out_channels, threshold=self.decision.threshold)
        super().__init__([widths[name] for name in streams], **asked, **fixed, **kwargs)
        check_losses(self.loss_terms, self.decision, self.ignore_index)
        if multilabel and self.sampler is not None:
            reason = "picks pixels by one label: remove it with multilabel"
            raise UserError("config-value", f"decode_head.sampler {reason}")
        del self.conv_seg  # the base class's classifier: score_* replace it, and DDP fails on unused parameters
        self.streams = tuple(streams)
        self.strides = tuple(steps[name] for name in streams)
        for name, channels in zip(self.streams, self.in_channels, strict=True):
            self.add_module(f"score_{name}", nn.Conv2d(channels, self.out_channels, 1))
        self.geometry, self.upsample = geometry, upsample or {}
        self.factors = upscore_names(self.streams, self.strides)
        *self.skip_upscores, self.last_upscore = self.factors
        self.crops: dict[str, int] = {}  # offset in pixels of each skip's score map and of the final map, "score"

    def init_weights(self) -> None:
        """Zero every ``score_*``: a finer net starts as its parent, a new net with equal scores for all classes."""
        for parameter in [p for name in self.streams for p in getattr(self, f"score_{name}").parameters()]:
            nn.init.zeros_(parameter)

    @property
    def loss_terms(self) -> list[Term]:
        """The loss functions; a config has one or several."""
        return list(self.loss_decode) if isinstance(self.loss_decode, Iterable) else [self.loss_decode]

    def check_channels(self, channels: Sequence[int]) -> None:
        """Raise UserError ``config-value`` if ``in_channels`` differs from the channels of the neck's outputs, deepest first."""
        for name, takes, given in zip(self.streams, self.in_channels, channels, strict=False):
            if takes != given:
                message = f"decode_head.in_channels.{name} is {takes}, but the neck returns {given} channels"
                raise UserError("config-value", f"{message}: set both to the same value (fr: neck.fc_channels)")

    def align(self, maps: Sequence[CoordMap], image: CoordMap) -> None:
        """Derive the upsampling layers and crop offsets from the coordinate maps of the neck's outputs and of the logits' image.

        Raises:
            UserError: ``geometry`` for a stride other than configured, a fractional offset, or scores that begin inside the image.
        """
        for name, stride, grid in zip(self.streams, self.strides, maps, strict=False):
            if grid.scale != stride:
                raise UserError("geometry", f"{name!r} has stride {grid.scale}, but decode_head.strides has {stride}")
        fused = maps[0]
        for name, upscore, grid in zip(self.streams[1:], self.skip_upscores, maps[1:], strict=False):
            fused = self._add_upscore(upscore, fused, grid, cut=True)
            self.crops[name] = grid.crop_offset(fused)
            fused = fused.added(grid)
        fused = self._add_upscore(self.last_upscore, fused, image, cut=self.geometry == "aligned")
        self.reach = math.ceil(fused.reach)  # a pixel's logits depend on the image this many pixels away
        self.crops["score"] = offset = fused.crop_offset(image)
        if offset < 0:
            raise UserError("geometry", f"scores begin {-offset} px inside the image: pad the backbone's layers more")

    def _add_upscore(self, name: str, grid: CoordMap, target: CoordMap, cut: bool) -> CoordMap:
        layer = fit_upscore(grid, target, self.factors[name], self.out_channels, cut, **self.upsample)
        self.add_module(name, layer)
        return layer.coord_map(grid)

    def covered(self, sides: Sequence[int]) -> int:
        """Return the side in pixels of the largest image that streams of these sides have logits for."""
        side, *skips = sides
        for name, upscore, skip in zip(self.streams[1:], self.skip_upscores, skips, strict=False):
            side = min(getattr(self, upscore).output_side(side), skip - self.crops[name])
        return getattr(self, self.last_upscore).output_side(side) - self.crops["score"]

    def forward(self, inputs: Sequence[Any]) -> Tensor:
        """Compute logits of exactly (H, W), in float32 for any precision of the streams."""
        return self.refine(self.upsample_scores(at_least_float32(self.fuse_scores(inputs)), inputs[-1]), inputs)

    def fuse_scores(self, inputs: Sequence[Any]) -> Tensor:
        """Compute the sum of all score maps at the finest stream's stride, (N, C, h, w), float32."""
        streams = zip(self.streams, self._transform_inputs(inputs), strict=True)
        fused, *skips = (at_least_float32(getattr(self, f"score_{name}")(feature)) for name, feature in streams)
        for name, score in zip(self.streams[1:], skips, strict=True):
            fused = self.add_skip(name, fused, score)
        return fused

    def add_skip(self, name: str, fused: Tensor, score: Tensor) -> Tensor:
        """Upsample the scores so far and add the (N, C, h, w) scores of the next finer stream, float32."""
        upscore = getattr(self, self.skip_upscores[self.streams.index(name) - 1])
        with torch.autocast(fused.device.type, enabled=False):
            up, offset = upscore(fused), self.crops[name]
            height, width = (min(a, b - offset) for a, b in zip(up.shape[-2:], score.shape[-2:], strict=True))
            return crop(up, 0, (height, width)) + crop(score, offset, (height, width))

    def upsample_scores(self, fused: Tensor, size: tuple[int, int]) -> Tensor:
        """Compute logits (N, C, *size) from the fused scores (N, C, h, w)."""
        with torch.autocast(fused.device.type, enabled=False):
            return crop(getattr(self, self.last_upscore)(fused), self.crops["score"], size)

    def refine(self, logits: Tensor, inputs: Sequence[Any], top: int = 0) -> Tensor:
        """Return the logits of the image's rows from ``top``, (N, C, rows, W); a derived head may correct them with its inputs."""
        return logits

    def predict(self, inputs: Sequence[Any], batch_img_metas: list[dict[str, Any]], test_cfg: dict[str, Any]) -> Tensor:
        """Compute logits (N, C, H, W) as :meth:`forward` does, but check that the scores are finite."""
        return self.refine(self.upsample_scores(self.finite_scores(inputs, batch_img_metas), inputs[-1]), inputs)

    def finite_scores(self, inputs: Sequence[Any], batch_img_metas: list[dict[str, Any]]) -> Tensor:
        """Compute :meth:`fuse_scores`; raise UserError ``scores-nan`` with the images' names if they are not finite."""
        fused = at_least_float32(self.fuse_scores(inputs))  # a derived head may compute under autocast
        if not torch.isfinite(fused).all():
            reason = "the checkpoint's weights or the image have NaN or infinite values. Use an earlier checkpoint"
            found = f"the scores of {paths_of(batch_img_metas)} are not finite: {reason}"
            raise UserError("scores-nan", f"{found}; if training diverged, lower the learning rate.")
        return fused

    def loss(
        self, inputs: Sequence[Any], batch_data_samples: list[SegDataSample], train_cfg: dict[str, Any]
    ) -> dict[str, Tensor]:
        """Compute the losses of a batch; without full-resolution logits if possible (:mod:`.losses.strips`)."""
        if type(self) is FCNSkipHead and fits_strips(self, inputs):
            return strip_losses(self, inputs, batch_data_samples)
        return super().loss(inputs, batch_data_samples, train_cfg)

    def loss_by_feat(self, seg_logits: Tensor, batch_data_samples: list[SegDataSample]) -> dict[str, Tensor]:
        """Compute the losses of a batch, as mmseg's method; errors as in :func:`.sample_losses`."""
        metas = [sample.metainfo for sample in batch_data_samples]
        options = dict(decision=self.decision, ignore_index=self.ignore_index, sampler=self.sampler)
        label = self._stack_batch_gt(batch_data_samples)
        return sample_losses(self.loss_terms, seg_logits, label, metas, self.num_classes, **options)
