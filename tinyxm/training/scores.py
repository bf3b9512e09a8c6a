"""How each score is shown: its heading, whether it is a share in percent, which way is better, and what it means.

A recipe names its scores by these keys. A key that isn't there goes by its ending: `final_frame_accuracy` is an
`accuracy`, `unseen_word_error` a `word_error`.
"""

from dataclasses import dataclass, replace
from functools import cache


@dataclass(frozen=True)
class Score:
    """share: from 0 to 1, and shown in percent. less: less is better. meaning: without a full stop."""

    heading: str
    meaning: str = ""
    share: bool = True
    less: bool = False


def _number(heading: str, meaning: str, less: bool = False) -> Score:
    return Score(heading, meaning, share=False, less=less)


def _error(heading: str, meaning: str) -> Score:
    return Score(heading, meaning, less=True)


KINDS = {
    "recall@": Score("R@k", "share of queries whose right answer is among the first k"),
    "mrr": Score("MRR", "mean of 1 / rank"),
    "median_rank": _number("median rank", "1 is best", less=True),
    "mean_rank": _number("mean rank", "1 is best", less=True),
    "mean_average_precision": Score("mAP", "mean precision at the places of the right answers"),
    "ndcg": Score("nDCG", "gain of the right answers, discounted by the logarithm of their place, beside the most"),
    "accuracy": Score("accuracy", "share that is right"),
    "order_accuracy": Score("order", "share of films of which it is told rightly whether they were written backwards"),
    "colour_accuracy": Score("colour", "share of the balls that are named"),
    "deed_accuracy": Score("deed", "share of the balls of which it is told whether they rest, move, bounce or hit"),
    "direction_accuracy": Score("direction", "of the balls that move, the share of which it is told where"),
    "wall_accuracy": Score("wall", "of the balls that bounce, the share of which it is told off which wall"),
    "hit_accuracy": Score("hit", "of the balls that collide, the share of which it is told which hits which"),
    "both_ways_accuracy": Score("both ways", "share of films whose sentence is right forwards and backwards"),
    "balanced_accuracy": Score("balanced accuracy", "mean over classes of the share that is found"),
    "precision": Score("precision", "share of a class's predictions that are right, mean over classes"),
    "recall": Score("recall", "share of a class's examples that are found, mean over classes"),
    "f1": Score("F1", "harmonic mean of precision and recall, mean over classes"),
    "roc_auc": Score("ROC AUC", "how often a positive one is put above a negative one"),
    "average_precision": Score("average precision", "mean precision over the positives, in order of their scores"),
    "matthews": _number("Matthews", "correlation of predicted and true classes: 0 by chance, 1 best"),
    "cohen_kappa": _number("kappa", "agreement beyond that by chance: 0 by chance, 1 best"),
    "calibration_error": _error("calibration error", "mean distance of confidence and accuracy"),
    "brier": _number("Brier", "mean squared error of the probabilities", less=True),
    "bleu": Score("BLEU", "shared n-grams, free-running, with a penalty for shortness"),
    "bleu_1": Score("BLEU-1", "shared words, free-running, with a penalty for shortness"),
    "bleu_2": Score("BLEU-2", "shared words and pairs of words, free-running, with a penalty for shortness"),
    "bleu_3": Score("BLEU-3", "shared n-grams up to three words, free-running, with a penalty for shortness"),
    "bleu_4": Score("BLEU-4", "shared n-grams up to four words, free-running, with a penalty for shortness"),
    "chrf": Score("chrF", "shared character n-grams up to six, recall counted twice"),
    "exact_match": Score("exact match", "share of texts without any difference"),
    "truth": Score(
        "truth", "share of texts in which all that is said is true of the picture, the same words or others"
    ),
    "count_truth": Score("count truth", "share of pictures of several things whose number is told rightly"),
    "relation_truth": Score("relation truth", "share of pictures of several things whose places are told rightly"),
    "noun_truth": Score("noun truth", "of the things that are named, the share that is there"),
    "character_error": _error("character error", "wrong, missing and surplus characters per character"),
    "word_error": _error("word error", "wrong, missing and surplus words per word"),
    "error": _error("error", "share that is wrong"),
    "frechet_distance": _number("Fréchet distance", "of normal distributions fitted to a judge's features", less=True),
    "kernel_distance": _number("kernel distance", "of a judge's features; 0 of equal distributions", less=True),
    "distance": _number("distance", "", less=True),
    "mean_pairwise_distance": _number("mean pairwise distance", "between the made: diversity"),
    "generation_precision": Score("precision of the made", "share of the made that lie where real ones do"),
    "generation_recall": Score("recall of the made", "share of the real that lie where made ones do"),
    "generation_density": _number("density", "how many real ones' neighbourhoods a made one is in; 1 of equals"),
    "generation_coverage": Score("coverage", "share of the real that have a made one in their neighbourhood"),
    "within_class_spread": _number("spread in a class", "of the made beside the real: 1 as wide, 0 all the same"),
    "vendi_score": _number("Vendi score", "how many different things there seem to be"),
    "modality_gap": _number("modality gap", "distance of the modalities' centres, 0 to 2", less=True),
    "alignment": _number("alignment", "mean squared distance of true pairs", less=True),
    "uniformity": _number("uniformity", "logarithm of how crowded the sphere is", less=True),
    "effective_rank": _number("effective rank", "how many directions are in use"),
    "hubness": _number("hubness", "skew of how often each one answers: 0 none", less=True),
    "mel_cepstral_distortion": _number("mel-cepstral distortion dB", "mean distance of the spectra's shape", less=True),
    "log_spectral_distance": _number("log-spectral distance dB", "mean distance of the spectra", less=True),
    "si_snr": _number("SI-SNR dB", "what is of the reference beside what isn't"),
    "psnr": _number("PSNR dB", "peak beside the mean squared error"),
    "ssim": _number("SSIM", "likeness of brightness, contrast and structure in small windows; 1 is the same"),
    "stroke_order": _number(
        "stroke order", "of pixels, what is written first: 1 right, 0 no order, −1 backwards; a still picture has 0"
    ),
    "overlap": Score("overlap", "shared ink beside all ink, over all pixels and frames"),
    "loss": _number("loss", "", less=True),
    "perplexity": _number("perplexity", "among how many equally likely ones each word seemed to be chosen", less=True),
    "seconds": _number("seconds", "", less=True),
}


@cache
def score_of(key: str) -> Score:
    """How a key of the results is shown; with the words before its ending, if it has any."""
    if key.startswith("recall@"):
        return replace(KINDS["recall@"], heading=key.replace("recall@", "R@"))
    words = key.split("_")
    for start in range(len(words)):
        kind = KINDS.get("_".join(words[start:]))
        if kind:
            return kind if not start else replace(kind, heading=" ".join((*words[:start], kind.heading)))
    return _number(key.replace("_", " "), "")


def meaning_of(key: str) -> tuple[str, str]:
    """How a key is called where it is explained, and what it means, empty where there is nothing to say.

    `meaning_of("recall@5")` is ("R@k", "share of queries whose right answer is among the first k").
    """
    kind = score_of(key)
    heading = "R@k" if key.startswith("recall@") else kind.heading
    told = "; ".join(filter(None, (kind.meaning, "less is better" if kind.less else "")))
    return heading, told
