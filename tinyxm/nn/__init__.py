"""Layers: modules that hold parameters and compose operations.

Read `module.py` (what a module is), `init.py` (where weights start), then any layer: each is a constructor that makes
its parameters and a `forward` of a few operations. A model is a `Module` whose attributes are layers.
"""

from tinyxm.nn import init
from tinyxm.nn.activation import ELU, GELU, LeakyReLU, ReLU, Sigmoid, SiLU, Softmax, Softplus, Tanh
from tinyxm.nn.containers import ModuleDict, ModuleList, Residual, Sequential
from tinyxm.nn.convolution import Conv2d
from tinyxm.nn.embedding import Embedding, EmbeddingBag
from tinyxm.nn.linear import Bilinear, Linear
from tinyxm.nn.module import Buffer, Module, functional_call
from tinyxm.nn.normalisation import BatchNorm, GroupNorm, InstanceNorm, LayerNorm, RMSNorm
from tinyxm.nn.pooling import AveragePool2d, GlobalAveragePool, MaxPool2d
from tinyxm.nn.regularisation import Dropout, SpatialDropout
from tinyxm.nn.shape import Flatten

__all__ = [
    "ELU",
    "GELU",
    "AveragePool2d",
    "BatchNorm",
    "Bilinear",
    "Buffer",
    "Conv2d",
    "Dropout",
    "Embedding",
    "EmbeddingBag",
    "Flatten",
    "GlobalAveragePool",
    "GroupNorm",
    "InstanceNorm",
    "LayerNorm",
    "LeakyReLU",
    "Linear",
    "MaxPool2d",
    "Module",
    "ModuleDict",
    "ModuleList",
    "RMSNorm",
    "ReLU",
    "Residual",
    "Sequential",
    "SiLU",
    "Sigmoid",
    "Softmax",
    "Softplus",
    "SpatialDropout",
    "Tanh",
    "functional_call",
    "init",
]
