"""Check that a config's learning rate belongs to its loss: the authors' 1e-10 is for a sum over an image, 1e-2 for a mean."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from mmengine.config import ConfigDict
from mmengine.dist import get_world_size

from ..data.leaves import leaf_datasets
from ..data.masks.balanced_crop import CROPS
from ..errors import UserError
from .config import losses_of
from .sgd_recipe import OTHER, SGDRecipe, command

# where a config names no crop size: PASCAL VOC's usual one is near enough for these limits
VOC_SIZE = (500, 375)
# a mean loss moves by lr / (1 - momentum): from 1.9e-7 (the authors' FCN-8s, translated) on; their largest lr for a sum,
# 1e-10, gives a mean 1e-8 at most
LEAST_REACH_OF_MEAN = 4e-8
# a summed loss moves by lr N / (1 - momentum): 1.9e-3 (FCN-32s), 0.1 (mmseg's schedules, translated); the papers' smallest
# lr for a mean, 5e-5, gives a sum 94
MOST_REACH_OF_SUM = 10.0


def read_recipe(cfg: ConfigDict, **given: Any) -> SGDRecipe:
    """Read the settings of a config's SGD; ``given`` values of ``SGDRecipe`` replace the config's.

    Raises:
        UserError: ``config-value``: another optimizer, or a value that no training can have; ``option-value``: no crop size.
    """
    optimizer = (cfg.get("optim_wrapper") or {}).get("optimizer", {})
    kind = optimizer.get("type")
    if kind != "SGD":
        # Adam divides every gradient by its own size
        adam = "a factor of the loss does not change its steps, there is nothing to translate; keep lr and weight_decay"
        reason = adam if str(kind).startswith("Adam") else "only SGD's learning rate can be translated"
        raise UserError("config-value", f"{cfg.filename} trains with {kind!r}: {reason}")
    values = {
        "reduction": "sum" if any(map(_is_summed, losses_of(cfg))) else "mean",
        "lr": optimizer.get("lr", 1e-3),  # torch's default
        "size": _crop_size(cfg),
        "batch": cfg.train_dataloader.get("batch_size", 1),
        **{name: optimizer.get(name, 0.0) for name in ("momentum", "weight_decay")},
        **given,
    }
    if values["size"] is None:
        remedy = "pass the images' usual one, --size 500x375 for PASCAL VOC"
        raise UserError("option-value", f"{cfg.filename} names no crop size: {remedy}")
    try:
        return SGDRecipe(**values)
    except UserError as error:
        raise UserError("config-value", f"{cfg.filename}: {error.message}") from error


def reduction_warning(cfg: ConfigDict) -> str | None:
    """Warn where the learning rate of a summed loss meets a mean one, or the reverse; None where they fit."""
    if (cfg.get("optim_wrapper") or {}).get("optimizer", {}).get("type") != "SGD":
        return None
    batch = cfg.train_dataloader.get("batch_size", 1) * get_world_size()
    recipe = read_recipe(cfg, size=_crop_size(cfg) or VOC_SIZE, batch=batch)
    summed = recipe.reduction == "sum"
    # a weight of the loss is a factor of the gradient
    reach = recipe.reach * sum(loss.get("loss_weight", 1.0) for loss in losses_of(cfg) if _is_summed(loss) == summed)
    # lr 0 stands still on purpose; clipped gradients don't grow with the sum
    if not summed and 0 < reach < LEAST_REACH_OF_MEAN:
        effect = "the net will hardly move"
    elif summed and reach > MOST_REACH_OF_SUM and not cfg.optim_wrapper.get("clip_grad"):
        effect = "the net is likely to diverge"
    else:
        return None
    fitting = OTHER[recipe.reduction]
    return (
        f"{cfg.filename}: lr {recipe.lr:g} fits reduction='{fitting}', but the loss is a {recipe.reduction} over labelled pixels, "
        f"and {effect}: set reduction='{fitting}' in model.decode_head.loss_decode, or translate the lr: "
        f"{command(replace(recipe, reduction=fitting))}"
    )


def _is_summed(loss: ConfigDict) -> bool:
    """Whether a loss is a sum; mmseg's are means by default, and the engine averages those of ``none``."""
    return loss.get("reduction", "mean") == "sum"


def _crop_size(cfg: ConfigDict) -> tuple[int, int] | None:
    """Return (W, H) of the training crops; None where whole images are taken."""
    for step in reversed(next(leaf_datasets(cfg.train_dataloader.dataset)).get("pipeline", [])):
        if step.type in CROPS:
            return (step.crop_size,) * 2 if isinstance(step.crop_size, int) else tuple(step.crop_size[::-1])
    return None
