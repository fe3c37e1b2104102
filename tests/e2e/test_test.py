"""Evaluating the trained net: the scores of its last validation, the masks behind them, panels, and flips averaged."""

import json

import numpy as np
import pytest
import torch
from mmseg.datasets import PascalVOCDataset
from PIL import Image
from support.processes import forget_runs
from support.refusals import tool_refused

from fcn_plugin.commands.test import test as evaluate
from fcn_plugin.configs import get_config
from fcn_plugin.data.palette import voc_palette
from fcn_plugin.evaluation.confusion import SCORE_NAMES
from fcn_plugin.evaluation.limits.metric import FCNLimits

VOC_CLASSES = PascalVOCDataset.METAINFO["classes"]


@pytest.fixture(scope="module")
def evaluated(trained, tmp_path_factory):
    """(scores, folder of scores, masks and panels) of the trained net."""
    folder = tmp_path_factory.mktemp("evaluated")
    cfg = get_config(str(trained.config))
    cfg.work_dir = str(folder)
    outputs = dict(masks=str(folder / "masks"), pictures=str(folder / "panels"))
    scores = evaluate(cfg, str(trained.best), **outputs, limits=True)
    forget_runs()
    return scores, folder


def val_names(data):
    return (data / "ImageSets/Segmentation/val.txt").read_text().split()


def masks_in(folder, names):
    return [np.asarray(Image.open(folder / f"{name}.png")) for name in names]


def test_scores_are_those_of_the_last_validation(trained, evaluated):
    scores, folder = evaluated
    record = json.loads((folder / "metrics.json").read_text())
    assert record == json.loads((trained.work_dir / "metrics.json").read_text())
    assert {name: scores[name] for name in SCORE_NAMES} == {name: 100 * record[name] for name in SCORE_NAMES}
    assert np.array_equal(np.load(folder / "confusion.npy"), np.load(trained.work_dir / "confusion.npy"))


def test_masks_are_what_the_scores_were_counted_from(evaluated, data):
    _, folder = evaluated
    counts = np.zeros(21 * 21, np.int64)
    truths = masks_in(data / "SegmentationClass", val_names(data))
    for truth, mask in zip(truths, masks_in(folder / "masks", val_names(data)), strict=True):
        labelled = truth != 255
        counts += np.bincount(21 * truth[labelled].astype(int) + mask[labelled], minlength=21 * 21)
    assert np.array_equal(counts.reshape(21, 21), np.load(folder / "confusion.npy"))


def test_limits_are_measured_on_the_same_masks(evaluated, data, tmp_path):
    scores, folder = evaluated
    metric = FCNLimits(out_dir=str(tmp_path))
    metric.dataset_meta = {"classes": VOC_CLASSES}
    pairs = [masks_in(place, val_names(data)) for place in (data / "SegmentationClass", folder / "masks")]
    for truth, guess in zip(*pairs, strict=True):
        maps = {"gt_sem_seg": truth, "pred_sem_seg": guess}
        metric.process({}, [{name: {"data": torch.tensor(each)[None]} for name, each in maps.items()}])
    found = metric.evaluate(3)
    assert found == {name: value for name, value in scores.items() if name not in SCORE_NAMES}
    assert (folder / "limits.json").read_text() == (tmp_path / "limits.json").read_text()


def test_masks_are_palette_pngs(evaluated, data):
    _, folder = evaluated
    assert sorted(path.stem for path in (folder / "masks").iterdir()) == sorted(val_names(data))
    for name in val_names(data):
        mask = Image.open(folder / "masks" / f"{name}.png")
        assert (mask.format, mask.mode, mask.size) == ("PNG", "P", (64, 64))
        assert np.asarray(mask).max() < 21
        assert mask.getpalette()[: 3 * 21] == voc_palette().ravel().tolist()[: 3 * 21]


def test_panels_show_image_truth_and_prediction(evaluated, data):
    _, folder = evaluated
    assert sorted(path.stem for path in (folder / "panels").iterdir()) == sorted(val_names(data))
    for name in val_names(data):
        panel = np.asarray(Image.open(folder / "panels" / f"{name}.png"))
        mask = np.asarray(Image.open(folder / "masks" / f"{name}.png").convert("RGB"))
        scale = (panel.shape[1] - 8) // (3 * 64)  # two gaps of 4 px between three tiles
        assert panel.shape[1] == 3 * 64 * scale + 8
        shown = panel[-64 * scale :, -64 * scale :]
        assert np.array_equal(shown[::scale, ::scale], mask)


def test_a_split_without_masks_is_predicted(trained, evaluated, tool, data, tmp_path):
    names = val_names(data)
    config = tmp_path / "nomask.py"
    folders = "dict(_delete_=True, img_path='JPEGImages')"
    config.write_text(
        f"_base_ = {str(trained.config)!r}\ntest_dataloader = dict(dataset=dict(data_prefix={folders}))\n"
    )
    words = (config, trained.best, "--work-dir", tmp_path / "work")
    tool_refused(tool("test", *words), tmp_path / "work", "config-data", config, "seg_map_path", "--out DIR")
    tool_refused(tool("test", *words, "--limits", "--out", tmp_path / "no"), tmp_path / "work", "config-data", config)
    done = tool("test", *words, "--out", tmp_path / "masks", "--show-dir", tmp_path / "panels")
    assert (done.code, done.err) == (0, "")
    assert "no scores, only predictions: the test split has no masks" in done.out
    assert not list((tmp_path / "work").rglob("metrics.json"))
    assert len(list((tmp_path / "panels").iterdir())) == len(names)
    for mask, scored in zip(masks_in(tmp_path / "masks", names), masks_in(evaluated[1] / "masks", names), strict=True):
        assert np.array_equal(mask, scored)


def test_averaged_over_flips_a_mirrored_image_has_the_mirrored_mask(trained, tool, data, own_data, tmp_path):
    names = val_names(data)
    for name in names:
        path = own_data / "JPEGImages" / f"{name}.jpg"
        mirrored = np.asarray(Image.open(path))[:, ::-1]
        Image.fromarray(mirrored).save(path, format="PNG")  # lossless; readers look at the content
        path = own_data / "SegmentationClass" / f"{name}.png"
        Image.fromarray(np.asarray(Image.open(path))[:, ::-1].copy()).save(path)
    masks = {}
    for side, root in (("left", data), ("right", own_data)):
        for words in ((), ("--tta",)):
            out = tmp_path / side / "".join(words)
            common = ("--work-dir", tmp_path / "work", "--data-root", root, "--out", out)
            done = tool("test", trained.config, trained.best, *common, *words)
            assert (done.code, done.err) == (0, "")
            assert "mean IU" in done.out
            masks[side, words] = np.stack(masks_in(out, names))
    agree = {words: (masks["left", words] == masks["right", words][..., ::-1]).mean() for words in ((), ("--tta",))}
    assert agree["--tta",] > 0.999
    assert agree[()] < 0.99  # which a plain evaluation does not give


def test_compare_puts_masks_side_by_side(evaluated, tool, data, tmp_path):
    _, folder = evaluated
    picture = tmp_path / "nets.png"
    done = tool("compare", data, f"FCN-8s={folder / 'masks'}", "--out", picture, "--scale", "1")
    assert (done.code, done.out, done.err) == (0, f"wrote {picture}\n", "")
    sheet = np.asarray(Image.open(picture))
    assert sheet.shape == (16 + 3 * 64 + 2 * 4, 3 * 64 + 8, 3)  # titles, three rows and three tiles with gaps
    first = np.asarray(Image.open(folder / "masks" / f"{sorted(val_names(data))[0]}.png").convert("RGB"))
    assert np.array_equal(sheet[16 : 16 + 64, -64:], first)


def test_compare_colours_masks_that_have_no_palette(evaluated, tool, own_data, tmp_path):
    _, folder = evaluated
    (own_data / "annotations").mkdir()
    for path in (own_data / "SegmentationClass").glob("*.png"):
        Image.fromarray(np.array(Image.open(path))).save(own_data / "annotations" / path.name)
    for name, options in (("palette", ()), ("ids", ("--truth", "annotations"))):
        done = tool("compare", own_data, f"FCN-8s={folder / 'masks'}", "--out", tmp_path / f"{name}.png", *options)
        assert (done.code, done.err) == (0, "")
    assert (tmp_path / "palette.png").read_bytes() == (tmp_path / "ids.png").read_bytes()


def test_compare_without_masks(tool, data, tmp_path):
    done = tool("compare", data, "FCN-8s=nowhere", "--names", val_names(data)[0], "--out", tmp_path / "nets.png")
    tool_refused(done, tmp_path, "file-missing", "nowhere/", "tools/test.py --out")
    done = tool("compare", data, "FCN-8s=nowhere", "--out", tmp_path / "nets.png")
    tool_refused(done, tmp_path, "file-missing", "nowhere")
    assert not (tmp_path / "nets.png").exists()
