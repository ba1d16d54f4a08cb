"""How the C library's allocator treats memory that torch frees on a CPU."""

from __future__ import annotations

import ctypes

# Of glibc's malloc.h.
_M_TRIM_THRESHOLD, _M_MMAP_THRESHOLD = -1, -3
_LARGEST = 32 * 2**20  # the largest threshold that glibc takes for mappings, bytes
_NEVER = 2**31 - 1


def keep_freed_memory() -> bool:
    """Keep what is freed instead of giving it back to the system; returns whether this C library can.

    Every step of a training allocates the same gigabyte anew. Given back, it comes again page by page and zeroed: 50
    MB of pages and 6 % of the time of a step in float32, and a step in bf16 is several times as short. For the rest of
    the process, whose memory at its peak stays the same.
    """
    try:
        mallopt = ctypes.CDLL(None).mallopt
    except (OSError, AttributeError, TypeError):  # musl, macOS, Windows
        return False
    return bool(mallopt(_M_MMAP_THRESHOLD, _LARGEST)) and bool(mallopt(_M_TRIM_THRESHOLD, _NEVER))
