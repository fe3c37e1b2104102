"""Write ``.caffemodel`` files in all the forms that Caffe's versions left behind; knows nothing of the reader.

Protobuf's wire format: a field is ``number << 3 | wire type`` (0 varint, 1 eight bytes, 2 length, 5 four bytes) and a value.
"""

from pathlib import Path

import numpy as np

V1_TYPES = {"Convolution": 4, "InnerProduct": 14, "Deconvolution": 39}


def varint(number):
    """Seven bits a byte, lowest first, the top bit set on all but the last; negative numbers as 64-bit two's complement."""
    bits = f"{number % 2**64:b}"
    groups = [bits[max(0, end - 7) : end] for end in range(len(bits), 0, -7)]
    return bytes(int(group, 2) + 128 * (i < len(groups) - 1) for i, group in enumerate(groups))


def integer(field, number):
    return varint(field * 8) + varint(number)


def chunk(field, content):
    """A string or a nested message."""
    return varint(field * 8 + 2) + varint(len(content)) + bytes(content)


def numbers(field, values, packed=True):
    """float32 or float64 values: one packed chunk, or each behind its own one-byte tag."""
    values = np.ascontiguousarray(values).astype(values.dtype.newbyteorder("<"))
    if packed:
        return chunk(field, values.tobytes())
    records = np.empty(values.size, [("tag", "u1"), ("value", values.dtype)])  # no padding between the two
    records["tag"] = field * 8 + (1 if values.itemsize == 8 else 5)
    records["value"] = values.reshape(-1)
    return records.tobytes()


def shape_of(dims, packed=True, legacy=False):
    """BlobShape, or num, channels, height, width with ones in front."""
    if legacy:
        return b"".join(integer(i + 1, dim) for i, dim in enumerate((1,) * (4 - len(dims)) + tuple(dims)))
    return chunk(7, chunk(1, b"".join(map(varint, dims))) if packed else b"".join(integer(1, dim) for dim in dims))


def blob(values, packed=True, double=False, legacy_shape=False):
    """BlobProto of an array."""
    content = numbers(8, values.astype(np.float64), packed) if double else numbers(5, values.astype(np.float32), packed)
    return shape_of(values.shape, packed, legacy_shape) + content


def layer(name, kind, blobs, layers="new"):
    """A layer's field of NetParameter, from its encoded blobs."""
    if layers == "v1":
        parts = [chunk(2, b"in"), chunk(3, b"out"), chunk(4, name.encode()), integer(5, V1_TYPES[kind])]
        return chunk(2, b"".join(parts + [chunk(6, content) for content in blobs]))
    parts = [chunk(1, name.encode()), chunk(2, kind.encode()), chunk(3, b"in"), chunk(4, b"out")]
    return chunk(100, b"".join(parts + [chunk(7, content) for content in blobs]))


def write_caffemodel(path, weights, types=None, layers="new", packed=True, double=False, legacy_shape=False):
    """``{layer: [arrays]}`` as a file; layers are Convolutions unless ``types`` names another kind."""
    with Path(path).open("wb") as file:
        file.write(chunk(1, b"net"))
        for name, arrays in weights.items():
            blobs = [blob(array, packed, double, legacy_shape) for array in arrays]
            file.write(layer(name, (types or {}).get(name, "Convolution"), blobs, layers))
    return str(path)
