"""The page of metrics leaves none out, and says of each when it lies."""

import re
from pathlib import Path

from tinyxm import metrics

PAGE = (Path(__file__).parents[2] / "docs" / "metrics.md").read_text("utf-8")
TYPES = {"BleuParts", "Difference", "Edits", "Interval", "Reliability", "Spread"}


def test_every_metric_stands_in_a_table():
    rows = [line.split("|")[1] for line in PAGE.splitlines() if line.startswith("| `")]
    named = [name for row in rows for name in re.findall(r"`(\w+)`", row)]
    assert sorted(named) == sorted(set(metrics.__all__) - TYPES)


def test_every_row_has_all_its_columns():
    for table in re.findall(r"(?:^\|.*\n)+", PAGE, re.MULTILINE):
        assert len({len(row.split("|")) for row in table.splitlines()}) == 1, table
