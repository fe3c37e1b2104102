"""PASCAL-Context's ``.mat`` become PNGs of the 59 classes, which the configs read as the authors' and as MMSegmentation's."""

import tarfile

import numpy as np
import pytest
from mmseg.registry import DATASETS
from PIL import Image
from support.builders import init_default_scope
from support.configs import own_config
from support.context_trees import IDS, ROW, TRAIN, TREES, VAL, label_map, make_releases, write_mat
from support.refusals import refused

from fcn_plugin.datatools.pascal_context import build_context, find_releases

NAMES = sorted(IDS)
NAME_OF = {number: name for name, number in IDS.items()}
# facts of the published classes-59.txt, in the spelling of labels.txt
AUTHORS = {
    "aeroplane": 1,
    "table": 11,
    "dog": 12,
    "tvmonitor": 20,
    "bag": 21,
    "cloth": 28,
    "bedclothes": 52,
    "wood": 59,
}
FIRST = f"{TRAIN[0]}.mat"


@pytest.fixture
def trees(tmp_path):
    return make_releases(tmp_path)


@pytest.fixture(scope="module")
def built(tmp_path_factory):
    """(VOC 2010 tree with masks, report), to read."""
    trees = make_releases(tmp_path_factory.mktemp("context"))
    report = build_context(**trees, jobs=1)
    return trees["voc2010"], report


def first_row(name, voc2010, split="train"):
    """Labels of the first row that a net of this config trains on, void 255, and the data set."""
    cfg = own_config(name)
    init_default_scope("mmseg")
    entry = cfg[f"{split}_dataloader"].dataset
    entry.data_root = str(voc2010)
    entry.pipeline = [step for step in entry.pipeline if step.type in ("LoadImageFromFile", "FCNLoadAnnotations")]
    dataset = DATASETS.build(entry)
    return dataset[0]["gt_seg_map"][0, : len(ROW)].tolist(), dataset


def test_ids_of_files_follow_the_names_and_the_rest_is_background(built):
    voc2010, report = built
    assert {path.stem for path in (voc2010 / "SegmentationClassContext").iterdir()} == {*TRAIN, *VAL}
    with Image.open(voc2010 / "SegmentationClassContext" / f"{VAL[0]}.png") as png:
        assert png.mode == "P"
        found = np.asarray(png)
    index = {0: 0, 1: 0, 459: 0} | {number: 1 + NAMES.index(name) for name, number in IDS.items()}
    np.testing.assert_array_equal(found, np.vectorize(index.get)(label_map()))
    assert "warning: ImageSets/Main/train.txt: 2 images, the full release has 4998" in report


@pytest.mark.parametrize("split", ["train", "val", "test"])
def test_the_authors_order_at_the_pixel(built, split):
    labels, dataset = first_row("reference/fcn8s_vgg16_context", built[0], split)
    assert labels == [0, 0, 0, *(AUTHORS[NAME_OF[number]] for number in ROW[3:])]
    classes = dataset.metainfo["classes"]
    assert len(set(classes)) == 60
    assert [classes[place] for place in AUTHORS.values()] == list(AUTHORS)
    assert sorted(classes[1:]) == NAMES
    # colours stay with their names
    mmseg = DATASETS.get("PascalContextDataset").METAINFO
    assert list(dataset.metainfo["palette"][52]) == mmseg["palette"][mmseg["classes"].index("bedclothes")]


def test_without_background_it_is_void_and_the_rest_begins_at_0(built):
    labels, dataset = first_row("fcn8s_vgg16_context", built[0])
    assert labels == [255, 255, 255, *(NAMES.index(NAME_OF[number]) for number in ROW[3:])]
    assert list(dataset.metainfo["classes"]) == NAMES


def test_with_background_it_is_class_0(built):
    labels, dataset = first_row("fcn8s_vgg16_context60", built[0], "val")
    assert labels == [0, 0, 0, *(1 + NAMES.index(NAME_OF[number]) for number in ROW[3:])]
    assert list(dataset.metainfo["classes"]) == ["background", *NAMES]


def test_a_second_call_does_what_is_missing(trees):
    build_context(**trees, jobs=1)
    masks = trees["voc2010"] / "SegmentationClassContext"
    before = {path: (path.stat().st_mtime_ns, path.read_bytes()) for path in masks.iterdir()}
    lost = masks / f"{TRAIN[0]}.png"
    lost.unlink()
    report = build_context(**trees, jobs=1)
    assert f"{masks}: 1 masks written, 2 existed" in report
    assert lost.read_bytes() == before.pop(lost)[1]
    assert all((path.stat().st_mtime_ns, path.read_bytes()) == state for path, state in before.items())


@pytest.mark.parametrize(
    ("spoil", "code", "found"),
    [
        (lambda path: path.write_bytes(path.read_bytes()[:-20]), "mask-unreadable", "LabelMap"),
        (lambda path: path.unlink(), "file-missing", "1 of the 3 files"),
        (lambda path: write_mat(path, label_map()[1:]), "mask-size", "(47, 64)"),
        (lambda path: write_mat(path, label_map() + 1), "mask-ids", "ids 460 "),
        (lambda path: write_mat(path, label_map() - 1.0), "mask-ids", "ids -1 "),
        (lambda path: write_mat(path, label_map() + 0.5), "mask-ids", "ids 0.5, 1.5"),
        (
            lambda path: write_mat(path, {"other": label_map()}),
            "mask-unreadable",
            "not a matrix of real numbers: class 2",
        ),
    ],
    ids=["cut", "missing", "size", "stray", "negative", "fraction", "struct"],
)
def test_what_is_no_mask_is_named(trees, spoil, code, found):
    path = trees["context"] / "trainval" / FIRST
    spoil(path)
    with refused(code, found, TRAIN[0]):
        build_context(**trees, jobs=1)
    assert not (trees["voc2010"] / "SegmentationClassContext" / f"{TRAIN[0]}.png").exists()


def test_labels_that_lack_a_class(trees):
    path = trees["context"] / "labels.txt"
    path.write_text(path.read_text().replace(": table\n", ": desk\n"))
    with refused("class-file", path, "lacks the names table", "459 names"):
        build_context(**trees, jobs=1)


def test_blanks_in_names_do_not_count(trees):
    path = trees["context"] / "labels.txt"
    path.write_text(path.read_text().replace("pottedplant", "potted plant"))
    assert len(build_context(**trees, jobs=1)) == 3


def test_archives_are_found_and_extracted(tmp_path):
    make_releases(tmp_path / "source")
    data = tmp_path / "data"
    (data / "pascal-context").mkdir(parents=True)
    with tarfile.open(data / "VOCtrainval_03-May-2010.tar", "w") as tar:
        tar.add(tmp_path / "source" / TREES["voc2010"], TREES["voc2010"])
    with tarfile.open(data / "pascal-context/trainval.tar.gz", "w:gz") as tar:
        for part in ("trainval", "labels.txt"):
            tar.add(tmp_path / "source" / TREES["context"] / part, f"./{part}")
    found = find_releases(None, None, data)
    assert found == {name: data / folder for name, folder in TREES.items()}
    assert (found["context"] / "trainval" / FIRST).is_file()
    assert (found["voc2010"] / "ImageSets/Main/val.txt").is_file()


def test_missing_releases_are_asked_for_by_file_link_and_place(tmp_path):
    voc, context = tmp_path / "VOCtrainval_03-May-2010.tar", tmp_path / "pascal-context/trainval.tar.gz"
    with refused("dataset-missing", f"no PASCAL VOC 2010 and PASCAL-Context in {tmp_path}") as error:
        find_releases(None, None, tmp_path)
    first, second = error.value.message.splitlines()[1:]
    assert first.startswith(f"  {voc} from http")
    assert first.endswith("VOCtrainval_03-May-2010.tar, or --voc2010 PATH")
    assert (
        second
        == f"  {context} from https://www.cs.stanford.edu/~roozbeh/pascal-context/trainval.tar.gz, or --context PATH"
    )


def test_labels_without_masks_are_no_release(trees):
    (trees["context"] / "labels.txt").unlink()
    with refused("dataset-missing", f"no PASCAL-Context at {trees['context']}", "trainval, labels.txt"):
        find_releases(str(trees["voc2010"]), str(trees["context"]), trees["context"])
