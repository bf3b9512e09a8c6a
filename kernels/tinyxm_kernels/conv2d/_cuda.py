"""What the CUDA rungs of this room share: the numbers that their kernels take, and which shapes those can address."""

from math import prod

from tinyxm_kernels.conv2d import Pair, output_shape
from tinyxm_kernels.registry import Shape

LARGEST = 2**31 - 2**16  # what an int numbers, with room for the elements of a tile that juts out beyond the last
MOST_BLOCKS = 65535  # of a grid along y, and along z


def geometry(x: Shape, w: Shape, stride: Pair, padding: Pair, dilation: Pair, groups: int) -> tuple[int, ...]:
    """The numbers that follow the arrays in every kernel: batch, height, width, in_channels, rows, columns,
    out_channels, kernel_height, kernel_width, stride, padding and dilation along y and x, groups."""
    y = output_shape(x, w, stride, padding, dilation, groups)
    return (*x, *y[1:], *w[:2], *stride, *padding, *dilation, groups)


def fits(x: Shape, w: Shape, stride: Pair, padding: Pair, dilation: Pair, groups: int) -> bool:
    """Whether an int can number the elements of x, w and y, and the pixels of an image with its padding."""
    y = output_shape(x, w, stride, padding, dilation, groups)
    padded = max(x[1] + 2 * padding[0] + stride[0], x[2] + 2 * padding[1] + stride[1])
    return max(prod(x), prod(w), prod(y), padded) <= LARGEST and groups * stride[0] * stride[1] <= MOST_BLOCKS


FITS = f"x, w and y of at most {LARGEST} elements, which an int can number"
