"""Data at run time: data sets, class maps, loading, samplers, seeds and file checks."""

from . import same_size_batches, seeded_samples
from .bands.load_bands import FCNLoadBands
from .bands.load_image import FCNLoadImageFromFile
from .camvid import CamVidDataset
from .class_map_dataset import ClassMapDataset
from .load_annotations import FCNLoadAnnotations
from .masks.authors_context import AuthorsContextDataset
from .masks.balanced_crop import FCNBalancedCrop
from .masks.nyud import NYUDDataset
from .multilabel import MultilabelLoadAnnotations, MultilabelPackSegInputs
from .tasks.dataset import TasksDataset, TasksLoadAnnotations, TasksPackSegInputs
from .tasks.sift_flow import SIFTFlowDataset

__all__ = [
    "AuthorsContextDataset",
    "CamVidDataset",
    "ClassMapDataset",
    "FCNBalancedCrop",
    "FCNLoadAnnotations",
    "FCNLoadBands",
    "FCNLoadImageFromFile",
    "MultilabelLoadAnnotations",
    "MultilabelPackSegInputs",
    "NYUDDataset",
    "SIFTFlowDataset",
    "TasksDataset",
    "TasksLoadAnnotations",
    "TasksPackSegInputs",
    "same_size_batches",
    "seeded_samples",
]
