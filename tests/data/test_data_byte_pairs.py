import json
import random
import time
from collections import Counter
from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tinyxm.data import BytePairs
from tinyxm.data.byte_pairs import PIECE, shown

ANY = st.text(st.characters())  # of all of Unicode, lone surrogates, too
TEXTS = [
    "the cat sat on the mat, the cats sat on the mats",
    "naïve café — 12,345 déjà vu!",
    "日本 日本語 😀😀😀  \n\n\t x",
]
PAIRS = BytePairs.learn(TEXTS * 2, 400, special=["<pad>", "<end>"])


def merges_by_counting_anew(texts, size, min_count=2):
    """Sennrich et al. 2016, algorithm 1, on bytes: all pairs counted afresh before each merge."""
    words = Counter(tuple(piece.encode("utf-8", "surrogatepass")) for text in texts for piece in PIECE.findall(text))
    merges = []
    while 256 + len(merges) < size:
        pairs = Counter()
        for word, count in words.items():
            for pair in pairwise(word):
                pairs[pair] += count
        if not pairs:
            break
        best = min(pairs, key=lambda pair: (-pairs[pair], pair))
        if pairs[best] < min_count:
            break
        token, after = 256 + len(merges), Counter()
        for word, count in words.items():
            merged, i = [], 0
            while i < len(word):
                hit = word[i : i + 2] == best
                merged.append(token if hit else word[i])
                i += 1 + hit
            after[tuple(merged)] += count
        words = after
        merges.append((best, pairs[best]))
    return merges


@settings(max_examples=60)
@given(st.lists(st.text(st.sampled_from("aab ")) | ANY, max_size=6), st.integers(1, 3))
def test_learning_agrees_with_counting_anew(texts, min_count):
    learned = BytePairs.learn(texts, 290, min_count=min_count)
    assert list(zip(learned.merges, learned.counts, strict=True)) == merges_by_counting_anew(texts, 290, min_count)


def test_learning_agrees_with_counting_anew_on_words():
    rng = random.Random(0)
    texts = [" ".join("".join(rng.choices("etaoin", k=rng.randint(1, 8))) for _ in range(300)) for _ in range(3)]
    learned = BytePairs.learn(texts, 500)
    assert list(zip(learned.merges, learned.counts, strict=True)) == merges_by_counting_anew(texts, 500)
    assert len(learned) == 500


def test_the_words_of_the_paper():
    """Section 3.2: low (5), lower (2), newest (6), widest (3): e s, es t, then l o, lo w."""
    texts = ["low\n"] * 5 + ["lower\n"] * 2 + ["newest\n"] * 6 + ["widest\n"] * 3
    merges = BytePairs.learn(texts, 260).merged()
    assert [(*merge[:2], merge.times) for merge in merges] == [
        (b"e", b"s", 9),
        (b"es", b"t", 9),
        (b"l", b"o", 7),
        (b"lo", b"w", 7),
    ]


@given(ANY)
def test_decoding_undoes_encoding(text):
    assert PAIRS.decode(PAIRS.encode(text)) == text
    assert BytePairs([]).encode(text).tolist() == list(text.encode("utf-8", "surrogatepass"))
    assert "".join(PIECE.findall(text)) == text


@given(st.lists(st.integers(0, len(PAIRS) - 1), max_size=30))
def test_any_indices_have_a_text(indices):
    assert isinstance(PAIRS.decode(indices), str)


def test_encoding_applies_the_merges_in_their_order():
    pairs = BytePairs([(ord("b"), ord("c")), (ord("a"), ord("b")), (ord("a"), 256)])
    assert pairs.encode("abc").tolist() == [258]
    assert pairs.encode("abab").tolist() == [257, 257]
    assert pairs.split("abc ab é日") == ["abc", "␣", "ab", "␣", "⟨C3⟩", "⟨A9⟩", "⟨E6⟩", "⟨97⟩", "⟨A5⟩"]
    assert shown("é x\n".encode()) == "é␣x⟨0A⟩"
    assert str(pairs.merged()[2]) == "a + bc → abc  (0)"
    assert BytePairs([(97, 97)]).encode("aaaaa").tolist() == [256, 256, 97]


def test_special_tokens_come_from_no_text():
    pad, end = PAIRS.special["<pad>"], PAIRS.special["<end>"]
    assert (pad, end) == (len(PAIRS) - 2, len(PAIRS) - 1)
    assert not np.isin(PAIRS.encode("<pad> <end>"), [pad, end]).any()
    assert PAIRS.decode([*PAIRS.encode("the cat"), end, pad, pad]) == "the cat"
    assert repr(PAIRS) == f"BytePairs: {len(PAIRS)} tokens: 256 bytes, {len(PAIRS.merges)} merges, special <pad>, <end>"


def test_saved_and_loaded(tmp_path):
    PAIRS.save(tmp_path / "pairs.json")
    again = BytePairs.load(tmp_path / "pairs.json")
    assert (again.merges, again.counts, again.special) == (PAIRS.merges, PAIRS.counts, PAIRS.special)
    assert all(again.encode(text).tolist() == PAIRS.encode(text).tolist() for text in TEXTS)
    assert [path.name for path in tmp_path.iterdir()] == ["pairs.json"]


SOUND = {"format": "tinyxm.BytePairs 1", "merges": [[97, 98]], "counts": [1], "special": []}


@pytest.mark.parametrize(
    "wrong",
    [
        "",
        "[" * 100_000,
        "[]",
        "\x80\x04N.",
        json.dumps(SOUND | {"format": "other"}),
        json.dumps(SOUND | {"merges": [[97, 256]]}),
        json.dumps(SOUND | {"merges": [[97, 98, 99]]}),
        json.dumps(SOUND | {"merges": [[97, -1]]}),
        json.dumps(SOUND | {"merges": [[97, "98"]]}),
        json.dumps(SOUND | {"merges": [[97, 98], [97, 98]], "counts": [1, 1]}),
        json.dumps(SOUND | {"merges": 5}),
        json.dumps(SOUND | {"merges": [[97 if i == 0 else 255 + i] * 2 for i in range(60)], "counts": [1] * 60}),
        json.dumps(SOUND | {"counts": []}),
        json.dumps(SOUND | {"counts": [True]}),
        json.dumps(SOUND | {"special": ["<pad>", "<pad>"]}),
        json.dumps(SOUND | {"special": [1]}),
        json.dumps({"format": "tinyxm.BytePairs 1"}),
    ],
)
def test_other_files_are_refused(wrong, tmp_path):
    (tmp_path / "pairs.json").write_text(wrong, "utf-8")
    with pytest.raises(ValueError, match=r"BytePairs\.load: .*pairs\.json isn't a file of BytePairs\.save"):
        BytePairs.load(tmp_path / "pairs.json")


def test_refusals_name_the_operation():
    with pytest.raises(TypeError, match=r"BytePairs\.encode: expected a text, got a bytes"):
        PAIRS.encode(b"a")
    with pytest.raises(TypeError, match=r"BytePairs\.learn: got one text"):
        BytePairs.learn("a text")
    with pytest.raises(ValueError, match="size 255"):
        BytePairs.learn([], 255)
    for wrong in ([len(PAIRS)], [-1], [0.5]):
        with pytest.raises(ValueError, match=r"BytePairs\.decode: expected integers"):
            PAIRS.decode(wrong)
    assert BytePairs.learn([]).merges == []
    assert PAIRS.decode(PAIRS.encode("")) == ""


def test_lines_of_a_million_words_and_of_one(tmp_path):
    began = time.perf_counter()
    for line in ("the cats sat on " * 250_000, "a" * 1_000_000, " " * 1_000_000, "日" * 300_000):
        learned = BytePairs.learn([line], 300)
        assert learned.decode(learned.encode(line)) == line
    assert time.perf_counter() - began < 60  # it would be hours if encoding one long word took its square


def test_it_shows_itself(tmp_path):
    PAIRS.plot("the $cats$ sat, 日本").savefig(tmp_path / "tokens.png")
