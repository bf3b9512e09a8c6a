"""Imports every file of sources, each of which adds its own to SOURCES."""

from .. import emoji  # noqa: F401  imported for what it adds, as all here
from . import balls, characters, combined, handwriting, keel, recordings, scenes, speech, tables  # noqa: F401
from .folder import folder
from .registry import SOURCES, Modality, Source, load

__all__ = ["SOURCES", "Modality", "Source", "folder", "load"]
