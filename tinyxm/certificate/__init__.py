"""The certificate: every operation, layer, loss and optimizer, on every kernel rung, held to an independent truth.

Read `case.py` (what is tried), any file of `cases/` (on what), `checks.py` and `optimizers.py` (what is asked of it),
`scope.py` (what must have a case, and what isn't asked of it), `run.py` (the whole) and `report.py` (how it is told).
"""

from tinyxm.certificate.report import as_json, markdown, show
from tinyxm.certificate.run import CHECKS, Row, certify, known_names

__all__ = ["CHECKS", "Row", "as_json", "certify", "known_names", "markdown", "show"]
