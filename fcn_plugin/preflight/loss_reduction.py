"""Check that a config's learning rate fits its loss: the authors' 1e-10 is for a sum over an image, 1e-2 for a mean."""

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

# for configs without a crop size; PASCAL VOC's usual image size is close enough for these limits
VOC_SIZE = (500, 375)
# reach of a mean loss, lr / (1 - momentum): at least 1.9e-7 in good recipes (the authors' FCN-8s, converted); their largest lr for
# a sum, 1e-10, gives at most 1e-8
LEAST_REACH_OF_MEAN = 4e-8
# reach of a summed loss, lr N / (1 - momentum): 1.9e-3 (FCN-32s), 0.1 (mmseg's schedules, converted); the papers' smallest lr for
# a mean, 5e-5, gives 94
MOST_REACH_OF_SUM = 10.0


def read_recipe(cfg: ConfigDict, **given: Any) -> SGDRecipe:
    """Read the settings of a config's SGD; ``given`` values of ``SGDRecipe`` replace the config's.

    Raises:
        UserError: ``config-value``: another optimizer, or an invalid value; ``option-value``: no crop size.
    """
    optimizer = (cfg.get("optim_wrapper") or {}).get("optimizer", {})
    kind = optimizer.get("type")
    if kind != "SGD":
        # Adam normalises each gradient by its magnitude
        adam = "scaling the loss does not change its steps; keep lr and weight_decay"
        reason = adam if str(kind).startswith("Adam") else "only SGD's learning rate can be converted"
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
        remedy = "give the usual image size, --size 500x375 for PASCAL VOC"
        raise UserError("option-value", f"{cfg.filename} has no crop size: {remedy}")
    try:
        return SGDRecipe(**values)
    except UserError as error:
        raise UserError("config-value", f"{cfg.filename}: {error.message}") from error


def reduction_warning(cfg: ConfigDict) -> str | None:
    """Return a warning if the learning rate of a summed loss is used with a mean loss or vice versa; else None."""
    if (cfg.get("optim_wrapper") or {}).get("optimizer", {}).get("type") != "SGD":
        return None
    batch = cfg.train_dataloader.get("batch_size", 1) * get_world_size()
    recipe = read_recipe(cfg, size=_crop_size(cfg) or VOC_SIZE, batch=batch)
    summed = recipe.reduction == "sum"
    # loss_weight scales the gradient
    reach = recipe.reach * sum(loss.get("loss_weight", 1.0) for loss in losses_of(cfg) if _is_summed(loss) == summed)
    # lr 0 is intended; clipped gradients don't grow with the sum
    if not summed and 0 < reach < LEAST_REACH_OF_MEAN:
        effect = "the net will hardly learn"
    elif summed and reach > MOST_REACH_OF_SUM and not cfg.optim_wrapper.get("clip_grad"):
        effect = "the net is likely to diverge"
    else:
        return None
    fitting = OTHER[recipe.reduction]
    return (
        f"{cfg.filename}: lr {recipe.lr:g} fits reduction='{fitting}', but the loss is a {recipe.reduction} over labelled pixels, "
        f"and {effect}: set reduction='{fitting}' in model.decode_head.loss_decode, or convert the lr: "
        f"{command(replace(recipe, reduction=fitting))}"
    )


def _is_summed(loss: ConfigDict) -> bool:
    """Return whether a loss is a sum; mmseg's losses are means by default, and mmengine averages those with ``none``."""
    return loss.get("reduction", "mean") == "sum"


def _crop_size(cfg: ConfigDict) -> tuple[int, int] | None:
    """Return (W, H) of the training crops; None if whole images are used."""
    for step in reversed(next(leaf_datasets(cfg.train_dataloader.dataset)).get("pipeline", [])):
        if step.type in CROPS:
            return (step.crop_size,) * 2 if isinstance(step.crop_size, int) else tuple(step.crop_size[::-1])
    return None
