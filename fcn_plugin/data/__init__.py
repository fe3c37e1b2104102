"""What a running net touches: data sets, class maps, loading, samplers and seeds, checks of files."""

from .camvid import CamVidDataset
from .class_map_dataset import ClassMapDataset
from .load_annotations import FCNLoadAnnotations
from .same_size_batches import SameSizeBatchSampler
from .seeded_samples import PlacedSampler, SeededSamples

__all__ = [
    "CamVidDataset",
    "ClassMapDataset",
    "FCNLoadAnnotations",
    "PlacedSampler",
    "SameSizeBatchSampler",
    "SeededSamples",
]
