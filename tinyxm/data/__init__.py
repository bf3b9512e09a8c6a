"""Samples of aligned modalities: cleaning, splits, batches, pictures, texts, and sources of real data.

Here `emoji` and `augment` are functions; their modules are still reached by `from tinyxm.data.emoji import draw`.
"""

from .augment import augment, draw_edges, enclosed, fill, gain, gamma, gray, mean_colour, over, warp
from .batches import batches, on_device, order
from .cleaning import Entry, Ledger, blank, clean, duplicates, empty_text, non_finite, restated, undecodable
from .emoji import CREDITS, emoji
from .families import PATTERNED, family, variants
from .image import composite, content_square, decode, edges, oriented_gradients, premultiplied, resize
from .samples import Samples
from .sources import MissingExtra, cache_folder
from .splits import LeakReport, Split, grouped_split, random_split, stratified_split
from .text import TfIdf, Vocabulary, character_ngrams, words

__all__ = [
    "CREDITS",
    "PATTERNED",
    "Entry",
    "LeakReport",
    "Ledger",
    "MissingExtra",
    "Samples",
    "Split",
    "TfIdf",
    "Vocabulary",
    "augment",
    "batches",
    "blank",
    "cache_folder",
    "character_ngrams",
    "clean",
    "composite",
    "content_square",
    "decode",
    "draw_edges",
    "duplicates",
    "edges",
    "emoji",
    "empty_text",
    "enclosed",
    "family",
    "fill",
    "gain",
    "gamma",
    "gray",
    "grouped_split",
    "mean_colour",
    "non_finite",
    "on_device",
    "order",
    "oriented_gradients",
    "over",
    "premultiplied",
    "random_split",
    "resize",
    "restated",
    "stratified_split",
    "undecodable",
    "variants",
    "warp",
    "words",
]
