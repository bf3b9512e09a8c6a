"""Checkpoints: a model, its optimizer and what they were made with, in one safetensors file."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
from safetensors import SafetensorError, safe_open
from safetensors.numpy import save_file

from tinyxm.training.folder import beside

Arrays = dict[str, np.ndarray]


def save_checkpoint(path: Path, arrays: Arrays, facts: dict[str, Any]) -> None:
    """Write named arrays and JSON-able facts; the file at `path` is replaced only when the new one is whole."""
    with beside(path) as part:
        save_file({name: np.ascontiguousarray(x) for name, x in arrays.items()}, part, {"tinyxm": json.dumps(facts)})


def load_checkpoint(path: Path) -> tuple[Arrays, dict[str, Any]]:
    """The arrays and facts of a checkpoint.

    Raises FileNotFoundError where there is none, ValueError where it is corrupt or none of tinyxm's.
    """
    if not path.is_file():
        raise FileNotFoundError(f"checkpoint: {path} isn't there; train first, or name another run")
    try:
        with safe_open(path, "np") as file:
            facts = (file.metadata() or {}).get("tinyxm")
            arrays = {name: file.get_tensor(name) for name in file.keys()}  # noqa: SIM118  # no mapping: keys() only
    except (SafetensorError, OSError) as error:
        raise ValueError(f"checkpoint: {path} is corrupt: {error}; delete it to train that stage again") from None
    if facts is None:
        raise ValueError(f"checkpoint: {path} is a safetensors file that tinyxm didn't write")
    return arrays, json.loads(facts)


def prefixed(prefix: str, arrays: Arrays) -> Arrays:
    return {f"{prefix}.{name}": x for name, x in arrays.items()}


def under(prefix: str, arrays: Arrays) -> Arrays:
    """The arrays whose names begin with this prefix, without it."""
    return {name.removeprefix(f"{prefix}."): x for name, x in arrays.items() if name.startswith(f"{prefix}.")}
