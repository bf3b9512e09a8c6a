"""The bench: how fast every rung is, beside this machine's limits and beside other libraries.

    settings = Settings(operations=("matmul",), sizes=((512, 512, 512),), threads=(1, 2))
    results = Results()
    measure(settings, results)                   # in some minutes; interrupted, `results` has what there is
    save(results.rows, "rows.json")
    draw(results.rows, results.machine, "ladder.png")

Read it in this order: `plan`, `plans` and `fused` (what is measured, and how shapes are written), `peers` (the same
call in the other libraries), `worker` (one process a library), `runner` (in turn, round by round), `figures` (speed,
ratio, and whether they decide anything), `table`, `peak` (the machine's own limits), `charts`, `mine` (a user's own
rung), `goals`, `record`, `tune`, `ahead` (compile before it is needed).
"""

from tinyxm_kernels.bench.ahead import compile_ahead
from tinyxm_kernels.bench.charts import draw
from tinyxm_kernels.bench.figures import Row
from tinyxm_kernels.bench.goals import Goal, goals, show_goals
from tinyxm_kernels.bench.plan import parse
from tinyxm_kernels.bench.plans import PLANS
from tinyxm_kernels.bench.record import record
from tinyxm_kernels.bench.runner import Machine, Results, Settings, WorkerError, check, measure
from tinyxm_kernels.bench.table import save, show_results
from tinyxm_kernels.bench.tune import tune

__all__ = [
    "PLANS",
    "Goal",
    "Machine",
    "Results",
    "Row",
    "Settings",
    "WorkerError",
    "check",
    "compile_ahead",
    "draw",
    "goals",
    "measure",
    "parse",
    "record",
    "save",
    "show_goals",
    "show_results",
    "tune",
]
