"""What data looks and sounds like, for a page: pictures, films, sounds, strokes and texts, all inside its HTML."""

from __future__ import annotations

import base64
import io
from collections.abc import Sequence
from dataclasses import dataclass
from html import escape
from itertools import pairwise
from typing import Any

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from tinyxm.training.plots import on_white
from tinyxm.training.writing import wav

STYLE = """
div.gallery { display: grid; gap: 1rem; margin: 1.2rem 0; }
div.gallery { grid-template-columns: repeat(auto-fill, minmax(11rem, 1fr)); }
div.card { border: 1px solid var(--line); border-radius: 8px; padding: .7rem; overflow: hidden; break-inside: avoid; }
div.card p { margin: .3rem 0; font-size: .9rem; overflow-wrap: anywhere; }
div.card p.name { color: var(--faint); font-size: .8rem; }
div.card p.said { font-size: 1rem; }
div.card img, div.card svg { display: block; width: 100%; background: #fff; border-radius: 4px; margin: .3rem 0; }
div.card img { image-rendering: pixelated; }
div.card div.kinds { display: flex; gap: .4rem; }
div.card div.kinds img { flex: 1 1 0; min-width: 0; }
div.card audio { width: 100%; height: 2.2rem; margin: .2rem 0; }
@media print { div.card audio { display: none; } }
"""
AUDIBLE = 0.5  # the least peak of what is played: recordings differ by 30 dB
HUES = ("#0072B2", "#D55E00", "#009E73", "#CC79A7", "#56B4E9", "#E69F00")  # Okabe and Ito 2008


@dataclass(frozen=True)
class Picture:
    """An image (height, width[, 1, 3 or 4 channels]), or several side by side with an axis before; uint8, or 0 to 1."""

    image: NDArray[Any]
    name: str = ""

    def html(self) -> str:
        images = self.image if self.image.ndim == 4 else self.image[None]
        shown = "".join(
            f'<img alt="{escape(self.name)}" src="{_data("image/png", _png([image]))}">' for image in images
        )
        return f'<div class="kinds">{shown}</div>'


@dataclass(frozen=True)
class Film:
    """Frames (frames, height, width[, channels]), played over and over, and never faster than is right."""

    frames: NDArray[Any]
    frames_per_second: float
    name: str = ""

    def html(self) -> str:
        source = _data("image/png", _png(list(self.frames), self.frames_per_second))
        return f'<img alt="{escape(self.name or "film")}" src="{source}">'


def gain_of(sound: NDArray[Any]) -> float:
    """By what a sound is to be multiplied so that its peak is half of the range at least; 1 where it's silent."""
    peak = float(np.abs(sound).max(initial=0))
    return AUDIBLE / peak if 0 < peak < AUDIBLE else 1.0


@dataclass(frozen=True)
class Sound:
    """A sound (samples[, channels]) from −1 to 1: its course over time, and a player.

    What peaks below half of the range is played as much louder as makes it half, and says so.
    """

    sound: NDArray[Any]
    rate_hz: int
    name: str = ""

    def html(self) -> str:
        values = self.sound.reshape(len(self.sound), -1)
        seconds, gain = len(values) / self.rate_hz, gain_of(values)
        louder = f"played {gain:.1f} times as loud as recorded" if gain > 1 else "played as it is"
        return (
            f"{envelope_svg(values.mean(1), f'{self.name}, {seconds:.2f} s')}"
            f'<audio controls preload="metadata" aria-label="{escape(self.name)}" title="{louder}" '
            f'src="{_data("audio/wav", wav(gain * values, self.rate_hz))}"></audio>'
        )


@dataclass(frozen=True)
class Strokes:
    """Lines of points (points, 2) in the unit square, y down, in the order of writing, which their colours tell."""

    lines: Sequence[NDArray[Any]]
    name: str = ""

    def html(self) -> str:
        drawn = "".join(
            f'<polyline points="{" ".join(f"{x:.1f},{y:.1f}" for x, y in np.asarray(line) * 100)}" fill="none" '
            f'stroke="{HUES[k % len(HUES)]}" stroke-width="4" stroke-linecap="round" stroke-linejoin="round"/>'
            f'<text x="{line[0][0] * 100 - 2:.1f}" y="{line[0][1] * 100 - 3:.1f}" font-size="8" '
            f'fill="{HUES[k % len(HUES)]}">{k + 1}</text>'
            for k, line in enumerate(self.lines)
        )
        return f'<svg viewBox="-4 -8 108 112" role="img" aria-label="{escape(self.name)}, strokes">{drawn}</svg>'


@dataclass(frozen=True)
class Words:
    """A text, shown as it stands; `quiet` for what is told beside."""

    text: str
    quiet: bool = False

    def html(self) -> str:
        return f'<p class="{"name" if self.quiet else "said"}">{escape(self.text)}</p>'


Exhibit = Picture | Film | Sound | Strokes | Words


@dataclass(frozen=True)
class Gallery:
    """Cards beside one another; each shows the modalities of one sample."""

    cards: Sequence[Sequence[Exhibit]]

    def html(self) -> str:
        cards = "\n".join(f'<div class="card">{"".join(item.html() for item in card)}</div>' for card in self.cards)
        return f'<div class="gallery">\n{cards}\n</div>'


def envelope_svg(sound: NDArray[Any], label: str, columns: int = 220) -> str:
    """The lowest and highest sample in each of `columns` stretches of time, as a filled curve."""
    bounds = np.linspace(0, len(sound), min(columns, len(sound)) + 1).astype(int)
    parts = [sound[a:b] for a, b in pairwise(bounds)]
    above = [f"{k:.1f},{20 - 19 * float(part.max()):.1f}" for k, part in enumerate(parts)]
    below = [f"{k:.1f},{20 - 19 * float(part.min()):.1f}" for k, part in enumerate(parts)]
    return (
        f'<svg viewBox="0 0 {len(parts)} 40" preserveAspectRatio="none" height="44" role="img" '
        f'aria-label="{escape(label)}"><polygon points="{" ".join(above + below[::-1])}" fill="{HUES[0]}" '
        f'stroke="{HUES[0]}" stroke-width=".4"/></svg>'
    )


def _png(images: Sequence[NDArray[Any]], frames_per_second: float | None = None) -> bytes:
    """A PNG, or with several images one that moves (APNG, which all browsers play, without loss)."""
    drawn = [Image.fromarray((_rgb(image) * 255).round().astype(np.uint8)) for image in images]
    output, moving = io.BytesIO(), {}
    if frames_per_second is not None and len(drawn) > 1:
        moving = {"save_all": True, "append_images": drawn[1:], "duration": 1000 / frames_per_second, "loop": 0}
    drawn[0].save(output, "png", **moving)
    return output.getvalue()


def _rgb(image: NDArray[Any]) -> NDArray[np.float32]:
    unit = image.astype(np.float32) / 255 if image.dtype == np.uint8 else np.clip(image.astype(np.float32), 0, 1)
    if unit.ndim == 2:
        unit = unit[..., None]
    return on_white(unit) if unit.shape[-1] == 4 else np.broadcast_to(unit, (*unit.shape[:2], 3))


def _data(kind: str, content: bytes) -> str:
    return f"data:{kind};base64,{base64.b64encode(content).decode()}"
