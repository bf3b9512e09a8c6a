"""What exercise 11 is checked by: the package's schedules; and a network trained at these rates."""

import numpy as np

import tinyxm as xm
from tinyxm.course import Case, Exercise, Trap


def by_the_package(steps, peak, warm):
    factor = xm.optim.warm_up(warm, xm.optim.cosine(steps - warm) if steps > warm else xm.optim.schedules.constant)
    return np.array([peak * factor(step) for step in range(steps)])


def cases(rng):
    yield Case("4 steps, 2 of warm-up, peak 1", (4, 1.0, 2), np.array([0.5, 1.0, 1.0, 0.5]))
    yield Case("2 steps without warm-up", (2, 0.3, 0), np.array([0.3, 0.15]))
    for steps, peak, warm in ((100, 0.1, 10), (7, 3e-4, 3), (50, 1.0, 1), (1000, 0.02, 100)):
        given = steps, peak, warm
        told = f"{steps} steps, {warm} of warm-up, peak {peak}"
        yield Case(told, given, by_the_package(*given), 1e-7, sizes={"warm-up": warm, "number of steps": steps})
    yield Case("5 steps, all of them warm-up", (5, 2.0, 5), np.array([0.4, 0.8, 1.2, 1.6, 2.0]))
    yield Case("a single step", (1, 0.5, 0), np.array([0.5]))


def trial(function):
    """The losses of a straight line fitted at these rates."""
    rng = np.random.default_rng(11)
    x, t = rng.normal(size=(20, 3)), rng.normal(size=20)
    w = xm.Parameter(np.zeros(3))
    optimizer, losses = xm.optim.GradientDescent([w], lr=1.0), []
    rates = (function or by_the_package)(30, 0.4, 5)
    schedule = xm.optim.Schedule(optimizer, lambda step: rates[min(step, 29)])
    for _ in range(30):
        optimizer.zero_grad()
        loss = np.mean((x @ w - t) ** 2)
        loss.backward()
        optimizer.step()
        schedule.step()
        losses.append(loss.item())
    return losses


def joined(peak, rising, falling):
    return peak * np.concatenate([np.atleast_1d(rising), np.atleast_1d(falling)])


def rising(warm):
    return (np.arange(warm) + 1) / max(warm, 1)


def falling(steps, warm, last=0):
    return (1 + np.cos(np.pi * np.arange(steps - warm) / max(steps - warm - last, 1))) / 2


def from_zero(steps, peak, warm):
    return joined(peak, np.arange(warm) / max(warm, 1), falling(steps, warm))


def of_all_steps(steps, peak, warm):
    return joined(peak, rising(warm), (1 + np.cos(np.pi * np.arange(warm, steps) / steps)) / 2)


def not_begun_anew(steps, peak, warm):
    return joined(peak, rising(warm), (1 + np.cos(np.pi * np.arange(warm, steps) / max(steps - warm, 1))) / 2)


def down_to_zero(steps, peak, warm):
    return joined(peak, rising(warm), falling(steps, warm, last=1))


def no_half(steps, peak, warm):
    return joined(peak, rising(warm), 2 * falling(steps, warm))


def whole_wave(steps, peak, warm):
    return joined(peak, rising(warm), (1 + np.cos(2 * np.pi * np.arange(steps - warm) / max(steps - warm, 1))) / 2)


def no_peak(steps, peak, warm):
    return joined(1.0, rising(warm), falling(steps, warm))


def straight(steps, peak, warm):
    return joined(peak, rising(warm), 1 - np.arange(steps - warm) / max(steps - warm, 1))


def no_warm_up(steps, peak, warm):
    return joined(peak, np.ones(warm), falling(steps, warm))


EXERCISE = Exercise(
    title="warm-up, then a cosine",
    lesson="10_gradient_descent",
    points=2,
    function="learning_rates",
    hints=(
        "Two arrays, one after the other: np.concatenate. The second counts its steps from 0 again, and has "
        "steps − warm of them.",
        "(np.arange(warm) + 1) / warm for the rise, and np.arange(steps - warm) / (steps - warm) is the share of the "
        "fall that is done. Nothing may be divided by 0 where there is no such part: max(warm, 1).",
        "peak * np.concatenate([(np.arange(warm) + 1) / max(warm, 1), (1 + np.cos(np.pi * share)) / 2]), with share = "
        "np.arange(steps - warm) / max(steps - warm, 1).",
    ),
    cases=cases,
    trial=trial,
    trial_told="a line fitted at these rates",
    traps=(
        Trap("the first step has a rate of 0, and is lost: (s + 1) / warm", from_zero),
        Trap("the cosine has only the steps after the warm-up: (s − warm) / (steps − warm)", of_all_steps),
        Trap("the cosine begins at the end of the warm-up: s − warm, not s", not_begun_anew),
        Trap("the last step has a rate of 0, and is lost: divide by steps − warm, not by one less", down_to_zero),
        Trap("1 + cos goes from 2 to 0: the half is missing", no_half),
        Trap("half a wave, from π · 0 to π · 1: with 2π the rate rises again", whole_wave),
        Trap("these are shares of the peak: multiply by it", no_peak),
        Trap("the fall is a straight line: it should be a cosine", straight),
        Trap("the warm-up is missing: the first steps rise to the peak", no_warm_up),
    ),
)
