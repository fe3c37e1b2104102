"""No file runs code on loading, however it is made; what it asked for is named, and only ``trusting`` lets it."""

import logging
import os
import pickle
from collections import OrderedDict
from functools import partial

import numpy as np
import pytest
import torch
from mmengine.config import Config, ConfigDict
from mmengine.logging import HistoryBuffer, MMLogger
from support.refusals import refused

from fcn_plugin.checkpoints.checksum import seal
from fcn_plugin.checkpoints.pickles import trusting
from fcn_plugin.checkpoints.plain_values import make_plain
from fcn_plugin.checkpoints.read import read_checkpoint


class Call:
    """Calls a function when unpickled."""

    def __init__(self, function, *arguments):
        self.call = function, arguments

    def __reduce__(self):
        return self.call


@pytest.fixture
def made(tmp_path):
    """The folder that :func:`trap` makes when it is unpickled."""
    return tmp_path / "made"


def trap(made):
    return Call(os.mkdir, str(made))


def check_refused(path, made, *fragments, code="checkpoint-code"):
    """A file must be refused by its name, and must not have run."""
    with refused(code, *fragments) as error:
        read_checkpoint(str(path))
    assert not made.exists()
    assert error.value.message.startswith(f"{path} ")


WAYS = {
    "zip": torch.save,
    "legacy": partial(torch.save, _use_new_zipfile_serialization=False),
    "pickle": lambda content, path, pickle_protocol: path.write_bytes(pickle.dumps(content, pickle_protocol)),
}


@pytest.mark.filterwarnings("error")
@pytest.mark.parametrize("way", WAYS)
@pytest.mark.parametrize("protocol", range(6))
def test_a_file_that_would_run_code_is_named_with_what_it_would_run(tmp_path, made, way, protocol):
    path = tmp_path / "bad.pth"
    WAYS[way]({"state_dict": {}, "meta": {"deep": [trap(made)]}}, path, pickle_protocol=protocol)
    if protocol < 4:
        check_refused(path, made, "would run code (posix.mkdir) on loading and was refused", "--trust-checkpoint")
    elif way == "pickle":
        check_refused(path, made, code="checkpoint-damaged")
    else:
        check_refused(path, made, f"is pickled with protocol {protocol}", "--trust-checkpoint")
    try:
        torch.load(path, weights_only=False)
    except Exception as error:  # a bare pickle is no file of torch's, which it finds when the pickle has run
        assert way == "pickle", error
    assert made.exists()  # the trap works


PLACES = {
    "optimizer": lambda value: {"state_dict": {}, "optimizer": {"state": {0: {"momentum_buffer": value}}}},
    "history": lambda value: {"state_dict": {}, "message_hub": {"log_scalars": {"loss": value}}},
    "weights": lambda value: {"state_dict": OrderedDict(a=value)},
    "key": lambda value: {"state_dict": {value: 1}},
    "whole": lambda value: value,
}


@pytest.mark.parametrize("place", PLACES)
def test_wherever_it_lies(tmp_path, made, place):
    path = tmp_path / "bad.pth"
    torch.save(PLACES[place](trap(made)), path)
    check_refused(path, made, "(posix.mkdir)")


def write_torchscript(path, made):
    torch.jit.save(torch.jit.script(torch.nn.Linear(1, 1)), path)


def write_eval(path, made):
    torch.save({"a": Call(eval, f"__import__('os').mkdir({str(made)!r})")}, path)


def write_instance(path, made):
    path.write_bytes(f"(S'{made}'\niposix\nmkdir\n.".encode())


OTHER_KINDS = {
    "builtins in full": (write_eval, "(builtins.eval)"),
    "the old opcode of instances": (write_instance, "(posix.mkdir)"),
    "a TorchScript archive": (write_torchscript, "would run code (__torch__."),
}


@pytest.mark.filterwarnings("ignore::FutureWarning")  # torch.jit is on its way out
@pytest.mark.parametrize("kind", OTHER_KINDS)
def test_other_kinds_of_files(tmp_path, made, kind):
    write, named = OTHER_KINDS[kind]
    write(tmp_path / "bad.pth", made)
    check_refused(tmp_path / "bad.pth", made, named)


def test_a_later_protocol_without_code_says_so(tmp_path, made):
    path = tmp_path / "new.pth"
    torch.save({"a": torch.ones(2)}, path, pickle_protocol=4)
    check_refused(path, made, "protocol 4")
    with trusting():
        assert read_checkpoint(str(path))["a"].tolist() == [1, 1]


# ---- what mmengine's checkpoints need, and its allow-list would let through


def write_legacy(path, body):
    """A file of torch before 1.6, without tensors."""
    around = [pickle.dumps(value, 2) for value in (torch.serialization.MAGIC_NUMBER, 1001, {}, [])]
    path.write_bytes(b"".join([*around[:3], body, around[3]]))


def attribute(owner, name):
    return Call(getattr, owner, name)


ABUSES = {
    "a class method of the history": (attribute(HistoryBuffer, "register_statistics"), "'register_statistics'"),
    "what the class keeps": (attribute(HistoryBuffer, "_statistics_methods"), "'_statistics_methods'"),
    "the globals of a method": (attribute(attribute(HistoryBuffer, "mean"), "__globals__"), "'__globals__'"),
    "a name with dots": (attribute(HistoryBuffer, "mean.__globals__"), "'mean.__globals__'"),
    "a dtype's way to NumPy": (attribute(np.dtype, "newbyteorder"), "builtins.getattr"),
    "an address": (Call(np.ndarray, (1,), np.dtype("O"), b"A" * 8), "numpy.ndarray"),
    "an array of objects": (np.array([[1], "a"], dtype=object), "numpy.dtype 'O8'"),
    "records": (np.zeros(1, [("a", "f4")]), "numpy.dtype 'V4'"),
    "a class of arrays": (np.zeros(2).view(np.recarray), "numpy.rec.recarray"),
    "pickle again": (Call(np.load, "file.npy"), "numpy.load"),
}


@pytest.mark.parametrize("case", ABUSES)
def test_what_the_engines_checkpoints_need_reaches_nothing_else(tmp_path, made, case):
    content, named = ABUSES[case]
    torch.save({"a": content}, tmp_path / "bad.pth")
    check_refused(tmp_path / "bad.pth", made, "would run code", named)


def test_a_dtype_of_numbers_takes_no_fields(tmp_path, made):
    """Flags and fields of a file's choice would make NumPy take numbers for addresses."""
    state = (3, "<", None, ("a",), {"a": (np.dtype("f8"), 0)}, 8, 8, 63)
    dtype = b"\x80\x02}X\x01\x00\x00\x00acnumpy\ndtype\nX\x02\x00\x00\x00f8\x85R"
    path = tmp_path / "bad.pth"
    state = pickle.dumps(state, 2)[2:-1]  # without its header and its end
    write_legacy(path, dtype + state + b"bs.")
    check_refused(path, made, "would run code (numpy.dtype with (3, '<'")


def test_a_history_brings_no_functions_along(tmp_path):
    """Unpickled as mmengine does it, they would be those of every history of the process."""
    history = HistoryBuffer([1.0, 3.0], [1, 1])
    before = dict(HistoryBuffer._statistics_methods)
    history._statistics_methods = {"mean": OrderedDict, "mine": OrderedDict}
    torch.save({"a": history}, tmp_path / "history.pth")
    del history
    read = read_checkpoint(str(tmp_path / "history.pth"))["a"]
    assert HistoryBuffer._statistics_methods == before
    assert read.statistics("mean") == 2
    assert "mine" not in read._statistics_methods


def test_what_others_have_allowed_does_not_count(tmp_path, made):
    with torch.serialization.safe_globals([getattr, eval]):
        before = set(torch.serialization.get_safe_globals())
        calls = {"builtins.getattr": attribute(np.dtype, "newbyteorder"), "builtins.eval": Call(eval, "1")}
        for named, call in calls.items():
            torch.save({"a": call}, tmp_path / "bad.pth")
            check_refused(tmp_path / "bad.pth", made, named)
        assert set(torch.serialization.get_safe_globals()) == before


VALUES = {
    "float64": np.float64(0.5),
    "float32": np.float32(2.5),
    "bool": np.bool_(True),
    "int": np.int64(-3),
    "transposed": np.arange(6).reshape(2, 3).T,
    "big-endian": np.arange(3, dtype=">i2"),
    "empty": np.zeros((0, 3), "f4"),
    "no axes": np.array(3),
    "half": np.ones(2, np.float16),
    "bytes": np.arange(3, dtype=np.uint8),
}


@pytest.mark.parametrize("old_numpy", [False, True])
def test_numbers_of_numpy_come_back_as_they_were(tmp_path, old_numpy):
    path = tmp_path / "values.pth"
    content = {"values": VALUES, "in lists": [VALUES["half"], (VALUES["empty"],)]}
    if old_numpy:
        write_legacy(path, pickle.dumps(content, 2).replace(b"numpy._core.multiarray", b"numpy.core.multiarray"))
    else:
        torch.save(content, path)
    read = read_checkpoint(str(path))
    for name, value in VALUES.items():
        found = read["values"][name]
        assert type(found) is type(value)
        assert found.dtype == value.dtype
        np.testing.assert_array_equal(found, value, strict=True)
    assert read["in lists"][0].tolist() == [1, 1]
    assert read["in lists"][1][0].shape == (0, 3)


@pytest.mark.parametrize("written", ["by mmengine", "by us"])
def test_a_history_comes_back_and_continues(tmp_path, written):
    path = tmp_path / "history.pth"
    content = {"log_scalars": OrderedDict(full=HistoryBuffer([0.1, 3.0], [1, 1], max_length=7), empty=HistoryBuffer())}
    for values in ([0.1, 3.0], [0.1, 3.0, 2.0]):
        if written == "by us":
            make_plain(content)
        torch.save(content, path)
        if written == "by us":  # for any reader, without an allow-list
            assert torch.load(path, weights_only=True)["log_scalars"]["full"]["__history__"][0].tolist() == values
        content = read_checkpoint(str(path))
        full, empty = content["log_scalars"].values()
        assert isinstance(content["log_scalars"], OrderedDict)
        assert [(array.tolist(), array.dtype) for array in full.data] == [(values, "f8"), ([1] * len(values), "i8")]
        assert (full.mean(), full.max_length, len(empty.data[0])) == (sum(values) / len(values), 7, 0)
        full.update(2.0)
        assert full.current() == 2


def test_a_history_on_another_device_stays_as_it_is_written(tmp_path):
    content = {"a": HistoryBuffer([1.0], [1])}
    make_plain(content)
    torch.save(content, tmp_path / "history.pth")
    assert read_checkpoint(str(tmp_path / "history.pth"), "meta")["a"]["__history__"][0].is_meta


@pytest.mark.parametrize("history", [3, [], [1, 2, 3], [torch.ones(2), torch.ones(1), 9], [torch.ones(1)]])
def test_a_broken_history_is_refused(tmp_path, made, history):
    torch.save({"a": {"__history__": history}}, tmp_path / "bad.pth")
    check_refused(tmp_path / "bad.pth", made, code="checkpoint-damaged")


def test_numbers_and_configs_are_written_plain(tmp_path):
    weights = OrderedDict(a=torch.ones(1))
    weights._metadata = {"": {"version": 1}}
    meta = {"cfg": Config(dict(a=ConfigDict(b=1))), "f": len, "seed": np.int64(7), "best": np.float32(0.1)}
    content = {"state_dict": weights, "meta": meta}
    make_plain(content)
    torch.save(content, tmp_path / "plain.pth")
    read = torch.load(tmp_path / "plain.pth", weights_only=True)
    assert read["meta"] == {"cfg": {"a": {"b": 1}}, "seed": 7, "best": float(np.float32(0.1))}
    assert [type(value) for value in read["meta"].values()] == [dict, int, float]
    assert read["state_dict"]._metadata == {"": {"version": 1}}


# ---- trust


def test_trust_runs_the_code_and_warns_once(tmp_path, made, caplog):
    path = tmp_path / "bad.pth"
    torch.save({"state_dict": {"a": torch.ones(1)}, "b": trap(made)}, path)
    MMLogger.get_current_instance().addHandler(caplog.handler)
    try:
        with trusting():
            assert read_checkpoint(str(path))["state_dict"]["a"] == 1
            made.rmdir()
            read_checkpoint(str(path))
            made.rmdir()
    finally:
        MMLogger.get_current_instance().removeHandler(caplog.handler)
    (warning,) = [record.getMessage() for record in caplog.records if record.levelno == logging.WARNING]
    assert f"{path} would run code (posix.mkdir) on loading; it is trusted" in warning
    check_refused(path, made, "(posix.mkdir)")  # outside again


def test_trust_says_nothing_of_a_plain_file(tmp_path, capsys):
    torch.save({"a": torch.ones(1)}, tmp_path / "plain.pth")
    with trusting():
        read_checkpoint(str(tmp_path / "plain.pth"))
    assert capsys.readouterr() == ("", "")


def test_the_limits_of_trust(tmp_path, made):
    path = tmp_path / "bad.pth"
    torch.save({"a": torch.ones(5), "b": trap(made)}, path)
    with trusting(), trusting(False):
        check_refused(path, made)
    seal(path)
    content = bytearray(path.read_bytes())
    content[-100] ^= 1
    path.write_bytes(content)
    with trusting():
        check_refused(path, made, code="checkpoint-damaged")
