"""Connectionist temporal classification: what a sequence says, without saying when."""

from __future__ import annotations

import numpy as np

from tinyxm.autograd import Array, primitive
from tinyxm.autograd.places import on_host, placed
from tinyxm.autograd.tensor import array_of
from tinyxm.ops.cross_entropy import log_softmax, softmax
from tinyxm.ops.elementwise import where
from tinyxm.ops.index import getitem, take_along_axis
from tinyxm.ops.loss import reduced
from tinyxm.ops.reduce import logsumexp

__all__ = ["ctc"]

NEVER = -1e30  # the logarithm of no probability; finite, so that the difference of two is a number


@primitive(log_p=lambda g, y, leap: _ways_adjoint(g, y, leap))
def _ways(log_p: Array, leap: Array) -> Array:
    """y_t(s) = log_p_t(s) + ln(e^y_{t−1}(s) + e^y_{t−1}(s−1) + e^(y_{t−1}(s−2) + leap(s))): the log-probability of all
    ways to state s at time t, from state 0 or 1 at time 0;  ∂log_p_t = g_t + what ∂log_p_{t+1} sends back, each state's
    to the three it is reached from, by their shares in the sum

    log_p `(time, batch, states)`; leap `(batch, states)`, 0 where a state may be reached from two before, else NEVER.
    """
    y = np.full_like(log_p, NEVER)
    y[:1, :, :2] = log_p[:1, :, :2]
    for t in range(1, len(y)):
        y[t] = log_p[t] + logsumexp(_before(y[t - 1], leap), 0)
    return y


def _before(y: Array, leap: Array) -> Array:
    """Of each state, the three it is reached from: (3, ..., batch, states)."""
    never, states = np.full_like(y[..., :2], NEVER), y.shape[-1]
    earlier = [np.concatenate([never[..., :n], y], -1)[..., :states] for n in (1, 2)]
    return np.stack([y, earlier[0], earlier[1] + leap])


def _ways_adjoint(g: Array, y: Array, leap: Array) -> Array:
    shares = softmax(_before(y[:-1], leap), 0)
    none, states = np.zeros_like(leap), leap.shape[-1]
    total = g[-1]
    totals = [total]
    for t in range(len(g) - 2, -1, -1):
        stay, step, over = (share * total for share in shares[:, t])
        total = g[t] + stay
        for sent, n in ((step, 1), (over, 2)):
            total = total + np.concatenate([sent, none[..., :n]], -1)[..., -states:]
        totals.append(total)
    return np.stack(totals[::-1])


def ctc(
    logits: Array,
    labels: Array,
    input_lengths: Array,
    label_lengths: Array,
    blank: int = 0,
    zero_infinity: bool = False,
    reduction: str = "mean",
) -> Array:
    """L = −ln Σ Π_t softmax(logits_t)[π_t] over all paths π that say the labels: once repeats are merged, then blanks
    dropped (Graves, Fernández, Gomez & Schmidhuber 2006)

    logits `(batch, time, classes)`; labels `(batch, longest)` integers, of which the first label_lengths `(batch,)`
    count, as do the first input_lengths `(batch,)` steps of time. The sum is by the forward recursion over the labels
    with blanks between, its gradient by the backward one. The mean is of the losses per label (each divided by its
    label_length, if above 0). Labels that don't fit in the time have an infinite loss, with gradient 0; `zero_infinity`
    makes it 0. Raises ValueError for labels that are blank or no class, lengths beyond the arrays, and other shapes;
    TypeError for labels or lengths that aren't integers.
    """
    labels, inputs, lengths = _checked(logits, labels, input_lengths, label_lengths, blank=blank)
    (batch, longest), dtype = labels.shape, logits.dtype
    real = np.arange(longest) < lengths[:, None]
    states = np.full((batch, 2 * longest + 1), blank)
    states[:, 1::2] = np.where(real, labels, blank)
    leap = np.full(states.shape, NEVER, dtype)
    leap[:, 2:][(states[:, 2:] != blank) & (states[:, 2:] != states[:, :-2])] = 0
    log_p = np.clip(take_along_axis(log_softmax(logits), placed(states[:, None], logits), -1), NEVER, None)
    ways = _ways(np.moveaxis(log_p, 1, 0), placed(leap, logits))
    from_end = 2 * lengths[:, None] - np.arange(states.shape[1])
    ends, last = (placed(x, logits) for x in ((from_end == 0) | (from_end == 1), inputs - 1))
    at_end = where(ends, getitem(ways, (last, placed(np.arange(batch), logits))), NEVER)
    losses = -logsumexp(at_end, 1)
    impossible = array_of(losses) > -NEVER / 2
    losses = where(impossible, 0.0 if zero_infinity else np.inf, losses)
    if reduction == "mean":
        losses = losses * placed((1 / np.maximum(lengths, 1)).astype(dtype), losses)
    return reduced("ctc", losses, reduction)


def _checked(logits: Array, *integers: Array, blank: int) -> list[np.ndarray]:
    labels, inputs, lengths = found = [on_host(x) for x in integers]
    for name, x in zip(("labels", "input_lengths", "label_lengths"), found, strict=True):
        if x.dtype.kind not in "iu":
            raise TypeError(f"ctc: {name} are {x.dtype}, expected whole numbers")
    if logits.ndim != 3 or not logits.shape[1] or labels.ndim != 2 or labels.shape[0] != logits.shape[0]:
        raise ValueError(
            f"ctc: logits {logits.shape} and labels {labels.shape}: expected (batch, time, classes), (batch, longest)"
        )
    batch, time, classes = logits.shape
    for name, x, least, most in (("input", inputs, 1, time), ("label", lengths, 0, labels.shape[1])):
        if x.shape != (batch,) or (x < least).any() or (x > most).any():
            raise ValueError(f"ctc: {name}_lengths {x.tolist()}: expected {batch} numbers from {least} to {most}")
    said = labels[np.arange(labels.shape[1]) < lengths[:, None]]
    wrong = said[(said < 0) | (said >= classes) | (said == blank)]
    if not 0 <= blank < classes or wrong.size:
        what = f"label {wrong[0]}" if wrong.size else "blank"
        raise ValueError(f"ctc: {what} is none of the classes 0 ... {classes - 1}, or it's the blank, {blank}")
    return found
