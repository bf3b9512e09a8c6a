"""Known mistakes, each one text of one file replaced by another, and the names whose certificate must catch it."""

from typing import NamedTuple


class Mutation(NamedTuple):
    """`right` stands exactly once in the file; with `wrong` in its place, certifying `names` must fail."""

    mistake: str
    file: str
    right: str
    wrong: str
    names: str


ELEMENTWISE, REDUCE, NORM, TAPE = (
    *(f"tinyxm/ops/{room}.py" for room in ("elementwise", "reduce", "norm")),
    "tinyxm/autograd/tape.py",
)
UPDATES, BLOCKED = (f"kernels/tinyxm_kernels/updates/{rung}.py" for rung in ("reference", "blocked"))

MUTATIONS = (
    # optimizers
    Mutation("wrong bias correction", UPDATES, "mean / (1 - beta1**step)", "mean / (1 - beta1 * step)", "Adam"),
    Mutation("bias of the square left", UPDATES, " / (1 - beta2**step)\n", "\n", "Adam"),
    Mutation("bias corrected twice on one rung", BLOCKED, "epsilon * root", "epsilon", "Adam"),
    Mutation("Nesterov without looking ahead", UPDATES, "gradient + momentum * velocity if nesterov else velocity",
             "velocity", "Nesterov"),
    Mutation("a coupled decay", "tinyxm/optim/adaptive.py", "decoupled = True", "decoupled = False", "AdamW"),
    Mutation("AMSGrad that forgets the largest", UPDATES, "np.maximum(largest, square)", "square", "AMSGrad"),
    Mutation("a velocity that doesn't last", BLOCKED, "            u *= momentum\n            u += a\n",
             "            u[...] = a\n", "RMSProp"),
    Mutation("centred on nothing", UPDATES, "square - mean**2", "square", "RMSProp"),
    Mutation("a state that isn't restored", "tinyxm/optim/optimizer.py",
             "self.steps = [int(state[f\"steps.{i}\"]) for i in range(len(self.steps))]", "pass", "Adam"),
    Mutation("the other running mean", UPDATES, "change_square + epsilon", "square + epsilon", "AdaDelta"),
    Mutation("the sum that is a mean", UPDATES, "square_sum += gradient**2",
             "square_sum[...] = 0.9 * square_sum + 0.1 * gradient**2", "AdaGrad"),
)  # fmt: skip
