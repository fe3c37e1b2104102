"""Batches of equal size from items in any order."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from .item import Item

BATCH = 8  # images
MOST_PIXELS = 2**22  # of the images of a batch, beyond the first: VGG16's largest activations then take 1 GB
CPU_PIXELS = (
    2**17
)  # on a CPU larger batches leave its cache: FCN-8s takes half as much time again for a 480 x 360 image


def batches(items: Iterable[Item | None], batch_size: int, most_pixels: int = MOST_PIXELS) -> Iterator[list[Item]]:
    """Yield lists of up to ``batch_size`` items whose images have one size; frames of videos stay in order.

    Twice as many items wait for others of their size, at most. None, where no item came for a moment, lets the waiting ones go.
    """
    waiting: dict[tuple[int, ...], list[Item]] = {}
    for item in items:
        shape = item and item.image.shape
        if item is None or item.fps is not None:  # of a video: items of other sizes are earlier frames, or may be
            for other in [other for other in waiting if other != shape]:
                yield waiting.pop(other)
        if item is None:
            continue
        group = waiting.setdefault(shape, [])
        group.append(item)
        if len(group) >= max(1, min(batch_size, most_pixels // (shape[0] * shape[1]))):
            yield waiting.pop(shape)
        elif sum(map(len, waiting.values())) > 2 * batch_size:
            yield waiting.pop(max(waiting, key=lambda shape: len(waiting[shape])))
    yield from waiting.values()
