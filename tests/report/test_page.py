"""The page and the tables of made-up findings: right numbers, names as text, any number of classes, what is absent."""

import csv
import re
from html.parser import HTMLParser
from types import SimpleNamespace

import numpy as np
import pytest
from PIL import Image

from fcn_plugin.data.palette import voc_palette
from fcn_plugin.evaluation.limits.metric import FCNLimits
from fcn_plugin.report.confusion import confusion_picture, worst_confusions
from fcn_plugin.report.gather import FCNReport, Findings
from fcn_plugin.report.images import Examples, ImageCounts
from fcn_plugin.report.pictures import WRONG, errors
from fcn_plugin.report.write import FILES, write_report

EVIL = '<script>alert("1")</script>'


class Reader(HTMLParser):
    """The cells of each table, and how often each tag occurs."""

    def __init__(self, text):
        super().__init__()
        self.tables, self.tags, self.cell = [], [], False
        self.feed(text)

    def handle_starttag(self, tag, attributes):
        self.tags.append(tag)
        if tag == "table":
            self.tables.append([])
        elif tag == "tr":
            self.tables[-1].append([])
        elif tag in ("td", "th"):
            self.tables[-1][-1].append("")
        self.cell = tag in ("td", "th") or (self.cell and tag in ("button", "span", "i"))

    def handle_endtag(self, tag):
        self.cell = self.cell and tag not in ("td", "th")

    def handle_data(self, data):
        if self.cell:
            self.tables[-1][-1][-1] += data


def written(folder, classes, matrices, confidence=None):
    """Files of a report on one image per matrix, each of 4 x 3 pixels on the disk; (reader of the page, its text)."""
    report, limits = FCNReport(worst=2, best=1), FCNLimits()
    for metric in (report, limits):
        metric.dataset_meta = {"classes": classes}
    examples, images = Examples(2, 1), []
    for number, matrix in enumerate(matrices):
        path = folder / "images" / f"{number} & co.png"
        path.parent.mkdir(exist_ok=True)
        Image.new("RGB", (4, 3)).save(path)
        images.append(ImageCounts.of_matrix(str(path), np.asarray(matrix)))
        if not np.isnan(images[-1].mean_iou):
            examples.offer(images[-1].rank, lambda: (np.uint8([[0, 1, 255, 1]] * 3), np.zeros((3, 4), np.uint8)))
    report.findings = Findings(np.sum(matrices, 0), images, examples, confidence)
    limits.last = np.zeros(limits.shape, np.int64)
    meta = dict(classes=classes, palette=voc_palette()[: len(classes)])
    dataset = SimpleNamespace(metainfo=meta, data_prefix=dict(img_path=str(folder / "images")))
    files = write_report(folder, "a net", {"checkpoint": EVIL}, [report, limits], dataset)
    assert [path.name for path in files] == list(FILES)
    text = files[0].read_text()
    return Reader(text), text


def rows(path):
    return list(csv.reader(path.read_text().splitlines()))


GOOD, BAD = [[8, 0, 0], [0, 4, 0], [0, 0, 0]], [[3, 5, 0], [2, 2, 0], [0, 0, 0]]


@pytest.fixture(scope="module")
def page(tmp_path_factory):
    folder = tmp_path_factory.mktemp("page")
    confidence = np.zeros((3, 15), np.int64)
    confidence[:, 14] = 24, 17, 24 << 24
    reader, text = written(folder, ("sky", EVIL, "boat"), [GOOD, BAD], confidence)
    return reader, text, folder


def test_the_table_of_classes(page):
    head, *body = page[0].tables[0]
    assert head == ["class", "IU", "accuracy (recall)", "precision", "Dice (F1)", "boundary IoU", "% of pixels"]
    assert body == [
        # sky: 11 right, 16 true, 13 predicted; the other: 6, 8, 11
        ["sky", "61.1", "68.8", "84.6", "75.9", "-", "66.7"],
        [EVIL, "46.2", "75.0", "54.5", "63.2", "-", "33.3"],
        ["boat", "-", "-", "-", "-", "-", "0.0"],
    ]


def test_the_scores(page):
    cards = dict(re.findall("<dt>(.*?), %</dt><dd>(.*?)</dd>", page[1]))
    assert cards == {
        "mean IU": f"{100 * (11 / 18 + 6 / 13) / 2:.2f}",
        "pixel acc": f"{100 * 17 / 24:.2f}",
        "mean acc": f"{100 * (11 / 16 + 6 / 8) / 2:.2f}",
        "f.w. IU": f"{100 * (11 / 18 * 16 + 6 / 13 * 8) / 24:.2f}",
        "mean IU of images": f"{100 * (1 + (3 / 10 + 2 / 9) / 2) / 2:.2f}",
        "boundary IoU": "-",
        "calibration error": f"{100 * 7 / 24:.2f}",
    }


def test_the_worst_image_is_first_with_its_classes(page):
    first, second = re.findall("<figcaption><b>(.*?)</figcaption>", page[1])
    assert first.startswith("1 &amp; co.png</b> mean IU 26.1 %, 41.7 % of pixels right; lowest: &lt;script&gt;")
    assert first.endswith("22.2; sky 30.0")
    assert second == "0 &amp; co.png</b> mean IU 100.0 %, 100.0 % of pixels right"


def test_names_are_text_and_nothing_is_fetched(page):
    reader, text, _ = page
    assert reader.tags.count("script") == 1
    assert re.findall(r"""(?:src|href)=["']([^#"']{5})""", text) == ["data:"] * 8
    assert "default-src 'none'" in text
    assert not re.search("nan|url\\(|@import", text.replace("dominant", ""))


def test_the_tables_as_csv(page):
    folder = page[2]
    classes, images, confusion = (rows(folder / name) for name in FILES[1:])
    assert dict(zip(classes[0], classes[1], strict=True)) == {
        **{"class": "sky", "pixels": "16", "IU": "0.611111", "accuracy": "0.687500", "precision": "0.846154"},
        **{"Dice": "0.758621", "share of truth": "0.666667", "share of prediction": "0.541667"},
        **{"boundary IoU": "", "boundary F1": ""},
    }
    assert images == [
        ["image", "mean IU", "pixel accuracy", "pixels", "IU sky", f"IU {EVIL}", "IU boat"],
        ["1 & co.png", "0.261111", "0.416667", "12", "0.300000", "0.222222", ""],
        ["0 & co.png", "1.000000", "1.000000", "12", "1.000000", "1.000000", ""],
    ]
    assert confusion == [
        ["true class", "sky", EVIL, "boat"],
        ["sky", "11", "5", "0"],
        [EVIL, "2", "6", "0"],
        ["boat", "0", "0", "0"],
    ]


def test_nothing_labelled(tmp_path):
    reader, text = written(tmp_path, ("sky", "road"), [np.zeros((2, 2), np.int64)])
    assert reader.tables[0][1][1:] == ["-", "-", "-", "-", "-", "0.0"]
    assert ">nan" not in text
    assert "label maps without probabilities" in text
    assert rows(tmp_path / "report_images.csv")[1] == ["0 & co.png", "", "", "0", "", ""]


@pytest.mark.parametrize("count", [2, 60])
def test_a_matrix_of_any_number_of_classes(count):
    matrix = np.full((count, count), 5)
    picture = confusion_picture(matrix, [f"class {i}" for i in range(count)])
    assert picture.count('class="hit"') == count
    assert picture.count('class="miss"') == count * (count - 1)
    assert picture.count(">class 1</text>") == 2
    width = int(re.search('width="([0-9]+)"', picture)[1])
    assert width < 1100
    assert (">50</text>" in picture) == (count == 2)


def test_the_most_wrong_pixels_by_hand():
    matrix = np.array([[90, 10, 0], [0, 5, 20], [3, 0, 0]])
    assert worst_confusions(matrix) == [(1, 2, 20, 0.8), (0, 1, 10, 0.1), (2, 0, 3, 1.0)]


def test_errors_are_red_but_not_in_void():
    drawn = errors(np.zeros((1, 3, 3), np.uint8), np.uint8([[0, 1, 255]]), np.uint8([[0, 0, 0]]))
    assert drawn[0, 0].tolist() == [96, 96, 96]
    assert abs(drawn[0, 1] - np.array(WRONG)).max() < 60
    assert drawn[0, 2].tolist() == [224, 224, 192]
