"""Checkpoints that fit their net: every key, every shape, finite weights."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from mmengine.logging import print_log
from mmengine.model import BaseTTAModel, is_model_wrapper
from torch import Tensor, nn

from ..errors import UserError
from ..weights.preprocessing import RECORD, describe
from .read import abbreviate, read_checkpoint, require_finite


def load_verified(
    model: nn.Module,
    path: str,
    may_add: Sequence[str] = (),
    before_load: Callable[[dict], None] | None = None,
    adapt_classes: bool = False,
) -> dict:
    """Load a checkpoint into a net after checking that it is one of this net.

    Args:
        model: the net, wrapped or not; unchanged when the checkpoint is refused.
        path: file of a checkpoint or bare state dict.
        may_add: prefixes of decode-head layers that may be missing from the file and then keep their initial
            values (the layers that a finer net adds to its parent).
        before_load: called with the checkpoint once it is found to fit; what it makes of ``state_dict`` is loaded.
        adapt_classes: where the file is of another number of classes, leave the head's layers that depend on it as they are
            initialised, and log their names.

    Returns:
        The checkpoint, with ``state_dict`` and, from training, ``meta``.

    Raises:
        UserError: names the file, what differs and the remedy.
    """
    while is_model_wrapper(model) or isinstance(model, BaseTTAModel):
        model = model.module
    checkpoint = read_checkpoint(path)
    if "state_dict" not in checkpoint:
        checkpoint = {"state_dict": checkpoint, "meta": {}}
    state = {name.removeprefix("module."): t for name, t in checkpoint["state_dict"].items()}
    checkpoint["state_dict"] = state
    if adapt_classes:
        _drop_scores(model.state_dict(), state, path)
    _check_shapes(model.state_dict(), state, path, tuple(f"decode_head.{prefix}" for prefix in may_add))
    require_finite(state, path)
    if RECORD in model.state_dict() and RECORD not in state:
        print_log(
            f"{path} does not say what images it expects: taken to be {describe(model.preprocessing)}", logger="current"
        )
    try:
        if before_load:
            before_load(checkpoint)
        model.load_state_dict(checkpoint["state_dict"], strict=False)
    except UserError as error:
        raise UserError(f"{path}: {error}") from None
    return checkpoint


def _drop_scores(own: dict[str, Tensor], state: dict[str, Tensor], path: str) -> None:
    """Take the layers of another number of classes out of a checkpoint's tensors."""
    other = [
        name
        for name in own
        if name.startswith(("decode_head.score_", "decode_head.upscore"))
        and name in state
        and own[name].shape != state[name].shape
    ]
    counts = _class_counts(own, state, other)
    if counts:
        print_log(
            f"{path} was trained for {counts[0]} classes: newly initialised for {counts[1]} are {', '.join(other)}",
            logger="current",
        )
        for name in other:
            del state[name]


def _class_counts(own: dict[str, Tensor], state: dict[str, Tensor], other: Sequence[str]) -> tuple[int, int] | None:
    """Classes of the file and of the net, where the names of other shapes tell that they differ."""
    scores = [name for name in other if name.startswith("decode_head.score_") and name.endswith("bias")]
    return (state[scores[0]].numel(), own[scores[0]].numel()) if scores else None


def _check_shapes(own: dict[str, Tensor], state: dict[str, Tensor], path: str, may_add: tuple[str, ...]) -> None:
    missing = [name for name in own if name not in (*state, RECORD) and not (may_add and name.startswith(may_add))]
    unexpected = [name for name in state if name not in own]
    if may_add:  # the parent's own last upsampling has another factor, and learnable ones carry weights
        unexpected = [name for name in unexpected if not name.startswith("decode_head.upscore")]
    other = [name for name in own if name in state and own[name].shape != state[name].shape]
    problems = []
    counts = _class_counts(own, state, other)
    remedy = "Use the config that the checkpoint was trained with"
    if counts:
        problems.append(f"it was trained for {counts[0]} classes, the config has num_classes={counts[1]}")
        if may_add:
            remedy += ", or give --adapt-classes to train new score layers"
    elif other:
        name = other[0]
        problems.append(f"{name} has shape {tuple(state[name].shape)}, the config's net needs {tuple(own[name].shape)}")
    if missing:
        problems.append(f"it lacks {len(missing)} of the net's {len(own)} tensors ({abbreviate(missing)})")
    if unexpected:
        problems.append(f"{len(unexpected)} of its tensors are no part of the net ({abbreviate(unexpected)})")
    if problems:
        raise UserError(f"{path} does not fit the config's net: {'; '.join(problems)}. {remedy}")
