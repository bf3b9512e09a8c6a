"""Write: the order score by hand, parts that share no voice and no hand, and a short run that writes a GIF."""

import json

import numpy as np
import pytest

pytest.importorskip("kanji", reason="needs the extra data")
pytest.importorskip("espeakng_loader", reason="needs the extra data")

from tinyxm import recipes
from tinyxm.data import read_video
from tinyxm.data.sources.hands import films
from tinyxm.data.sources.utterances import Utterance, utterances
from tinyxm.recipes.write import data
from tinyxm.recipes.write.data import unit
from tinyxm.recipes.write.job import other
from tinyxm.recipes.write.report import spoken_name
from tinyxm.recipes.write.scores import overlap, reordered, stroke_order
from tinyxm.training.writing import write_made


def film(*places, frames=3, side=8):
    """One pixel after another, each at its (frame, row, column)."""
    ink = np.zeros((frames, side, side, 1), np.float32)
    for frame, row, column in places:
        ink[frame:, row, column] = 1
    return ink


def test_the_order_of_three_pixels_by_hand():
    true = film((0, 1, 1), (1, 1, 5), (2, 5, 1))
    assert stroke_order(true, true) == 1
    backwards = film((2, 1, 1), (1, 1, 5), (0, 5, 1))
    assert stroke_order(true, backwards) == -1
    first_two_swapped = film((1, 1, 1), (0, 1, 5), (2, 5, 1))
    assert stroke_order(true, first_two_swapped) == pytest.approx(1 / 3)  # one pair of three is wrong: (2 − 1) / 3
    two_at_once = film((0, 1, 1), (0, 1, 5), (2, 5, 1))
    assert stroke_order(true, two_at_once) == pytest.approx(2 / 3)
    vague = true.copy()
    vague[:, 1, 5] = np.array([0.5, 0.75, 1.0])[:, None]  # half at frame 0, a quarter at 1 and at 2
    # from (1, ½) to (1, 1): area ½; (½, 0), (¾, 0), (1, 1): area ¾; the third pair is right
    assert stroke_order(true, vague) == pytest.approx((0.5 + 0.75 + 1) / 3)


def test_where_and_how_large_it_is_written_makes_no_difference_and_what_is_missing_counts_as_nothing():
    true = film((0, 1, 1), (1, 1, 5), (2, 5, 1))
    assert stroke_order(true, film((0, 3, 2), (1, 3, 5), (2, 6, 2))) == 1
    assert stroke_order(true, np.zeros_like(true)) == 0
    line = [(t, t, t) for t in range(8)]
    assert 0.5 < stroke_order(film(*line, frames=8), film(*line[:-1], frames=8)) < 1


def test_no_film_without_an_order_scores():
    true = unit(films("8あき", range(4)).reshape(-1, 12, 28, 28, 1))
    other_order = reordered(true, np.random.default_rng(0))
    assert all(stroke_order(t, m) == 0 for t, m in zip(true, other_order["still"], strict=True))
    mist = true[:, -1:] * np.linspace(1 / 12, 1, 12, dtype=np.float32)[:, None, None, None]
    assert all(abs(stroke_order(t, m)) < 1e-6 for t, m in zip(true, mist, strict=True))
    itself = [stroke_order(t, t) for t in true]
    assert min(itself) > 0.9
    backwards = np.concatenate([true[:, -1:] - true[:, -2::-1], true[:, -1:]], axis=1)
    assert max(stroke_order(t, m) for t, m in zip(true, backwards, strict=True)) < -0.7
    twice = np.concatenate([true, true], axis=1)
    assert all(stroke_order(t, m) <= s for t, m, s in zip(true, twice, itself, strict=True)), "once more isn't more"
    shuffled = [
        stroke_order(t, m)
        for seed in range(40)
        for t, m in zip(true, reordered(true, np.random.default_rng(seed))["shuffled_frames"], strict=True)
    ]
    assert abs(np.mean(shuffled)) < 3 * np.std(shuffled) / np.sqrt(len(shuffled)) + 1e-3
    assert overlap(true, true) == pytest.approx(np.ones(len(true)))


@pytest.mark.parametrize("part", ["validation", "test"])
def test_voices_and_hands_of_a_part_are_in_no_other(part):
    train, asked = data.asked("train", 48), data.asked(part, 10)
    assert not {u.voice.partition("+")[2] for u in train} & {u.voice.partition("+")[2] for u in asked}
    assert {u.text for u in train} == {u.text for u in asked}
    assert len({u.text for u in train}) == len(data.CHARACTERS)
    hands = [set(seeds) for seeds in data.HANDS.values()]
    assert sum(map(len, hands)) == len(set.union(*hands))
    labels = np.arange(len(data.CHARACTERS))
    rng = np.random.default_rng(0)
    assert all((other(labels, rng) != labels).all() for _ in range(50))


@pytest.fixture(scope="module")
def run(tmp_path_factory):
    patch = pytest.MonkeyPatch()
    patch.delenv("TINYXM_FSDD", raising=False)
    run = recipes.train("write", tmp_path_factory.mktemp("runs") / "run", quick=True, width=16, dimensions=2)
    patch.undo()
    return run


def test_a_short_run_scores_and_reports(run):
    results = run.results
    assert set(results["unseen_voices"]["baselines"]) >= {"nearest_training_sound", "class_mean", "swept", "still"}
    assert results["unseen_voices"]["baselines"]["still"]["stroke_order"] == 0
    assert results["unseen_voices"]["baselines"]["true_other_hand"]["stroke_order"] > 0.7
    for goal in run.recipe.goals:
        assert goal.met(results) is not None
    json.dumps(results)
    page = (run.folder.path / "report.html").read_text()
    assert page.count("audio/wav") == 12
    assert "hands are simulated" in page
    assert [spoken_name(c) for c in "7き"] == ["seven", "ki き"]


def test_a_batch_is_a_function_of_its_step(run):
    stage = run.recipe.stage("writer", run)
    first, again, later = (stage.batch(step) for step in (1, 1, 2))
    for a, b in zip(first[:4], again[:4], strict=True):
        assert np.array_equal(a, b)
    assert not np.array_equal(first[0], later[0])
    assert first[4].random() == again[4].random()


def test_the_writer_begins_with_the_ear_that_learned_first(run):
    recipe = run.recipe
    fresh = recipe.build("writer", run.settings, {})
    begun = recipe.start("writer", recipe.build("writer", run.settings, {}), run)
    for own, learned, new in zip(
        begun.ear.parameters(), run.model("ear").parameters(), fresh.ear.parameters(), strict=True
    ):
        assert np.array_equal(own.data, learned.data)
        assert not np.array_equal(own.data, new.data)


def test_a_sound_becomes_a_gif(run, tmp_path):
    sound = utterances([Utterance("seven")])["audio"][0][:, 0]
    made = run.generate(audio=(sound, 22_050), count=2, seed=1)
    again = run.generate(audio=(sound, 22_050), count=2, seed=1)
    assert np.array_equal(made[0].frames, again[0].frames)
    assert not np.array_equal(made[0].frames, made[1].frames)
    assert np.diff(made[0].frames, axis=0).min() >= 0
    paths = write_made(tmp_path / "seven.gif", "video", made)
    seen = read_video(paths[0])
    assert seen.frames.shape[1:3] == (168, 168)
    assert seen.seconds[-1] == pytest.approx(12 / 8 + 1, abs=0.02)
