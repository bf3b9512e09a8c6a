"""Imports every file of sources, each of which adds its own to SOURCES."""

from .. import emoji  # noqa: F401  imported for what it adds, as all here
from . import balls, handwriting, scenes, speech, tables  # noqa: F401
from .registry import SOURCES, Modality, Source, load

__all__ = ["SOURCES", "Modality", "Source", "load"]
