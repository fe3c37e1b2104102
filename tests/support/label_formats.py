"""The same small scenes in the files of several label tools: a folder of images, and what the tool writes for them."""

import json
from pathlib import Path

import numpy as np
from PIL import Image

SIZE = WIDTH, HEIGHT = 64, 48
CLASSES = ("cat", "dog")
COLOURS = [(0, 0, 0), (200, 30, 30), (30, 200, 30)]
SPLITS = {"train": 4, "val": 2, "test": 2}


def boxes(i):
    """x0, y0, x1, y1 of a cat, and of a dog that never covers it."""
    return (4 + i, 6, 24 + i, 30), (40, 10 + i, 60 - i, 40)


def ids(i):
    """(H, W) uint8: 0 where there is nothing, 1 on the cat, 2 on the dog."""
    mask = np.zeros((HEIGHT, WIDTH), np.uint8)
    for index, (x0, y0, x1, y1) in enumerate(boxes(i), 1):
        mask[y0:y1, x0:x1] = index
    return mask


def corners(i):
    """The corners of the two, by label."""
    return {
        label: [(x0, y0), (x1, y0), (x1, y1), (x0, y1)]
        for label, (x0, y0, x1, y1) in zip(CLASSES, boxes(i), strict=True)
    }


def photo(path, i):
    """Noise that shows the mask: no two images are alike."""
    noise = np.random.default_rng(i).integers(0, 40, (HEIGHT, WIDTH, 3), dtype=np.uint8)
    save(path, np.array(COLOURS, np.uint8)[ids(i)] + noise)


def save(path, array):
    path.parent.mkdir(parents=True, exist_ok=True)
    Image.fromarray(array).save(path)


def write(path, text):
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text if isinstance(text, str) else json.dumps(text))


def scenes(splits=SPLITS):
    """Split, number in the whole, and name of every image."""
    parts = [split for split, count in splits.items() for _ in range(count)]
    return [(split, i, f"{split}_{i}") for i, split in enumerate(parts)]


def coco_content(numbered, file="{}.png"):
    """A COCO file of some scenes, with polygons."""
    images, annotations = [], []
    for i, name in numbered:
        images.append(dict(id=i, file_name=file.format(name), width=WIDTH, height=HEIGHT))
        for category, points in enumerate(corners(i).values(), 1):
            outline = [[float(value) for point in points for value in point]]
            annotations.append(dict(id=len(annotations), image_id=i, category_id=category, segmentation=outline))
    categories = [dict(id=0, name="pets"), *(dict(id=k, name=name) for k, name in enumerate(CLASSES, 1))]
    return dict(images=images, annotations=annotations, categories=categories)


def roboflow(root):
    """A folder for each split, with the images and ``_annotations.coco.json``."""
    for split in SPLITS:
        folder = root / {"val": "valid"}.get(split, split)
        numbered = [(i, name) for part, i, name in scenes() if part == split]
        for i, name in numbered:
            photo(folder / f"{name}.png", i)
        write(folder / "_annotations.coco.json", coco_content(numbered))
    return root, root


def coco(root):
    """``train2017/...`` and ``annotations/instances_train2017.json``, with a file of captions beside it."""
    for split in SPLITS:
        numbered = [(i, name) for part, i, name in scenes() if part == split]
        for i, name in numbered:
            photo(root / f"{split}2017/{name}.png", i)
        content = coco_content(numbered)
        write(root / f"annotations/instances_{split}2017.json", content)
        captions = dict(images=content["images"], annotations=[dict(image_id=0, id=1, caption="a cat")])
        write(root / f"annotations/captions_{split}2017.json", captions)
    return root, root / "annotations"


def labelme(root):
    """A JSON beside each image."""
    for split, i, name in scenes():
        photo(root / f"{split}/{name}.png", i)
        shapes = [dict(label=label, points=points, shape_type="polygon") for label, points in corners(i).items()]
        content = dict(shapes=shapes, imageWidth=WIDTH, imageHeight=HEIGHT, imagePath=f"{name}.png", imageData=None)
        write(root / f"{split}/{name}.json", content)
    return root, root


def yolo(root):
    """``images/train/a.png``, ``labels/train/a.txt`` and ``data.yaml``."""
    for split, i, name in scenes():
        photo(root / f"images/{split}/{name}.png", i)
        lines = [
            " ".join([str(k), *(f"{x / WIDTH:.6f} {y / HEIGHT:.6f}" for x, y in points)])
            for k, points in enumerate(corners(i).values())
        ]
        write(root / f"labels/{split}/{name}.txt", "\n".join(lines) + "\n")
    write(root / "data.yaml", f"path: .\ntrain: images/train\nnames:\n  0: {CLASSES[0]}\n  1: {CLASSES[1]}\n")
    return root, root


def cvat(root):
    """CVAT for images 1.1: ``annotations.xml`` beside a folder ``images``; the dog is a mask."""
    entries = []
    for split, i, name in scenes():
        photo(root / f"images/{name}.png", i)
        points = ";".join(f"{x},{y}" for x, y in corners(i)["cat"])
        x0, y0, x1, y1 = boxes(i)[1]
        dog = f'left="{x0}" top="{y0}" width="{x1 - x0}" height="{y1 - y0}" rle="0, {(x1 - x0) * (y1 - y0)}"'
        entries.append(
            f'<image id="{i}" name="{name}.png" subset="{split}" width="{WIDTH}" height="{HEIGHT}">'
            f'<polygon label="cat" source="manual" occluded="0" points="{points}" z_order="0"></polygon>'
            f'<mask label="dog" source="manual" occluded="0" {dog} z_order="0"></mask>'
            '<polyline label="cat" occluded="0" points="1,1;9,9" z_order="0"></polyline></image>'
        )
    labels = "".join(f"<label><name>{name}</name><attributes></attributes></label>" for name in CLASSES)
    tasks = "".join(f"<task><subset>{split}</subset></task>" for split in SPLITS)
    meta = f"<meta><project><labels>{labels}</labels><tasks>{tasks}</tasks></project></meta>"
    write(root / "annotations.xml", f"<annotations><version>1.1</version>{meta}{''.join(entries)}</annotations>")
    return root / "images", root


def label_me(root):
    """LabelMe 3's XML: ``Images/FOLDER`` and ``Annotations/FOLDER``."""
    for split, i, name in scenes():
        photo(root / f"Images/{split}/{name}.png", i)
        objects = "".join(
            f"<object><name>{label}</name><deleted>0</deleted><id>{k}</id><polygon>"
            + "".join(f"<pt><x>{x}</x><y>{y}</y></pt>" for x, y in points)
            + "</polygon></object>"
            for k, (label, points) in enumerate(corners(i).items())
        )
        head = f"<filename>{name}.png</filename><folder>{split}</folder>"
        write(root / f"Annotations/{split}/{name}.xml", f"<annotation>{head}{objects}</annotation>")
    return root / "Images", root


def voc_segmentation(root):
    """CVAT's Segmentation mask 1.1: colours of ``labelmap.txt``, and the names of each split."""
    colours = zip(("background", *CLASSES), COLOURS, strict=True)
    lines = [f"{label}:{','.join(map(str, colour))}::" for label, colour in colours]
    write(root / "labelmap.txt", "# label:color_rgb:parts:actions\n" + "\n".join(lines) + "\n")
    for split in SPLITS:
        names = [(i, name) for part, i, name in scenes() if part == split]
        for i, name in names:
            photo(root / f"JPEGImages/{name}.jpg", i)
            save(root / f"SegmentationClass/{name}.png", np.array(COLOURS, np.uint8)[ids(i)])
        write(root / f"ImageSets/Segmentation/{split}.txt", "".join(f"{name}\n" for _, name in names))
    return root / "JPEGImages", root


def ade20k2020(root):
    """Full ADE20K of 2020/21: a class in red and green of ``_seg.png``, and a JSON; the cat has a part."""
    numbers = {"cat": 403, "dog": 2561}
    for split, i, name in scenes(dict(training=6, validation=2)):
        place = root / split / "pets"
        photo(place / f"{name}.jpg", i)
        seg, part = np.zeros((2, HEIGHT, WIDTH, 3), np.uint8)
        for k, number in enumerate(numbers.values(), 1):
            seg[ids(i) == k] = number // 256 * 10, number % 256, k
        part[8:12, 8 + i : 12 + i] = 10, 1, 1
        save(place / f"{name}_seg.png", seg)
        save(place / f"{name}_parts_1.png", part)
        objects = [(0, "cat", 403, 0), (1, "dog", 2561, 0), (2, "ear", 257, 1)]
        entries = [
            dict(id=id, name_ndx=number, raw_name=label, name=label, attributes=[], occluded="no", crop=0)
            | dict(parts=dict(part_level=level), instance_mask=f"none/{id}.png", polygon=dict(x=[], y=[]))
            for id, label, number, level in objects
        ]
        write(place / f"{name}.json", dict(annotation=dict(object=entries)))
    return root, root


def mapillary_vistas(root):
    """Mapillary Vistas 2: 16 bits of class x 256 + instance."""
    for split, i, name in scenes(dict(training=6, validation=2)):
        photo(root / f"{split}/images/{name}.jpg", i)
        save(root / f"{split}/v2.0/instances/{name}.png", ids(i).astype(np.uint16) * 256 + ids(i))
    labels = [
        dict(name=f"animal--{label}", readable=label.title(), color=list(colour), evaluate=True, instances=True)
        for label, colour in zip(("none", *CLASSES), COLOURS, strict=True)
    ]
    write(root / "config_v2.0.json", dict(labels=labels, version="2.0"))
    return root, root


def coco_panoptic(root):
    """Segments in the colours of PNGs beside their JSON."""
    for split in SPLITS:
        images, annotations = [], []
        for i, name in [(i, name) for part, i, name in scenes() if part == split]:
            photo(root / f"images/{split}2017/{name}.png", i)
            colours = np.zeros((HEIGHT, WIDTH, 3), np.uint8)
            colours[..., 0] = ids(i) * 5
            save(root / f"annotations/panoptic_{split}2017/{name}.png", colours)
            images.append(dict(id=i, file_name=f"{name}.png", width=WIDTH, height=HEIGHT))
            segments = [dict(id=5 * k, category_id=k, area=9, bbox=[0, 0, 1, 1], iscrowd=0) for k in (1, 2)]
            annotations.append(dict(image_id=i, file_name=f"{name}.png", segments_info=segments))
        categories = [dict(id=k, name=name, isthing=1) for k, name in enumerate(CLASSES, 1)]
        content = dict(images=images, annotations=annotations, categories=categories)
        write(root / f"annotations/panoptic_{split}2017.json", content)
    return root / "images", root


def write_format(name, root):
    """Write the scenes as a format has them: the folder of images, and the one to give as ``--masks``."""
    return globals()[name](Path(root))
