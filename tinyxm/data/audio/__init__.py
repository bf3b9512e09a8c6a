"""Sounds: from a file to an array, to what a model can listen to, and back.

A sound is floating-point, (samples,) or (samples, channels), full scale from -1 to 1, with its rate in Hz beside it;
features are (frames, features[, channels]). Names with `_hz`, `_seconds`, `_samples`, `_frames`, `_db` say the unit.
"""

from .bands import (
    decibels,
    deltas,
    from_decibels,
    from_mel,
    hz_to_mel,
    log_mel,
    mel,
    mel_filters,
    mel_to_hz,
    mfcc,
)
from .masking import spec_augment
from .sounds import (
    decode,
    frames,
    level,
    mono,
    peak_dbfs,
    resample,
    rms_dbfs,
    sounding,
    trim_silence,
    window_weights,
)
from .spectra import from_spectrum, griffin_lim, spectral_convergence, spectrogram, spectrum

__all__ = [
    "decibels",
    "decode",
    "deltas",
    "frames",
    "from_decibels",
    "from_mel",
    "from_spectrum",
    "griffin_lim",
    "hz_to_mel",
    "level",
    "log_mel",
    "mel",
    "mel_filters",
    "mel_to_hz",
    "mfcc",
    "mono",
    "peak_dbfs",
    "resample",
    "rms_dbfs",
    "sounding",
    "spec_augment",
    "spectral_convergence",
    "spectrogram",
    "spectrum",
    "trim_silence",
    "window_weights",
]
