"""Read a ``.caffemodel``, the weights of a net trained with Caffe, without Caffe or protobuf.

The file is one protobuf message (proto2), ``NetParameter`` of ``caffe.proto``: layers with a name, a type and blobs, one per array
of weights; other fields are skipped. It is memory-mapped: peak memory is the weights plus the largest of them.
"""

from __future__ import annotations

import math
import mmap
import re
from collections.abc import Iterator

import numpy as np
import torch
from torch import Tensor

from ..errors import printable
from .protobuf import FIXED32, FIXED64, LENGTH, VARINT, CaffeFileError, Field, Source, pick, read_varint, signed

DATA, SHAPE, DOUBLE_DATA, LEGACY_SHAPE = 5, 7, 8, (1, 2, 3, 4)  # fields of BlobProto; num, channels, height, width
BLOB = {DATA: (LENGTH, FIXED32), DOUBLE_DATA: (LENGTH, FIXED64), SHAPE: (LENGTH,)}  # number -> wire types
BLOB |= dict.fromkeys(LEGACY_SHAPE, (VARINT,))
# V1LayerParameter, LayerParameter: fields of the name, the type and the blobs; the type of a fully connected layer
LAYERS = {2: (4, 5, 6, 14), 100: (1, 2, 7, b"InnerProduct")}
MAX_AXES, MAX_COUNT = 32, 2**31 - 1  # a blob's limits in Caffe
RENAME = "rename it in the net's definition and save it again"


def read_caffemodel(path: str) -> dict[str, Tensor]:
    """Read the weights of a Caffe net by layer, in the file's order.

    Returns:
        ``LAYER.weight`` (blob 0), ``LAYER.bias`` (blob 1), ``LAYER.blob2`` and so on; float32, or float64 if the file
        has doubles. A convolution's weight is (O, I, kh, kw), an InnerProduct layer's (O, I), a bias (O,); the 4 axes
        that old files give the last two are removed. Layers without blobs are skipped.

    Raises:
        UserError: ``weights-damaged``, or ``weights-format`` if another copy of the file would not help.
    """
    with open(path, "rb") as file:
        head = file.read(1 << 16)
        # never closed explicitly: arrays may still point into it
        content = Source(file.fileno(), 0, access=mmap.ACCESS_READ) if head else None
    try:
        return _read_net(content)
    except CaffeFileError as error:
        raise (_foreign(head) or error).within(path) from error


def _foreign(head: bytes) -> CaffeFileError | None:
    """Return a better reason if the first bytes show a common mix-up."""
    if head.startswith(b"\x89HDF"):
        return CaffeFileError("it is an HDF5 snapshot", "save it again with Caffe's snapshot_format: BINARYPROTO")
    if re.search(rb"^[ \t]*(name|layers?|input|input_dim|input_shape)\s*[:{]", head, re.MULTILINE):
        return CaffeFileError("it is a net's definition (.prototxt) without weights", "give its .caffemodel")
    return None


def _read_net(data: Source | None) -> dict[str, Tensor]:
    if data is None:
        raise CaffeFileError("it is empty")
    found = pick(data, Field(LENGTH, 0, 0, len(data)), dict.fromkeys(LAYERS, (LENGTH,)))
    weights, layers = {}, [(layer, number) for number, fields in found.items() for layer in fields]
    for layer, number in layers:
        name, tensors = _read_layer(data, layer, number)
        if tensors and f"{name}.weight" in weights:
            raise CaffeFileError(f"two layers are named {name!r}", RENAME)
        for i, tensor in enumerate(tensors):
            weights[f"{name}.{('weight', 'bias')[i] if i < 2 else f'blob{i}'}"] = tensor
    if not layers:
        raise CaffeFileError("it has no layers")
    if not weights:
        remedy = "give the .caffemodel that Caffe saved; rewrite a V0 net with Caffe's upgrade_net_proto_binary"
        raise CaffeFileError(f"its {len(layers)} layers have no weights", remedy)
    return weights


def _read_layer(data: Source, layer: Field, number: int) -> tuple[str, list[Tensor]]:
    name, kind, blobs, inner_product = LAYERS[number]
    found = pick(data, layer, {name: (LENGTH,), kind: (VARINT, LENGTH), blobs: (LENGTH,)})
    # the last value of a field counts
    labels = [data[field.start : field.stop].decode(errors="backslashreplace") for field in found[name][-1:]]
    kinds = [field.value if field.wire == VARINT else data[field.start : field.stop] for field in found[kind][-1:]]
    label, is_matrix, numbered = ["", *labels][-1], kinds == [inner_product], enumerate(found[blobs])
    if label != printable(label):
        raise CaffeFileError(f"a layer has the name {label!r}, which can't be shown", RENAME)
    return label, [_read_blob(data, blob, i, is_matrix, f"layer {label!r}, blob {i}") for i, blob in numbered]


def _read_blob(data: Source, blob: Field, index: int, is_matrix: bool, where: str) -> Tensor:
    found = pick(data, blob, BLOB)
    floats = [_numbers(data, field, np.dtype("<f4"), where) for field in found[DATA]]
    doubles = [_numbers(data, field, np.dtype("<f8"), where) for field in found[DOUBLE_DATA]]
    legacy = [signed(found[number][-1].value) if found[number] else 0 for number in LEGACY_SHAPE]
    if found[SHAPE]:
        shape = [size for field in found[SHAPE] for size in _read_sizes(data, field)]
    else:  # a blob without axes, a single number, has no shape
        shape = _squeeze(legacy, index, is_matrix) if any(found[number] for number in LEGACY_SHAPE) else []
    n_floats, n_doubles = sum(map(len, floats)), sum(map(len, doubles))
    count = n_floats + n_doubles
    if n_floats and n_doubles:
        raise CaffeFileError(f"{where} has both {n_floats} floats and {n_doubles} doubles")
    if len(shape) > MAX_AXES or min(shape, default=0) < 0 or math.prod(max(n, 1) for n in shape) > MAX_COUNT:
        raise CaffeFileError(f"{where} has {count} numbers and the impossible shape {shape[: MAX_AXES + 1]}")
    if math.prod(shape) != count:
        raise CaffeFileError(f"{where} has {count} numbers, but its shape {tuple(shape)} needs {math.prod(shape)}")
    tensor = torch.empty(shape, dtype=torch.float64 if n_doubles else torch.float32)
    if count:
        np.concatenate([*floats, *doubles], out=tensor.numpy().reshape(-1))
    _release(data, blob)
    return tensor


def _squeeze(shape: list[int], index: int, is_matrix: bool) -> list[int]:
    """Remove the axes added by num, channels, height, width: (1, 1, O, I) for a matrix, (1, 1, 1, O) for a bias."""
    if index == 0 and is_matrix and shape[:2] == [1, 1]:
        return shape[2:]
    return shape[3:] if index == 1 and shape[:3] == [1, 1, 1] else shape


def _numbers(data: Source, field: Field, dtype: np.dtype, where: str) -> np.ndarray:
    """View packed values, or a run of values with a one-byte tag between them."""
    step, size = dtype.itemsize + (field.wire != LENGTH), field.stop - field.start
    count, rest = divmod(size + step - dtype.itemsize, step)
    if rest:
        raise CaffeFileError(f"{where} has {size} bytes of numbers at byte {field.start}, not a multiple of {step}")
    return np.ndarray((count,), dtype, data, field.start, (step,)) if count else np.empty(0, dtype)


def _read_sizes(data: Source, message: Field) -> Iterator[int]:
    """Read the sizes in a BlobShape; stop at one more than a blob can have."""
    count = 0
    for field in pick(data, message, {1: (VARINT, LENGTH)})[1]:
        position = field.start
        while position < field.stop and count <= MAX_AXES:
            value, position = read_varint(data, position, field.stop)
            count += 1
            yield signed(value)


def _release(data: Source, blob: Field) -> None:
    """Release the mapped pages of a copied blob, which would count as this process's memory."""
    if hasattr(mmap, "MADV_DONTNEED"):
        start = blob.start // mmap.PAGESIZE * mmap.PAGESIZE
        data.madvise(mmap.MADV_DONTNEED, start, blob.stop - start)
