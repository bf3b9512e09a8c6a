"""Cleaning that keeps account: rules find faults, `clean` applies them, and a ledger tells what became of each.

A rule is a function (samples, modality) → entries; settings are keywords, given by functools.partial. What is measured,
and from where on it counts as a fault, stands in each rule's docstring.
"""

from .common import duplicates, fingerprint, non_finite
from .disagreement import misaligned, mislabelled
from .folder import clean_folder, copy_kept
from .ledger import Entry, Ledger, Rule, clean
from .near import difference_hash, near_pictures, near_sounds, near_texts
from .outliers import outliers
from .pictures import blank, undecodable
from .reading import read_folder
from .sounds import clipped, dc_offset, silent, undecodable_sound, unusual_length, wrong_rate
from .texts import empty_text, mis_encoded, placeholder, restated

IMAGE_RULES: tuple[Rule, ...] = (undecodable, non_finite, blank, duplicates())
SOUND_RULES: tuple[Rule, ...] = (
    *(undecodable_sound, non_finite, silent, clipped, dc_offset, wrong_rate, unusual_length, duplicates()),
)
TEXT_RULES: tuple[Rule, ...] = (empty_text, duplicates())

__all__ = [
    "IMAGE_RULES",
    "SOUND_RULES",
    "TEXT_RULES",
    "Entry",
    "Ledger",
    "Rule",
    "blank",
    "clean",
    "clean_folder",
    "clipped",
    "copy_kept",
    "dc_offset",
    "difference_hash",
    "duplicates",
    "empty_text",
    "fingerprint",
    "mis_encoded",
    "misaligned",
    "mislabelled",
    "near_pictures",
    "near_sounds",
    "near_texts",
    "non_finite",
    "outliers",
    "placeholder",
    "read_folder",
    "restated",
    "silent",
    "undecodable",
    "undecodable_sound",
    "unusual_length",
    "wrong_rate",
]
