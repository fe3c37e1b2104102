"""A narrow FCN-8s in each format, run by its stock runtime at sizes that no capture has seen."""

import numpy as np
import pytest
import torch
from support.builders import balance_classes, build_fcn
from support.refusals import refused

from fcn_plugin.commands import export as command
from fcn_plugin.errors import UserError
from fcn_plugin.export.compare import compare, drawn_image, require_equal
from fcn_plugin.export.formats import write
from fcn_plugin.export.graph import ExportGraph
from fcn_plugin.export.lowered import lower
from fcn_plugin.export.metadata import Metadata, metadata_of
from fcn_plugin.export.runtimes import open_file
from fcn_plugin.export.suffixes import SUFFIXES
from fcn_plugin.export.write import export

for package in ("onnxscript", "onnxruntime", "openvino"):
    pytest.importorskip(package)

pytestmark = pytest.mark.usefixtures("converted_once")
KINDS = list(SUFFIXES)
SMALL = ((1, 1), (17, 23), (97, 131), (64, 160))
NAMES, COLOURS = ["road", "sky", "car"], [(128, 64, 128), (128, 128, 128), (0, 0, 142)]


@pytest.fixture(scope="module")
def net():
    torch.manual_seed(0)
    model = build_fcn()
    balance_classes(model, torch.randn(1, 3, 64, 96))
    return model


@pytest.fixture(scope="module")
def graph(net):
    """Captured once for all formats."""
    return ExportGraph(net, "logits")


@pytest.fixture(scope="module")
def metadata(net):
    return metadata_of(net, NAMES, COLOURS, "logits", False, "narrow")


@pytest.fixture(scope="module")
def files(graph, metadata, tmp_path_factory):
    """Write and open a format once, and return its path and what was opened."""
    folder, found = tmp_path_factory.mktemp("exported"), {}

    def call(kind):
        if kind not in found:
            path = folder / f"net{SUFFIXES[kind]}"
            write(graph, kind, path, metadata, None, lambda part, weights: None)
            found[kind] = path, open_file(path, kind)
        return found[kind]

    return call


@pytest.mark.parametrize("kind", KINDS)
def test_files_compute_what_the_net_computes(net, files, kind, monkeypatch):
    monkeypatch.setattr("fcn_plugin.export.compare.SIZES", SMALL)
    _, opened = files(kind)
    rows = compare(net, opened.run, "logits", False, [drawn_image()])
    assert [row.size for row in rows] == list(SMALL)
    assert max(row.difference for row in rows) < 2e-6
    batch = torch.randn(3, 3, 40, 50)
    with torch.no_grad():
        assert torch.allclose(torch.from_numpy(opened.run(batch.numpy())), net(batch), atol=1e-4)


@pytest.mark.parametrize("precision", ["fp16", "int8"])
@pytest.mark.parametrize("kind", ["onnx", "openvino"])
def test_lower_precisions(files, tmp_path, kind, precision):
    """The copy is lighter, nearly the same, takes any size, and says what it is."""
    if (kind, precision) == ("openvino", "int8"):
        pytest.importorskip("nncf")
    source, exact = files(kind)
    target = tmp_path / f"low{SUFFIXES[kind]}"
    generator = np.random.default_rng(0)
    lower(source, target, precision, [generator.normal(size=(1, 3, 64, 96)).astype(np.float32) for _ in range(3)])
    opened = open_file(target, kind)
    assert Metadata.of_texts(opened.texts, "low").precision == precision
    image = generator.normal(size=(2, 3, 65, 50)).astype(np.float32)
    wanted, found = exact.run(image), opened.run(image)
    assert found.dtype == np.float32 and found.shape == wanted.shape
    assert 0 < abs(found - wanted).max() < {"int8": 0.3, "fp16": 0.01}[precision] * abs(wanted).max()
    ending = ".bin" if kind == "openvino" else target.suffix
    assert target.with_suffix(ending).stat().st_size < 0.8 * source.with_suffix(ending).stat().st_size
    assert {path.name for path in tmp_path.iterdir()} == {target.name, target.with_suffix(ending).name}


@pytest.mark.parametrize("kind", KINDS)
def test_files_say_what_they_are(files, metadata, kind):
    path, opened = files(kind)
    assert Metadata.of_texts(opened.texts, "net") == metadata
    assert (metadata.classes, metadata.channel_order, metadata.palette[0]) == (NAMES, "RGB", [128, 64, 128])
    assert metadata.mean == pytest.approx([123.675, 116.28, 103.53])
    assert not list(path.parent.glob(".*"))  # no part is left


def test_onnx_is_open_in_batch_and_sides(files):
    import onnxruntime

    session = onnxruntime.InferenceSession(str(files("onnx")[0]), providers=["CPUExecutionProvider"])
    (image,), (logits,) = session.get_inputs(), session.get_outputs()
    assert (image.name, image.shape) == ("image", ["batch", 3, "height", "width"])
    assert (logits.name, logits.shape) == ("logits", ["batch", 3, "height", "width"])


def test_the_copy_has_no_fast_paths_and_the_net_stays(net, graph):
    assert {type(layer).__name__ for layer in net.modules()} & {"RowConv2d"}
    assert not {type(layer).__name__ for layer in graph.modules()} & {"RowConv2d", "WinogradConv2d"}
    assert all(weight.is_contiguous() for weight in graph.parameters())


def test_the_machine_does_not_matter(monkeypatch, tmp_path, metadata):
    """A net that computes in bf16 here, with kernels stored in it, is exported in float32."""
    monkeypatch.setattr("fcn_plugin.models.precision._computes_bf16", lambda device: True)
    model = build_fcn(precision="auto")
    copy = ExportGraph(model, "logits").net
    assert (copy.precision, model.precision) == ("fp32", "auto")
    assert {tensor.dtype for tensor in copy.parameters()} == {torch.float32}


@pytest.mark.parametrize("output, shape", [("labels", (1, 17, 23)), ("probabilities", (1, 3, 17, 23))])
def test_outputs_with_preprocessing_inside(net, tmp_path, metadata, output, shape, monkeypatch):
    """TorchScript, which takes no capture by torch.export."""
    monkeypatch.setattr("fcn_plugin.export.compare.SIZES", SMALL)
    inside = metadata_of(net, NAMES, COLOURS, output, True, "narrow")
    rows = export(net, "torchscript", tmp_path / "net.pt", inside, [drawn_image()])
    assert max(row.difference for row in rows) < 2e-6
    assert min(row.same for row in rows) == 1
    image = torch.randint(0, 256, (1, 17, 23, 3), dtype=torch.uint8).numpy()
    found = open_file(tmp_path / "net.pt", "torchscript").run(image)
    assert (found.shape, str(found.dtype)) == (shape, "uint8" if output == "labels" else "float32")


def test_an_opset_that_is_not_there(net, tmp_path, metadata):
    pytest.importorskip("onnxscript")
    with refused("option-value", "--opset is 999"):
        export(net, "onnx", tmp_path / "net.onnx", metadata, [drawn_image()], opset=999)
    assert not list(tmp_path.iterdir())


def test_a_file_that_differs_is_removed_and_an_older_one_stays(net, tmp_path, metadata, monkeypatch):
    monkeypatch.setattr("fcn_plugin.export.compare.SIZES", SMALL[1:2])
    torch.manual_seed(1)
    monkeypatch.setattr("fcn_plugin.export.write.ExportGraph", lambda *args: ExportGraph(build_fcn(), *args[1:]))
    (tmp_path / "net.pt").write_text("older")
    with refused("export-differs", "net.pt", "17 x 23"):
        export(net, "torchscript", tmp_path / "net.pt", metadata, [drawn_image()])
    assert [path.name for path in tmp_path.iterdir()] == ["net.pt"]
    assert (tmp_path / "net.pt").read_text() == "older"


FAULTS = {
    "shifted": lambda logits: logits + 1e-2,
    "not a number": lambda logits: logits * float("nan"),
    "narrower": lambda logits: logits[..., 1:],
    "classes exchanged": lambda logits: logits.roll(1, 1),
}


@pytest.mark.parametrize("fault", FAULTS)
@pytest.mark.parametrize("output", ["logits", "labels"])
def test_faults_are_seen(net, output, fault, monkeypatch):
    monkeypatch.setattr("fcn_plugin.export.compare.SIZES", SMALL[2:3])

    def run(image):
        with torch.no_grad():
            broken = FAULTS[fault](net(torch.from_numpy(image)))
        return (broken.argmax(1).to(torch.uint8) if output == "labels" else broken).numpy()

    rows = compare(net, run, output, False, [drawn_image()])
    if (output, fault) == ("labels", "shifted"):  # a constant changes no label
        require_equal(rows, "net.onnx")
    else:
        with pytest.raises(UserError):
            require_equal(rows, "net.onnx")


@pytest.mark.parametrize("kind", KINDS)
def test_damaged_and_missing_files_are_one_line(tmp_path, kind):
    path = tmp_path / f"net{SUFFIXES[kind]}"
    with refused("file-missing", path):
        open_file(path, kind)
    path.write_bytes(b"no net")
    path.with_suffix(".bin").write_bytes(b"")
    with refused("export-file", path, "export it again"):
        open_file(path, kind)


def test_a_missing_runtime_is_named(tmp_path, monkeypatch):
    (tmp_path / "net.onnx").write_bytes(b"")
    monkeypatch.setitem(__import__("sys").modules, "onnxruntime", None)
    with refused("requirements", "onnxruntime", "fcn-plugin[export]"):
        open_file(tmp_path / "net.onnx", "onnx")


def test_the_command_knows_the_formats():
    """It names them before anything heavy is imported."""
    assert command.SUFFIXES == SUFFIXES
