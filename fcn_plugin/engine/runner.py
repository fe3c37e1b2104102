"""mmengine's Runner with a readable console, verified checkpoints and CPU processes."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import torch
from mmengine.config import ConfigDict
from mmengine.dist import is_main_process
from mmengine.evaluator import Evaluator
from mmengine.hooks import EMAHook
from mmengine.model import is_model_wrapper
from mmengine.registry import RUNNERS
from mmengine.runner import EpochBasedTrainLoop, IterBasedTrainLoop, Runner
from torch import nn

from ..atomic_write import durable_write
from ..checkpoints.checksum import seal
from ..checkpoints.find import latest_checkpoint, note_start
from ..checkpoints.load import load_verified
from ..checkpoints.plain_state import make_plain, require_resumable
from ..compat import swap_back, watch_swaps
from ..data.broken_files import check_files, skip_broken_files, skipped
from ..errors import UserError
from ..models.fcn import FCN
from .distributed import join_processes
from .divergence import lower_rates
from .gradient_sync import compress_gradients, compression_of, wrapper_cfg
from .hooks.checkpoint import FCNCheckpointHook
from .logging import quiet_console
from .signals import StopRequest, stop_request
from .work_dir_lock import work_dir_lock
from .worker_signals import KeepWorking


def _nets(model: nn.Module) -> list[FCN]:
    """The nets of this package in a model, which may be wrapped for test-time augmentation or several processes."""
    return [module for module in model.modules() if isinstance(module, FCN)]


@RUNNERS.register_module()
class FCNRunner(Runner):
    """The stock Runner where it does what a user expects; each override names what it mends."""

    stop_request: StopRequest | None = None  # while training
    lower_rates_for: tuple[int, float] = (0, 1.0)  # returns to a checkpoint after a divergence, and the factor of each

    _evaluating = False
    _in_step = True  # or before the first: there is nothing to save

    def setup_env(self, env_cfg: dict) -> None:
        """The engine's, which starts no processes without a GPU."""
        join_processes(self.cfg)
        super().setup_env(env_cfg)

    def wrap_model(self, model_wrapper_cfg: dict | None, model: nn.Module) -> nn.Module:
        """Several processes keep gradients once, and send them in 16 bits on request; mmengine does neither.

        Raises:
            UserError: ``gradient_compression`` of the config is not known, or its wrapper can't do it.
        """
        compression_of(self.cfg)  # a misspelt value is told with one process too
        if not self.distributed or is_model_wrapper(model):
            return super().wrap_model(model_wrapper_cfg, model)
        model = super().wrap_model(wrapper_cfg(self.cfg, model_wrapper_cfg), model)
        compress_gradients(model, self.cfg)
        return model

    def build_model(self, model) -> nn.Module:
        """Logits of the image's size are kept only where somebody asks: test-time augmentation, or ``test_cfg.keep_logits``."""
        built = super().build_model(model)
        for net in _nets(built):
            net.test_cfg = ConfigDict({"keep_logits": False, **(net.test_cfg or {})})
        return built

    def build_logger(self, *args, file_mode: str = "a", **kwargs):
        """Environment, config and hook dumps go to the log file alone, which is never written over: clocks may go backwards."""
        logger = super().build_logger(*args, file_mode=file_mode, **kwargs)
        quiet_console(logger)
        return logger

    def register_default_hooks(self, hooks: dict | None = None) -> None:
        """Without being asked for: random numbers that a resumed run draws again, and a checkpoint at a signal to stop."""
        ours = {"step_seed": dict(type="StepSeedHook"), "stop": dict(type="StopHook")}
        hooks = {**ours, **(hooks or {})}
        super().register_default_hooks(
            {name: hook for name, hook in hooks.items() if hook is not None or name not in ours}
        )

    def build_dataloader(self, dataloader, seed: int | None = None, diff_rank_seed: bool = False):
        """Files at fault are named, or skipped as ``broken_files`` says; a resumed run draws the samples of one that went on."""
        given = dataloader
        if isinstance(dataloader, dict):
            given = {**dataloader}
            if torch.cuda.is_available():
                given["pin_memory"] = True  # copies to the GPU overlap with its work
            if "batch_sampler" in dataloader and self.cfg.get("broken_files") == "skip":
                given["batch_size"] = 1  # what stands in for a broken image may be of another size
            if isinstance(dataloader.get("dataset"), dict) and isinstance(dataloader.get("sampler"), dict):
                given["dataset"] = dict(type="SeededSamples", dataset=dataloader["dataset"], seed=seed or 0)
                given["sampler"] = dict(type="PlacedSampler", sampler=dataloader["sampler"])
        loader = super().build_dataloader(given, seed, diff_rank_seed)
        if given is not dataloader:
            loader.worker_init_fn = KeepWorking(loader.worker_init_fn)
        if self.cfg.get("broken_files") == "skip":
            skip_broken_files(loader.dataset, dataloader is self._train_dataloader, self._skipped_files)
        else:
            check_files(loader.dataset)
        return loader

    @property
    def _skipped_files(self) -> Path:
        return Path(self.log_dir) / "skipped_files.txt"

    @contextmanager
    def _listing_skipped_files(self) -> Iterator[None]:
        """At the end of a run, whatever the end, say what it went on without."""
        try:
            yield
        finally:
            files = skipped(self._skipped_files)
            if files:
                self.logger.warning(f"{len(files)} broken samples were skipped:\n" + "\n".join(files))

    def build_evaluator(self, evaluator) -> Evaluator:
        """Metrics that write files write them to the work dir unless the config says where."""
        built = super().build_evaluator(evaluator)
        for metric in built.metrics:
            if getattr(metric, "out_dir", "") is None:
                metric.out_dir = self.work_dir
        return built

    def load_checkpoint(self, filename: str, map_location="cpu", strict: bool = False, revise_keys=None) -> dict:
        """Load a checkpoint that fits, or none: the stock one only warns and runs on with what it has.

        A training run may start from a net with fewer streams (32s -> 16s -> 8s); evaluation needs every weight.

        Raises:
            UserError: unreadable, other keys, other shapes, or weights that are not finite.
        """
        may_add = () if self._evaluating else ("score_", "upscore")
        adapt = not self._evaluating and not self._resume and self.cfg.get("adapt_classes", False)

        def before_load(loaded: dict) -> None:
            if self._resume and not self._evaluating:
                hook = self._checkpoint_hook
                require_resumable(
                    loaded,
                    optimizer=hook is None or hook.save_optimizer,
                    schedule=bool(self.param_schedulers) and (hook is None or hook.save_param_scheduler),
                )
            # before the net is loaded, as in the stock Runner: EMAHook puts the trained weights in the average's place
            self.call_hook("after_load_checkpoint", checkpoint=loaded)

        checkpoint = load_verified(self.model, filename, may_add, before_load, adapt_classes=adapt)
        for net in _nets(self.model) if self._evaluating else ():
            net.to_inference()
        self._has_loaded = True
        self.logger.info(f"Loaded {filename}")
        return checkpoint

    def save_checkpoint(self, out_dir: str, filename: str, *args, save_optimizer: bool = True, **kwargs) -> None:
        """Rename sealed checkpoints into place: the engine writes over the file that a resume would need.

        Goes when mmengine's local backend writes to a file beside. An optimizer that is spread over the processes
        (ZeroRedundancyOptimizer) is gathered from all of them: mmengine asks the first alone, which waits for ever.

        Raises:
            UserError: the file can't be written; names it and the one to go on from.
        """
        if not is_main_process():
            if save_optimizer:
                self.optim_wrapper.state_dict()
            return
        with durable_write(Path(out_dir) / filename) as part:
            super().save_checkpoint(out_dir, part.name, *args, save_optimizer=save_optimizer, **kwargs)
            seal(part)

    def save_now(self, step: int) -> str | None:
        """A checkpoint after ``step`` steps, beside those of the interval; its path, or None if no run can go on from there."""
        hook = self._checkpoint_hook
        if hook is None or hook.by_epoch != isinstance(self.train_loop, EpochBasedTrainLoop):
            return None
        for averaging in self.hooks:
            if isinstance(averaging, EMAHook):
                swap_back(averaging)
        hook.save_now(self, step)
        return hook.last_ckpt

    @property
    def _checkpoint_hook(self) -> FCNCheckpointHook | None:
        return next((hook for hook in self.hooks if isinstance(hook, FCNCheckpointHook)), None)

    def register_hook(self, hook, priority=None) -> None:
        super().register_hook(hook, priority)
        for averaging in self.hooks:
            if isinstance(averaging, EMAHook) and not hasattr(averaging, "swapped"):
                watch_swaps(averaging)

    def call_hook(self, fn_name: str, **kwargs) -> None:
        """The engine's; takes note of where the run is, as an error can come anywhere, and makes checkpoints plain."""
        if fn_name == "before_train_iter":
            self._in_step = True
        super().call_hook(fn_name, **kwargs)
        if fn_name == "after_train_iter":
            self._in_step = False
        elif fn_name == "before_save_checkpoint":
            make_plain(kwargs["checkpoint"])

    def load_or_resume(self) -> None:
        """Resume from the newest checkpoint that is whole: the engine takes the noted one, whatever there is of it."""
        if self._resume and self._load_from is None and not self._has_loaded:
            self._load_from = latest_checkpoint(self.work_dir)
            self._resume = self._load_from is not None
        super().load_or_resume()
        if self.stop_request is None:  # no training
            return
        if not self._resume:
            lower_rates(self, *self.lower_rates_for)
        hook = self._checkpoint_hook
        names = [] if hook is None else [hook.filename_tmpl]
        note_start(self.work_dir, self._load_from if self._resume else None, *names)

    def resume(self, filename: str, *args, **kwargs) -> None:
        """Resume, and find the best checkpoint again.

        The engine notes its absolute path, which a moved work dir makes wrong, and deletes it before it writes a better one: a
        run killed in between would wait for a score above that of a file which is gone.
        """
        super().resume(filename, *args, **kwargs)
        self.logger.info(f"resuming after step {self.iter} of {self.max_iters}")
        lower_rates(self, *self.lower_rates_for)
        own = self._checkpoint_hook is not None and self._checkpoint_hook.out_dir is not None
        self._find_best(Path(filename).parent if own else Path(self.work_dir))

    def _find_best(self, folder: Path) -> None:
        notes = self.message_hub.runtime_info
        for key in [key for key in notes if key.startswith("best_ckpt")]:
            best = folder / Path(notes[key]).name
            if best.is_file():
                notes[key] = str(best)
                continue
            self.logger.warning(f"the best checkpoint {best} is gone: the next validation makes a new one")
            del notes[key]
            notes.pop(key.replace("ckpt", "score"), None)
            notes.pop("last_validation", None)  # to be repeated where the run is at one
            notes["superseded"] = []  # a lesser one is better than none

    def train(self) -> nn.Module:
        """Train, alone in the work dir; a run that an error ends between two steps leaves a checkpoint of the last one."""
        with work_dir_lock(self.work_dir), self._listing_skipped_files(), stop_request() as self.stop_request:
            try:
                return super().train()
            except Exception:
                self._save_after_error()
                raise
            finally:
                self.stop_request = None

    def _save_after_error(self) -> None:
        # half a step, other processes that are further, or a place that no run can go on from
        if self._in_step or self.distributed or not isinstance(self.train_loop, IterBasedTrainLoop):
            return
        try:
            path = self.save_now(self.iter)
        except (OSError, UserError) as error:  # the disk may be what is wrong
            self.logger.warning(f"step {self.iter} was not saved: {error}")
        else:
            if path:
                self.logger.info(f"stopped after step {self.iter}: go on with --resume, from {path}")

    def val(self) -> dict:
        self._evaluating = True
        with self._listing_skipped_files():
            return super().val()

    def test(self) -> dict:
        self._evaluating = True
        with self._listing_skipped_files():
            return super().test()
