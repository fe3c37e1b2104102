"""Check that a finer net starts with its parent's predictions: its new skip scores zero, so any difference is a fault."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import torch
from mmengine.dist import all_reduce, get_world_size
from mmengine.hooks import Hook
from mmengine.model import is_model_wrapper
from mmengine.runner import Runner
from mmseg.registry import HOOKS, MODELS
from torch import Tensor
from torch.utils.data import DataLoader

from ...checkpoints.load import load_verified
from ...checkpoints.read import open_checkpoint
from ...errors import UserError
from ...evaluation.confusion import confusion_matrix, scores
from ...models.fcn import FCN


@HOOKS.register_module()
@dataclass(eq=False)
class ParentAgreementHook(Hook):
    """Compare a net with its parent on images of the val split, before the first step.

    Upsampling x2 and then x16 differs from x32: on small images this alone changes several percent of the labels. So the parent's
    scores are also upsampled along the net's own path, and that comparison decides. The plain comparison is logged, with a warning
    if it falls below ``usual_agreement`` or mean IU changes by more than ``usual_loss``.

    Args:
        model: config of the parent's model: the net's with one stream fewer.
        checkpoint: file of the parent's weights, from which the net starts.
        images: number of images to compare, over all processes.
        least_agreement: share of pixels, including void, that must get the same label along the same upsampling, 0 .. 1.
        usual_agreement: share of pixels with the same label along each net's own upsampling, 0 .. 1.
        usual_loss: usual difference of mean IU, 0 .. 1.

    Raises:
        UserError: parent-agreement, with both shares.
    """

    model: dict[str, Any]
    checkpoint: str
    images: int = 32
    least_agreement: float = 0.999
    usual_agreement: float = 0.98
    usual_loss: float = 0.005

    def before_train(self, runner: Runner) -> None:
        """Compare the nets; restore the net's training mode."""
        if runner.iter > 0:  # resumed: it differs from its parent by now
            return
        child = runner.model.module if is_model_wrapper(runner.model) else runner.model
        parent = MODELS.build(self.model).to(next(child.parameters()).device)
        load_verified(parent, open_checkpoint(self.checkpoint))
        was_training = child.training
        same, plain, of_parent, of_child = _compare(parent.eval(), child.eval(), runner.val_dataloader, self.images)
        child.train(was_training)
        found = (
            f"{100 * same:.2f} % of pixels get the same label along the same upsampling, {100 * plain:.2f} % along each net's own, "
            f"mean IU {100 * of_parent:.2f} (parent) and {100 * of_child:.2f} (this net)"
        )
        if same < self.least_agreement:
            reason = "The checkpoint lacks layers of the parent, or the configs differ in more than the new skip"
            wanted = f"the first must be at least {100 * self.least_agreement:g} %. {reason}"
            message = f"the net does not predict the same as its parent {self.checkpoint}: {found}; {wanted}"
            raise UserError("parent-agreement", message)
        runner.logger.info(f"predicts the same as its parent {self.checkpoint}: {found}")
        if plain < self.usual_agreement or abs(of_parent - of_child) > self.usual_loss:
            usual = f"{100 * (1 - self.usual_agreement):g} % of the pixels, {100 * self.usual_loss:g} points"
            runner.logger.warning(
                f"upsampling in two steps changes more than usual ({usual}), probably as the images are small"
            )


@torch.no_grad()
def _compare(parent: FCN, child: FCN, loader: DataLoader[Any], images: int) -> tuple[float, float, float, float]:
    """Return shares of equally labelled pixels along one upsampling and along each net's own, and both mean IUs. Collective."""
    count, ignore_index = child.num_classes, child.decode_head.ignore_index
    matrices = torch.zeros(2, count, count, dtype=torch.int64)
    same, plain = torch.zeros(2, 2, dtype=torch.int64)  # equally labelled pixels, all pixels
    seen = 0
    for batch in loader:
        same += _equal(*_labels_along_one_upsampling(parent, child, batch))
        answers = [[sample.pred_sem_seg.data.cpu() for sample in net.test_step(batch)] for net in (parent, child)]
        for sample, *pair in zip(batch["data_samples"], *answers, strict=True):
            plain += _equal(*pair)
            truth, *pair = (child.decision.in_one_row(maps) for maps in (sample.gt_sem_seg.data.cpu(), *pair))
            for matrix, labels in zip(matrices, pair, strict=True):
                matrix += confusion_matrix(truth, labels, count, ignore_index)
        seen += len(batch["data_samples"])
        if seen * get_world_size() >= images:
            break
    for counts in (matrices, same, plain):
        all_reduce(counts)
    along_one, along_own = (int(equal) / max(int(total), 1) for equal, total in (same, plain))
    of_parent, of_child = (scores(matrix.numpy())["mIoU"] for matrix in matrices)
    return along_one, along_own, of_parent, of_child


def _labels_along_one_upsampling(parent: FCN, child: FCN, batch: dict[str, Any]) -> tuple[Tensor, Tensor]:
    """Return label maps (N, H, W) of the parent's scores plus a new skip of zeros, and of the net's own scores, in float32."""
    head = child.decode_head
    *features, size = child.extract_feat(child.data_preprocessor(batch)["inputs"])
    fused = parent.decode_head.fuse_scores(parent.extract_feat(parent.data_preprocessor(batch)["inputs"]))
    no_score = fused.new_zeros(*fused.shape[:2], *features[len(head.streams) - 1].shape[-2:])
    logits = head.upsample_scores(head.add_skip(head.streams[-1], fused, no_score), size)
    own = head.upsample_scores(head.fuse_scores([*features, size]), size)  # before a head refines them
    return child.decision.labels(logits), child.decision.labels(own)


def _equal(first: Tensor, second: Tensor) -> Tensor:
    return torch.tensor([int((first == second).sum()), first.numel()])
