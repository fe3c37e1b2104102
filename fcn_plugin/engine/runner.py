"""mmengine's Runner with fixes, documented per override: a readable console, verified checkpoints, CPU processes."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from functools import partial
from pathlib import Path
from typing import Any

from mmengine.dist import is_main_process
from mmengine.evaluator import Evaluator
from mmengine.hooks import EMAHook
from mmengine.logging import MMLogger
from mmengine.model import is_model_wrapper
from mmengine.registry import RUNNERS
from mmengine.runner import EpochBasedTrainLoop
from torch import cuda, nn

from ..allocator import keep_freed_memory
from ..atomic_write import refuse_links
from ..checkpoints.find import note_start
from ..checkpoints.load import load_verified
from ..checkpoints.read import open_checkpoint
from ..compat import given_start, has_started, is_train_loader, mark_loaded, mark_started
from ..data.broken_files import check_files, skip_broken_files, skipped
from ..models.fcn import FCN, leave_out_logits
from ..signals import StopRequest, stop_request
from .class_names import check_class_names
from .distributed import compress_gradients, join_processes, wrapper_cfg
from .divergence import lower_rates
from .hooks.stop import StopHook
from .logging import quiet_console
from .resumed_states import require_same_states
from .saving import SavingRunner
from .start import Asked, Fresh, Resume, Start, Weights, resolve_start
from .work_dir_lock import work_dir_lock
from .workers import CalmLoader, Loader, start_worker

SKIPPED = "skipped_files.txt"  # next to the log
OF_WORKERS = ("persistent_workers", "prefetch_factor", "timeout", "multiprocessing_context")


@RUNNERS.register_module()
class FCNRunner(SavingRunner):
    """mmengine's Runner with fixes, documented per override."""

    start: Start | None = None  # set by build_runner; else resolved from the Runner's arguments
    stop_request: StopRequest | None = None  # records a stop signal; None outside training
    lower_rates_for: tuple[int, float] = (0, 1.0)  # number of retries, and factor of the learning rate at each
    _evaluating = False

    def setup_env(self, env_cfg: dict[str, Any]) -> None:
        """Keep freed memory, and join the processes first, since mmengine can't start CPU processes."""
        keep_freed_memory()
        join_processes(self.cfg)
        super().setup_env(env_cfg)

    def wrap_model(self, model_wrapper_cfg: dict[str, Any] | None, model: nn.Module) -> nn.Module:
        """Keep no second copy of gradients, and send them in 16 bits on request."""
        if not self.distributed or is_model_wrapper(model):
            return super().wrap_model(model_wrapper_cfg, model)
        model = super().wrap_model(wrapper_cfg(self.cfg, model_wrapper_cfg), model)
        compress_gradients(model, self.cfg)
        return model

    def build_model(self, model: nn.Module | dict[str, Any]) -> nn.Module:
        """Predict only label maps if logits are not needed; mmseg always keeps full-resolution logits."""
        return leave_out_logits(super().build_model(model))

    def build_logger(self, *args: Any, file_mode: str = "a", **kwargs: Any) -> MMLogger:
        """Send environment, config and hook dumps only to the log file; append to an existing file, but refuse links."""
        refuse_links(Path(self.log_dir))
        logger = super().build_logger(*args, file_mode=file_mode, **kwargs)
        quiet_console(logger)
        return logger

    def build_dataloader(self, dataloader: Any, seed: int | None = None, diff_rank_seed: bool = False) -> Loader:
        """Check files, and raise or skip broken ones as ``broken_files`` says; make draws reproducible in a resumed run."""
        given, skip = dataloader, self.cfg.get("broken_files") == "skip"
        if isinstance(dataloader, dict):
            leave_out = () if dataloader.get("num_workers") else OF_WORKERS  # torch refuses these without workers
            given = {name: value for name, value in dataloader.items() if name not in leave_out}
            if cuda.is_available():
                given["pin_memory"] = True  # copies to the GPU overlap with its work
            if "batch_sampler" in dataloader and skip:
                given["batch_size"] = 1  # the replacement of a broken image may have another size
            if isinstance(dataloader.get("dataset"), dict) and isinstance(dataloader.get("sampler"), dict):
                given["dataset"] = dict(type="SeededSamples", dataset=dataloader["dataset"], seed=seed or 0)
                given["sampler"] = dict(type="PlacedSampler", sampler=dataloader["sampler"])
        loader = super().build_dataloader(given, seed, diff_rank_seed)
        if given is not dataloader:
            loader.__class__, loader.worker_init_fn = CalmLoader, partial(start_worker, loader.worker_init_fn)
        if skip:
            skip_broken_files(loader.dataset, is_train_loader(self, dataloader), Path(self.log_dir, SKIPPED))
        else:
            check_files(loader.dataset)
        return loader

    @contextmanager
    def _listing_skipped_files(self) -> Iterator[None]:
        """Log the skipped samples at the end of a run, also after an error."""
        try:
            yield
        finally:
            if files := skipped(Path(self.log_dir, SKIPPED)):
                self.logger.warning(f"{len(files)} broken samples were skipped:\n" + "\n".join(files))

    def build_evaluator(self, evaluator: Evaluator | dict[str, Any] | list[Any]) -> Evaluator:
        """Set the work dir as default folder of metrics that write files."""
        built = super().build_evaluator(evaluator)
        for metric in built.metrics:
            if getattr(metric, "out_dir", "") is None:
                metric.out_dir = self.work_dir
        return built

    def load_or_resume(self) -> None:
        """Load what :attr:`start` says; mmengine loads the last recorded file, even if damaged."""
        if has_started(self):
            return
        if self.start is None:  # built by another program
            path, resume = given_start(self)
            if self._evaluating:
                self.start = Weights(path) if path else Fresh()
            else:
                asked = Asked((path or "auto") if resume else None, path, self.cfg.get("adapt_classes", False))
                self.start = resolve_start(self.work_dir, asked)
        resumed = isinstance(self.start, Resume)
        path = None if isinstance(self.start, Fresh) else self.start.path
        mark_started(self, path, resumed)  # before loading, since EMAHook reads it
        if isinstance(self.start, Resume):
            self.resume(self.start.path)
        elif path:
            self.load_checkpoint(path)
        if self.stop_request is None:  # no training
            return
        if not resumed:
            lower_rates(self, *self.lower_rates_for)
        if is_main_process():
            place = hook.place(self.work_dir) if (hook := self._checkpoint_hook) else ()
            note_start(self.work_dir, path if resumed else None, *place)

    def load_checkpoint(self, filename: str, *args: Any, **kwargs: Any) -> dict[str, Any]:
        """Load a checkpoint, or raise a UserError (checkpoint-*) if it does not fit; mmengine only warns.

        Training may start from a net with fewer streams (32s -> 16s -> 8s); evaluation needs every weight.
        """
        start = None if self._evaluating else self.start
        resuming, adapt = isinstance(start, Resume), isinstance(start, Weights) and start.adapt_classes
        checkpoint = start.take() if isinstance(start, Resume) and filename == start.path else open_checkpoint(filename)
        if resuming:
            hook, by_epoch = self._checkpoint_hook, isinstance(self.train_loop, EpochBasedTrainLoop)
            checkpoint.require_resumable(
                ("epoch", self.max_epochs) if by_epoch else ("iter", self.max_iters),
                optimizer=hook is None or hook.save_optimizer,
                schedule=bool(self.param_schedulers) and (hook is None or hook.save_param_scheduler),
            )
        check_class_names(checkpoint, self.cfg, "test" if self._evaluating else "train", resuming)

        def before_load(content: dict[str, Any]) -> None:  # EMAHook swaps the trained weights and the averages
            self.call_hook("after_load_checkpoint", checkpoint=content)

        content = load_verified(self.model, checkpoint, not self._evaluating, adapt, before_load)
        if resuming:
            require_same_states(self.optim_wrapper, self.param_schedulers, checkpoint, self.cfg.get("param_scheduler"))
            content["meta"].pop("config", None)  # mmengine would read it for options of earlier releases
        for net in [net for net in self.model.modules() if self._evaluating and isinstance(net, FCN)]:  # in wrappers
            net.to_inference(fold=not any(isinstance(hook, EMAHook) for hook in self.hooks))  # it swaps tensors by name
        mark_loaded(self)
        self.logger.info(f"Loaded {filename}")
        return content

    def resume(self, filename: str, *args: Any, **kwargs: Any) -> None:
        """Resume, with a lower learning rate if the run has diverged."""
        super().resume(filename, *args, **kwargs)
        self.logger.info(f"resuming after step {self.iter} of {self.max_iters}")
        lower_rates(self, *self.lower_rates_for)

    def train(self) -> nn.Module:
        """Train with the work dir locked; after an error between two steps, save a checkpoint of the last one."""
        handled = any(isinstance(hook, StopHook) for hook in self.hooks)  # else signals end the program as usual
        with work_dir_lock(self.work_dir), self._listing_skipped_files(), stop_request(handled) as self.stop_request:
            try:
                return super().train()
            except Exception:
                self._save_after_error()
                raise
            finally:
                self.stop_request = None

    def val(self) -> dict[str, Any]:
        self._evaluating = True
        with self._listing_skipped_files():
            return super().val()

    def test(self) -> dict[str, Any]:
        self._evaluating = True
        with self._listing_skipped_files():
            return super().test()
