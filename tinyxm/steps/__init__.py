"""What happened in a training step, told number by number.

`provenance.py` remembers where numbers came from, `derivation.py` writes one of them out from its operands, and
`explain.py` prints it. `recording.py` records a whole step, a `step.py`; `trace.py` writes it to a file, `page.py`,
`notebook.py` and `terminal.py` show it, and `replay.py` checks it.
"""

from tinyxm.steps.explain import explain
from tinyxm.steps.film import Film, compare
from tinyxm.steps.looks import Picture
from tinyxm.steps.provenance import explaining
from tinyxm.steps.recording import record
from tinyxm.steps.replay import differences, replay
from tinyxm.steps.step import Step
from tinyxm.steps.trace import load

__all__ = ["Film", "Picture", "Step", "compare", "differences", "explain", "explaining", "load", "record", "replay"]
