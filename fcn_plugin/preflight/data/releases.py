"""List the archives of COCO-Stuff, ADE20K and Cityscapes, their URLs and folders, and the commands that convert their masks."""

from __future__ import annotations

from pathlib import Path

import mmseg

# data set -> (archive, link, folder in data_root that it is extracted into)
FILES = {
    "COCOStuff": (
        ("train2017.zip", "http://images.cocodataset.org/zips/train2017.zip", "images"),
        ("val2017.zip", "http://images.cocodataset.org/zips/val2017.zip", "images"),
        (
            "stuffthingmaps_trainval2017.zip",
            "http://calvin.inf.ed.ac.uk/wp-content/uploads/data/cocostuffdataset/stuffthingmaps_trainval2017.zip",
            "annotations",
        ),
    ),
    "ADE20K": (
        (
            "ADEChallengeData2016.zip",
            "http://data.csail.mit.edu/places/ADEchallenge/ADEChallengeData2016.zip",
            "..",
        ),
    ),
    "Cityscapes": tuple(
        (f"{name}_trainvaltest.zip", "https://www.cityscapes-dataset.com/downloads (after registration)", "")
        for name in ("leftImg8bit", "gtFine")
    ),
}
COCO_CONVERTER = Path(mmseg.__file__).parent / ".mim/tools/dataset_converters/coco_stuff164k.py"
# suffix of a mask -> command that converts the release's masks to such masks
CONVERSIONS = {
    "_gtFine_labelTrainIds.png": "pip install cityscapesscripts && CITYSCAPES_DATASET=ROOT csCreateTrainIdLabelImgs",
    "_labelTrainIds.png": f"python {COCO_CONVERTER} ROOT",
}
SUFFIXES = {"COCOStuff": "_labelTrainIds.png", "Cityscapes": "_gtFine_labelTrainIds.png"}


def how_to_get(type_name: str, root: Path) -> list[str]:
    """List the archives to extract for a type of data set at ``root``, a line each, then a command; empty for other types."""
    name = next((name for name in FILES if name in type_name), None)
    if name is None:
        return []
    lines = [f"  {file} from {url}, extracted into {_inside(root, folder)}" for file, url, folder in FILES[name]]
    return lines + ([f"  then: {how_to_make(SUFFIXES[name], root)}"] if name in SUFFIXES else [])


def how_to_make(mask: str, root: Path) -> str:
    """Return the command that makes masks named like this one; empty if the published masks are used."""
    command = next((command for suffix, command in CONVERSIONS.items() if mask.endswith(suffix)), "")
    return command.replace("ROOT", str(root))


def _inside(root: Path, folder: str) -> Path:
    return root.parent if folder == ".." else root / folder
