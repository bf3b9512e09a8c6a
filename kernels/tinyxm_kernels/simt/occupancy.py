"""How many blocks of a kernel a multiprocessor holds at a time, and which of its resources runs out first.

A multiprocessor (SM) hides the time that memory takes by turning to other warps, so it matters how many are there:

    occupancy = blocks · warps of a block / warps that an SM has room for
    blocks    = the least of
        warps:         ⌊room for warps / warps of a block⌋,  warps of a block = ⌈threads / 32⌉
        blocks:        the slots for blocks
        registers:     ⌊4 · ⌊a quarter of the register file / registers of a warp⌋ / warps of a block⌋,
                       where a warp takes 32 · registers of a thread, rounded up to 256: each of an SM's four
                       quarters has its own registers, and no warp spreads over two of them
        shared memory: ⌊shared memory of an SM / (of a block + 1 KiB kept by the system from sm_80 on), rounded up to
                       256 bytes before sm_80, to 128 from there on⌋

It is a bound, by what a kernel asks for: how many warps are really there depends on the grid, too, and a higher
occupancy isn't always faster.

Sources: CUDA C++ Programming Guide, Compute Capabilities, Technical Specifications (the limits); the header
cuda_occupancy.h of the CUDA toolkit (the granularities). For sm_70, which the guide's latest edition no longer has, an
earlier edition (11.8).
"""

from __future__ import annotations

from typing import NamedTuple

WARP, QUARTERS = 32, 4
THREADS_PER_BLOCK, REGISTERS_PER_THREAD, REGISTERS, REGISTER_UNIT = 1024, 255, 65536, 256  # the same for all of these
KIB = 1024


class Architecture(NamedTuple):
    """The limits of one SM that differ between architectures; memory in bytes."""

    name: str  # the compiler's, such as sm_80
    warps: int  # resident warps
    blocks: int  # resident blocks
    shared: int  # shared memory at the largest setting that the L1 cache leaves it
    shared_per_block: int  # at most, of which all over 48 KiB must be dynamic and asked for
    shared_reserved: int  # that the system takes for each block
    shared_unit: int  # shared memory comes in multiples of it


ARCHITECTURES = {
    known.name: known
    for known in (
        Architecture("sm_70", 64, 32, 96 * KIB, 96 * KIB, 0, 256),
        Architecture("sm_75", 32, 16, 64 * KIB, 64 * KIB, 0, 256),
        Architecture("sm_80", 64, 32, 164 * KIB, 163 * KIB, KIB, 128),
        Architecture("sm_86", 48, 16, 100 * KIB, 99 * KIB, KIB, 128),
        Architecture("sm_87", 48, 16, 164 * KIB, 163 * KIB, KIB, 128),
        Architecture("sm_89", 48, 24, 100 * KIB, 99 * KIB, KIB, 128),
        Architecture("sm_90", 64, 32, 228 * KIB, 227 * KIB, KIB, 128),
        Architecture("sm_100", 64, 32, 228 * KIB, 227 * KIB, KIB, 128),
        Architecture("sm_120", 48, 24, 100 * KIB, 99 * KIB, KIB, 128),
    )
}


class Occupancy(NamedTuple):
    """What an SM holds of a kernel: no blocks where one is too large to run at all."""

    architecture: str
    blocks: int
    warps: int
    fraction: float  # of the warps that there is room for
    limited_by: tuple[str, ...]  # the resources that allow no more blocks: "registers", "shared memory", ...
    allowed: dict[str, int]  # the blocks that each resource would allow


def occupancy(architecture: str, threads: int, registers: int, shared: int = 0) -> Occupancy:
    """The occupancy of a kernel on an SM of `architecture`, such as "sm_80".

    `threads` are those of a block, `registers` those of a thread, `shared` the bytes of a block, static and dynamic.
    Raises ValueError for an architecture that isn't known, and for numbers that no kernel has.
    """
    if architecture not in ARCHITECTURES:
        raise ValueError(f"occupancy: no architecture {architecture!r}; there are {', '.join(ARCHITECTURES)}")
    if threads < 1 or registers < 0 or shared < 0:
        raise ValueError(
            f"occupancy: {threads} threads a block, {registers} registers, {shared} bytes: expected at least 1, 0 and 0"
        )
    limits = ARCHITECTURES[architecture]
    warps = -(-threads // WARP)
    per_warp = _rounded(registers * WARP, REGISTER_UNIT)
    per_block = _rounded(shared + limits.shared_reserved, limits.shared_unit)

    allowed = {"warps": limits.warps // warps, "blocks": limits.blocks}
    if registers:
        allowed["registers"] = QUARTERS * (REGISTERS // QUARTERS // per_warp) // warps
    if per_block:
        allowed["shared memory"] = limits.shared // per_block
    if threads > THREADS_PER_BLOCK:
        allowed["warps"] = 0
    # A launch is checked as if a block's warps came in fours, one for each quarter
    if registers > REGISTERS_PER_THREAD or per_warp * _rounded(warps, QUARTERS) > REGISTERS:
        allowed["registers"] = 0
    if per_block > limits.shared_per_block + limits.shared_reserved:
        allowed["shared memory"] = 0

    blocks = min(allowed.values())
    limited_by = tuple(resource for resource, most in allowed.items() if most == blocks)
    return Occupancy(architecture, blocks, blocks * warps, blocks * warps / limits.warps, limited_by, allowed)


def _rounded(number: int, unit: int) -> int:
    return -(-number // unit) * unit
