"""Any changed, missing or added byte of a file of ours is refused, with the file's name and before the net is touched."""

import hashlib
import random
import shutil
import subprocess
import zipfile

import pytest
import torch
from mmengine.runner.checkpoint import CheckpointLoader
from safetensors.torch import load_file, save_file
from support.builders import STREAMS, build_fcn
from support.refusals import refused

from fcn_plugin.checkpoints.checksum import BLANK, END, seal, sha256, verify
from fcn_plugin.checkpoints.load import load_verified
from fcn_plugin.checkpoints.read import open_checkpoint, read_checkpoint
from fcn_plugin.errors import UserError

SUFFIXES = [".pth", ".safetensors"]
SMALL = {"a.weight": torch.arange(6.0).reshape(2, 3), "a.bias": torch.zeros(2)}
COMMENT = 82  # bytes at the end of a sealed .pth: the mark and 64 digits


def written(state, path, sealed=True):
    if path.suffix == ".pth":
        torch.save({"state_dict": state, "meta": {}}, path)
    else:
        notes = {"format": "pt", **(BLANK if sealed else {}), "dataset_meta": '{"classes": ["a"]}'}
        save_file({name: tensor.contiguous() for name, tensor in state.items()}, path, notes)
    if sealed:
        seal(path)
    return path


@pytest.fixture(params=SUFFIXES)
def small(request, tmp_path):
    """A sealed file of a kilobyte or two."""
    return written(SMALL, tmp_path / f"small{request.param}")


@pytest.fixture(scope="module")
def net():
    return build_fcn(STREAMS["32s"])


def changed(content, at, bits):
    """One byte exclusive-or some bits."""
    return content[:at] + bytes([content[at] ^ bits]) + content[at + 1 :]


def accepted(path, contents):
    """Numbers of the contents that are read; each refusal names the file."""
    taken = []
    for number, content in enumerate(contents):
        with open(path, "r+b") as file:  # a file that is emptied first takes the disk a hundred times as long
            file.write(content)
            file.truncate()
        try:
            read_checkpoint(str(path))
        except UserError as error:
            assert error.code == "checkpoint-damaged"
            assert error.message.startswith(f"{path} ")
        else:
            taken.append(number)
    return taken


# ---- what is refused


@pytest.mark.parametrize("suffix", SUFFIXES)
def test_100_of_100_changed_checkpoints_are_refused_and_the_net_stays(net, tmp_path, suffix):
    path = written(net.state_dict(), tmp_path / f"net{suffix}")
    whole, before = path.read_bytes(), {name: tensor.clone() for name, tensor in net.state_dict().items()}
    rng = random.Random(0)
    for at in rng.sample(range(len(whole)), 100):
        path.write_bytes(changed(whole, at, rng.randrange(1, 256)))
        with refused("checkpoint-damaged", f"{path} is damaged: "):
            load_verified(net, open_checkpoint(str(path)))
    assert all(torch.equal(tensor, before[name]) for name, tensor in net.state_dict().items())
    path.write_bytes(whole)
    load_verified(net, open_checkpoint(str(path)))


def test_torch_itself_takes_most_of_them(net, tmp_path):
    """Which is why there is a checksum: CRCs are not compared."""
    path = written(net.state_dict(), tmp_path / "net.pth", sealed=False)
    whole, rng, taken = path.read_bytes(), random.Random(0), 0
    for at in rng.sample(range(len(whole)), 20):
        path.write_bytes(changed(whole, at, rng.randrange(1, 256)))
        try:
            torch.load(path, weights_only=True)
        except Exception:
            continue
        taken += 1
        with refused("checkpoint-damaged", path):
            verify(path)  # by its CRCs
    assert taken > 15


def marks(whole):
    """Places of the bytes that lead to the checksum, in either kind of file."""
    return range(len(whole) - 22 - COMMENT, len(whole)) if whole.startswith(b"PK") else range(250)


DAMAGE = {
    "any byte": lambda whole: (changed(whole, at, 1 << at % 8) for at in range(len(whole))),
    "any bit of the marks": lambda whole: (changed(whole, at, 1 << bit) for at in marks(whole) for bit in range(8)),
    "cut off anywhere": lambda whole: (whole[:size] for size in range(len(whole))),
    "bytes added": lambda whole: (whole + more for more in (b"\0", b"x" * 200, bytes(70_000), END + bytes(18), whole)),
    "zeros at the end": lambda whole: [whole[: len(whole) // 2] + bytes(len(whole) // 2)],  # as a power cut leaves it
    "zeros at the start": lambda whole: [bytes(len(whole) // 2) + whole[len(whole) // 2 :]],
    "zeros": lambda whole: [bytes(len(whole))],
}


@pytest.mark.parametrize("case", DAMAGE)
def test_damage_is_refused(small, case):
    assert accepted(small, DAMAGE[case](small.read_bytes())) == []


# ---- what is read


def test_a_sealed_file_is_read_by_all(small):
    assert verify(small)
    read = read_checkpoint(str(small))["state_dict"]
    stock = CheckpointLoader.load_checkpoint(str(small), "cpu")["state_dict"]
    own = load_file(small) if small.suffix == ".safetensors" else torch.load(small, weights_only=True)["state_dict"]
    for state in (read, stock, own):
        assert {n: t.tolist() for n, t in state.items()} == {n: t.tolist() for n, t in SMALL.items()}


def test_the_sum_is_in_the_archives_comment(tmp_path):
    path = written(SMALL, tmp_path / "small.pth")
    whole = path.read_bytes()
    comment = f"fcn_plugin sha256:{hashlib.sha256(whole[:-64]).hexdigest()}"
    with zipfile.ZipFile(path) as archive:
        assert archive.comment.decode() == comment
        assert archive.testzip() is None
    read = torch.load(path, weights_only=True, mmap=True)["state_dict"]
    assert read["a.weight"].tolist() == SMALL["a.weight"].tolist()
    if shutil.which("unzip"):
        done = subprocess.run(["unzip", "-z", path], capture_output=True, text=True)
        assert (done.returncode, done.stdout.splitlines()[1]) == (0, comment)


def test_the_sum_of_safetensors_is_of_all_but_its_digits(tmp_path):
    path = written(SMALL, tmp_path / "small.safetensors")
    whole = path.read_bytes()
    before, mark, after = whole.partition(b'"fcn_plugin_sha256":"fcn_plugin sha256:')
    assert hashlib.sha256(before + mark + after[64:]).hexdigest().encode() == after[:64]
    assert read_checkpoint(str(path))["meta"] == {"dataset_meta": {"classes": ["a"]}}


@pytest.mark.parametrize("comment", [b"", b"made with love"])
@pytest.mark.parametrize("suffix", SUFFIXES)
def test_files_of_other_programs_have_no_sum(tmp_path, suffix, comment):
    path = written(SMALL, tmp_path / f"other{suffix}", sealed=False)
    if comment and suffix == ".pth":
        with zipfile.ZipFile(path, "a") as archive:
            archive.comment = comment
    assert not verify(path)
    assert read_checkpoint(str(path))["state_dict"]["a.weight"].tolist() == SMALL["a.weight"].tolist()


def test_a_file_is_sealed_once_and_only_at_its_end(tmp_path):
    path = written(SMALL, tmp_path / "small.pth")
    whole = path.read_bytes()
    with pytest.raises(ValueError, match=r"small\.pth does not end like a file of torch\.save"):
        seal(path)
    assert path.read_bytes() == whole
    (tmp_path / "note.txt").write_text("no archive")
    with pytest.raises(ValueError, match="does not end"):
        seal(tmp_path / "note.txt")


def test_a_changed_byte_of_another_programs_archive_is_found_by_its_crc(tmp_path):
    path = written(SMALL, tmp_path / "small.pth", sealed=False)
    whole = path.read_bytes()
    weights = whole.index(torch.arange(6.0).numpy().tobytes())
    path.write_bytes(changed(whole, weights, 1))
    with refused("checkpoint-damaged", path, "small/data/0"):
        read_checkpoint(str(path))


def test_a_short_file_of_another_program_is_refused(tmp_path):
    path = written(SMALL, tmp_path / "small.pth", sealed=False)
    whole = path.read_bytes()
    assert accepted(path, (whole[:size] for size in (0, 1, 100, len(whole) - 1))) == []


def test_files_without_crcs_are_read(tmp_path):
    """A setting of torch leaves them out, and files of torch before 1.6 are no archives."""
    torch.serialization.set_crc32_options(False)
    try:
        path = written(SMALL, tmp_path / "small.pth", sealed=False)
    finally:
        torch.serialization.set_crc32_options(True)
    torch.save(SMALL, tmp_path / "old.pth", _use_new_zipfile_serialization=False)
    assert read_checkpoint(str(path))["state_dict"]["a.bias"].tolist() == [0, 0]
    assert read_checkpoint(str(tmp_path / "old.pth"))["a.bias"].tolist() == [0, 0]


def test_a_file_that_may_not_be_read(tmp_path):
    with refused("file-access", tmp_path / "none.pth"):
        verify(tmp_path / "none.pth")


def test_the_sum_of_a_whole_file(tmp_path):
    (tmp_path / "a").write_bytes(b"abc")
    assert sha256(tmp_path / "a").startswith("ba7816bf8f01cfea")  # FIPS 180-2, appendix B.1
