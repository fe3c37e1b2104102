"""Read the weights of a ``.caffemodel``, the file of a net trained with Caffe, without Caffe or protobuf.

The file is one protobuf message (proto2), ``NetParameter`` of ``caffe.proto``: layers with a name, a type and blobs,
one blob per array of weights. Fields that hold no weights are skipped.

The file is memory-mapped: the peak is the weights plus the largest of them.
"""

from __future__ import annotations

import codecs
import math
import mmap
import re
from typing import NamedTuple

import numpy as np
import torch
from torch import Tensor

from ..checkpoints.read import require_checkpoint
from ..errors import UserError
from .protobuf import FIXED32, FIXED64, LENGTH, VARINT, CaffeFileError, Field, fields, read_varint, signed

DATA, SHAPE, DOUBLE_DATA = 5, 7, 8  # fields of BlobProto
NUMBERS = {DATA: (FIXED32, np.dtype("<f4")), DOUBLE_DATA: (FIXED64, np.dtype("<f8"))}  # wire type of a single number
LEGACY_SHAPE = (1, 2, 3, 4)  # num, channels, height, width
MAX_AXES, MAX_COUNT = 32, 2**31 - 1  # a blob's limits in Caffe


class _Layer(NamedTuple):
    """Field numbers of one kind of layer, and its type of a fully connected one."""

    name: int
    type: int
    blobs: int
    inner_product: int | bytes


LAYERS = {2: _Layer(4, 5, 6, 14), 100: _Layer(1, 2, 7, b"InnerProduct")}  # V1LayerParameter, LayerParameter


def read_caffemodel(path: str) -> dict[str, Tensor]:
    """Read the weights of a Caffe net by layer, in the file's order.

    Returns:
        ``LAYER.weight`` (blob 0), ``LAYER.bias`` (blob 1), ``LAYER.blob2`` and so on; float32, or float64 where the file
        holds doubles. Shapes are the file's: a convolution's weight is (O, I, kh, kw), an InnerProduct layer's (O, I), a
        bias (O,); the 4 axes that old files give to the latter two are removed. Layers without blobs do not appear.

    Raises:
        UserError: ``checkpoint-missing``; ``file-access``; ``weights-damaged``: no ``.caffemodel``, cut short, or a blob
            whose values do not fill its shape; ``weights-format``: a net without weights, layers in the V0 form, two
            layers of one name.
    """
    require_checkpoint(path)
    try:
        with open(path, "rb") as file:
            head = file.read(1 << 16)
            # never closed explicitly: arrays may still point into it
            content = mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ) if head else b""
    except (OSError, ValueError) as error:
        raise UserError(
            "file-access", f"{path} can't be opened ({error}): check that you may read this file"
        ) from error
    try:
        return _read_net(memoryview(content))
    except CaffeFileError as error:
        raise (_foreign(head) or error).within(path) from error


def _foreign(head: bytes) -> CaffeFileError | None:
    """Give a better reason where the first bytes are those of a common mix-up."""
    if head.startswith(b"\x89HDF"):
        return CaffeFileError("it is an HDF5 snapshot", "save it again with Caffe's snapshot_format: BINARYPROTO")
    try:
        text = codecs.getincrementaldecoder("utf-8")().decode(head)  # the last letter may be cut
    except UnicodeDecodeError:
        return None
    if not text or re.search(r"[\x00-\x08\x0b\x0e-\x1f\x7f]", text):
        return None
    if re.search(r"^\s*(name|layers?|input|input_dim|input_shape)\s*[:{]", text, re.MULTILINE):
        return CaffeFileError("it is a net's definition (.prototxt), without weights", "give its .caffemodel")
    return CaffeFileError("it is text")


def _read_net(data: memoryview) -> dict[str, Tensor]:
    weights, names, layers = {}, set(), 0
    for field in fields(data, 0, len(data)):
        if field.number not in LAYERS or field.wire != LENGTH:
            continue
        layers += 1
        name, tensors = _read_layer(data, field, LAYERS[field.number])
        if not tensors:
            continue
        if name in names:
            raise CaffeFileError(f"two layers are named {name!r}", "rename one in the net's definition, save it again")
        names.add(name)
        kinds = ("weight", "bias", *(f"blob{i}" for i in range(2, len(tensors))))
        weights |= {f"{name}.{kind}": tensor for kind, tensor in zip(kinds, tensors, strict=False)}
    if not layers:
        raise CaffeFileError("it is empty" if not data else "it holds no layers")
    if not weights:
        raise CaffeFileError(
            f"its {layers} layers hold no weights", "give the .caffemodel that Caffe saved in training"
        )
    return weights


def _read_layer(data: memoryview, layer: Field, numbers: _Layer) -> tuple[str, list[Tensor]]:
    name, inner_product, blobs = b"", False, []
    for field in fields(data, layer.start, layer.stop):
        is_text = field.number in (numbers.name, numbers.type) and field.wire == LENGTH
        value = bytes(data[field.start : field.stop]) if is_text else field.value
        if numbers is LAYERS[2] and field.number == 1 and field.wire == LENGTH:
            reason = "its layers have Caffe's oldest form (V0LayerParameter)"
            raise CaffeFileError(reason, "rewrite it with Caffe's upgrade_net_proto_binary")
        if field.number == numbers.name and is_text:
            name = value
        elif field.number == numbers.type and field.wire in (VARINT, LENGTH):
            inner_product = value == numbers.inner_product
        elif field.number == numbers.blobs and field.wire == LENGTH:
            blobs.append(field)
    name = name.decode(errors="backslashreplace")
    # read last: a layer's name and type may follow its blobs
    tensors = [_read_blob(data, blob, i, inner_product, f"layer {name!r}, blob {i}") for i, blob in enumerate(blobs)]
    return name, tensors


def _read_blob(data: memoryview, blob: Field, index: int, inner_product: bool, where: str) -> Tensor:
    pieces: dict[int, list[np.ndarray]] = {DATA: [], DOUBLE_DATA: []}
    legacy: dict[int, int] = {}
    shape: list[int] | None = None
    for field in fields(data, blob.start, blob.stop):
        if field.number in NUMBERS and field.wire in (LENGTH, NUMBERS[field.number][0]):
            pieces[field.number].append(_numbers(data, field, NUMBERS[field.number][1], where))
        elif field.number == SHAPE and field.wire == LENGTH:
            shape = (shape or []) + _read_dims(data, field)
        elif field.number in LEGACY_SHAPE and field.wire == VARINT:
            legacy[field.number] = signed(field.value)
    if shape is None:
        # a blob without axes, one number, is written without any shape
        shape = _squeeze([legacy.get(number, 0) for number in LEGACY_SHAPE], index, inner_product) if legacy else []
    floats, doubles = (sum(map(len, runs)) for runs in pieces.values())
    count = floats + doubles
    if floats and doubles:
        raise CaffeFileError(f"{where} holds {floats} floats and {doubles} doubles at once")
    if len(shape) > MAX_AXES or min(shape, default=0) < 0 or math.prod(max(n, 1) for n in shape) > MAX_COUNT:
        raise CaffeFileError(f"{where} holds {count} numbers and has the impossible shape {shape[: MAX_AXES + 1]}")
    if math.prod(shape) != count:
        raise CaffeFileError(f"{where} holds {count} numbers, its shape {tuple(shape)} needs {math.prod(shape)}")
    tensor = torch.empty(shape, dtype=torch.float64 if doubles else torch.float32)
    if count:
        np.concatenate([*pieces[DATA], *pieces[DOUBLE_DATA]], out=tensor.numpy().reshape(-1))
    _release(data, blob)
    return tensor


def _squeeze(shape: list[int], index: int, inner_product: bool) -> list[int]:
    """Remove the axes that num, channels, height, width add: (1, 1, O, I) of a matrix, (1, 1, 1, O) of a bias."""
    if index == 0 and inner_product and shape[:2] == [1, 1]:
        return shape[2:]
    return shape[3:] if index == 1 and shape[:3] == [1, 1, 1] else shape


def _numbers(data: memoryview, field: Field, dtype: np.dtype, where: str) -> np.ndarray:
    """View packed values, or a run of values with a one-byte tag between two."""
    step = dtype.itemsize + (field.wire != LENGTH)
    size = field.stop - field.start
    count, rest = divmod(size + step - dtype.itemsize, step)
    if rest:
        raise CaffeFileError(f"{where} holds {size} bytes of numbers at byte {field.start}, not a multiple of {step}")
    return np.ndarray((count,), dtype, data, field.start, (step,)) if count else np.empty(0, dtype)


def _read_dims(data: memoryview, message: Field) -> list[int]:
    """Read the sizes in a BlobShape; stop at one more than a blob can have."""
    dims: list[int] = []
    for field in fields(data, message.start, message.stop):
        if field.number != 1 or field.wire not in (VARINT, LENGTH):
            continue
        position = field.start
        while position < field.stop and len(dims) <= MAX_AXES:
            value, position = read_varint(data, position, field.stop)
            dims.append(signed(value))
    return dims


def _release(data: memoryview, blob: Field) -> None:
    """Drop the mapped pages of a copied blob, which would count as this process's memory."""
    if hasattr(mmap, "MADV_DONTNEED"):
        start = blob.start // mmap.PAGESIZE * mmap.PAGESIZE
        data.obj.madvise(mmap.MADV_DONTNEED, start, blob.stop - start)
