"""A recorded step in a notebook: the page as a widget, in Jupyter, Colab, VS Code and marimo, by anywidget."""

from __future__ import annotations

import json
import sys
import warnings
from collections.abc import Mapping
from functools import cache
from typing import Any

from tinyxm.data.sources import require
from tinyxm.steps.page import ASSETS
from tinyxm.steps.trace import dumps


def widget(trace: Mapping[str, Any]) -> Any:
    """The widget of a trace or a film; where no notebook can show it, with a warning. Raises MissingExtra without the
    extra `notebook`."""
    plain = json.loads(dumps(trace))  # as a file has it: what writes it for the front end may know no other kinds
    if hasattr(sys.modules["__main__"], "__file__") and "marimo" not in sys.modules:
        warnings.warn(
            "show: a script shows no widget; write a page by step.to_html(path), or step through it by step.play()",
            stacklevel=3,
        )
    return _kind()(trace=plain)


@cache
def _kind() -> Any:
    require("show", "notebook", ["anywidget"])
    import anywidget
    import traitlets

    class StepWidget(anywidget.AnyWidget):
        """Draws its `trace` by the module that draws the page."""

        _esm = ASSETS / "step.js"
        _css = ASSETS / "step.css"
        trace = traitlets.Dict().tag(sync=True)

    return StepWidget
