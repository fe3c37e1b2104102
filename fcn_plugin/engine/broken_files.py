"""Name the image or mask that can't be read: OpenCV's and Pillow's own errors do not."""

from __future__ import annotations

from mmengine.dataset import Compose
from PIL import Image

from ..errors import UserError


class NamingPipeline(Compose):
    """A data set's pipeline; where it fails, its files are looked at.

    Raises:
        UserError: an image or mask that is missing, empty, cut short or no image.
    """

    def __call__(self, data: dict) -> dict | None:
        try:
            return super().__call__(data)
        except Exception as error:
            for path in (data.get("img_path"), data.get("seg_map_path")):
                reason = path and _why_unreadable(path)
                if reason:
                    raise UserError(
                        f"{path} can't be read ({reason}): replace it, or take it out of the split"
                    ) from error
            raise


def name_broken_files(dataset) -> None:
    """Give a data set, or those inside a wrapper such as RepeatDataset, a :class:`NamingPipeline`."""
    if isinstance(getattr(dataset, "pipeline", None), Compose):
        dataset.pipeline = NamingPipeline(dataset.pipeline.transforms)
    for inner in (getattr(dataset, "dataset", None), *(getattr(dataset, "datasets", None) or ())):
        if inner is not None:
            name_broken_files(inner)


def _why_unreadable(path: str) -> str | None:
    try:
        with Image.open(path) as image:
            image.load()
    except FileNotFoundError:
        return "no such file"
    except Exception as error:  # Pillow has no common class for what files can be
        return str(error)
    return None
