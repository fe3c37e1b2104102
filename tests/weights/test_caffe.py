"""Reading ``.caffemodel`` files, in all forms, whole and damaged; protobuf itself is the second opinion."""

import ctypes
import itertools
import pickle
import re
import tempfile
import time
from pathlib import Path

import numpy as np
import pytest
import torch
from google.protobuf import descriptor_pb2, descriptor_pool, message_factory
from hypothesis import given
from hypothesis import strategies as st
from support.caffe_writer import blob, chunk, integer, layer, numbers, shape_of, varint, write_caffemodel
from support.refusals import refused

from fcn_plugin.errors import UserError
from fcn_plugin.weights import protobuf
from fcn_plugin.weights.caffe import read_caffemodel

FORMS = list(itertools.product(("new", "v1"), (True, False), (False, True), (False, True)))
TYPES = {"conv1": "Convolution", "one": "Convolution", "fc6": "InnerProduct", "up": "Deconvolution"}
ones = np.arange(1, 4, dtype=np.float32)


def net():
    """A few layers; random bits, so that NaN, infinities, -0.0 and denormals are among the values."""
    rng = np.random.default_rng(0)
    shapes = {"conv1": [(4, 3, 3, 3), (4,)], "one": [(1, 1, 1, 5), (1,)], "fc6": [(6, 4), (6,)], "up": [(2, 1, 4, 4)]}
    return {
        name: [rng.integers(0, 2**32, size, dtype=np.uint32).view(np.float32) for size in sizes]
        for name, sizes in shapes.items()
    }


def named(weights):
    """The reader's keys for ``{layer: [arrays]}``."""
    kinds = ("weight", "bias", "blob2", "blob3")
    return {f"{name}.{kinds[i]}": array for name, arrays in weights.items() for i, array in enumerate(arrays)}


def assert_same(read, expected, dtype=torch.float32):
    assert list(read) == list(expected)
    for name, tensor in read.items():
        assert (tuple(tensor.shape), tensor.dtype) == (expected[name].shape, dtype), name
        assert tensor.numpy().tobytes() == expected[name].tobytes(), name


def read_bytes(tmp_path, content):
    path = tmp_path / "net.caffemodel"
    path.write_bytes(content)
    return read_caffemodel(str(path))


def refuse(tmp_path, content, *fragments, code="weights-damaged"):
    """Expect that a file with this content is refused by its name, with a remedy after the fault."""
    with refused(code, tmp_path / "net.caffemodel", "; ", *fragments):
        read_bytes(tmp_path, content)


def one_layer(*blob_fields, kind="Convolution", layers="new"):
    """A net of one layer "a" with one blob, from the blob's encoded fields."""
    return layer("a", kind, [b"".join(blob_fields)], layers)


@pytest.mark.parametrize(("layers", "packed", "double", "legacy"), FORMS)
def test_every_form_is_read_to_the_bit(tmp_path, layers, packed, double, legacy):
    path = write_caffemodel(tmp_path / "net.caffemodel", net(), TYPES, layers, packed, double, legacy)
    expected = {name: array.astype(np.float64 if double else np.float32) for name, array in named(net()).items()}
    assert_same(read_caffemodel(path), expected, torch.float64 if double else torch.float32)


def test_doubles_keep_their_precision(tmp_path):
    read = read_caffemodel(write_caffemodel(tmp_path / "n", {"a": [np.array([0.1, 1 + 2**-50])]}, double=True))
    assert read["a.weight"].tolist() == [0.1, 1 + 2**-50]


def test_bytes_written_by_hand(tmp_path):
    blob_bytes = "3a 03 0a 01 02  2a 08 00 00 80 3f 00 00 00 c0"  # shape: dim 2; data: 1.0, -2.0
    content = bytes.fromhex("a2 06 14  0a 01 61  3a 0f " + blob_bytes)  # layer (field 100): name "a", a blob
    read = read_bytes(tmp_path, content)
    assert {name: tensor.tolist() for name, tensor in read.items()} == {"a.weight": [1.0, -2.0]}


def test_tensors_own_their_memory(tmp_path):
    path = write_caffemodel(tmp_path / "net.caffemodel", {"abc": [ones]})
    weight = read_caffemodel(path)["abc.weight"]
    weight += 1
    assert weight.data_ptr() % 4 == 0
    assert read_caffemodel(path)["abc.weight"].tolist() == [1, 2, 3]


@pytest.mark.parametrize("layers", ["new", "v1"])
def test_legacy_axes_are_taken_off_by_the_layers_type(tmp_path, layers):
    """(1, 1, 2, 3) is a matrix in an InnerProduct layer and one channel's kernel in a convolution."""
    weights = {"fc": [np.zeros((2, 3)), np.zeros(2)], "conv": [np.zeros((1, 1, 2, 3)), np.zeros(1)]}
    path = write_caffemodel(tmp_path / "n", weights, {"fc": "InnerProduct"}, layers, legacy_shape=True)
    shapes = {name: tuple(tensor.shape) for name, tensor in read_caffemodel(path).items()}
    assert shapes == {"fc.weight": (2, 3), "fc.bias": (2,), "conv.weight": (1, 1, 2, 3), "conv.bias": (1,)}


def test_a_shape_of_its_own_is_taken_as_it_is(tmp_path):
    """Not squeezed, and preferred to num, channels, height, width."""
    weights = {"fc": [np.zeros((1, 1, 2, 3)), np.zeros((1, 1, 1, 2))]}
    read = read_caffemodel(write_caffemodel(tmp_path / "net.caffemodel", weights, {"fc": "InnerProduct"}))
    assert [tuple(tensor.shape) for tensor in read.values()] == [(1, 1, 2, 3), (1, 1, 1, 2)]
    both = one_layer(shape_of((3, 1)), shape_of((1, 3), legacy=True), numbers(5, ones))
    assert read_bytes(tmp_path, both)["a.weight"].shape == (3, 1)


def test_more_blobs_than_weight_and_bias(tmp_path):
    arrays = [np.full(i + 1, i, np.float32) for i in range(4)]
    read = read_caffemodel(write_caffemodel(tmp_path / "net.caffemodel", {"bn": arrays}))
    expected = {"bn.weight": [0], "bn.bias": [1, 1], "bn.blob2": [2, 2, 2], "bn.blob3": [3, 3, 3, 3]}
    assert {name: tensor.tolist() for name, tensor in read.items()} == expected


def test_layers_without_blobs_do_not_appear(tmp_path):
    data = layer("data", "Convolution", []) * 2  # a net often has one for training and one for testing
    assert list(read_bytes(tmp_path, data + one_layer(blob(ones)))) == ["a.weight"]


def test_a_number_without_axes_and_a_blob_without_numbers(tmp_path):
    read = read_bytes(tmp_path, layer("a", "Convolution", [numbers(5, ones[:1]), shape_of((0, 3))]))
    assert (read["a.weight"].shape, read["a.weight"].item()) == ((), 1.0)
    assert (read["a.bias"].shape, read["a.bias"].dtype) == ((0, 3), torch.float32)


@pytest.mark.parametrize(("field", "dtype"), [(5, np.float32), (8, np.float64)])
def test_numbers_in_several_pieces(tmp_path, field, dtype):
    """Packed chunks and single values mixed, other fields between them, tags longer than they need to be."""
    values = np.arange(8, dtype=dtype)
    wire = 5 if field == 5 else 1
    longer = bytes([field * 8 + wire | 128, 0]) + values[7:].tobytes()
    pieces = [numbers(field, values[:2]), numbers(field, values[2:4], packed=False), chunk(15, b"other")]
    pieces += [numbers(field, values[:0]), numbers(field, values[4:5]), integer(15, 3)]
    pieces += [numbers(field, values[5:7], packed=False), longer]
    shape = chunk(7, integer(1, 2)) + chunk(7, chunk(1, varint(2) + varint(2)))
    for fields in ((shape, *pieces), (*pieces, shape)):
        weight = read_bytes(tmp_path, one_layer(*fields))["a.weight"]
        assert (weight.dtype, weight.tolist()) == (torch.from_numpy(values).dtype, values.reshape(2, 2, 2).tolist())


@pytest.mark.parametrize("count", [63, 64, 65, 64 + 128, 3_000_000])
def test_long_runs_of_single_values(tmp_path, count):
    """Runs that end at and across the windows in which they are scanned; the last value is followed by other fields."""
    values = np.random.default_rng(0).integers(0, 2**32, count, dtype=np.uint32).view(np.float32)
    values[::7] = np.frombuffer(b"\x2d\x2d\x2d\x2d", np.float32)[0]  # looks like the tag
    content = one_layer(numbers(5, values, packed=False), numbers(6, values[:5], packed=False), shape_of((count,)))
    assert read_bytes(tmp_path, content)["a.weight"].numpy().tobytes() == values.tobytes()


@pytest.mark.parametrize("last", [0, 2, 126])
def test_bits_beyond_the_64th_do_not_count(tmp_path, last):
    """A tenth byte carries one bit more; protobuf drops the rest."""
    dims = chunk(7, chunk(1, b"\x83" + b"\x80" * 8 + bytes([last])))
    assert Net.FromString(chunk(100, chunk(7, dims))).layer[0].blobs[0].shape.dim == [3]
    assert read_bytes(tmp_path, one_layer(dims, numbers(5, ones)))["a.weight"].tolist() == [1, 2, 3]


def test_gradients_and_unknown_fields_are_skipped(tmp_path):
    fixed = [varint(1002 * 8 + 1) + bytes(8), varint(1003 * 8 + 5) + bytes(4)]
    junk = [integer(1000, 2**63), chunk(1001, b"\xff" * 9), *fixed]
    diffs = [numbers(6, ones), numbers(9, ones.astype(np.float64)), numbers(6, ones, packed=False)]
    inner = chunk(7, b"".join([*junk, *diffs, numbers(5, ones), chunk(7, b"".join(junk) + chunk(1, varint(3)))]))
    net = b"".join([*junk, chunk(100, b"".join([*junk, chunk(1, b"a"), inner, *junk])), *junk])
    assert {name: tensor.tolist() for name, tensor in read_bytes(tmp_path, net).items()} == {"a.weight": [1, 2, 3]}


def test_name_and_type_may_follow_the_blobs(tmp_path):
    content = chunk(7, shape_of((1, 3), legacy=True) + numbers(5, ones)) + chunk(2, b"InnerProduct") + chunk(1, b"fc")
    assert read_bytes(tmp_path, chunk(100, content))["fc.weight"].shape == (1, 3)


names = st.text(st.characters(exclude_categories=["C", "Z"]), min_size=1, max_size=8)
shapes = st.lists(st.integers(0, 4), min_size=1, max_size=5).map(tuple)


@given(
    st.dictionaries(names, st.lists(shapes, min_size=1, max_size=4), min_size=1, max_size=4),
    st.sampled_from(["new", "v1"]),
    st.booleans(),
)
def test_any_names_and_shapes(layers, form, packed):
    weights = {
        name: [np.arange(np.prod(shape), dtype=np.float32).reshape(shape) for shape in sizes]
        for name, sizes in layers.items()
    }
    with tempfile.TemporaryDirectory() as folder:
        read = read_caffemodel(write_caffemodel(f"{folder}/net.caffemodel", weights, layers=form, packed=packed))
    assert_same(read, named(weights))


def caffe_messages():
    """NetParameter as protobuf builds it from the fields' numbers and types."""
    file = descriptor_pb2.FileDescriptorProto(name="net.proto", package="c", syntax="proto2")
    messages = {
        "Shape": [("dim", 1, "int64", True)],
        "Blob": [(name, i + 1, "int32") for i, name in enumerate(("num", "channels", "height", "width"))]
        + [("data", 5, "float", True), ("shape", 7, "Shape"), ("double_data", 8, "double", True)]
        + [("diff", 6, "bytes", True), ("double_diff", 9, "bytes", True)],  # packed chunks, not looked into
        # names as bytes: proto2 lets any bytes stand in a string
        "V1": [("name", 4, "bytes"), ("type", 5, "int32"), ("blobs", 6, "Blob", True)],
        "Layer": [("name", 1, "bytes"), ("type", 2, "bytes"), ("blobs", 7, "Blob", True)],
        "Net": [("name", 1, "bytes"), ("layers", 2, "V1", True), ("layer", 100, "Layer", True)],
    }
    for message, fields in messages.items():
        descriptor = file.message_type.add(name=message)
        for name, number, kind, *repeated in fields:
            field = descriptor.field.add(name=name, number=number, label=3 if repeated else 1)
            if kind in messages:
                field.type, field.type_name = field.TYPE_MESSAGE, f".c.{kind}"
            else:
                field.type = getattr(field, f"TYPE_{kind.upper()}")
                field.options.packed = bool(repeated) and kind != "bytes"
    pool = descriptor_pool.DescriptorPool()
    pool.Add(file)
    return message_factory.GetMessageClass(pool.FindMessageTypeByName("c.Net"))


Net = caffe_messages()


def by_protobuf(content):
    """{layer.kind: flat array} as protobuf reads the bytes."""
    net = Net.FromString(content)
    found = {}
    for part in (*net.layers, *net.layer):
        for i, values in enumerate(part.blobs):
            kind = ("weight", "bias")[i] if i < 2 else f"blob{i}"
            array = np.array(values.double_data) if values.double_data else np.array(values.data, np.float32)
            found[f"{part.name.decode(errors='backslashreplace')}.{kind}"] = array
    return found


@pytest.mark.parametrize(("layers", "packed", "double", "legacy"), FORMS)
def test_protobuf_reads_the_writers_files_the_same(tmp_path, layers, packed, double, legacy):
    path = Path(write_caffemodel(tmp_path / "net.caffemodel", net(), TYPES, layers, packed, double, legacy))
    expected = {name: array.astype(np.float64 if double else np.float32) for name, array in named(net()).items()}
    read = by_protobuf(path.read_bytes())
    assert list(read) == list(expected)
    for name, array in read.items():
        np.testing.assert_array_equal(array, expected[name].reshape(-1), strict=True)
    first = [*Net.FromString(path.read_bytes()).layers, *Net.FromString(path.read_bytes()).layer][0].blobs[0]
    assert (list(first.shape.dim), first.num, first.width) == (([], 4, 3) if legacy else ([4, 3, 3, 3], 0, 0))


def test_the_reader_reads_what_protobuf_writes(tmp_path):
    weights = net()
    message = Net(name=b"net")
    for name, arrays in weights.items():
        part = message.layer.add(name=name.encode(), type=TYPES[name].encode())
        for array in arrays:
            content = part.blobs.add(data=array.reshape(-1), diff=[bytes(4 * array.size)])
            content.shape.dim.extend(array.shape)
    read = read_bytes(tmp_path, message.SerializeToString())
    # Python's floats may quiet a NaN on the way
    assert {name: tensor.shape for name, tensor in read.items()} == {n: a.shape for n, a in named(weights).items()}
    for name, array in named(weights).items():
        np.testing.assert_array_equal(read[name].numpy(), array)


def small_files():
    """Files of all forms, small enough to be damaged in every place."""
    weights = {"conv": [np.float32([[[[1.5, -2]]]]), ones[:1]], "fc": [ones.reshape(1, 3), ones[:1]]}
    with tempfile.TemporaryDirectory() as folder:
        for form in FORMS:
            yield Path(write_caffemodel(f"{folder}/n", weights, {"fc": "InnerProduct"}, *form)).read_bytes()


SMALL = list(small_files())


def check_any_bytes(content):
    """A refusal that names the file, or what protobuf reads."""
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "net.caffemodel"
        path.write_bytes(content)
        try:
            read = read_caffemodel(str(path))
        except UserError as error:
            assert error.code in ("weights-damaged", "weights-format")
            assert str(path) in error.message
            return
    expected = by_protobuf(content)
    assert set(read) == set(expected)
    for name, tensor in read.items():
        np.testing.assert_array_equal(tensor.numpy().reshape(-1), expected[name])


@given(st.binary(max_size=64))
def test_random_bytes(content):
    check_any_bytes(content)


changes = st.lists(st.tuples(st.floats(0, 1), st.sampled_from("rid"), st.integers(0, 255)), min_size=1, max_size=3)


def changed(content, edits):
    """Bytes replaced, inserted or deleted."""
    content = bytearray(content)
    for where, kind, byte in edits:
        i = int(where * (len(content) - 1))
        content[i : i + (kind != "i")] = b"" if kind == "d" else bytes([byte])
    return bytes(content)


@given(st.sampled_from(SMALL), changes)
def test_changed_bytes(content, edits):
    check_any_bytes(changed(content, edits))


@given(
    st.sampled_from([1, 2, 7, 100]), st.lists(st.tuples(st.integers(1, 9), st.integers(0, 5), st.binary(max_size=12)))
)
def test_any_fields_in_a_layer(number, fields):
    """Well-formed nesting around fields of any number and type."""
    content = b"".join(varint(n * 8 + wire) + (varint(len(b)) if wire == 2 else b"") + b for n, wire, b in fields)
    check_any_bytes(chunk(100, chunk(1, b"a") + chunk(7, numbers(5, ones) + shape_of((3,)) + chunk(number, content))))
    check_any_bytes(chunk(2, chunk(4, b"a") + chunk(6, numbers(5, ones) + shape_of((3,)) + content)))


@pytest.mark.parametrize("form", [("new", True), ("new", False), ("v1", True)])
def test_cut_anywhere(tmp_path, form):
    """Only a cut between two layers leaves a valid file, of fewer layers."""
    layers, packed = form
    parts = [chunk(1, b"net"), *(layer(name, "Convolution", [blob(ones, packed)] * 2, layers) for name in "abc")]
    content, between = b"".join(parts), {len(b"".join(parts[:2])): 2, len(b"".join(parts[:3])): 4}
    for end in range(1, len(content)):
        if end in between:
            assert len(read_bytes(tmp_path, content[:end])) == between[end]
        else:
            refuse(tmp_path, content[:end])


def test_a_cut_names_the_byte(tmp_path):
    whole = one_layer(shape_of((3,)), numbers(5, ones))
    size = len(whole)
    refuse(tmp_path, whole[:-1], "at byte 0", f"ends at byte {size}", f"at byte {size - 1}", "download it again")
    # tag, size, name: the blob begins at 6, data at 8
    inner = chunk(100, chunk(1, b"a") + chunk(7, numbers(5, ones)[:-1]))
    refuse(tmp_path, inner, "at byte 8", f"ends at byte {len(inner) + 1}", f"at byte {len(inner)}")


JPEG = bytes.fromhex("ffd8ffe000104a46494600010100000100010000ffdb0043")
OLD_PICKLE = pickle.dumps({"conv1.weight": [1.0, 2.0]}, protocol=2)


def test_files_of_other_programs(tmp_path):
    torch.save({"conv1.weight": torch.zeros(3)}, tmp_path / "net.pth")
    checkpoint, png = (tmp_path / "net.pth").read_bytes(), b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR"
    for content in (JPEG, OLD_PICKLE, checkpoint, png, bytes(100), b"\xff" * 100):
        refuse(tmp_path, content, "at byte ")
    definition = b'# LeNet\nname: "LeNet"\nlayer {\n  name: "conv1"\n  type: "Convolution"\n}\n'
    for content in (definition, b"layers { name: 'a' }", b'input: "data"\ninput_dim: 1\n'):
        refuse(tmp_path, content, ".prototxt", "give its .caffemodel", code="weights-format")
    refuse(tmp_path, "<html>não encontrado</html>\n".encode(), "at byte 0", "download it again")
    refuse(tmp_path, b"\x89HDF\r\n\x1a\n", "HDF5", "snapshot_format: BINARYPROTO", code="weights-format")


def test_no_file_and_an_empty_one(tmp_path):
    with pytest.raises(FileNotFoundError, match=r"none\.caffemodel"):  # the commands say file-access
        read_caffemodel(str(tmp_path / "none.caffemodel"))
    refuse(tmp_path, b"", "empty")


def test_nets_without_weights_of_the_oldest_form_and_with_two_layers_of_one_name(tmp_path):
    refuse(tmp_path, chunk(1, b"net") + layer("a", "ReLU", []) * 3, "3 layers", code="weights-format")
    refuse(tmp_path, chunk(1, b"net"), "no layers")
    old = chunk(2, chunk(1, chunk(1, b"conv1") + chunk(2, b"conv") + chunk(50, blob(ones))))
    refuse(tmp_path, chunk(1, b"net") + old, "a V0 net", "upgrade_net_proto_binary", code="weights-format")
    twice = layer("conv1", "Convolution", [blob(ones)]) + layer("conv1", "Convolution", [blob(ones)], "v1")
    refuse(tmp_path, twice, "'conv1'", code="weights-format")


@pytest.mark.parametrize(
    ("fields", "found", "shape"),
    [
        ([shape_of((2, 2)), numbers(5, ones)], "3 numbers", "shape (2, 2) needs 4"),
        ([shape_of((2,)), numbers(5, ones)], "3 numbers", "shape (2,) needs 2"),
        ([shape_of((2,), legacy=True), numbers(5, ones)], "3 numbers", "shape (1, 1, 1, 2) needs 2"),
        ([shape_of((3,))], "0 numbers", "shape (3,) needs 3"),
        ([numbers(5, ones)], "3 numbers", "shape () needs 1"),
        ([], "0 numbers", "shape () needs 1"),
        ([integer(4, 3), numbers(5, ones)], "3 numbers", "shape (0, 0, 0, 3) needs 0"),
        ([shape_of((3,)), numbers(5, ones), numbers(8, ones.astype("f8"))], "3 floats", "3 doubles"),
        ([shape_of((3,)), chunk(5, bytes(13))], "13 bytes", "at byte 37, not a multiple of 4"),
        ([shape_of((-1, -3)), numbers(5, ones)], "3 numbers", "impossible shape [-1, -3]"),
        ([shape_of((0, 2**40, 2**40))], "0 numbers", "impossible shape [0, 1099511627776, 1099511627776]"),
        ([shape_of((1,) * 33), numbers(5, ones[:1])], "1 numbers", "impossible shape"),
    ],
)
def test_a_blob_that_does_not_fill_its_shape(tmp_path, fields, found, shape):
    refuse(tmp_path, one_layer(*fields), "layer 'a', blob 0", found, shape)


@pytest.mark.parametrize(
    ("content", "value", "place"),
    [
        (varint(5 * 8 + 3), "tag 43", "at byte 3"),
        (varint(5 * 8 + 4), "tag 44", "at byte 3"),
        (varint(5 * 8 + 7), "tag 47", "at byte 3"),
        (b"\0", "tag 0", "at byte 3"),
        (varint(2**33), "tag 8589934592", "at byte 3"),
        (b"\x88" + b"\x80" * 5 + b"\0\0", "within 5 bytes", "at byte 3"),
        (b"\x08" + b"\x80" * 11, "within 10 bytes", "at byte 4"),
        (b"\x08\x80", "within 1 bytes", "at byte 4"),
    ],
)
def test_bytes_that_are_no_field(tmp_path, content, value, place):
    refuse(tmp_path, chunk(9, b"\0") + content, value, place)


@pytest.mark.parametrize("name", ["a\n", "\x1b[2Ja", "a\0", "\u202ea", "n" * 3000])
def test_a_name_that_can_not_be_shown(tmp_path, name):
    refuse(tmp_path, layer(name, "Convolution", [blob(ones)]), code="weights-format")


MANY = {
    "layers": layer("a", "ReLU", []) * 20_000,
    "blobs": b"".join(layer(f"{i}", "Convolution", [blob(ones)] * 900) for i in range(15)),
    "pieces": one_layer(chunk(5, b"") * 20_000),
    "sizes": one_layer(chunk(7, integer(1, 1) * 200) * 200),
    "unknown": integer(50, 1) * 20_000,
    "lines": b"\n" * (1 << 16),
}


@pytest.mark.parametrize("case", MANY)
def test_a_file_of_countless_fields_is_refused_in_little_time(tmp_path, monkeypatch, case):
    monkeypatch.setattr(protobuf, "MOST", 10_000)
    start = time.process_time()
    refuse(tmp_path, MANY[case], *(["10000 fields"] if case != "lines" else []))
    assert time.process_time() - start < 2


def peak_and_now():
    """VmHWM and VmRSS of this process in bytes."""
    status = Path("/proc/self/status").read_text()
    return [int(re.search(rf"{key}:\s*(\d+)", status)[1]) * 1024 for key in ("VmHWM", "VmRSS")]


@pytest.mark.parametrize("packed", [True, False])
def test_memory_is_the_weights_and_the_largest_of_them(tmp_path, packed):
    """12 blobs of 4 MB, with gradients of the same size if packed: neither the whole file nor a gradient is held."""
    values = np.ones(1 << 20, np.float32)
    content = shape_of(values.shape) + numbers(5, values, packed) + (numbers(6, values) if packed else b"")
    path = tmp_path / "net.caffemodel"
    with path.open("wb") as file:
        for i in range(12):
            file.write(layer(f"conv{i}", "Convolution", [content]))
    ctypes.CDLL(None).malloc_trim(0)  # freed memory would be used again unseen
    try:
        Path("/proc/self/clear_refs").write_text("5")
    except OSError:
        pytest.skip("the peak can't be set back here")
    before = peak_and_now()[1]
    read = read_caffemodel(str(path))
    assert len(read) == 12
    assert peak_and_now()[0] - before < (12 + 1) * values.nbytes + (8 << 20)
