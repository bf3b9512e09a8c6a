"""Layers: modules that hold parameters and compose operations.

Read `module.py` (what a module is), `init.py` (where weights start), then any layer: each is a constructor that makes
its parameters and a `forward` of a few operations. A model is a `Module` whose attributes are layers.
"""

from tinyxm.nn import init
from tinyxm.nn.activation import ELU, GELU, LeakyReLU, ReLU, Sigmoid, SiLU, Softmax, Softplus, Tanh
from tinyxm.nn.attention import MultiHeadAttention
from tinyxm.nn.containers import ModuleDict, ModuleList, Residual, Sequential
from tinyxm.nn.convolution import Conv2d
from tinyxm.nn.embedding import Embedding, EmbeddingBag
from tinyxm.nn.linear import Bilinear, Linear
from tinyxm.nn.module import Buffer, Module, functional_call
from tinyxm.nn.normalisation import BatchNorm, GroupNorm, InstanceNorm, LayerNorm, RMSNorm
from tinyxm.nn.pooling import AveragePool2d, GlobalAveragePool, MaxPool2d
from tinyxm.nn.positions import LearnedPositions, RotaryPositions, SinusoidalPositions
from tinyxm.nn.recurrent import GRU, LSTM, RNN
from tinyxm.nn.regularisation import Dropout, SpatialDropout
from tinyxm.nn.shape import Flatten
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
    "AveragePool2d",
    "BatchNorm",
    "Bilinear",
    "Buffer",
    "Conv2d",
    "Dropout",
    "Embedding",
    "EmbeddingBag",
    "FeedForward",
    "Flatten",
    "GlobalAveragePool",
    "GroupNorm",
    "InstanceNorm",
    "LayerNorm",
    "LeakyReLU",
    "LearnedPositions",
    "Linear",
    "MaxPool2d",
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
    "functional_call",
    "init",
]
