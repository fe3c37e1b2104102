"""Read all inputs ahead of the net, in threads, with a bounded number of images in memory."""

from __future__ import annotations

import queue
import threading
from collections.abc import Generator, Iterable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from importlib import import_module
from typing import Any

from ...data.bands.readers import Reader
from ...data.images import UnreadableFile
from ...errors import UserError
from ..item import Item
from .entry import Broken, Entry, Wanted
from .inputs import Input
from .large import Raster, is_large

# kind of an input -> module whose ``entries`` reads it
MODULES = dict(image="image", tiff="tiff", video="video", camera="video", stream="video", link="link")
LOOK = 0.2  # seconds between checks whether a thread should stop


def entries(inputs: Iterable[Input], wanted: Wanted, reader: Reader) -> Iterator[Entry | Broken]:
    """Yield the entries of each input; continue after inputs that can't be opened or end early."""
    for source in inputs:
        try:
            yield from import_module(f"{__package__}.{MODULES[source.kind]}").entries(source, wanted, reader)
        except UserError as error:
            yield Broken(error)


def read_ahead(
    found: Iterator[Entry | Broken], threads: int, most: int
) -> Generator[tuple[int, Item | Raster] | Broken | None, None, None]:
    """Yield (number of items in the source, item) in order, or a Broken; None if nothing is ready.

    Args:
        found: entries from :func:`entries`; a separate thread iterates over them and decodes videos.
        threads: number of threads that read files and URLs.
        most: most items in memory.
    """
    ready: queue.Queue[Any] = queue.Queue(most)
    closing = threading.Event()
    pool = ThreadPoolExecutor(threads, "read")
    feeder = threading.Thread(target=_feed, args=(found, pool, ready, closing), name="feed", daemon=True)
    feeder.start()
    try:
        while True:
            try:
                entry, item = ready.get(timeout=LOOK)
            except queue.Empty:
                yield None
                continue
            if entry is None:
                if item is not None:
                    raise item
                return
            yield entry if isinstance(entry, Broken) else _result(entry, item)
    finally:
        closing.set()
        pool.shutdown(cancel_futures=True)
        feeder.join(LOOK)  # it may wait for a dead stream, but has nothing to close


def _result(entry: Entry, item: Future[Item | Raster]) -> tuple[int, Item | Raster] | Broken:
    try:
        return entry.of, item.result()
    except UserError as error:
        if isinstance(error, UnreadableFile) and is_large(entry.source):
            return entry.of, Raster(entry.name, entry.source)
        return Broken(error)


def _feed(
    found: Iterator[Entry | Broken], pool: ThreadPoolExecutor, ready: queue.Queue[Any], closing: threading.Event
) -> None:
    fault: BaseException | None = None
    try:
        for entry in found:
            if closing.is_set():
                return
            item = None if isinstance(entry, Broken) else pool.submit(entry.read)
            if not _put((entry, item), ready, closing):
                return
    except BaseException as error:  # a bug, which the main thread raises
        fault = error
    _put((None, fault), ready, closing)


def _put(value: Any, ready: queue.Queue[Any], closing: threading.Event) -> bool:
    while not closing.is_set():
        try:
            ready.put(value, timeout=LOOK)
            return True
        except queue.Full:
            continue
    return False
