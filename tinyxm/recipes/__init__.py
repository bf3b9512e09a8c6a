"""The ready-made jobs: each a model, real data, a training recipe, and scores beside honest baselines."""

from __future__ import annotations

import importlib
from types import ModuleType

_RECIPES = {"emoji": "tinyxm.recipes.emoji"}


def names() -> list[str]:
    """The names that `get` and `tinyxm train` know."""
    return list(_RECIPES)


def get(name: str) -> ModuleType:
    """The recipe of this name. Raises ValueError that lists the names there are."""
    if name not in _RECIPES:
        raise ValueError(f"recipe: there is no {name!r}; there are {', '.join(_RECIPES)}")
    return importlib.import_module(_RECIPES[name])
