"""What exercise 29 is checked by: Bayes' rule sample by sample, in probabilities; and the package's late fusion."""

import numpy as np

import tinyxm as xm
from tinyxm import nn
from tinyxm.course import Case, Exercise, Trap, overridden
from tinyxm.models.fusion import Fusion, Late


def by_bayes(log_p, log_prior, present):
    rows = []
    for i, seen in enumerate(present):
        p = np.exp(log_prior)
        for m in np.flatnonzero(seen):
            p = p * np.exp(log_p[m, i]) / np.exp(log_prior)  # the likelihood, but for a constant
        rows.append(np.log(p / p.sum()))
    return np.array(rows)


def cases(rng):
    def case(told, modalities, n, classes, present, prior=None, absent=None):
        log_p = np.log(rng.dirichlet(np.ones(classes), (modalities, n)))
        log_prior = np.log(rng.dirichlet(np.ones(classes)) if prior is None else np.array(prior))
        present = np.array(present, bool)
        if absent is not None:
            log_p[~present.T] = absent
        given = log_p, log_prior, present
        return Case(told, given, by_bayes(*given), sizes={"number of modalities": modalities})

    yield case("1 modality: it decides alone", 1, 1, 2, [[1]], [0.5, 0.5])
    yield case("2 modalities, 2 even classes", 2, 1, 2, [[1, 1]], [0.5, 0.5])
    yield case("2 modalities, one class is rare", 2, 1, 2, [[1, 1]], [0.9, 0.1])
    yield case("3 modalities, one absent", 3, 2, 4, [[1, 0, 1], [1, 1, 0]])
    yield case("nothing present: the prior", 2, 1, 3, [[0, 0]])
    yield case("NaN stands where one is absent", 3, 3, 4, [[1, 0, 1], [0, 0, 0], [1, 1, 1]], absent=np.nan)
    yield case("3 modalities, 3 samples, 3 classes", 3, 3, 3, rng.random((3, 3)) < 0.7)
    yield case("5 modalities, 40 samples", 5, 40, 6, rng.random((40, 5)) < 0.6)


def trial(function):
    rng = np.random.default_rng(7)
    model = Fusion([nn.Linear(3, 4, rng=rng) for _ in range(3)], Late(3, 4, 5, hidden=8, rng=rng)).eval()
    model.head.prior.data[:] = rng.normal(size=5)
    inputs, present = list(rng.normal(size=(3, 20, 3)).astype("f")), rng.random((20, 3)) < 0.6

    def forward(self, vectors, present):
        log_p = np.stack([scores.data for scores in self.alone(vectors)])
        return xm.Tensor(np.asarray(function(log_p, xm.ops.log_softmax(self.prior).data[0], present), "f"))

    with xm.no_grad(), overridden("tinyxm.models.fusion:Late.forward", function and forward):
        return xm.ops.log_softmax(model(inputs, present)).data


def normal(fused):
    return fused - np.logaddexp.reduce(fused, axis=1, keepdims=True)


def parts(log_p, log_prior, present):
    seen = present.T[:, :, None]
    return np.where(seen, log_p, 0).sum(axis=0), present.sum(axis=1, keepdims=True)


def prior_stays(log_p, log_prior, present):
    evidence, count = parts(log_p, log_prior, present)
    return normal(np.where(count > 0, evidence, log_prior))


def one_too_many(log_p, log_prior, present):
    evidence, count = parts(log_p, log_prior, present)
    return normal(evidence - count * log_prior)


def all_counted(log_p, log_prior, present):
    evidence, _ = parts(log_p, log_prior, present)
    return normal(evidence - (len(log_p) - 1) * log_prior)


def never_below_nought(log_p, log_prior, present):
    evidence, count = parts(log_p, log_prior, present)
    return normal(evidence - np.maximum(count - 1, 0) * log_prior)


def averaged(log_p, log_prior, present):
    evidence, count = parts(log_p, log_prior, present)
    return normal(np.where(count > 0, evidence / np.maximum(count, 1), log_prior))


def not_normal(log_p, log_prior, present):
    evidence, count = parts(log_p, log_prior, present)
    return evidence - (count - 1) * log_prior


def over_samples(log_p, log_prior, present):
    fused = not_normal(log_p, log_prior, present)
    return fused - np.logaddexp.reduce(fused, axis=0)


def absent_too(log_p, log_prior, present):
    return normal(log_p.sum(axis=0) - (len(log_p) - 1) * log_prior)


def nan_times_nought(log_p, log_prior, present):
    return normal((log_p * present.T[:, :, None]).sum(axis=0) - (present.sum(axis=1, keepdims=True) - 1) * log_prior)


def count_without_keepdims(log_p, log_prior, present):
    evidence, count = parts(log_p, log_prior, present)
    return normal(evidence - (count[:, 0] - 1) * log_prior)


def constant_without_keepdims(log_p, log_prior, present):
    fused = not_normal(log_p, log_prior, present)
    return fused - np.logaddexp.reduce(fused, axis=1)


def probabilities(log_p, log_prior, present):
    return np.exp(normal(not_normal(log_p, log_prior, present)))


COLUMNS = "what there is one of for each sample must stay a column, (n, 1): is a keepdims=True missing?"


EXERCISE = Exercise(
    title="late fusion with missing modalities",
    lesson="24_fusion_and_missing_modalities",
    points=3,
    function="late_fusion",
    hints=(
        "log_p is (modalities, n, classes), present (n, modalities): present.T[:, :, None] lies beside log_p. The sum "
        "is over axis 0.",
        "np.where(seen, log_p, 0) leaves out what is absent, NaN included; a product with 0 doesn't. How many are "
        "present differs from sample to sample: present.sum(axis=1, keepdims=True).",
        "fused = evidence − (count − 1) · log_prior, which for a count of 0 is the prior by itself. At the end take "
        "np.logaddexp.reduce(fused, axis=1, keepdims=True) away.",
    ),
    cases=cases,
    traps=(
        Trap("the prior is counted by each modality: take it away (number present − 1) times", prior_stays),
        Trap("the prior is taken away once too often: one of them must stay", one_too_many),
        Trap("the prior is taken away for absent modalities, too: count those that are present", all_counted),
        Trap("where nothing is present the prior is left: number present − 1 is −1 there, not 0", never_below_nought),
        Trap("the mean of the opinions is taken: independent evidence adds up", averaged),
        Trap("the probabilities don't sum to 1: the constant is missing", not_normal),
        Trap("the constant is over the samples: each sample's classes must sum to 1", over_samples),
        Trap(COLUMNS, count_without_keepdims),
        Trap(COLUMNS, constant_without_keepdims),
        Trap("0 · NaN is NaN: leave out what is absent by np.where", nan_times_nought),
        Trap("absent modalities have their say, too", absent_too),
        Trap("probabilities are returned: their logarithms are wanted", probabilities),
    ),
    trial=trial,
    trial_told="the package's late fusion, which answers by it",
)
