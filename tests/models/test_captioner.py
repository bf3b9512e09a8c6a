"""The captioner: what it must not see, what beam search and teacher forcing are of it, that it learns what it can."""

from __future__ import annotations

import numpy as np
import pytest

from tinyxm import optim
from tinyxm.models.captioner import BEGIN, END, NEVER, PADDING, Captioner, ConvolutionEncoder, PatchEncoder

WORDS, LONGEST = 9, 5


def model(kind: str = "convolution", seed: int = 0, dropout: float = 0.0, whole: int = 0) -> Captioner:
    rng = np.random.default_rng(seed)
    if kind == "convolution":
        encoder = ConvolutionEncoder(12, 3, 16, (8, 16), rng)
    else:
        encoder = PatchEncoder(12, 3, 16, 4, layers=1, heads=2, rng=rng)
    return Captioner(encoder, WORDS, 16, 2, 2, LONGEST, dropout, rng, whole).eval()


def pictures(n: int = 3, seed: int = 1) -> np.ndarray:
    return np.random.default_rng(seed).random((n, 12, 12, 3)).astype(np.float32)


@pytest.mark.parametrize("kind", ["convolution", "patches"])
def test_a_word_depends_on_the_picture_and_the_words_before_alone(kind):
    captioner, x = model(kind), pictures()
    tokens = np.array([[BEGIN, 4, 5, 6]] * 3)
    scores = captioner(x, tokens).data
    assert scores.shape == (3, 4, WORDS)
    changed = tokens.copy()
    changed[:, 3] = 8
    np.testing.assert_allclose(captioner(x, changed).data[:, :3], scores[:, :3], atol=1e-5)
    assert np.abs(captioner(x, changed).data[:, 3] - scores[:, 3]).max() > 1e-3
    assert np.abs(captioner(x[::-1].copy(), tokens).data - scores)[[0, 2]].max() > 1e-3  # another picture
    np.testing.assert_allclose(captioner(x[1:2], tokens[1:2]).data[0], scores[1], atol=1e-5)  # none of its neighbours


def test_the_loss_is_the_mean_over_real_words():
    captioner, x = model(), pictures(2)
    captions = np.array([[BEGIN, 4, 5, END, PADDING], [BEGIN, 6, END, PADDING, PADDING]])
    scores = captioner(x, captions[:, :-1]).data.astype(np.float64)
    log_p = scores - np.log(np.exp(scores).sum(-1, keepdims=True))
    expected = [log_p[0, 0, 4], log_p[0, 1, 5], log_p[0, 2, END], log_p[1, 0, 6], log_p[1, 1, END]]
    assert captioner.loss(x, captions).item() == pytest.approx(-np.mean(expected), rel=1e-5)


def test_a_beam_of_one_writes_the_most_probable_word_each_time():
    captioner, x = model(seed=4), pictures(6)
    for i, text in enumerate(captioner.write(x)):
        written = [BEGIN]
        while len(written) <= LONGEST:
            scores = captioner(x[i : i + 1], np.array([written])).data[0, -1].copy()
            scores[list(NEVER)] = -np.inf
            written.append(int(scores.argmax()))
            if written[-1] == END:
                break
        assert list(text.tokens) == [token for token in written[1:] if token != END]
        assert text.ended == (written[-1] == END)


def test_a_wider_beam_finds_what_is_at_least_as_probable_per_word():
    captioner, x = model(seed=2), pictures(8)
    greedy, wide = captioner.write(x), captioner.write(x, width=40, length_power=1.0)
    assert all(a.score(1.0) <= b.score(1.0) + 1e-9 for a, b in zip(greedy, wide, strict=True) if a.ended and b.ended)
    assert any(a.tokens != b.tokens for a, b in zip(greedy, wide, strict=True))


def test_a_second_look_weighs_what_the_mirrored_picture_says_of_the_same_text():
    captioner, x = model(seed=2), pictures(4)
    mirrored = np.arange(WORDS)
    mirrored[[5, 7]] = 7, 5  # "left" and "right"
    found = captioner.alternatives(x, 6, 0.0)
    looked = captioner.second_look(x, found, mirrored, 0.0)
    assert any([t.tokens for t in a] != [t.tokens for t in b] for a, b in zip(found, looked, strict=True))
    assert any(not text.ended for texts in found for text in texts)  # those that were cut off are weighed, too
    for i, (before, after) in enumerate(zip(found, looked, strict=True)):
        assert {text.tokens for text in before} == {text.tokens for text in after}
        turned = x[i : i + 1, :, ::-1].copy()
        for text in after:
            once = next(other.log_probability for other in before if other.tokens == text.tokens)
            words, total = [*mirrored[list(text.tokens)], *[END] * text.ended], 0.0
            scores = captioner(turned, np.array([[BEGIN, *words[:-1]]])).data[0].astype(np.float64)
            for row, word in zip(scores, words, strict=True):
                total += row[word] - np.log(np.exp(row).sum())
            assert text.log_probability == pytest.approx((once + total) / 2, abs=1e-4)
        order = [(not text.ended, -text.log_probability) for text in after]
        assert order == sorted(order)
    written = captioner.write(x, 6, 0.0, mirrored)
    assert [text.tokens for text in written] == [texts[0].tokens for texts in looked]


def test_teacher_forcing_gives_each_word_the_true_ones_before():
    captioner, x = model(seed=3), pictures(2)
    captions = np.array([[BEGIN, 4, 5, 6, END], [BEGIN, 7, END, PADDING, PADDING]])
    for i, (text, words) in enumerate(zip(captioner.forced(x, captions), ([4, 5, 6], [7]), strict=True)):
        assert len(text) == len(words)  # the length is given away
        for k, token in enumerate(text):
            scores = captioner(x[i : i + 1], captions[i : i + 1, : k + 1]).data[0, -1].copy()
            scores[list(NEVER)] = -np.inf
            assert token == scores.argmax()


@pytest.mark.parametrize("kind", ["convolution", "patches"])
def test_attention_is_where_the_picture_is_looked_at(kind):
    captioner, x = model(kind), pictures(1)
    maps = captioner.attention(x, [4, 5])
    assert maps.shape == (3, 3, 3)
    np.testing.assert_allclose(maps.sum((1, 2)), 1, rtol=1e-5)
    layer = captioner.decoder.layers[-1].cross_attention
    layer.query.weight.data[...] = 0
    layer.query.bias.data[...] = 0
    np.testing.assert_allclose(captioner.attention(x, [4, 5]), 1 / 9, rtol=1e-5)  # no query: it looks everywhere alike


@pytest.mark.parametrize("kind", ["convolution", "patches"])
def test_each_word_is_told_what_the_whole_picture_is(kind):
    captioner, x = model(kind, whole=6), pictures()
    memory = captioner.encoder(x)
    told = captioner.picture_of(memory).data
    np.testing.assert_allclose((told**2).sum(axis=1), 1, rtol=1e-5)
    tokens = np.array([[BEGIN, 4, 5]] * 3)
    before = captioner(x, tokens).data
    for layer in captioner.decoder.layers:
        layer.cross_attention.output.weight.data[...] = 0  # nothing is looked at
    assert np.abs(np.diff(captioner(x, tokens).data, axis=0)).max() > 1e-3
    captioner.told.weight.data[...] = 0  # and nothing told: all pictures are one
    np.testing.assert_allclose(np.diff(captioner(x, tokens).data, axis=0), 0, atol=1e-6)
    assert np.abs(captioner(x, tokens).data - before).max() > 1e-3
    assert {*model(kind).state_dict()} < {*captioner.state_dict()}  # without it, nothing of it is there


def test_the_contrastive_loss_is_the_captions_and_that_views_find_each_other():
    captioner, views = model(whole=6, seed=5), pictures(6)
    captions = np.array([[BEGIN, 4, 5, END], [BEGIN, 6, END, PADDING], [BEGIN, 7, 8, END]])
    same = np.array([[1, 0, 1], [0, 1, 0], [1, 0, 1]], bool)
    found = captioner.contrastive_loss(views, captions, same).item()
    said = captioner.loss(views, np.concatenate([captions, captions])).item()
    w = captioner.picture_of(captioner.encoder(views)).data.astype(np.float64)
    s = w[:3] @ w[3:].T / 0.07
    s[same & ~np.eye(3, dtype=bool)] = -np.inf
    there = [np.log(np.exp(row).sum()) - row[i] for rows in (s, s.T) for i, row in enumerate(rows)]
    assert found == pytest.approx(said + np.mean(there), rel=1e-4)
    with pytest.raises(ValueError, match="whole is 0"):
        model().contrastive_loss(views, captions)


@pytest.mark.parametrize("kind", ["convolution", "patches"])
def test_it_learns_what_is_where(kind):
    """One bright block in one of nine places, told as its row and column: a mean of the picture can't tell them."""
    captioner = model(kind).train()
    x = np.zeros((9, 12, 12, 3), np.float32)
    for i in range(9):
        x[i, 4 * (i // 3) : 4 * (i // 3) + 4, 4 * (i % 3) : 4 * (i % 3) + 4] = 1
    captions = np.array([[BEGIN, 4 + i // 3, 4 + i % 3, END] for i in range(9)])
    optimizer = optim.AdamW(captioner.parameters(), lr=5e-3)
    for _ in range(200):
        optimizer.zero_grad()
        captioner.loss(x, captions).backward()
        optimizer.step()
    assert [list(text.tokens) for text in captioner.eval().write(x)] == captions[:, 1:3].tolist()


def test_patches_must_divide_the_side():
    with pytest.raises(ValueError, match="patches of 5 pixels don't divide a side of 12"):
        PatchEncoder(12, 3, 16, 5)
