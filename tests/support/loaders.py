"""Data loaders that a test leaves behind."""

import gc
import multiprocessing

from torch.utils.data.dataloader import _MultiProcessingDataLoaderIter


def stop_workers() -> None:
    """Stop the processes of loaders that hang on a run which has ended.

    Where the garbage collector comes upon such a loader, its queue is closed first, and torch waits 5 s for a worker that hears
    of nothing.
    """
    if multiprocessing.active_children():
        for one in gc.get_objects():
            if type(one) is _MultiProcessingDataLoaderIter:
                one._shutdown_workers()
