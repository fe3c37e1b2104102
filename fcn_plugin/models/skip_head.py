"""The FCN head: score every stream, upsample, align by the coordinate maps, add (CVPR 2015, sec. 4).

N batch, C classes, (H, W) the image's size; a stream of stride s has about H/s x W/s pixels. FCN-32s,
16s, 8s and at-once are one forward; the variant is the list of streams.

A head declares what its tensors are, so that code for checkpoints and imported weights knows no layer names. Keys are those of
the segmentor's state dict, ``decode_head.score_fr.weight``; all four are static, so they work without a net. A new head
defines the same four:

==================================  ================================================================================
``class_dependent(key) -> bool``    the tensor's shape follows from the number of classes (``--adapt-classes``)
``may_be_new(key) -> bool``         a file that training starts from may lack it: a parent has fewer streams
``is_upsampling(key) -> bool``      a kernel that follows from the streams' strides: a parent's of another factor is ignored
``count_classes(state) -> int``     classes that a state dict's scores are for; None where it holds no scores
==================================  ================================================================================

``FCN.OPTIONAL_KEYS`` are the keys that any file may lack, ``FCN.assumptions(state)`` says what is assumed instead.
"""

from __future__ import annotations

import math
from collections import defaultdict
from collections.abc import Mapping, Sequence

import torch
from mmseg.models.decode_heads.decode_head import BaseDecodeHead
from mmseg.registry import MODELS
from torch import Tensor, nn

from ..errors import UserError
from ..label_ids import check_label_ids, has_stray_ids
from ..layers.bilinear import crop
from ..layers.coord_map import CoordMap
from .losses.joint_batch import joint_sum, sharing
from .upscores import fitting_upscore, upscore_names

# logits that are made at a time: what a CPU's cache holds; on other devices what keeps them busy
STRIP_BYTES = defaultdict(lambda: 256 << 20, cpu=4 << 20)


@MODELS.register_module()
class FCNSkipHead(BaseDecodeHead):
    """(fc7, pool4, pool3, ..., (H, W)) -> logits (N, C, H, W).

    Args:
        streams: names of the streams that take part, deepest first: ``("fr",)`` is FCN-32s,
            ``("fr", "pool4")`` FCN-16s, ``("fr", "pool4", "pool3")`` FCN-8s.
        in_channels: channels of each stream, by name.
        strides: stride of each stream in image pixels, by name.
        num_classes: C.
        upsample: options for every ``BilinearUpsample``: ``learnable``, ``dense``.
        geometry: ``aligned`` cuts from each upsampling what lies before the image, so that crop offsets are 0;
            ``reference`` upsamples unpadded as the authors' nets do, and crops.
        kwargs: losses, ``ignore_index``, pixel sampler: see mmseg's ``BaseDecodeHead``.

    Raises:
        UserError: a stream without channels or stride, or strides that do not divide one another.

    Attributes:
        crops: crop offset in pixels of each skip's score map and of the final one (``"score"``),
            known after :meth:`align`, as the upsampling layers are.
        reach: how far from a pixel the image has a say in its logits, in pixels; known after :meth:`align`.
    """

    def __init__(
        self,
        streams: Sequence[str],
        in_channels: dict[str, int],
        strides: dict[str, int],
        num_classes: int,
        upsample: dict | None = None,
        geometry: str = "aligned",
        **kwargs,
    ) -> None:
        missing = [name for name in streams if name not in in_channels or name not in strides]
        if missing or not streams:
            raise UserError(
                f"streams {tuple(streams)} need channels and a stride each; known are {tuple(in_channels)} and {tuple(strides)}"
            )
        unknown = set(upsample or {}) - {"learnable", "dense"}
        if unknown:
            raise UserError(f"upsample has no option {', '.join(sorted(unknown))}: there are learnable, dense")
        kwargs.setdefault("init_cfg", None)
        super().__init__(
            in_channels=[in_channels[name] for name in streams],
            in_index=list(range(len(streams))),
            input_transform="multiple_select",
            channels=1,
            num_classes=num_classes,
            dropout_ratio=0,
            **kwargs,
        )
        del self.conv_seg  # the base class's classifier: ours are score_*, and idle parameters stop DDP
        self.streams = tuple(streams)
        self.strides = tuple(strides[name] for name in streams)
        for name, channels in zip(self.streams, self.in_channels, strict=True):
            self.add_module(f"score_{name}", nn.Conv2d(channels, self.out_channels, 1))
        self.geometry = geometry
        self.upsample = upsample or {}
        self.factors = upscore_names(self.streams, self.strides)
        *self.skip_upscores, self.last_upscore = self.factors
        self.crops: dict[str, int] = {}

    @staticmethod
    def class_dependent(key: str) -> bool:
        """Whether the shape of a tensor depends on the number of classes: scores, and kernels where they are learnable."""
        return key.startswith(("decode_head.score_", "decode_head.upscore"))

    @staticmethod
    def may_be_new(key: str) -> bool:
        """Whether a tensor may be missing from a file that training starts from, and then keeps its initial values."""
        return key.startswith(("decode_head.score_", "decode_head.upscore"))

    @staticmethod
    def is_upsampling(key: str) -> bool:
        """Whether a tensor is a kernel of an upsampling, whose factor depends on the streams."""
        return key.startswith("decode_head.upscore")

    @staticmethod
    def count_classes(state: Mapping[str, Tensor]) -> int | None:
        """Return the number of classes that the scores of a state dict are for; None where it has no scores."""
        scores = (tensor for key, tensor in state.items() if key.startswith("decode_head.score_") and tensor.ndim)
        return next((len(tensor) for tensor in scores), None)

    def init_weights(self) -> None:
        """Zero every ``score_*``: a finer net starts as its parent, a new one without an opinion."""
        for name in self.streams:
            nn.init.zeros_(getattr(self, f"score_{name}").weight)
            nn.init.zeros_(getattr(self, f"score_{name}").bias)

    def align(self, maps: Sequence[CoordMap], image: CoordMap) -> None:
        """Derive the upsampling layers and crop offsets from the streams' coordinate maps.

        Args:
            maps: map of each stream, in the order of the neck's outputs.
            image: map of the image that the logits are to lie on.

        Raises:
            UserError: a stream's stride is not the configured one, or an offset is no whole pixel.
        """
        for name, stride, grid in zip(self.streams, self.strides, maps, strict=False):
            if grid.scale != stride:
                raise UserError(f"stream {name!r} has stride {grid.scale}, the head's config says {stride}")
        fused = maps[0]
        for name, upscore, grid in zip(self.streams[1:], self.skip_upscores, maps[1:], strict=False):
            fused = self._add_upscore(upscore, fused, grid, cut=True)
            self.crops[name] = grid.crop_offset(fused)
            fused = fused.added(grid)
        fused = self._add_upscore(self.last_upscore, fused, image, cut=self.geometry == "aligned")
        self.reach = math.ceil(fused.reach)
        self.crops["score"] = fused.crop_offset(image)
        if self.crops["score"] < 0:
            raise UserError(
                f"the scores begin {-self.crops['score']} px inside the image: give the backbone's layers more padding"
            )

    def _add_upscore(self, name: str, grid: CoordMap, target: CoordMap, cut: bool) -> CoordMap:
        layer = fitting_upscore(grid, target, self.factors[name], self.out_channels, cut, self.upsample)
        self.add_module(name, layer)
        return layer.coord_map(grid)

    def covered(self, sides: Sequence[int]) -> int:
        """Side in pixels of the largest image that streams of these sides give logits for."""
        side, *skips = sides
        for name, upscore, skip in zip(self.streams[1:], self.skip_upscores, skips, strict=False):
            side = min(getattr(self, upscore).output_side(side), skip - self.crops[name])
        return getattr(self, self.last_upscore).output_side(side) - self.crops["score"]

    def forward(self, inputs: Sequence) -> Tensor:
        """Logits of exactly (H, W), in float32 whatever the precision of the streams."""
        *_, size = inputs
        return self.upsample_scores(self.fuse_scores(inputs), size)

    def fuse_scores(self, inputs: Sequence) -> Tensor:
        """Sum of all score maps at the finest stream's stride, (N, C, h, w), float32."""
        streams = zip(self.streams, self._transform_inputs(inputs), strict=True)
        fused, *skips = (getattr(self, f"score_{name}")(feature).float() for name, feature in streams)
        for name, score in zip(self.streams[1:], skips, strict=True):
            fused = self.add_skip(name, fused, score)
        return fused

    def add_skip(self, name: str, fused: Tensor, score: Tensor) -> Tensor:
        """The sum of the scores so far, upsampled, plus the (N, C, h, w) scores of the next finer stream, float32."""
        upscore = getattr(self, self.skip_upscores[self.streams.index(name) - 1])
        with torch.autocast(fused.device.type, enabled=False):
            up, offset = upscore(fused), self.crops[name]
            size = [min(a, b - offset) for a, b in zip(up.shape[-2:], score.shape[-2:], strict=True)]
            return crop(up, 0, size) + crop(score, offset, size)

    def upsample_scores(self, fused: Tensor, size: tuple[int, int]) -> Tensor:
        """(N, C, h, w) -> (N, C, *size)."""
        with torch.autocast(fused.device.type, enabled=False):
            up = getattr(self, self.last_upscore)(fused)
        return crop(up, self.crops["score"], size)

    def label_map(self, fused: Tensor, size: tuple[int, int]) -> Tensor:
        """(N, C, h, w) -> (N, *size), the class of the largest logit of each pixel; int64.

        Strip by strip: the logits of a whole image are larger than the image and are asked for by nobody.
        """
        upscore, offset = getattr(self, self.last_upscore), self.crops["score"]
        height, width = size
        rows = max(1, STRIP_BYTES[fused.device.type] // (4 * fused.shape[0] * fused.shape[1] * width))
        labels = fused.new_empty(fused.shape[0], height, width, dtype=torch.int64)
        fused = fused.contiguous(memory_format=torch.channels_last)
        with torch.autocast(fused.device.type, enabled=False):
            for top in range(0, height, rows):
                bottom = min(top + rows, height)
                strip = upscore.rows(fused, top + offset, bottom + offset)[..., offset:]
                # torch's argmax takes five times as long on CPU
                labels[:, top:bottom] = crop(strip, 0, (bottom - top, width)).max(1).indices
        return labels

    def predict(self, inputs: Sequence, batch_img_metas: list[dict], test_cfg: dict) -> Tensor:
        """Logits (N, C, H, W) of the input's own size: nothing is resized to fit.

        Raises:
            UserError: the scores are not finite.
        """
        return self.upsample_scores(self.finite_scores(inputs, batch_img_metas), inputs[-1])

    def finite_scores(self, inputs: Sequence, batch_img_metas: list[dict]) -> Tensor:
        """:meth:`fuse_scores`, looked at.

        Raises:
            UserError: the scores are not finite.
        """
        fused = self.fuse_scores(inputs)
        if not torch.isfinite(fused).all():
            raise UserError(
                f"the scores of {_paths(batch_img_metas)} are not finite: the checkpoint holds NaN or infinite weights, "
                "or the image holds such values; use an earlier checkpoint (training diverged: lower the learning rate)"
            )
        return fused

    def loss_by_feat(self, seg_logits: Tensor, batch_data_samples: list) -> dict[str, Tensor]:
        """Losses by name, summed ones per labelled pixel as well, and the share of those that are right (``acc_seg``, %).

        The base class resizes logits to the labels; here both must have one size.

        Raises:
            UserError: a label of another size, or an id that is neither a class nor ``ignore_index``.
        """
        metas = [sample.metainfo for sample in batch_data_samples]
        label = self._stack_batch_gt(batch_data_samples)
        if label.shape[-2:] != seg_logits.shape[-2:]:
            raise UserError(
                f"labels of {_paths(metas)} have size {tuple(label.shape[-2:])}, the images {tuple(seg_logits.shape[-2:])}: "
                "image and mask must have one size"
            )
        if has_stray_ids(label, self.num_classes, self.ignore_index):  # a GPU is waited for once, not for each sample
            for meta, one in zip(metas, label, strict=True):
                check_label_ids(one, self.num_classes, self.ignore_index, meta.get("seg_map_path"))
        weight = self.sampler.sample(seg_logits, label) if self.sampler is not None else None
        label = label.squeeze(1)
        losses: dict[str, Tensor] = {}
        valid = label != self.ignore_index
        pixels = joint_sum(valid.sum()).clamp(min=1)
        for loss in self.loss_decode if isinstance(self.loss_decode, nn.ModuleList) else [self.loss_decode]:
            value = loss(seg_logits, label, weight=weight, ignore_index=self.ignore_index)
            losses[loss.loss_name] = losses.get(loss.loss_name, 0) + value
            if (
                getattr(loss, "reduction", None) == "sum"
            ):  # half a million says little; without "loss" in its name it adds none
                losses[f"{loss.loss_name.removeprefix('loss_')}_per_pixel"] = value.detach() / pixels
        right = (seg_logits.detach().argmax(1) == label) & valid
        losses["acc_seg"] = 100 * sharing() * right.sum() / pixels
        return losses


def _paths(metas: list[dict]) -> str:
    return ", ".join(str(meta.get("img_path", "an image in memory")) for meta in metas)
