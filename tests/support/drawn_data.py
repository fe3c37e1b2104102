"""Random data sets of a few small pairs, of every kind of file that people bring along, mostly sound; for hypothesis.

Sizes are (W, H).
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from pathlib import Path

from hypothesis import strategies as st
from mmengine.config import Config
from support.drawn_files import File

from fcn_plugin.configs import config_dir
from fcn_plugin.datatools.new.classes import Classes
from fcn_plugin.datatools.new.config_text import dataset_config

KNOWN_IDS = [0, 1, 2, 3, 7, 254, 255, 256, 300, 65535]  # ends of 8 and 16 bits, and where 16 bits wrap
NAMES = ["sea", "sand", "gull", "rock"]
LARGEST_SIZE = (40, 40)
SIZES = st.tuples(*(st.integers(1, side) for side in LARGEST_SIZE))
IMAGES = [
    *[(mode, "png") for mode in ("RGB", "L", "RGBA", "LA", "P", "1")],
    *[(mode, "jpg") for mode in ("RGB", "L", "CMYK")],
    *[(mode, "bmp") for mode in ("RGB", "L", "P", "1")],
    *[(mode, "tif") for mode in ("RGB", "CMYK", "P")],
    *[(mode, "webp") for mode in ("RGB", "RGBA")],
]
MASKS = [
    *[(mode, "png") for mode in ("L", "P", "1", "I;16")],
    *[(mode, "bmp") for mode in ("L", "P")],
    *[(mode, "tif") for mode in ("L", "I;16", "I")],
]
NO_IDS = {"colour": ("RGB", "png"), "lossy": ("L", "jpg")}
FAULTS = ["cut image", "cut mask", "turned", "size", "deep", "ids", *NO_IDS]
LARGEST = {"1": 1, "L": 255, "P": 255, "RGB": 255}  # id that a mode holds, else 65535


@dataclass(frozen=True)
class DrawnData:
    """Attributes: ``train``, ``val``, pairs of image and mask; ``num_classes``, the net's; ``sound``, no file has an error."""

    train: tuple[tuple[File, File], ...]
    val: tuple[tuple[File, File], ...]
    class_map: dict[int, str]
    ignore_ids: tuple[int, ...]
    num_classes: int | None
    sound: bool

    def write(self, root: Path) -> Config:
        """The files, and what tools/new_dataset.py would write as their config."""
        lists = {}
        for folder in ("images", "masks"):
            (root / folder).mkdir(parents=True)
        for split in ("train", "val"):
            lines = []
            for i, files in enumerate(getattr(self, split)):
                names = [f"{split}{i}.{file.suffix}" for file in files]
                for folder, name, file in zip(("images", "masks"), names, files, strict=True):
                    file.write(root / folder / name)
                lines.append("\t".join(names) + "\n")
            lists[split] = str(root / f"{split}.txt"), len(lines)
            (root / f"{split}.txt").write_text("".join(lines))
        text = dataset_config(
            "drawn",
            (config_dir() / "_base_").as_posix(),
            str(root / "images"),
            str(root / "masks"),
            lists,
            Classes(self.class_map, self.ignore_ids),
            [image.size for image, _ in self.train + self.val],
        )
        cfg = Config.fromstring(text, ".py")
        head = dict(type="FCNSkipHead", num_classes=self.num_classes)
        cfg.merge_from_dict(dict(model=dict(type="FCN", decode_head=head)))
        return cfg


@st.composite
def class_maps(draw) -> tuple[dict[int, str], tuple[int, ...]]:
    """Two to four classes, some of several ids, and other ids that are ignored."""
    ids = draw(st.lists(st.sampled_from(KNOWN_IDS), min_size=2, max_size=6, unique=True))
    names = draw(st.lists(st.sampled_from(NAMES), min_size=len(ids) - 2, max_size=len(ids) - 2))
    ignored = draw(st.sampled_from([(), (255,), (0, 255), (65535,)]))
    return dict(zip(ids, [*NAMES[:2], *names], strict=True)), tuple(id for id in ignored if id not in ids)


@st.composite
def _sound_pairs(draw, known: tuple[int, ...]) -> tuple[File, File]:
    """Images and masks that the check has no error for; the image may be turned by a quarter, its mask with it."""
    size, seeds = draw(SIZES), st.integers(0, 2**32 - 1)
    mode, suffix = draw(st.sampled_from(IMAGES))
    # a quarter turn that a square mask shares can't be told from one that it does not
    turns = [1] if suffix == "bmp" or size[0] == size[1] else [1, 1, 5, 6, 7, 8]
    image = File(mode, suffix, size, draw(seeds), draw(st.sampled_from(turns)))
    mask_mode, mask_suffix = draw(st.sampled_from([kind for kind in MASKS if holds(kind[0], known)]))
    ids = holds(mask_mode, known)
    shown = size if image.orientation == 1 else size[::-1]
    return image, File(mask_mode, mask_suffix, shown, draw(seeds), ids=draw(st.sampled_from([ids[:1], ids[-1:], ids])))


@st.composite
def _faulty_pairs(draw, known: tuple[int, ...]) -> tuple[File, File]:
    """Pairs with one or two things that may be wrong."""
    image, mask = draw(_sound_pairs(known))
    seeds = st.integers(0, 2**32 - 1)
    for fault in draw(st.lists(st.sampled_from(FAULTS), min_size=1, max_size=2, unique=True)):
        if fault == "cut image":
            image = replace(image, kept=draw(damage()))
        elif fault == "cut mask":
            mask = replace(mask, kept=draw(damage()))
        elif fault == "turned" and image.suffix != "bmp":
            image = replace(image, orientation=draw(st.integers(2, 8)))
        elif fault == "size":
            mask = replace(mask, size=draw(SIZES))
        elif fault == "deep":
            image = replace(image, mode="I;16", suffix=draw(st.sampled_from(["png", "tif"])), kept=None)
        elif fault == "ids":
            mask = replace(mask, ids=holds(mask.mode, (*KNOWN_IDS, 77)), seed=draw(seeds))
        elif fault in NO_IDS:
            mode, suffix = NO_IDS[fault]
            mask = replace(mask, mode=mode, suffix=suffix, ids=holds(mode, mask.ids) or (0,), kept=None)
    return image, mask


def holds(mode: str, ids: tuple[int, ...]) -> tuple[int, ...]:
    """The ids that a mask of a mode can hold."""
    return tuple(one for one in ids if one <= LARGEST.get(mode, 65535))


def damage() -> st.SearchStrategy:
    """What is left of a file: nothing, a share, or all but a few bytes."""
    return st.one_of(st.just(0.0), st.floats(0.1, 0.6), st.integers(1, 60))


@st.composite
def drawn_data(draw) -> DrawnData:
    """One to three pairs a split; about half of the data sets are sound."""
    class_map, ignore_ids = draw(class_maps())
    classes = len(set(class_map.values()))
    known = (*class_map, *ignore_ids)
    sound, pairs = draw(st.booleans()), _sound_pairs(known)
    if not sound:
        pairs = st.one_of(pairs, _faulty_pairs(known))
    splits = [draw(st.lists(pairs, min_size=1, max_size=3).map(tuple)) for _ in range(2)]
    num_classes = draw(st.sampled_from([classes] * 8 + [None, classes + 1]))
    return DrawnData(*splits, class_map, ignore_ids, num_classes, sound)
