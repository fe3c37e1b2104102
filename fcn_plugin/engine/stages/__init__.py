"""Train a net in the papers' stages: FCN-32s, then 16s from it, then 8s from that (PAMI 2016, sec. 4)."""

from .agreement import ParentAgreementHook
from .chain import Stage, stages_of
from .train import train_stages

__all__ = ["ParentAgreementHook", "Stage", "stages_of", "train_stages"]
