"""mmengine's Runner with a readable console, verified checkpoints and CPU processes."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import torch
from mmengine.config import ConfigDict
from mmengine.dist import is_distributed, is_main_process
from mmengine.evaluator import Evaluator
from mmengine.model import is_model_wrapper
from mmengine.registry import RUNNERS
from mmengine.runner import Runner
from torch import distributed as torch_dist
from torch import nn

from ..models import FCN
from ..whole_file import whole
from .broken_files import check_files, skip_broken_files, skipped
from .checkpoint import load_verified
from .console import quiet_console
from .gradient_sync import compress_gradients, compression_of, wrapper_cfg


def _nets(model: nn.Module) -> list[FCN]:
    """The nets of this package in a model, which may be wrapped for test-time augmentation or several processes."""
    return [module for module in model.modules() if isinstance(module, FCN)]


@RUNNERS.register_module()
class FCNRunner(Runner):
    """The stock Runner where it does what a user expects; each override names what it mends."""

    _evaluating = False

    def setup_env(self, env_cfg: dict) -> None:
        """Start gloo on machines without a GPU: mmengine's ``init_dist`` always calls ``torch.cuda.set_device``.

        Goes when mmengine starts CPU processes itself.
        """
        if self.distributed and not is_distributed() and not torch.cuda.is_available():
            torch_dist.init_process_group("gloo")
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

    def build_logger(self, *args, **kwargs):
        """Environment, config and hook dumps go to the log file alone."""
        logger = super().build_logger(*args, **kwargs)
        quiet_console(logger)
        return logger

    def build_dataloader(self, dataloader, *args, **kwargs):
        """Files at fault are named, or skipped where the config says ``broken_files="skip"``."""
        options = {}
        if isinstance(dataloader, dict):
            if torch.cuda.is_available():
                options["pin_memory"] = True  # copies to the GPU overlap with its work
            if "batch_sampler" in dataloader and self.cfg.get("broken_files") == "skip":
                options["batch_size"] = 1  # what stands in for a broken image may be of another size
        given = {**dataloader, **options} if options else dataloader
        loader = super().build_dataloader(given, *args, **kwargs)
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
        # hooks come before the net is loaded, as in the stock Runner: EMAHook puts the trained weights in the average's place
        checkpoint = load_verified(
            self.model,
            filename,
            may_add,
            lambda loaded: self.call_hook("after_load_checkpoint", checkpoint=loaded),
            adapt_classes=adapt,
        )
        for net in _nets(self.model) if self._evaluating else ():
            net.to_inference()
        self._has_loaded = True
        self.logger.info(f"Loaded {filename}")
        return checkpoint

    def save_checkpoint(self, out_dir: str, filename: str, *args, save_optimizer: bool = True, **kwargs) -> None:
        """Rename checkpoints into place: the engine writes over the file that a resume would need.

        Goes when mmengine's local backend writes to a file beside. An optimizer that is spread over the processes
        (ZeroRedundancyOptimizer) is gathered from all of them: mmengine asks the first alone, which waits for ever.
        """
        if not is_main_process():
            if save_optimizer:
                self.optim_wrapper.state_dict()
            return
        with whole(Path(out_dir) / filename) as part:
            super().save_checkpoint(out_dir, part.name, *args, save_optimizer=save_optimizer, **kwargs)

    def resume(self, filename: str, *args, **kwargs) -> None:
        """Resume, and find the best checkpoint again.

        The engine notes its absolute path, which a moved work dir makes wrong, and deletes it before it writes a better one: a
        run killed in between would wait for a score above that of a file which is gone.
        """
        super().resume(filename, *args, **kwargs)
        notes = self.message_hub.runtime_info
        if "best_ckpt" not in notes:
            return
        best = Path(self.work_dir) / Path(notes["best_ckpt"]).name
        if best.is_file():
            notes["best_ckpt"] = str(best)
        else:
            self.logger.warning(f"the best checkpoint {best} is gone: the next validation makes a new one")
            del notes["best_ckpt"], notes["best_score"]

    def train(self) -> nn.Module:
        with self._listing_skipped_files():
            return super().train()

    def val(self) -> dict:
        self._evaluating = True
        with self._listing_skipped_files():
            return super().val()

    def test(self) -> dict:
        self._evaluating = True
        with self._listing_skipped_files():
            return super().test()
