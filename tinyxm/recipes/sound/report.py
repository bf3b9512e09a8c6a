"""What a run of the namer shows of itself, and lets one hear."""

from __future__ import annotations

from typing import Any

import numpy as np

from tinyxm.data import CREDITS as DRAWN
from tinyxm.data.sources.speech import RATE_HZ
from tinyxm.recipes.recipe import Results
from tinyxm.recipes.sound.data import VOICES, ended
from tinyxm.recipes.sound.scores import Baselines, likeness, named, understood
from tinyxm.recipes.speak.report import compared
from tinyxm.recipes.speak.scores import waves_of
from tinyxm.training.gallery import Exhibit, Gallery, Picture, Sound, Words, gain_of
from tinyxm.training.plots import score_bars
from tinyxm.training.report import Plot, Scores, Section
from tinyxm.training.tables import score_tables
from tinyxm.training.writing import write_made

TITLES = {
    "judge": "the listener learns",
    "towers": "names are recognised",
    "voice": "names are said",
    "held_out_style": "drawings in a style never seen",
    "made_sound": "the sound that is made, among all names",
    "listener": "finished sounds, and a listener",
    "image_to_audio": "image → spoken name, found and not made",
}
ROWS = {
    "model": ("this model", "makes the sound from the drawing; where names are found, compares by its towers"),
    "recording_by_griffin_lim": (
        "the synthesiser, through Griffin-Lim",
        "the right name's own bands, and back to sound: the ceiling, for whoever speaks by such bands",
    ),
    "nearest_training_image": (
        "nearest training image",
        "the nearest training drawing (Twemoji or regular outline) by oriented gradients and colour, without learning, "
        "lends the sound of its name",
    ),
    "mean_name": ("mean name", "the mean of all names in that voice, whatever is drawn: a murmur"),
    "ridge": ("ridge", "a linear map from oriented gradients and colour to the bands, with a squared penalty"),
}
CREDITS = {
    **DRAWN,
    "Voices": "synthesised by eSpeak NG (GPL-3.0-or-later; called, none of it shipped)",
}
NOTES = (
    "Every sound here is synthesised: the namer learns from a machine's voices, and is asked for the same voices. How "
    "people speak is harder.",
    "The concepts and their names are known from training, the drawings asked about are of a style that isn't. What a "
    "concept never drawn is called, no such model can know.",
    "Is it the right name? First by a fixed measure that nothing was trained to judge: the cosine between the made "
    "bands and each name's, in the same voice, both less the voice's mean name; nothing is aligned, so a name said too "
    "late counts as wrong. Then by a listener, a recogniser that heard neither these voices nor anything that was "
    "made; it chooses from the list of all names.",
    "The term that the namer learns by compares sounds in the same way as the fixed measure, which favours it there; "
    "the listener hears something else.",
    "R@1 asks for the one name: of a murmur between two names the nearer one counts.",
    "The nearest training image's sound is always a clear name, right or wrong; the model's may lie between.",
    "Decibel distance is the mean difference of bands over the frames where either sounds. The mean name does well by "
    "it, and says nothing: the least error isn't the best speech.",
    "The sound lacks phases, which Griffin-Lim guesses: that is the hollow ring.",
)
SHOWN = 8


def introduction(results: Results) -> str:
    if "held_out_style" not in results:
        return "A network learned to say what is drawn."
    made, heard = (results["held_out_style"][way] for way in ("made_sound", "listener"))
    bar, ceiling = (made["baselines"]["nearest_training_image"], heard["baselines"]["recording_by_griffin_lim"])
    return (
        "A network learned to say the name of an emoji that it is shown, without a word of text in between. Of "
        f"drawings in a style that it never saw, {made['recall@1']:.0%} make a sound nearer to the right name than to "
        f"any other; the nearest training image's sound is right for {bar['recall@1']:.0%}. A listener understands "
        f"the right name in {heard['name_accuracy']:.0%} of the finished sounds, in "
        f"{heard['baselines']['nearest_training_image']['name_accuracy']:.0%} of the nearest images', and in "
        f"{ceiling['name_accuracy']:.0%} of the right names themselves sent through the same bands. All voices are "
        "synthesised."
    )


def sections(run: Any, results: Results) -> list[Section]:
    data, towers, voice = run.data, run.model("towers"), run.model("voice")
    asked = data.asked["held_out_style"]
    rows = np.linspace(0, len(asked) - 1, min(SHOWN, len(asked))).astype(int)
    asked = asked[rows]
    mels = named(towers, voice, data, asked)
    made = [ended(mel) for mel in mels]
    true = [ended(mel) for mel in data.sounds(asked.voices, asked.concepts)]
    nearest = likeness(mels, asked.voices, data).argmax(axis=1)
    spoken, real = waves_of(made), waves_of(true)
    heard = understood(run.model("judge"), data, spoken)
    looked_up = Baselines.of(data, asked).nearest
    names = [data.names[i] for i in asked.concepts]
    folder = run.folder.path / "sounds"
    folder.mkdir(exist_ok=True)
    for name, sound in zip(names, spoken, strict=True):
        write_made(folder / f"{name}.wav", "audio", [(gain_of(sound) * sound, RATE_HZ)])
    cards: list[list[Exhibit]] = [
        [
            Picture(asked.drawings[i], name),
            Words(name),
            Sound(spoken[i], RATE_HZ, "the model"),
            Words(f"the model, as {VOICES[asked.voices[i]]}", quiet=True),
            Sound(real[i], RATE_HZ, "the synthesiser, through Griffin-Lim"),
            Words("the synthesiser, through Griffin-Lim", quiet=True),
            Words(f"nearest name: {data.names[nearest[i]]}; the listener understands: {heard[i] or 'nothing'}"),
            Words(f"nearest training image: {data.names[looked_up[i]]}", quiet=True),
        ]
        for i, name in enumerate(names)
    ]
    told = (
        "Drawings by OpenMoji, a style that the model never saw, and what it says of each. Chosen evenly from all, "
        "good and bad. The model's own are WAV files, too, in the run's folder `sounds`."
    )
    drawn = compared(
        {"synthesiser": true, "model": made},
        names,
        np.argsort([-len(mel) for mel in true], kind="stable")[:3],
    )
    caption = (
        "Loudness by band and time: above as the synthesiser says the right name, below as the model draws it from the "
        "picture. Where it isn't sure which name it is, it draws what they have in common."
    )
    tables = score_tables({"held_out_style": results["held_out_style"]}, TITLES, ROWS)
    bars = Plot(score_bars(tables[:1], "recall@1"), "The first answer, beside the baselines.", "bars")
    return [
        Section("Results", [Scores(tables), bars]),
        Section(
            "What it sounds like",
            [told, Gallery(cards), "Measured over those listened to:", results["held_out_style"]["sounds"]],
        ),
        Section("What it draws", [Plot(drawn, caption, "spectra")]),
    ]
