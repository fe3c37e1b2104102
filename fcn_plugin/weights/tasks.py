"""Join the score layers of the authors' nets for SIFT Flow, ``score_fr_sem`` and ``score_fr_geo``, to one layer.

N tasks of C_1 .. C_N classes; the joined layer has the channels of the first task first.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import replace

import torch
from torch import Tensor

from ..errors import UserError
from .rename import Renamed

SUFFIX = re.compile(r"(decode_head\.(?:up)?score\w*)_(sem|geo)\.(\w+)")  # layer, task, weight or bias
ORDER = ("sem", "geo")


def join_tasks(renamed: Renamed, names: Sequence[str] = ORDER) -> Renamed:
    """Join the layers of the tasks; return a source without such layers unchanged.

    Args:
        renamed: the source under our names.
        names: tasks of the net, in the order of its channels; the file's ``sem`` is the name that begins with it.

    Raises:
        UserError: ``weights-fit`` if a task of the file is not among the names, or lacks a layer.
    """
    found = {name: match for name in renamed.tensors if (match := SUFFIX.fullmatch(name))}
    if not found:
        return renamed
    order = [next((short for short in ORDER if name.startswith(short)), None) for name in names]
    if sorted(filter(None, order)) != sorted(ORDER) or None in order:
        what = f"{renamed.source} has the tasks {' and '.join(ORDER)}, the net {', '.join(names) or 'one task'}"
        raise UserError("weights-fit", f"{what}: choose a config of SIFT Flow, such as reference/fcn8s_vgg16_siftflow")
    tensors, origin, how = dict(renamed.tensors), dict(renamed.origin), dict(renamed.how)
    for layer, kind in dict.fromkeys((match[1], match[3]) for match in found.values()):
        parts = [f"{layer}_{short}.{kind}" for short in order]
        if lacking := [part for part in parts if part not in tensors]:
            raise UserError("weights-fit", f"{renamed.source} lacks {', '.join(lacking)}: use another copy")
        ours, own = f"{layer}.{kind}", [origin[part] for part in parts]
        tensors[ours] = joined([tensors[part] for part in parts], upsampling=".upscore" in layer)
        origin[ours], how[ours] = (
            " and ".join(own),
            f"joined {' and '.join(own)} -> {tuple(tensors[ours].shape)} {ours}",
        )
        for part in parts:
            del tensors[part], origin[part], how[part]
    return replace(renamed, tensors=tensors, origin=origin, how=how)


def joined(parts: Sequence[Tensor], upsampling: bool) -> Tensor:
    """Join kernels along channels; upsampling kernels, (C_i, C_i, k, k), become block diagonal, so that tasks do not mix."""
    if not upsampling or any(part.dim() != 4 or part.shape[0] != part.shape[1] for part in parts):
        return torch.cat(list(parts))
    total, done = sum(map(len, parts)), 0
    whole = parts[0].new_zeros(total, total, *parts[0].shape[2:])
    for part in parts:
        whole[done : done + len(part), done : done + len(part)] = part
        done += len(part)
    return whole
