"""Segment all items: read and write in other threads, run the net in this one."""

from __future__ import annotations

import os
import time
from collections.abc import Iterator, Sequence
from contextlib import closing
from dataclasses import dataclass, field
from pathlib import Path

from tqdm import tqdm

from ..errors import UserError
from ..signals import REQUEUE, ignore_signals, stop_request
from .batches import batches
from .forms.base import Form
from .item import Item
from .net import Net
from .sources.entry import Broken
from .sources.inputs import Input
from .sources.large import Raster
from .sources.read import entries, read_ahead
from .tiles import Stopped, predict_raster, raster_file
from .writers import Writers

THREADS = min(4, os.cpu_count() or 1)  # for reading, and as many for writing


@dataclass
class Tally:
    """Counts and times of a loop.

    Attributes:
        images: number of images whose results were written.
        large: number of these that were too large for one pass; their results are always in ``geotiff/``.
        skipped: number of images whose results existed before.
        broken: errors of inputs, or of writing their results.
        seconds: duration of the loop.
        net_seconds: time in which the net was computing.
    """

    images: int = 0
    large: int = 0
    skipped: int = 0
    broken: list[UserError] = field(default_factory=list)
    seconds: float = 0.0
    net_seconds: float = 0.0

    def add(self, other: Tally) -> None:
        """Add the counts of a process that ran in parallel."""
        self.images += other.images
        self.large += other.large
        self.skipped += other.skipped
        self.broken += other.broken
        self.seconds = max(self.seconds, other.seconds)
        self.net_seconds += other.net_seconds


class Loop:
    """Segment all inputs once.

    Args:
        net: the net.
        forms: output forms to write.
        out_dir: folder of all results.
        resume: skip items whose files all exist.
        quiet: show no progress bar.
    """

    def __init__(
        self,
        net: Net,
        forms: Sequence[Form],
        out_dir: Path,
        resume: bool = False,
        quiet: bool = False,
    ) -> None:
        self.net, self.forms, self.out_dir = net, forms, out_dir
        self.resume, self.quiet = resume, quiet
        self.probabilities = any(form.needs_probabilities for form in forms)
        self.tally = Tally()

    def run(self, inputs: Sequence[Input]) -> Tally:
        """Segment the inputs and return the counts; broken inputs are listed there and don't stop the others.

        Raises:
            UserError: disk-write, output-path and others that stop everything; written results are kept.
            SystemExit: code 99, after a stop signal.
        """
        start = time.perf_counter()
        self.writers = Writers(self.forms, THREADS, self.net.batch_size + THREADS, self.resume)
        with (
            stop_request() as request,
            tqdm(total=len(inputs), unit="image", desc="predicting", disable=self.quiet) as bar,
        ):
            request.has_steps, request.stopping = True, "finishing the current images (Ctrl-C again: at once)"
            self.bar, self.request = bar, request
            try:
                for batch in batches(self._items(inputs), self.net.batch_size, self.net.most_pixels):
                    self._predict(batch)
                live = bool(inputs) and inputs[-1].kind in ("camera", "stream")
                self.writers.finish(whole=request.name is None or live)
            except BaseException:
                self.writers.abandon()
                raise
            self._show()
        self.tally.seconds = time.perf_counter() - start
        self.tally.images += self.writers.written
        self.tally.broken += self.writers.failed
        if request.name is not None:
            print(f"{request.name}: stopped after {self.tally.images} images; continue with --resume", flush=True)
            ignore_signals()
            raise SystemExit(REQUEUE)
        return self.tally

    def _predict(self, batch: Sequence[Item]) -> None:
        start = time.perf_counter()
        predictions = self.net.predict([item.image for item in batch], self.probabilities)
        self.tally.net_seconds += time.perf_counter() - start
        for item, prediction in zip(batch, predictions, strict=True):
            self.writers.put(item, prediction)
        self._show()

    def _items(self, inputs: Sequence[Input]) -> Iterator[Item | None]:
        """Yield the readable items until a stop signal; segment large images here."""
        opened = None
        with closing(
            read_ahead(entries(inputs, self._wanted, self.net.reader), THREADS, self.net.batch_size + THREADS)
        ) as found:
            for read in found:
                if self.request.name is not None:
                    return
                if read is None:
                    yield None
                elif isinstance(read, Broken):
                    self.tally.broken.append(read.error)
                else:
                    of, item = read
                    if isinstance(item, Raster):
                        self._predict_raster(item)
                        continue
                    if of != 1 and item.source != opened:
                        opened, self.bar.total = item.source, self.bar.total + max(0, of - 1)
                    yield item

    def _predict_raster(self, raster: Raster) -> None:
        if self.resume and raster_file(self.out_dir, raster.name).is_file():
            self.tally.skipped += 1
            return
        start = time.perf_counter()
        try:
            predict_raster(self.net, raster, self.out_dir, lambda: self.request.name is not None)
            self.tally.images += 1
            self.tally.large += 1
        except UserError as error:
            self.tally.broken.append(error if raster.source in error.message else error.within(raster.source))
        except Stopped:
            pass
        self.tally.net_seconds += time.perf_counter() - start

    def _wanted(self, name: str, is_frame: bool) -> bool:
        if self.writers.missing(name, is_frame):
            return True
        self.tally.skipped += 1
        return False

    def _show(self) -> None:
        tally, writers = self.tally, self.writers
        done = tally.images + tally.skipped + len(tally.broken) + writers.written + len(writers.failed)
        self.bar.update(done - self.bar.n)
