"""Hooks that make trouble at a given step, and crashes between two operations on files."""

import multiprocessing
import os
import resource
import signal
import sys
from pathlib import Path

from mmengine.dist import get_rank
from mmengine.hooks import Hook
from mmengine.registry import HOOKS

from fcn_plugin.errors import UserError


class AtStep(Hook):
    """Does ``act`` once, after ``step`` steps: before the checkpoint of that step, or in its validation.

    Args:
        step: its number.
        place: ``train`` or ``val``.
        settings: attributes that ``act`` reads.
    """

    priority = "HIGH"

    def __init__(self, step: int, place: str = "train", **settings) -> None:
        self.step, self.place = step, place
        vars(self).update(settings)

    def after_train_iter(self, runner, batch_idx, data_batch=None, outputs=None) -> None:
        if self.place == "train" and runner.iter + 1 == self.step:
            self.act()

    def after_val_iter(self, runner, batch_idx, data_batch=None, outputs=None) -> None:
        if self.place == "val" and runner.iter == self.step and batch_idx == 0:
            self.act()

    def act(self) -> None:
        raise NotImplementedError


@HOOKS.register_module()
class SignalGroup(AtStep):
    """The signal ``name`` for the run and its data loaders."""

    def act(self) -> None:
        os.killpg(os.getpgid(0), signal.Signals[self.name])


@HOOKS.register_module()
class KillIn(Hook):
    """Kills the run that works in a folder of this name, after ``step`` steps and before the checkpoint of that step."""

    def __init__(self, folder: str, step: int) -> None:
        self.folder, self.step = folder, step

    def after_train_iter(self, runner, batch_idx, data_batch=None, outputs=None) -> None:
        if Path(runner.work_dir).name == self.folder and runner.iter + 1 == self.step:
            os.kill(os.getpid(), signal.SIGKILL)


@HOOKS.register_module()
class SignalOne(AtStep):
    """The signal ``name`` for the process ``rank``."""

    def act(self) -> None:
        if get_rank() == self.rank:
            os.kill(os.getpid(), signal.Signals[self.name])


@HOOKS.register_module()
class KillWorker(AtStep):
    """SIGKILL for a process of the data loaders, in the middle of a step; the hook waits until it has ended."""

    def after_train_iter(self, *args, **kwargs) -> None:
        pass

    def before_train_iter(self, runner, batch_idx, data_batch=None) -> None:
        if runner.iter + 1 == self.step:
            worker = multiprocessing.active_children()[0]
            os.kill(worker.pid, signal.SIGKILL)
            os.waitid(os.P_PID, worker.pid, os.WEXITED | os.WNOWAIT)  # which leaves its end to the loader


@HOOKS.register_module()
class LimitFileSize(AtStep):
    """No file may grow beyond ``size`` bytes from now on."""

    def act(self) -> None:
        resource.setrlimit(resource.RLIMIT_FSIZE, (self.size, resource.RLIM_INFINITY))


@HOOKS.register_module()
class RemoveFolder(AtStep):
    """Files of a data set that vanish: the folder ``path`` gets another name."""

    def act(self) -> None:
        Path(self.path).rename(Path(self.path).with_suffix(".away"))


@HOOKS.register_module()
class DivergeAbove(Hook):
    """A weight that is no number, in a step with a learning rate above ``lr``."""

    def __init__(self, step: int, lr: float) -> None:
        self.step, self.lr = step, lr

    def before_train_iter(self, runner, batch_idx, data_batch=None) -> None:
        if runner.iter + 1 == self.step and runner.optim_wrapper.get_lr()["lr"][0] > self.lr:
            next(runner.model.parameters()).data.fill_(float("nan"))


@HOOKS.register_module()
class FailAfterValidation(Hook):
    """An error when a validation's scores are there and the average has left the net again."""

    priority = "LOWEST"

    def __init__(self, step: int) -> None:
        self.step = step

    def after_val_epoch(self, runner, metrics=None) -> None:
        if runner.iter == self.step:
            raise UserError("config-value", "a defect of the hook")


class DieAt:
    """SIGKILL right before the ``number``-th operation on checkpoints, their notes or best scores in a folder.

    Counted are openings to write, renamings and removals of files, as Python reports them to its audit hooks.
    """

    def __init__(self, folder: Path, number: int) -> None:
        self.folder, self.number, self.seen = str(folder.resolve()), number, 0

    def __call__(self) -> None:
        sys.addaudithook(self._look)

    def _look(self, event: str, args: tuple) -> None:
        if event not in ("open", "os.rename", "os.remove") or not isinstance(args[0], (str, os.PathLike)):
            return
        path, names = Path(args[0]), ("iter_", "step_", "best", "last_", "run_start")
        if str(path.parent) != self.folder or not path.name.lstrip(".").startswith(names):
            return
        if event == "open" and not (args[2] or 0) & (os.O_WRONLY | os.O_RDWR):
            return
        self.seen += 1
        if self.seen == self.number:
            os.kill(os.getpid(), signal.SIGKILL)


class Payload:
    """Makes a folder on unpickling."""

    def __init__(self, folder):
        self.folder = folder

    def __reduce__(self):
        return os.mkdir, (str(self.folder),)
