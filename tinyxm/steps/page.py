"""A recorded step as one HTML page: it holds all that it shows, asks for nothing from anywhere, opens from a file."""

from __future__ import annotations

import base64
import hashlib
import zlib
from collections.abc import Mapping, Sequence
from html import escape
from itertools import accumulate
from pathlib import Path
from string import Template
from typing import Any
from urllib.parse import parse_qsl

from tinyxm.data.sources import beside
from tinyxm.steps.trace import dumps

ASSETS = Path(__file__).with_name("page")  # built from frontend/ by `npm ci && npm run build`

_PAGE = Template("""\
<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta http-equiv="Content-Security-Policy" content="$policy">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>$title</title>
<style>$style</style>
</head>
<body>
<div id="tinyxm-step" data-at="$at">
<noscript>This page steps through a training step, and needs JavaScript for it.</noscript>
</div>
<script type="application/json" id="tinyxm-trace">$trace</script>
<script type="module">$script</script>
</body>
</html>
""")


def to_html(trace: Mapping[str, Any], at: str = "") -> str:
    """The page of a trace, as `trace.encode` makes it; it opens at the place `at`, written as in its address.

    Its content security policy lets it run the one script and the one style that it brings, and no connection at all.
    """
    style, script = (f"\n{(ASSETS / name).read_text('utf-8')}" for name in ("step.css", "step.js"))
    policy = (
        f"default-src 'none'; script-src '{_digest(script)}'; style-src '{_digest(style)}'; "
        "base-uri 'none'; form-action 'none'"
    )
    return _PAGE.substitute(
        policy=policy,
        at=escape(at),
        title=escape(str(trace["title"])),
        style=style,
        script=script,
        trace=embedded(trace),
    )


def write(trace: Mapping[str, Any], path: str | Path, at: str = "") -> None:
    """Write the page of a trace or a film, beside and renamed: what stood there stays until all of it is written."""
    with beside(Path(path)) as part:
        part.write_bytes(to_html(trace, at).encode("utf-8", "replace"))  # half a character, in a title


def check_place(trace: Mapping[str, Any], at: str) -> None:
    """Raise ValueError, which says what there is, where such an address leads to no place in the trace."""
    told = dict(parse_qsl(at, keep_blank_values=True))
    if not told.keys() <= {"op", "value", "cell", "update", "weight"} or bool(at) != bool(told):
        raise ValueError(f"to_html: at {at!r}: expected such as 'op=17&cell=3,5', or 'weight=0.weight[1,2]'")
    for key, of in {"op": "operations", "value": "values", "update": "updates"}.items():
        if key in told and not (told[key].isdecimal() and int(told[key]) < len(trace[of])):
            raise ValueError(f"to_html: at {key}={told[key]}: there are {len(trace[of])} {of}, counted from 0")
    if "weight" in told:
        shapes: dict[str, list[int]] = {}
        for update in trace["updates"]:  # of several of one parameter, by several optimizers, the second has a number
            again = sum(other["name"] == update["name"] for other in trace["updates"][: len(shapes)])
            called = f"{update['name']} (update {again + 1})" if again else update["name"]
            shapes[called] = trace["values"][update["before"]]["shape"]
        name, _, cell = told["weight"].rpartition("[")
        if name not in shapes:
            there = ", ".join(f"{known}{shape}" for known, shape in shapes.items()) or "none, as nothing was updated"
            raise ValueError(f"to_html: at weight={told['weight']}: there are, of these shapes, {there}")
        _check_cell(told["weight"], cell.removesuffix("]"), shapes[name])
    elif "cell" in told:
        number = told.get(
            "value", trace["operations"][int(told.get("op", 0))]["result"] if trace["operations"] else None
        )
        shape = [] if number is None else trace["values"][int(number)]["shape"]
        _check_cell(f"cell={told['cell']}", told["cell"], shape)


def _check_cell(what: str, cell: str, shape: Sequence[int]) -> None:
    numbers = [k.strip() for k in cell.split(",") if k.strip()]
    if len(numbers) != len(shape) or any(
        not (k.isdecimal() and int(k) < n) for k, n in zip(numbers, shape, strict=True)
    ):
        raise ValueError(f"to_html: at {what}: expected a whole number within each axis of {list(shape)}")


def embedded(trace: Mapping[str, Any]) -> str:
    """The trace as a page holds it: {"packed": its JSON without blobs, deflated, in base64, "blob"}, or as `_joined`.

    It's JSON that can stand within a script element: nothing in it ends the element, or reads as anything but data.
    """
    frames = trace.get("frames", [trace])
    bare = [{key: x for key, x in frame.items() if key != "blob"} for frame in frames]
    told = {**trace, "frames": bare} if "frames" in trace else bare[0]
    packed = base64.b64encode(zlib.compress(dumps(told).encode("ascii"), 6)).decode("ascii")
    blob = _joined([frame["blob"] for frame in frames]) if "frames" in trace else {"blob": trace.get("blob")}
    text = dumps({"packed": packed, **blob})
    for character in "<>&\u2028\u2029":
        text = text.replace(character, f"\\u{ord(character):04x}")
    return text


def _joined(blobs: Sequence[str]) -> dict[str, Any]:
    """{"blob": all of them as one, "ends": where each ends}: to begin hundreds of streams takes a browser seconds."""
    inflated = [zlib.decompress(base64.b64decode(blob)) for blob in blobs]
    whole = base64.b64encode(zlib.compress(b"".join(inflated), 6)).decode("ascii")
    return {"blob": whole, "ends": list(accumulate(map(len, inflated)))}


def _digest(text: str) -> str:
    return "sha256-" + base64.b64encode(hashlib.sha256(text.encode()).digest()).decode()
