"""Fit ImageNet weights to a net with N input bands: make its first convolution from the RGB one.

As the FCN authors do for colour and depth (NYUDv2, early fusion: ``conv1_1_bgrd``), bands that are a colour get its kernels, any
other band the mean of the three. A net of one or two bands gets the sum of the three, divided by the number of bands.

The net's bands are standardised, and natural images have a standard deviation of about 57 grey levels. So kernels for images
divided by another scale are multiplied by ImageNet's standard deviation over it: by 57 for Caffe's weights, which divide by 1.
"""

from __future__ import annotations

from dataclasses import replace

import torch
from torch import Tensor

from ..layers.first_conv import first_convolution
from .nets import Net
from .preprocessing import TORCHVISION, takes_bands
from .rename import Renamed

RULE = "bands that are R, G, B take its kernels, others their mean"
FEW = "each of the bands takes a share of the sum of the kernels of R, G, B"


def fit_bands(renamed: Renamed, model: Net, as_they_are: bool = False) -> Renamed:
    """Return an RGB classifier with its first convolution fitted to the bands of ``model``; other sources unchanged.

    With ``as_they_are`` the first three bands get the file's kernels in their order and without scaling, and any other band their
    mean, as the authors' nets for NYUDv2 start.
    """
    found = first_convolution(model.backbone) if takes_bands(model.data_preprocessor) else None
    name = f"backbone.{found[0]}.weight" if found else ""
    kernels = renamed.tensors.get(name)
    for_rgb = sorted(renamed.form.preprocessing[0].tolist()) == [0, 1, 2]
    if kernels is None or kernels.dim() != 4 or kernels.shape[1] != 3 or not for_rgb:
        return renamed
    own, theirs = model.preprocessing.cpu().clone(), renamed.form.preprocessing
    is_fcn = any(key.startswith("decode_head.") for key in renamed.tensors)  # its image record must equal the net's
    if own.shape == theirs.shape and (as_they_are or is_fcn or torch.equal(own, theirs)):
        return renamed
    if as_they_are and own.shape[1] > 3:
        extra = own.shape[1] - 3
        wide = torch.cat([kernels, kernels.mean(1, keepdim=True).expand(-1, extra, -1, -1)], 1)
        own[2, :3], rule = theirs[2], "the file's kernels in their order, others their mean"
    else:
        wide = band_kernels(kernels, theirs, own)
        rule = RULE if wide.shape[1] >= 3 else FEW
    how = f"widened {renamed.origin[name]} -> {tuple(wide.shape)} {name}: {rule}"
    form = replace(renamed.form, preprocessing=own)
    return replace(renamed, form=form, tensors={**renamed.tensors, name: wide}, how={**renamed.how, name: how})


def band_kernels(kernels: Tensor, given: Tensor, wanted: Tensor) -> Tensor:
    """Convert kernels (K, 3, k, k) for images of record ``given``, (3, 3), to (K, N, k, k) for record ``wanted``, (3, N)."""
    order, _, scale = given.cpu()
    places = [order.tolist().index(colour) for colour in range(3)]
    by_colour = kernels[:, places] * (TORCHVISION[2] / scale[places])[:, None, None]
    colours = [int(colour) for colour in wanted[0].tolist()]
    if len(colours) < 3:
        return by_colour.sum(1, keepdim=True).expand(-1, len(colours), -1, -1) / len(colours)
    mean = by_colour.mean(1)
    return torch.stack([mean if colour < 0 else by_colour[:, colour] for colour in colours], 1)
