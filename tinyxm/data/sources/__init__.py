"""What every source shares: saying which extra is missing, and keeping derived arrays in the user's cache folder."""

from __future__ import annotations

import errno
import hashlib
import os
import tempfile
import warnings
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from importlib.metadata import PackageNotFoundError, version
from importlib.util import find_spec
from pathlib import Path
from typing import Any, TypeVar

import numpy as np
from numpy.typing import NDArray
from platformdirs import user_cache_path

Arrays = dict[str, NDArray[Any]]
Read = TypeVar("Read")


class MissingExtra(ImportError):
    """An optional dependency isn't installed; the message has the pip line that installs it."""


def require(operation: str, extra: str, distributions: Sequence[str]) -> dict[str, str]:
    """The installed version of each distribution. Raises MissingExtra, with those that are absent and the pip line."""
    versions, missing = {}, []
    for name in distributions:
        try:
            versions[name] = version(name)
        except PackageNotFoundError:
            missing.append(name)
    if missing:
        verb = "isn't" if len(missing) == 1 else "aren't"
        raise MissingExtra(f'{operation}: {", ".join(missing)} {verb} installed; run: pip install "tinyxm[{extra}]"')
    return versions


def package_file(operation: str, distribution: str, path: str) -> Path:
    """A data file of an installed package whose import name is its own, without importing the package.

    Raises MissingExtra where the package is absent, FileNotFoundError where the file is.
    """
    require(operation, "data", [distribution])
    spec = find_spec(distribution)
    file = Path(spec.origin).parent / path if spec and spec.origin else Path(distribution, path)
    if not file.is_file():
        raise FileNotFoundError(
            f"{operation}: {distribution} has no file {path}; install the release that tinyxm names"
        )
    return file


def cache_folder() -> Path:
    """Where derived arrays are kept: the environment variable TINYXM_CACHE, or else the user's cache folder."""
    return Path(os.environ.get("TINYXM_CACHE") or user_cache_path("tinyxm"))


def cached(name: str, key: Mapping[str, object], build: Callable[[], Arrays], read: Callable[[Arrays], Read]) -> Read:
    """What `read` makes of the arrays that `build` makes, kept in the cache folder under `name` and a hash of `key`.

    `key` holds whatever the arrays depend on (package versions, a schema number). A corrupt file, or one that `read`
    can't read, is built again and a folder that can't be written is done without, each with a warning. The file is
    written beside and renamed.
    """
    digest = hashlib.sha256(repr(sorted(key.items())).encode()).hexdigest()[:16]
    path = cache_folder() / f"{name}-{digest}.npz"
    if path.exists():
        try:
            with path.open("rb") as stream, np.load(stream, allow_pickle=False) as file:
                return read(dict(file))
        except Exception as error:  # wrong bytes fail in as many ways as there are parsers
            warnings.warn(f"{name}: the cache {path} is corrupt ({error!r}); building it again", stacklevel=2)
    arrays = build()
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        with beside(path) as part, part.open("wb") as output:
            np.savez_compressed(output, **arrays)  # type: ignore[arg-type]
    except OSError as error:
        warnings.warn(
            f"{name}: can't keep the result in {path.parent} ({error}); it's built anew each time", stacklevel=2
        )
    return read(arrays)


@contextmanager
def beside(path: Path) -> Iterator[Path]:
    """A path to write to in the same folder; it takes the place of `path` once it is whole, and is removed if not."""
    if not path.parent.is_dir():
        raise FileNotFoundError(errno.ENOENT, f"no such folder, to write {path.name} into", str(path.parent))
    handle, name = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}.")
    os.close(handle)
    part = Path(name)
    try:
        yield part
        part.chmod(0o644)
        part.replace(path)
    finally:
        part.unlink(missing_ok=True)
