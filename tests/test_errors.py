"""UserError keeps its code: as text, with a place in front, between processes."""

import pickle

import pytest
from torch._utils import ExceptionWrapper

from fcn_plugin.errors import UserError, printable

ERROR = UserError("mask-size", "a.png is 64 x 48.", ["Resize it: [1] no, [2] yes"])


def test_text():
    assert str(ERROR) == "[mask-size] a.png is 64 x 48.\nResize it: [1] no, [2] yes"
    assert isinstance(ERROR, ValueError)


def test_within_a_place():
    error = ERROR.within("config.py, train data set").within("stage 8s")
    assert (error.code, error.message) == ("mask-size", f"stage 8s: config.py, train data set: {ERROR.message}")
    assert ERROR.message.startswith("a.png")


def test_pickled():
    error = pickle.loads(pickle.dumps(ERROR))
    assert (type(error), error.code, error.message) == (UserError, ERROR.code, ERROR.message)


def test_names_of_strangers_are_shown_and_not_obeyed():
    name = "a\x1b[2J\nerror: [ok] \u202egnp.jpg \udcff"
    shown = r"a\x1b[2J\nerror: [ok] \u202egnp.jpg \udcff"
    assert UserError("mask-size", name, [name]).message == f"{shown}\n{shown}"
    assert printable("héllo 日本") == "héllo 日本"


def test_long_names_are_cut():
    assert len(UserError("mask-size", "x" * 50_000_000).message) < 2010


def test_rebuilt_from_the_traceback_of_a_worker():
    """torch gives the class one text, which holds the traceback, and that of the cause before it."""
    with pytest.raises(UserError) as caught:
        try:
            try:
                raise UserError("mask-ids", "the cause")
            except UserError as cause:
                raise ERROR from cause
        except UserError:
            ExceptionWrapper(where="in DataLoader worker process 0").reraise()
    assert (caught.value.code, caught.value.message) == (ERROR.code, ERROR.message)
