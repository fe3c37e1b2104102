"""A net that ``fcn_plugin.load`` makes of a run's checkpoint says what the tools say."""

import numpy as np
from PIL import Image

import fcn_plugin


def test_label_maps_are_those_of_test_and_predict(tool, trained, data, tmp_path):
    """The checkpoint alone, in batches, beside config and checkpoint."""
    tool("test", trained.config, trained.best, "--work-dir", tmp_path / "work", "--out", tmp_path / "tested")
    tool("predict", trained.config, trained.best, data / "JPEGImages", "--out-dir", tmp_path / "out")
    photos = sorted((data / "JPEGImages").iterdir())
    found = dict(zip([path.stem for path in photos], fcn_plugin.load(trained.best).predict(photos), strict=True))
    assert len(np.unique([one.labels for one in found.values()])) > 1
    for name, prediction in found.items():
        assert np.array_equal(Image.open(tmp_path / f"out/masks/{name}.png"), prediction.labels)
        assert np.array_equal(Image.open(tmp_path / f"out/overlays/{name}.png"), prediction.overlay())
    tested = sorted((tmp_path / "tested").iterdir())
    assert len(tested) == 3
    for path in tested:
        assert np.array_equal(Image.open(path), found[path.stem].labels)
