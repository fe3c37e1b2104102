"""A finer net must start as its parent: its new skips score zero, so what differs is a fault."""

from __future__ import annotations

import torch
from mmengine.dist import all_reduce
from mmengine.hooks import Hook
from mmengine.model import is_model_wrapper
from mmseg.registry import HOOKS, MODELS
from torch import nn

from ...errors import UserError
from ...evaluation.confusion import confusion_matrix, scores
from ..checkpoint import load_verified


@HOOKS.register_module()
class ParentAgreementHook(Hook):
    """Compare the label maps of a net with those of its parent on images of the val split, before the first step.

    Upsampling x2 and then x16 is not to the bit x32, so a few pixels on borders differ.

    Args:
        model: config of the parent's model.
        checkpoint: file of the parent's weights, which the net itself was started from.
        images: how many images to compare.
        least_agreement: share of pixels, void included, that must have the parent's label, 0 .. 1.
        most_loss: mean IU, 0 .. 1, that the net may differ by.

    Raises:
        UserError: they differ by more; names both figures.
    """

    def __init__(
        self,
        model: dict,
        checkpoint: str,
        images: int = 32,
        least_agreement: float = 0.98,
        most_loss: float = 0.005,
    ) -> None:
        self.model, self.checkpoint, self.images = model, checkpoint, images
        self.least_agreement, self.most_loss = least_agreement, most_loss

    def before_train(self, runner) -> None:
        """Compare, and leave the net in training mode as it was."""
        if runner.iter > 0:  # resumed: it has left its parent by now
            return
        child = runner.model.module if is_model_wrapper(runner.model) else runner.model
        parent = MODELS.build(self.model).to(next(child.parameters()).device)
        load_verified(parent, self.checkpoint)
        equal, of_parent, of_child = _compare(parent, child, runner.val_dataloader, self.images)
        runner.logger.info(
            f"starts as its parent {self.checkpoint}: {100 * equal:.2f} % of the pixels get one label, "
            f"mean IU {100 * of_parent:.2f} (parent), {100 * of_child:.2f} (this net)"
        )
        if equal < self.least_agreement or abs(of_parent - of_child) > self.most_loss:
            raise UserError(
                f"the net does not start as its parent {self.checkpoint}: {100 * equal:.2f} % of the pixels get one label "
                f"(at least {100 * self.least_agreement:g} % wanted), mean IU {100 * of_child:.2f} against the parent's "
                f"{100 * of_parent:.2f} (within {100 * self.most_loss:g} points wanted). The checkpoint lacks layers of the "
                "parent, or the two configs differ in more than the new skip"
            )


def _compare(parent: nn.Module, child: nn.Module, loader, images: int) -> tuple[float, float, float]:
    """Share of pixels with one label, mean IU of the parent and of the child, over all processes."""
    count, ignore_index = child.num_classes, child.decode_head.ignore_index
    matrices = torch.zeros(2, count, count, dtype=torch.int64)
    pixels = torch.zeros(2, dtype=torch.int64)  # of one label, all
    was_training = child.training
    for net in (parent, child):
        net.eval()
    with torch.no_grad():
        seen = 0
        for batch in loader:
            answers = [[s.pred_sem_seg.data for s in net.test_step(batch)] for net in (parent, child)]
            for truth, *both in zip(batch["data_samples"], *answers, strict=True):
                labels = [one.cpu() for one in both]
                pixels += torch.tensor([(labels[0] == labels[1]).sum(), labels[0].numel()])
                for matrix, label in zip(matrices, labels, strict=True):
                    matrix += confusion_matrix(truth.gt_sem_seg.data.cpu(), label, count, ignore_index)
            seen += len(batch["data_samples"])
            if seen >= images:
                break
    child.train(was_training)
    all_reduce(matrices)
    all_reduce(pixels)
    equal = int(pixels[0]) / max(int(pixels[1]), 1)
    return equal, *(scores(matrix.numpy())["mIoU"] for matrix in matrices)
