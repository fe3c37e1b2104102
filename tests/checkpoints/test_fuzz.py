"""A thousand changed checkpoints and two hundred config texts: read, or refused by name, in bounded memory; no code runs."""

import random
import resource
import sys
from collections import Counter
from contextlib import suppress
from pathlib import Path

import pytest
import torch
from safetensors.torch import save_file
from support.forked import values

from fcn_plugin.checkpoints.checksum import BLANK, seal
from fcn_plugin.checkpoints.config_text import config_text, drop_programs
from fcn_plugin.checkpoints.read import open_checkpoint
from fcn_plugin.configs import get_config
from fcn_plugin.errors import UserError

pytestmark = pytest.mark.skipif(torch.cuda.is_available(), reason="processes are forked without a GPU's threads")

ACTS = (
    "os.",
    "subprocess.",
    "shutil.",
    "socket.",
    "ctypes.",
    "webbrowser.",
)  # what code that gets in would do, as Python reports it
READING = ("os.listdir", "os.scandir")
PIECES = [
    b"cos\nsystem\n(S'true'\ntR",
    b"\x85R",
    b"Q",
    b"0",
    b"h\x01",
    b"\xff\xff\xff\x7f",
    b"PK\x05\x06",
    b"q\x00",
    b"K\xff",
    b"J\xff\xff\xff\x7f",
]
PIECES += [
    b"torch\nFloatTensor\n",
    b"collections\nOrderedDict\n",
    b"float8_e4m3fn",
    b'"F8_E5M2"',
    b"[0,8589934592]",
    b"\x1b[2J",
]
TEXTS = [
    "__import__('os').mkdir('made')",
    "{{$A:print()}}",
    "type='os.mkdir'",
    "_base_='x'",
    "(",
    "]",
    "dict(",
    "**",
    "-",
    "'",
    "\\",
    "\n",
    "import os",
]


def watch():
    """Fail on whatever acts from now on, and give this process one GiB more than it has."""
    size = int(Path("/proc/self/statm").read_text().split()[0]) * resource.getpagesize() + 2**30
    resource.setrlimit(resource.RLIMIT_AS, (size, size))
    acts = []
    sys.addaudithook(lambda event, _: acts.append(event) if event.startswith(ACTS) and event not in READING else None)
    return acts


def originals(folder):
    torch.manual_seed(0)
    state = {f"layer{i}.weight": torch.randn(3, 2 + i) for i in range(3)}
    content = {
        "state_dict": state,
        "meta": {"iter": 3, "dataset_meta": {"classes": ("a", "b")}},
        "optimizer": {"state": {0: {"b": torch.ones(2)}}},
    }
    torch.save(content, folder / "zip")
    torch.save(content, folder / "legacy", _use_new_zipfile_serialization=False)
    save_file(state, folder / "safetensors", {"format": "pt", **BLANK})
    return [(folder / name).read_bytes() for name in ("zip", "legacy", "safetensors")]


def changed(rng, data, pieces):
    """Overwrite, insert or remove one to four pieces; where structure lies: at the beginning and the end."""
    for _ in range(rng.randint(1, 4)):
        piece = rng.choice([*pieces, rng.choice(pieces)[:1] * rng.randint(1, 9)])
        place = rng.choice(
            [rng.randrange(len(data)), rng.randrange(min(len(data), 800)), max(0, len(data) - 1 - rng.randrange(300))]
        )
        data = data[:place] + piece + data[place + rng.choice([0, len(piece), len(piece), rng.randrange(40)]) :]
    return data


def read_changed(_, folder, count):
    rng, whole, found = random.Random(0), originals(folder), Counter()
    acts, path = watch(), folder / "changed.pth"
    for i in range(count):
        path.write_bytes(changed(rng, whole[i % 3], PIECES))
        if i % 2:
            with suppress(ValueError):
                seal(path)
        try:
            opened = open_checkpoint(str(path))
            opened.require_finite()
            found["read"] += 1
        except UserError as error:
            assert error.message.isprintable()
            found[error.code] += 1
    return found, acts


def test_changed_checkpoints(tmp_path):
    ((found, acts),) = values(1, read_changed, tmp_path, 1000, timeout=120)
    assert acts == []
    assert (
        {"read", "checkpoint-code"}
        <= found.keys()
        <= {"read", "checkpoint-damaged", "checkpoint-code", "checkpoint-nan"}
    )
    assert found["checkpoint-damaged"] > 500, found


def drop_changed(_, count):
    rng, whole, kept = random.Random(0), config_text(get_config("fcn8s_vgg16_voc").to_dict()), 0
    drop_programs({"meta": {"cfg": whole}}, "imports what is registered")
    acts = watch()
    for _ in range(count):
        content = {
            "meta": {"cfg": changed(rng, whole, TEXTS)},
            "message_hub": {"runtime_info": {"cfg": changed(rng, whole, TEXTS)}},
        }
        drop_programs(content, "file")
        kept += "cfg" in content["meta"]
    return kept, acts


def test_changed_config_texts():
    ((kept, acts),) = values(1, drop_changed, 100)
    assert acts == []
    assert kept < 30
