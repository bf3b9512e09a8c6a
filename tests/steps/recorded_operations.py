"""Steps that are recorded to see that the page derives every number: one of each operation, and of each optimizer."""

import numpy as np

import tinyxm as xm
from tinyxm import nn, ops, optim
from tinyxm.steps.recording import record


class Weights(nn.Module):
    """Parameters by their names, and a loss of them."""

    def __init__(self, **arrays):
        for name, array in arrays.items():
            setattr(self, name, xm.Parameter(array))


def _step(title, loss, optimizer=None, clip=None, before=0, **arrays):
    model = Weights(**arrays)
    optimizer = (optimizer or (lambda p: optim.GradientDescent(p, lr=0.1)))(model.parameters())
    for _ in range(before):  # so that the state isn't 0
        optimizer.zero_grad()
        loss(model).backward()
        optimizer.step()
    optimizer.zero_grad()
    with record(model, optimizer, title=title) as step:
        y = loss(model)
        y.backward()
        if clip is not None:
            clip(model.parameters())
        optimizer.step()
    return step


def _draw(*shape, seed=0, low=-1.5, high=1.5):
    return np.random.default_rng(seed).uniform(low, high, shape).astype(np.float32)


def elementwise():
    """Each operation on elements, broadcast; weights make every gradient another."""
    one = [
        *(np.exp, np.expm1, np.exp2, np.sin, np.cos, np.tan, np.tanh, np.sinh, np.cosh, np.arcsinh, np.abs, np.square),
        *(ops.erf, ops.sigmoid, ops.relu, ops.leaky_relu, ops.elu, ops.gelu, ops.silu, ops.softplus, np.negative),
        *(np.sign, lambda a: ops.gelu(a, "tanh"), lambda a: np.clip(a, -0.5, 0.8), lambda a: a**3, lambda a: a**2),
    ]
    positive = [np.sqrt, ops.rsqrt, np.log, np.log1p, np.log2, np.log10, lambda a: np.arccosh(a + 1), np.reciprocal]
    within = [np.arcsin, np.arccos, np.arctanh, np.arctan]
    two = [
        *(np.add, np.subtract, np.multiply, np.divide, np.maximum, np.minimum, np.logaddexp, np.hypot, np.arctan2),
        lambda a, b: np.where(a.data > 0, a, b),
    ]
    targets = np.array([[0.0, 1.0, 0.3], [1.0, 0.0, 0.7]], np.float32)

    def loss(m):
        parts = [f(m.a) for f in one] + [f(np.abs(m.a) + 0.3) for f in positive] + [f(m.a * 0.6) for f in within]
        parts += [f(m.a, m.b) for f in two] + [np.power(np.abs(m.a) + 0.1, m.b)]
        total = sum(np.sum(part * w) for part, w in zip(parts, np.linspace(0.3, 1.2, len(parts)), strict=True))
        total = total + ops.huber(m.a, targets, delta=0.7) + ops.binary_cross_entropy(m.a, targets, 2.0)
        return total + np.sum(ops.nan_to_num(m.a))

    return _step("Each element by itself", loss, a=_draw(2, 3), b=_draw(3, seed=1))


def moves():
    """Numbers moved, repeated, taken, and joined."""
    w = _draw(500, seed=3)

    def loss(m):
        a, table = m.a, m.table
        parts = [
            *(np.reshape(a, (4, 6)), np.transpose(a), np.transpose(a, (1, 0, 2)), np.swapaxes(a, 0, -1)),
            *(np.moveaxis(a, 0, 2), np.expand_dims(a, 1), np.squeeze(a[:, :1], 1), np.flip(a, 1), np.flip(a)),
            *(np.broadcast_to(table[0], (3, 4)), np.roll(a, 2, 1), np.roll(a, 5), np.tile(table, (2, 1))),
            *(np.repeat(table, 2, 0), np.repeat(table, 3), np.pad(a, ((0, 0), (1, 2), (0, 1)))),
            *(np.pad(table, 1, "reflect"), np.take(table, [3, 0, 3], 0), np.take(table, [1, 2, 1], 1)),
            *(np.take_along_axis(table, np.array([[0, 1], [2, 0], [3, 3], [1, 1], [0, 0]]), 1), np.diagonal(table)),
            *(
                a[0],
                a[..., 1],
                a[:, ::2],
                a[1, 2, 3],
                a[:, None, -1],
                a[:, ::-1],
                a[[1, 0, 1]],
                table[np.array([4, 4])],
            ),
            *(np.concatenate([a, a * 2], 1), np.stack([table, table], 1), np.cumsum(a, 1), ops.frames(table, 3, 1)),
            *(np.prod(table, 1), np.max(a, 1), np.min(a, (0, 2)), np.mean(a, 1, keepdims=True), np.sum(a, (0, -1))),
            *(ops.logsumexp(a, 1), ops.norm(a, 2, -1), np.std(table, 0), np.linalg.norm(table), ops.norm(a, 3, 1)),
        ]
        return sum(np.sum(part * np.resize(w, part.shape)) for part in parts)

    return _step("Numbers moved and gathered", loss, a=_draw(2, 3, 4), table=_draw(5, 4, seed=1))


def images():
    """Convolutions with stride, dilation, groups; transposed; pooling; and normalisation."""

    def loss(m):
        x = m.x
        y = ops.conv2d(x, m.w, stride=(2, 1), padding=1)
        z = ops.conv2d(x, m.grouped, dilation=2, groups=2)
        up = ops.conv_transpose2d(y, m.w, stride=(2, 1), padding=1, output_padding=(0, 0))
        pooled = ops.max_pool2d(x, 3, 2, 1), ops.average_pool2d(x, 2, padding=1), ops.bias_max_pool2d(x, m.bias, 2)
        more = ops.bias_max_pool2d(x, m.bias, 2, activation="relu"), ops.group_norm(x, m.scale, m.bias, 2)
        norms = ops.instance_norm(x, m.scale, m.bias), ops.layer_norm(x, m.scale, m.bias), ops.standardise(x, 2)
        last = ops.batch_norm(x, m.scale, m.bias)[0], ops.rms_norm(x, m.scale), ops.conv1d(x[:, 0], m.w[0])
        parts = [y, z, up, *pooled, *more, *norms, *last]
        return sum(np.sum(part * _draw(*part.shape, seed=i)) for i, part in enumerate(parts))

    arrays = {"w": _draw(3, 3, 4, 2, seed=1), "grouped": _draw(2, 2, 2, 4, seed=2), "bias": _draw(4, seed=3)}
    return _step("Images", loss, x=_draw(2, 5, 6, 4), scale=_draw(4, seed=4), **arrays)


def sequences():
    """Attention with masks, softmaxes, products of batches."""
    mask = np.array([[True, True, False], [True, False, True], [False, False, False], [True, True, True]])

    def loss(m):
        q, k = m.q, m.k
        parts = [
            *(ops.attention(q, k, k), ops.attention(q, q, q, causal=True), ops.attention(q, k, k, mask, scale=0.7)),
            *(ops.softmax(q), ops.softmax(q, 1), ops.log_softmax(q), np.matmul(q, np.swapaxes(k, -1, -2))),
            *(np.matmul(q[0], m.w), np.matmul(q, m.w), ops.unit_length(k), ops.linear(q, m.w, None)),
            *(ops.attention_weights(q, k, mask), ops.linear(q, m.w, m.bias, "relu")),
        ]
        parts.append(ops.embedding_bag(m.w, np.array([0, 3, 3, 1]), np.array([0, 1, 1]), m.weights))
        parts.append(ops.embedding(m.w, np.array([[4, 0], [4, 4]])))
        total = sum(np.sum(part * _draw(*part.shape, seed=i)) for i, part in enumerate(parts))
        return total + ops.cross_entropy(q, np.array([[0, 1, 2, 3], [3, 3, 3, 3]]), label_smoothing=0.1)

    arrays = {"k": _draw(2, 3, 5, seed=1), "w": _draw(5, 2, seed=2), "bias": _draw(2), "weights": _draw(4)}
    return _step("Sequences", loss, q=_draw(2, 4, 5), **arrays)


class Senses(nn.Module):
    """A class from a picture, a sound, words, a film and a spectrogram."""

    def __init__(self, rng):
        self.seen, self.heard = nn.Conv2d(3, 2, 3, rng=rng), nn.Conv1d(1, 2, 9, stride=4, rng=rng)
        self.table, self.out = nn.Embedding(20, 3, rng=rng), nn.Linear(2 + 2 + 3 + 3 + 5, 3, rng=rng)

    def forward(self, picture, sound, words, film, spectrogram):
        parts = np.mean(self.seen(picture), axis=(1, 2)), np.mean(self.heard(sound), axis=1)
        more = np.mean(self.table(words), axis=1), np.mean(film, axis=(1, 2, 3)), np.mean(spectrogram, axis=1)
        return self.out(np.concatenate([*parts, *more], axis=1))


def kinds():
    """One value of every kind that is shown as what it is."""
    model = Senses(np.random.default_rng(0))
    optimizer = optim.Adam(model.parameters())
    picture, film = _draw(2, 6, 8, 3, low=0, high=1), xm.Tensor(_draw(2, 3, 4, 4, 3, low=0, high=1, seed=1))
    sound, spectrogram = xm.Tensor(_draw(2, 300, 1, seed=2)), xm.Tensor(_draw(2, 8, 5, low=0, high=1, seed=3))
    words, labels = np.random.default_rng(4).integers(0, 20, (2, 7)), np.array([0, 2])
    with record(model, optimizer, title="One of every kind", show={"spectrogram": "spectrogram"}) as step:
        loss = ops.cross_entropy(model(picture, sound, words, film, spectrogram), labels)
        loss.backward()
        optimizer.step()
    return step


def _optimizer(title, optimizer, clip=None):
    x, y = _draw(6, 3, seed=5), _draw(6, 2, seed=6)

    def loss(m):
        return ops.squared_error(np.matmul(x, m.w) + m.b, y)

    return _step(title, loss, optimizer, clip, before=3, w=_draw(3, 2), b=_draw(2, seed=1))


OPERATIONS = {"elementwise": elementwise, "moves": moves, "images": images, "sequences": sequences, "kinds": kinds}
OPTIMIZERS = {
    "descent": lambda p: optim.GradientDescent(p, lr=0.1, weight_decay=0.2),
    "momentum": lambda p: optim.Momentum(p, lr=0.1, weight_decay=0.1),
    "nesterov": lambda p: optim.Nesterov(p, lr=0.1, momentum=0.8),
    "adagrad": lambda p: optim.AdaGrad(p, weight_decay=0.1),
    "adadelta": lambda p: optim.AdaDelta(p, rho=0.8, weight_decay=0.1),
    "rmsprop": lambda p: optim.RMSProp(p, weight_decay=0.1),
    "rmsprop_centred": lambda p: optim.RMSProp(p, alpha=0.9, centered=True, eps=1e-4),
    "rmsprop_momentum": lambda p: optim.RMSProp(p, momentum=0.9),
    "adam": lambda p: optim.Adam(p, lr=0.01, weight_decay=0.1),
    "amsgrad": lambda p: optim.AMSGrad(p, lr=0.01, betas=(0.5, 0.6)),
    "adamw": lambda p: optim.AdamW(p, lr=0.01, weight_decay=0.3),
}
CLIPS = {
    "norm": lambda params: optim.clip_by_norm(params, 0.3),
    "layer": lambda params: optim.clip_by_layer(params, 0.3),
    "value": lambda params: optim.clip_by_value(params, 0.1),
    "unclipped": lambda params: optim.clip_by_norm(params, 100.0),
}
ALL = {
    **OPERATIONS,
    **{name: (lambda name=name: _optimizer(name, OPTIMIZERS[name])) for name in OPTIMIZERS},
    **{f"clip_{name}": (lambda name=name: _optimizer(name, OPTIMIZERS["adam"], CLIPS[name])) for name in CLIPS},
}
