"""Write a form as a run does."""

import pytest
from support.predictions import label_map, predicted

from fcn_plugin.prediction.forms import make_forms
from fcn_plugin.prediction.item import Item


@pytest.fixture(scope="session")
def prediction():
    return predicted(label_map())


@pytest.fixture
def write(prediction, tmp_path):
    """Write predictions by name in a form, join the parts, and return the folder: ``write("coco", {"a": prediction})``."""

    def call(form, predictions=None, **item):
        predictions = predictions or {"street/a": prediction}
        first = next(iter(predictions.values()))
        (writer,) = make_forms([form], tmp_path, first.classes, first.palette)
        for name, one in predictions.items():
            assert not any(path.exists() for path in writer.files(name))
            writer.write(Item(name, one.image, **{"source": f"photos/{name}.jpg", **item}), one)
            assert all(path.is_file() for path in writer.files(name))
        writer.finish()
        return tmp_path

    return call
