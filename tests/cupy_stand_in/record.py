"""Write names.json: every name of NumPy's that the real CuPy has, too, with the arguments it takes there.

    python tests/cupy_stand_in/record.py          # needs cupy-cuda12x or -cuda13x, and no device

The stand-in offers these names alone, and takes these arguments alone. test_cupy_stand_in.py compares the file with the
CuPy that is installed.
"""

import inspect
import json
import re
from pathlib import Path
from types import ModuleType
from typing import Any

FILE = Path(__file__).with_name("names.json")
MODULES = "", "linalg", "fft", "lib.stride_tricks"


def names() -> dict[str, Any]:
    """{"cupy": its release, "functions": {module: {name: parameters}}, "ufuncs": {name: [inputs, outputs]}, "special":
    names, "ndarray": {method: parameters, or None for a property}}."""
    import cupy
    import cupyx.scipy.special
    import numpy as np
    import scipy.special

    functions, ufuncs = {}, {}
    for path in MODULES:
        ours, theirs = _module(cupy, path), _module(np, path)
        functions[path] = {}
        for name in sorted(set(dir(ours)) & set(dir(theirs))):
            f = getattr(ours, name)
            if isinstance(f, cupy.ufunc):
                ufuncs[name] = [f.nin, f.nout]
            elif callable(f) and not inspect.isclass(f) and not name.startswith("_"):
                functions[path][name] = parameters(f)
    special = [
        name for name in dir(cupyx.scipy.special)
        if isinstance(getattr(cupyx.scipy.special, name), cupy.ufunc)
        and isinstance(getattr(scipy.special, name, 0), np.ufunc)
    ]  # fmt: skip
    members = {name: getattr(cupy.ndarray, name) for name in dir(cupy.ndarray) if not name.startswith("_")}
    return {
        "cupy": cupy.__version__,
        "functions": functions,
        "ufuncs": ufuncs,
        "special": special,
        "ndarray": {name: parameters(x)[6:] if callable(x) else None for name, x in members.items()},
    }


def parameters(f: Any) -> str:
    """The parameters of a function, defaults as None: "a, axis=None, *, out=None"; of a compiled one, by its docstring,
    where Cython writes them; "*args, **kwargs" where neither tells."""
    try:
        found = list(inspect.signature(f).parameters.values())
    except (ValueError, TypeError):
        head = re.match(r"[\w.]+\((.*?)\)(?: ->.*)?$", (f.__doc__ or "").splitlines()[0] if f.__doc__ else "")
        if head is None:
            return "self, *args, **kwargs" if "method" in type(f).__name__ else "*args, **kwargs"
        plain = [re.sub(r"^(?:\w+ )+(?=\w+(=|$))", "", part.strip().replace("\\", "")) for part in _split(head[1])]
        return ", ".join(re.sub(r"=.*", "=None", part) for part in plain)
    parts, star = [], False
    for p in found:
        if p.kind is p.VAR_POSITIONAL:
            star = True
        if p.kind is p.KEYWORD_ONLY and not star:
            parts.append("*")
            star = True
        prefix = {p.VAR_POSITIONAL: "*", p.VAR_KEYWORD: "**"}.get(p.kind, "")
        parts.append(f"{prefix}{p.name}{'' if p.default is p.empty else '=None'}")
        if p.kind is p.POSITIONAL_ONLY and not any(q.kind is p.POSITIONAL_ONLY for q in found[len(parts) :]):
            parts.append("/")
    return ", ".join(parts)


def _split(text: str) -> list[str]:
    """Split at commas that stand in no bracket or quotation."""
    return [
        part
        for part in re.findall(r"(?:[^,(\[{'\"]|\([^)]*\)|\[[^\]]*\]|\{[^}]*\}|'[^']*'|\"[^\"]*\")+", text)
        if part.strip()
    ]


def _module(root: ModuleType, path: str) -> Any:
    for part in filter(None, path.split(".")):
        root = getattr(root, part)
    return root


if __name__ == "__main__":
    FILE.write_text(json.dumps(names(), indent=1, sort_keys=True) + "\n", "utf-8")
