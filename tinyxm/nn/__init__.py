"""Layers: modules that hold parameters and compose operations.

Read `module.py` (what a module is), `init.py` (where weights start), then any layer: each is a constructor that makes
its parameters and a `forward` of a few operations. A model is a `Module` whose attributes are layers.
"""

from tinyxm.nn import init
from tinyxm.nn.activation import ELU, GELU, LeakyReLU, ReLU, Sigmoid, SiLU, Softmax, Softplus, Tanh
from tinyxm.nn.attention import MultiHeadAttention
from tinyxm.nn.containers import ModuleDict, ModuleList, Residual, Sequential
from tinyxm.nn.convolution import Conv1d, Conv2d, Conv3d, ConvTranspose1d, ConvTranspose2d, ConvTranspose3d
from tinyxm.nn.embedding import Embedding, EmbeddingBag
from tinyxm.nn.linear import Bilinear, Linear
from tinyxm.nn.module import Buffer, Module, functional_call
from tinyxm.nn.normalisation import BatchNorm, GroupNorm, InstanceNorm, LayerNorm, RMSNorm
from tinyxm.nn.pooling import (
    AdaptiveAveragePool1d,
    AdaptiveAveragePool2d,
    AdaptiveMaxPool1d,
    AdaptiveMaxPool2d,
    AveragePool1d,
    AveragePool2d,
    AveragePool3d,
    GlobalAveragePool,
    GlobalMaxPool,
    MaxPool1d,
    MaxPool2d,
    MaxPool3d,
)
from tinyxm.nn.positions import LearnedPositions, RotaryPositions, SinusoidalPositions
from tinyxm.nn.recurrent import GRU, LSTM, RNN
from tinyxm.nn.regularisation import Dropout, SpatialDropout
from tinyxm.nn.shape import Flatten, Upsample
from tinyxm.nn.transformer import (
    FeedForward,
    TransformerDecoder,
    TransformerDecoderLayer,
    TransformerEncoder,
    TransformerEncoderLayer,
)

__all__ = [
    "ELU",
    "GELU",
    "GRU",
    "LSTM",
    "RNN",
    "AdaptiveAveragePool1d",
    "AdaptiveAveragePool2d",
    "AdaptiveMaxPool1d",
    "AdaptiveMaxPool2d",
    "AveragePool1d",
    "AveragePool2d",
    "AveragePool3d",
    "BatchNorm",
    "Bilinear",
    "Buffer",
    "Conv1d",
    "Conv2d",
    "Conv3d",
    "ConvTranspose1d",
    "ConvTranspose2d",
    "ConvTranspose3d",
    "Dropout",
    "Embedding",
    "EmbeddingBag",
    "FeedForward",
    "Flatten",
    "GlobalAveragePool",
    "GlobalMaxPool",
    "GroupNorm",
    "InstanceNorm",
    "LayerNorm",
    "LeakyReLU",
    "LearnedPositions",
    "Linear",
    "MaxPool1d",
    "MaxPool2d",
    "MaxPool3d",
    "Module",
    "ModuleDict",
    "ModuleList",
    "MultiHeadAttention",
    "RMSNorm",
    "ReLU",
    "Residual",
    "RotaryPositions",
    "Sequential",
    "SiLU",
    "Sigmoid",
    "SinusoidalPositions",
    "Softmax",
    "Softplus",
    "SpatialDropout",
    "Tanh",
    "TransformerDecoder",
    "TransformerDecoderLayer",
    "TransformerEncoder",
    "TransformerEncoderLayer",
    "Upsample",
    "functional_call",
    "init",
]
