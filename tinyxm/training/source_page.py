"""The page of a source of data: whose it is, what is in it, and samples to look at and to listen to."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import asdict, is_dataclass
from pathlib import Path
from typing import Any

import numpy as np
from matplotlib.figure import Figure

from tinyxm.data import Modality, Samples, Source, drawing
from tinyxm.training.gallery import Exhibit, Film, Gallery, Picture, Sound, Strokes, Words
from tinyxm.training.report import Part, Plot, Section, write_report

NOT_RECORDED = ("synthesised", "simulated", "generated")


def write_source_page(path: str | Path, source: Source, samples: Samples, shown: int = 12) -> Path:
    """Write the page of one source, with `shown` of its samples, evenly taken; nothing is fetched from anywhere."""
    label = f" {source.origin.capitalize()}." if source.origin in NOT_RECORDED else ""
    sections = [
        Section("The source", [facts(source), *source.notes]),
        Section("What is in it", [contents(source, samples), *_groups(samples), *_missing(samples)]),
    ]
    if cards := exhibits(source.modalities, samples, evenly(len(samples), shown), source.origin):
        sections.append(Section("Samples", [f"{len(cards)} of {len(samples):,}, evenly taken.", Gallery(cards)]))
    if plots := _distributions(source.modalities, samples):
        sections.append(Section("Columns", plots))
    if samples.ledger is not None and len(samples.ledger):
        counts = {
            f"{modality}: {fault}": f"{n:,} {action}"
            for (modality, fault, action), n in samples.ledger.counts().items()
        }
        sections.append(Section("Left out or repaired", [counts]))
    what = source.what[0].upper() + source.what[1:]
    return write_report(path, source.name, f"{what}.{label}", sections, f"{source.citation}. {source.licence}.")


def write_catalogue_page(path: str | Path, sources: Sequence[Source], shown: int = 4) -> Path:
    """Write one page of all sources, each with a few of its samples, or with why it has none here."""
    sections = []
    for source in sources:
        parts: list[Part] = [f"{source.what[0].upper()}{source.what[1:]}. {source.origin.capitalize()}."]
        if source.missing:
            parts.append(source.missing)
        else:
            try:
                samples = source.specimen()
            except (ValueError, OSError, ImportError) as error:
                parts.append(str(error))
            else:
                parts.append(Gallery(exhibits(source.modalities, samples, evenly(len(samples), shown), source.origin)))
                if not parts[-1].cards:  # type: ignore[union-attr]  # the Gallery of the line above
                    parts[-1:] = _distributions(source.modalities, samples)[:1]
        parts.append({"size": source.size, "licence": source.licence, "citation": source.citation})
        sections.append(Section(source.name, parts))
    return write_report(path, "Sources of data", "What tinyxm can load, a few samples of each.", sections)


def facts(source: Source) -> dict[str, Any]:
    """What is told of a source, by name."""
    return {
        "origin": source.origin,
        "size": source.size,
        "licence": source.licence,
        "citation": source.citation,
        "version": source.version,
    }


def contents(source: Source, samples: Samples) -> dict[str, str]:
    """Each modality's form and meaning, by name, and the number of samples."""
    told = {"samples": f"{len(samples):,}"}
    for name, values in samples.modalities.items():
        missing = len(samples) - int(samples.present[name].sum())
        modality = source.modalities.get(name)
        form = f"{values.dtype} {values.shape}" if isinstance(values, np.ndarray) else _form(values)
        units = [f"{modality.rate_hz:,} Hz"] if modality and modality.rate_hz else []
        units += [f"{modality.frames_per_second:g} frames a second"] if modality and modality.frames_per_second else []
        told[name] = ", ".join([form, *units, *([f"{missing:,} missing"] if missing else [])])
        told[name] += f": {modality.what}" if modality else ""
    return told


def exhibits(
    modalities: Mapping[str, Modality], samples: Samples, indices: Sequence[int], origin: str = ""
) -> list[list[Exhibit]]:
    """A card for each of these samples, with what of it can be seen or heard; none where there are numbers alone."""
    cards: list[list[Exhibit]] = []
    for i in indices:
        card: list[Exhibit] = []
        for name, modality in modalities.items():
            if name in samples.modalities:
                card += _exhibit(name, modality, samples[name][i] if samples.present[name][i] else None, origin)
        if any(not isinstance(item, Words) for item in card):
            cards.append([*card, Words(samples.ids[i], quiet=True)])
    return cards


def evenly(n: int, shown: int) -> list[int]:
    """At most `shown` of the indices below n, from the first to the last."""
    return np.unique(np.linspace(0, n - 1, min(n, shown)).round().astype(int)).tolist()


def _exhibit(name: str, modality: Modality, value: Any, origin: str) -> list[Exhibit]:
    if value is None:
        return [Words(f"{name}: missing", quiet=True)]
    match modality.kind:
        case "image":
            return [Picture(np.asarray(value), name)]
        case "frames":
            return [Film(np.asarray(value), modality.frames_per_second or 10.0, name)]
        case "sound":
            label = [Words(origin, quiet=True)] if origin in NOT_RECORDED else []
            return [Sound(np.asarray(value), modality.rate_hz or 16_000, name), *label]
        case "strokes":
            return [Strokes(value, name)]
        case "text":
            return [Words(str(value)) if name == "text" else Words(f"{name}: {value}", quiet=True)]
        case "words":
            return [Words(f"{name}: {', '.join(value)}", quiet=True)] if len(value) else []
        case "events":
            rows = [" · ".join(f"{number:.3g}" for number in row) for row in value[:4]]
            more = f" … {len(value)} in all" if len(value) > 4 else ""
            return [Words(f"{name} ({', '.join(modality.columns)}): {'; '.join(rows)}{more}", quiet=True)]
        case "objects":
            return [Words(f"{name}: {'; '.join(map(_object, value))}", quiet=True)]
    return [Words(f"{name}: {_numbers(modality, value)}", quiet=True)]


def _numbers(modality: Modality, value: Any) -> str:
    pairs = zip(modality.columns, value, strict=True) if modality.columns else enumerate(value)
    return ", ".join(f"{name} {number:.4g}" for name, number in pairs)


def _object(value: Any) -> str:
    fields = asdict(value).values() if is_dataclass(value) and not isinstance(value, type) else [value]
    return " ".join(f"{field:.2f}" if isinstance(field, float) else str(field) for field in fields)


def _form(values: list[Any]) -> str:
    there = [value for value in values if value is not None]
    if there and isinstance(there[0], np.ndarray):
        lengths = [len(value) for value in there]
        rest = "".join(f", {side}" for side in there[0].shape[1:])
        return f"a list of {there[0].dtype} ({min(lengths):,} to {max(lengths):,}{rest})"
    kinds = sorted({type(value).__name__ for value in there}) or ["nothing"]
    return f"a list of {' or '.join(kinds)}"


def _groups(samples: Samples) -> list[Part]:
    plots: list[Part] = []
    for name, labels in samples.groups.items():
        counts = Counter(labels.tolist())
        if 1 < len(counts) < len(samples):
            figure = Figure(figsize=(6.5, 0.9 + 0.22 * min(len(counts), 20)), layout="constrained")
            drawing.bars(figure.subplots(), counts, {})
            largest = "; the 20 largest are shown" if len(counts) > 20 else ""
            plots.append(Plot(figure, f"Groups by `{name}`: {len(counts):,}, of how many samples each{largest}."))
    return plots


def _missing(samples: Samples) -> list[Part]:
    absent = {name: len(samples) - int(mask.sum()) for name, mask in samples.present.items() if not mask.all()}
    return ["Missing: " + ", ".join(f"{name} in {n:,}" for name, n in absent.items()) + "."] if absent else []


def _distributions(modalities: Mapping[str, Modality], samples: Samples) -> list[Part]:
    plots: list[Part] = []
    for name, modality in modalities.items():
        if modality.kind == "numbers" and name in samples.modalities:
            values = np.asarray(samples[name], np.float64)
            known = np.atleast_1d(np.isfinite(values).any(axis=0))  # a column without a number has nothing to show
            values = np.where(np.isfinite(values), values, np.nan)[:, known]
            scale = np.nanstd(values, axis=0)
            unit = (values - np.nanmean(values, axis=0)) / np.where(scale > 0, scale, 1)
            names = modality.columns or tuple(map(str, range(len(known))))
            columns = [column for column, there in zip(names, known, strict=True) if there]
            ranges = [
                f"{c} ({low:.4g} to {high:.4g})"
                for c, low, high in zip(columns, np.nanmin(values, axis=0), np.nanmax(values, axis=0), strict=True)
            ]
            figure = Figure(figsize=(7.5, 0.8 + 0.32 * len(columns)), layout="constrained")
            axes = figure.subplots()
            drawing.columns(axes, unit, {"names": ranges})
            axes.set_xlabel("deviations from the mean")
            plots.append(Plot(figure, f"`{name}`: {modality.what}; how each column is spread, its range in brackets."))
    return plots
