"""The code of a step: the user's lines, and of each operation the rule that it runs, with its formula."""

from __future__ import annotations

import inspect
import linecache
from typing import Any

from tinyxm import optim
from tinyxm.steps.derivation import formula_of
from tinyxm.steps.provenance import Origin
from tinyxm.steps.step import Operation, Step
from tinyxm.steps.underived import why_underived
from tinyxm.steps.variables import file_name
from tinyxm_kernels.updates import reference

Json = dict[str, Any]


def line_of(source: tuple[str, int, str]) -> Json:
    """A user's line, with the two before and behind it."""
    file, number, function = source
    around = {k: text.rstrip("\n") for k in range(number - 2, number + 3) if (text := linecache.getline(file, k))}
    return {"file": file_name(file), "line": number, "function": function, "text": around}


def rules(step: Step) -> Json:
    """Of each operation its formula and the code of its rule; of each adjoint its code, under "matmul.a"."""
    found: Json = {}
    for op in step.operations:
        function, documented = _rule(op, step)
        name = rule_name(op, step)
        if name in found or function is None:
            continue
        found[name] = {"code": code_of(function)}
        if op.kind != "adjoint":
            found[name]["formula"] = formula_of(Origin(op.name, documented, {}, {}, {}, "", None))
        own = str(getattr(function, "__module__", "")).startswith("tinyxm.")  # not another's of that name
        if own and (why := why_underived(op.name)):
            found[name]["underived"] = why
    return found


def _method(op: Operation, step: Step) -> type | None:
    """The optimizer that an update is of."""
    own = (u.optimizer for u in step.updates if op.result in {u.after, *(new for _, new in u.state.values())})
    return next((type(o) for o in (*own, *step.optimizers) if o.operation == op.name), None)


def rule_name(op: Operation, step: Step) -> str:
    """The operation's; where several methods of the step share it, as Adam and AdamW do, the method's."""
    if op.kind != "update" or len({type(o) for o in step.optimizers if o.operation == op.name}) < 2:
        return op.name
    method = _method(op, step)
    return f"{op.name} of {method.__name__}" if method is not None else op.name


def _rule(op: Operation, step: Step) -> tuple[Any, Any]:
    """The function that an operation runs, and what documents it: of an update the reference kernel, the optimizer."""
    if op.kind == "clip":
        return (getattr(optim, op.name, None),) * 2
    if op.kind == "update":
        return getattr(reference, op.name, None), _method(op, step)
    return (op.function,) * 2


def code_of(function: Any) -> str:
    """The source of a rule; "" where there is none to be had."""
    try:
        return inspect.cleandoc("\n" + inspect.getsource(inspect.unwrap(function)))
    except (OSError, TypeError):
        return ""
