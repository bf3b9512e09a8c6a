"""What a kernel asks of an array, which it sees by its address alone."""

from typing import Any

from numpy.typing import NDArray


def in_one_piece(a: NDArray[Any], boundary: int = 1) -> NDArray[Any]:
    """`a`, NumPy's or CuPy's, if its elements lie one after the other in C's order and in this machine's byte order,
    the first at an address that `boundary`, in bytes, divides; otherwise a copy of which that is true."""
    address = a.data.ptr if hasattr(a.data, "ptr") else a.ctypes.data
    if a.flags.c_contiguous and a.dtype.isnative and address % boundary == 0:
        return a
    return a.astype(a.dtype.newbyteorder("="), order="C")
