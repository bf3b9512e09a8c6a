"""Keeping the memory that a training step frees, for the next step.

A step makes and drops the same arrays again and again. By default glibc hands a freed block of more than 128 KiB
back to the system, and asks for it again a moment later; the system then clears every page before it is written. With
two thresholds raised it keeps such blocks.
"""

import ctypes
import os

M_TRIM_THRESHOLD, M_MMAP_THRESHOLD = -1, -3  # <malloc.h>
MMAP_BYTES = 1 << 30  # larger arrays are rare, and better given back
TRIM_BYTES = 2**31 - 1  # `mallopt` takes an int


def keep_freed_memory() -> str:
    """Let the process keep freed arrays of up to 1 GiB for reuse; return in one line what was done.

    It works on glibc (most Linux systems) and does nothing elsewhere. The price: freed memory, up to 2 GiB of it, is
    given back to the system only at the end. The environment variable TINYXM_MEMORY=system leaves all as it is.
    Source: mallopt(3).
    """
    setting = os.environ.get("TINYXM_MEMORY", "")
    if setting == "system":
        return "memory: left to the system (TINYXM_MEMORY=system)"
    if setting:
        raise ValueError(f"TINYXM_MEMORY={setting}: expected 'system', or the variable not set")
    library = ctypes.CDLL(None if os.name == "posix" else "msvcrt")
    if not hasattr(library, "gnu_get_libc_version"):  # musl, macOS, Windows
        return "memory: left to the system (the C library isn't glibc)"
    if library.mallopt(M_MMAP_THRESHOLD, MMAP_BYTES) and library.mallopt(M_TRIM_THRESHOLD, TRIM_BYTES):
        return "memory: freed arrays are kept for reuse (glibc; TINYXM_MEMORY=system turns this off)"
    return "memory: left to the system (glibc refused the thresholds)"
