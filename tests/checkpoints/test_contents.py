"""Files that load and hold what no run writes: refused by name before anything copies, prints or trusts it."""

import pickle
import re
import zipfile

import pytest
import torch
from safetensors.torch import save_file
from support.refusals import refused
from torch import nn

from fcn_plugin.checkpoints.checksum import seal
from fcn_plugin.checkpoints.load import load_verified
from fcn_plugin.checkpoints.read import open_checkpoint

ONE = torch.ones(1)
INDEX = torch.tensor([[0]])


def labels(**values):
    return {"state_dict": {}, "meta": {"dataset_meta": values}}


# what a file holds -> what the message names
CONTENTS = {
    "a list as weights": ({"state_dict": [ONE]}, "contains a list as state_dict"),
    "a text as averages": ({"state_dict": {}, "ema_state_dict": "a"}, "contains a str as ema_state_dict"),
    "a list as notes": ({"state_dict": {}, "meta": []}, "contains a list as meta"),
    "8 bits": ({"layer": ONE.to(torch.float8_e4m3fn)}, "torch.float8_e4m3fn"),
    "complex": ({"state_dict": {"layer": ONE * 1j}}, "layer as torch.complex64"),
    "unsigned": ({"layer": torch.ones(1, dtype=torch.uint16)}, "torch._utils._rebuild_tensor_v3"),
    "sparse": ({"layer": torch.sparse_coo_tensor(INDEX, ONE, (1,))}, "torch._utils._rebuild_sparse_tensor"),
    "quantized": ({"layer": torch.quantize_per_tensor(ONE, 1, 0, torch.qint8)}, "torch._utils._rebuild_qtensor"),
    "meta": ({"layer": torch.ones(1, device="meta")}, "torch._utils._rebuild_meta_tensor_no_storage"),
    "nested": ({"layer": torch.nested.nested_tensor([ONE, ONE])}, "torch._utils._rebuild_nested_tensor"),
    "attributes": ({"layer": nn.parameter.Buffer(ONE)}, "torch._tensor._rebuild_from_type_v2"),
    "2^33 numbers of one": ({"state_dict": {"layer": ONE.expand(2**33)}}, "layer of shape (8589934592,)"),
    "overlapping rows": (
        {"optimizer": [{"buffer": torch.ones(9).as_strided((5, 5), (1, 1))}]},
        "buffer of shape (5, 5)",
    ),
    "an escape code": ({"state_dict": {"\x1b[2Jlayer": ONE}}, r"\x1b[2Jlayer"),
    "a line break": ({"a\nerror: b": ONE}, r"a\nerror: b"),
    "a long name": ({"state_dict": {"a" * 50_000_000: ONE}}, "a tensor named 'aaa"),
    "a number as name": ({"state_dict": {1.5: ONE}}, "a tensor named 1.5"),
    "no classes": (labels(classes="abc"), "dataset_meta"),
    "numbers as classes": (labels(classes=[1]), "dataset_meta"),
    "no colours": (labels(palette=[(0, 0)]), "dataset_meta"),
    "colours out of range": (labels(palette=[(0, 0, 256)]), "dataset_meta"),
    "lists as colours": (labels(palette=[([0], 0, 0)]), "dataset_meta"),
    "tensors as colours": (labels(palette=torch.zeros(3, 3)), "dataset_meta"),
    "colours of tensors": (labels(palette=[torch.zeros(3)]), "dataset_meta"),
    "tensors as classes": (labels(classes=torch.zeros(3)), "dataset_meta"),
    "an empty text as classes": (labels(classes=""), "dataset_meta"),
    "a number as labels": ({"state_dict": {}, "meta": {"dataset_meta": 0}}, "dataset_meta"),
    "a list as labels": ({"state_dict": {}, "meta": {"dataset_meta": [1]}}, "dataset_meta"),
}


@pytest.mark.filterwarnings("ignore")  # prototypes of torch
@pytest.mark.parametrize("sealed", [False, True])
@pytest.mark.parametrize("case", CONTENTS)
def test_what_no_run_writes_is_refused(tmp_path, case, sealed):
    content, named = CONTENTS[case]
    torch.save(content, tmp_path / "odd.pth")
    if sealed:
        seal(tmp_path / "odd.pth")
    with refused("checkpoint-damaged", tmp_path / "odd.pth", named) as caught:
        open_checkpoint(str(tmp_path / "odd.pth"))
    assert caught.value.message.isprintable()
    assert len(caught.value.message) < 3000


SAFETENSORS = {"\x1b[2J": ONE, "a" * 2000: ONE, "layer": ONE.to(torch.float8_e5m2)}


@pytest.mark.parametrize("name", SAFETENSORS)
def test_safetensors(tmp_path, name):
    save_file({name: SAFETENSORS[name]}, tmp_path / "odd.safetensors")
    with refused(
        "checkpoint-damaged", tmp_path / "odd.safetensors", "layer as" if name == "layer" else "a tensor named"
    ):
        open_checkpoint(str(tmp_path / "odd.safetensors"))


@pytest.mark.parametrize("dtype", [torch.bool, torch.int64])
def test_integers_are_no_weights(tmp_path, dtype):
    """They would be cast."""
    torch.save({"weight": torch.ones(2, 3, dtype=dtype), "bias": torch.ones(2)}, tmp_path / "a.pth")
    with refused("checkpoint-fit", tmp_path / "a.pth", "weight has shape (2, 3)", dtype):
        load_verified(nn.Linear(3, 2), open_checkpoint(str(tmp_path / "a.pth")))


def test_what_runs_write_is_read(tmp_path):
    tied = torch.ones(2, 3)
    content = {
        "state_dict": {
            "a": tied,
            "b": tied,
            "turned": tied.T,
            "part": torch.ones(9)[2:4],
            "half": tied.half(),
            "n": torch.tensor(3),
        },
        "optimizer": {"state": {0: {"step": torch.tensor(3.0)}}, "param_groups": [{"params": [0]}]},
        "meta": {"dataset_meta": {"classes": ("a", "b"), "palette": [[0, 0, 0], (255, 1, 2)], "more": None}},
    }
    torch.save(content, tmp_path / "a.pth")
    read = open_checkpoint(str(tmp_path / "a.pth"))
    assert list(read.state_dict) == list(content["state_dict"])
    assert read.meta == content["meta"]


def packed(path, name, content):
    """Write a checkpoint again, with an entry that says more than the file has room for."""
    torch.save({"a": ONE}, path)
    with zipfile.ZipFile(path) as archive:
        entries = {entry: archive.read(entry) for entry in archive.namelist()}
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        for entry, old in entries.items():
            archive.writestr(entry, content if re.search(name, entry) else old)


@pytest.mark.parametrize("sealed", [False, True])
@pytest.mark.parametrize("entry", ["data.pkl", "data/0", "version"])
def test_packed_entries(tmp_path, entry, sealed):
    packed(tmp_path / "bomb.pth", entry, bytes(10_000_000))
    if sealed:
        seal(tmp_path / "bomb.pth")
    with refused("checkpoint-damaged", tmp_path / "bomb.pth", "larger than the file"):
        open_checkpoint(str(tmp_path / "bomb.pth"))


def write_pickle(path, body):
    """A file of torch before 1.6, without tensors."""
    around = [pickle.dumps(value, 2) for value in (torch.serialization.MAGIC_NUMBER, 1001, {}, [])]
    path.write_bytes(b"".join([*around[:3], body, around[3]]))


def references(level):
    """A dictionary of lists of lists: each holds the one before it ten times."""
    lists = b"]q\x00" + b"".join(b"](" + b"h%c" % i * 10 + b"eq%c" % (i + 1) for i in range(level))
    return b"\x80\x02}X\x01\x00\x00\x00a" + lists + b"s."


PICKLES = {
    "a list in itself": b"\x80\x02}X\x01\x00\x00\x00a]q\x00h\x00as.",
    "10^40 references": references(40),
    "many values": b"\x80\x02}X\x01\x00\x00\x00a](" + b"]" * 2**21 + b"es.",
    "deep": b"\x80\x02}X\x01\x00\x00\x00a" + b"]" * 100_000 + b"a" * 99_999 + b"s.",
    "a tensor made of a size": b"\x80\x02}X\x01\x00\x00\x00actorch\nFloatTensor\n\x8a\x05"
    + (2**33).to_bytes(5, "little")
    + b"\x85Rs.",
    "bytes made of a size": b"\x80\x02}X\x01\x00\x00\x00ac__builtin__\nbytearray\n\x8a\x05"
    + (2**34).to_bytes(5, "little")
    + b"\x85Rs.",
}


@pytest.mark.parametrize("case", PICKLES)
def test_pickles_that_grow(tmp_path, case):
    write_pickle(tmp_path / "bomb.pth", PICKLES[case])
    with refused("checkpoint-damaged", tmp_path / "bomb.pth"):
        open_checkpoint(str(tmp_path / "bomb.pth"))
