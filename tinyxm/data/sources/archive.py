"""Reading what a user downloaded, a folder or a zip, and trusting none of it: nothing is unpacked or leads outside."""

from __future__ import annotations

import os
import stat
import zipfile
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path, PurePosixPath

MOST_FILES = 200_000
MOST_BYTES = 2**32  # of all files together
MOST_FILE_BYTES = 2**28
RATIO = 100  # of what a zip unpacks to over its size, from 16 MiB on: sounds and pictures hardly shrink


class Files:
    """The files of a folder or a zip by their names, such as "recordings/0_jackson_0.wav"; `read(name)` gives bytes.

    `refused` tells, by name, which weren't listed and why: links, special files, encrypted members.
    """

    def __init__(self, root: Path, archive: zipfile.ZipFile | None, names: list[str], refused: dict[str, str]) -> None:
        self.root, self.archive, self.names, self.refused = root, archive, names, refused

    def read(self, name: str) -> bytes:
        """The whole file. Raises ValueError where it's too large, corrupt or gone, with why."""
        try:
            if self.archive is None:
                path = self.root / name
                if (size := path.stat().st_size) > MOST_FILE_BYTES:
                    raise ValueError(f"{size:,} bytes; expected at most {MOST_FILE_BYTES:,}")
                return path.read_bytes()
            with self.archive.open(name) as file:
                data = file.read(MOST_FILE_BYTES + 1)
            if len(data) > MOST_FILE_BYTES:
                raise ValueError(f"over {MOST_FILE_BYTES:,} bytes")
            return data
        except (OSError, zipfile.BadZipFile, zlib.error, EOFError, RuntimeError, NotImplementedError) as error:
            raise ValueError(f"{name} can't be read: {error}") from error


@contextmanager
def opened(operation: str, path: str | os.PathLike[str]) -> Iterator[Files]:
    """The files of a folder or a zip. Raises FileNotFoundError where it's absent, ValueError for what is neither, for a
    zip with a name that leads outside, and for one that would unpack to far more than it is."""
    root = Path(path)
    if root.is_dir():
        yield _folder(operation, root)
        return
    if not root.exists():
        raise FileNotFoundError(f"{operation}: {root} isn't there; expected a folder or a zip")
    try:
        archive = zipfile.ZipFile(root)
    except (zipfile.BadZipFile, OSError, ValueError, NotImplementedError) as error:
        raise ValueError(f"{operation}: {root} is neither a folder nor a zip that can be read: {error}") from error
    with archive:
        yield _zip(operation, root, archive)


def _folder(operation: str, root: Path) -> Files:
    names: list[str] = []
    refused: dict[str, str] = {}
    for folder, folders, files in os.walk(root, followlinks=False):
        folders.sort()
        for name in sorted(files):
            path = Path(folder, name)
            relative = path.relative_to(root).as_posix()
            mode = path.lstat().st_mode
            if stat.S_ISREG(mode):
                names.append(relative)
            else:
                refused[relative] = "a link" if stat.S_ISLNK(mode) else "no regular file"
        if len(names) > MOST_FILES:
            raise ValueError(f"{operation}: {root} has more than {MOST_FILES:,} files; give a folder of samples")
    return Files(root, None, names, refused)


def _zip(operation: str, root: Path, archive: zipfile.ZipFile) -> Files:
    members = archive.infolist()
    total, size = sum(member.file_size for member in members), root.stat().st_size
    if len(members) > MOST_FILES or total > MOST_BYTES or (total > 2**24 and total > RATIO * size):
        raise ValueError(
            f"{operation}: {root} holds {len(members):,} files that unpack to {total:,} bytes, from {size:,}; refused "
            "as a bomb"
        )
    names: list[str] = []
    refused: dict[str, str] = {}
    for member in members:
        # orig_filename: as it's written there; zipfile cuts names at a NUL and turns some separators
        name = member.orig_filename
        parts = PurePosixPath(name.replace("\\", "/")).parts
        if not parts or name[0] in "/\\" or ".." in parts or ":" in parts[0] or "\0" in name:
            raise ValueError(f"{operation}: {root} has a file named {name!r}, which leads outside; refused")
        if member.is_dir():
            continue
        if stat.S_ISLNK(member.external_attr >> 16):
            refused[name] = "a link"
        elif member.flag_bits & 1:
            refused[name] = "encrypted"
        elif member.filename in names:
            refused[f"{name} (again)"] = "a second file of this name"
        else:
            names.append(member.filename)
    return Files(root, archive, names, refused)
