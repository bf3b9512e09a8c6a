"""Steps that are recorded in tests: of a perceptron, a convolution network, attention, and two towers."""

import numpy as np

import tinyxm as xm
from tinyxm import nn, optim
from tinyxm.steps.film import Film
from tinyxm.steps.recording import record


def perceptron():
    rng = np.random.default_rng(0)
    model = nn.Sequential(nn.Linear(2, 3, rng=rng), nn.Tanh(), nn.Linear(3, 2, rng=rng))
    optimizer = optim.Momentum(model.parameters(), lr=0.5)
    x = np.array([[1.0, 0.5], [-0.5, 1.0], [-1.0, -1.5], [1.5, -0.5]], np.float32)
    labels = np.array([1, 0, 1, 0])
    with record(model, optimizer, title="A network of two layers") as step:
        logits = model(x)
        loss = xm.ops.cross_entropy(logits, labels)
        loss.backward()
        optimizer.step()
    return step


def convolution():
    rng = np.random.default_rng(1)
    model = nn.Sequential(
        *(nn.Conv2d(1, 4, 3, padding=1, rng=rng), nn.GroupNorm(2, 4), nn.ReLU(), nn.MaxPool2d(2)),
        *(nn.Conv2d(4, 6, 3, stride=2, padding=1, rng=rng), nn.BatchNorm(6), nn.ReLU(), nn.Flatten()),
        *(nn.Dropout(0.2), nn.Linear(24, 3, rng=rng)),
    )
    optimizer = optim.AdamW(model.parameters(), lr=1e-2)
    pictures, labels = rng.random((4, 8, 8, 1), dtype=np.float32), np.array([0, 2, 1, 2])
    with record(model, optimizer, title="A convolution network") as step:
        logits = model(pictures)
        loss = xm.ops.cross_entropy(logits, labels)
        loss.backward()
        optim.clip_by_norm(model.parameters(), 1.0)
        optimizer.step()
    return step


class Reader(nn.Module):
    """Tokens → a class, by attention over the tokens."""

    def __init__(self, rng):
        self.table, self.attention = nn.Embedding(9, 8, rng=rng), nn.MultiHeadAttention(8, 2, rng=rng)
        self.norm, self.out = nn.LayerNorm(8), nn.Linear(8, 2, rng=rng)

    def forward(self, tokens):
        x = self.table(tokens)
        return self.out(np.mean(self.norm(x + self.attention(x, x, x)), axis=1))


def attention():
    rng = np.random.default_rng(2)
    model = Reader(rng)
    optimizer = optim.RMSProp(model.parameters(), lr=1e-2)
    tokens, labels = rng.integers(0, 9, (3, 5)), np.array([1, 0, 1])
    with record(model, optimizer, title="Attention") as step:
        loss = xm.ops.cross_entropy(model(tokens), labels)
        loss.backward()
        optim.clip_by_norm(model.parameters(), 0.5)
        optimizer.step()
    return step


class Towers(nn.Module):
    """Two towers: pictures and bags of words, brought together."""

    def __init__(self, rng):
        self.image = nn.Sequential(nn.Linear(6, 8, rng=rng), nn.ReLU(), nn.Linear(8, 4, rng=rng))
        self.text = nn.Sequential(nn.Linear(5, 8, rng=rng), nn.ReLU(), nn.Linear(8, 4, rng=rng))

    def forward(self, images, texts):
        return xm.ops.unit_length(self.image(images)), xm.ops.unit_length(self.text(texts))


def contrast():
    rng = np.random.default_rng(3)
    model = Towers(rng)
    optimizer = optim.Adam(model.parameters(), lr=1e-2)
    images, texts = rng.normal(size=(6, 6)).astype(np.float32), rng.normal(size=(6, 5)).astype(np.float32)
    same = np.eye(6, dtype=bool)
    same[1, 4] = same[4, 1] = True  # two equal captions
    with record(model, optimizer, title="Two towers") as step:
        seen, said = model(images, texts)
        loss = xm.ops.info_nce(seen, said, 10.0, same)
        loss.backward()
        optimizer.step()
    return step


EXAMPLES = {"perceptron": perceptron, "convolution": convolution, "attention": attention, "contrast": contrast}


def film():
    """Eleven steps of 101, of a network that learns."""
    rng = np.random.default_rng(0)
    model = nn.Sequential(nn.Linear(2, 3, rng=rng), nn.Tanh(), nn.Linear(3, 2, rng=rng))
    optimizer = optim.Adam(model.parameters(), lr=0.05)
    x, labels = rng.standard_normal((4, 2)).astype(np.float32), np.array([1, 0, 1, 0])
    made = Film(every=10, title="A film")
    for _ in range(101):
        with made.step(model, optimizer):
            optimizer.zero_grad()
            loss = xm.ops.cross_entropy(model(x), labels)
            loss.backward()
            optimizer.step()
    return made


class Listener(nn.Module):
    """Sequences → a class, by a recurrent layer."""

    def __init__(self, kind, bidirectional, rng):
        self.reader = kind(3, 4, bidirectional=bidirectional, rng=rng)
        self.out = nn.Linear(4 * (1 + bidirectional), 2, rng=rng)

    def forward(self, x, lengths):
        return self.out(np.mean(self.reader(x, lengths=lengths)[0], axis=1))


def recurrence(kind=nn.GRU, moments=12, bidirectional=False):
    """Three sequences, of which two end before the last moment."""
    rng = np.random.default_rng(4)
    model = Listener(kind, bidirectional, rng)
    optimizer = optim.Adam(model.parameters(), lr=1e-2)
    x, labels = rng.normal(size=(3, moments, 3)).astype(np.float32), np.array([0, 1, 0])
    lengths = np.array([moments, moments - 3, moments - 6])
    with record(model, optimizer, title="A recurrence") as step:
        loss = xm.ops.cross_entropy(model(x, lengths), labels)
        loss.backward()
        optimizer.step()
    return step
