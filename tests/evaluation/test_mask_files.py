"""FCNMetric writes masks as mmseg's metric does, whose tools set ``output_dir`` and ``keep_results``."""

import numpy as np
import torch
from PIL import Image
from support.builders import sample

from fcn_plugin.evaluation import FCNMetric


def samples(truth=True):
    ids = torch.tensor([[0, 1, 1], [1, 0, 0]])
    one = sample(ids, 1 - ids, img_path="photos/a.jpg").to_dict()
    if not truth:
        del one["gt_sem_seg"]
    return [one]


def metric(**options):
    one = FCNMetric(**options)
    one.dataset_meta = dict(classes=("a", "b"))
    return one


def test_masks_beside_the_scores(tmp_path):
    one = metric(output_dir=str(tmp_path / "new" / "masks"), keep_results=True)
    one.process({}, samples())
    assert one.evaluate(1)["aAcc"] == 0
    (path,) = (tmp_path / "new" / "masks").iterdir()
    assert path.name == "a.png"
    assert np.array(Image.open(path)).tolist() == [[1, 0, 0], [0, 1, 1]]


def test_masks_alone_where_there_is_no_truth(tmp_path):
    one = metric(output_dir=str(tmp_path), format_only=True)
    one.process({}, samples(truth=False))
    assert one.evaluate(1) == {}
    assert [path.name for path in tmp_path.iterdir()] == ["a.png"]
