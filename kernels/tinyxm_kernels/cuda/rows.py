"""How threads share out the rows of a matrix, where a row's numbers have to be summed or compared."""

WARP = 32
WARPS = 8  # of a block
LONG = 1024  # numbers from which a row is worth a block


def rows_among_threads(rows: int, length: int) -> tuple[int, tuple[int, int]]:
    """The grid, and a block of threads (along a row, rows).

    A warp takes a row: its threads tell each other their sums by shuffles, and wait for no other warp. A row of 1024
    numbers or more, 32 for each thread of a warp, is given a block, so that its memory is asked for by more at once.
    """
    if length < LONG:
        return -(-rows // WARPS), (WARP, WARPS)
    return rows, (WARP * WARPS, 1)
