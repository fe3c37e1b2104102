"""Keep the memory that a training step frees: glibc gives large blocks back at once, and the next step faults them in again."""

from __future__ import annotations

import ctypes

TRIM_THRESHOLD, MMAP_MAX = -1, -4  # of <malloc.h>


def keep_freed_memory() -> bool:
    """Serve all blocks from a heap that does not shrink: a process holds its peak till it ends. Return whether libc can."""
    try:
        mallopt = ctypes.CDLL(None).mallopt
    except (AttributeError, OSError, TypeError):  # musl, macOS; Windows
        return False
    return all(mallopt(option, value) for option, value in ((MMAP_MAX, 0), (TRIM_THRESHOLD, 2**31 - 1)))
