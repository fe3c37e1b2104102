"""Standardise images of N bands: (x - mean) / std for each band, x in the file's units."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import torch
from mmseg.models import SegDataPreProcessor
from mmseg.registry import MODELS
from torch import Tensor

from ..errors import UserError

RGB_CHANNELS = 3


@MODELS.register_module()
class FCNBandsPreProcessor(SegDataPreProcessor):
    """mmseg's preprocessor, which takes 1 or 3 bands, for any number: for images that ``FCNLoadBands`` loads.

    The net gets one input channel per mean. Bands keep their order in the file.

    Args:
        mean: N values, one per band; ``fcn check_dataset`` computes them.
        std: N values above 0.
        rgb: which bands, counted from 1, are red, green and blue: pictures show these, and they start from the RGB kernels of
            ImageNet weights (:mod:`.weights.bands`). Default: the first three; an image of one or two bands has none, and
            ``()``: no band is a colour.
        kwargs: those of ``SegDataPreProcessor``, except the order of channels.

    Raises:
        UserError: ``config-value`` for a wrong number of values, a std of 0, or unknown bands; ``image-bands`` for other images.
    """

    def __init__(
        self, mean: Sequence[float], std: Sequence[float], rgb: Sequence[int] | None = None, **kwargs: Any
    ) -> None:
        what = "model.data_preprocessor"
        if not mean or len(mean) != len(std) or min(std) <= 0:
            found = f"{what} has {len(mean)} values of mean, and std {list(std)}"
            raise UserError("config-value", f"{found}: give one mean and one std above 0 per band")
        if rgb and (len(rgb) != RGB_CHANNELS or any(band not in range(1, len(mean) + 1) for band in rgb)):
            raise UserError("config-value", f"{what}.rgb is {list(rgb)}: give three bands from 1 to {len(mean)}")
        if kwargs.get("bgr_to_rgb") or kwargs.get("rgb_to_bgr"):
            raise UserError("config-value", f"{what}: bands keep their order: set rgb to name their colours")
        super().__init__(**({} if kwargs.get("size") else {"size_divisor": 1}) | kwargs)  # crops may differ in size
        self.rgb = None if rgb is None else tuple(rgb)
        for name, values in (("band_mean", mean), ("band_std", std)):
            self.register_buffer(name, torch.tensor(values, dtype=torch.float32)[:, None, None], persistent=False)

    def forward(self, data: dict[str, Any], training: bool = False) -> dict[str, Any]:
        """Standardise a batch, then call mmseg's preprocessor."""
        data = self.cast_data(data)
        images = data["inputs"]
        for i, image in enumerate(images):
            if len(image) != len(self.band_mean):
                name = data["data_samples"][i].get("img_path") if data.get("data_samples") else None
                found = f"{name or 'an image'} has {len(image)} bands, but model.data_preprocessor has values for"
                remedy = "FCNLoadBands loads all bands of a file, other loaders only three"
                raise UserError("image-bands", f"{found} {len(self.band_mean)}: {remedy}")
        data["inputs"] = [(image.float() - self.band_mean) / self.band_std for image in images]
        return super().forward(data, training)

    def record(self) -> Tensor:
        """Return (3, N): the colour of each band, 0 red, 1 green, 2 blue, -1 none; mean; std (:mod:`.weights.preprocessing`)."""
        mean, std = self.band_mean.flatten(), self.band_std.flatten()
        colours = torch.full_like(mean, -1)
        if len(mean) >= RGB_CHANNELS:
            for colour, band in enumerate((1, 2, 3) if self.rgb is None else self.rgb):
                colours[band - 1] = colour
        return torch.stack([colours, mean, std])


def input_channels(preprocessor: Any) -> int:
    """Return the number of channels of the images from a data preprocessor, or from its config."""
    if isinstance(preprocessor, Mapping) and str(preprocessor.get("type")).endswith(FCNBandsPreProcessor.__name__):
        return len(preprocessor.get("mean") or ())
    return len(preprocessor.band_mean) if isinstance(preprocessor, FCNBandsPreProcessor) else RGB_CHANNELS
