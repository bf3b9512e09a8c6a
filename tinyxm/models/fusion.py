"""Fusion: several modalities, any of which may be missing, to one label. Five ways, each robust to what is absent.

Every way takes a vector of each modality, M arrays (n, features), and `present` (n, M), booleans; what stands in the
place of an absent modality has no influence. Where all are absent the answer is the frequency of the classes.
Survey: Baltrušaitis, Ahuja & Morency 2019, Multimodal Machine Learning: A Survey and Taxonomy, section 6.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from tinyxm import nn
from tinyxm.autograd import Array, Parameter, Tensor, generator
from tinyxm.autograd.places import beside, placed
from tinyxm.ops import (
    broadcast_to,
    concatenate,
    cross_entropies,
    cross_entropy,
    log_softmax,
    masked_softmax,
    relu,
    stack,
    tanh,
)

Rng = np.random.Generator | None


class Early(nn.Module):
    """One network on all vectors side by side, with zeros for what is absent and a mark for what is present

        y = W₂ relu(W₁ [m₁x₁, …, m_M x_M, m] + b₁) + b₂,   m = present

    It can learn how modalities depend on one another, and must learn each pattern of absence.
    """

    def __init__(self, modalities: int, features: int, classes: int, hidden: int = 64, rng: Rng = None) -> None:
        rng = generator(rng)
        self.first = nn.Linear(modalities * (features + 1), hidden, rng=rng)
        self.last = nn.Linear(hidden, classes, rng=rng)

    def forward(self, vectors: Sequence[Tensor], present: np.ndarray) -> Tensor:
        given = present.astype(vectors[0].dtype)
        seen = [x * given[:, [m]] for m, x in enumerate(vectors)]
        return self.last(relu(self.first(concatenate([*seen, given], axis=1))))


class Late(nn.Module):
    """A classifier for each modality, trained alone; their probabilities are multiplied as if they were independent

        log p(c | x) = Σ over present m of log pₘ(c | xₘ) − (number present − 1)·log p(c) + constant

    p(c), the frequency of the classes, is learned too. Nothing need be learned of absence: a factor is left out. Where
    modalities repeat one another it counts their evidence twice. Source: Kittler, Hatef, Duin & Matas 1998, On
    Combining Classifiers, the product rule.
    """

    def __init__(self, modalities: int, features: int, classes: int, hidden: int = 64, rng: Rng = None) -> None:
        rng = generator(rng)
        self.classifiers = nn.ModuleList(
            nn.Sequential(nn.Linear(features, hidden, rng=rng), nn.ReLU(), nn.Linear(hidden, classes, rng=rng))
            for _ in range(modalities)
        )
        self.prior = Parameter(np.zeros((1, classes), np.float32))

    def alone(self, vectors: Sequence[Tensor]) -> list[Tensor]:
        """log pₘ(c | xₘ), (n, classes), of each modality."""
        return [log_softmax(classify(x)) for classify, x in zip(self.classifiers, vectors, strict=True)]

    def forward(self, vectors: Sequence[Tensor], present: np.ndarray) -> Tensor:
        given = present.astype(vectors[0].dtype)
        evidence = stack([p * given[:, [m]] for m, p in enumerate(self.alone(vectors))])
        return np.sum(evidence, axis=0) - log_softmax(self.prior) * (given.sum(axis=1, keepdims=True) - 1)

    def loss(self, vectors: Sequence[Tensor], present: np.ndarray, labels: np.ndarray) -> Tensor:
        """Each classifier's own loss where its modality is present, and the prior's, summed."""
        n, total = len(labels), cross_entropy(broadcast_to(self.prior, (len(labels), self.prior.shape[1])), labels)
        for m, scores in enumerate(self.alone(vectors)):
            total = total + np.sum(cross_entropies(scores, labels) * present[:, m].astype(scores.dtype)) / n
        return total


class Gated(nn.Module):
    """A mean of the modalities, weighted anew for each sample by how much each has to say

        hₘ = tanh(Wₘxₘ + bₘ),   z = softmax over present m of (gₘ·[m₁x₁, …, m_M x_M, m]),   y = W Σₘ zₘhₘ + b

    A mean chooses whom to believe; whether two modalities agree it can't tell. Source: Arevalo, Solorio,
    Montes-y-Gómez & González 2017, Gated Multimodal Units for Information Fusion, whose gate has a number for each
    feature; here it is one for each modality, so that it can be read.
    """

    def __init__(self, modalities: int, features: int, classes: int, hidden: int = 64, rng: Rng = None) -> None:
        rng = generator(rng)
        self.maps = nn.ModuleList(nn.Linear(features, hidden, rng=rng) for _ in range(modalities))
        self.gate = nn.Linear(modalities * (features + 1), modalities, rng=rng)
        self.last = nn.Linear(hidden, classes, rng=rng)

    def weights(self, vectors: Sequence[Tensor], present: np.ndarray) -> Tensor:
        """z, (n, M): how much each modality counts; all 0 where none is present."""
        given = present.astype(vectors[0].dtype)
        seen = [x * given[:, [m]] for m, x in enumerate(vectors)]
        return masked_softmax(self.gate(concatenate([*seen, given], axis=1)), present)

    def forward(self, vectors: Sequence[Tensor], present: np.ndarray) -> Tensor:
        z = self.weights(vectors, present)
        mixed = [tanh(turn(x)) * z[:, m : m + 1] for m, (turn, x) in enumerate(zip(self.maps, vectors, strict=True))]
        return self.last(np.sum(stack(mixed), axis=0))


class LowRank(nn.Module):
    """All products of one feature of each modality, as a tensor of low rank, never written out

        h = Σᵣ wᵣ Πₘ (Wₘ,ᵣ mₘxₘ + bₘ,ᵣ),   y = W h + b;   r = 1 … rank

    The whole tensor of products has featuresᴹ entries for each class; its rank-R form M·R·features. An absent modality
    leaves its factor at b, which starts at 1: the products of the others. Source: Liu et al. 2018, Efficient Low-rank
    Multimodal Fusion with Modality-Specific Factors, equation 4 (b is the 1 that it appends to each vector).
    """

    def __init__(
        self, modalities: int, features: int, classes: int, hidden: int = 32, rank: int = 4, rng: Rng = None
    ) -> None:
        rng = generator(rng)
        factors = [
            nn.Linear(features, rank * hidden, initialise=nn.init.xavier_uniform, rng=rng) for _ in range(modalities)
        ]
        for factor in factors:
            factor.bias = Parameter(np.ones(rank * hidden, np.float32))
        self.factors = nn.ModuleList(factors)
        self.mixture = Parameter(rng.normal(0, rank**-0.5, (rank, 1)).astype(np.float32))
        self.rank, self.hidden = rank, hidden
        self.last = nn.Linear(hidden, classes, rng=rng)

    def forward(self, vectors: Sequence[Tensor], present: np.ndarray) -> Tensor:
        given = present.astype(vectors[0].dtype)
        factors = [factor(x * given[:, [m]]) for m, (factor, x) in enumerate(zip(self.factors, vectors, strict=True))]
        product = np.prod(stack(factors), axis=0)
        return self.last(np.sum(np.reshape(product, (len(present), self.rank, self.hidden)) * self.mixture, axis=1))


class CrossAttention(nn.Module):
    """Modalities ask one another, then a learned question asks them all; absent ones are neither asked nor heard

        T = [q, x₁ + e₁, …, x_M + e_M],   U = norm(T + attention(T)),   y = W₂ relu(W₁ U₀ + b₁) + b₂

    q is the question and eₘ tells which modality a vector is; keys are q and the present modalities. Source: Vaswani et
    al. 2017, Attention Is All You Need; between modalities: Tsai et al. 2019, Multimodal Transformer.
    """

    def __init__(
        self, modalities: int, features: int, classes: int, hidden: int = 64, heads: int = 4, rng: Rng = None
    ) -> None:
        rng = generator(rng)
        self.marks = Parameter(rng.normal(0, 0.1, (1, modalities + 1, features)).astype(np.float32))
        self.attention = nn.MultiHeadAttention(features, heads, rng=rng)
        self.norm = nn.LayerNorm(features)
        self.first, self.last = nn.Linear(features, hidden, rng=rng), nn.Linear(hidden, classes, rng=rng)

    def attended(self, vectors: Sequence[Tensor], present: np.ndarray) -> tuple[Tensor, Tensor]:
        """U (n, M + 1, features), and the weights (n, heads, M + 1, M + 1): who hears whom, the question first."""
        given = present.astype(vectors[0].dtype)
        tokens = stack([vectors[0] * 0, *(x * given[:, [m]] for m, x in enumerate(vectors))], axis=1) + self.marks
        keys = np.concatenate([np.ones_like(present[:, :1]), present], axis=1)[:, None, None, :]
        heard, weights = self.attention(tokens, mask=keys, weights=True)
        return self.norm(tokens + heard), weights

    def forward(self, vectors: Sequence[Tensor], present: np.ndarray) -> Tensor:
        return self.last(relu(self.first(self.attended(vectors, present)[0][:, 0])))


FUSIONS: dict[str, Any] = {
    "early": Early,
    "late": Late,
    "gated": Gated,
    "low_rank": LowRank,
    "cross_attention": CrossAttention,
}


class Fusion(nn.Module):
    """An encoder for each modality, xₘ (n, ...) → (n, features), then one of FUSIONS: logits (n, classes).

    `present` (n, M), by default all, may mark values as absent; these are set to 0 before anything sees them, so that
    they may be NaN. Raises ValueError where the number of modalities differs, or `present` isn't (n, M) booleans.
    """

    def __init__(self, encoders: Sequence[nn.Module], head: nn.Module) -> None:
        self.encoders, self.head = nn.ModuleList(encoders), head

    def vectors(self, inputs: Sequence[Array], present: np.ndarray | None = None) -> tuple[list[Tensor], np.ndarray]:
        """What the encoders make of the present values, and `present` itself."""
        size = (len(inputs[0]) if inputs else 0, len(self.encoders))
        if present is None and inputs:
            present = placed(np.ones(size, bool), inputs[0])
        present = beside("Fusion", present, inputs[0] if inputs else None)
        if len(inputs) != size[1] or present.shape != size or present.dtype != bool:
            raise ValueError(
                f"Fusion: {len(inputs)} modalities and present {present.dtype} {present.shape}; expected {size[1]} "
                f"modalities and booleans {size}"
            )
        kept = [np.where(present[:, m].reshape(-1, *[1] * (x.ndim - 1)), x, 0) for m, x in enumerate(inputs)]
        kind = self.parameters()[0].dtype
        return [encode(x.astype(kind)) for encode, x in zip(self.encoders, kept, strict=True)], present

    def forward(self, inputs: Sequence[Array], present: np.ndarray | None = None) -> Tensor:
        return self.head(*self.vectors(inputs, present))

    def loss(self, inputs: Sequence[Array], present: np.ndarray, labels: np.ndarray) -> Tensor:
        """The cross entropy, one number; of `Late`, each classifier's own."""
        vectors, present = self.vectors(inputs, present)
        if isinstance(self.head, Late):
            return self.head.loss(vectors, present, labels)
        return cross_entropy(self.head(vectors, present), labels)


def modality_dropout(present: np.ndarray, rate: float, rng: np.random.Generator) -> np.ndarray:
    """`present` (n, M) with each modality of each sample made absent at a rate from 0 to 1, independently

    In training it teaches a model to answer without (Neverova, Wolf, Taylor & Nebout 2016, ModDrop); in use it asks
    how well that went. Raises ValueError for another rate.
    """
    if not 0 <= rate <= 1:
        raise ValueError(f"modality_dropout: rate {rate}: expected a number from 0 to 1")
    return present & (rng.random(present.shape) >= rate)
