"""Maps of each word of a caption, on a small world where it's known what each word is of, and by the usual tests."""

import numpy as np
import pytest
from matplotlib.figure import Figure

from tinyxm import optim
from tinyxm.models import interpretation as inside
from tinyxm.models.captioner import BEGIN, END, Captioner, ConvolutionEncoder, PatchEncoder
from tinyxm.models.interpretation.draw import sheet
from tinyxm.models.interpretation.overview import each_word
from tinyxm.recipes.caption.answers import Seen, as_scene, covered, explained

COLOURS = np.array([[1, 0, 0], [0, 1, 0], [0, 0, 1], [1, 1, 0]], np.float32)
SIDE, NOTHING = 16, np.zeros(3, np.float32)


def world(n, rng):
    """A coloured square, told as its colour and whether it's in the upper or the lower half; and a gray one, of which
    nothing is told."""
    x, captions, places = np.zeros((n, SIDE, SIDE, 3), np.float32), np.empty((n, 4), int), []
    for i, caption in enumerate(captions):
        colour, half, side = rng.integers(0, [len(COLOURS), 2, 2])
        at = [(8 * int(h) + 1, 8 * int(s) + 1) for h, s in ((half, side), (rng.integers(0, 2), 1 - side))]
        for (top, left), painted in zip(at, (COLOURS[colour], 0.5), strict=True):
            x[i, top : top + 6, left : left + 6] = painted
        caption[:] = BEGIN, 4 + colour, 4 + len(COLOURS) + half, END
        places.append(at)
    return x, captions, places


@pytest.fixture(scope="module")
def learned():
    rng = np.random.default_rng(0)
    model = Captioner(ConvolutionEncoder(SIDE, 3, 24, (8, 16), rng), 4 + len(COLOURS) + 2, 24, 2, 1, 3, 0.0, rng)
    optimizer = optim.AdamW(model.parameters(), lr=5e-3)
    for _ in range(150):
        x, captions, _ = world(32, rng)
        optimizer.zero_grad()
        model.loss(x, captions).backward()
        optim.clip_by_norm(model.parameters(), 1.0)
        optimizer.step()
    x, captions, places = world(12, np.random.default_rng(1))
    right = [list(text.tokens) == captions[i, 1:3].tolist() for i, text in enumerate(model.eval().write(x))]
    assert np.mean(right) > 0.9  # else its maps have nothing to tell
    return model, x[right], captions[right], [place for place, ok in zip(places, right, strict=True) if ok]


def maps_of(model, x, captions, way):
    """(pictures, words, side, side): of the two colours, by attention or by covering."""
    found = []
    for picture, caption in zip(x, captions, strict=True):
        if way == "attention":
            drawn = model.attention(picture[None], caption[1:3])[:2]
            found.append(drawn.repeat(SIDE // drawn.shape[1], axis=1).repeat(SIDE // drawn.shape[2], axis=2))
        else:
            found.append(covered(model, picture[None], caption[1:3].tolist(), (4, 4), NOTHING))
    return np.array(found)


def score_of(model, captions, word):
    """The probability of each picture's word after the true ones before it."""

    def score(x):
        return 1 / (1 + np.exp(-model.log_odds(x, captions[:, 1 : word + 2])[:, word]))

    return score


def test_covering_finds_the_part_that_a_word_is_read_from():
    """Of a model whose first word reads the left half, and whose second the right."""

    class Halves:
        def log_odds(self, x, tokens):
            return np.stack([x[:, :, :8].sum((1, 2, 3)), x[:, :, 8:].sum((1, 2, 3))], axis=1)

    found = covered(Halves(), np.ones((1, SIDE, SIDE, 3), np.float32), [5, 6], (4, 4), NOTHING)
    assert found.shape == (2, SIDE, SIDE)
    first, second = found[..., :6], found[..., -6:]  # windows of 4 that stand 2 apart reach over the middle
    np.testing.assert_array_equal([first[0], second[1]], 48)  # 4 × 4 places of 3 channels
    np.testing.assert_array_equal([first[1], second[0]], 0)


@pytest.mark.parametrize("way", ["attention", "covering"])
def test_random_weights_destroy_the_maps(learned, way):
    model, x, captions, _ = learned
    of = slice(0, 4)

    def explain():
        maps = maps_of(model, x[of], captions[of], way)
        return maps.reshape(-1, SIDE, SIDE)

    left = [
        inside.randomisation_test(model, explain, np.random.default_rng(k), cascade=False).signed[-1].mean()
        for k in range(3)
    ]
    assert abs(np.mean(left)) < 0.3


@pytest.mark.parametrize("way", ["attention", "covering"])
def test_deleting_where_a_map_is_high_takes_the_colour_away_sooner_than_random_orders(learned, way):
    model, x, captions, _ = learned
    colour, score = maps_of(model, x, captions, way)[:, 0], score_of(model, captions, 0)
    found = inside.faithfulness(score, x, colour, NOTHING, orders=6, grain=4, rng=np.random.default_rng(0))
    assert found.deletion.area.mean() < 0.8 * found.random_deletion.area.mean()
    assert found.deletion_wins.mean() > 0.7


def test_covering_is_what_the_words_lose(learned):
    model, x, captions, _ = learned
    tokens = captions[0, 1:].tolist()
    found = covered(model, x[:1], tokens, (16, 16), NOTHING)
    whole, nothing = (model.log_odds(a, tokens).data[0] for a in (x[:1], np.zeros_like(x[:1])))
    np.testing.assert_allclose(found, np.broadcast_to((whole - nothing)[:, None, None], (3, 16, 16)), rtol=1e-4)


def test_log_odds_are_those_of_the_scores(learned):
    model, x, captions, _ = learned
    tokens = captions[:3, 1:]
    scores = model(x[:3], captions[:3, :-1]).data.astype(np.float64)
    p = np.exp(scores) / np.exp(scores).sum(-1, keepdims=True)
    p = np.take_along_axis(p, tokens[..., None], axis=-1)[..., 0]
    np.testing.assert_allclose(model.log_odds(x[:3], tokens).data, np.log(p / (1 - p)), rtol=1e-3)
    np.testing.assert_array_equal(model.log_odds(x[1:2], tokens[1]).data, model.log_odds(x[1:2], tokens[1:2]).data)
    for text in [text for text in model.alternatives(x[:1], 64, 0.0)[0] if text.ended][:5]:
        odds = model.log_odds(x[:1], [*text.tokens, END]).data.astype(np.float64)
        assert -np.log1p(np.exp(-odds)).sum() == pytest.approx(text.log_probability, abs=1e-4)  # as a beam adds up


@pytest.mark.parametrize("patches", [False, True])
def test_a_sheet_has_a_map_of_the_whole_text_and_two_of_each_word(patches):
    rng = np.random.default_rng(0)
    encoder = PatchEncoder(SIDE, 3, 16, 8, 1, rng=rng) if patches else ConvolutionEncoder(SIDE, 3, 16, (8, 16), rng)
    model = Captioner(encoder, 8, 16, 2, 1, 3, 0.0, rng).eval()
    x = world(1, rng)[0]
    whole, looked, lost = rows = explained(model, [5, 6, END], ["red", "blue", "(end)"], Seen(x, x[0], NOTHING), "here")
    assert ("Grad-CAM" in {name.split("\n")[0] for name in whole.maps}) is not patches
    assert whole.title.startswith("here: log-odds of all words of “red blue”")
    assert list(looked.maps) == list(lost.maps) == ["1: red", "2: blue", "3: (end)"]
    np.testing.assert_allclose(np.array(list(looked.maps.values())).sum((1, 2)), 1, rtol=1e-5)
    assert "random weights" in looked.title
    assert isinstance(sheet(rows), Figure)


def test_maps_of_words_are_told_in_rows():
    model = PatchEncoder(4, 1, 4, 2, 1, 1)
    maps = np.random.default_rng(0).random((5, 2, 2))
    rows = each_word("looked", lambda: maps, model, "abcde", np.zeros((4, 4, 3)), 2)
    assert [list(row.maps) for row in rows] == [["1: a", "2: b"], ["3: c", "4: d"], ["5: e"]]
    assert all(row.title == "looked (≈ 1.00 with random weights)" for row in rows)  # the model had no part in them
    np.testing.assert_array_equal(rows[1].maps["4: d"], maps[3])


def test_the_ground_of_a_scene_stands_for_nothing():
    picture = np.full((48, 48, 4), 255, np.uint8)
    picture[..., :3] = 204
    picture[10:20, 10:20, :3] = 0
    seen = as_scene(picture)
    np.testing.assert_allclose(seen.nothing, 0.2, atol=1e-6)
    np.testing.assert_allclose(seen.shown[0, 0], 0.8, atol=1e-6)
    assert seen.x.max() == pytest.approx(1, abs=1e-6)
