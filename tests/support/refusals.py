"""What bad input must lead to: a code, the file and the value in the message; sentences may change."""

from contextlib import contextmanager

import pytest

from fcn_plugin.errors import UserError


@contextmanager
def refused(code, *fragments):
    """Expect a UserError of this code whose message names every fragment: files, values, remedies' options."""
    with pytest.raises(UserError) as caught:
        yield caught
    assert caught.value.code == code, caught.value
    for fragment in fragments:
        assert str(fragment) in caught.value.message


def tool_refused(outcome, work_dir, code, *fragments):
    """The one message of a tool that ended with exit code 2, after checking that it left nothing half-written."""
    assert outcome.code == 2
    assert outcome.err.startswith(f"error: [{code}] "), outcome.err
    assert "Traceback" not in outcome.err
    assert outcome.err.count("error: ") == 1
    for fragment in fragments:
        assert str(fragment) in outcome.err
    if work_dir.is_dir():
        assert not [path for path in work_dir.rglob("*") if path.suffix in (".pth", ".npy", ".part")]
        assert not list(work_dir.rglob("metrics.json"))
    return outcome.err
