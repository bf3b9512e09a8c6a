"""Known mistakes, each one text of one file replaced by another, and the names whose certificate must catch it."""

from typing import NamedTuple


class Mutation(NamedTuple):
    """`right` stands exactly once in the file; with `wrong` in its place, certifying `names` must fail."""

    mistake: str
    file: str
    right: str
    wrong: str
    names: str


def ops(room: str) -> str:
    return f"tinyxm/ops/{room}.py"


def nn(room: str) -> str:
    return f"tinyxm/nn/{room}.py"


def kernels(rung: str) -> str:
    return f"kernels/tinyxm_kernels/{rung}.py"


TAPE, ATTENTION, RECURRENT = "tinyxm/autograd/tape.py", ops("attention"), nn("recurrent")
UPDATES, BLOCKED = kernels("updates/reference"), kernels("updates/blocked")

ENGINE = (
    Mutation("a broadcast that isn't summed", TAPE, "if repeated:", "if False:", "add"),
    Mutation("new axes that aren't summed", TAPE, "if added > 0:", "if False:", "multiply"),
    Mutation("a branch that is dropped", TAPE,
             "accumulate(total, gx, source) if listening else total + gx", "total", "silu"),
    Mutation("a third branch that is dropped", TAPE, "                total += gx\n", "", "GRU"),
    Mutation("a result that is a constant of the second order", TAPE, '{"y": node}', "{}", "exp tanh"),
    Mutation("inputs that are constants of the second order", TAPE,
             "return tensor_of(value, origin[name]) if name in origin else value", "return value", "multiply"),
    Mutation("the oldest node first", TAPE, "heappush(queue, (-source.tick, source))",
             "heappush(queue, (source.tick, source))", "rms_norm"),
)  # fmt: skip
OPERATIONS = (
    Mutation("a factor that is missing", ops("elementwise"), "g * (a + a)", "g * a", "square"),
    Mutation("a sign that is wrong", ops("elementwise"), "b=lambda g: -g)", "b=lambda g: g)", "subtract"),
    Mutation("inputs exchanged", ops("elementwise"), "a=lambda g, b: g * b, b=lambda g, a: g * a",
             "a=lambda g, a: g * a, b=lambda g, b: g * b", "multiply"),
    Mutation("y for a", ops("elementwise"), "a=lambda g, a: g * np.cos(a)", "a=lambda g, y: g * np.cos(y)", "sin"),
    Mutation("an input without its gradient", ops("elementwise"), "g * y * np.log(np.where(a > 0, a, 1))", "0 * g * a",
             "power"),
    Mutation("digits lost near 0", ops("elementwise"), "return np.log1p(a)", "return np.log(1 + a)", "log1p"),
    Mutation("overflow on the way", ops("elementwise"), "return np.hypot(a, b)", "return np.sqrt(a * a + b * b)",
             "hypot"),
    Mutation("ties given twice", ops("elementwise"), "b=lambda g, a, b: g * ((a < b) + 0.5 * (a == b)).astype(g.dtype)",
             "b=lambda g, a, b: g * ((a < b) + 1.0 * (a == b)).astype(g.dtype)", "maximum"),
    Mutation("a limit that is shut", ops("elementwise"), "return (a >= (", "return (a > (", "clip"),
    Mutation("a kink on the other side", ops("activation"), "g * (y > 0)", "g * (y >= 0)", "relu"),
    Mutation("a forward and a backward of two approximations", ops("activation"),
             'if approximate == "none":\n        return 0.5', 'if approximate != "none":\n        return 0.5', "gelu"),
    Mutation("a derivative that is off by little", ops("activation"), "g * sigmoid(a)", "g * (sigmoid(a) + 1e-5)",
             "softplus"),
    Mutation("float64 that creeps in", ops("reduce"), "return total * (1 / n)", "return total * np.float64(1 / n)",
             "mean"),
    Mutation("a mean that sums", ops("reduce"), "g * (1 / _count(a_shape, axis))", "g", "mean"),
    Mutation("an extreme's ties shared unequally", ops("reduce"), "equal / equal.sum(axis=axis, keepdims=True)",
             "equal", "max"),
    Mutation("ddof forgotten", ops("reduce"), "sum(centred * centred, axis, keepdims) * (1 / (n - ddof))",
             "sum(centred * centred, axis, keepdims) * (1 / n)", "var"),
    Mutation("a logarithm of a sum that overflows", ops("reduce"), "m = np.where(np.isfinite(m), m, 0)", "m = m * 0",
             "logsumexp"),
    Mutation("axes put back the wrong way", ops("shape"), "None if axes is None else _inverse(axes)", "axes",
             "transpose"),
    Mutation("axes that stay moved", ops("shape"), "np.moveaxis(g, destination, source)",
             "np.moveaxis(g, source, destination)", "moveaxis"),
    Mutation("parts in reverse", ops("shape"), "for shape in shapes[:i])", "for shape in shapes[i + 1 :])",
             "concatenate"),
    Mutation("repeats that overwrite", ops("index"), "np.add.at(y, index, a)", "y[index] = a", "getitem scatter_add"),
    Mutation("the other axis", ops("index"), "(shape[axis], *rest), indices), 0, axis)",
             "(shape[axis], *rest), indices), 0, -1)", "take"),
    Mutation("no projection", ops("norm"), "g - _mean(g) - y * _mean(g * y)", "g - _mean(g)", "standardise"),
    Mutation("no centre in the gradient", ops("norm"), "g - _mean(g) - y * _mean(g * y)", "g - y * _mean(g * y)",
             "layer_norm"),
    Mutation("RMS without its ε", ops("norm"), "x.shape[-1] * eps", "0.0", "rms_norm"),
    Mutation("RMS of a sum", ops("norm"), "(scale * math.sqrt(x.shape[-1]))", "scale", "RMSNorm"),
    Mutation("a variance about 0", ops("norm"), "np.mean(np.square(centred), axes)", "np.mean(np.square(x), axes)",
             "batch_norm"),
    Mutation("weights without their gradient", ops("embedding"), "_of_each_entry(g, indices, offsets) * getitem(weight",
             "0 * _of_each_entry(g, indices, offsets) * getitem(weight", "embedding_bag"),
    Mutation("a bag's rows on one rung", kernels("embedding/sparse"), "np.append(offsets, len(indices))",
             "np.append(offsets, len(indices) - 1)", "embedding_bag"),
    Mutation("a transposed operand", ops("linalg"), "a=lambda g, b: _matmul(g, transposed(b))",
             "a=lambda g, b: _matmul(g, b)", "attention Linear"),
    Mutation("a product on one rung", kernels("matmul/reference"), "k{n}->...{m}{n}", "k{n}->...{n}{m}", "Linear"),
    Mutation("a solution by the matrix that isn't transposed", ops("linalg"), "b=lambda g, a: _solve(transposed(a), g)",
             "b=lambda g, a: _solve(a, g)", "solve"),
    Mutation("a whole diagonal", ops("linalg"), " - 0.5 * np.eye(y.shape[-1], dtype=y.dtype)", "", "cholesky"),
    Mutation("a diagonal on the other side", ops("linalg"), "i + max(-offset, 0), i + max(offset, 0)",
             "i + max(offset, 0), i + max(-offset, 0)", "diagonal"),
    Mutation("a covariance by n", ops("linalg"), "(1 / (shape[-2] - 1))", "(1 / shape[-2])", "whiten"),
    Mutation("a letter that isn't repeated", ops("einsum"), "if (letter, n) not in known:", "if False:", "einsum"),
    Mutation("taps side by side", kernels("_windows"), "i * dilation[0], j * dilation[1]", "i, j", "conv2d"),
    Mutation("groups that see one another's channels", kernels("conv2d/reference"), "npqgc,npqgo->cgo",
             "npqgc,npqko->cgo", "conv1d"),
    Mutation("frames in another order", ops("conv"), "slice(t * d, t * d + s * frames, s)",
             "slice(d * (w.shape[0] - 1 - t), d * (w.shape[0] - 1 - t) + s * frames, s)", "conv_transpose3d"),
    Mutation("ties to the last", kernels("pooling/reference"), "first &= waiting\n        waiting ^= first", "pass",
             "max_pool2d"),
    Mutation("padding that isn't counted", kernels("pooling/reference"), "y *= 1 / prod(size)",
             "y *= 1 / (prod(size) - sum(padding))", "average_pool1d"),
    Mutation("bins that share no place", ops("pooling"), "-(-np.arange(1, m + 1) * n // m)",
             "np.maximum(np.arange(1, m + 1) * n // m, np.arange(m) * n // m + 1)", "adaptive_average_pool2d"),
    Mutation("pixels without a middle", ops("resize"), "(i + 0.5) * (n / m) - 0.5", "i * (n / m)", "resize"),
    Mutation("mirrored bins counted once", ops("spectral"), "np.where((k == 0) | (2 * k == n), n, n / 2)",
             "np.where(k >= 0, n, n / 2)", "rfft"),
    Mutation("another mirror", ops("spectral"), 'mode="reflect"', 'mode="edge"', "stft"),
)  # fmt: skip
LOSSES = (
    Mutation("a softmax that overflows", ops("cross_entropy"), "np.exp(a - a.max(axis=axis, keepdims=True))\n",
             "np.exp(a)\n", "softmax"),
    Mutation("a softmax without its sum", ops("cross_entropy"),
             "a=lambda g, y, axis: y * (g - np.sum(g * y, axis=axis, keepdims=True))",
             "a=lambda g, y, axis: y * g", "softmax"),
    Mutation("the sum over another axis", ops("cross_entropy"), "np.exp(y) * np.sum(g, axis=axis, keepdims=True)",
             "np.exp(y) * np.sum(g, axis=0, keepdims=True)", "log_softmax"),
    Mutation("smoothing by a class too few", ops("cross_entropy"), "(label_smoothing / logits.shape[-1])",
             "(label_smoothing / (logits.shape[-1] - 1))", "cross_entropy"),
    Mutation("ignored samples that count", ops("cross_entropy"), "if counted is not None and reduction == \"none\":",
             "if counted is not None:", "cross_entropy nll"),
    Mutation("weights that aren't divided by", ops("cross_entropy"), "return np.sum(losses) / total",
             "return np.sum(losses) / len(losses)", "nll"),
    Mutation("a second order that forgets the labels", ops("cross_entropy"), "(softmax(logits) - one_hot)",
             "(softmax(logits) + one_hot)", "cross_entropy"),
    Mutation("Huber with the squared error's gradient", ops("loss"), "c * (d - c * 0.5)", "d * (d - d * 0.5)", "huber"),
    Mutation("the true class's own margin", ops("loss"), "masked_fill(short, own, 0)", "short", "hinge"),
    Mutation("a margin of the wrong sign", ops("loss"), "norm(anchor - negative, 2, -1) + margin",
             "norm(anchor - negative, 2, -1) - margin", "triplet"),
    Mutation("divergence the other way", ops("loss"), "p * (log_p - log_q)", "np.exp(log_q) * (log_q - log_p)",
             "kl_divergence"),
    Mutation("positives weighted as negatives", ops("cross_entropy"), "positive + softplus(logits) * (1 - targets)",
             "positive + softplus(logits) * targets", "binary_cross_entropy"),
    Mutation("one way only", ops("contrastive"), "(there + back) * 0.5", "there", "info_nce"),
    Mutation("false negatives that count", ops("contrastive"), "losses = masked_fill(losses, false_negatives, 0)",
             "pass", "sigmoid_contrastive"),
    Mutation("a leap over what must be said", ops("ctc"),
             "leap[:, 2:][(states[:, 2:] != blank) & (states[:, 2:] != states[:, :-2])] = 0",
             "leap[:, 2:][states[:, 2:] != blank] = 0", "ctc"),
    Mutation("an end before the end", ops("ctc"), "(from_end == 0) | (from_end == 1)", "from_end == 0", "ctc"),
    Mutation("a way that gets no gradient", ops("ctc"), "for sent, n in ((step, 1), (over, 2)):",
             "for sent, n in ((step, 1),):", "ctc"),
)  # fmt: skip
LAYERS = (
    Mutation("a bias that is forgotten", nn("linear"),
             "y = ops.matmul(x, self.weight)\n        return y if self.bias is None",
             "y = ops.matmul(x, self.weight)\n        return y if True", "Linear"),
    Mutation("stale statistics", nn("normalisation"), "statistics = self.running_mean.data.astype(x.dtype), "
             "self.running_var.data.astype(x.dtype)", "statistics = None", "BatchNorm"),
    Mutation("a running variance that is biased", nn("normalisation"), "var * (n / (n - 1))", "var", "BatchNorm"),
    Mutation("a dropout that shrinks", nn("regularisation"), "np.asarray(1 / (1 - self.rate), x.dtype)",
             "np.asarray(1, x.dtype)", "Dropout"),
    Mutation("whole channels dropped one by one", nn("regularisation"), "*(1 for _ in shape[1:-1])", "*shape[1:-1]",
             "SpatialDropout"),
    Mutation("gates in another order", RECURRENT, "ops.sigmoid(a[:, n : 2 * n]) * c + ops.sigmoid(a[:, :n])",
             "ops.sigmoid(a[:, :n]) * c + ops.sigmoid(a[:, n : 2 * n])", "LSTM"),
    Mutation("a reset before the product", RECURRENT, "gates[:, :n] * (b[:, 2 * n :] + self.hidden_bias)",
             "(gates[:, :n] * b[:, 2 * n :] + self.hidden_bias)", "GRU"),
    Mutation("backwards that reads forwards", RECURRENT, "_cut(a, sizes)[:: -1 if backward else 1]", "_cut(a, sizes)",
             "RNN"),
    Mutation("scores that aren't scaled", ATTENTION, "1 / math.sqrt(max(q.shape[-1], 1))", "1.0", "attention"),
    Mutation("a mask inverted", ATTENTION, "np.arange(keys) <= np.arange(queries)[:, None]",
             "np.arange(keys) >= np.arange(queries)[:, None]", "attention"),
    Mutation("a row that may attend nothing", ATTENTION, "np.where(total > 0, total, 1)", "total", "masked_softmax"),
    Mutation("an angle that turns too fast", nn("positions"), "(-np.arange(0, features, 2) / features)",
             "(-np.arange(0, features, 2) / 2 / features)", "RotaryPositions SinusoidalPositions"),
    Mutation("a turn the other way", nn("positions"), "even * cos - odd * sin, even * sin + odd * cos",
             "even * cos + odd * sin, even * sin + odd * cos", "RotaryPositions"),
    Mutation("a residual that is lost", nn("transformer"), "return norm(x + self.dropout(part(x)))",
             "return norm(self.dropout(part(x)))", "TransformerDecoderLayer"),
)  # fmt: skip
OPTIMIZERS = (
    Mutation("wrong bias correction", UPDATES, "mean / (1 - beta1**step)", "mean / (1 - beta1 * step)", "Adam"),
    Mutation("bias of the square left", UPDATES, " / (1 - beta2**step)\n", "\n", "Adam"),
    Mutation("bias corrected twice on one rung", BLOCKED, "epsilon * root", "epsilon", "Adam"),
    Mutation("Nesterov without looking ahead", UPDATES, "gradient + momentum * velocity if nesterov else velocity",
             "velocity", "Nesterov"),
    Mutation("a coupled decay", "tinyxm/optim/adaptive.py", "decoupled = True", "decoupled = False", "AdamW"),
    Mutation("AMSGrad that forgets the largest", UPDATES, "np.maximum(largest, square)", "square", "AMSGrad"),
    Mutation("a velocity that doesn't last", BLOCKED, "            u *= momentum\n            u += a\n",
             "            u[...] = a\n", "RMSProp"),
    Mutation("centred on nothing", UPDATES, "square - mean**2", "square", "RMSProp"),
    Mutation("a state that isn't restored", "tinyxm/optim/optimizer.py",
             "self.steps = [int(state[f\"steps.{i}\"]) for i in range(len(self.steps))]", "pass", "Adam"),
    Mutation("the other running mean", UPDATES, "change_square + epsilon", "square + epsilon", "AdaDelta"),
    Mutation("the sum that is a mean", UPDATES, "square_sum += gradient**2",
             "square_sum[...] = 0.9 * square_sum + 0.1 * gradient**2", "AdaGrad"),
)  # fmt: skip
MUTATIONS = ENGINE + OPERATIONS + LAYERS + OPTIMIZERS
