"""The rungs that were measured to be the fastest on this machine, as `tinyxm bench --tune` writes them to a file."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from pathlib import Path


def tuned_file() -> Path:
    """The file of measured rungs, written by `tinyxm bench --tune`: what TINYXM_TUNED names, or else one in the folder
    that TINYXM_CACHE names, or else in the user's cache folder.

    It is JSON, {operation: [{"up_to": floating-point operations, "rung": name}, ...]}: the first row that a call is
    within names the rung; no `up_to`, or null, is any size, and a row with a "dtype" is for that one alone. Where none
    fits, or the rung doesn't take the operands, the default rule holds.
    """
    from pathlib import Path

    from platformdirs import user_cache_path

    named = os.environ.get("TINYXM_TUNED")
    return Path(named) if named else Path(os.environ.get("TINYXM_CACHE") or user_cache_path("tinyxm")) / "tuned.json"


def read_measured(file: str) -> dict[str, list[dict[str, Any]]]:
    """What such a file holds. Raises ValueError where there is none, or it holds something else."""
    import json

    try:
        with open(file, encoding="utf-8") as text:
            measured: dict[str, list[dict[str, Any]]] = json.load(text)
        for rows in measured.values():
            {row["rung"] for row in rows}
    except OSError as error:
        raise ValueError(
            f"tinyxm_kernels: nothing was measured: {file}: {error.strerror}; `tinyxm bench --tune` writes it"
        ) from None
    except (ValueError, TypeError, KeyError, AttributeError) as error:
        raise ValueError(f"tinyxm_kernels: {file} isn't what `tinyxm bench --tune` writes: {error!r}") from None
    return measured
