"""Planted faults are what they say, in as many samples as asked, and scores are counted rightly."""

import numpy as np
import pytest

from tinyxm.data import Entry, Samples, corrupt, decode, score
from tinyxm.data.corruption import KINDS, wav


def mixed(n=40):
    rng = np.random.default_rng(0)
    return Samples(
        {
            "image": rng.integers(0, 255, (n, 16, 16, 3), np.uint8),
            "audio": [(rng.normal(0, 0.1, 2000).clip(-1, 1), 8000) for _ in range(n)],
            "file": [wav(rng.normal(0, 0.1, 500).clip(-1, 1), 8000) for _ in range(n)],
            "text": [f"a naïve café number {k} of many" for k in range(n)],
            "numbers": rng.normal(size=(n, 6)),
            "label": [f"class {k % 3}" for k in range(n)],
        }
    )


PLACES = [
    *(("exact duplicate", m) for m in ("image", "audio", "text", "numbers")),
    *(("near duplicate", m) for m in ("image", "audio", "file", "text", "numbers")),
    *(("truncated", "file"), ("blank picture", "image"), ("empty text", "text"), ("mis-encoded text", "text")),
    *((kind, m) for kind in ("silence", "clipping", "DC offset", "wrong rate") for m in ("audio", "file")),
    *(("non-finite", "audio"), ("non-finite", "file"), ("non-finite", "numbers"), ("outlier", "numbers")),
    *(("wrong label", "label"), ("wrong pair", "text")),
]


def same(a, b):
    if isinstance(a, tuple):
        return a[1] == b[1] and same(a[0], b[0])
    return np.array_equal(a, b, equal_nan=True) if isinstance(a, np.ndarray) else a == b


def test_every_kind_is_tried():
    assert {kind for kind, _ in PLACES} == set(KINDS)


@pytest.mark.parametrize(("kind", "modality"), PLACES)
def test_only_the_chosen_samples_are_changed_and_each_seed_repeats(kind, modality):
    samples = mixed()
    spoilt, planted = corrupt(samples, kind, 0.1, 3, modality=modality, spare={"0", "1"})
    again, _ = corrupt(samples, kind, 0.1, 3, modality=modality, spare={"0", "1"})
    names = {entry.sample for entry in planted}
    assert len(names) == 4
    assert not names & {"0", "1"}
    assert all((e.fault, e.modality, e.action) == (kind, modality, "planted") for e in planted)
    for i, name in enumerate(spoilt.ids):
        now = spoilt[modality][i]
        assert same(now, again[modality][i])
        if "duplicate" in kind and name in names:
            other = next(e.other for e in planted if e.sample == name)
            assert same(now, samples[modality][int(other)]) == (kind == "exact duplicate")
            assert same(spoilt["label"][i], samples["label"][int(other)])
        else:
            assert same(now, samples[modality][i]) == (name not in names), name
            assert type(now) is type(samples[modality][i])


def test_faults_are_as_large_as_they_say():
    samples = mixed(200)
    spoilt, planted = corrupt(samples, "DC offset", 0.2, 0, modality="audio")
    offsets = [abs(spoilt["audio"][int(e.sample)][0].mean()) for e in planted]
    assert 0.005 < min(offsets) < 0.05 < 0.15 < max(offsets) < 0.21
    spoilt, planted = corrupt(samples, "clipping", 0.2, 0, modality="audio")
    shares = [np.mean(np.abs(x := spoilt["audio"][int(e.sample)][0]) == np.abs(x).max()) for e in planted]
    assert 0.009 < min(shares) < max(shares) < 0.11
    spoilt, planted = corrupt(samples, "wrong rate", 0.2, 0, modality="audio")
    rates = {spoilt["audio"][int(e.sample)][1] / 8000 for e in planted}
    assert len(rates) > 3
    assert all(rate >= 1.25 or rate <= 0.8 for rate in rates)
    spoilt, planted = corrupt(samples, "wrong pair", 0.2, 0, modality="text")
    assert sorted(spoilt["text"]) == sorted(samples["text"])


def test_the_score_counts_by_sample_and_fault():
    planted = [Entry(name, "x", "silence", "planted", "corrupt") for name in "abcd"]
    planted += [Entry("e", "x", "truncated", "planted", "corrupt")]
    found = [Entry(name, "x", "silence", "missing", "silent") for name in ("a", "b", "e", "f", "n")]
    found += [Entry("c", "x", "clipping", "kept", "clipped"), Entry("e", "x", "undecodable sound", "missing", "u")]
    result = score(planted, found, natural={("n", "silence")})
    silence = result["silence"]
    assert (silence.planted, silence.found, silence.false) == (4, 2, 2)
    assert (silence.recall, silence.precision) == (0.5, 0.5)
    assert (silence.missed, silence.wrong) == (("c", "d"), ("e", "f"))
    assert result["truncated"].recall == 1
    assert str(silence) == "recall 0.500 (2 of 4), precision 0.500"


def test_refusals():
    with pytest.raises(ValueError, match="no kind 'rust'"):
        corrupt(mixed(4), "rust", modality="text")
    with pytest.raises(ValueError, match="share 0"):
        corrupt(mixed(4), "silence", 0, modality="audio")
    with pytest.raises(ValueError, match="no sample's image can have the fault 'silence'"):
        corrupt(Samples({"image": [b"\x89PNG"]}), "silence", modality="image")
    assert decode  # pictures that are files are decoded by the same function as everywhere
