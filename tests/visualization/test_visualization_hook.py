"""FCNVisualizationHook: chosen images of val go to the visualizer with their step, those of a test when a stock tool asks."""

from types import SimpleNamespace

import pytest
import torch
from PIL import Image
from support.builders import sample

from fcn_plugin.visualization import FCNVisualizationHook, FCNVisualizer

NAMES = ("day/a", "day/b", "night/a")


class Recorder:
    def __init__(self):
        self.drawn, self.windows = {}, []

    def add_image(self, name, image, step):
        self.drawn[name] = (step, image)

    def show(self, image, name, wait_time):
        self.windows.append((name, wait_time))


@pytest.fixture
def runner(tmp_path):
    for name in NAMES:
        path = tmp_path / f"{name}.png"
        path.parent.mkdir(exist_ok=True)
        Image.new("RGB", (300, 256), (9, 9, 9)).save(path)
    metainfo = dict(palette=[[0, 0, 0], [200, 0, 0]])
    loader = SimpleNamespace(dataset=SimpleNamespace(metainfo=metainfo, data_prefix=dict(img_path=str(tmp_path))))
    return SimpleNamespace(
        val_dataloader=loader, test_dataloader=loader, model=None, iter=40, visualizer=Recorder(), folder=tmp_path
    )


def outputs(runner, **meta):
    ids = torch.ones(256, 300, dtype=torch.long)
    return [sample(0 * ids, ids, img_path=str(runner.folder / f"{name}.png"), **meta) for name in NAMES]


@pytest.mark.parametrize(
    "images, wanted", [(1, {"val_a"}), (2, {"val_a", "val_b"}), (["b"], {"val_b"}), (0, set()), (["no such"], set())]
)
def test_chosen_images_of_each_validation(runner, images, wanted):
    hook = FCNVisualizationHook(images=images)
    for _ in range(2):  # the second validation begins at the first image again
        runner.visualizer.drawn.clear()
        hook.before_val_epoch(runner)
        for one in outputs(runner):
            hook.after_val_iter(runner, 0, outputs=[one])
        assert set(runner.visualizer.drawn) == wanted
    for step, image in runner.visualizer.drawn.values():
        assert step == 40
        assert [tuple(image[100, x]) for x in (10, 310, 620)] == [(9, 9, 9), (0, 0, 0), (200, 0, 0)]


@pytest.mark.parametrize("draw, show, drawn", [(False, False, 0), (True, False, 3), (True, True, 3)])
def test_all_images_of_a_test_that_asks(runner, draw, show, drawn):
    hook = FCNVisualizationHook(draw=draw, show=show, wait_time=0.5)
    hook.before_test_epoch(runner)
    hook.after_test_iter(runner, 0, outputs=outputs(runner))
    assert set(runner.visualizer.drawn) == ({"day_a", "day_b", "night_a"} if drawn else set())
    assert runner.visualizer.windows == ([(name, 0.5) for name in ("day_a", "day_b", "night_a")] if show else [])


def test_no_picture_of_a_sample_that_replaces_a_broken_one(runner):
    hook = FCNVisualizationHook(images=3)
    hook.before_val_epoch(runner)
    hook.after_val_iter(runner, 0, outputs=outputs(runner, stand_in=True))
    assert not runner.visualizer.drawn


def test_a_visualizer_without_a_name(tmp_path):
    first = FCNVisualizer.get_instance(save_dir=str(tmp_path))
    assert FCNVisualizer.get_instance() is first
    assert FCNVisualizer.get_instance("a run's name", save_dir=str(tmp_path)) is not first
    FCNVisualizer._instance_dict.clear()
