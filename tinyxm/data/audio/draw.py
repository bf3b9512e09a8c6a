"""How the steps of sound show themselves, with what `tinyxm.data.drawing` doesn't know: seconds, Hz, decibels."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from .. import drawing

if TYPE_CHECKING:
    from matplotlib.axes import Axes

Settings = Mapping[str, Any]
BELOW_PEAK = 1e-8  # power is drawn down to 80 dB below its peak


def decoded(axes: Axes, result: Any, settings: Settings) -> None:
    """A sound and its rate, as one tuple."""
    drawing.waveform(axes, result[0], {"rate_hz": result[1]})


def samples(axes: Axes, sound: Any, settings: Settings) -> None:
    """The hundredth of a second in whose middle the sound is loudest, sample by sample."""
    rate_hz, one = settings["rate_hz"], first_channel(sound, 1)
    middle = np.clip(np.abs(one).argmax() / rate_hz, 0.005, max(0.005, len(one) / rate_hz - 0.005))
    at = np.arange(math.ceil((middle - 0.005) * rate_hz), math.floor((middle + 0.005) * rate_hz) + 1)
    at = at[(at >= 0) & (at < len(one))]
    axes.plot(1000 * at / rate_hz, one[at], ".-", color=drawing.BLUE, linewidth=0.6, markersize=4)
    axes.axhline(0, color=drawing.GRAY, linewidth=0.5)
    axes.set_xlabel(f"milliseconds: {len(at)} of {len(one)} samples (at {rate_hz:g} Hz)")
    axes.set_xlim(1000 * (middle - 0.005), 1000 * (middle + 0.005))


def resampled(axes: Axes, sound: Any, settings: Settings) -> None:
    """The same of a sound at its new rate."""
    samples(axes, sound, {"rate_hz": settings["to_hz"]})


def loudness(axes: Axes, sound: Any, settings: Settings) -> None:
    """A sound between the ends of full scale."""
    drawing.waveform(axes, sound, settings)
    axes.set_ylim(-1.05, 1.05)
    peak, power = float(np.abs(sound).max()), float(np.square(sound, dtype=np.float64).mean())
    if peak:
        figures = f"peak {20 * math.log10(peak):.1f} dBFS, RMS {10 * math.log10(power):.1f} dBFS"
        axes.set_title(figures, fontsize=8)


def frames(axes: Axes, result: Any, settings: Settings) -> None:
    """Up to eight frames around the loudest, each below the one before it, where they lie in time."""
    values = first_channel(result)
    first = max(0, min(int(np.square(values).sum(axis=1).argmax()) - 4, len(values) - 8))
    shown, length = values[first : first + 8], values.shape[1]
    height = 1.2 * float(np.abs(shown).max()) or 1.0
    start = 0 if settings["edges"] == "none" else -(length // 2)
    for k, frame in enumerate(shown):
        begin = start + (first + k) * settings["hop_samples"]
        axes.plot(begin + np.arange(length), frame - k * height, color=drawing.BLUE, linewidth=0.6)
        axes.text(begin, -k * height, f"{first + k} ", fontsize=7, ha="right", va="center")
    axes.set_yticks([])
    axes.set_xlabel(f"sample; {len(shown)} of {len(values)} frames of {length} samples")


def power(axes: Axes, values: Any, settings: Settings) -> None:
    """A spectrogram to a `power` (2 unless told), in decibels below its peak, over seconds and Hz where known."""
    _below_peak(axes, first_channel(values) ** (2 / settings.get("power", 2.0)), settings)
    if rate := settings.get("rate_hz"):
        half = rate / 4 / (np.shape(values)[1] - 1)  # of the distance between two bins
        left, right, _, _ = axes.images[0].get_extent()
        axes.images[0].set_extent((left, right, -half, rate / 2 + half))
        axes.set_ylabel("Hz")


def magnitudes(axes: Axes, values: Any, settings: Settings) -> None:
    """A spectrogram of power 1."""
    power(axes, values, {**settings, "power": 1.0})


def spectrum(axes: Axes, values: Any, settings: Settings) -> None:
    """The magnitudes of a complex spectrum."""
    magnitudes(axes, np.abs(values), settings)


def mel(axes: Axes, values: Any, settings: Settings) -> None:
    """Power in mel bands, in decibels below its peak."""
    _below_peak(axes, first_channel(values), settings)
    _mel_axis(axes, np.shape(values)[1], settings)


def mel_decibels(axes: Axes, values: Any, settings: Settings) -> None:
    """Decibels in mel bands."""
    features(axes, values, settings, "dB")
    _mel_axis(axes, np.shape(values)[1], settings)


def decibels(axes: Axes, values: Any, settings: Settings) -> None:
    """Features in decibels."""
    features(axes, values, settings, "dB")


def mfcc(axes: Axes, values: Any, settings: Settings) -> None:
    """Cepstral coefficients; the first one, loudness, is far from the others and would hide them."""
    array = first_channel(values).copy()
    array[:, 0] = np.nan
    slopes(axes, array, settings)
    axes.set_ylabel(f"{array.shape[1]} coefficients (0 not drawn)")


def slopes(axes: Axes, values: Any, settings: Settings) -> None:
    """Features of either sign: 0 is white."""
    features(axes, values, settings)
    furthest = float(np.nanmax(np.abs(first_channel(values)), initial=0.0)) or 1.0
    axes.images[0].set(cmap="RdBu_r", clim=(-furthest, furthest))


def small(axes: Axes, values: Any, settings: Settings) -> None:
    """Features of the first channel, with no more around them than a small panel has room for."""
    drawing.spectrogram(axes, first_channel(values), settings)
    axes.set(xticks=[], yticks=[], ylabel="")


def features(axes: Axes, values: Any, settings: Settings, unit: str = "") -> None:
    """Features of the first channel, with the scale of their colours, over seconds where the rate is known."""
    array = first_channel(values)
    drawing.spectrogram(axes, array, settings)
    bar = axes.figure.colorbar(axes.images[0], ax=axes, pad=0.02)
    bar.ax.set_title(unit, fontsize=8)
    bar.ax.tick_params(labelsize=7)
    if (rate := settings.get("rate_hz")) and (hop := settings.get("hop_samples")):
        axes.images[0].set_extent((-hop / 2 / rate, (len(array) - 0.5) * hop / rate, -0.5, array.shape[1] - 0.5))
        axes.set_xlabel(f"seconds: {len(array)} frames")


def first_channel(values: Any, axes: int = 2) -> NDArray[Any]:
    """Of a sound (`axes` 1) or of features (2), what the first channel has, if there are channels."""
    array = np.asarray(values)
    return array.reshape(*array.shape[:axes], -1)[..., 0]


def _below_peak(axes: Axes, values: NDArray[Any], settings: Settings) -> None:
    shares = values / (values.max() or 1)
    features(axes, 10 * np.log10(np.maximum(shares, BELOW_PEAK)), settings, "dB")


def _mel_axis(axes: Axes, mels: int, settings: Settings) -> None:
    if not (rate := settings.get("rate_hz")):
        axes.set_ylabel(f"{mels} mel bands")
        return
    from .bands import mel_corners  # which needs this file for its own pictures

    lowest, highest = settings.get("lowest_hz", 0.0), settings.get("highest_hz") or rate / 2
    middles = mel_corners(mels, lowest, highest, settings.get("scale", "slaney"))[1:-1]
    round_hz = [hz for hz in (200, 500, 1000, 2000, 5000, 10_000, 20_000) if middles[0] <= hz <= middles[-1]]
    axes.set_yticks(np.interp(round_hz, middles, np.arange(mels)), [str(hz) for hz in round_hz])
    axes.set_ylabel(f"Hz: {mels} mel bands")
