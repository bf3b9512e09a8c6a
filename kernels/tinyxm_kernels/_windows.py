"""What convolution and pooling share: the padded image, and the pixels that one tap of the window meets."""

from collections.abc import Iterator
from typing import Any

import numpy as np
from numpy.typing import NDArray

from tinyxm_kernels.registry import Shape

Tap = tuple[int, int, tuple[slice, ...]]


def padded(x: NDArray[Any], padding: Shape, value: float = 0) -> NDArray[Any]:
    """x with `value` around each image; x itself where there is no padding."""
    if not any(padding):
        return x
    (rows, columns), (batch, height, width, channels) = padding, x.shape
    x_padded = np.full_like(x, value, order="C", shape=(batch, height + 2 * rows, width + 2 * columns, channels))
    x_padded[:, rows : rows + height, columns : columns + width] = x
    return x_padded


def inside(x_padded: NDArray[Any], padding: Shape) -> NDArray[Any]:
    """The image within its padding, as a view."""
    (rows, columns), (_, height, width, _) = padding, x_padded.shape
    return x_padded[:, rows : height - rows, columns : width - columns]


def taps(window: Shape, grid: Shape, stride: Shape, dilation: Shape = (1, 1)) -> Iterator[Tap]:
    """(i, j, index), row-major: `x_padded[index]` is what tap (i, j) of each window in the grid looks at."""
    for i in range(window[0]):
        for j in range(window[1]):
            top, left = i * dilation[0], j * dilation[1]
            rows = slice(top, top + stride[0] * grid[0], stride[0])
            yield i, j, (slice(None), rows, slice(left, left + stride[1] * grid[1], stride[1]))
