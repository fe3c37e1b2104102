"""COCO, labelme and class files from strangers: each is read, or refused by a UserError that names the file; fast and small."""

import base64
import copy
import io
import json
import random
import time
import tracemalloc
import zlib

import numpy as np
import pytest
from PIL import Image
from support.refusals import refused

from fcn_plugin.data.classes_file import read_classes
from fcn_plugin.datatools.new.files import Pairs
from fcn_plugin.datatools.new.shapes.coco import load_coco, read_coco
from fcn_plugin.datatools.new.shapes.coco_pairs import pair_coco
from fcn_plugin.datatools.new.shapes.labelme import read_labelme
from fcn_plugin.datatools.new.shapes.yolo import read_yolo
from fcn_plugin.errors import UserError

SIZE = (6, 4)
SQUARE = [[1, 1], [4, 1], [4, 3], [1, 3]]
CODES = {"annotation-file", "class-file", "mask-size", "mask-unpaired", "image-unpaired", "classes-count"}


def png(array, format="PNG"):
    file = io.BytesIO()
    Image.fromarray(array).save(file, format)
    return file.getvalue()


def png_of(width, height):
    """A PNG of a few bytes that claims a size."""

    def chunk(kind, data):
        return len(data).to_bytes(4, "big") + kind + data + zlib.crc32(kind + data).to_bytes(4, "big")

    header = width.to_bytes(4, "big") + height.to_bytes(4, "big") + bytes([8, 0, 0, 0, 0])
    return (
        b"\x89PNG\r\n\x1a\n"
        + chunk(b"IHDR", header)
        + chunk(b"IDAT", zlib.compress(b"\0" * 1000))
        + chunk(b"IEND", b"")
    )


def text64(data):
    return base64.b64encode(data).decode()


COCO = dict(
    images=[dict(id=i, file_name=f"{i}.png", width=6, height=4) for i in range(2)],
    categories=[dict(id=3, name="dog"), dict(id=1, name="cat")],
    annotations=[
        dict(id=1, image_id=0, category_id=3, segmentation=[[0, 0, 2, 0, 2, 2, 0, 2]], area=4),
        dict(id=2, image_id=1, category_id=1, segmentation=dict(size=[4, 6], counts=[23, 1]), area=1),
        dict(id=3, image_id=1, category_id=1, segmentation=dict(size=[4, 6], counts="g01"), area=1),
    ],
)
LABELME = dict(
    shapes=[
        dict(label="road", points=SQUARE, shape_type="polygon"),
        dict(label="car", points=SQUARE[:2], shape_type="rectangle"),
        dict(label="sun", points=SQUARE[:2], shape_type="circle"),
        dict(label="way", points=SQUARE, shape_type="linestrip"),
        dict(label="sea", points=[[1, 1], [4, 3]], shape_type="mask", mask=text64(png(np.eye(3, dtype=np.uint8)))),
    ],
    imageWidth=6,
    imageHeight=4,
)
CSV = 'id,name,red,green,blue\n0,sea,0,0,255\n7,sand,1,2,3\n9,"a, b",4,5,6\n'
YOLO = "0 0.1 0.1 0.9 0.1 0.5 0.9\n1 0.5 0.5 0.2 0.2\n"
NAMES = "sea\nsand\na b\n"
DEEP = "[" * 900 + "]" * 900  # of which "DEEP" is a sign
VALUES = [
    *(
        float("nan"),
        float("inf"),
        float("-inf"),
        1e308,
        -1e308,
        1e10,
        2**31,
        2**70,
        -1,
        0,
        0.5,
        True,
        None,
        "",
        "x",
        "\ud800",
    ),
    *("{{$HOME:x}}", "a\nb", "\x1b[2J", "x" * 5000, [], {}, [[]], [1, 2], [["a", "b"]] * 3, {"a": 1}, [None], "DEEP"),
    *("o" * 5000, "_" * 9, "\x7f\x80", [2**31, 2**31], [24], [-1, 25], [12.0, 12.0], dict(size=[4, 6], counts=["24"])),
    *(
        text64(png_of(2**31 - 1, 2**31 - 1)),
        text64(png_of(13_000, 13_000)),
        text64(png_of(6, 4)),
        text64(b"%!PS-Adobe"),
        "????",
    ),
    *(text64(png(np.zeros((4, 6, 3), np.uint8))), text64(png(np.eye(3, dtype=np.uint8))[:50])),
]


def places(value, found):
    """Every container of the content with each of its keys."""
    for key in value if isinstance(value, dict) else range(len(value)):
        found.append((value, key))
        if isinstance(value[key], (dict, list)):
            places(value[key], found)
    return found


def mutated(rng, content):
    """The bytes of a file with one to three faults: in its structure, or in its text."""
    content = copy.deepcopy(content)
    if not isinstance(content, str):
        for _ in range(rng.randint(1, 3)):
            holder, key = rng.choice(places(content, [])) if content else (content, None)
            if rng.random() < 0.7:
                holder[key] = copy.deepcopy(rng.choice(VALUES))
            elif holder:
                del holder[key]
        content = json.dumps(content).replace('"DEEP"', DEEP)
        if rng.random() < 0.8:
            return content.encode()
    data = bytearray(content, "utf-8")
    for _ in range(rng.randint(0, 3)):
        i = rng.randrange(len(data) + 1)
        hostile = (
            b"",
            b"\0",
            b"\xff",
            b"\r",
            b'"',
            b",",
            b"\xe2\x80\xa8",
            b"9" * 5000,
            b"y" * 140_000,
            b"[" * 5000,
            b"NaN",
        )
        data[i : i + rng.randint(0, 5)] = rng.choice(hostile)
    wrap = rng.choice([lambda text: text] * 5 + [lambda text: text.decode("latin1").encode("utf-16")])
    return wrap(
        bytes(rng.choice([b"", b"", b"\xef\xbb\xbf"]) + data)[: rng.choice([None, None, rng.randrange(len(data) + 1)])]
    )


@pytest.fixture
def read(photos, here):
    """``read(kind, data)``: write a file, and read and draw everything in it."""
    seen = photos("0.png", "1.png", size=SIZE)

    def coco(path):
        loaded = load_coco(path)
        _, ids = pair_coco([loaded], {"0": "0.png", "1": "1.png"}, here / "photos", False)
        return [draw() for draw in read_coco([loaded], ids, seen, boxes=True).draw]

    def labelme(path):
        return [draw() for draw in read_labelme(seen[:1], [path], line_width=2.0).draw]

    def yolo(path):
        (here / "data.yaml").write_text("names: [cat, dog]\n")
        pairs = Pairs(["0"], ["0.png"], [path.name], [])
        return [draw() for draw in read_yolo(here, pairs, seen[:1], boxes=True).draw]

    readers = dict(
        coco=coco,
        labelme=labelme,
        yolo=yolo,
        classes=lambda path: [*map(str.isprintable, read_classes(path)[0].values())],
    )

    def of(kind, data):
        path = here / f"hostile.{kind}"
        path.write_bytes(data)
        return readers[kind](path)

    return of


@pytest.mark.parametrize(
    ("kind", "content", "count"),
    [
        ("coco", COCO, 300),
        ("labelme", LABELME, 300),
        ("yolo", YOLO, 150),
        ("classes", CSV, 150),
        ("classes", NAMES, 150),
    ],
)
@pytest.mark.filterwarnings("error")
def test_mutated_files(read, kind, content, count):
    rng, ends, start = random.Random(16), dict.fromkeys(("read", *CODES), 0), time.process_time()
    read(kind, (content if isinstance(content, str) else json.dumps(content)).encode())
    for _ in range(count):
        data = mutated(rng, content)
        try:
            results = read(kind, data)
        except UserError as error:
            assert "hostile." in error.message or error.code == "classes-count", data
            assert error.message.replace("\n", "").isprintable()
            ends[error.code] += 1
        else:
            assert all(result is True or result.shape == SIZE[::-1] for result in results), data
            ends["read"] += 1
    assert ends["read"] > 10 and count - ends["read"] > count / 3, ends
    assert time.process_time() - start < 20


def coco_with(**entry):
    return json.dumps(COCO | dict(annotations=[dict(id=8, image_id=0, category_id=1, **entry)]))


def labelme_with(points=SQUARE, **shape):
    return json.dumps(dict(shapes=[dict(label="car", points=points, **shape)]))


BOMBS = {
    "coco": [
        coco_with(segmentation=dict(size=[2**31, 2**31], counts=[2**62])),
        coco_with(segmentation=dict(size=[4, 6], counts=[0] * 9 + [2**40])),
        coco_with(segmentation=dict(size=[4, 6], counts=[12.0, 12.0])),
        coco_with(segmentation=dict(size=[4, 6], counts="o" * 1_000_000)),  # one number of five million bits
        coco_with(segmentation=[[0, 0, 1e308, 0, 1e308, 1e308]]),
        coco_with(segmentation=[[0, 0, float("nan"), 0, 1, 1]]),
        "[" * 1_000_000,
        '{"a":' * 1_000_000,
    ],
    "labelme": [
        labelme_with(shape_type="mask", mask=text64(png_of(2**31 - 1, 2**31 - 1))),
        labelme_with(shape_type="mask", mask=text64(png_of(13_000, 13_000))),
        labelme_with(shape_type="mask", mask=text64(b"%!PS-Adobe-3.0 EPSF-3.0\n%%BoundingBox: 0 0 6 4\n")),
        labelme_with(shape_type="mask", mask=text64(png(np.ones((4, 7), np.uint8)))),
        labelme_with([[0, 0], [float("inf"), 0]], shape_type="circle"),
        labelme_with([[float("-inf"), 0], [2, 2]], shape_type="mask", mask=text64(png(np.eye(3, dtype=np.uint8)))),
        *(labelme_with(shape_type="DEEP").replace('"DEEP"', "[" * n + "]" * n) for n in (700, 850, 900, 950, 1000)),
    ],
    "classes": [
        "id,name\n0," + "y" * 140_000,
        "id,name\n" + "9" * 140_000 + ",sea\n",
        "id,name\n" + "9" * 6_000 + ",sea\n",
        'id,name\n0,"' + "sea\n" * 100_000,
        "y" * 5_000_000,
        "\n".join(map(str, range(100_000))) + "\n\nx",
        "sea\x0csand\nice",
        "sea\u2028sand\nice",
    ],
}


@pytest.mark.parametrize(
    ("kind", "text"), [(kind, text) for kind, texts in BOMBS.items() for text in texts], ids=lambda x: x[:9]
)
def test_bombs(read, kind, text):
    """In bounded memory and time, by the size of the file."""
    data, code, start = text.encode(), "class-file" if kind == "classes" else "annotation-file", time.process_time()
    tracemalloc.start()
    try:
        with refused(code, f"hostile.{kind}"):
            read(kind, data)
        assert tracemalloc.get_traced_memory()[1] < 20_000_000 + 8 * len(data)
    finally:
        tracemalloc.stop()
    assert time.process_time() - start < 3


def test_large_canvas_in_little_memory():
    """A header of a few bytes may claim a hundred million pixels: drawing takes a byte for each, no floats."""
    from fcn_plugin.datatools.new.shapes.draw import Shape, draw_shapes

    tracemalloc.start()
    try:
        assert draw_shapes((4000, 3000), [Shape(1, "circle", (2000, 1500, 1e9))]).all()
        assert tracemalloc.get_traced_memory()[1] < 2 * 4000 * 3000
    finally:
        tracemalloc.stop()


def test_an_image_that_claims_more_than_it_holds(tmp_path):
    from support.damaged_images import png_of_rows

    from fcn_plugin.datatools.new.files import read_image

    (tmp_path / "claim.png").write_bytes(png_of_rows(0, 13000, 13000))
    with refused("image-unreadable", tmp_path / "claim.png"):
        read_image(tmp_path / "claim.png")


def test_runs_take_no_memory_of_their_own():
    from fcn_plugin.datatools.new.shapes.draw import Shape, draw_shapes

    tracemalloc.start()
    try:
        assert draw_shapes((4000, 3000), [Shape(1, "runs", [0, 12_000_000])] * 9).all()
        assert tracemalloc.get_traced_memory()[1] < 2 * 4000 * 3000
    finally:
        tracemalloc.stop()
