"""What exercise 26 is checked by: Bayes' rule for two Gaussians, and drawings of the package's diffusion model."""

from itertools import pairwise

import numpy as np

import tinyxm as xm
from tinyxm.course import Case, Exercise, Trap, overridden
from tinyxm.models import diffusion


def angles(t, s):
    return *np.cos(np.pi / 2 * np.array([t, s])), *np.sin(np.pi / 2 * np.array([t, s]))


def by_bayes(x, v_text, v_none, guidance, t, s, noise):
    """x_s given x_t and x̂: a priori N(α_s x̂, σ_s²), and x_t = r x_s + noise of the variance that is then missing."""
    alpha_t, alpha_s, sigma_t, sigma_s = angles(t, s)
    signal = alpha_t * x - sigma_t * ((1 - guidance) * v_none + guidance * v_text)
    r = alpha_t / alpha_s
    missing = sigma_t**2 - (r * sigma_s) ** 2
    variance = sigma_s**2 * missing / (missing + (r * sigma_s) ** 2)
    gain = r * sigma_s**2 / (missing + (r * sigma_s) ** 2)
    return alpha_s * signal + gain * (x - r * alpha_s * signal) + np.sqrt(variance) * noise


def cases(rng):
    def case(told, n, d, guidance, t, s, square=False):
        x, v_text, v_none, noise = rng.normal(size=(4, n, d))
        given = x, v_text, v_none, guidance, t, s, noise
        return Case(told, given, by_bayes(*given), square=square)

    yield case("1 number, no more than the text (w = 1)", 1, 1, 1.0, 0.6, 0.5)
    yield case("1 number, told nothing (w = 0)", 1, 1, 0.0, 0.6, 0.5)
    yield case("1 number, guided (w = 2)", 1, 1, 2.0, 0.6, 0.5)
    yield case("4 drawings of 6 numbers", 4, 6, 1.5, 0.9, 0.7)
    yield case("the first step, from nearly pure noise", 2, 3, 3.0, 0.999, 0.96)
    yield case("the last step, to s = 0: no noise is left", 2, 3, 2.0, 0.04, 0.0)
    yield case("from far to near in one step", 3, 3, 2.0, 0.95, 0.1)


def trial(function):
    rng = np.random.default_rng(3)
    model = diffusion.Diffusion(diffusion.Denoiser(5, 4, width=8, blocks=1, rng=rng)).eval()
    for p in model.parameters():
        p.data += 0.1 * rng.standard_normal(p.shape, np.float32)
    bag = np.arange(3), np.arange(3), np.ones(3, np.float32)

    def steps(self, bag, rng, steps=30, guidance=1.0, eta=0.0):
        times = np.linspace(diffusion.LAST, 0, steps + 1)
        x, nothing = rng.standard_normal((3, 5), np.float32), diffusion.without(bag, np.ones(3, bool))
        for t, s in pairwise(times):
            with xm.no_grad():
                v = [self.denoiser(x, np.full(3, t, np.float32), words).data for words in (bag, nothing)]
            noise = rng.standard_normal(x.shape, np.float32) if s else np.zeros_like(x)
            x = np.float32(function(x, *v, guidance, t, s, noise))
            yield x, x

    with overridden("tinyxm.models.diffusion:Diffusion.steps", function and steps):
        return model.draw(bag, np.random.default_rng(6), steps=12, guidance=2.0, eta=1.0)


def wrong_somewhere(
    guide=lambda text, none, w: none + w * (text - none),
    part=lambda x, v, a, s: (a * x - s * v, s * x + a * v),
    mix=lambda signal, old, noise, at, as_, ss, g: as_ * signal + np.sqrt(ss**2 - g**2) * old + g * noise,
):
    def step(x, v_text, v_none, guidance, t, s, noise):
        alpha_t, alpha_s, sigma_t, sigma_s = angles(t, s)
        signal, old = part(x, guide(v_text, v_none, guidance), alpha_t, sigma_t)
        fresh = sigma_s / sigma_t * np.sqrt(1 - alpha_t**2 / alpha_s**2)
        return mix(signal, old, noise, alpha_t, alpha_s, sigma_s, fresh)

    return step


EXERCISE = Exercise(
    title="one step back from noise, guided by a text",
    lesson="21_text_to_image",
    points=4,
    function="reverse_step",
    hints=(
        "Four lines, in the order of the formulas: α and σ of both times, v, (x̂, ε̂), x_s. Which of them belong to t, "
        "and which to s?",
        "x̂ and ε̂ are made with α_t and σ_t, since x_t is what is taken apart; x_s is mixed with α_s. γ is a deviation, "
        "so it multiplies the noise as it is.",
        "fresh = σ_s / σ_t * np.sqrt(1 − α_t² / α_s²); return α_s * x̂ + np.sqrt(σ_s² − fresh²) * ε̂ + fresh * noise.",
    ),
    cases=cases,
    traps=(
        Trap(
            "guidance is the wrong way round: from v_none towards v_text, and beyond",
            wrong_somewhere(guide=lambda text, none, w: text + w * (none - text)),
        ),
        Trap(
            "w is counted from v_text: at w = 1 it should be v_text itself",
            wrong_somewhere(guide=lambda text, none, w: text + w * (text - none)),
        ),
        Trap(
            "the network's answer is taken for ε, not for v: x̂ = α_t·x_t − σ_t·v",
            wrong_somewhere(part=lambda x, v, a, s: ((x - s * v) / a, v)),
        ),
        Trap(
            "α and σ are exchanged where x_t is taken apart",
            wrong_somewhere(part=lambda x, v, a, s: (s * x - a * v, a * x + s * v)),
        ),
        Trap(
            "too much noise: the old one is kept whole beside the fresh one, it must shrink to √(σ_s² − γ²)",
            wrong_somewhere(mix=lambda signal, old, noise, at, as_, ss, g: as_ * signal + ss * old + g * noise),
        ),
        Trap(
            "no fresh noise: that is a step of DDIM, in which the first noise decides all",
            wrong_somewhere(mix=lambda signal, old, noise, at, as_, ss, g: as_ * signal + ss * old),
        ),
        Trap(
            "the signal is mixed with α_t: for the time s it is α_s",
            wrong_somewhere(
                mix=lambda signal, old, noise, at, as_, ss, g: at * signal + np.sqrt(ss**2 - g**2) * old + g * noise
            ),
        ),
        Trap(
            "the fresh noise is multiplied by γ²: γ is the deviation",
            wrong_somewhere(
                mix=lambda signal, old, noise, at, as_, ss, g: as_ * signal + np.sqrt(ss**2 - g**2) * old + g**2 * noise
            ),
        ),
    ),
    trial=trial,
    trial_told="drawings by the package's diffusion model",
)
