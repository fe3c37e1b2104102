"""Arguments of DDP that a config leaves open, and gradients that are summed in 16 bits."""

import os
from pathlib import Path

import pytest
import torch
from mmengine.config import Config, ConfigDict
from mmengine.model import MMDistributedDataParallel
from support.forked import values
from support.refusals import refused
from torch import distributed, nn
from torch.distributed.algorithms.ddp_comm_hooks.default_hooks import bf16_compress_hook, fp16_compress_hook

from fcn_plugin.engine.distributed import STORE, compress_gradients, join_processes, wrapper_cfg
from fcn_plugin.engine.runner import FCNRunner
from fcn_plugin.preflight.keys import check_keys
from fcn_plugin.preflight.overrides import merge_overrides


def config(**entries):
    return Config(entries, filename="mine.py", cfg_text=" ")  # mine.py is no file


def listeners(rank, folder):
    """Addresses beyond this machine at which a process listens that has joined another one over the launcher's file."""
    os.environ |= {STORE: str(folder / "store"), "GLOO_SOCKET_IFNAME": "lo"}
    join_processes(ConfigDict(launcher="pytorch"))
    flag = torch.ones(1)
    distributed.all_reduce(flag)
    assert flag == 2
    own = {
        os.readlink(f"/proc/self/fd/{name}")
        for name in os.listdir("/proc/self/fd")
        if os.path.exists(f"/proc/self/fd/{name}")
    }
    sockets = [
        line.split() for name in ("tcp", "tcp6") for line in Path(f"/proc/net/{name}").read_text().splitlines()[1:]
    ]
    listening = [words[1] for words in sockets if words[3] == "0A" and f"socket:[{words[9]}]" in own]
    assert listening
    return [address for address in listening if not address.startswith("0100007F:")]


@pytest.mark.skipif(torch.cuda.is_available() or not Path("/proc/net/tcp").exists(), reason="gloo on Linux")
def test_processes_of_one_machine_are_closed_to_others(tmp_path):
    assert values(2, listeners, tmp_path) == [[], []]


@pytest.fixture
def group(tmp_path):
    """One process that sums over itself."""
    store = distributed.FileStore(str(tmp_path / "store"), 1)
    distributed.init_process_group("gloo", store=store, rank=0, world_size=1)
    yield
    distributed.destroy_process_group()


@pytest.fixture
def runner(monkeypatch):
    """A Runner of one process that takes itself for one of several, with the given config."""
    monkeypatch.setenv("LOCAL_RANK", "0")

    def build(several=True, **entries):
        made = object.__new__(FCNRunner)
        made.cfg, made._distributed = config(**entries), several
        made.logger = type("Silent", (), {"info": lambda *args: None})()
        return made

    return build


def test_the_key_is_read_and_misspelt_ones_are_not():
    cfg = config(gradient_compression=None)
    merge_overrides(cfg, {"gradient_compression": "bf16"})
    assert cfg.gradient_compression == "bf16"
    with refused("config-key", "gradient_compresion", "gradient_compression"):
        check_keys(config(gradient_compresion="bf16"))


def test_ddp_keeps_gradients_once():
    assert wrapper_cfg(config(), None) == dict(
        type="MMDistributedDataParallel",
        gradient_as_bucket_view=True,
        find_unused_parameters=False,
        **({} if torch.cuda.is_available() else dict(device_ids=None)),
    )


def test_what_the_config_says_holds():
    given = ConfigDict(gradient_as_bucket_view=False, find_unused_parameters=False, device_ids=[3])
    made = wrapper_cfg(config(find_unused_parameters=True), given)
    assert made == dict(given, type="MMDistributedDataParallel")
    assert "type" not in given
    assert wrapper_cfg(config(find_unused_parameters=True), None)["find_unused_parameters"]


@pytest.mark.parametrize("kind", ["MMFullyShardedDataParallel", "NoSuchWrapper"])
def test_other_wrappers_are_given_nothing(kind):
    assert wrapper_cfg(config(), dict(type=kind)) == dict(type=kind)


@pytest.mark.skipif(torch.cuda.is_available(), reason="gloo sums on the CPU")
@pytest.mark.parametrize(
    "name, hook, rounded", [("bf16", bf16_compress_hook, 1.0), ("fp16", fp16_compress_hook, 1 + 2**-9)]
)
def test_gradients_pass_in_16_bits(runner, group, name, hook, rounded):
    """1 + 2^-9 needs nine bits behind the point: float16 has ten, bfloat16 seven."""
    model = runner(gradient_compression=name).wrap_model(None, nn.Linear(1, 1, bias=False))
    assert type(model) is MMDistributedDataParallel
    weight = model.module.weight
    model(torch.tensor([[1 + 2**-9]])).sum().backward()
    assert weight.grad.item() == rounded
    assert weight.dtype == weight.grad.dtype == torch.float32


@pytest.mark.skipif(torch.cuda.is_available(), reason="gloo sums on the CPU")
def test_gradients_are_views_of_what_is_summed_and_may_be_dropped(runner, group):
    """A batch that is left out sets them to None; the next one has them again."""
    model = runner().wrap_model(None, nn.Linear(2, 1))
    for _ in range(2):
        model(torch.ones(1, 2)).sum().backward()
        weight, bias = model.module.weight, model.module.bias
        assert weight.grad.untyped_storage().data_ptr() == bias.grad.untyped_storage().data_ptr()
        assert weight.grad.tolist() == [[1, 1]]
        weight.grad = bias.grad = None


def test_one_process_has_nothing_to_compress(runner):
    net = nn.Linear(1, 1)
    assert runner(several=False, gradient_compression="bf16").wrap_model(None, net) is net


def test_other_wrappers_cant_compress():
    with refused("config-value", "'bf16'", "Linear", "model_wrapper_cfg"):
        compress_gradients(nn.Linear(1, 1), config(gradient_compression="bf16"))
    compress_gradients(nn.Linear(1, 1), config())


@pytest.mark.parametrize("launcher", ["pytorch", "slurm", "mpi"])
@pytest.mark.parametrize(
    "given", [{}, {"RANK": "0"}, {"RANK": "0", "WORLD_SIZE": "1", "MASTER_ADDR": "x", "MASTER_PORT": "y"}]
)
def test_a_launcher_that_was_typed_without_its_program(monkeypatch, launcher, given):
    for name in ("RANK", "WORLD_SIZE", "MASTER_ADDR", "MASTER_PORT", "SLURM_PROCID", "OMPI_COMM_WORLD_LOCAL_RANK"):
        monkeypatch.delenv(name, raising=False)
    for name, value in given.items():
        monkeypatch.setenv(name, value)
    with refused("option-value", f"--launcher {launcher}", "tools/dist_train.sh"):
        join_processes(config(launcher=launcher))
