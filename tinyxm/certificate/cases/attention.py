"""Attention, positions and Transformers: the truth looks from one position at a time."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import partial
from typing import Any

import numpy as np

from tinyxm import nn, ops
from tinyxm.certificate.case import Case, layer, values
from tinyxm.certificate.cases.recurrent import LENGTHS, RATE, RNG, anew, factors

MASK = np.array([[True, False, True], [False, False, False]])  # the second query may attend nothing


def heads(q: Any, k: Any, v: Any, may: Any, count: int, dropped: bool = False) -> np.ndarray:
    """Attention of each head, query by query; may (batch, heads, queries, keys) or what broadcasts to it."""
    batch, queries, features = q.shape
    y, n = np.zeros((batch, queries, features)), features // count
    may = np.broadcast_to(True if may is None else may, (batch, count, queries, k.shape[1]))
    kept = factors(RNG(0), *may.shape) if dropped else np.ones(may.shape)
    for b, h, i in np.ndindex(batch, count, queries):
        columns, keys = slice(h * n, (h + 1) * n), np.flatnonzero(may[b, h, i])
        scores = np.array([q[b, i, columns] @ k[b, j, columns] / np.sqrt(n) for j in keys])
        shares = np.exp(scores - scores.max(initial=-np.inf)) if len(keys) else scores
        for share, j in zip(shares / shares.sum() if len(keys) else shares, keys, strict=True):
            y[b, i, columns] += share * kept[b, h, i, j] * v[b, j, columns]
    return y


def multi_head(given: Sequence[Any], may: Any = None, rotary: bool = False, dropped: bool = False) -> np.ndarray:
    """Of query, key, value, and the parameters."""
    query, key, value, p = given
    q, k, v = query @ p[0] + p[1], key @ p[2] + p[3], value @ p[4] + p[5]
    if rotary:
        q, k = (np.concatenate([turned(part) for part in np.split(x, 2, -1)], -1) for x in (q, k))
    return heads(q, k, v, may, 2, dropped) @ p[6] + p[7]


def turned(x: np.ndarray, start: int = 0, base: float = 10000) -> np.ndarray:
    """Pairs of features as complex numbers, times e^ipω."""
    position = np.arange(start, start + x.shape[-2])[:, None]
    omega = np.array([1 / base ** (2 * i / x.shape[-1]) for i in range(x.shape[-1] // 2)])
    z = (x[..., ::2] + 1j * x[..., 1::2]) * np.exp(1j * position * omega)
    return np.stack([z.real, z.imag], -1).reshape(x.shape)


def waves(x: np.ndarray, start: int = 0, base: float = 10000) -> np.ndarray:
    y, features = x.copy(), x.shape[-1]
    for p in range(x.shape[-2]):
        for i in range(features):
            angle = (p + start) / base ** (2 * (i // 2) / features)
            y[..., p, i] += np.cos(angle) if i % 2 else np.sin(angle)
    return y


def torch_attention(torch: Any, given: Sequence[Any], may: Any) -> Any:
    """PyTorch's, which wants (time, batch, features), and True in masks where a query may not attend."""
    query, key, value, p = given
    if may is not None:
        may = ~torch.tensor(may).expand(len(query), 2, query.shape[1], key.shape[1]).flatten(0, 1)
    y, _ = torch.nn.functional.multi_head_attention_forward(
        *(x.transpose(0, 1) for x in (query, key, value)), p[6].shape[0], 2, None, torch.cat([p[1], p[3], p[5]]),
        None, None, False, 0.0, p[6].T, p[7], training=False, need_weights=False, use_separate_proj_weight=True,
        attn_mask=may, q_proj_weight=p[0].T, k_proj_weight=p[2].T, v_proj_weight=p[4].T,
    )  # fmt: skip
    return y.transpose(0, 1)


def norm(x: np.ndarray, scale: np.ndarray, shift: np.ndarray) -> np.ndarray:
    return (x - x.mean(-1, keepdims=True)) / np.sqrt(x.var(-1, keepdims=True) + 1e-5) * scale + shift


def relu(x: np.ndarray) -> np.ndarray:
    return np.maximum(x, 0)


def transformer(
    name: str, label: str, shape: tuple[int, int], may: Any = None, memory_may: Any = None, edge: str = "",
    norm_first: bool = False, layers: int = 1, scale: float = 1.0, rotary: bool = False, dropped: bool = False,
    activation: Callable[[Any], Any] | None = None, **told: Any,
) -> Case:  # fmt: skip
    """A case of 2 heads, 4 features, 3 hidden ones; told masks twice: as they are, and as our layer is told them."""
    decoder, stack, own = "Decoder" in name, not name.endswith("Layer"), 26 if "Decoder" in name else 16

    def truth(x: np.ndarray, *arrays: np.ndarray) -> np.ndarray:
        memory, p = (arrays[0], arrays[1:]) if decoder else (x, arrays)
        rng = RNG(0)

        def add(x: np.ndarray, part: Callable[..., Any], scale: Any, shift: Any) -> np.ndarray:
            kept = factors(rng, *x.shape) if dropped else 1
            return x + kept * part(norm(x, scale, shift)) if norm_first else norm(x + kept * part(x), scale, shift)

        for i in range(layers):
            q = p[i * own : (i + 1) * own]
            x = add(x, lambda x, q=q: multi_head((x, x, x, q[:8]), may, rotary), *q[8:10])
            if decoder:
                x = add(x, lambda x, q=q: multi_head((x, memory, memory, q[10:18]), memory_may), *q[18:20])
            x = add(x, lambda x, q=q: (activation or relu)(x @ q[-6] + q[-5]) @ q[-4] + q[-3], *q[-2:])
        return norm(x, *p[-2:]) if norm_first and stack else x

    def torch(torch: Any, x: Any, *arrays: Any) -> Any:
        p = arrays[decoder:]
        kind = torch.nn.TransformerDecoderLayer if decoder else torch.nn.TransformerEncoderLayer
        module = kind(4, 2, 3, 0.0, batch_first=True, norm_first=norm_first)
        if stack:
            last = torch.nn.LayerNorm(4) if norm_first else None
            module = (torch.nn.TransformerDecoder if decoder else torch.nn.TransformerEncoder)(module, layers, last)
        state = {"norm.weight": p[-2], "norm.bias": p[-1]} if norm_first and stack else {}
        for i in range(layers):
            q, path = p[i * own : (i + 1) * own], f"layers.{i}." if stack else ""
            for start, part in ((0, "self_attn"), *([(10, "multihead_attn")] if decoder else [])):
                weights = q[start : start + 8]
                state[f"{path}{part}.in_proj_weight"] = torch.cat([w.T for w in weights[:6:2]])
                state[f"{path}{part}.in_proj_bias"] = torch.cat(weights[1:6:2])
                state[f"{path}{part}.out_proj.weight"], state[f"{path}{part}.out_proj.bias"] = weights[6].T, weights[7]
            for number, at in enumerate((8, 18, own - 2) if decoder else (8, own - 2), 1):
                state[f"{path}norm{number}.weight"], state[f"{path}norm{number}.bias"] = q[at], q[at + 1]
            for number, at in ((1, -6), (2, -4)):
                state[f"{path}linear{number}.weight"], state[f"{path}linear{number}.bias"] = q[at].T, q[at + 1]
        masks = {}
        for key, allowed, keys in (
            ("tgt_mask" if decoder else "mask" if stack else "src_mask", may, x.shape[1]),
            ("memory_mask", memory_may if decoder else None, arrays[0].shape[1]),
        ):
            if allowed is not None:
                masks[key] = ~torch.tensor(allowed).expand(len(x), 2, x.shape[1], keys).flatten(0, 1)
        return torch.func.functional_call(module.eval(), state, (x, *arrays[:decoder]), masks)

    def call(module: Any, *inputs: Any) -> Any:
        if dropped:  # from what is added alone
            anew(module).dropout.rate = RATE
        return module(*inputs, **told)

    options: dict[str, Any] = {"layers": layers} if stack else {}
    options |= {"activation": activation} if activation else {}
    options |= {"hidden_features": 3, "dropout": 0.0, "norm_first": norm_first, "rotary": rotary}
    make, known = partial(getattr(nn, name), 4, 2, **options), not (rotary or dropped or activation)
    inputs = [values(*shape, 4) * scale] + [values(shape[0], 3, 4, seed=1) * scale] * decoder
    return layer(name, label, make, inputs, truth, torch if known and shape[0] * shape[1] else None, edge, call=call)


def multi_head_case(
    label: str, queries: int, keys: int = 0, may: Any = None, edge: str = "", batch: int = 3, scale: float = 1.0,
    widths: tuple[int, ...] = (4,), rotary: bool = False, oracle: bool = True, dropped: bool = False, **told: Any,
) -> Case:  # fmt: skip
    """A case of 2 heads and 4 features: of one input, or with keys of their own (and, of two widths, values)."""
    shapes = [(batch, queries, 4), *((batch, keys, width) for width in widths if keys)]

    def given(arrays: Sequence[Any]) -> list[Any]:
        return [*arrays[: len(shapes)], *[arrays[len(shapes) - 1]] * (3 - len(shapes)), arrays[len(shapes) :]]

    def call(module: Any, *inputs: Any) -> Any:
        return anew(module)(*inputs, **told)

    known = oracle and not rotary and not dropped
    key_features, value_features = (*widths, *widths)[:2]
    make = partial(nn.MultiHeadAttention, 4, 2, RATE * dropped, key_features, value_features, rotary=rotary)
    return layer(
        "MultiHeadAttention", label, make, [values(*shape, seed=i) * scale for i, shape in enumerate(shapes)],
        lambda *arrays: multi_head(given(arrays), may, rotary, dropped),
        (lambda torch, *arrays: torch_attention(torch, given(arrays), may)) if known else None,
        edge, call=call,
    )  # fmt: skip


def plain(q: Any, k: Any, v: Any, may: Any = None) -> np.ndarray:
    """attention without heads, of arrays with any axes before the last two."""
    batch = np.broadcast_shapes(q.shape[:-2], k.shape[:-2])
    q, k, v = (np.broadcast_to(x, (*batch, *x.shape[-2:])) for x in (q, k, v))
    may = np.broadcast_to(True if may is None else may, (*batch, q.shape[-2], k.shape[-2]))
    y = np.zeros((*q.shape[:-1], v.shape[-1]))
    for place in np.ndindex(*batch, q.shape[-2]):
        keys, values = k[place[:-1]][may[place]], v[place[:-1]][may[place]]
        if len(keys):
            e = np.exp(keys @ q[place] / np.sqrt(q.shape[-1]) - np.max(keys @ q[place] / np.sqrt(q.shape[-1])))
            y[place] = e / e.sum() @ values
    return y


def masked(a: np.ndarray, may: Any = True) -> np.ndarray:
    """Softmax of each row's chosen elements."""
    y, may = np.zeros_like(a), np.broadcast_to(may, a.shape)
    for place in np.ndindex(*a.shape[:-1]):
        if may[place].any():
            e = np.exp(a[place][may[place]] - a[place][may[place]].max())
            y[place][may[place]] = e / e.sum()
    return y


def shares(x: Any, w_q: Any, b_q: Any, w_k: Any, b_k: Any) -> np.ndarray:
    """The weights of two heads."""
    q, k = (np.stack(np.split(a, 2, -1), 1) for a in (x @ w_q + b_q, x @ w_k + b_k))
    return masked(np.einsum("bhin,bhjn->bhij", q, k) / np.sqrt(q.shape[-1]))


CAUSAL3, CAUSAL23 = np.tri(3, dtype=bool), np.tri(2, 3, dtype=bool)
REAL = (np.arange(3) < np.array(LENGTHS)[:, None])[:, None, None]  # the keys that LENGTHS leaves
SOME = values(2, 2, 3, 3) > -1
SOME |= np.eye(3, dtype=bool)

CASES: list[Case] = []

for label, mask, causal, edge, shapes, scale in (
    ("", None, False, "", ((2, 2, 4), (2, 3, 4), (2, 3, 2)), 1.0),
    ("causal", None, True, "", ((2, 2, 4), (2, 3, 4), (2, 3, 2)), 1.0),
    ("masked", MASK, False, "", ((2, 2, 4), (2, 3, 4), (2, 3, 2)), 1.0),
    ("masked and causal", MASK, True, "", ((2, 3), (3, 3), (3, 2)), 1.0),
    ("one key for all batches", None, False, "broadcast", ((2, 1, 2, 4), (3, 3, 4), (1, 3, 2)), 1.0),
    ("", None, False, "size one", ((1, 1), (1, 1), (1, 1)), 1.0),
    ("no queries", None, False, "empty", ((2, 0, 4), (2, 3, 4), (2, 3, 2)), 1.0),
    ("no keys", None, False, "empty", ((2, 2, 4), (2, 0, 4), (2, 0, 2)), 1.0),
    ("", MASK, False, "large", ((2, 2, 4), (2, 3, 4), (2, 3, 2)), 1e3),
    ("", None, False, "tiny", ((2, 2, 4), (2, 3, 4), (2, 3, 2)), 1e-12),
):
    drawn = tuple(values(*shape, seed=i) * scale for i, shape in enumerate(shapes))
    may = CAUSAL23[: shapes[0][-2], : shapes[1][-2]] if causal else None
    may = may if mask is None else mask if may is None else mask & may
    CASES.append(
        Case(
            "attention", "operation", label, partial(ops.attention, mask=mask, causal=causal), drawn,
            partial(plain, may=may),
            lambda torch, q, k, v, may=may: torch.nn.functional.scaled_dot_product_attention(
                q, k, v, None if may is None else torch.tensor(may)
            ) if q.shape[-2] and k.shape[-2] else torch.zeros_like(q @ k.mT @ v),
            edge,
        )
    )  # fmt: skip
    CASES.append(
        Case(
            "attention_weights", "operation", label, partial(ops.attention_weights, mask=mask, causal=causal),
            drawn[:2],
            lambda q, k, may=True if may is None else may: masked(q @ np.swapaxes(k, -1, -2) / q.shape[-1] ** 0.5, may),
            None, edge,
        )
    )  # fmt: skip

drawn = values(2, 2, 4), values(2, 3, 4, seed=1), values(2, 3, 2, seed=2)
for name, function, n in (
    ("attention", plain, 3),
    ("attention_weights", lambda q, k: masked(q @ k.mT / 2), 2),
):
    CASES.append(Case(
        name, "operation", "of another scale", partial(getattr(ops, name), scale=0.3), drawn[:n],
        lambda q, *rest, f=function: f(q * 0.3 * 2, *rest),
        (lambda torch, *qkv: torch.nn.functional.scaled_dot_product_attention(*qkv, scale=0.3)) if n > 2 else None,
    ))  # fmt: skip

for label, a, mask, edge in (
    ("", values(2, 3), MASK, ""),
    ("every place", values(2, 3), np.ones((2, 3), bool), ""),
    ("one mask for all", values(3, 2, 3), MASK, "broadcast"),
    ("", values(1), np.ones(1, bool), "size one"),
    ("no places", values(2, 0), np.ones((2, 0), bool), "empty"),
    ("", values(2, 3) * 1e4, MASK, "large"),
    ("", values(2, 3) * 1e-20, MASK, "tiny"),
    ("two the same", np.array([[1.0, 1.0, 3.0]]), np.array([True, True, False]), "ties"),
):
    CASES.append(
        Case(
            "masked_softmax", "operation", label, partial(ops.masked_softmax, mask=mask), (a,),
            partial(masked, may=mask),
            lambda torch, a, mask=mask: torch.softmax(a.masked_fill(~torch.tensor(mask), -torch.inf), -1).nan_to_num(),
            edge,
        )
    )  # fmt: skip

CASES.append(layer(
    "FeedForward", "tanh, dropout", partial(nn.FeedForward, 4, 3, RATE, np.tanh), [values(2, 3, 4)],
    lambda x, w1, b1, w2, b2: np.tanh(x @ w1 + b1) * factors(RNG(0), 2, 3, 3) @ w2 + b2,
    call=lambda module, x: anew(module)(x),
))  # fmt: skip
CASES += [
    multi_head_case("self", 3),
    multi_head_case("causal", 3, may=CAUSAL3, causal=True),
    multi_head_case("cross, widths of their own", 2, 3, widths=(3, 5)),
    multi_head_case("masked", 3, may=SOME[:, :1], batch=2, mask=SOME[:, :1], edge="broadcast"),
    multi_head_case("masked by head and causal", 3, may=SOME & CAUSAL3, batch=2, mask=SOME, causal=True),
    multi_head_case("by length, one of 0", 2, 3, may=REAL, oracle=False, lengths=LENGTHS),
    multi_head_case("by length and masked", 3, may=SOME & REAL[[0, 2]], batch=2, mask=SOME, lengths=[3, 2]),
    multi_head_case("dropout", 3, 2, dropped=True),
    layer(
        "MultiHeadAttention",
        "its weights",
        partial(nn.MultiHeadAttention, 4, 2),
        [values(2, 3, 4)],
        lambda x, *p: shares(x, *p[:4]),
        call=lambda module, x: module(x, weights=True)[1],
    ),
    multi_head_case("rotary, causal", 3, may=CAUSAL3, rotary=True, causal=True),
    multi_head_case("", 1, edge="size one", batch=1),
    multi_head_case("no batch", 2, edge="empty", batch=0, oracle=False),
    multi_head_case("no time", 0, edge="empty", oracle=False),
    multi_head_case("saturated", 3, edge="large", scale=1e3),
]

for name in ("TransformerEncoderLayer", "TransformerDecoderLayer", "TransformerEncoder", "TransformerDecoder"):
    decoder, layers = "Decoder" in name, 1 if name.endswith("Layer") else 2
    free: dict[str, Any] = {"causal": False} if decoder else {}  # a decoder is causal unless told not to be
    told: dict[str, Any] = {"mask": SOME, "memory_mask": SOME[:, :1]} if decoder else {"mask": SOME, "causal": True}
    ends: dict[str, Any] = {"memory_lengths": [3, 2], "causal": False} if decoder else {"lengths": [3, 2]}
    real = REAL[[0, 2]]
    for first in (False, True):
        how = "pre-norm" if first else "post-norm"
        CASES.append(transformer(name, how, (2, 2), norm_first=first, layers=layers if first else 1, **free))
        if layers == 1:
            CASES.append(transformer(name, f"{how}, dropout", (2, 2), norm_first=first, dropped=True, **free))
    CASES += [
        transformer(name, "rotary, tanh", (2, 3), rotary=True, activation=np.tanh, **free),
        transformer(name, "masked", (2, 3), SOME & CAUSAL3, SOME[:, :1], "broadcast", **told),
        transformer(name, "by length", (2, 3), None if decoder else real, real, norm_first=True, **ends),
        *(
            transformer(name, "", shape, edge=edge, scale=scale, norm_first=edge != "large", **free)
            for edge, shape, scale in (
                ("size one", (1, 1), 1.0),
                ("empty", (0, 2), 1.0),
                ("large", (2, 2), 1e3),
            )
        ),
    ]

for edge, shape, scale in (
    ("", (2, 3, 4), 1.0),
    ("broadcast", (2, 2, 3, 4), 1.0),
    ("size one", (1, 2), 1.0),
    ("empty", (2, 0, 4), 1.0),
    ("large", (2, 3, 4), 1e3),
    ("tiny", (2, 3, 4), 1e-12),
):
    x = values(*shape) * scale
    for start, base in ((0, 10000.0), (5, 100.0)):
        waved, turning = partial(waves, start=start, base=base), partial(turned, start=start, base=base)
        for name, make, truth in (
            ("SinusoidalPositions", partial(nn.SinusoidalPositions, shape[-1], base), waved),
            ("RotaryPositions", partial(nn.RotaryPositions, shape[-1], base), turning),
            (
                "LearnedPositions",
                partial(nn.LearnedPositions, 9, shape[-1]),
                lambda x, w, start=start: x + w[start : start + x.shape[-2]],
            ),
        ):
            call = lambda m, x, start=start: m(x, start)  # noqa: E731
            CASES.append(layer(name, f"from {start}", make, [x], truth, None, edge, call=call))
    CASES.append(
        layer(
            "FeedForward", "", partial(nn.FeedForward, shape[-1], 3), [x],
            lambda x, w1, b1, w2, b2: np.maximum(x @ w1 + b1, 0) @ w2 + b2,
            lambda torch, x, w1, b1, w2, b2: torch.relu(x @ w1 + b1) @ w2 + b2, edge,
        )
    )  # fmt: skip
