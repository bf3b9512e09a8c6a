"""What happened in a training step, told number by number.

`provenance.py` remembers where numbers came from, `derivation.py` writes one of them out from its operands, and
`explain.py` prints it.
"""

from tinyxm.steps.explain import explain
from tinyxm.steps.provenance import explaining

__all__ = ["explain", "explaining"]
