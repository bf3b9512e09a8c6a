"""Two towers: an image and a text each become one vector of unit length, near where they mean the same.

Source: Radford et al. 2021, Learning Transferable Visual Models From Natural Language Supervision; here with a fixed
edge front end and a bag of words, small enough for a laptop.
"""

from __future__ import annotations

import math

import numpy as np

from tinyxm import nn
from tinyxm.autograd import Array, Parameter, Tensor, generator
from tinyxm.ops import clip, info_nce, sigmoid_contrastive, unit_length

Bag = tuple[np.ndarray, np.ndarray, np.ndarray]  # indices, offsets, weights: see nn.EmbeddingBag


class ImageTower(nn.Module):
    """Edge and colour channels (n, 16, 16, channels) → (n, dimensions), of unit length.

    Twice: a 3×3 convolution of stride 2, group normalisation, ReLU; then dropout and one linear map. Normalising over
    groups rather than the batch keeps a picture's vector free of its neighbours in the batch.
    """

    def __init__(
        self,
        channels: int = 11,
        widths: tuple[int, int] = (64, 128),
        dimensions: int = 128,
        dropout: float = 0.2,
        rng: np.random.Generator | None = None,
    ) -> None:
        rng = generator(rng)
        first, second = widths
        self.layers = nn.Sequential(
            nn.Conv2d(channels, first, 3, stride=2, padding=1, rng=rng),
            nn.GroupNorm(8, first),
            nn.ReLU(),
            nn.Conv2d(first, second, 3, stride=2, padding=1, rng=rng),
            nn.GroupNorm(8, second),
            nn.ReLU(),
            nn.Flatten(),
            nn.Dropout(dropout),
            nn.Linear(4 * 4 * second, dimensions, rng=rng),
        )

    def forward(self, x: Array) -> Tensor:
        return unit_length(self.layers(x))


class TextTower(nn.Module):
    """Weighted bags of words and n-grams → (n, dimensions), of unit length: their mean vector, then two linear maps.

    The embedding starts small (see nn.EmbeddingBag): what is seldom seen stays near its start, and would be noise.
    """

    def __init__(
        self,
        vocabulary: int,
        embedding: int = 128,
        hidden: int = 256,
        dimensions: int = 128,
        dropout: float = 0.2,
        rng: np.random.Generator | None = None,
    ) -> None:
        rng = generator(rng)
        self.embedding = nn.EmbeddingBag(vocabulary, embedding, rng=rng)
        self.layers = nn.Sequential(
            nn.LayerNorm(embedding),
            nn.Linear(embedding, hidden, rng=rng),
            nn.ReLU(),
            nn.Dropout(dropout),
            nn.Linear(hidden, dimensions, rng=rng),
        )

    def forward(self, bag: Bag) -> Tensor:
        return unit_length(self.layers(self.embedding(*bag)))


CONTRASTS = {"info_nce": (1 / 0.07, 0.0), "sigmoid": (10.0, -10.0)}  # the scale and the bias that each starts from


class TwoTowers(nn.Module):
    """An image and a text tower, trained so that a dot product tells how well a picture and a text agree.

    Two views of each concept, x₁ and x₂ (drawings in two styles), and its text t:

        L = (l(x₁, t) + l(x₂, t)) / 2 + l(x₁, x₂)

    The second term makes one concept's drawings agree across styles, which is what carries over to a style never seen.
    l is `contrast`: "info_nce" at a learned scale eˢ = 1 / temperature, from 1 / 0.07, held at 100 at most; or
    "sigmoid", at a learned scale from 10 and a learned bias from −10. Raises ValueError for another.
    Sources: Radford et al. 2021 (CLIP); Zhai et al. 2023, Sigmoid Loss for Language Image Pre-Training (SigLIP).
    """

    def __init__(self, image: ImageTower, text: TextTower, contrast: str = "info_nce") -> None:
        if contrast not in CONTRASTS:
            raise ValueError(f"TwoTowers: contrast {contrast!r}: expected one of {', '.join(CONTRASTS)}")
        self.image, self.text, self.contrast = image, text, contrast
        scale, bias = CONTRASTS[contrast]
        self.log_scale = Parameter(np.array([math.log(scale)] * 2, np.float32))  # image-text, image-image
        if contrast == "sigmoid":
            self.bias = Parameter(np.array([bias] * 2, np.float32))

    def loss(self, views: Array, bag: Bag, same: np.ndarray | None = None) -> Tensor:
        """L for views `(2n, 16, 16, channels)`, all first views then all second ones, and n texts, as one number.

        `same[i, j]` marks pairs of concepts whose texts are equal: no pair of theirs counts as a mistake.
        """
        images, texts = self.image(views), self.text(bag)
        n = texts.shape[0]
        if images.shape[0] != 2 * n:
            raise ValueError(f"TwoTowers: {images.shape[0]} views and {n} texts: expected two views for each text")
        first, second = images[:n], images[n:]
        scale = np.exp(clip(self.log_scale, None, math.log(100)))

        def contrast(a: Tensor, b: Tensor, which: int) -> Tensor:
            if self.contrast == "sigmoid":
                return sigmoid_contrastive(a, b, scale[which], self.bias[which], same)
            return info_nce(a, b, scale[which], same)

        return (contrast(first, texts, 0) + contrast(second, texts, 0)) * 0.5 + contrast(first, second, 1)

    @property
    def temperature(self) -> float:
        """1 / scale of the image-text loss, a number."""
        return float(np.exp(-min(self.log_scale.data[0], math.log(100))))
