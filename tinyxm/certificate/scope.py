"""What must be certified: every public operation, loss, layer and optimizer; and what isn't asked of which, and why."""

from __future__ import annotations

import inspect

from tinyxm import nn, ops, optim

_LARGEST = "AdaptiveMaxPool1d AdaptiveMaxPool2d GlobalMaxPool MaxPool1d MaxPool2d MaxPool3d"
_KINKED = "ELU LeakyReLU ReLU"
_TABLES = "Embedding EmbeddingBag"
_SMOOTH = (
    f"Conv1d Conv2d Conv3d ConvTranspose1d ConvTranspose2d ConvTranspose3d AdaptiveAveragePool1d {_TABLES} "
    "AdaptiveAveragePool2d AveragePool1d AveragePool2d AveragePool3d GlobalAveragePool BatchNorm GroupNorm "
    "InstanceNorm LayerNorm RMSNorm GELU SiLU Sigmoid Softmax Softplus Tanh Dropout SpatialDropout Flatten Linear "
    "Residual Sequential Upsample"
)
_RECURRENT = "GRU LSTM RNN"
_TRANSFORMERS = (
    "MultiHeadAttention TransformerDecoder TransformerDecoderLayer TransformerEncoder TransformerEncoderLayer"
)
_SEQUENCES = f"{_RECURRENT} {_TRANSFORMERS} FeedForward LearnedPositions RotaryPositions SinusoidalPositions"
_ATTENTION = "attention attention_weights"
_NORMS = "batch_norm group_norm instance_norm layer_norm rms_norm standardise unit_length"
_ROWS = "embedding embedding_bag"
_PAIRWISE = "info_nce sigmoid_contrastive"
_SMOOTH_LOSSES = f"cross_entropies cross_entropy ctc kl_divergence nll squared_error {_PAIRWISE} softmax log_softmax"
_KINKED_LOSSES = "absolute_error hinge huber triplet"
_MOVES = (
    "array_split atleast_1d atleast_2d column_stack concatenate expand_dims flip hstack moveaxis pad ravel repeat "
    "reshape roll split squeeze stack swapaxes tile transpose unstack vstack"
)
_PRODUCTS = "dot einsum inner kron matmul outer solve"
_WINDOWS = (
    "conv1d conv2d conv3d conv_transpose1d conv_transpose2d conv_transpose3d average_pool1d average_pool2d "
    "average_pool3d adaptive_average_pool1d adaptive_average_pool2d global_average_pool resize"
)
_LARGEST_OF = "bias_max_pool2d max_pool1d max_pool2d max_pool3d adaptive_max_pool1d adaptive_max_pool2d global_max_pool"
_LINEAR = (
    "cholesky det diag diagonal inv tensordot trace transposed vdot tril triu whiten frames irfft overlap_add rfft "
    f"stft {_WINDOWS}"
)
_LOOKUPS = "getitem scatter_add take take_along_axis masked_fill"
_PLACES = "argmax argmin argsort"
_EACH = (
    "arcsinh arctan astype cos cosh erf exp exp2 expm1 log log10 log1p log2 negative positive reciprocal rsqrt sin "
    "sinh sqrt square tan tanh gelu sigmoid silu softplus cumprod cumsum diff logsumexp mean prod sum var "
    "arccos arccosh arcsin arctanh"
)
_STEPS = "abs elu leaky_relu nan_to_num relu sign"
_PAIRS = "add average divide logaddexp multiply subtract where"
NOT_ASKED: dict[str, dict[str, str]] = {  # check -> why it isn't asked of these names
    "first order": {"integers have no gradient": _PLACES},
    "second order": {"integers have no gradient": _PLACES},
    "broadcast": {
        "a layer of one input, to whose size its parameters are made": f"{_SMOOTH} {_KINKED} {_LARGEST} {_RECURRENT}",
        "an operation of one array, or of arrays that must fit": (
            f"{_EACH} {_STEPS} {_MOVES} {_PLACES} getitem scatter_add take max median min norm sort std top_k {_NORMS} "
            f"{_ROWS} {_SMOOTH_LOSSES} {_KINKED_LOSSES} {_LINEAR} {_LARGEST_OF} linear"
        ),
    },
    "ties": {
        "it doesn't compare inputs with one another": f"{_SMOOTH} {_KINKED} {_SEQUENCES} Bilinear",
        "it compares no numbers": (
            f"{_EACH} {_STEPS} {_PAIRS} {_MOVES} {_LOOKUPS} broadcast_to std arctan2 hypot power {_ATTENTION} {_NORMS} "
            f"{_ROWS} {_SMOOTH_LOSSES} binary_cross_entropy {_LINEAR} {_PRODUCTS} linear"
        ),
    },
    "subgradient": {
        "it is smooth everywhere": f"{_SMOOTH} {_SEQUENCES} {_ATTENTION} masked_softmax Bilinear",
        "its kinks are ties": f"{_LARGEST} {_LARGEST_OF}",
        "it is smooth where it is defined": (
            f"{_EACH} {_PAIRS} {_MOVES} {_LOOKUPS} {_NORMS} {_ROWS} {_SMOOTH_LOSSES} broadcast_to binary_cross_entropy "
            f"{_LINEAR} {_PRODUCTS}"
        ),
        "it has no gradient": _PLACES,
    },
    "empty": {"without a row there is no pair": _PAIRWISE},
    "large": {
        "it takes numbers from −1 to 1": "arccos arcsin arctanh",
        "it only looks up and adds": f"{_TABLES} {_ROWS}",
        "it moves numbers and computes none": f"{_MOVES} broadcast_to transposed",
    },
    "tiny": {
        "it takes numbers from 1": "arccosh",
        "it only looks up and adds": f"{_TABLES} {_ROWS}",
        "it moves numbers and computes none": f"{_MOVES} broadcast_to transposed",
        "what could underflow in it is layer_norm and masked_softmax, which are asked": _TRANSFORMERS,
    },
}
OUTSIDE: dict[str, str] = {  # public names that aren't certified, and why
    "ModuleDict": "it holds modules and computes nothing",
    "ModuleList": "it holds modules and computes nothing",
    "Module": "what all layers are made of; it computes nothing",
    "Optimizer": "what all optimizers share; it has no rule of its own",
}


def public() -> dict[str, str]:
    """Every name that needs a certificate, and its kind; a loss among the operations is told by its cases."""
    names = {name: "operation" for name in ops.__all__ if callable(getattr(ops, name))}
    names |= {name: "layer" for name in nn.__all__ if _is(getattr(nn, name), nn.Module)}
    names |= {name: "optimizer" for name in optim.__all__ if _is(getattr(optim, name), optim.Optimizer)}
    return {name: kind for name, kind in names.items() if name not in OUTSIDE}


def _is(value: object, base: type) -> bool:
    return inspect.isclass(value) and issubclass(value, base)
