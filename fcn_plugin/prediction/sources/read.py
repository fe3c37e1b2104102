"""Read all inputs ahead of the net, in threads, with a bounded number of images in memory."""

from __future__ import annotations

import queue
import threading
from collections.abc import Iterable, Iterator
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
LOOK = 0.2  # seconds after which a thread looks whether it is to stop


def entries(inputs: Iterable[Input], wanted: Wanted, reader: Reader) -> Iterator[Entry | Broken]:
    """Yield what is to be read of each input; one that can't be opened or ends early is followed by the next."""
    for source in inputs:
        try:
            yield from import_module(f"{__package__}.{MODULES[source.kind]}").entries(source, wanted, reader)
        except UserError as error:
            yield Broken(error)


def read_ahead(
    found: Iterator[Entry | Broken], threads: int, most: int
) -> Iterator[tuple[int, Item | Raster] | Broken | None]:
    """Yield each entry's number of siblings and its item, in order, and what is broken; None where nothing came for a moment.

    Args:
        found: from :func:`entries`; a thread of its own goes through it, decoding videos.
        threads: that read files and links.
        most: items in memory, at most.
    """
    ready: queue.Queue = queue.Queue(most)
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
        feeder.join(LOOK)  # it may wait for a dead stream, and holds nothing that has to be closed


def _result(entry: Entry, item: Future) -> tuple[int, Item | Raster] | Broken:
    try:
        return entry.of, item.result()
    except UserError as error:
        if isinstance(error, UnreadableFile) and is_large(entry.source):
            return entry.of, Raster(entry.name, entry.source)
        return Broken(error)


def _feed(
    found: Iterator[Entry | Broken], pool: ThreadPoolExecutor, ready: queue.Queue, closing: threading.Event
) -> None:
    fault: BaseException | None = None
    try:
        for entry in found:
            if closing.is_set():
                return
            item = None if isinstance(entry, Broken) else pool.submit(entry.read)
            if not _put((entry, item), ready, closing):
                return
    except BaseException as error:  # a fault of the program, which the main thread raises
        fault = error
    _put((None, fault), ready, closing)


def _put(value: Any, ready: queue.Queue, closing: threading.Event) -> bool:
    while not closing.is_set():
        try:
            ready.put(value, timeout=LOOK)
            return True
        except queue.Full:
            continue
    return False
