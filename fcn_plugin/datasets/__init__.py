"""Data sets that mmseg lacks, and the built-in one."""

from .camvid import CamVidDataset

__all__ = ["CamVidDataset"]
