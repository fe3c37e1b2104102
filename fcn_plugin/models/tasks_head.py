"""Several tasks on one net (CVPR 2015, SIFT Flow): one score layer, but a softmax and losses for each task.

N batch, T tasks of C_1 + ... + C_T = C classes, (H, W) size of the image. A score layer has C channels, the first task's first.
Upsampling does not mix channels, so this equals T heads on shared streams in one forward.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import torch
from mmengine.model import ModuleList
from mmseg.registry import MODELS
from mmseg.structures import SegDataSample
from torch import Tensor, nn

from ..errors import UserError
from .decision import SOFTMAX, Decision
from .losses import check_losses
from .losses.of_samples import sample_losses
from .losses.terms import Term
from .skip_head import FCNSkipHead

OPTIONS = ("num_classes", "ignore_index", "loss_decode")  # of a task


@dataclass(frozen=True)
class TasksDecision(Decision):
    """A softmax over the channels of each task.

    Attributes:
        sizes: number of classes of each task.
    """

    sizes: tuple[int, ...] = ()

    def maps(self, channels: int) -> tuple[int, ...]:
        """Return the axis of label maps between N and (H, W): T."""
        return (len(self.sizes),)

    def in_one_row(self, labels: Tensor, ignore_index: int = 255) -> Tensor:
        """Return label maps (T, H, W) with each task's ids shifted by the number of classes before it."""
        starts = torch.tensor([0, *self.sizes[:-1]], device=labels.device).cumsum(0)[:, None, None]
        return torch.where(labels == ignore_index, ignore_index, labels.long() + starts)

    def labels(self, logits: Tensor) -> Tensor:
        """Return class ids within each task, (N, T, H, W) int64, of logits or probabilities (N, C, H, W)."""
        return torch.stack([part.max(-3).indices for part in self.split(logits)], -3)

    def labels_of(self, probabilities: Tensor) -> Tensor:
        """Return class ids within each task, as :meth:`labels` does for logits."""
        return self.labels(probabilities)

    def margin(self, logits: Tensor) -> Tensor:
        """Return the smallest margin over the tasks, (N, H, W), 0 or more."""
        return torch.stack([SOFTMAX.margin(part) for part in self.split(logits)], -3).amin(-3)

    def probabilities(self, logits: Tensor) -> Tensor:
        """Return the probability of each class within its task, (N, C, H, W)."""
        return torch.cat([part.softmax(-3) for part in self.split(logits)], -3)

    def split(self, maps: Tensor) -> tuple[Tensor, ...]:
        """Return the channels of each task of (N, C, H, W)."""
        return maps.split(self.sizes, -3)


class Task(nn.Module):
    """A task's number of classes, id of void and losses."""

    def __init__(
        self,
        name: str,
        num_classes: int,
        loss_decode: dict[str, Any] | Sequence[dict[str, Any]],
        ignore_index: int = 255,
    ) -> None:
        super().__init__()
        terms = [loss_decode] if isinstance(loss_decode, dict) else loss_decode
        self.name, self.num_classes, self.ignore_index = name, num_classes, ignore_index
        self.terms: Sequence[Term] = ModuleList(MODELS.build(term) for term in terms)
        check_losses(self.terms, SOFTMAX, ignore_index)
        for term in self.terms:
            weights = getattr(term, "class_weight", None)
            if weights is not None and len(weights) != num_classes:
                found = f"the loss of task {name} has {len(weights)} class weights for {num_classes} classes"
                raise UserError("class-weights", f"{found}: set its loss_decode in decode_head.tasks")


@MODELS.register_module()
class FCNTasksHead(FCNSkipHead):
    """Compute logits (N, C, H, W) of several tasks from shared streams; the loss is the sum of the tasks' losses.

    Label maps and masks are (N, T, H, W), with ids within each task; ``TasksDataset`` loads such masks. ``FCNMetric(task=NAME)``
    scores one task.

    Args:
        tasks: name -> ``dict(num_classes=..., ignore_index=255, loss_decode=...)``, in the order of the data set's tasks.
            The loss defaults to the head's.
        num_classes: C, the sum over the tasks.
        loss_decode: default loss of the tasks.
        kwargs: those of :class:`.FCNSkipHead`.

    Raises:
        UserError: ``config-value`` for fewer than two tasks, an invalid entry, another sum, or an option for one task only;
            ``class-weights``.
    """

    decision: TasksDecision

    def __init__(
        self,
        *,
        tasks: Mapping[str, Mapping[str, Any]],
        num_classes: int,
        loss_decode: dict[str, Any] | Sequence[dict[str, Any]] | None = None,
        ignore_index: int = 255,
        **kwargs: Any,
    ) -> None:
        sizes = sizes_of(tasks)
        if num_classes != sum(sizes.values()):
            found = f"decode_head.tasks have {' + '.join(map(str, sizes.values()))} classes, but num_classes is {num_classes}"
            raise UserError("config-value", f"{found}: set num_classes={sum(sizes.values())}")
        for name in ("out_channels", "threshold", "multilabel", "sampler"):
            if kwargs.get(name):
                raise UserError("config-value", f"decode_head.{name} is for one task only: remove it")
        if (kwargs.get("upsample") or {}).get("dense"):
            found = "decode_head.upsample.dense mixes the classes of several tasks"
            raise UserError("config-value", f"{found}: use learnable=True, a kernel per class")
        loss = dict(type="FCNCrossEntropyLoss") if loss_decode is None else loss_decode
        super().__init__(num_classes=num_classes, loss_decode=dict(type="FCNCrossEntropyLoss"), **kwargs)
        self.tasks: Sequence[Task] = ModuleList(
            Task(name, **{"loss_decode": loss, "ignore_index": ignore_index, **entry}) for name, entry in tasks.items()
        )
        self.decision = TasksDecision(sizes=tuple(sizes.values()))

    @property
    def task_names(self) -> list[str]:
        """Return the names of the tasks, in the order of their channels."""
        return [task.name for task in self.tasks]

    @property
    def loss_terms(self) -> list[Term]:
        """Return the loss functions of all tasks."""
        return [term for task in getattr(self, "tasks", ()) for term in task.terms]

    def loss_by_feat(self, seg_logits: Tensor, batch_data_samples: list[SegDataSample]) -> dict[str, Tensor]:
        """Compute the losses of each task, named ``TASK.loss_ce`` and so on; errors as in :func:`.sample_losses`."""
        metas, label = [sample.metainfo for sample in batch_data_samples], self._stack_batch_gt(batch_data_samples)
        given = [*metas[0].get("seg_map_paths", self.task_names)]
        if label.shape[1] != len(self.tasks) or given != self.task_names:
            found = f"masks have {label.shape[1]} maps ({', '.join(given)}), but the net's tasks are {', '.join(self.task_names)}"
            raise UserError(
                "classes-count", f"{found}: give TasksDataset and decode_head the same tasks in the same order"
            )
        losses: dict[str, Tensor] = {}
        for index, (task, logits) in enumerate(zip(self.tasks, self.decision.split(seg_logits), strict=True)):
            own = [dict(meta, seg_map_path=meta.get("seg_map_paths", {}).get(task.name)) for meta in metas]
            truth, void = label[:, index : index + 1], task.ignore_index
            of_task = sample_losses(task.terms, logits, truth, own, task.num_classes, ignore_index=void)
            losses |= {f"{task.name}.{name}": value for name, value in of_task.items()}
        return losses


def sizes_of(tasks: Mapping[str, Mapping[str, Any]]) -> dict[str, int]:
    """Return the number of classes of each task of a config, by name; UserError: ``config-value`` for invalid entries."""
    if not isinstance(tasks, Mapping) or len(tasks) < 2:
        remedy = "give two or more, NAME=dict(num_classes=...); for one task use FCNSkipHead"
        raise UserError("config-value", f"decode_head.tasks is {tasks!r}: {remedy}")
    for name, entry in tasks.items():
        if (
            not isinstance(entry, Mapping)
            or not set(entry) <= set(OPTIONS)
            or not _is_several(entry.get("num_classes"))
        ):
            found = f"decode_head.tasks.{name} is {entry!r}"
            raise UserError("config-value", f"{found}: give a dict of {', '.join(OPTIONS)}, at least two classes")
        if not name or any(letter in name for letter in "./\\ "):
            raise UserError("config-value", f"decode_head.tasks has {name!r}: its name must fit a folder and a log key")
    return {name: entry["num_classes"] for name, entry in tasks.items()}


def _is_several(value: object) -> bool:
    return isinstance(value, int) and value >= 2
