"""Looking inside: which part of an input made the score, by gradients, by covering, by attention; and whether it's so.

A score says what is explained: `logit(model, 3)`, `similarity(model.image, text_vector)`. A map is as good as the
checks it passes: `randomisation_test`, `faithfulness`, `completeness`.
"""

from tinyxm.models.interpretation.attention import attention_maps, attention_rollout
from tinyxm.models.interpretation.checks import (
    Curve,
    Faithfulness,
    Randomisation,
    deletion_curve,
    faithfulness,
    insertion_curve,
    randomisation_test,
    rank_correlation,
)
from tinyxm.models.interpretation.grad_cam import grad_cam
from tinyxm.models.interpretation.gradients import (
    completeness,
    gradient,
    gradient_times_input,
    integrated_gradients,
    over_channels,
    smooth_grad,
)
from tinyxm.models.interpretation.occlusion import occlusion
from tinyxm.models.interpretation.scores import logit, of_embedding, probability, similarity
from tinyxm.models.interpretation.words import bag_contributions, of_presence, word_spans

__all__ = [
    "Curve",
    "Faithfulness",
    "Randomisation",
    "attention_maps",
    "attention_rollout",
    "bag_contributions",
    "completeness",
    "deletion_curve",
    "faithfulness",
    "grad_cam",
    "gradient",
    "gradient_times_input",
    "insertion_curve",
    "integrated_gradients",
    "logit",
    "occlusion",
    "of_embedding",
    "of_presence",
    "over_channels",
    "probability",
    "randomisation_test",
    "rank_correlation",
    "similarity",
    "smooth_grad",
    "word_spans",
]
