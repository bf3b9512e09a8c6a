"""One step and one scoring on random numbers of the job's shapes: every kernel that a run needs is compiled then."""

from __future__ import annotations

import numpy as np

import tinyxm_kernels as kernels
from tinyxm import optim
from tinyxm.autograd import no_grad
from tinyxm.recipes.emoji.job import Emoji, EmojiSettings
from tinyxm.training import training_threads


def rehearse() -> None:
    """Take a step of the held-out style's model on the number of threads that training has, then embed on that of
    scoring."""
    recipe, settings, rng, words = Emoji(), EmojiSettings(), np.random.default_rng(0), 6000
    n, each = settings.batch_size, 30  # about so many words and parts of words has a text
    model = recipe.build("held_out_style", settings, {"vocabulary": range(words)})
    optimizer = recipe.optimizer("held_out_style", model, settings)
    views = rng.standard_normal((2 * n, 16, 16, 11)).astype(np.float32)
    bag = rng.integers(0, words, n * each), np.arange(n) * each, np.full(n * each, 1 / each, np.float32)
    with kernels.threads(training_threads()):
        model.loss(views, bag).backward()
        optim.clip_by_norm(model.parameters(), settings.clip)
        optimizer.step()
    model.eval()
    with no_grad():
        model.image(views)
        model.text((np.tile(bag[0], 4), np.arange(4 * n) * each, np.tile(bag[2], 4)))
