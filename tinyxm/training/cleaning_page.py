"""What cleaning found, as a page: each finding with its picture, its sound to listen to, its text."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path
from typing import Any

import numpy as np
from matplotlib.figure import Figure
from PIL import Image

from tinyxm.data import Entry, Ledger, Samples
from tinyxm.data.cleaning.opened import begins, is_file, mono_of, picture_of
from tinyxm.training.gallery import Exhibit, Gallery, Picture, Sound, Words
from tinyxm.training.plots import BLUE, GRAY, ORANGE
from tinyxm.training.report import Part, Plot, Section, write_report

SIDE = 112  # pixels of a picture on the page
SECONDS = 4.0  # of a sound
CHARACTERS = 240  # of a text
PLOTTED = 2000  # sounds in a plot
FAULTS = {
    "exact duplicate": "The same bytes, numbers or words as an earlier sample.",
    "near duplicate": "Nearly the same as an earlier sample, which stands beside it.",
    "undecodable picture": "Files that can't be read as a picture: truncated, corrupt, too large, or something else.",
    "undecodable sound": "Files that can't be read as a sound: truncated, corrupt, or something else.",
    "blank picture": "One colour, or nothing at all.",
    "silence": "Nothing louder than −60 dBFS in any 32 ms.",
    "clipping": "The wave is cut off flat at its largest values. What is lost can't be got back, so these are kept.",
    "DC offset": "The wave doesn't swing about zero. Repaired by taking the mean off.",
    "wrong rate": "At the stated rate these sound too high and short, or too low and long, beside the others.",
    "unusual length": "Far longer or shorter than the others.",
    "mis-encoded text": "Written in one encoding and read in another.",
    "empty text": "No words, or a placeholder for them.",
    "non-finite": "Numbers that are no numbers, or infinite.",
    "outlier": "Far from all others, by a distance that outliers don't move.",
    "wrong label": "A model that hasn't seen the sample is confident of another label. It may be wrong: look.",
    "wrong pair": "The two don't seem to belong together, by what the other pairs have in common. Look.",
}


def write_cleaning_page(
    path: str | Path, name: str, samples: Samples, kept: Samples, ledger: Ledger, shown: int = 36
) -> Path:
    """Write the page of one cleaning: `samples` as they were, `kept`, and the ledger; of each fault `shown` findings.

    Pictures are shrunk, sounds cut to 4 seconds, texts to 240 characters; what can't be decoded shows its first bytes.
    """
    faults = list(dict.fromkeys(entry.fault for entry in ledger))
    counts = {
        f"{fault}, {modality}": f"{count:,} {action}" for (modality, fault, action), count in ledger.counts().items()
    }
    there = {name: f"{int(mask.sum()):,}" for name, mask in samples.present.items()}
    sections = [
        Section("In short", [{"samples": len(samples), "kept": len(kept), **there}, counts or "Nothing was found."])
    ]
    place = {key: i for i, key in enumerate(samples.ids)}
    for fault in faults:
        entries = [entry for entry in ledger if entry.fault == fault]
        parts: list[Part] = [FAULTS[fault]] if fault in FAULTS else []
        parts += _plots(samples, fault, entries)
        if len(entries) > shown:
            parts.append(f"The first {shown} of {len(entries):,}; the ledger has all.")
        parts.append(Gallery([_card(samples, place, entry) for entry in entries[:shown]]))
        sections.append(Section(f"{fault} ({len(entries):,})", parts))
    lead = f"{len(ledger):,} findings in {len(samples):,} samples, of which {len(kept):,} are kept."
    return write_report(path, f"Cleaning {name}", lead, sections, "Written by tinyxm clean.")


def _card(samples: Samples, place: dict[str, int], entry: Entry) -> list[Exhibit]:
    card: list[Exhibit] = [Words(f"{entry.sample} · {entry.modality} · {entry.action}", quiet=True)]
    if entry.sample in place:
        i = place[entry.sample]
        for modality, values in samples.modalities.items():
            # of the others what is beside the finding, as far as it helps to judge it
            if modality == entry.modality or entry.fault in ("wrong pair", "wrong label", "near duplicate"):
                card += _shown(values[i], modality, entry.sample)
    if entry.other in place:
        card.append(Words(f"beside: {entry.other}", quiet=True))
        card += _shown(samples[entry.modality][place[entry.other]], entry.modality, entry.other)
    if isinstance(entry.repair, str):
        card += [Words("repaired:", quiet=True), Words(_short(entry.repair))]
    card.append(Words(_short(entry.value), quiet=True))
    return card


def _shown(value: Any, modality: str, name: str) -> list[Exhibit]:
    if value is None:
        return []
    if isinstance(value, str):
        return [Words(_short(value))]
    try:
        if modality != "text" and (is_file(value) or isinstance(value, tuple | np.ndarray)):
            if modality == "audio" or isinstance(value, tuple):
                return [_sound(value, name)]
            if (picture := picture_of(value)) is not None:
                return [Picture(_thumbnail(picture), name)]
    except (ValueError, OSError, ImportError, MemoryError):
        pass  # the finding says why it can't be shown
    if is_file(value):
        try:
            head = begins(value, 16)
        except OSError:
            return []
        return [Words(f"begins with {head.hex(' ')}" if head else "0 bytes", quiet=True)]
    return [Words(_short(str(value)), quiet=True)]


def _thumbnail(picture: Any) -> Any:
    frame = picture.reshape(-1, *picture.shape[-3:])[0]
    if max(frame.shape[:2]) <= SIDE or frame.dtype != np.uint8:
        return frame
    shown = Image.fromarray(frame.squeeze())
    shown.thumbnail((SIDE, SIDE))
    small = np.asarray(shown)
    return small if small.ndim == 3 else small[..., None]


def _sound(value: Any, name: str) -> Sound:
    from tinyxm.data.audio import resample

    heard = mono_of(value, 16_000)
    assert heard is not None
    sound, rate = heard
    rate_hz = round(rate or 16_000)
    cut = np.nan_to_num(sound[: int(SECONDS * rate_hz)], posinf=1, neginf=-1).astype(np.float32)
    if rate_hz > 22_050:
        cut, rate_hz = resample(cut, rate_hz=rate_hz, to_hz=16_000), 16_000
    return Sound(cut, rate_hz, name)


def _plots(samples: Samples, fault: str, entries: Iterable[Entry]) -> list[Part]:
    """Where the findings lie among all sounds, by what the rule looks at."""
    measures = {
        "silence": ("level of the whole, dBFS", lambda x, rate: 20 * np.log10(max(float(x.std()), 1e-6))),
        "DC offset": ("mean (1 is full scale)", lambda x, rate: float(x.mean())),
        "clipping": ("peak (1 is full scale)", lambda x, rate: float(np.abs(x).max())),
        "unusual length": ("level of the whole, dBFS", lambda x, rate: 20 * np.log10(max(float(x.std()), 1e-6))),
        "wrong rate": ("stated rate, Hz", lambda x, rate: float(rate or 0)),
    }
    modality = next((entry.modality for entry in entries), "")
    if fault not in measures or modality not in samples.modalities:
        return []
    title, measure = measures[fault]
    found = {entry.sample for entry in entries}
    points, marks = [], []
    order = np.flatnonzero(samples.present[modality])
    for i in sorted(order, key=lambda i: samples.ids[i] not in found)[:PLOTTED]:
        try:
            heard = mono_of(samples[modality][i])
        except (ValueError, OSError, ImportError, MemoryError):
            continue
        if heard is not None and np.isfinite(heard[0]).all():
            points.append((len(heard[0]) / (heard[1] or 1), measure(*heard)))
            marks.append(samples.ids[i] in found)
    if not points:
        return []
    x, mark = np.array(points), np.array(marks)
    figure = Figure(figsize=(7.5, 3), layout="constrained")
    axes = figure.subplots()
    axes.scatter(x[~mark, 0], x[~mark, 1], s=9, color=BLUE, alpha=0.5, label="others", linewidths=0)
    axes.scatter(x[mark, 0], x[mark, 1], s=16, color=ORANGE, label=fault, marker="x")
    axes.set(xlabel="seconds, at the stated rate", ylabel=title, xscale="log")
    axes.grid(color=GRAY, alpha=0.2)
    axes.legend(frameon=False)
    return [Plot(figure, f"{fault.capitalize()} beside the other sounds.")]


def _short(text: str) -> str:
    return text if len(text) <= CHARACTERS else f"{text[:CHARACTERS]} … ({len(text):,} characters)"
