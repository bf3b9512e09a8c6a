"""Drawing with what a run has learned: texts → places in a space → pictures."""

from __future__ import annotations

import numpy as np

from tinyxm.autograd import no_grad
from tinyxm.data import Vocabulary
from tinyxm.models.vae import ConditionalVAE
from tinyxm.recipes.draw.words import Text, bag_of
from tinyxm.recipes.run import Run


def encoded(space: ConditionalVAE, pictures: np.ndarray, block: int = 256) -> tuple[np.ndarray, np.ndarray]:
    """m(x) and s(x), (n, dimensions) each."""
    with no_grad():
        pairs = [space.encode(pictures[i : i + block]) for i in range(0, len(pictures), block)]
    return np.concatenate([m.data for m, _ in pairs]), np.exp(np.concatenate([log_s.data for _, log_s in pairs]))


def drawn(
    run: Run,
    part: str,
    texts: list[Text],
    rng: np.random.Generator,
    way: str = "diffusion",
    guidance: float | None = None,
    block: int = 256,
) -> np.ndarray:
    """A picture for each text, (n, height, width, channels), by a part's diffusion model or its VAE alone."""
    space, vocabulary = run.model(f"{part}_space"), Vocabulary.of(run.facts(f"{part}_space")["vocabulary"])
    pictures = []
    for i in range(0, len(texts), block):
        bag = bag_of(vocabulary, texts[i : i + block])
        if way == "vae":
            pictures.append(space.draw(bag, rng))
        else:
            w = run.settings.guidance if guidance is None else guidance
            pictures.append(space.decode(run.model(part).draw(bag, rng, run.settings.steps, w)))
    return np.concatenate(pictures)
