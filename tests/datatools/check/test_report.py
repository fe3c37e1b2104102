"""The report: blocks, numbers, what comes next."""

import json

import numpy as np
import pytest

from fcn_plugin.data.class_map import ClassMap
from fcn_plugin.data.problems import KINDS, Problem
from fcn_plugin.datatools.check.crop import Crop
from fcn_plugin.datatools.check.report import KEPT, Findings, Report, size_statistics
from fcn_plugin.datatools.check.splits import Source, Split, pack
from fcn_plugin.datatools.check.tally import Tally

NEXT = "python tools/train.py config.py"


@pytest.fixture
def report():
    """Two images of 3 sea and 1 sand pixel each."""
    names = pack(["a", "b"])
    classes = ClassMap.of({0: "sea", 1: "sand"}, ())
    crop = Crop((2, 2), ((1, 1), (4, 4)))
    tally = Tally(Split("train", (Source(names, names, classes, crop=crop),)), {})
    tally.pixels[:], tally.images[:], tally.seen[:] = [6, 2], 2, 8
    tally.sizes[:] = 2
    return Report([tally], Findings(), "sheet.png")


def lines(report, **options):
    return report.text(NEXT, **options).splitlines()


def test_names_of_strangers_are_escaped_and_cut(report):
    report.tallies[0].class_map = ClassMap.of({0: "\x1b[2Jsea", 1: "sand\n" * 10**6}, ())
    report.findings.add([Problem("mask-ids", "a\x1b[2J\n.png", "id 1")])
    text = report.text(NEXT)
    assert "  a\\x1b[2J\\n.png: id 1\n" in text
    assert "| \\x1b[2Jsea " in text
    assert "\x1b" not in text
    assert max(map(len, text.splitlines())) < 3000


def test_a_clean_data_set(report):
    assert report.exit_code() == report.exit_code(strict=True) == 0
    text = lines(report)
    assert text[0] == "train: 2 images of 2 x 2"
    assert text[1].startswith("2 images may be resized to less than the crop")
    assert any(row.split("|")[1:4] == [" sand  ", "      2 ", "   25.00 "] for row in text if row.startswith("| sand"))
    assert text[-4:-2] == ["model = dict(decode_head=dict(loss_decode=dict(class_weight=[0.667, 2])))", ""]
    assert text[-2:] == ["checked 2 images: 0 errors, 0 warnings; pictures in sheet.png", f"next: {NEXT}"]


def test_problems_are_shortened(report):
    report.findings.add(Problem("mask-void", f"{i}.png", "all 4 px are ignored") for i in range(7))
    report.findings.add([Problem("mask-ids", "b.png", "id 7 (1 px)")])
    assert lines(report)[:13] == [
        f"error: [mask-ids] {KINDS['mask-ids'].title} (1)",
        "  b.png: id 7 (1 px)",
        f"  -> {KINDS['mask-ids'].remedy}",
        "",
        f"warning: [mask-void] {KINDS['mask-void'].title} (7)",
        *(f"  {i}.png: all 4 px are ignored" for i in range(5)),
        "  and 2 more: --all shows them",
        f"  -> {KINDS['mask-void'].remedy}",
        "",
    ]
    assert lines(report)[-2:] == [
        "checked 2 images: 1 error, 7 warnings; pictures in sheet.png",
        "correct the errors, then check again",
    ]
    assert "  6.png: all 4 px are ignored" in lines(report, everything=True)


def test_more_than_are_kept(report):
    report.findings.add(Problem("mask-void", f"{i}.png", "x") for i in range(1002))
    assert "  and 997 more: --all shows 1000 of them" in lines(report)
    assert "  and 2 more" in lines(report, everything=True)


@pytest.mark.parametrize(
    ("codes", "strict", "expected"),
    [
        (["mask-void"], False, 0),
        (["mask-void"], True, 1),
        (["mask-ids"], False, 2),
        (["mask-ids", "mask-void"], True, 2),
    ],
)
def test_exit_codes(report, codes, strict, expected):
    report.findings.add(Problem(code, "a.png", "x") for code in codes)
    assert report.exit_code(strict) == expected


def test_findings_come_in_the_order_of_the_table_errors_first():
    findings = Findings()
    findings.add(Problem(code, "a.png", "x") for code in reversed(KINDS))
    assert [code for code, _, _ in findings] == list(KINDS)
    errors = [code for code in KINDS if KINDS[code].severity == "error"]
    assert list(KINDS)[: len(errors)] == errors
    assert findings.count("error") == len(errors)
    assert findings.count("warning") == len(KINDS) - len(errors)


def test_all_findings_are_counted_and_the_first_thousand_kept():
    findings = Findings()
    findings.add(Problem("mask-ids", f"{i}.png", "x") for i in range(KEPT + 3))
    ((code, count, kept),) = findings
    assert (code, count) == ("mask-ids", 1003)
    assert [problem.path for problem in kept] == [f"{i}.png" for i in range(1000)]
    assert findings.count("error") == 1003


def test_for_programs(report):
    report.findings.add([Problem("mask-ids", "b.png", "id 7 (1 px)")])
    found = json.loads(json.dumps(report.as_dict()))
    assert found == dict(
        images=2,
        errors=1,
        warnings=0,
        sheet="sheet.png",
        problems=[
            dict(
                code="mask-ids",
                severity="error",
                title=KINDS["mask-ids"].title,
                remedy=KINDS["mask-ids"].remedy,
                count=1,
                files=[dict(path="b.png", found="id 7 (1 px)")],
            )
        ],
        splits=dict(
            train=dict(
                images=2,
                sizes=dict(smallest=[2, 2], median=[2, 2], largest=[2, 2], different=1),
                bands=None,
                smaller_than_crop_at_times=2,
                classes=[
                    dict(name="sea", pixels=6, share=0.75, images=2, weight=pytest.approx(2 / 3)),
                    dict(name="sand", pixels=2, share=0.25, images=2, weight=2.0),
                ],
            )
        ),
    )


def test_nothing_labelled(report):
    (tally,) = report.tallies
    tally.pixels[:] = tally.images[:] = tally.seen[:] = tally.sizes[:] = 0
    assert lines(report)[:2] == ["train: 2 images", "no labelled pixels"]
    assert report.as_dict()["splits"]["train"]["classes"][0] == dict(name="sea", pixels=0, share=0, images=0, weight=1)


def test_sizes():
    sizes = np.array([(0, 0), (9, 1), (2, 2), (5, 5), (50000, 50000), (2, 2), (3, 3)])
    expected = dict(smallest=[2, 2], median=[9, 1], largest=[50000, 50000], different=5)
    assert size_statistics(sizes) == expected
    assert size_statistics(sizes[:1]) == {}


def test_several_sizes(report):
    report.tallies[0].sizes[1] = (30, 20)
    assert lines(report)[0] == "train: 2 images of 2 sizes: smallest 2 x 2, median 2 x 2, largest 30 x 20"
