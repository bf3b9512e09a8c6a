"""Kernels for learning: the few operations that take the time, arrays in, arrays out.

There is no Tensor and no gradient tape here, so the package serves alone. Each operation has a room, a sub-package
whose docstring tells its formula and its cost, and in the room a ladder of implementations, the rungs, each in one
short file: `reference` says what is true, the others the same faster. All rungs of an operation agree to rounding.

    import tinyxm_kernels as kernels
    y = kernels.conv2d(x, w, stride=(2, 2), padding=(1, 1))
    print(kernels.rules())                       # which rung runs, and why
    with kernels.using("conv2d=reference"):      # climb down a step
        y = kernels.conv2d(x, w, stride=(2, 2), padding=(1, 1))

Arrays are float32 or float64, channels last: images (batch, height, width, channels), convolution weights
(kernel_height, kernel_width, in_channels, out_channels). A rung is imported when it is first asked for.
"""

from tinyxm_kernels.activations import gelu, gelu_gradient, relu, relu_gradient
from tinyxm_kernels.attention import attention, attention_gradients
from tinyxm_kernels.conv2d import conv2d, conv2d_input_gradient, conv2d_weight_gradient
from tinyxm_kernels.embedding import embedding_bag, embedding_bag_weight_gradient, scatter_add_rows
from tinyxm_kernels.machine import machine
from tinyxm_kernels.matmul import linear, matmul
from tinyxm_kernels.memory import keep_freed_memory
from tinyxm_kernels.normalisation import (
    group_norm,
    group_norm_gradients,
    group_statistics,
    layer_norm,
    layer_norm_gradients,
)
from tinyxm_kernels.pooling import (
    average_pool2d,
    average_pool2d_input_gradient,
    bias_max_pool2d,
    bias_max_pool2d_input_gradient,
    max_pool2d,
    max_pool2d_input_gradient,
)
from tinyxm_kernels.reduction import reduce_sum
from tinyxm_kernels.registry import bytes_moved, chosen, flops, ladder, operations, rules, use, using
from tinyxm_kernels.softmax_cross_entropy import softmax_cross_entropy, softmax_cross_entropy_gradient
from tinyxm_kernels.threads import get_threads, set_threads, threads
from tinyxm_kernels.transpose import transpose
from tinyxm_kernels.updates import (
    adadelta_update,
    adagrad_update,
    adam_update,
    gradient_descent_update,
    momentum_update,
    rmsprop_update,
)

__all__ = [
    "adadelta_update",
    "adagrad_update",
    "adam_update",
    "attention",
    "attention_gradients",
    "average_pool2d",
    "average_pool2d_input_gradient",
    "bias_max_pool2d",
    "bias_max_pool2d_input_gradient",
    "bytes_moved",
    "chosen",
    "conv2d",
    "conv2d_input_gradient",
    "conv2d_weight_gradient",
    "embedding_bag",
    "embedding_bag_weight_gradient",
    "flops",
    "gelu",
    "gelu_gradient",
    "get_threads",
    "gradient_descent_update",
    "group_norm",
    "group_norm_gradients",
    "group_statistics",
    "keep_freed_memory",
    "ladder",
    "layer_norm",
    "layer_norm_gradients",
    "linear",
    "machine",
    "matmul",
    "max_pool2d",
    "max_pool2d_input_gradient",
    "momentum_update",
    "operations",
    "reduce_sum",
    "relu",
    "relu_gradient",
    "rmsprop_update",
    "rules",
    "scatter_add_rows",
    "set_threads",
    "softmax_cross_entropy",
    "softmax_cross_entropy_gradient",
    "threads",
    "transpose",
    "use",
    "using",
]
