"""A folder, cleaned by the rules that fit what is in it: what `tinyxm clean` does."""

from __future__ import annotations

import json
import os
import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

from ..samples import Samples
from .common import duplicates, non_finite
from .disagreement import misaligned, mislabelled
from .ledger import Entry, Ledger, Rule, clean, there
from .near import near_pictures, near_sounds, near_texts
from .pictures import blank, undecodable
from .reading import printable, read_folder
from .sounds import clipped, dc_offset, silent, undecodable_sound, unusual_length, wrong_rate
from .texts import empty_text, mis_encoded, placeholder, shown

MANY_WORDS = 10_000


class CleanedFolder(NamedTuple):
    """The samples as they were read, those kept, the whole ledger, and where each value is from."""

    samples: Samples
    kept: Samples
    ledger: Ledger
    paths: dict[tuple[str, str], Path]

    def to_json(self) -> str:
        """{"kept": [id ...], "ledger": [{"sample", "modality", "fault", "action", "rule", "value"} ...]}."""
        rows = [{key: printable(value) for key, value in row.items()} for row in self.ledger.rows()]
        return json.dumps({"kept": self.kept.ids, "ledger": rows}, ensure_ascii=False, indent=1)


def clean_folder(path: str | os.PathLike[str]) -> CleanedFolder:
    """Read a folder or a CSV (`read_folder`) and clean it by `rules_for` what is in it; nothing in it is changed.

    No file stops the rest. Raises what `read_folder` raises.
    """
    samples, ledger, paths = read_folder(path)
    kept, found = clean(samples, rules_for(samples))
    return CleanedFolder(samples, kept, Ledger([*ledger, *found]), paths)


def rules_for(samples: Samples) -> dict[str, tuple[Rule, ...]]:
    """The rules for the modalities "image", "audio", "text" and "label" of samples, those that there are.

    Equal texts are duplicates only where there is nothing but texts: beside a picture a caption may come again. What a
    model suspects, wrong labels and wrong pairs, is told and kept.
    """
    alone = set(samples.modalities) <= {"text", "label"}
    rules: dict[str, tuple[Rule, ...]] = {
        "image": (undecodable, blank, duplicates(), near_pictures),
        "audio": (
            *(undecodable_sound, non_finite, silent, duplicates(), wrong_rate, clipped, dc_offset, unusual_length),
            near_sounds,
        ),
        "text": (mis_encoded, empty_text, placeholder, overlong, *((duplicates(), near_texts) if alone else ())),
    }
    rules = {name: steps for name, steps in rules.items() if name in samples.modalities}
    if "label" in samples.modalities:
        of = [name for name in rules if samples.present[name].mean() > 0.9]
        rules["label"] = (mislabelled(*of, action="kept"),) if of else ()
    for name in ("image", "audio"):
        if name in rules and (other := "text" if "text" in rules else "image") in rules and other != name:
            rules[other] = (*rules[other], misaligned(name, action="kept"))
    return rules


def overlong(samples: Samples, modality: str) -> Iterator[Entry]:
    """Texts of more than 10,000 words are told and kept: as a caption such a one is a mistake."""
    for i, value in there(samples, modality):
        if isinstance(value, str) and len(value) > MANY_WORDS and (count := len(value.split())) > MANY_WORDS:
            told = f"{count:,} words: {shown(value)}"
            yield Entry(samples.ids[i], modality, "unusual length", "kept", "overlong", told)


def copy_kept(result: CleanedFolder, out: str | os.PathLike[str]) -> None:
    """Write what was kept into a folder: files as they were, repaired ones as they are now (WAV, or text in UTF-8)."""
    from ..corruption import wav

    root = Path(out)
    for i, name in enumerate(result.kept.ids):
        for modality, values in result.kept.modalities.items():
            value, source = values[i], result.paths.get((name, modality))
            if not result.kept.present[modality][i] or modality == "label":
                continue
            place = root / (name if source is None else _within(name, source))
            place.parent.mkdir(parents=True, exist_ok=True)
            if isinstance(value, tuple):
                place.with_suffix(".wav").write_bytes(wav(value[0], round(value[1])))
            elif isinstance(value, str):
                place.with_suffix(".txt").write_text(value, "utf-8")
            elif source is not None:
                shutil.copyfile(source, place)


def _within(name: str, source: Path) -> Path:
    """A file's place in the new folder: its sample's id, and its own suffix."""
    parts = [part for part in Path(name).parts if part not in ("..", "/", "\\")]
    stem = Path(*parts) if parts else Path("sample")
    return stem if stem.suffix == source.suffix else stem.with_name(stem.name + source.suffix)
