"""What exercise 19 is checked by: logarithms by hand, the package's on sparse counts; and word vectors made from it."""

import numpy as np
from scipy import sparse

import tinyxm as xm
from tinyxm.course import Case, Exercise, Trap, overridden
from tinyxm.models import word_vectors


def by_the_package(counts):
    return word_vectors.positive_pmi(sparse.csr_array(counts), smoothing=1.0).toarray()


def cases(rng):
    yield Case(
        "two words that each keep to their own",
        (np.array([[2, 0], [0, 2]]),),
        np.log(2) * np.eye(2),
        square=True,
    )
    yield Case(
        "one word twice as frequent",
        (np.array([[4.0, 2.0, 0.0], [1.0, 1.0, 4.0]]),),
        np.log([[4 * 12 / 30, 2 * 12 / 18, 1], [1, 1, 4 * 12 / 24]]),
    )
    for words, contexts in ((4, 6), (5, 5), (8, 3)):
        counts = rng.integers(0, 5, (words, contexts)).astype(float)
        told = f"{words} words, {contexts} contexts"
        yield Case(told, (counts,), by_the_package(counts), square=words == contexts)
    frequent = rng.integers(1, 4, (5, 6)) * np.array([1, 1, 1, 1, 1, 1000])
    yield Case("a context that is beside everything", (frequent,), by_the_package(frequent))
    lonely = rng.integers(0, 4, (4, 5))
    lonely[2], lonely[:, 0] = 0, 0
    yield Case("a word and a context that are beside nothing", (lonely,), by_the_package(lonely))
    yield Case("counts that are all alike: chance alone", (np.full((3, 4), 7),), np.zeros((3, 4)))


def trial(function):
    """How alike the words of a small corpus come to be, by vectors made from it."""

    def package(counts, shift, smoothing):
        found = np.asarray(function(counts.toarray()))
        if not np.isfinite(found).all():
            raise ValueError("no vectors can be made of what isn't finite")
        return sparse.csr_array(found)

    texts = ["cat dog pet", "cat pet fur", "dog pet fur", "car bus road", "bus road train", "car train road", "cat car"]
    words = [text.split() for text in texts]
    vocabulary = xm.data.Vocabulary.of_tokens(words)
    with overridden("tinyxm.models.word_vectors:positive_pmi", function and package):
        found = word_vectors.pmi_svd(words, vocabulary, 3, window=None, smoothing=1.0).vectors
    return found @ found.T


def logarithms(counts):
    of_word, of_context = counts.sum(axis=1, keepdims=True), counts.sum(axis=0, keepdims=True)
    return np.log(counts * counts.sum() / (of_word * of_context))


def negative_kept(counts):
    pmi = logarithms(counts)
    return np.where(np.isfinite(pmi), pmi, 0)


def never_seen(counts):
    return np.maximum(logarithms(counts), 0)


def infinite_kept(counts):
    return logarithms(counts)


def in_bits(counts):
    return np.fmax(logarithms(counts), 0) / np.log(2)


def no_total(counts):
    of_word, of_context = counts.sum(axis=1, keepdims=True), counts.sum(axis=0, keepdims=True)
    return np.fmax(np.log(counts / (of_word * of_context)), 0)


def no_logarithm(counts):
    of_word, of_context = counts.sum(axis=1, keepdims=True), counts.sum(axis=0, keepdims=True)
    return np.nan_to_num(counts * counts.sum() / (of_word * of_context))


def sums_exchanged(counts):
    return np.fmax(np.log(counts * counts.sum() / (counts.sum(axis=0)[:, None] * counts.sum(axis=1)[None])), 0)


def of_word_alone(counts):
    share = counts.sum() / counts.shape[1]
    return np.fmax(np.log(counts * share / (counts.sum(axis=1, keepdims=True) * counts.mean())), 0)


def one_added(counts):
    return np.maximum(logarithms(counts + 1), 0)


EXERCISE = Exercise(
    title="more often together than by chance",
    lesson="15_bag_of_words_to_word_vectors",
    points=2,
    function="positive_pmi",
    hints=(
        "By chance, w and c would meet #(w) · #(c) / D times. How many times more often do they?",
        "Sums with keepdims=True multiply to a matrix of counts' shape. Take the logarithm only where counts > 0.",
        "seen = counts > 0; pmi = np.zeros(counts.shape); pmi[seen] = np.log((counts * counts.sum())[seen] / "
        "(of_word * of_context)[seen]); return np.maximum(pmi, 0).",
    ),
    cases=cases,
    trial=trial,
    trial_told="word vectors made from it",
    traps=(
        Trap("what is rarer than by chance becomes 0: np.maximum(pmi, 0)", negative_kept),
        Trap("a word beside nothing makes 0 / 0: its row is 0", never_seen),
        Trap("pairs never seen have −∞: they become 0, as all below 0", infinite_kept),
        Trap("in nats: the natural logarithm, np.log, not np.log2", in_bits),
        Trap("D, the sum of all counts, is missing", no_total),
        Trap("the logarithm is missing", no_logarithm),
        Trap("a word's sum is over its row, axis 1, a context's over its column: they are exchanged", sums_exchanged),
        Trap("how frequent the context is must count, too: #(c) is missing", of_word_alone),
        Trap("that is smoothed: nothing is added to the counts here", one_added),
    ),
)
