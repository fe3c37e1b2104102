"""Training runs in processes that can be killed at any moment, and what must be equal at their ends.

A run is a fork of the calling process, which has imported everything: it starts in a fraction of a second, in a process group
of its own with its data loaders, and dies by SIGKILL as a whole.
"""

import copy
import json
import os
import signal
import sys
import time
import traceback
from collections.abc import Callable
from contextlib import contextmanager, suppress
from pathlib import Path

import torch
from mmengine.config import Config
from support.configs import own_config

from fcn_plugin.checkpoints.plain_values import HISTORY
from fcn_plugin.commands.train import train
from fcn_plugin.configs import config_dir
from fcn_plugin.datatools.minivoc.writer import make_minivoc
from fcn_plugin.errors import UserError
from fcn_plugin.signals import StopRequest

STEPS = 60
ALONE = dict(train_dataloader__num_workers=0, train_dataloader__persistent_workers=False)  # overrides: no workers
LEAF = """
_base_ = {base!r}
custom_imports = dict(imports=["fcn_plugin", "support.builders", "support.faults"], allow_failed_imports=False)
model = dict(
    precision="fp32",
    backbone=dict(type="NarrowVGG", norm_cfg=dict(type="BN")),
    neck=dict(in_channels=(16, 32, 32), fc_channels=8, dropout_ratio=0.5),
    decode_head=dict(in_channels=dict(_delete_=True, fr=8, pool4=32, pool3=16)),
)
train_pipeline = [
    dict(type="LoadImageFromFile"),
    dict(type="FCNLoadAnnotations"),
    dict(type="RandomResize", scale=(64, 64), ratio_range=(0.6, 1.4), keep_ratio=True),
    dict(type="RandomCrop", crop_size=(32, 32)),
    dict(type="RandomFlip", prob=0.5),
    dict(type="PhotoMetricDistortion"),
    dict(type="PackSegInputs"),
]
train_dataloader = dict(
    batch_size=2,
    num_workers=2,
    persistent_workers=True,
    dataset=dict(data_root={data!r}, pipeline=train_pipeline),
)
val_dataloader = dict(batch_size=1, num_workers=0, persistent_workers=False, dataset=dict(data_root={data!r}))
test_dataloader = val_dataloader
train_cfg = dict(max_iters={steps}, val_interval={validations})
optim_wrapper = dict(optimizer=dict(_delete_=True, type="SGD", lr=0.05, momentum=0.9, weight_decay=0.0005))
param_scheduler = [
    dict(type="LinearLR", start_factor=0.1, begin=0, end=7, by_epoch=False),
    dict(type="PolyLR", eta_min=1e-4, power=0.9, begin=7, end={steps}, by_epoch=False),
]
vis_backends = [dict(type="LocalVisBackend")]
visualizer = dict(type="SegLocalVisualizer", vis_backends=vis_backends)
default_hooks = dict(
    finite_loss=dict(interval=1),
    logger=dict(interval=1),
    checkpoint=dict(interval={saves}),
    ema=dict(type="EMAHook", momentum=0.1, update_buffers=True),
)
"""


def write_config(folder: Path, steps: int = STEPS, saves: int = 3, validations: int = 12) -> Path:
    """Data, and a config with every kind of state: augmentation, dropout, batch norm, momentum, schedules, averages, best score.

    Args:
        folder: an existing folder.
        steps: of a run.
        saves: steps from save to save.
        validations: steps from validation to validation.
    """
    data = folder / "VOC2012"
    make_minivoc(data, train=6, val=3, size=(64, 64))
    base = config_dir() / "fcn8s_vgg16bn_minivoc.py"
    path = folder / "narrow8s.py"
    path.write_text(LEAF.format(base=str(base), data=str(data), steps=steps, validations=validations, saves=saves))
    return path


def load(config: Path, work_dir: Path, **overrides) -> Config:
    """The config with a work dir and changes by dotted names."""
    cfg = own_config(str(config))
    overrides = copy.deepcopy(overrides)  # merging uses them up
    cfg.merge_from_dict({name.replace("__", "."): value for name, value in overrides.items()})
    cfg.work_dir, cfg.launcher = str(work_dir), "none"
    return cfg


class CrashRun:
    """A training run in a process group of its own, which calls ``first``; its output goes to the file ``console``."""

    def __init__(self, cfg: Config, resume: str | None = "auto", first: Callable[[], None] = lambda: None) -> None:
        self.console = Path(cfg.work_dir).with_suffix(".console")
        self.code: int | None = None
        sys.stdout.flush()
        self.pid = os.fork()
        if self.pid == 0:
            _be_the_run(cfg, resume, self.console, first)
        with suppress(OSError):
            os.setpgid(self.pid, self.pid)  # in both processes: whoever comes first

    def kill(self, number: int = signal.SIGKILL) -> None:
        """Signal the whole group: the run and its data loaders."""
        os.killpg(self.pid, number)

    def is_over(self) -> bool:
        if self.code is None:
            pid, status = os.waitpid(self.pid, os.WNOHANG)
            if pid:
                self.code = os.waitstatus_to_exitcode(status)
        return self.code is not None

    def wait(self, timeout: float = 120) -> int:
        """The exit code; minus the signal's number where one has ended it."""
        return self.wait_until(lambda: False, timeout, pause=0.01)

    def wait_until(self, event, timeout: float = 120, pause: float = 0.001) -> int | None:
        """Watch for an event, every ``pause`` seconds; returns early where the run ends first, with its code."""
        end = time.monotonic() + timeout
        while not self.is_over() and not event():
            if time.monotonic() > end:
                self.kill()
                raise TimeoutError(self.said())
            time.sleep(pause)
        return self.code

    def said(self) -> str:
        return self.console.read_text() if self.console.exists() else ""


def _be_the_run(cfg: Config, resume: str | None, console: Path, first: Callable[[], None]) -> None:
    code = 1
    try:
        os.setpgid(0, 0)
        file = os.open(console, os.O_WRONLY | os.O_CREAT | os.O_APPEND)
        os.dup2(file, 1)
        os.dup2(file, 2)
        sys.stdout = sys.stderr = os.fdopen(1, "w", buffering=1)
        signal.signal(signal.SIGINT, signal.default_int_handler)
        signal.signal(signal.SIGHUP, signal.SIG_DFL)
        StopRequest().catch()
        first()
        train(cfg, resume)
        code = 0
    except UserError as error:
        print(f"error: {error}")
        code = 2
    except SystemExit as stop:
        code = stop.code
    except BaseException:  # a fork must not run on in the test that made it
        traceback.print_exc()
    finally:
        with suppress(OSError):
            sys.stdout.flush()
        os._exit(code)


@contextmanager
def killed_after(run: CrashRun):
    """No run outlives the test that started it."""
    try:
        yield run
    finally:
        if not run.is_over():
            run.kill()
            run.wait()


def finish(cfg: Config, resume: str | None = "auto", first: Callable[[], None] = lambda: None) -> CrashRun:
    """Train until the end, whatever the end."""
    run = CrashRun(cfg, resume, first)
    with killed_after(run):
        run.wait()
    return run


def end_state(work_dir: Path, steps: int = STEPS) -> dict:
    """What two runs must agree on, to the bit: tensors as bytes, numbers as they are."""
    last = torch.load(work_dir / f"iter_{steps}.pth", map_location="cpu", weights_only=False)
    hub = last["message_hub"]
    best = Path(hub["runtime_info"]["best_ckpt"]).name
    found = sorted(path.name for path in work_dir.glob("*.pth") if path.name.startswith("best"))
    histories = {
        name: history[HISTORY][0].tolist()
        for name, history in hub["log_scalars"].items()
        if name.startswith(("train/loss", "train/lr", "train/decode", "val/")) and "time" not in name
    }
    return _plain(
        dict(
            weights=last["state_dict"],
            averages=last["ema_state_dict"],
            optimizer=last["optimizer"],
            schedulers=last["param_schedulers"],
            steps=last["meta"]["iter"],
            best=(best, hub["runtime_info"]["best_score"], found, (work_dir / "best.json").read_text()),
            best_weights=torch.load(work_dir / best, map_location="cpu", weights_only=False)["state_dict"],
            histories=histories,
            losses=logged_losses(work_dir),
        )
    )


def logged_losses(work_dir: Path) -> dict[int, float]:
    """Step -> loss in the logs of a run and of those that went on with it; the last word of each step."""
    losses = {}
    for log in sorted(work_dir.glob("*/vis_data/scalars.json"), key=lambda path: path.stat().st_mtime_ns):
        for line in log.read_text().splitlines():
            try:
                entry = json.loads(line)
            except ValueError:  # cut off by a kill
                continue
            if "loss" in entry:
                losses[entry["step"]] = entry["loss"]
    return losses


def differences(first, second, name: str = "") -> list[str]:
    """Names of what differs between two end states."""
    if isinstance(first, dict) and isinstance(second, dict):
        names = list(dict.fromkeys([*first, *second]))
        return [d for key in names for d in differences(first.get(key), second.get(key), f"{name}/{key}")]
    return [] if first == second else [name]


def _plain(value):
    if isinstance(value, torch.Tensor):
        return (tuple(value.shape), str(value.dtype), value.cpu().contiguous().numpy().tobytes())
    if isinstance(value, dict):
        return {str(key): _plain(item) for key, item in value.items()}
    if isinstance(value, (list, tuple)):
        return {str(i): _plain(item) for i, item in enumerate(value)}
    return value
