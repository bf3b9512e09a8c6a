"""Sets larger than memory, on disk: shards of plain `.npy` files, one per modality, and an index with their checksums.

    FOLDER/index.json              {"format": "tinyxm shards", "version": 1, "complete": true, "samples_per_shard": 512,
                                    "fields": {"image": {"kind": "array", "dtype": "|u1", "shape": [32, 32, 4]}, ...},
                                    "shards": [{"samples": 512, "files": {"00000.image.npy": {"bytes": 2097280,
                                                "sha256": "..."}, ...}}, ...], "facts": {...}}
    FOLDER/00000.image.npy          an array's rows
    FOLDER/00000.sound.values.npy   ragged values end to end: sample i is values[offsets[i] : offsets[i + 1]]
    FOLDER/00000.sound.offsets.npy
    FOLDER/00000.sound.present.npy  which samples have one, where some haven't

Texts are ragged UTF-8 bytes. Nothing is pickled, and a pickle isn't read. No file name is taken from the index: names
are made of the shard's number and the field's name, which is letters, digits, "_" and "-" alone.
"""

from __future__ import annotations

import hashlib
import json
import os
import re
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from .fields import Array, Field, check, field_of, lay_out, read_rows, room_for
from .samples import Samples, concatenate
from .sources import beside

FORMAT, VERSION = "tinyxm shards", 1
NAME = re.compile(r"[A-Za-z0-9_][A-Za-z0-9_-]*")
SHARD_FILE = re.compile(r"\.?\d{5,}\.[A-Za-z0-9_.-]+\.npy(\..*)?|\.?index\.json(\..*)?")
GROUP, IDS = "group-", "ids-"  # how groups and ids are named among the fields


class ShardWriter:
    """Writes Samples as shards into a folder; an interrupted writing goes on where it stopped.

    Each file is written beside, forced to the disk and renamed, and the index after them, so that at any moment the
    folder holds whole shards alone. `written` tells how many samples they are: after a crash, make a writer on the same
    folder again and `add` what follows them. `shard_bytes` is about how large a shard becomes.

        with ShardWriter("set") as writer:
            for part in parts:
                writer.add(part)

    Leaving the block well writes the last, smaller shard and marks the set complete; leaving it by an error doesn't.
    Raises ValueError for a folder with a complete set or with other files in it, FileExistsError where it's a file.
    """

    def __init__(self, folder: str | Path, shard_bytes: int = 64 << 20, facts: Mapping[str, Any] | None = None) -> None:
        self.folder, self.shard_bytes = Path(folder), shard_bytes
        if shard_bytes < 1:
            raise ValueError(f"shards: shard_bytes {shard_bytes}; expected at least 1")
        self.folder.mkdir(parents=True, exist_ok=True)
        index = self.folder / "index.json"
        if index.exists():
            self.index = read_index(self.folder)
            if self.index["complete"]:
                raise ValueError(f"shards: {self.folder} holds a complete set; name another folder, or remove that one")
        else:
            if others := [p.name for p in self.folder.iterdir() if not SHARD_FILE.fullmatch(p.name)]:
                raise ValueError(f"shards: {self.folder} has other files, such as {others[0]!r}; name an empty folder")
            empty: dict[str, Any] = {"format": FORMAT, "version": VERSION, "complete": False, "samples_per_shard": None}
            self.index = {**empty, "facts": dict(facts or {}), "fields": {}, "shards": []}
        known = {name for shard in self.index["shards"] for name in shard["files"]} | {"index.json"}
        for path in self.folder.iterdir():  # what a crash left: not in the index, so no part of the set
            if path.name not in known and SHARD_FILE.fullmatch(path.name):
                path.unlink()
        self.fields = {name: Field.of(told) for name, told in self.index["fields"].items()}
        self.waiting: list[Samples] = []

    @property
    def written(self) -> int:
        """How many samples are in whole shards on the disk."""
        return sum(shard["samples"] for shard in self.index["shards"])

    def add(self, samples: Samples) -> None:
        """Write these samples after those before, as soon as they fill a shard.

        Raises TypeError for modalities that differ from the first samples' and for Python objects, ValueError for names
        that are no file names.
        """
        if not len(samples):
            return
        columns = _columns(samples)
        if not self.fields:
            for name in (*samples.modalities, *samples.groups):
                if not NAME.fullmatch(name) or name.startswith((GROUP, IDS)):
                    raise ValueError(
                        f"shards: the name {name!r} isn't of letters, digits, '_' and '-' alone, or begins as those of "
                        f"groups and ids do ({GROUP!r}, {IDS!r})"
                    )
            self.fields = {name: field_of(name, values, there) for name, (values, there) in columns.items()}
            self.index["fields"] = {name: field.to_json() for name, field in self.fields.items()}
        if set(columns) != set(self.fields):
            raise TypeError(f"shards: {', '.join(sorted(columns))} here, {', '.join(sorted(self.fields))} before")
        laid = {name: lay_out(name, self.fields[name], *column) for name, column in columns.items()}
        if self.index["samples_per_shard"] is None:
            each = sum(array.nbytes for arrays in laid.values() for array in arrays.values()) / len(samples)
            self.index["samples_per_shard"] = max(1, int(self.shard_bytes / max(each, 1)))
        self.waiting.append(samples)
        size = self.index["samples_per_shard"]
        if sum(map(len, self.waiting)) >= size:
            together = concatenate(self.waiting)
            whole = len(together) - len(together) % size
            self.waiting = [together[whole:]]
            for start in range(0, whole, size):
                self._write(together[start : start + size])

    def close(self) -> None:
        """Write what is left and mark the set complete. Raises ValueError for a set without a sample."""
        if rest := [part for part in self.waiting if len(part)]:
            self._write(concatenate(rest))
        self.waiting = []
        if not self.index["shards"]:
            raise ValueError(f"shards: no sample was written to {self.folder}")
        self.index["complete"] = True
        self._write_index()

    def __enter__(self) -> ShardWriter:
        return self

    def __exit__(self, kind: object, error: object, trace: object) -> None:
        if kind is None:
            self.close()

    def _write(self, samples: Samples) -> None:
        number, files = len(self.index["shards"]), {}
        for name, (values, there) in _columns(samples).items():
            arrays = lay_out(name, self.fields[name], values, there)
            if not there.all():
                arrays["present"] = there
            for part, array in arrays.items():
                path = self.folder / file_name(number, name, part)
                with beside(path) as temporary:
                    with temporary.open("wb") as stream:
                        np.lib.format.write_array(stream, array, allow_pickle=False)
                        stream.flush()
                        os.fsync(stream.fileno())
                    files[path.name] = {"bytes": temporary.stat().st_size, "sha256": checksum(temporary)}
        self.index["shards"].append({"samples": len(samples), "files": files})
        self._write_index()

    def _write_index(self) -> None:
        with beside(self.folder / "index.json") as temporary, temporary.open("w", encoding="utf-8") as stream:
            json.dump(self.index, stream, indent=1, ensure_ascii=False)
            stream.flush()
            os.fsync(stream.fileno())


def write_shards(
    folder: str | Path,
    parts: Samples | Iterable[Samples],
    shard_bytes: int = 64 << 20,
    facts: Mapping[str, Any] | None = None,
) -> Shards:
    """Write samples, or an iterable of them, as a set of shards, and open it.

    Where the folder holds a part of it from an interrupted writing, as many samples as that are skipped: give the same
    parts again. Raises as ShardWriter does.
    """
    with ShardWriter(folder, shard_bytes, facts) as writer:
        skip = writer.written
        for part in [parts] if isinstance(parts, Samples) else parts:
            if skip < len(part):
                writer.add(part[skip:] if skip else part)
            skip = max(0, skip - len(part))
    return Shards(folder)


class Shards:
    """A set of shards, read through memory maps: what isn't touched is never read.

    `len(shards)`, `shards[indices]` (integers, a mask or a slice: those Samples, copied out), `shards.fields`,
    `shards.sizes` (samples per shard). Opening looks at every file's size; `verify=True` at its checksum, too, which
    reads all of it. A shard that is damaged is refused, or with `damaged="skip"` left out and told in `faults`.
    Raises ValueError for a folder without an index, an index of another format, a damaged shard, and a link that leads
    out of the folder.
    """

    def __init__(self, folder: str | Path, verify: bool = False, damaged: str = "refuse") -> None:
        if damaged not in ("refuse", "skip"):
            raise ValueError(f"shards: damaged {damaged!r}; expected 'refuse' or 'skip'")
        self.folder = Path(folder)
        self.index = read_index(self.folder)
        self.fields = {name: Field.of(told) for name, told in self.index["fields"].items()}
        self.complete: bool = self.index["complete"]
        self.faults: list[str] = []
        self.numbers: list[int] = []
        for number in range(len(self.index["shards"])):
            fault = self._fault(number, verify)
            if fault and damaged == "refuse":
                raise ValueError(f"shards: {fault}; write it anew, or open with damaged='skip' to do without it")
            if fault:
                self.faults.append(fault)
            else:
                self.numbers.append(number)
        if not self.numbers:
            raise ValueError(f"shards: {self.folder} has no whole shard" + "".join(f"; {f}" for f in self.faults[:1]))
        self.sizes = np.array([self.index["shards"][number]["samples"] for number in self.numbers], np.int64)
        self.starts = np.concatenate([[0], np.cumsum(self.sizes)])
        self._maps: dict[int, dict[str, dict[str, Array]]] = {}

    def __len__(self) -> int:
        return int(self.starts[-1])

    def __repr__(self) -> str:
        size = sum(told["bytes"] for shard in self.index["shards"] for told in shard["files"].values())
        head = f"Shards: {len(self)} samples, {len(self.sizes)} shards, {size / 1e6:,.1f} MB"
        lines = [head + ("" if self.complete else ", not complete")]
        lines += [f"  {name}: {field.kind} {field.dtype} {field.shape}" for name, field in self.fields.items()]
        return "\n".join([*lines, *(f"  left out: {fault}" for fault in self.faults)])

    def __getitem__(self, key: slice | ArrayLike) -> Samples:
        chosen: Any = key if isinstance(key, slice) or np.size(key) else []
        try:
            indices = np.arange(len(self))[chosen]
        except IndexError as error:
            raise IndexError(f"shards: {error}; there are {len(self)} samples") from error
        if indices.ndim != 1:
            raise TypeError(f"shards: one index {key!r} isn't a subset; use a slice or a list, as in shards[[3]]")
        which = np.searchsorted(self.starts, indices, side="right") - 1
        order = np.argsort(which, kind="stable")
        parts = [p for p in np.split(order, np.flatnonzero(np.diff(which[order])) + 1) if len(p)]
        values = {name: room_for(field, len(indices)) for name, field in self.fields.items()}
        present = {name: np.ones(len(indices), bool) for name in self.fields}
        for places in parts:
            shard = int(which[places[0]])
            rows = indices[places] - self.starts[shard]
            for name, arrays in self._open(shard).items():
                there = arrays["present"][rows] if "present" in arrays else np.ones(len(rows), bool)
                present[name][places] = there
                read_rows(self.fields[name], arrays, rows, there, values[name], places)
        groups = {name.removeprefix(GROUP): values.pop(name) for name in self.fields if name.startswith(GROUP)}
        ids = values.pop(IDS)
        return Samples(values, ids, groups, {name: present[name] for name in values})

    def verify(self) -> list[str]:
        """A line for each shard whose files aren't as they were written, by size, checksum or layout."""
        return [fault for number in self.numbers if (fault := self._fault(number, True))]

    def advise(self, shard: int) -> None:
        """Tell the system that a shard is wanted soon, so that it reads ahead (where it takes such advice)."""
        if hasattr(os, "posix_fadvise"):
            for name in self.index["shards"][self.numbers[shard]]["files"]:
                with (self.folder / name).open("rb") as stream:
                    os.posix_fadvise(stream.fileno(), 0, 0, os.POSIX_FADV_WILLNEED)

    def release(self) -> None:
        """Close all maps: their pages no longer count as this process's memory."""
        self._maps.clear()

    def reopened(self) -> Shards:
        """The same set with maps of its own, for another thread."""
        other = object.__new__(Shards)
        other.__dict__.update(self.__dict__, _maps={})
        return other

    def _open(self, shard: int) -> dict[str, dict[str, Array]]:
        if shard not in self._maps:
            self._maps[shard] = self._load(self.numbers[shard])
        return self._maps[shard]

    def _load(self, number: int) -> dict[str, dict[str, Array]]:
        told, loaded = self.index["shards"][number], {}
        for name, field in self.fields.items():
            parts = [*field.files]
            if file_name(number, name, "present") in told["files"]:
                parts.append("present")
            arrays = {part: _map(self.folder / file_name(number, name, part)) for part in parts}
            if fault := check(field, arrays, told["samples"]):
                raise ValueError(f"shards: shard {number} of {self.folder}: {name!r} {fault}")
            loaded[name] = arrays
        return loaded

    def _fault(self, number: int, verify: bool) -> str:
        """What is wrong with a shard, or nothing."""
        files = self.index["shards"][number]["files"]
        expected = {file_name(number, name, part) for name, field in self.fields.items() for part in field.files}
        allowed = expected | {file_name(number, name, "present") for name in self.fields}
        if wrong := sorted((set(files) - allowed) | (expected - set(files))):
            return f"shard {number} of {self.folder}: the index has a wrong or lacks a right file: {wrong[0]!r}"
        for name, told in files.items():
            path = self.folder / name
            if path.is_symlink() and path.resolve().parent != self.folder.resolve():
                return f"shard {number}: {path} is a link that leads out of the folder"
            if not path.is_file():
                return f"shard {number}: {path} is missing"
            if path.stat().st_size != told["bytes"]:
                return f"shard {number}: {path} has {path.stat().st_size} bytes, not {told['bytes']}"
            if verify and checksum(path) != told["sha256"]:
                return f"shard {number}: {path} isn't as it was written: its checksum differs"
        if verify:
            try:
                self._load(number)
            except ValueError as error:
                return str(error).removeprefix("shards: ")
        return ""


def read_index(folder: Path) -> dict[str, Any]:
    """The index of a set of shards. Raises ValueError where it is absent, corrupt, or another format's."""
    path = folder / "index.json"
    if not path.is_file():
        raise ValueError(f"shards: {folder} has no index.json; write a set there with ShardWriter")
    try:
        index = json.loads(path.read_text("utf-8"))
        if (found := (index["format"], index["version"])) != (FORMAT, VERSION):
            raise ValueError(f"format and version are {found}; expected {(FORMAT, VERSION)}")
        _checked(index)
    except (ValueError, KeyError, TypeError, AttributeError) as error:
        raise ValueError(f"shards: {path} can't be read: {error}") from error
    return index


def checksum(path: Path) -> str:
    """The SHA-256 of a file, in hexadecimal."""
    with path.open("rb") as stream:
        return hashlib.file_digest(stream, "sha256").hexdigest()


def file_name(number: int, field: str, part: str = "") -> str:
    """ "00003.image.npy", "00003.sound.offsets.npy"."""
    return f"{number:05}.{field}.{part}.npy" if part else f"{number:05}.{field}.npy"


def _checked(index: dict[str, Any]) -> None:
    for name, told in index["fields"].items():
        if not NAME.fullmatch(name):
            raise ValueError(f"the field {name!r} is no name of letters, digits, '_' and '-'")
        Field.of(told)
    if type(index["complete"]) is not bool:
        raise ValueError(f"complete is {index['complete']!r}")
    for shard in index["shards"]:
        if type(shard["samples"]) is not int or shard["samples"] < 1:
            raise ValueError(f"a shard has {shard['samples']!r} samples")
        for name, told in shard["files"].items():
            if not SHARD_FILE.fullmatch(name) or type(told["bytes"]) is not int or type(told["sha256"]) is not str:
                raise ValueError(f"the file {name!r} isn't one of a shard")


def _columns(samples: Samples) -> dict[str, tuple[Any, NDArray[np.bool_]]]:
    """All that is written of samples, by the fields' names: modalities, ids and groups; with what is present."""
    everywhere = np.ones(len(samples), bool)
    columns: dict[str, tuple[Any, NDArray[np.bool_]]] = {
        name: (values, samples.present[name]) for name, values in samples.modalities.items()
    }
    columns[IDS] = (samples.ids, everywhere)
    for name, labels in samples.groups.items():
        columns[GROUP + name] = (labels, everywhere)
    return columns


def _map(path: Path) -> Array:
    """A file's array, mapped; an empty one, which can't be, read. Raises ValueError for what isn't a plain `.npy`."""
    try:
        with path.open("rb") as stream:
            version = np.lib.format.read_magic(stream)
            reader = {(1, 0): np.lib.format.read_array_header_1_0, (2, 0): np.lib.format.read_array_header_2_0}
            shape, _, dtype = reader[version](stream)
            size = stream.tell() + int(np.prod(shape, dtype=np.int64)) * dtype.itemsize
        if dtype.hasobject:
            raise ValueError("it holds Python objects, which would be unpickled")
        if path.stat().st_size != size:
            raise ValueError(f"its header asks for {size} bytes, it has {path.stat().st_size}")
        loaded: Array = np.load(path, mmap_mode="r" if 0 not in shape else None, allow_pickle=False)
    except (ValueError, OSError, KeyError, EOFError) as error:
        raise ValueError(f"shards: {path} can't be read: {error}") from error
    return loaded.view(np.ndarray)  # slices of a memmap are made ten times as slowly
