"""Rules for sounds: unreadable, silent, clipped, off zero, of a wrong rate, of an unusual length.

A value is a file (bytes or a `Path`), a pair (sound, rate_hz) as `audio.decode` gives it, or an array in full scale −1
to 1, whose rate is then the rule's `rate_hz`. Near duplicates: near.py.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator

import numpy as np
from numpy.typing import NDArray

from ..samples import Samples
from .ledger import Entry, there
from .opened import is_file, mono_of, sound_of

Numbers = NDArray[np.float64]


def undecodable_sound(samples: Samples, modality: str) -> Iterator[Entry]:
    """Sounds given as bytes or as paths that can't be decoded become missing."""
    for i, value in there(samples, modality):
        if is_file(value):
            try:
                sound_of(value)
            except (ValueError, OSError, MemoryError) as error:
                yield Entry(samples.ids[i], modality, "undecodable sound", "missing", "undecodable_sound", str(error))


def silent(
    samples: Samples, modality: str, *, floor_dbfs: float = -60.0, rate_hz: float | None = None
) -> Iterator[Entry]:
    """Sounds whose loudest 32 ms lie below `floor_dbfs` become missing.

    The level of a frame is 20·lg √(mean of (x − mean of the sound)²): an offset alone isn't heard.
    """
    for i, value in there(samples, modality):
        if (heard := mono_of(value, rate_hz)) is not None:
            sound, rate = heard
            length = min(len(sound), max(1, round(0.032 * (rate or 16_000))))
            sums = np.concatenate([[0], np.cumsum(np.square(sound - sound.mean()))])
            power = max((sums[length:] - sums[:-length]).max() / length, 0.0)
            decibels = 10 * np.log10(power) if power > 0 else -np.inf
            if decibels < floor_dbfs:
                told = f"its loudest 32 ms have {decibels:.1f} dBFS"
                yield Entry(samples.ids[i], modality, "silence", "missing", "silent", told)


def clipped(samples: Samples, modality: str, *, share: float = 0.004, runs: int = 5) -> Iterator[Entry]:
    """Sounds that were cut off at a level, as by too loud a recording, are told and kept: what is lost stays so.

    A run is two samples or more, one after another, that all stand at the largest value of the sound (or all at the
    smallest), within a thousandth of it. Clipped is a sound with at least `runs` runs that hold at least `share` of its
    samples. It need not be at full scale: a clipped sound can have been made quieter afterwards.
    """
    for i, value in there(samples, modality):
        heard = sound_of(value)
        if heard is None or not heard[0].size:
            continue
        channels = heard[0].reshape(len(heard[0]), -1).astype(np.float64)
        found = [flat_tops(channel) for channel in channels.T]
        count, held = max(found, key=lambda pair: pair[1])
        if count >= runs and held >= share * len(channels):
            told = (
                f"{held} samples ({held / len(channels):.1%}) in {count} flat runs, peak {np.abs(channels).max():.3f}"
            )
            yield Entry(samples.ids[i], modality, "clipping", "kept", "clipped", told)


def flat_tops(sound: Numbers) -> tuple[int, int]:
    """How many runs of two samples or more stand at the largest or at the smallest value, and samples in them."""
    count = held = 0
    for side in (sound, -sound):
        top = side.max()
        if top > 0:
            edges = np.flatnonzero(np.diff(np.concatenate([[0], (side >= top * 0.999).astype(np.int8), [0]])))
            lengths = edges[1::2] - edges[::2]
            lengths = lengths[lengths >= 2]
            count, held = count + len(lengths), held + int(lengths.sum())
    return count, held


def dc_offset(
    samples: Samples, modality: str, *, most: float = 0.005, share: float = 0.06, rate_hz: float | None = None
) -> Iterator[Entry]:
    """Sounds that stand further from zero than `most` (1 is full scale) are repaired: their mean is taken off.

    No microphone hears a constant pressure: an offset is the electronics'. It wastes headroom, clicks where sounds are
    joined, and counts as energy at 0 Hz. So it's there while nothing is heard, too, where a voice's waves, which aren't
    alike above and below zero and less so once they are clipped, are not: both the mean of the whole and the median of
    the means of its quietest fifth, in frames of 32 ms, must pass the limit, to one side, and so must they pass `share`
    of the root mean square. Each channel for itself.
    """
    for i, value in there(samples, modality):
        heard = sound_of(value, rate_hz)
        if heard is not None and np.isfinite(heard[0]).all():
            sound, rate = heard
            channels = sound.reshape(len(sound), -1).astype(np.float64)
            limit = max(most, share * float(np.sqrt(np.square(channels).mean())))
            mean, still = channels.mean(axis=0), _still_level(channels, rate or 16_000)
            if float(np.where(mean * still > 0, np.minimum(np.abs(mean), np.abs(still)), 0).max()) > limit:
                told = f"mean {float(mean[np.abs(mean).argmax()]):+.4f}"
                if isinstance(value, np.ndarray):  # of whole numbers, too, in their own scale
                    level = value.mean(axis=0, dtype=np.float64)
                    repair = (value - (np.rint(level) if value.dtype.kind == "i" else level)).astype(value.dtype)
                else:
                    repair = ((channels - mean).reshape(sound.shape).astype(sound.dtype), rate)
                yield Entry(samples.ids[i], modality, "DC offset", "repaired", "dc_offset", told, repair)


def _still_level(channels: Numbers, rate_hz: float, share: float = 0.2) -> Numbers:
    """Where a sound (samples, channels) stands while it is quietest: of that share of its frames the median mean."""
    length = min(len(channels), max(1, round(0.032 * rate_hz)))
    frames = channels[: len(channels) // length * length].reshape(-1, length, channels.shape[1])
    quietest = np.argsort(frames.std(axis=1), axis=0)[: max(1, int(share * len(frames)))]
    return np.median(np.take_along_axis(frames.mean(axis=1), quietest, axis=0), axis=0)


def wrong_rate(samples: Samples, modality: str, *, margin: float = 28.0, least: int = 20) -> Iterator[Entry]:
    """Sounds whose stated rate contradicts what is heard are repaired: they get the set's rate that fits.

    At a wrong rate a sound is too high and too short, or too low and too long, all by one factor. Let f(r) be what a
    sound is like if its samples are r to the second: the logarithms of its mean power in 20 bands of 80 Hz to 45 % of
    the lowest rate in question, less their mean, and of its seconds. With mean μ and covariance Σ of f over the sounds
    that have the most frequent rate R, and d²(r) = (f(r) − μ)ᵀ Σ⁻¹ (f(r) − μ), a sound of stated rate S is taken for
    one of rate r where d²(S) − d²(r) is positive for S ≠ R, r = R, and above `margin` otherwise: as for normal
    distributions, where a priori it's e^(margin/2) times likelier that the usual rate is right. One that was recorded
    at S, or resampled to it properly, is like the others at S, and stays. Nothing is said where fewer than `least`
    sounds have the rate R, or where all have.
    """
    heard = [(i, pair) for i, value in there(samples, modality) if (pair := mono_of(value)) is not None and pair[1]]
    rates = Counter(rate for _, (_, rate) in heard if rate)
    if len(rates) < 2 or rates.most_common(1)[0][1] < least:
        return
    usual = rates.most_common(1)[0][0]
    middles: dict[float, tuple[Numbers, Numbers]] = {}
    for i, (sound, stated) in heard:
        best = (0.0, stated, 0.0, 0.0)
        for rate in rates:
            if rate == stated:
                continue
            top = 0.45 * min(rate, stated or usual, usual)
            if top not in middles:
                middles[top] = _middle(np.array([_course(x, usual, top) for _, (x, r) in heard if r == usual]))
            as_stated, other = (_distance(_course(sound, r, top), *middles[top]) for r in (stated or usual, rate))
            gain = as_stated - other - margin * (rate != usual)
            if gain > best[0]:
                best = (gain, rate, as_stated, other)
        if best[0] > 0:
            told = f"stated: {stated:g} Hz, d² {best[2]:.0f}; at {best[1]:g} Hz {best[3]:.0f}"
            repair = (sound_of(samples[modality][i])[0], best[1])  # type: ignore[index]
            yield Entry(samples.ids[i], modality, "wrong rate", "repaired", "wrong_rate", told, repair)


def _course(sound: Numbers, rate_hz: float, top_hz: float, bands: int = 20) -> Numbers:
    """Log power of the sound's louder frames (within 30 dB) in bands up to `top_hz`, less their mean; log seconds."""
    length = max(64, round(0.032 * rate_hz))
    padded = np.pad(sound - sound.mean(), (0, max(0, length - len(sound))))
    frames = np.lib.stride_tricks.sliding_window_view(padded, length)[:: length // 4] * np.hanning(length)
    power = np.square(np.abs(np.fft.rfft(frames, axis=1)))
    energy = power.sum(axis=1)
    mean = power[energy >= 1e-3 * energy.max()].mean(axis=0)
    edges = np.geomspace(80, top_hz, bands + 1)
    below = np.interp(edges, np.arange(len(mean) + 1) * rate_hz / length, np.concatenate([[0], np.cumsum(mean)]))
    density = np.diff(below) / np.diff(edges)
    logarithm = np.log(density + 1e-6 * density.max() + 1e-20)
    return np.append(logarithm - logarithm.mean(), np.log(len(sound) / rate_hz))


def _middle(x: Numbers, share: float = 0.9) -> tuple[Numbers, Numbers]:
    """Mean and covariance of rows, those of the furthest tenth left out: faulty sounds don't say what is usual."""
    rows = x
    for _ in range(3):
        mean, covariance = rows.mean(axis=0), np.cov(rows.T) + 0.05 * np.eye(x.shape[1])
        far = np.einsum("ni,in->n", x - mean, np.linalg.solve(covariance, (x - mean).T))
        rows = x[far <= np.quantile(far, share)]
    return mean, covariance


def _distance(x: Numbers, mean: Numbers, covariance: Numbers) -> float:
    return float((x - mean) @ np.linalg.solve(covariance, x - mean))


def unusual_length(
    samples: Samples, modality: str, *, most: float = 5.0, rate_hz: float | None = None
) -> Iterator[Entry]:
    """Sounds far longer or shorter than the others are told and kept.

    Far is more than `most` robust deviations: |lg s − median| / (1.4826·median of |lg s − median|), s the seconds.
    """
    heard = [(i, pair) for i, value in there(samples, modality) if (pair := sound_of(value, rate_hz)) is not None]
    seconds = np.array([len(sound) / (rate or 1) for _, (sound, rate) in heard])
    if len(seconds) < 10:
        return
    logarithm = np.log10(seconds)
    centred = logarithm - np.median(logarithm)
    spread = 1.4826 * np.median(np.abs(centred))
    for (i, (_, rate)), length, far in zip(heard, seconds, np.abs(centred), strict=True):
        if far > most * max(spread, 0.02):  # lengths that are all but equal differ by nothing worth telling
            unit = "s" if rate else "samples"
            told = f"{length:.3g} {unit}; the median is {np.median(seconds):.3g} {unit}"
            yield Entry(samples.ids[i], modality, "unusual length", "kept", "unusual_length", told)
