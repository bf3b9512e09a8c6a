"""What the simulator counts of the CUDA kernels of convolution, softmax cross-entropy, layer norm and attention, beside
what it must be by their design, derived by hand in each test. A sector is 32 bytes, 8 numbers, of global memory; a pass
serves one request of a warp to shared memory, if no two of its words share a bank."""

import numpy as np
import pytest

import tinyxm_kernels as kernels
from tinyxm_kernels.cuda import launches


def drawn(*shape):
    return np.random.default_rng(0).normal(size=shape).astype(np.float32)


def counted(choice, operation, *operands):
    """What each launch of an operation did, of which the sanitizer found nothing."""
    with kernels.using(choice), launches(count=True) as seen:
        getattr(kernels, operation)(*operands)
    assert not [finding for one in seen for finding in one.run.findings]
    return [one.run for one in seen]


def accesses(run, array, operation="load"):
    """Requests and transactions of one array."""
    told = [a for line in run.lines for a in line["accesses"] if (a["array"], a["operation"]) == (array, operation)]
    return sum(a["requests"] for a in told), sum(a["transactions"] for a in told)


def shuffles(run):
    return sum(line["executions"] for line in run.lines if "__shfl" in line["source"])


def test_softmax_cross_entropy_of_rows_that_fill_sectors():
    """16 rows of 64 scores, a warp to each: two requests of 32 neighbours, 4 sectors each, and no shared memory."""
    logits, labels, g = drawn(16, 64), np.arange(16), drawn(16)
    (losses,) = counted("softmax_cross_entropy=cuda_fused", "softmax_cross_entropy", logits, labels)
    # one pass over the row; then the first lane alone reads its label and that score, and writes the loss
    assert accesses(losses, "logits") == (16 * 2 + 16, 16 * 2 * 4 + 16)
    assert accesses(losses, "labels") == accesses(losses, "losses", "store") == (16, 16)
    assert shuffles(losses) == 16 * (5 + 5)  # halvings of 32 lanes, for the greatest and for the sum
    assert losses.totals["shared_passes"] == 0

    (gradient,) = counted("softmax_cross_entropy=cuda_fused", "softmax_cross_entropy_gradient", g, logits, labels)
    assert accesses(gradient, "logits") == (2 * 16 * 2, 2 * 16 * 2 * 4)  # two passes
    assert accesses(gradient, "gradient", "store") == (16 * 2, 16 * 2 * 4)
    assert accesses(gradient, "g") == accesses(gradient, "labels") == (16, 16)  # one number for all lanes
    assert gradient.totals["sectors"] == 256 + 128 + 16 + 16


def test_softmax_cross_entropy_of_rows_that_begin_within_sectors():
    """65 scores: row n begins at number 65 n; a request meets all sectors from its first number's to its last's."""
    (run,) = counted("softmax_cross_entropy=cuda_fused", "softmax_cross_entropy", drawn(16, 65), np.zeros(16, int))
    sectors = 16  # for z[n, 0], the score of the label
    for start in range(0, 16 * 65, 65):
        for first, last in ((0, 31), (32, 63), (64, 64)):
            sectors += (start + last) // 8 - (start + first) // 8 + 1
    assert accesses(run, "logits") == (16 * 3 + 16, sectors)


def test_softmax_cross_entropy_of_a_block_to_each_row():
    """2 rows of 2048 scores, 8 warps to each: they tell one another a number twice, the greatest and the sum."""
    (run,) = counted("softmax_cross_entropy=cuda_fused", "softmax_cross_entropy", drawn(2, 2048), np.zeros(2, int))
    assert accesses(run, "logits") == (2 * 64 + 2, 2 * 64 * 4 + 2)
    assert shuffles(run) == 2 * 8 * 10
    assert accesses(run, "parts", "store") == (2 * 2 * 8, 2 * 2 * 8)  # one lane of each warp
    assert accesses(run, "parts") == (2 * 2 * 8 * 8, 2 * 2 * 8 * 8)  # each warp reads 8 numbers, the same for all lanes


def test_layer_norm_and_its_gradients():
    """64 rows of 64 features, a warp to each: a pass over a row is 2 requests of 4 sectors."""
    x, scale, g, passes = drawn(64, 64), drawn(64), drawn(64, 64), 64 * 2
    (run,) = counted("normalisation=cuda_fused", "layer_norm", x, scale, scale.copy())
    assert accesses(run, "x") == (3 * passes, 3 * passes * 4)  # for the mean, the variance and the result
    for array, operation in (("scale", "load"), ("shift", "load"), ("y", "store")):
        assert accesses(run, array, operation) == (passes, passes * 4)
    assert shuffles(run) == 64 * (5 + 5)
    assert run.totals["sectors"] == run.totals["ideal_sectors"] == 6 * passes * 4

    rows, parts, total = counted("normalisation=cuda_fused", "layer_norm_gradients", g, x, scale)
    assert accesses(rows, "x") == (3 * passes, 3 * passes * 4)
    assert accesses(rows, "g") == accesses(rows, "scale") == (2 * passes, 2 * passes * 4)  # for the sums, the result
    assert accesses(rows, "g_x", "store") == (passes, passes * 4)
    assert accesses(rows, "statistics", "store") == (64, 64)  # two numbers of a row together
    assert shuffles(rows) == 64 * 4 * 5
    # one part of 64 rows: 2 blocks of 32 features, whose 8 warps each read 8 rows
    assert parts.grid == (2, 1, 1)
    assert accesses(parts, "x") == accesses(parts, "g") == (2 * 64, 2 * 64 * 4)
    assert accesses(parts, "statistics") == (2 * 64, 2 * 64)
    # each warp stores a line of either sum; the first warp reads the seven others'
    assert accesses(parts, "products", "store") == accesses(parts, "sums", "store") == (2 * 8, 2 * 8)
    assert accesses(parts, "products") == accesses(parts, "sums") == (2 * 7, 2 * 7)
    assert accesses(total, "parts") == accesses(total, "totals", "store") == (2 * 2, 2 * 2 * 4)


X, W, AROUND = (2, 8, 8, 16), (3, 3, 16, 64), ((1, 1), (1, 1))
WITHIN = 22  # of 8 rows and 3 taps, padded by 1: pairs that meet the image, for two of the 24 don't


def test_convolution_by_a_thread_to_each_number():
    """y is (2, 8, 8, 64): a warp has 32 channels of one pixel, so all lanes pass over the same taps."""
    x, w = drawn(*X), drawn(*W)
    (run,) = counted("conv2d=cuda_direct", "conv2d", x, w, *AROUND)
    terms = 2 * WITHIN**2 * (64 // 32) * 16  # of each warp: images, pixels and taps, warps of a pixel, channels
    assert accesses(run, "x") == (terms, terms)  # one number for all lanes
    assert accesses(run, "w") == (terms, terms * 4)
    assert accesses(run, "y", "store") == (2 * 64 * 2, 2 * 64 * 2 * 4)
    assert run.totals["flops"] == 2 * 32 * terms

    # the input gradient: a warp has the 16 channels of two neighbouring pixels, whose weights lie 64 numbers apart
    (run,) = counted("conv2d=cuda_direct", "conv2d_input_gradient", drawn(2, 8, 8, 64), w, X, *AROUND)
    together = 2 * WITHIN * (4 * 3) * 64  # of each pair of pixels, and of the three taps along, one is within at least
    assert accesses(run, "w") == (together, together * 16)
    assert accesses(run, "g") == (together, 2 * WITHIN**2 * 64)  # one sector for each pixel that is within


def test_convolution_by_tiles():
    """128 pixels by 64 channels, so two blocks; 144 terms, so nine times 16, which are one tap and all its channels."""
    (run,) = counted("conv2d=cuda_implicit", "conv2d", drawn(*X), drawn(*W), *AROUND)
    assert run.grid == (2, 1, 1)
    assert accesses(run, "x")[1] == 2 * WITHIN**2 * 2  # 16 channels of a pixel are two sectors
    assert accesses(run, "w") == (2 * 9 * 32, 2 * 9 * 128)  # 16×64 numbers are 128 sectors
    assert accesses(run, "y", "store") == (2 * 128, 2 * 512)
    # a tile is 32 requests to store, and each warp reads 4 + 4 numbers of a thread for each term, without conflicts
    assert accesses(run, "left", "store") == accesses(run, "right", "store") == (2 * 9 * 32, 2 * 9 * 32)
    assert accesses(run, "left") == accesses(run, "right") == (2 * 9 * 8 * 16 * 4, 2 * 9 * 8 * 16 * 4)
    assert run.totals["flops"] == 2 * 128 * 64 * 144
    assert run.totals["shared_passes"] == run.totals["ideal_passes"] == 2 * 9 * (32 + 32 + 8 * 16 * 8)


@pytest.mark.parametrize(("causal", "tiles"), [(False, 4), (True, 3)])
def test_attention(causal, tiles):
    """Two matrices of 128 queries and keys, 64 wide: two tiles each way, of which `causal` leaves one out."""
    q, k, v = (drawn(2, 128, 64) for _ in range(3))
    (run,) = counted("attention=cuda_online", "attention", q, k, v, None, causal, 0.1)
    tiles *= 2
    for array in "qkv":
        assert accesses(run, array)[1] == tiles * 64 * 64 // 8  # Q comes anew for each tile of keys
    assert accesses(run, "y", "store")[1] == 2 * 128 * 64 // 8
    # of each matrix 64 pairs of neighbouring queries, whose two greatest, and two sums, share a sector
    assert accesses(run, "statistics", "store") == (2 * 2 * 64, 2 * 2 * 64)
    assert shuffles(run) == tiles * 8 * 4 * (4 + 4)  # warps, rows of a thread, halvings of 16 lanes
    # scores: 4 times 16 terms of Q Kᵀ, two tiles stored, 8 numbers read for each term; weights: 64·64 numbers stored;
    # mixture: 4 times 16 keys, one tile stored, and again 8 numbers read
    each = 4 * (2 * 32 + 8 * 16 * 8) + 64 * 64 // 32 + 4 * (32 + 8 * 16 * 8)
    assert run.totals["shared_passes"] == run.totals["ideal_passes"] == tiles * each
