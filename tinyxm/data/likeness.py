"""How alike two samples are, by cheap fingerprints: pictures and sounds by correlation, texts by shared shingles.

Fingerprints of pictures and sounds are rows of unit length, so that a product of two is their likeness, from −1 to 1.
Texts are sets of shingles; their likeness is the sets' Jaccard index, from 0 to 1.
"""

from __future__ import annotations

import zlib
from collections.abc import Iterable, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy import sparse

from .text import words

Float = NDArray[np.float32]
Indices = NDArray[np.intp]
PRIME = np.uint64(4_294_967_311)  # the first above 2³²: products with a 32-bit hash still fit into 64 bits
EXACT_UP_TO = 20_000  # texts of one side that are compared with all others; beyond it only those that MinHash proposes


def thumbnails(images: NDArray[Any] | Sequence[NDArray[Any]]) -> Float:
    """A cheap fingerprint: 8 × 8 mean gray values over white, less their mean, of unit length: (n, 64).

    `images`: (n, ..., height, width, channels), channels gray, RGB, or RGBA not premultiplied; uint8 or 0..1; or a list
    of pictures of several sizes. Where a sample has several pictures, their mean counts. The product of two
    fingerprints is their correlation.
    """
    if not isinstance(images, np.ndarray):
        return np.concatenate([thumbnails(image[None]) for image in images]) if len(images) else np.empty((0, 64), "f4")
    if images.ndim < 4:
        raise ValueError(f"thumbnails: images {images.shape}; expected (n, ..., height, width, channels)")
    unit = images.astype(np.float32) / np.float32(255 if images.dtype == np.uint8 else 1)
    alpha = unit[..., 3] if unit.shape[-1] == 4 else np.float32(1)
    gray = unit[..., :3].mean(-1) * alpha + (1 - alpha)
    gray = gray.mean(tuple(range(1, gray.ndim - 2)))
    for axis in (1, 2):
        size = gray.shape[axis]
        edges = np.arange(min(8, size) + 1) * size // min(8, size)
        gray = np.add.reduceat(gray, edges[:-1], axis) / np.expand_dims(np.diff(edges), 2 - axis).astype(np.float32)
    return _unit(gray.reshape(len(gray), -1))


def sound_fingerprint(sound: NDArray[Any], rate_hz: float = 8000.0, bands: int = 24, segments: int = 16) -> Float:
    """What a sound's spectrum does over its course, whatever its level and the silence around it: (bands · segments,).

    `sound`: (samples,) or (samples, channels), whose mean counts. Energies E of frames of 32 ms, every 8 ms, in bands
    whose edges are spaced evenly in mel, m = 2595·lg(1 + f / 700), from 60 to 3800 Hz (or 48 % of the rate), averaged
    over `segments` equal spans between the moments when 5 % and 95 % of all energy have passed; ∛E, less each band's
    mean over time, which takes away colouring; of unit length (all zero for a sound without any course). The product of
    two is their correlation: of 3,000 recorded digits the two most alike have 0.978, while copies at another level or
    rate, or with noise at −30 dB, keep more than 0.99. Give each sound its own `rate_hz`.
    Source: bands and differences after Haitsma & Kalker 2002, A highly robust audio fingerprinting system, kept as
    numbers in place of their signs.
    """
    x = np.asarray(sound, np.float32)
    if x.ndim not in (1, 2) or not np.isfinite(x).all():
        raise ValueError(f"sound_fingerprint: a sound {x.shape}; expected (samples[, channels]), all finite")
    mono = x if x.ndim == 1 else x.mean(1)
    frame, hop = max(16, round(0.032 * rate_hz)), max(4, round(0.008 * rate_hz))
    mono = np.pad(mono, (frame // 2, max(frame - len(mono), frame // 2)))
    framed = np.lib.stride_tricks.sliding_window_view(mono, frame)[::hop] * np.hanning(frame).astype(np.float32)
    power = np.abs(np.fft.rfft(framed, axis=1)).astype(np.float64) ** 2
    low, high = (2595 * np.log10(1 + hz / 700) for hz in (60, min(3800, 0.48 * rate_hz)))
    mel = np.linspace(low, high, bands + 1)
    edges = np.round(700 * (10 ** (mel / 2595) - 1) / rate_hz * frame).astype(int)
    edges = np.maximum.accumulate(np.maximum(edges, edges[0] + np.arange(bands + 1)))  # each band has a bin at least
    energy = np.add.reduceat(power[:, : edges[-1]], edges[:-1], axis=1)
    course = np.concatenate([[0.0], np.cumsum(energy.sum(1))])
    start, stop = np.interp([0.05 * course[-1], 0.95 * course[-1]], course, np.arange(len(course)))
    grid = np.linspace(start, stop, segments + 1)
    below = np.concatenate([np.zeros((1, bands)), np.cumsum(energy, axis=0)])
    at = np.minimum(grid.astype(int), len(energy) - 1)
    passed = below[at] + (grid - at)[:, None] * energy[at]  # within a frame in proportion
    loudness = np.cbrt(np.diff(passed, axis=0))
    return _unit((loudness - loudness.mean(0)).reshape(1, -1) / (loudness.max() + 1e-12))[0]


def nearest(x: Float, among: Float, block: int = 1024) -> tuple[Indices, Float]:
    """For each row of x (n, d) the row of `among` (m, d) whose product with it is largest: (n,) indices, (n,) products.

    All pairs are compared, in blocks of rows, so that memory stays at block · m.
    """
    index, likeness = np.zeros(len(x), np.intp), np.full(len(x), -np.inf, np.float32)
    if len(among):
        for start in range(0, len(x), block):
            products = x[start : start + block] @ among.T
            index[start : start + block] = best = products.argmax(1)
            likeness[start : start + block] = products[np.arange(len(best)), best]
    return index, likeness


def shingles(text: str, size: int = 5) -> frozenset[str]:
    """All runs of `size` characters of a text's words, joined by single spaces; a shorter text is one shingle itself.

    "A cat's" → "a cat s" → {"a cat", " cat ", "cat s"}. Source: Broder 1997, On the resemblance and containment of
    documents, with characters for words, so that short names have shingles, too.
    """
    plain = " ".join(words(text))
    return frozenset(plain[i : i + size] for i in range(max(1, len(plain) - size + 1)) if plain)


def jaccard(a: frozenset[str], b: frozenset[str]) -> float:
    """|a ∩ b| / |a ∪ b|, 0 for two empty sets."""
    return len(a & b) / len(a | b) if a or b else 0.0


def minhash(sets: Sequence[Iterable[str]], permutations: int = 128, rng: int | np.random.Generator = 0) -> Any:
    """Signatures (n, permutations), uint64, in which two sets agree in about the share of their Jaccard index.

    Of each set the least of (a·h + b) mod p over its members' 32-bit hashes h (CRC-32), with random a, b for each
    permutation; two sets agree in one with probability j, their Jaccard index, so its estimate has a standard error of
    √(j·(1 − j) / permutations). An empty set has a signature that no other has. Source: Broder 1997.
    """
    generator = np.random.default_rng(rng)
    a = generator.integers(1, 2**32, permutations, dtype=np.uint64)
    b = generator.integers(0, 2**32, permutations, dtype=np.uint64)
    signatures = np.empty((len(sets), permutations), np.uint64)
    for i, members in enumerate(sets):
        hashes = np.array([zlib.crc32(member.encode()) for member in members], np.uint64)[:, None]
        signatures[i] = ((a * hashes % PRIME + b) % PRIME).min(0) if len(hashes) else PRIME + np.uint64(i)
    return signatures


def candidates(x: Any, among: Any, least: float) -> set[tuple[int, int]]:
    """Pairs (i, j) of signatures that agree in a whole band of their numbers: likely to have a Jaccard index ≥ `least`.

    With b bands of r numbers a pair of index j is found with probability 1 − (1 − jʳ)ᵇ; r is the largest divisor for
    which that is 0.99 at `least`. Source: Leskovec, Rajaraman & Ullman, Mining of Massive Datasets, section 3.4.
    """
    size = x.shape[1]
    rows = max(r for r in range(1, size + 1) if (size % r == 0 and (1 - least**r) ** (size // r) <= 0.01) or r == 1)
    found: set[tuple[int, int]] = set()
    for start in range(0, size, rows):
        buckets: dict[bytes, list[int]] = {}
        for j, band in enumerate(np.ascontiguousarray(among[:, start : start + rows])):
            buckets.setdefault(band.tobytes(), []).append(j)
        for i, band in enumerate(np.ascontiguousarray(x[:, start : start + rows])):
            found.update((i, j) for j in buckets.get(band.tobytes(), ()))
    return found


def nearest_texts(
    x: Sequence[frozenset[str]], among: Sequence[frozenset[str]], least: float = 0.0
) -> tuple[Indices, Float]:
    """For each set of shingles the one of `among` with the largest Jaccard index: indices and indices of Jaccard, (n,).

    Of up to 20,000 sets on the larger side all pairs are compared, by a sparse product; of more only those that MinHash
    proposes as reaching `least`, of which it misses about one in a hundred.
    """
    index, likeness = np.zeros(len(x), np.intp), np.zeros(len(x), np.float32)
    if not len(x) or not len(among):
        return index, likeness
    if max(len(x), len(among)) > EXACT_UP_TO:
        for i, j in sorted(candidates(minhash(x), minhash(among), max(least, 0.1))):
            if (value := jaccard(x[i], among[j])) > likeness[i]:
                index[i], likeness[i] = j, value
        return index, likeness
    columns: dict[str, int] = {}
    left, right = _incidence(among, columns), _incidence(x, columns)
    left.resize(len(among), len(columns))
    sizes = np.array([len(members) for members in among], np.float32)
    for start in range(0, len(x), 512):
        shared = (right[start : start + 512] @ left.T).tocsr()
        for row in range(shared.shape[0]):
            span = slice(shared.indptr[row], shared.indptr[row + 1])
            if span.start < span.stop:
                common, others = shared.data[span], shared.indices[span]
                values = common / (sizes[others] + len(x[start + row]) - common)
                best = int(np.lexsort((others, -values))[0])  # of equals the first one
                index[start + row], likeness[start + row] = others[best], values[best]
    return index, likeness


def _incidence(sets: Sequence[frozenset[str]], columns: dict[str, int]) -> Any:
    """One row per set with a 1 in the column of each member; new members get new columns."""
    indices = [columns.setdefault(member, len(columns)) for members in sets for member in members]
    offsets = np.concatenate([[0], np.cumsum([len(members) for members in sets])])
    return sparse.csr_array((np.ones(len(indices), np.float32), indices, offsets), (len(sets), len(columns)))


def _unit(x: NDArray[Any]) -> Float:
    centred = (x - x.mean(1, keepdims=True)).astype(np.float32)
    return centred / (np.linalg.norm(centred, axis=1, keepdims=True) + np.float32(1e-6))
