import os
import zipfile

import numpy as np
import pytest

from tinyxm.data import Samples, Split, balance, minhash, random_split, shingles, sound_fingerprint, thumbnails
from tinyxm.data.leaks import sort_of
from tinyxm.data.likeness import candidates, jaccard, nearest_texts

TWO = {"train": 0.75, "test": 0.25}


def noisy(rng, n=12):
    return rng.random((n, 16, 16, 3)).astype(np.float32)


def test_leaks_are_found_counted_and_named():
    images = noisy(np.random.default_rng(0))
    images[9] = images[0]
    images[10] = 0.9 * images[1] + 0.01
    texts = [f"text {i}" for i in range(12)]
    texts[11] = "  TEXT, 2! "
    samples = Samples({"image": images, "text": texts}, groups={"family": [*range(8), 3, 9, 10, 11], "all": [0] * 12})
    split = random_split(12, TWO)
    split.parts.update(train=np.arange(8), test=np.arange(8, 12))
    report = split.leaks(samples, groups=["family"])
    found = {leak.kind: (leak.count, leak.examples) for leak in report}
    assert found == {
        "group family": (1, [("3", "8")]),
        "same image": (1, [("0", "9")]),
        "near image": (2, [("0", "9"), ("1", "10")]),
        "same text": (1, [("2", "11")]),
    }
    assert report
    assert "group family: 1 in test are also in train (such as 3 ~ 8)" in str(report)
    assert "group all" in str(split.leaks(samples))


def test_missing_values_do_not_leak_and_a_clean_split_says_what_it_checked():
    samples = Samples({"image": noisy(np.random.default_rng(1)), "text": [None] * 12})
    report = random_split(samples, TWO).leaks(samples)
    assert not report
    assert str(report) == "no leak; checked: same image, near image, same text"
    with pytest.raises(ValueError, match="there are 3 samples"):
        random_split(12, TWO).leaks(samples[:3])
    with pytest.raises(ValueError, match="no groups"):
        random_split(12, TWO).leaks(samples, groups=["speaker"])


def halves(n):
    return Split({"train": np.arange(n // 2), "test": np.arange(n // 2, n)})


def leaks_of(report):
    return {leak.kind: (leak.count, leak.examples) for leak in report}


def test_names_made_from_one_another_are_found():
    names = ["cat", "weary face", "dog", "red apple", "cat face", "very weary face now", "doghouse", "Apple"]
    found = leaks_of(halves(8).leaks(Samples({"name": names})))
    assert found["derived name"] == (3, [("0", "4"), ("1", "5"), ("3", "7")])  # a dog isn't part of a doghouse
    long = ["a " * 9 + "cat", "sat", "cat", "a cat sat on the mat and then it went off"]
    assert "derived text" not in leaks_of(halves(4).leaks(Samples({"text": long})))


def test_near_texts_are_those_of_large_jaccard_index():
    texts = ["the quick brown fox jumps over the lazy dog", "an entirely different sentence of words", "x"]
    texts += ["the quick brown fox jumped over the lazy dog", "The quick brown fox jumps over the lazy dog!", "y"]
    samples = Samples({"text": texts})
    found = leaks_of(halves(6).leaks(samples, near_text=0.7))
    assert found == {"same text": (1, [("0", "4")]), "near text": (1, [("0", "3")])}
    a, b = (texts[0], texts[3])
    five = [{t[i : i + 5] for i in range(len(t) - 4)} for t in (a, b)]
    assert jaccard(shingles(a), shingles(b)) == len(five[0] & five[1]) / len(five[0] | five[1])
    assert "near text" not in leaks_of(halves(6).leaks(samples, near_text=0.95))
    assert [leak.kind for leak in halves(6).leaks(samples, near=None)] == ["same text"]
    keywords = [["fox", "dog"], ["cat"], ["fox", "dog"], ["cow"]]
    assert leaks_of(halves(4).leaks(Samples({"keywords": keywords})))["same keywords"][0] == 1


def test_nearest_texts_agree_with_all_pairs_one_by_one():
    rng = np.random.default_rng(0)
    sets = [frozenset(map(str, rng.integers(0, 30, rng.integers(0, 12)))) for _ in range(60)]
    index, likeness = nearest_texts(sets[:25], sets[25:])
    every = np.array([[jaccard(a, b) for b in sets[25:]] for a in sets[:25]])
    np.testing.assert_allclose(likeness, every.max(1), rtol=1e-6)
    np.testing.assert_allclose(every[np.arange(25), index], every.max(1))


def test_minhash_estimates_the_jaccard_index_and_proposes_pairs_above_it():
    rng = np.random.default_rng(0)
    pairs = []
    for _ in range(60):
        union, common = 200, int(rng.integers(20, 180))
        members = [str(m) for m in rng.choice(10**6, union, replace=False)]
        cut = common + (union - common) // 2
        pairs.append((frozenset(members[:cut]), frozenset(members[:common] + members[cut:])))
    signatures = minhash([a for a, _ in pairs]), minhash([b for _, b in pairs])
    true = np.array([jaccard(a, b) for a, b in pairs])
    estimated = (signatures[0] == signatures[1]).mean(1)
    z = (estimated - true) / np.sqrt(true * (1 - true) / 128)
    assert abs(z.mean()) < 3 / np.sqrt(60)
    assert 0.7 < z.std() < 1.3
    proposed = candidates(*signatures, least=0.6)
    assert {i for i, j in enumerate(true) if j >= 0.65} <= {i for i, j in proposed if i == j}
    assert len(proposed) < 70, "unrelated sets are proposed"
    np.testing.assert_array_equal(minhash([["a"]]), minhash([["a"]]))
    assert not (minhash([[], ["a"]])[0] == minhash([["a"], []])[1]).any()


def test_many_texts_go_by_minhash(monkeypatch):
    monkeypatch.setattr("tinyxm.data.likeness.EXACT_UP_TO", 3)
    rng = np.random.default_rng(0)
    texts = [" ".join(rng.choice(list("abcdefghij"), 40)) for _ in range(8)]
    texts[6] = texts[1][:-4] + "q q"
    found = leaks_of(halves(8).leaks(Samples({"text": texts})))
    assert found == {"near text": (1, [("1", "6")])}


def chirp(rng, samples=4000):
    """A made-up sound: a few partials that glide and swell, in a place of their own each."""
    t = np.arange(samples) / 8000
    sound = np.zeros(samples)
    for _ in range(4):
        start, stop = rng.uniform(200, 3000, 2)
        centre, width = rng.uniform(0.1, 0.4), rng.uniform(0.05, 0.15)
        sound += np.exp(-(((t - centre) / width) ** 2)) * np.sin(2 * np.pi * (start + (stop - start) * t) * t)
    return (sound / np.abs(sound).max()).astype(np.float32)


def test_sounds_are_known_again_whatever_level_silence_noise_and_rate():
    from scipy.signal import resample_poly

    rng = np.random.default_rng(0)
    sounds = [chirp(rng) for _ in range(8)]
    prints = np.array([sound_fingerprint(s) for s in sounds])
    np.testing.assert_allclose(np.linalg.norm(prints, axis=1), 1, rtol=1e-4)
    others = prints @ prints.T - 2 * np.eye(8)
    assert others.max() < 0.9
    for changed in (
        lambda s: 0.2 * s,
        lambda s: np.pad(s, (1500, 700)),
        lambda s: s + 0.01 * rng.normal(size=s.shape).astype(np.float32),
        lambda s: np.stack([s, s], axis=1),
    ):
        assert min(sound_fingerprint(changed(s)) @ p for s, p in zip(sounds, prints, strict=True)) > 0.98
    up = [sound_fingerprint(resample_poly(s, 441, 160), rate_hz=22050) for s in sounds]
    assert min(u @ p for u, p in zip(up, prints, strict=True)) > 0.98
    assert not sound_fingerprint(np.zeros(3000)).any()
    assert np.isfinite(sound_fingerprint(np.ones(5))).all()
    with pytest.raises(ValueError, match="sound_fingerprint: a sound"):
        sound_fingerprint(np.array([1.0, np.nan]))


def test_near_sounds_leak_between_parts():
    rng = np.random.default_rng(1)
    sounds = [chirp(rng) for _ in range(6)]
    sounds[4] = np.pad(0.5 * sounds[2], (300, 0))
    found = leaks_of(halves(6).leaks(Samples({"audio": sounds})))
    assert found == {"near audio": (1, [("2", "4")])}
    array = np.stack([s[-4000:] for s in sounds])
    assert leaks_of(halves(6).leaks(Samples({"audio": array})))["near audio"][0] == 1
    assert not halves(6).leaks(Samples({"numbers": array}))


def test_recorded_digits_are_told_apart_by_their_fingerprints():
    """The figures that the docstring gives, on a tenth of the recordings."""
    path = os.environ.get("TINYXM_FSDD")
    if not path:
        pytest.skip("TINYXM_FSDD isn't set: no recordings")
    import io

    from scipy.io import wavfile

    with zipfile.ZipFile(path) as archive:
        names = sorted(name for name in archive.namelist() if name.endswith(".wav"))[::10]
        sounds = [wavfile.read(io.BytesIO(archive.read(name)))[1] / 32768 for name in names]
    prints = np.array([sound_fingerprint(s) for s in sounds])
    others = prints @ prints.T - 2 * np.eye(len(prints))
    assert others.max() < 0.98
    rng = np.random.default_rng(0)
    noisy = [s + rng.normal(size=s.shape) * np.sqrt(np.mean(s**2)) * 10 ** (-30 / 20) for s in sounds]
    kept = [sound_fingerprint(0.3 * s) @ p for s, p in zip(noisy, prints, strict=True)]
    assert np.mean(np.array(kept) > 0.98) > 0.99


def test_pictures_of_several_sizes_are_compared():
    rng = np.random.default_rng(0)
    small = rng.random((8, 8, 3)).astype(np.float32)
    large = np.kron(small, np.ones((4, 4, 1), np.float32))
    pictures = [small, rng.random((16, 24, 3)).astype(np.float32), large, rng.random((9, 9, 3)).astype(np.float32)]
    np.testing.assert_allclose(thumbnails(pictures[:1]) @ thumbnails(pictures[2:3]).T, 1, atol=1e-4)
    assert leaks_of(halves(4).leaks(Samples({"image": pictures}))) == {"near image": (1, [("0", "2")])}


def test_what_is_compared_how():
    some = np.ones(2, bool)
    assert sort_of("video", np.zeros((2, 5, 8, 8, 3)), some) == "picture"
    assert sort_of("features", np.zeros((2, 50)), some) == ""
    assert sort_of("speech", np.zeros((2, 50)), some) == "sound"
    assert sort_of("x", np.zeros((2, 50, 1)), some) == "sound"
    assert sort_of("mel", np.zeros((2, 50, 40)), some) == ""
    assert sort_of("x", [None, "text"], np.array([False, True])) == "text"
    assert sort_of("x", [{"a": 1}, {}], some) == ""


def test_the_report_draws_its_counts_and_examples():
    rng = np.random.default_rng(0)
    images = rng.random((12, 16, 16, 3)).astype(np.float32)
    images[9] = images[0]
    samples = Samples(
        {"image": images, "name": [f"thing {i}" for i in range(11)] + ["thing"]}, groups={"family": [0] * 12}
    )
    split = Split({"train": np.arange(6), "validation": np.arange(6, 9), "test": np.arange(9, 12)})
    report = split.leaks(samples)
    figure = report.plot(samples)
    drawn = {text.get_text() for axes in figure.findobj(lambda a: hasattr(a, "texts")) for text in axes.texts}
    assert {"1 (33%)", "3 (100%)"} <= drawn
    titles = [axes.get_title() for axes in figure.axes]
    assert any(title.startswith("same image: 0 in train") for title in titles)
    assert any(title.startswith("derived name") for title in titles)
    assert len(report.plot().axes) == len(figure.axes)
    assert len(halves(2).leaks(Samples({"name": ["a", "b"]})).plot().axes) == 1


def test_class_balance_tells_chance_drift_and_empty_classes():
    labels = ["cat"] * 6 + ["dog"] * 4 + ["cat", "cow"]
    split = Split({"train": np.arange(10), "test": np.arange(10, 12)})
    found = balance(labels, split, classes=["cat", "cow", "dog", "eel"])
    assert found.classes == ["cat", "cow", "dog", "eel"]
    assert found.counts["train"].tolist() == [6, 0, 4, 0]
    assert found.chance == {"train": 0.6, "test": 0.5}
    assert found.ratio["train"] == float("inf")
    assert found.empty == [("train", "cow"), ("train", "eel"), ("test", "dog"), ("test", "eel")]
    # the whole is 7, 1, 4 of 12: test has 1/2, 1/2, 0
    assert found.drift["test"] == pytest.approx((abs(1 / 2 - 7 / 12) + abs(1 / 2 - 1 / 12) + 4 / 12) / 2)
    assert "4 empty: train has no sample of class 'cow', and 3 more" in str(found)
    assert "most frequent  60.0%" in str(found)
    assert balance(np.arange(100) % 25).ratio == {"all": 1.0}
    assert "5 more" in str(balance(np.arange(100) % 25))
    assert len(found.plot().axes[0].get_yticklabels()) == 4
    with pytest.raises(ValueError, match="label 'cow' is none of the 1 classes"):
        balance(["cow"], classes=["cat"])
    with pytest.raises(ValueError, match="index 11, but there are 2 labels"):
        balance(["a", "b"], split)
    with pytest.raises(ValueError, match="no samples"):
        balance([])
