"""Exercise 38, solved: the operations, the bytes, and what follows of them."""


def matmul_roof(m, n, k, bytes_each, peak, bandwidth):
    """(I, most operations a second, least seconds). bytes_each: of a number; peak in 1/s, bandwidth in bytes/s."""
    operations, moved = 2 * m * n * k, bytes_each * (m * k + k * n + m * n)
    intensity = operations / moved
    return intensity, min(peak, intensity * bandwidth), max(operations / peak, moved / bandwidth)
