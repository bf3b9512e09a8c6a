"""The honest linear baselines, in closed form: what a learned model has to beat.

Rows are samples: x is (n, p), y is (n, q), float32 or float64. Statistics are solved in float64 and kept in the
dtype of the data they were fitted to. Every method raises TypeError for another dtype and ValueError for arrays that
aren't 2-D, are empty, not finite, or of another width than the one fitted, and for a method used before `fit`.
"""

from tinyxm.models.linear.components import KernelComponents, PrincipalComponents
from tinyxm.models.linear.correlation import CanonicalCorrelation, GeneralisedCorrelation
from tinyxm.models.linear.neighbours import Nearest, cosine_similarity, csls, mutual_nearest
from tinyxm.models.linear.regression import Logistic, Ridge
from tinyxm.models.linear.rotation import Procrustes

__all__ = [
    "CanonicalCorrelation",
    "GeneralisedCorrelation",
    "KernelComponents",
    "Logistic",
    "Nearest",
    "PrincipalComponents",
    "Procrustes",
    "Ridge",
    "cosine_similarity",
    "csls",
    "mutual_nearest",
]
