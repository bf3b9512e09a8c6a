"""A folder of files as samples: what belongs together has one name, as 7.png, 7.txt and 7.wav; or a CSV says it.

Nothing is decoded here: pictures and sounds stay paths, and rules find out what is wrong with them. Nothing is written.
"""

from __future__ import annotations

import csv
import io
import os
import unicodedata
from collections.abc import Iterator
from pathlib import Path
from typing import Any, NamedTuple

from ..samples import Samples
from ..unicode import decode_text
from .ledger import Entry, Ledger
from .opened import begins

SUFFIXES = {
    "image": (".png", ".jpg", ".jpeg", ".gif", ".bmp", ".webp", ".tif", ".tiff", ".ppm", ".pgm"),
    "audio": (".wav", ".wave", ".flac", ".ogg", ".oga", ".opus", ".mp3", ".m4a", ".aiff", ".aif"),
    "text": (".txt", ".caption"),
}
COLUMNS = {"image": "image picture photo", "audio": "audio sound", "text": "text caption", "label": "label class"}
MAGIC = (  # how files begin, their format, its modality, and the suffixes that say so
    (b"\x89PNG", "PNG", "image", (".png",)),
    (b"\xff\xd8\xff", "JPEG", "image", (".jpg", ".jpeg")),
    (b"GIF8", "GIF", "image", (".gif",)),
    (b"BM", "BMP", "image", (".bmp",)),
    (b"II*\0", "TIFF", "image", (".tif", ".tiff")),
    (b"MM\0*", "TIFF", "image", (".tif", ".tiff")),
    (b"fLaC", "FLAC", "audio", (".flac",)),
    (b"OggS", "OGG", "audio", (".ogg", ".oga", ".opus")),
    (b"PK\x03\x04", "ZIP", "", ()),
    (b"\x1f\x8b", "GZIP", "", ()),
    (b"%PDF", "PDF", "", ()),
)
LONGEST_TEXT = 2**26  # bytes of a text's file
LARGEST = 2**31  # bytes of any other


class Folder(NamedTuple):
    """Samples, a ledger of the files that are none, and where each value is from: {(id, modality): path}."""

    samples: Samples
    ledger: Ledger
    paths: dict[tuple[str, str], Path]


def read_folder(path: str | os.PathLike[str]) -> Folder:
    """The samples of a folder and all that are in it, or of a CSV: modalities "image", "audio", "text", "label".

    Files whose paths differ in the suffix alone are one sample, whose id is that path without it. Where all files lie
    in two folders or more, one level down, the folders are labels. A CSV, or a folder that holds no other file at its
    top than one, has a line of names: `image`, `audio` (paths from the CSV's folder), `text`, `label`, `id`, each
    optional. A second file for the same place is a sample of its own. Links, and paths in a CSV, that lead out of the
    folder aren't followed. Files of other kinds and sizes, empty ones and those that can't be read stand in the ledger;
    hidden files don't. Raises FileNotFoundError where there is nothing of the name, ValueError where no sample is
    found.
    """
    root = Path(path)
    if not root.exists():
        raise FileNotFoundError(f"read_folder: there is no folder {root}")
    tables = [root] if root.is_file() else [p for p in sorted(root.iterdir()) if p.suffix.lower() == ".csv"]
    if root.is_file() and root.suffix.lower() != ".csv":
        raise ValueError(f"read_folder: {root} is a file; expected a folder, or a CSV that names files")
    entries: list[Entry] = []
    rows: dict[str, dict[str, Any]] = {}
    paths: dict[tuple[str, str], Path] = {}
    if len(tables) == 1 and (root.is_file() or _is_index(tables[0])):
        _from_table(tables[0], rows, paths, entries)
    else:
        _from_files(root, rows, paths, entries)
    if not rows:
        found = f"; {len(entries)} files aren't any" if entries else ""
        raise ValueError(f"read_folder: {root} has no picture, sound or text{found}")
    names = [m for m in (*SUFFIXES, "label") if any(m in row for row in rows.values())]
    modalities: dict[str, Any] = {name: [row.get(name) for row in rows.values()] for name in names}
    return Folder(Samples(modalities, list(rows)), Ledger(entries), paths)


def _from_files(root: Path, rows: dict[str, Any], paths: dict[tuple[str, str], Path], entries: list[Entry]) -> None:
    found: list[tuple[str, str, Path, str]] = []
    for file in _files(root):
        name = printable(file.relative_to(root).as_posix())
        suffix = file.suffix.lower()
        modality = next((m for m, suffixes in SUFFIXES.items() if suffix in suffixes), "")
        if fault := _unfit(root, file, modality, suffix):
            entries.append(
                Entry(name, modality or "file", fault[0], "dropped" if not modality else "missing", *fault[1:])
            )
        else:
            found.append((modality, name, file, suffix))
    for modality, name, file, suffix in found:
        value: Any = file
        if modality == "text":
            value = _text(file.read_bytes())
        elif told := _misnamed(file, modality, suffix):
            entries.append(Entry(name, modality, "wrong extension", "kept", "wrong_extension", told))
        key = printable(file.relative_to(root).with_suffix("").as_posix())
        key = name if modality in rows.get(key, {}) else key
        rows.setdefault(key, {})[modality] = value
        paths[key, modality] = file
    for key in sorted(rows):  # "1" before "1 copy": of duplicates the first one is kept
        rows[key] = rows.pop(key)
    folders = {key.partition("/")[0] for key in rows}
    if len(folders) > 1 and all(key.count("/") == 1 for key in rows):
        for key, row in rows.items():
            row["label"] = key.partition("/")[0]


def _from_table(table: Path, rows: dict[str, Any], paths: dict[tuple[str, str], Path], entries: list[Entry]) -> None:
    folder = table.parent
    for number, line in enumerate(_lines(table), 2):
        columns = {str(name).strip().lower(): value for name, value in line.items() if name and isinstance(value, str)}
        key = printable(columns.get("id") or f"line {number}")
        key = key if key not in rows else f"{key} (line {number})"
        row = rows.setdefault(key, {})
        for modality, words in COLUMNS.items():
            said = next((columns[word] for word in words.split() if columns.get(word)), None)
            if said is None:
                continue
            if modality in ("text", "label"):
                row[modality] = said
                continue
            file = folder / said
            try:
                fault = _unfit(folder, file, modality, file.suffix.lower())
            except (OSError, ValueError) as error:
                fault = ("unreadable file", "reading", str(error))
            if fault:
                entries.append(Entry(key, modality, fault[0], "missing", *fault[1:]))
            else:
                row[modality], paths[key, modality] = file, file
        if not row:
            del rows[key]
            entries.append(Entry(key, "all", "nothing left", "dropped", "reading", f"line {number} of {table.name}"))


def _lines(table: Path) -> Iterator[dict[str, str]]:
    text = decode_text(table.read_bytes()).text.replace("\0", "")
    limit = csv.field_size_limit(LONGEST_TEXT)
    try:
        yield from csv.DictReader(io.StringIO(text, newline=""))
    finally:
        csv.field_size_limit(limit)


def _is_index(table: Path) -> bool:
    """Whether a CSV names files or texts: one that lies among other files may be about something else."""
    head = decode_text(begins(table, 4096)).text.partition("\n")[0].lower()
    names = {name.strip().strip('"') for name in head.split(",")}
    return any(names & set(COLUMNS[modality].split()) for modality in ("image", "audio", "text"))


def _files(root: Path) -> Iterator[Path]:
    for folder, folders, files in os.walk(root, followlinks=False):
        folders[:] = sorted(name for name in folders if not name.startswith("."))
        yield from (Path(folder, name) for name in sorted(files) if not name.startswith("."))


def _unfit(root: Path, file: Path, modality: str, suffix: str) -> tuple[str, str, str] | None:
    """(fault, rule, value) of a file that isn't taken in."""
    if not file.resolve().is_relative_to(root.resolve()):
        return "outside the folder", "reading", "leads out of the folder; not followed"
    if not modality:
        return "unknown kind of file", "reading", f"{suffix or 'no suffix'}; not opened"
    try:
        size = file.stat().st_size
        if not file.is_file():
            return "unreadable file", "reading", "no file"
        head = begins(file, 12)
    except OSError as error:
        return "unreadable file", "reading", error.strerror or str(error)
    if size > (LONGEST_TEXT if modality == "text" else LARGEST):
        return "too large a file", "reading", f"{size} bytes"
    if not size and modality != "text":
        return "empty file", "reading", "0 bytes"
    kind = next(((form, of) for magic, form, of, _ in MAGIC if head.startswith(magic) and len(magic) > 2), None)
    kind = ("WAV", "audio") if head[:4] == b"RIFF" and head[8:] == b"WAVE" else kind
    if kind and kind[1] != modality:
        return "wrong extension", "wrong_extension", f"{suffix}, but it holds {kind[0]}"
    return None


def _misnamed(file: Path, modality: str, suffix: str) -> str:
    head = begins(file, 12)
    for magic, form, of, suffixes in MAGIC:
        if head.startswith(magic) and of == modality and suffix not in suffixes:
            return f"{suffix}, but it holds {form}"
    wave = head[:4] == b"RIFF" and head[8:] == b"WAVE"
    return f"{suffix}, but it holds WAV" if wave and suffix not in (".wav", ".wave") else ""


def _text(data: bytes) -> str | bytes:
    """UTF-8 as a text; other bytes as they are, for the rule `mis_encoded` to say how it reads them."""
    try:
        return data.decode("utf-8").strip("\r\n") if not data.startswith(b"\xef\xbb\xbf") else data[3:].decode("utf-8")
    except UnicodeDecodeError:
        return data


def printable(name: str) -> str:
    """A name that any file, page and terminal can hold: bytes that are no UTF-8, and controls, become their numbers."""
    escaped = "".join(repr(c)[1:-1] if unicodedata.category(c) == "Cc" else c for c in name)
    return escaped.encode("utf-8", "backslashreplace").decode("utf-8")
