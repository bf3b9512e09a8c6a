"""Exercise 38: the roof over a matmul (lesson 32, 2 points).

C = A B, with A (m, k) and B (k, n): how fast can it be, whoever writes it? It takes 2 m n k operations, and must move
each number of A, B and C at least once. Operations for each byte moved are its arithmetic intensity

    I = 2 m n k / bytes

A machine does `peak` operations a second at most, and its memory gives `bandwidth` bytes a second at most. So

    operations a second ≤ min(peak, I · bandwidth),      seconds ≥ max(operations / peak, bytes / bandwidth)

Where the first limit is the smaller one, arithmetic limits; else memory does, and faster arithmetic would change
nothing. Then ask

    tinyxm check ex38
"""


def matmul_roof(m, n, k, bytes_each, peak, bandwidth):
    """(I, most operations a second, least seconds). bytes_each: of a number; peak in 1/s, bandwidth in bytes/s."""
    raise NotImplementedError
