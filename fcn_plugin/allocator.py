"""Keep memory freed by a training step or an image; by default glibc returns large blocks at once, and the next one page-faults."""

from __future__ import annotations

import ctypes

TRIM_THRESHOLD, MMAP_MAX = -1, -4  # of <malloc.h>


def keep_freed_memory() -> bool:
    """Allocate from a heap that never shrinks, so the process holds its peak memory. Return whether libc supports it."""
    try:
        mallopt = ctypes.CDLL(None).mallopt
    except (AttributeError, OSError, TypeError):  # musl, macOS; Windows
        return False
    return all(mallopt(option, value) for option, value in ((MMAP_MAX, 0), (TRIM_THRESHOLD, 2**31 - 1)))
