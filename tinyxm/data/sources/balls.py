"""Bouncing balls that are heard where they hit: simulated. The physics, the pictures and the sound of them."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from ..samples import Samples
from . import Arrays, cached
from .registry import SOURCES, Modality, Source

Float = NDArray[np.float64]
GRAVITY = 9.81  # m/s², downwards
SIDE = 1.0  # m, of the box
RESTITUTION = 0.9  # speed after an impact / before it, along the normal
QUIET = 0.1  # m/s: slower impacts lose nothing, or a ball would bounce infinitely often in finite time (Zeno)
MOST_IMPACTS = 2000  # of a clip, more are taken for a ball that is caught between others
COLOURS = {"red": (213, 94, 0), "blue": (0, 114, 178), "green": (0, 158, 115), "yellow": (240, 228, 66)}
SIZES = {"small": 0.06, "large": 0.12}  # radius in m
WALLS = ("left wall", "right wall", "floor", "ceiling")
NORMALS = np.array([[1.0, 0], [-1, 0], [0, 1], [0, -1]])  # into the box
MODES = (1.0, 2.756, 5.404)  # frequencies of a free bar's modes, over the first: Fletcher & Rossing 1998, § 2.16
NUMBERS = ("one", "two", "three", "four")


@dataclass(frozen=True)
class Motion:
    """How balls of `radii` (m) and `masses` (kg) moved in the box: exact parabolas between impacts.

    `times` (k,), the first 0, are when something hit something; `positions`, `velocities` (k, balls, 2) are just after
    that, x to the right and y upwards, in m and m/s; `impacts` (k − 1, 4) says of each: its time in seconds, the ball,
    what it hit (a ball's number, or −1 … −4 for WALLS), and how fast they approached, in m/s.
    """

    times: Float
    positions: Float
    velocities: Float
    impacts: Float
    radii: Float
    masses: Float
    gravity: float

    def at(self, times: Float) -> tuple[Float, Float]:
        """Positions and velocities (times, balls, 2): x₀ + v₀·t − ½·g·t² from the last impact on."""
        since = np.searchsorted(self.times, times, side="right") - 1
        t = (times - self.times[since])[:, None, None]
        down = np.array([0.0, -self.gravity])
        v = self.velocities[since]
        return self.positions[since] + v * t + down * t * t / 2, v + down * t

    def energy(self, times: Float) -> Float:
        """Kinetic and potential energy of each ball in joules, (times, balls): ½·m·v² + m·g·y."""
        x, v = self.at(times)
        return self.masses * ((v * v).sum(-1) / 2 + self.gravity * x[..., 1])


def simulate(
    positions: Float,
    velocities: Float,
    radii: Float,
    duration_seconds: float,
    gravity: float = GRAVITY,
    restitution: float = RESTITUTION,
    density: float = 1.0,
) -> Motion:
    """Balls in a box of one metre's side, from impact to impact, each time found by its formula: no step is too long.

    All fall alike, so that two balls move uniformly to each other: they touch where ‖d + w·t‖ = r₁ + r₂, with d the
    distance and w the difference of velocities. At an impact, with normal n and approach u = −w·n > 0, the impulse
    J = (1 + e)·u / (1/m₁ + 1/m₂) changes the velocities by ±J·n/m: momentum is kept, and of the energy along the normal
    the share e². A wall has 1/m = 0. No friction, no spin. Masses are density·π·r² (discs; kg).
    Raises ValueError for balls that overlap or lie outside, and for motions of more than 2,000 impacts.
    Source: Lubachevsky 1991, How to simulate billiards and similar systems.
    """
    x, v, r = (np.array(values, np.float64) for values in (positions, velocities, radii))
    gap = np.linalg.norm(x[:, None] - x, axis=-1) - (r[:, None] + r)
    if (gap[~np.eye(len(r), dtype=bool)] < 0).any() or (x < r[:, None]).any() or (x > SIDE - r[:, None]).any():
        raise ValueError(f"simulate: balls overlap or lie outside the box: positions {x.tolist()}, radii {r.tolist()}")
    masses = density * np.pi * r * r
    now, states, impacts = 0.0, [(0.0, x.copy(), v.copy())], []
    down = np.array([0.0, -gravity])
    while True:
        wait, ball, other = _next(x, v, r, gravity)
        now += wait
        if now >= duration_seconds:
            break
        x += v * wait + down * wait * wait / 2
        v += down * wait
        approach = _bounce(x, v, r, masses, ball, other, restitution)
        impacts.append((now, ball, other, approach))
        states.append((now, x.copy(), v.copy()))
        if len(impacts) > MOST_IMPACTS:
            raise ValueError(
                f"simulate: more than {MOST_IMPACTS} impacts in {now:.3f} s; give fewer balls, or less time"
            )
    times, xs, vs = (np.array(column) for column in zip(*states, strict=True))
    return Motion(times, xs, vs, np.array(impacts, np.float64).reshape(-1, 4), r, masses, gravity)


def _next(x: Float, v: Float, r: Float, g: float) -> tuple[float, int, int]:
    """The next impact: (how long until, ball, what it hits)."""
    never = np.inf
    with np.errstate(divide="ignore", invalid="ignore"):
        left = np.where(v[:, 0] < 0, (r - x[:, 0]) / v[:, 0], never)
        right = np.where(v[:, 0] > 0, (SIDE - r - x[:, 0]) / v[:, 0], never)
        height, room = x[:, 1] - r, SIDE - r - x[:, 1]
        if g:
            floor = (v[:, 1] + np.sqrt(v[:, 1] ** 2 + 2 * g * np.maximum(height, 0))) / g
            reach = v[:, 1] ** 2 - 2 * g * room
            ceiling = np.where((v[:, 1] > 0) & (reach >= 0), (v[:, 1] - np.sqrt(np.maximum(reach, 0))) / g, never)
        else:
            floor = np.where(v[:, 1] < 0, -height / v[:, 1], never)
            ceiling = np.where(v[:, 1] > 0, room / v[:, 1], never)
        a, b = np.triu_indices(len(r), 1)
        d, w = x[a] - x[b], v[a] - v[b]
        approach, speed = (d * w).sum(-1), (w * w).sum(-1)
        reach = approach**2 - speed * ((d * d).sum(-1) - (r[a] + r[b]) ** 2)
        meet = np.where((approach < 0) & (reach >= 0), (-approach - np.sqrt(np.maximum(reach, 0))) / speed, never)
    walls = np.maximum(np.stack([left, right, floor, ceiling]), 0)
    kind, ball = np.unravel_index(int(walls.argmin()), walls.shape)
    if len(meet) and max(meet.min(), 0.0) < walls[kind, ball]:
        pair = int(meet.argmin())
        return max(float(meet[pair]), 0.0), int(a[pair]), int(b[pair])
    return float(walls[kind, ball]), int(ball), -1 - int(kind)


def _bounce(x: Float, v: Float, r: Float, masses: Float, ball: int, other: int, restitution: float) -> float:
    """Change the velocities (and lay a ball exactly on the wall); return the speed of approach."""
    if other < 0:
        normal, light = NORMALS[-1 - other], 0.0
        axis, low = int(normal[0] == 0), normal.sum() > 0
        x[ball, axis] = r[ball] if low else SIDE - r[ball]
        approach = -float(v[ball] @ normal)
    else:
        between = x[ball] - x[other]
        normal, light = between / np.linalg.norm(between), 1 / masses[other]
        approach = -float((v[ball] - v[other]) @ normal)
    approach = max(approach, 0.0)
    impulse = (1 + (restitution if approach > QUIET else 1.0)) * approach / (1 / masses[ball] + light)
    v[ball] += impulse / masses[ball] * normal
    if other >= 0:
        v[other] -= impulse / masses[other] * normal
    return approach


def film(motion: Motion, colours: Float, frames: int, frames_per_second: float, size_pixels: int) -> NDArray[np.uint8]:
    """The frames, uint8 (frames, size, size, 3), white; a border pixel's colour is shared by how much a disc covers."""
    x, _ = motion.at(np.arange(frames) / frames_per_second)
    at = (np.arange(size_pixels) + 0.5) / size_pixels * SIDE
    canvas = np.full((frames, size_pixels, size_pixels, 3), 255.0, np.float32)
    for ball, colour in enumerate(colours):
        across = at - x[:, ball, 0, None]
        along = (SIDE - at) - x[:, ball, 1, None]  # rows count from above
        far = np.sqrt(along[:, :, None] ** 2 + across[:, None, :] ** 2)
        cover = np.clip(0.5 + (motion.radii[ball] - far) * size_pixels / SIDE, 0, 1)[..., None].astype(np.float32)
        canvas += cover * (colour.astype(np.float32) - canvas)
    return canvas.round().astype(np.uint8)


def impact_sound(motion: Motion, duration_seconds: float, rate_hz: int) -> NDArray[np.float32]:
    """What is heard, float32 (samples, 1): Σ over impacts, balls in them and modes k of
    A·e^(−t/τₖ)·sin(2π·fₖ·t) / k², t seconds after the impact.

    fₖ = 24 m/s / r times the ratios of a bar's modes (a ball half as large sounds an octave higher), τₖ = 60 ms·f₁/fₖ,
    and A = 0.1·approach in m/s: harder is louder. There is no room and no delay. Scaled down where it would exceed 1.
    """
    sound = np.zeros(round(duration_seconds * rate_hz))
    for when, ball, other, approach in motion.impacts:
        start = int(np.ceil(when * rate_hz))
        t = np.arange(start, min(len(sound), start + round(0.4 * rate_hz))) / rate_hz - when
        for struck in {int(ball), int(other)} - {-1, -2, -3, -4}:
            first = 24.0 / motion.radii[struck]
            for k, ratio in enumerate(MODES, 1):
                if first * ratio < rate_hz / 2:
                    ring = np.exp(-t * ratio / 0.06) * np.sin(2 * np.pi * first * ratio * t)
                    sound[start : start + len(t)] += 0.1 * approach / k**2 * ring
    return (sound / max(1.0, abs(sound).max(initial=0)))[:, None].astype(np.float32)


def balls(
    n: int = 200,
    most: int = 3,
    duration_seconds: float = 2.0,
    frames_per_second: float = 24.0,
    size_pixels: int = 32,
    rate_hz: int = 16_000,
    seed: int = 0,
    report: Callable[[str, int, int], None] | None = None,
    cache: bool = True,
) -> Samples:
    """n simulated clips of 1 to `most` balls, seen and heard.

    Modalities: "video", uint8 (n, frames, size, size, 3); "audio", float32 (n, samples, 1) at `rate_hz`; "text", which
    balls there are; "impacts", for each clip (impacts, 4): seconds, ball, what it hit (a ball, or −1 … −4 for left
    wall, right wall, floor, ceiling), approach in m/s. Groups: "balls", the text. Clip i depends on (seed, i) alone.
    Kept in the cache folder unless `cache` is off; `report(what, done, total)` hears of progress.
    """
    frames, samples = round(duration_seconds * frames_per_second), round(duration_seconds * rate_hz)
    if n < 1 or not 1 <= most <= len(NUMBERS) or frames < 1 or samples < 1 or size_pixels < 8:
        raise ValueError(
            f"balls: n {n}, most {most}, duration_seconds {duration_seconds}, frames_per_second {frames_per_second}, "
            f"size_pixels {size_pixels}, rate_hz {rate_hz}; expected n from 1, most 1 to {len(NUMBERS)}, at least a "
            "frame and a sample, and size_pixels from 8"
        )

    def build() -> Arrays:
        films = np.empty((n, frames, size_pixels, size_pixels, 3), np.uint8)
        sounds = np.empty((n, samples, 1), np.float32)
        texts, impacts = [], []
        for i in range(n):
            motion, colours, text = _clip(np.random.default_rng([seed, i]), most, duration_seconds)
            films[i] = film(motion, colours, frames, frames_per_second, size_pixels)
            sounds[i] = impact_sound(motion, duration_seconds, rate_hz)
            texts.append(text)
            impacts.append(motion.impacts)
            if report:
                report("simulating", i + 1, n)
        ends = np.cumsum([len(rows) for rows in impacts])
        return {
            "video": films,
            "audio": sounds,
            "text": np.array(texts),
            "impacts": np.concatenate(impacts),
            "ends": ends,
        }

    def read(arrays: Arrays) -> Samples:
        texts = [str(text) for text in arrays["text"]]
        return Samples(
            {
                "video": arrays["video"],
                "audio": arrays["audio"],
                "text": texts,
                "impacts": list(np.split(arrays["impacts"], arrays["ends"][:-1])),
            },
            ids=[f"clip-{seed}-{i}" for i in range(n)],
            groups={"balls": texts},
        )

    key = {
        "schema": SCHEMA,
        "settings": (n, most, duration_seconds, frames_per_second, size_pixels, rate_hz, seed),
    }
    return cached("balls", key, build, read) if cache else read(build())


def _clip(rng: np.random.Generator, most: int, duration_seconds: float) -> tuple[Motion, Float, str]:
    """A motion from a random beginning; one of too many impacts is drawn again."""
    while True:
        count = int(rng.integers(1, most + 1))
        sizes = rng.choice(list(SIZES), count)
        names = rng.choice(list(COLOURS), count, replace=False)
        radii = np.array([SIZES[size] for size in sizes])
        positions = rng.uniform(radii, SIDE - radii, (2, count)).T
        velocities = rng.uniform(-1.5, 1.5, (count, 2))
        try:
            motion = simulate(positions, velocities, radii, duration_seconds)
        except ValueError:
            continue
        text = " and ".join(f"a {size} {name} ball" for size, name in zip(sizes, names, strict=True))
        return motion, np.array([COLOURS[name] for name in names], np.float64), text


SCHEMA = 2  # raise it when clips change, so that older caches aren't read
SOURCES.add(
    Source(
        name="balls",
        what="balls bounce in a box, and are heard where they hit: simulated physics",
        origin="simulated",
        modalities={
            "video": Modality("frames", "RGB, 48 frames of 32 × 32 pixels", frames_per_second=24.0),
            "audio": Modality("sound", "the impacts, 2 s: harder is louder, smaller is higher", rate_hz=16_000),
            "text": Modality("text", "which balls there are"),
            "impacts": Modality("events", "when what hit what", columns=("seconds", "ball", "hit", "approach in m/s")),
        },
        size="as many as you ask for; 200 by default",
        licence="made by tinyxm's code; no rights are claimed",
        citation="tinyxm.data.sources.balls; event-driven simulation: Lubachevsky 1991, How to simulate billiards and "
        "similar systems; modes of a bar: Fletcher & Rossing 1998, The Physics of Musical Instruments",
        load=balls,
        specimen=lambda: balls(4, size_pixels=64, cache=False),
        schema=SCHEMA,
        notes=(
            "Simulated, not filmed: discs without friction or spin in a box of 1 m; at an impact 0.9 of the speed "
            "along the normal is left; the sound is a sum of damped sines.",
        ),
    )
)
