"""The watch recipe: what is true of simulated balls, how hands write, what counts as right, and one short run."""

import json
from importlib.metadata import PackageNotFoundError, distribution

import numpy as np
import pytest

from tinyxm import recipes
from tinyxm.data import Video, read_video, write_gif
from tinyxm.data.sources.balls import COLOURS, simulate
from tinyxm.recipes.sentences import text_of, vocabulary_of
from tinyxm.recipes.watch import bouncing, job, scores, writing
from tinyxm.recipes.watch.films import as_balls, as_writing
from tinyxm.recipes.watch.job import FROZEN, shown

try:
    distribution("kanjivg")
except PackageNotFoundError:
    pytest.skip("kanjivg isn't installed: needs the extra data", allow_module_level=True)


@pytest.fixture(scope="module")
def clips():
    return bouncing.clips(60, 11)


def motion(x, v, radii=(0.1, 0.1)):
    return simulate(np.array(x), np.array(v), np.array(radii), 1.0, gravity=0.0, restitution=1.0)


def both(*given):
    moved = motion(*given)
    return [bouncing.sentence(moved, ("red", "blue"), back) for back in (False, True)]


def test_sentences_tell_what_happens_and_what_would_happen_backwards():
    rests = [0.8, 0.8], [0.0, 0.0]
    for v, there, back in (
        ((0.5, 0.1), "right", "left"),
        ((-0.5, 0.1), "left", "right"),
        ((0.1, 0.5), "up", "down"),
        ((0.1, -0.5), "down", "up"),
    ):
        x = [0.45 - v[0] / 2, 0.45 - v[1] / 2]
        told = [f"a red ball moves {where} and a blue ball rests" for where in (there, back)]
        assert both([x, rests[0]], [v, rests[1]]) == told
    for v, x, wall in (
        ((-0.6, 0), (0.4, 0.3), "left"),
        ((0.6, 0), (0.6, 0.3), "right"),
        ((0, -0.6), (0.3, 0.4), "bottom"),
        ((0, 0.6), (0.3, 0.6), "top"),
    ):
        told = f"a red ball bounces off the {wall} wall and a blue ball rests"
        assert both([x, rests[0]], [v, rests[1]]) == [told, told]  # a bounce is the same both ways
    # equal balls exchange what they have along the line between them: who comes to rest was the one that hit
    hits = both([[0.2, 0.5], [0.52, 0.5]], [[0.4, 0], [0, 0]])
    assert hits == ["a red ball hits a blue ball", "a blue ball hits a red ball"]


@pytest.mark.parametrize(
    ("x", "v", "why"),
    [
        ([[0.25, 0.25], [0.8, 0.8]], [[0.4, 0.4], [0, 0]], "it moves right as much as up"),
        ([[0.3, 0.5], [0.7, 0.5]], [[0.2, 0], [-0.2, 0]], "both hit"),
        ([[0.15, 0.5], [0.8, 0.8]], [[-0.6, 0], [0, 0]], "it bounces as the film begins"),
        ([[0.2, 0.5], [0.75, 0.5]], [[0.8, 0], [0, 0]], "the one that was hit meets the wall, too"),
    ],
)
def test_what_is_not_clear_is_not_told(x, v, why):
    assert bouncing.sentence(motion(x, v), ("red", "blue")) == "", why


def test_clips_are_told_in_the_grammar_and_reversed_films_have_their_own_sentence(clips):
    for text, back in zip(clips.texts, clips.backwards, strict=True):
        told, turned = bouncing.parse(text), bouncing.parse(back)
        assert len(told) == 2
        assert told.keys() == turned.keys()
        for colour, (deed, where) in told.items():
            other = {"left": "right", "right": "left", "up": "down", "down": "up"}
            assert (
                turned[colour]
                == {
                    "rests": (deed, where),
                    "bounces": (deed, where),
                    "moves": (deed, other.get(where)),
                    "hits": ("is hit", where),
                    "is hit": ("hits", where),
                }[deed]
            )
    deeds = {deed for text in clips.texts for deed in bouncing.parse(text).values()}
    assert {("moves", "left"), ("bounces", "top"), ("rests", "")} <= deeds
    assert 0.15 < np.mean(["hits" in text for text in clips.texts]) < 0.5
    again = bouncing._clip(np.random.default_rng([11, 7]))
    np.testing.assert_array_equal(again[0], clips.films[7])


def test_balls_that_are_told_to_move_do_so_in_the_film(clips):
    """Held to the pixels: the centre of a colour goes where the sentence says."""
    checked = 0
    for film, text in zip(clips.films, clips.texts, strict=True):
        for colour, (deed, where) in bouncing.parse(text).items():
            if deed == "moves":
                near = np.abs(film.astype(int) - np.array(COLOURS[colour])).sum(-1) < 60
                centres = [np.argwhere(near[k]).mean(axis=0) for k in (0, -1)]
                down, right = centres[1] - centres[0]
                assert {"left": -right, "right": right, "up": -down, "down": down}[where] > 4
                checked += 1
    assert checked > 10


def test_a_mirrored_or_reversed_training_film_is_told_so(clips):
    vocabulary = vocabulary_of([*clips.texts, *clips.backwards])
    batches = bouncing.ClipBatches(clips, vocabulary, 30, 5)
    (x, tokens), (again, same) = batches.batch(3), bouncing.ClipBatches(clips, vocabulary, 30, 5).batch(3)
    assert x.tobytes() == again.tobytes()
    assert tokens.tobytes() == same.tobytes()
    seen = {}
    for i, film in enumerate(bouncing.seen(clips.films)):
        for back in (0, 1):
            for across in (0, 1):
                for over in (0, 1):
                    view = film[:: 1 - 2 * back, :: 1 - 2 * over, :: 1 - 2 * across]
                    text = (clips.backwards if back else clips.texts)[i]
                    swaps = [("left", "right")] * across + [("up", "down"), ("top", "bottom")] * over
                    for a, b in swaps:
                        text = text.replace(a, "@").replace(b, a).replace("@", b)
                    seen.setdefault(view.tobytes(), set()).add(text)
    for film, caption in zip(x, tokens, strict=True):
        assert text_of(vocabulary, [t for t in caption if t > 3]) in seen[film.tobytes()]


def test_slots_count_what_is_right_of_what_there_is():
    right = ["a red ball moves left and a blue ball bounces off the top wall", "a red ball hits a blue ball"]
    assert all((pairs[:, 0] == pairs[:, 1]).all() for pairs in bouncing.slots(right, right).values())
    said = ["a red ball moves up and a green ball rests", "a blue ball hits a red ball"]
    found = {name: pairs.tolist() for name, pairs in bouncing.slots(said, right).items()}
    assert found == {
        "colour_accuracy": [[1, 2], [2, 2]],
        "deed_accuracy": [[1, 2], [0, 2]],
        "direction_accuracy": [[0, 1], [0, 0]],
        "wall_accuracy": [[0, 1], [0, 0]],
        "hit_accuracy": [[0, 0], [0, 2]],
    }
    assert all(pairs[:, 0].sum() == 0 for pairs in bouncing.slots(["red a", "a red ball"], right).values())
    films = [*right, right[0].replace("left", "right"), "a blue ball hits a red ball"]
    assert scores.judged_balls(films, films)["both_ways_accuracy"].tolist() == [[1, 1], [1, 1], [0, 0], [0, 0]]
    still = [*right, *right]  # the same answer both ways is right of one at most
    assert scores.judged_balls(still, films)["both_ways_accuracy"][:2].tolist() == [[0, 1], [0, 1]]


def test_names_and_their_order_are_judged_apart():
    right = ["digit one", "digit two written backwards", "digit one", "digit two"]
    said = ["digit one", "digit two", "digit one written backwards", "digit one"]
    found = {name: pairs[:, 0].tolist() for name, pairs in scores.judged_writing(said, right).items()}
    expected = {"accuracy": [1, 1, 1, 0], "order_accuracy": [1, 0, 0, 1], "exact_match": [1, 0, 0, 0]}
    assert found == expected


def test_every_character_is_there_both_ways_by_every_hand_and_ends_alike():
    found = writing.writings([3, 4], "山7")
    assert found.films.shape == (8, 12, 24, 24, 1)
    names = ["cjk unified ideograph-5c71", "digit seven"]
    assert found.texts == [*names * 2, *(name + " written backwards" for name in names * 2)]
    assert found.hands.tolist() == [3, 3, 4, 4] * 2
    there, back = found.films[:4].astype(int), found.films[4:].astype(int)
    np.testing.assert_array_equal(there[:, -1], back[:, -1])  # so that a last frame knows nothing of the order
    assert (np.abs(there[:, 0] - back[:, 0]).max(axis=(1, 2, 3)) > 100).all()
    rest = there[:, -1] - there[:, 5]  # what comes last is what backwards comes first
    assert (back[:, 4] * rest).sum() > 5 * (back[:, 4] * there[:, 5]).sum()
    assert (np.abs(there[:2, -1] - there[2:, -1]).sum(axis=(1, 2, 3)) > 2000).all()  # two hands


def test_what_baselines_learn_from_are_the_films_and_as_many_varied():
    data = writing.writings([3], "山7ア")
    films, texts = writing.with_varied(data, np.random.default_rng(0), at_once=4)
    assert films.dtype == np.uint8
    np.testing.assert_array_equal(films[:6], data.films)
    assert texts == data.texts * 2
    again, _ = writing.with_varied(data, np.random.default_rng(0), at_once=4)
    np.testing.assert_array_equal(films, again)
    for film, own in zip(films[6:].astype(float), data.films.astype(float), strict=True):
        assert 0.2 < film[-1].sum() / own[-1].sum() < 3, "it is written on as before"
        assert np.abs(film - own).max() > 50
        assert (np.diff(film, axis=0) >= -1).all(), "all its frames are changed alike: ink stays"


def test_films_that_stop_hold_the_frame_and_frozen_ones_have_no_other():
    films = np.arange(2 * 12).reshape(2, 12, 1, 1, 1)
    assert writing.so_far(films, 3)[0].ravel().tolist() == [0, 1, 2] + [2] * 9
    assert writing.so_far(films, np.array([12, 1]))[1].ravel().tolist() == [12] * 12
    assert shown(films, "writing" + FROZEN)[1].ravel().tolist() == [23] * 12
    assert shown(films, "writing") is films


def test_ones_own_film_is_seen_as_the_training_films_are(tmp_path, clips):
    path = tmp_path / "ball.gif"
    film = clips.films[0]
    large = film.repeat(5, axis=1).repeat(5, axis=2)
    write_gif(path, large, np.arange(13) / 10)
    found = as_balls(read_video(path))
    assert found.shape == (1, 12, 24, 24, 3)
    assert np.abs(found[0] - bouncing.seen(film[None])[0]).mean() < 0.02
    ink = writing.writings([0], "7").films[0]
    paper = Video(255 - ink.repeat(4, axis=0), np.arange(49) / 20)  # dark on light, four times as many frames
    assert np.abs(as_writing(paper)[0] - writing.seen(ink)).mean() < 0.01
    assert np.abs(as_writing(Video(ink, np.arange(13.0)))[0] - writing.seen(ink)).mean() < 0.01


def test_a_template_filled_by_ridge_says_what_the_scores_say():
    told = [bouncing.parse(t) for t in ("a red ball moves left and a blue ball rests", "a red ball hits a blue ball")]
    sentences = scores.balls_by_ridge(told)
    assert sentences(lambda targets: targets.astype(float)) == [
        "a red ball moves left and a blue ball rests",
        "a red ball hits a blue ball",
    ]


def test_a_run_leaves_all_that_it_promises(tmp_path):
    run = recipes.train("watch", tmp_path / "run", quick=True, beam=2)
    results = json.loads((run.folder.path / "results.json").read_text())
    beside = {"last_frame", "greedy", "nearest_training_video", "linear", "linear_mean_frame", "most_frequent"}
    for section in (results["unseen_hands"], *results["unseen_balls"].values()):
        assert beside <= section["baselines"].keys()
        assert section["intervals"].keys() == section["baselines"]["linear"]["intervals"].keys()
    assert all(len(curve) == 6 for curve in results["unseen_hands"]["accuracy_so_far"].values())
    twin = results["unseen_hands"]["baselines"]["last_frame"]
    assert twin["order_accuracy"] == 0.5  # it can't know: every character is asked about both ways
    assert all(goal.met(results) is not None for goal in run.recipe.goals)
    assert "Balls: what it says" in (run.folder.path / "report.html").read_text()
    path = tmp_path / "ball.gif"
    write_gif(path, bouncing.clips(60, 11).films[0], np.arange(13) / 10)
    (text,) = run.generate(video=path)
    assert text.startswith("as writing: ")
    assert "; as balls: " in text
    assert len(set(run.generate(video=path, count=2))) == 2


def test_validation_sees_no_test_film(monkeypatch):
    asked = []
    monkeypatch.setattr(writing, "writings", lambda hands, *_: asked.append({*hands}))
    monkeypatch.setattr(bouncing, "clips", lambda n, seed, *_: asked.append({(n, seed)}))
    monkeypatch.setattr(job, "Data", lambda train, hands, balls, unseen: None)
    recipe = recipes.get("watch")
    for validation in (True, False):
        recipe.load(recipe.settings(validation=validation), lambda *args: None)
    *parts, train, clips, unseen = zip(asked[:5], asked[5:], strict=True)
    assert train[0] == train[1]
    assert clips[0] == clips[1]
    for validated, tested in (*parts, unseen):
        assert not validated & tested
        assert not tested & (train[0] | clips[0])
        assert not validated & (train[0] | clips[0])


@pytest.mark.slow
def test_settings_are_chosen_without_the_twins(tmp_path):
    run = recipes.train("watch", tmp_path / "run", quick=True, beam=2, select="learning_rate=1e-3/4e-3")
    chosen = json.loads((tmp_path / "run" / "selection.json").read_text())
    assert [trial["settings"] for trial in chosen["trials"]] == [{"learning_rate": 1e-3}, {"learning_rate": 4e-3}]
    assert run.settings.learning_rate == chosen["chosen"]["learning_rate"]
    for number, trial in enumerate(chosen["trials"], 1):
        tried = recipes.open(tmp_path / "run" / "trials" / str(number))
        assert tried.stages == ["writing", "balls"]
        found = tried.results["validation"]
        assert "last_frame" not in found["unseen_hands"]["baselines"]
        assert recipes.recipe.figure(found, run.recipe.criterion) == trial["score"]
    assert "unusual_hands" in run.results
    assert (tmp_path / "run" / "plots" / "selection.png").stat().st_size > 5000
