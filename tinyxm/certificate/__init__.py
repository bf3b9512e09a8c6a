"""The certificate: every operation, layer, loss and optimizer, on every kernel rung, held to an independent truth.

Read `case.py` (what is tried), any file of `cases/` (on what), and `checks.py` (what is asked of it).
"""
