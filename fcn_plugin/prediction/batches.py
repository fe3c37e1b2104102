"""Batch items of equal image size from items in any order."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from .item import Item

BATCH = 8  # images
MOST_PIXELS = 2**22  # of a batch of several images: VGG16's largest activations then take 1 GB
CPU_PIXELS = 2**17  # larger batches don't fit a CPU's cache: FCN-8s takes 1.5 times as long per 480 x 360 image


def batches(items: Iterable[Item | None], batch_size: int, most_pixels: int = MOST_PIXELS) -> Iterator[list[Item]]:
    """Yield lists of up to ``batch_size`` items with equal image size; frames of videos stay in order.

    At most twice as many items wait for others of their size. None, which means that no item is ready, flushes the waiting ones.
    """
    waiting: dict[tuple[int, ...], list[Item]] = {}
    for item in items:
        if item is None or item.fps is not None:  # of a video: waiting items of other sizes may be earlier frames
            for other in [other for other in waiting if item is None or other != item.image.shape]:
                yield waiting.pop(other)
        if item is None:
            continue
        shape = item.image.shape
        group = waiting.setdefault(shape, [])
        group.append(item)
        if len(group) >= max(1, min(batch_size, most_pixels // (shape[0] * shape[1]))):
            yield waiting.pop(shape)
        elif sum(map(len, waiting.values())) > 2 * batch_size:
            yield waiting.pop(max(waiting, key=lambda shape: len(waiting[shape])))
    yield from waiting.values()
