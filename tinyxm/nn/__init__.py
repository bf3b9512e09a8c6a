"""Layers: modules that hold parameters and compose operations.

Read `module.py` (what a module is), `init.py` (where weights start), then any layer: each is a constructor that makes
its parameters and a `forward` of a few operations. A model is a `Module` whose attributes are layers.
"""

from tinyxm.nn import init
from tinyxm.nn.activation import GELU, ReLU, Sigmoid, Tanh
from tinyxm.nn.containers import ModuleDict, ModuleList, Residual, Sequential
from tinyxm.nn.convolution import Conv2d
from tinyxm.nn.embedding import Embedding, EmbeddingBag
from tinyxm.nn.linear import Bilinear, Linear
from tinyxm.nn.module import Buffer, Module, functional_call
from tinyxm.nn.normalisation import GroupNorm, LayerNorm
from tinyxm.nn.pooling import AveragePool2d, GlobalAveragePool, MaxPool2d
from tinyxm.nn.regularisation import Dropout, SpatialDropout
from tinyxm.nn.shape import Flatten

__all__ = [
    "GELU",
    "AveragePool2d",
    "Bilinear",
    "Buffer",
    "Conv2d",
    "Dropout",
    "Embedding",
    "EmbeddingBag",
    "Flatten",
    "GlobalAveragePool",
    "GroupNorm",
    "LayerNorm",
    "Linear",
    "MaxPool2d",
    "Module",
    "ModuleDict",
    "ModuleList",
    "ReLU",
    "Residual",
    "Sequential",
    "Sigmoid",
    "SpatialDropout",
    "Tanh",
    "functional_call",
    "init",
]
