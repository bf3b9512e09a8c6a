"""Samples of aligned modalities: cleaning, splits, batches, pictures, texts, and sources of real data.

Here `emoji` and `augment` are functions; their modules are still reached by `from tinyxm.data.emoji import draw`.
"""

from . import audio
from .augment import augment, draw_edges, enclosed, fill, gain, gamma, gray, mean_colour, over, warp
from .balance import Balance, balance
from .batches import batches, on_device, order
from .byte_pairs import BytePairs
from .cleaning import Entry, Ledger, blank, clean, duplicates, empty_text, non_finite, restated, undecodable
from .colour import (
    gray_to_rgb,
    hsv_to_rgb,
    linear_to_rgb,
    rgb_to_gray,
    rgb_to_hsv,
    rgb_to_linear,
    rgb_to_ycbcr,
    ycbcr_to_rgb,
)
from .emoji import CREDITS, emoji
from .families import PATTERNED, family, variants
from .image import (
    channel_statistics,
    composite,
    content_square,
    crop,
    crop_centre,
    crop_content,
    decode,
    denormalise_channels,
    edges,
    normalise_channels,
    oriented_gradients,
    premultiplied,
    resize,
)
from .leaks import Leak, LeakReport
from .likeness import minhash, shingles, sound_fingerprint, thumbnails
from .samples import Samples
from .sources import MissingExtra, cache_folder
from .sources.catalogue import SOURCES, Modality, Source, load
from .splits import (
    Split,
    grouped_folds,
    grouped_split,
    random_folds,
    random_split,
    stratified_folds,
    stratified_split,
    time_folds,
    time_split,
)
from .text import TfIdf, Vocabulary, character_ngrams, words
from .tokens import bag_of_words, characters, hashed_bag, padded
from .unicode import DecodedText, code_points, decode_text, normalise_text, repair_mojibake

__all__ = [
    "CREDITS",
    "PATTERNED",
    "SOURCES",
    "Balance",
    "BytePairs",
    "DecodedText",
    "Entry",
    "Leak",
    "LeakReport",
    "Ledger",
    "MissingExtra",
    "Modality",
    "Samples",
    "Source",
    "Split",
    "TfIdf",
    "Vocabulary",
    "audio",
    "augment",
    "bag_of_words",
    "balance",
    "batches",
    "blank",
    "cache_folder",
    "channel_statistics",
    "character_ngrams",
    "characters",
    "clean",
    "code_points",
    "composite",
    "content_square",
    "crop",
    "crop_centre",
    "crop_content",
    "decode",
    "decode_text",
    "denormalise_channels",
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
    "gray_to_rgb",
    "grouped_folds",
    "grouped_split",
    "hashed_bag",
    "hsv_to_rgb",
    "linear_to_rgb",
    "load",
    "mean_colour",
    "minhash",
    "non_finite",
    "normalise_channels",
    "normalise_text",
    "on_device",
    "order",
    "oriented_gradients",
    "over",
    "padded",
    "premultiplied",
    "random_folds",
    "random_split",
    "repair_mojibake",
    "resize",
    "restated",
    "rgb_to_gray",
    "rgb_to_hsv",
    "rgb_to_linear",
    "rgb_to_ycbcr",
    "shingles",
    "sound_fingerprint",
    "stratified_folds",
    "stratified_split",
    "thumbnails",
    "time_folds",
    "time_split",
    "undecodable",
    "variants",
    "warp",
    "words",
    "ycbcr_to_rgb",
]
