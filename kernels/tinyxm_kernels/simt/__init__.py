"""CUDA C on NumPy: the very source that a GPU would run, with every thread a lane of an array.

    program = simt.Program(Path("kernel.cu"), defines={"TILE": 16})
    run = program.launch("matmul", grid=(4, 4), block=(16, 16), arguments=[a, b, c, 64, 64, 64])

The arrays hold the result. `run.findings` is what a kernel may not do and did: accesses out of bounds, races,
uninitialised shared memory, barriers that not all threads reach, misaligned vectors. `run.lines` is a profile of each
source line: sectors of global memory beside the fewest possible, bank passes, active lanes, divergence. `run.trace` is
one warp, statement by statement. All of it is a model, counted on the source (`counters.NOT_MODELLED` says what it
leaves out); nothing is timed.

To read it in order: `source` (from CUDA C to C to a tree), `types`, `lanes` (threads and masks), `memory`, `machine`;
`operators`, `expressions`, `places`, `intrinsics`, `calls`, `statements` (from the tree to NumPy); `sanitizer`,
`races`, `counters`, `trace` (what is seen on the way); and `program`, which launches. The subset: C's statements but
switch and goto, numbers, vectors, pointers, arrays, `__device__` functions, static and dynamic shared memory,
constants, barriers, shuffles, votes, atomics, half precision, printf.
"""

from tinyxm_kernels.simt.counters import NOT_MODELLED
from tinyxm_kernels.simt.machine import LaunchError
from tinyxm_kernels.simt.program import Kernel, Parameter, Program, Run
from tinyxm_kernels.simt.sanitizer import Finding
from tinyxm_kernels.simt.source import SubsetError

__all__ = ["NOT_MODELLED", "Finding", "Kernel", "LaunchError", "Parameter", "Program", "Run", "SubsetError"]
