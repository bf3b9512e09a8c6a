"""What exercise 38 is checked by: what the package counts of a matmul, and numbers of lesson 32."""

import tinyxm_kernels as kernels
from tinyxm.course import Case, Exercise, Trap


def by_the_package(m, n, k, bytes_each, peak, bandwidth):
    operations = kernels.flops("matmul", (m, k), (k, n))
    moved = kernels.bytes_moved("matmul", (m, k), (k, n), itemsize=bytes_each)
    seconds = max(operations / peak, moved / bandwidth)
    return operations / moved, operations / seconds, seconds


def cases(rng):
    def case(told, m, n, k, bytes_each=4, peak=100e9, bandwidth=20e9, expected=None, square=False):
        given = m, n, k, bytes_each, peak, bandwidth
        expected = expected or by_the_package(*given)
        return Case(told, given, expected, tolerance=1e-12, sizes={"bytes of a number": bytes_each}, square=square)

    yield case("6×6: one operation a byte, memory limits", 6, 6, 6, expected=(1.0, 20e9, 432 / 20e9), square=True)
    yield case("30×30: just at the ridge", 30, 30, 30, expected=(5.0, 100e9, 54000 / 100e9), square=True)
    yield case("512×512: arithmetic limits", 512, 512, 512, square=True)
    yield case("a matrix times a vector", 512, 1, 512)
    yield case("a row times a matrix", 1, 1024, 256)
    yield case("a column times a row: C is the largest", 700, 300, 1)
    yield case("4×8 times 8×3, of 8 bytes each", 4, 3, 8, 8)
    yield case("512×512 of 8 bytes each, half the peak", 512, 512, 512, 8, 50e9, square=True)
    yield case("a GPU: 60e12 operations, 4e12 bytes a second", 256, 128, 64, 4, 60e12, 4e12)


def wrong_somewhere(
    operations=lambda m, n, k: 2 * m * n * k,
    moved=lambda m, n, k: m * k + k * n + m * n,
    size=lambda bytes_each: bytes_each,
    roof=min,
    seconds=max,
):
    def answer(m, n, k, bytes_each, peak, bandwidth):
        work, traffic = operations(m, n, k), size(bytes_each) * moved(m, n, k)
        intensity = work / traffic
        return intensity, roof(peak, intensity * bandwidth), seconds(work / peak, traffic / bandwidth)

    return answer


def turned(m, n, k, bytes_each, peak, bandwidth):
    intensity, roof, seconds = wrong_somewhere()(m, n, k, bytes_each, peak, bandwidth)
    return 1 / intensity, roof, seconds


EXERCISE = Exercise(
    title="the roof over a matmul",
    lesson="32_roofline",
    points=2,
    function="matmul_roof",
    hints=(
        "A has m·k numbers, B k·n, C m·n. Each number of C takes k multiplications and k additions.",
        "The intensity is operations / bytes. For 6×6 matrices in float32 it is 432 / 432 = 1.",
        "min(peak, intensity * bandwidth) and max(operations / peak, bytes / bandwidth).",
    ),
    cases=cases,
    traps=(
        Trap(
            "a multiplication and an addition are two operations: 2 m n k",
            wrong_somewhere(operations=lambda m, n, k: m * n * k),
        ),
        Trap("numbers are counted, not bytes", wrong_somewhere(size=lambda bytes_each: 1)),
        Trap("each number has bytes_each bytes, not always 4", wrong_somewhere(size=lambda bytes_each: 4)),
        Trap("C must be written, too: its bytes are missing", wrong_somewhere(moved=lambda m, n, k: m * k + k * n)),
        Trap(
            "A and B are counted as fetched anew for each multiplication: count each number once",
            wrong_somewhere(moved=lambda m, n, k: 2 * m * n * k + m * n),
        ),
        Trap("the larger of the two limits is taken: both hold, so the smaller one counts", wrong_somewhere(roof=max)),
        Trap("the shorter of the two times is taken: the slower of the two decides", wrong_somewhere(seconds=min)),
        Trap(
            "the two times are added: they can overlap, so the longer one is the bound",
            wrong_somewhere(seconds=lambda a, b: a + b),
        ),
        Trap("it is operations for each byte, not bytes for each operation", turned),
    ),
)
