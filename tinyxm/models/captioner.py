"""A picture becomes a text: an encoder turns it into vectors, one for each place; a decoder that looks at them writes.

Source: Xu et al., "Show, attend and tell: neural image caption generation with visual attention", ICML 2015, with the
Transformer's decoder; patches: Dosovitskiy et al., "An image is worth 16x16 words", ICLR 2021; a contrast beside the
captions: Yu et al., "CoCa: contrastive captioners are image-text foundation models", TMLR 2022.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import replace
from typing import Any, Protocol

import numpy as np

from tinyxm import nn
from tinyxm.autograd import Array, Parameter, Tensor, generator, no_grad
from tinyxm.data import padded
from tinyxm.models.decoding import Hypothesis, beam, ranked
from tinyxm.models.interpretation import attention_maps
from tinyxm.ops import clip, cross_entropy, info_nce, log_softmax, logsumexp, reshape, unit_length

PADDING, UNKNOWN, BEGIN, END = range(4)  # the first of a vocabulary; what is read and never written, but for END
NEVER = (PADDING, UNKNOWN, BEGIN)


class Encoder(Protocol):
    """What sees: pictures or films (n, ...) → (n, places, features), the places those of a `grid`."""

    @property
    def grid(self) -> tuple[int, ...]:
        """How many places there are along each axis, such as (rows, columns)."""

    def __call__(self, x: Array) -> Array:
        """(n, places, features), the places in the grid's order, its last axis fastest."""


class ConvolutionEncoder(nn.Module):
    """Pictures (n, side, side, channels) → (n, places, features): for each width a 3×3 convolution of stride 2, group
    normalisation and ReLU; one more of stride 1, added to what it reads, so that a place sees its neighbours whole;
    then each place of the grid that is left is one vector, its position added.

    Neighbours are seen together from the start, and a shape is the same wherever it lies.
    """

    def __init__(
        self, side: int, channels: int, features: int, widths: Sequence[int], rng: np.random.Generator | None = None
    ) -> None:
        rng = generator(rng)
        steps: list[nn.Module] = []
        for before, after in zip((channels, *widths[:-1]), widths, strict=True):
            steps += [nn.Conv2d(before, after, 3, stride=2, padding=1, rng=rng), nn.GroupNorm(8, after), nn.ReLU()]
            side = -(-side // 2)
        last = widths[-1]
        around = nn.Sequential(nn.Conv2d(last, last, 3, padding=1, rng=rng), nn.GroupNorm(8, last), nn.ReLU())
        steps.append(nn.Residual(around))
        self.grid = (side, side)
        self.layers, self.project = nn.Sequential(*steps), nn.Linear(last, features, rng=rng)
        self.positions, self.norm = nn.LearnedPositions(side * side, features, rng=rng), nn.LayerNorm(features)

    def forward(self, x: Array) -> Array:
        y = self.layers(x)
        return self.norm(self.positions(self.project(reshape(y, (len(y), -1, y.shape[-1])))))


class PatchEncoder(nn.Module):
    """Pictures (n, side, side, channels) → (n, places, features): cut into patches, each made one vector by one linear
    map, its position added; then layers of self-attention, in which each patch looks at all others.

    Nothing is known of neighbours: that must be learned, from more pictures than a convolution needs. Raises ValueError
    where patches don't divide the side.
    """

    def __init__(
        self,
        side: int,
        channels: int,
        features: int,
        patch: int,
        layers: int = 2,
        heads: int = 4,
        dropout: float = 0.0,
        rng: np.random.Generator | None = None,
    ) -> None:
        if side % patch:
            raise ValueError(f"PatchEncoder: patches of {patch} pixels don't divide a side of {side}")
        rng = generator(rng)
        self.patch, self.grid = patch, (side // patch, side // patch)
        places = self.grid[0] * self.grid[1]
        self.project = nn.Linear(patch * patch * channels, features, rng=rng)
        self.positions = nn.LearnedPositions(places, features, rng=rng)
        self.layers = nn.TransformerEncoder(features, heads, layers, 2 * features, dropout, norm_first=True, rng=rng)

    def forward(self, x: Array) -> Array:
        n, (rows, columns), p = len(x), self.grid, self.patch
        blocks = np.swapaxes(reshape(x, (n, rows, p, columns, p, -1)), 2, 3)
        return self.layers(self.positions(self.project(reshape(blocks, (n, rows * columns, -1)))))


class Captioner(nn.Module):
    """p(word t | the picture, words 0 … t − 1): softmax(decoder(embedding of the words, encoder(picture)) W + b)

    The picture may be a film (`models.watcher`): whatever its encoder makes places of.

    Tokens are indices of a vocabulary that begins with padding, unknown, begin and end. A caption is read as BEGIN, its
    words, END, at most `longest` tokens with END. Features are the width of everything between; the decoder is a
    Transformer's, of `layers` layers, its cross-attention looking at the picture's places.

    With `whole` each word is also told what the whole picture is: all places together, mapped to so many numbers of
    unit length, and those added to its vector. That is for pictures with a name of their own, to be known again in
    another style (see `contrastive_loss`); where a caption tells what stands where, places alone say more.
    """

    def __init__(
        self,
        encoder: Encoder,
        vocabulary: int,
        features: int = 96,
        heads: int = 4,
        layers: int = 2,
        longest: int = 16,
        dropout: float = 0.1,
        rng: np.random.Generator | None = None,
        whole: int = 0,
    ) -> None:
        rng = generator(rng)
        self.encoder, self.longest, self.whole = encoder, longest, whole
        self.embedding = nn.Embedding(vocabulary, features, rng=rng)
        self.positions = nn.LearnedPositions(longest, features, rng=rng)
        self.decoder = nn.TransformerDecoder(features, heads, layers, 2 * features, dropout, norm_first=True, rng=rng)
        self.dropout = nn.Dropout(dropout, rng=rng)
        self.output = nn.Linear(features, vocabulary, initialise=nn.init.normal, rng=rng)  # near 0: no word preferred
        if whole:
            places = math.prod(encoder.grid) * features
            self.picture = nn.Sequential(nn.Flatten(), nn.Dropout(dropout, rng=rng), nn.Linear(places, whole, rng=rng))
            self.told = nn.Linear(whole, features, rng=rng)
            self.log_scale = Parameter(np.array([math.log(1 / 0.07)], np.float32))

    def forward(self, images: Array, tokens: np.ndarray) -> Array:
        """Scores (n, tokens, vocabulary) of the word after each of `tokens` (n, tokens), which begin with BEGIN."""
        return self.scores(self.encoder(images), tokens)

    def scores(self, memory: Array, tokens: np.ndarray) -> Array:
        """The same, of pictures that are encoded: memory (n, places, features)."""
        words = self.positions(self.embedding(tokens))
        if self.whole:  # of unit length: times the root of how many, each number is about 1
            words = words + self.told(self.picture_of(memory) * math.sqrt(self.whole))[:, None]
        return self.output(self.decoder(self.dropout(words), self.dropout(memory)))

    def loss(self, images: Array, captions: np.ndarray, label_smoothing: float = 0.0) -> Tensor:
        """Mean of −ln p of each word and the END, given the true words before it: teacher forcing.

        captions (n, 1 + longest or fewer): BEGIN, words, END, then PADDING, which doesn't count.
        """
        scores = self(images, captions[:, :-1])
        return cross_entropy(scores, captions[:, 1:], label_smoothing, ignore_index=PADDING)

    def log_odds(self, images: Array, tokens: np.ndarray | Sequence[int]) -> Tensor:
        """ln p / (1 − p) of each token after those before it, (n, tokens), of n pictures: what a map is to explain

        ln p itself is 0, and flat, where the model is sure. tokens `(tokens,)`, or `(n, tokens)` for each picture its
        own, without BEGIN; END may be the last.
        """
        read = np.broadcast_to(tokens, (len(images), np.shape(tokens)[-1]))
        begin = np.full((len(images), 1), BEGIN)
        scores = self(images, np.concatenate([begin, read[:, :-1]], axis=1))
        rows, places = np.indices(read.shape)
        itself = np.zeros(scores.shape, scores.dtype)
        itself[rows, places, read] = -np.inf
        return scores[rows, places, read] - logsumexp(scores + itself, axis=-1)

    def picture_of(self, memory: Array) -> Array:
        """What the whole picture is: memory (n, places, features) → (n, whole), of unit length."""
        return unit_length(self.picture(memory))

    def contrastive_loss(self, views: Array, captions: np.ndarray, same: np.ndarray | None = None) -> Tensor:
        """The loss of captions that each have two pictures, and with it that the two be known again as one:

            L = loss(x₁ and x₂, captions) + info_nce(whole(x₁), whole(x₂))

        views (2n, side, side, channels), all first ones, then all second ones, such as drawings in two styles;
        captions (n, ...); `same[i, j]` marks those that can't be told apart, and are no mistake. The scale of InfoNCE
        is learned, from 1 / 0.07, held at 100 at most. Raises ValueError for a model without `whole`.
        """
        if not self.whole:
            raise ValueError("Captioner.contrastive_loss: whole is 0; make it with whole=128, say")
        memory, n = self.encoder(views), len(captions)
        both = np.concatenate([captions, captions])
        said = cross_entropy(self.scores(memory, both[:, :-1]), both[:, 1:], ignore_index=PADDING)
        pictures, scale = self.picture_of(memory), np.exp(clip(self.log_scale, None, math.log(100)))
        return said + info_nce(pictures[:n], pictures[n:], scale, same)

    def step(self, state: tuple[Array, np.ndarray], tokens: np.ndarray) -> tuple[Array, Any]:
        """The step of `decoding`; the state is the memory, and what is written so far."""
        memory, written = state
        written = np.concatenate([written, tokens[:, None]], axis=1)
        return self.scores(memory, written)[:, -1], (memory, written)

    def write(
        self, images: np.ndarray, width: int = 1, length_power: float = 0.6, mirrored: np.ndarray | None = None
    ) -> list[Hypothesis]:
        """The caption of each picture, each word after those the model wrote itself: greedily, or by a beam's width."""
        return [found[0] for found in self.alternatives(images, width, length_power, mirrored)]

    def alternatives(
        self, images: np.ndarray, width: int, length_power: float = 0.6, mirrored: np.ndarray | None = None
    ) -> list[list[Hypothesis]]:
        """For each picture up to `width` captions, best first, as `decoding.beam` finds them; with `mirrored`, as
        `second_look` ranks them."""
        with no_grad():
            memory = self.encoder(images).data
        state = memory, np.empty((len(images), 0), np.int64)
        begin = np.full(len(images), BEGIN)
        found = beam(self.step, state, begin, END, self.longest, NEVER, width, length_power)
        return found if mirrored is None else self.second_look(images, found, mirrored, length_power)

    def second_look(
        self, images: np.ndarray, found: Sequence[Sequence[Hypothesis]], mirrored: np.ndarray, length_power: float = 0.6
    ) -> list[list[Hypothesis]]:
        """Captions found for each picture, ranked anew, what the mirrored picture says of them counted as much:

            ln p(w | x) and ln p(mirrored[w] | mirror image of x), their mean

        images (n, side, side, channels), mirrored left and right; `mirrored` (vocabulary,) is what each token is called
        then, "left" being "right". Two looks err in different places. A text that was cut off stays behind those that
        ended. Source: rescoring of several best texts, and the mean over views of a picture (Krizhevsky et al. 2012).
        """
        rows = np.repeat(np.arange(len(found)), [len(texts) for texts in found])
        read = padded([[BEGIN, *text.tokens, END] for texts in found for text in texts])[0]
        captions = np.asarray(mirrored)[read[:, : self.longest + 1]]  # the END of what was cut off isn't asked for
        with no_grad():
            memory = self.encoder(np.ascontiguousarray(images[:, :, ::-1])).data
            log_p = log_softmax(self.scores(memory[rows], captions[:, :-1])).data
        each = np.take_along_axis(log_p, captions[:, 1:, None], axis=-1)[..., 0]
        again = iter((each * (captions[:, 1:] != PADDING)).sum(axis=1, dtype=np.float64).tolist())
        weighed = [
            [replace(t, log_probability=(t.log_probability + next(again)) / 2) for t in texts] for texts in found
        ]
        return [ranked(texts, length_power) for texts in weighed]

    def forced(self, images: np.ndarray, captions: np.ndarray) -> list[tuple[int, ...]]:
        """The most probable word at each place after the *true* words before it: no text that the model wrote, since a
        mistake is corrected before the next word. As many words as the true caption has."""
        with no_grad():
            scores = self(images, captions[:, :-1])
        best = np.array(scores.data)
        best[..., list(NEVER)] = -np.inf
        lengths = (captions[:, 1:] > END).sum(axis=1)
        return [tuple(row[:n].tolist()) for row, n in zip(best.argmax(axis=-1), lengths, strict=True)]

    def attention(self, images: np.ndarray, tokens: Sequence[int]) -> np.ndarray:
        """Where one picture (1, side, side, channels) is looked at for each of these tokens and the END, if there was
        room for it: the weights of the last layer's cross-attention, mean of its heads, (tokens + 1, *grid), each
        summing to 1; a picture's grid is (rows, columns)."""
        read = [BEGIN, *tokens][: self.longest]
        with attention_maps(self.decoder) as maps, no_grad():
            self(images, np.array([read]))
        (seen,) = maps[f"layers.{len(self.decoder.layers) - 1}.cross_attention"]
        return seen[0].mean(axis=0).reshape(len(read), *self.encoder.grid)
