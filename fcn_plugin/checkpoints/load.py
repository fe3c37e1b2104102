"""Load a checkpoint into its net after checking every key and shape and that weights are finite."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from mmengine.logging import print_log
from mmengine.model import BaseTTAModel, is_model_wrapper
from torch import Size, Tensor, nn

from ..errors import UserError, abbreviate
from .read import Checkpoint, require_finite


def load_verified(
    model: nn.Module,
    checkpoint: Checkpoint,
    training: bool = False,
    adapt_classes: bool = False,
    before_load: Callable[[dict[str, Any]], None] | None = None,
) -> dict[str, Any]:
    """Load a checkpoint into a net after checking that it fits.

    Args:
        model: the net, wrapped or not; not changed if the checkpoint is refused. Its head declares which tensors depend on the
            number of classes and which may be new (:mod:`..models.skip_head`).
        checkpoint: the opened checkpoint.
        training: start a run from it: layers that a finer net adds to its parent may be missing and keep their initial values.
        adapt_classes: if the number of classes differs, keep the initial values of the layers that depend on it, and log their
            names.
        before_load: called with the content of a fitting checkpoint; may modify its ``state_dict``.

    Returns:
        The content, with ``state_dict`` and ``meta``.

    Raises:
        UserError: checkpoint-fit, checkpoint-classes or checkpoint-nan.
    """
    while is_model_wrapper(model) or isinstance(model, BaseTTAModel):
        model = model.get_submodule("module")
    head, neck = getattr(model, "decode_head", None), getattr(model, "neck", None)
    path, own, state = checkpoint.path, model.state_dict(), dict(checkpoint.state_dict)
    other = [name for name in own if name in state and _form(own[name]) != _form(state[name])]
    dependent = [name for name in other if _declares(head, "class_dependent", name)]
    classes = [head.count_classes(tensors) for tensors in (state, own)] if head is not None and dependent else []
    if None in classes or len({*classes}) < 2:
        classes = []
    optional = {*getattr(model, "OPTIONAL_KEYS", ())}
    if adapt_classes and classes:
        renewed = f"newly initialised for {classes[1]}: {', '.join(dependent)}"
        print_log(f"{path} was trained for {classes[0]} classes: {renewed}", logger="current")
        optional.update(dependent)
        other = [name for name in other if name not in dependent]
        state = {name: tensor for name, tensor in state.items() if name not in dependent}
        classes = []
    missing = [name for name in own if name not in state and name not in optional]
    unexpected = [name for name in state if name not in own]
    if training:
        missing = [name for name in missing if not any(_declares(part, "may_be_new", name) for part in (head, neck))]
        unexpected = [name for name in unexpected if not _declares(head, "is_upsampling", name)]

    problems, code, remedy = [], "checkpoint-fit", "Use the config that the checkpoint was trained with"
    if classes:
        code = "checkpoint-classes"
        theirs, ours = f"it was trained for {classes[0]} classes", f"the config has num_classes={classes[1]}"
        if 1 in classes:
            theirs, ours = f"its scores have {classes[0]} channels", f"the config's net has {classes[1]} (out_channels)"
        problems.append(f"{theirs}, {ours}")
        if training and other == dependent and not missing and not unexpected:
            remedy += f", or train new score layers: --load-from {path} --adapt-classes"
    elif other:
        name = other[0]
        theirs, ours = (f"{tuple(tensors[name].shape)} of {tensors[name].dtype}" for tensors in (state, own))
        problems.append(f"{name} has shape {theirs}, the config's net needs {ours}")
    if missing:
        problems.append(f"it lacks {len(missing)} of the net's {len(own)} tensors ({abbreviate(missing)})")
    if unexpected:
        problems.append(f"{len(unexpected)} of its tensors are not part of the net ({abbreviate(unexpected)})")
    if problems:
        raise UserError(code, f"{path} does not fit the config's net: {'; '.join(problems)}. {remedy}")
    require_finite(state, path)
    for line in getattr(model, "assumptions", lambda state: ())(state):
        print_log(f"{path} {line}", logger="current")
    content = {"meta": {}, **(checkpoint.content if "state_dict" in checkpoint.content else {}), "state_dict": state}
    try:
        if before_load:
            before_load(content)
        model.load_state_dict(content["state_dict"], strict=False)
    except UserError as error:
        raise error.within(path) from None
    return content


def _form(tensor: Tensor) -> tuple[Size, bool]:
    """Return shape and kind, which must agree; torch would also load integers as weights."""
    return tensor.shape, tensor.is_floating_point()


def _declares(part: nn.Module | None, question: str, key: str) -> bool:
    """Ask a head or neck about one of its tensors; False if it has no such method, like mmseg's own."""
    return hasattr(part, question) and getattr(part, question)(key)
