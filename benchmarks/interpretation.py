"""Do maps of what made a model's answer pass their tests? Every method on three models of real data.

python benchmarks/interpretation.py [--run runs/emoji-0] [--caption runs/caption-0] [--only caption]

Trains a convolution network and a transformer on handwritten digits and a convolution network on spoken ones, takes the
two towers of a run of `tinyxm train emoji` and the scenes' captioner of one of `tinyxm train caption`, and writes
results/interpretation.json and docs/interpretation.png. What isn't measured anew stays as it was.
"""

from __future__ import annotations

import argparse
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np

import tinyxm as xm
from tinyxm import data, nn, optim
from tinyxm.data import audio
from tinyxm.models import interpretation as inside
from tinyxm.models.interpretation.draw import Maps, sheet
from tinyxm.models.interpretation.scores import Score

HERE = Path(__file__).parent
INPUTS = 40
Explain = dict[str, Callable[[], np.ndarray]]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--run", type=Path, help="a run of the recipe emoji, whose towers are looked into as well")
    parser.add_argument(
        "--caption", type=Path, help="a run of the recipe caption, whose scenes are looked into as well"
    )
    parser.add_argument("--only", choices=["caption"], help="measure this part alone, and draw nothing")
    given = parser.parse_args()
    results = HERE / "results" / "interpretation.json"
    record: dict[str, Any] = json.loads(results.read_text("utf-8")) if results.exists() else {}
    rows: list[Any] = []
    for part in () if given.only else (written_digits, spoken_digits):
        try:
            part(record, rows)
        except (FileNotFoundError, data.MissingExtra) as error:
            print(f"{part.__name__} left out: {error}")
    if given.run and not given.only:
        emoji(given.run, record, rows)
    if given.caption:
        caption(given.caption, record)
    results.write_text(json.dumps(record, indent=1) + "\n", "utf-8")
    write_page(record)
    if rows:
        sheet(rows).savefig(HERE.parent / "docs" / "interpretation.png", dpi=100)


def convolutions(rng: np.random.Generator) -> nn.Sequential:
    return nn.Sequential(
        *(nn.Conv2d(1, 16, 3, stride=2, padding=1, rng=rng), nn.ReLU()),
        *(nn.Conv2d(16, 32, 3, stride=2, padding=1, rng=rng), nn.ReLU()),
        *(nn.Conv2d(32, 32, 3, padding=1, rng=rng), nn.ReLU()),
        *(nn.GlobalAveragePool(), nn.Linear(32, 10, rng=rng)),
    )


class Patches(nn.Module):
    """A transformer on 4 × 4 patches of 7 × 7 pixels."""

    def __init__(self, rng: np.random.Generator) -> None:
        self.embed, self.positions = nn.Linear(49, 32, rng=rng), nn.LearnedPositions(16, 32, rng=rng)
        self.encoder = nn.TransformerEncoder(32, 4, 2, 64, dropout=0.0, norm_first=True, rng=rng)
        self.out = nn.Linear(32, 10, rng=rng)

    def forward(self, x: Any) -> Any:
        patches = np.swapaxes(xm.ops.reshape(x, (len(x), 4, 7, 4, 7)), 2, 3)
        tokens = self.positions(self.embed(xm.ops.reshape(patches, (len(x), 16, 49))))
        return self.out(np.mean(self.encoder(tokens), axis=1))

    def rollout(self, x: np.ndarray) -> np.ndarray:
        with xm.no_grad(), inside.attention_maps(self) as seen:
            self(x)
        rolled = inside.attention_rollout([calls[0] for calls in seen.values()]).mean(axis=1)
        return rolled.reshape(-1, 4, 4).repeat(7, axis=1).repeat(7, axis=2)


def train(model: Any, x: np.ndarray, y: np.ndarray, rows: np.ndarray, steps: int = 400) -> Any:
    rng = np.random.default_rng(0)
    optimizer = optim.Adam(model.parameters(), lr=5e-3)
    schedule = optim.Schedule(optimizer, optim.warm_up(30, optim.cosine(steps)))
    for _ in range(steps):
        chosen = rows[rng.integers(len(rows), size=64)]
        optimizer.zero_grad()
        xm.ops.cross_entropy(model(x[chosen]), y[chosen]).backward()
        optimizer.step()
        schedule.step()
    return model.eval()


def written_digits(record: dict[str, Any], rows: list[Any]) -> None:
    samples = data.load("handwritten-28")
    x, y = samples["image"].astype(np.float32) / 255, samples.groups["digit"]
    split = data.stratified_split(y, rng=0)
    chosen = np.random.default_rng(0).permutation(split["test"])[:INPUTS]
    for name, make in (("written digits, convolutions", convolutions), ("written digits, transformer", Patches)):
        model = train(make(np.random.default_rng(0)), x, y, split["train"])
        said, right = answers(model, x, y, split["test"], chosen)
        shown, score = x[chosen], inside.logit(model, said)
        explain = usual(score, shown, 0.0)
        if isinstance(model, Patches):
            explain["attention rollout"] = lambda model=model, shown=shown: model.rollout(shown)
        else:
            explain["Grad-CAM"] = lambda model=model, score=score, shown=shown: inside.grad_cam(
                score, model[5], shown, (28, 28)
            )
        explain["the input itself"] = lambda shown=shown: shown[..., 0]
        record[name] = {"accuracy": right, **examined(model, inside.probability(model, said), shown, 0.0, explain)}
        if name.endswith("convolutions"):
            i = int(np.flatnonzero(said == 7)[0])
            drawn = {key: f()[i] for key, f in explain.items() if key != "the input itself"}
            rows.append(Maps("written digit: why 7?", shown[i], drawn))


def spoken_digits(record: dict[str, Any], rows: list[Any]) -> None:
    samples = data.load("recorded-digits")
    x, y = np.stack([heard(sound[:, 0]) for sound in samples["audio"]]), samples.groups["digit"]
    parts = samples.groups["official"]
    training, test = np.flatnonzero(parts == "train"), np.flatnonzero(parts == "test")
    chosen = np.random.default_rng(0).permutation(test)[:INPUTS]
    model = train(convolutions(np.random.default_rng(0)), x, y, training)
    said, right = answers(model, x, y, test, chosen)
    shown, score = x[chosen], inside.logit(model, said)
    for what, fill in (("silence", np.float32(x.min())), ("the mean sound", x[training].mean(axis=0))):
        explain = usual(score, shown, fill)
        explain["Grad-CAM"] = lambda: inside.grad_cam(score, model[5], shown, (32, 32))
        explain["the input itself"] = lambda: shown[..., 0]
        name = f"spoken digits, convolutions, from {what}"
        record[name] = {"accuracy": right, **examined(model, inside.probability(model, said), shown, fill, explain)}
    i = int(np.flatnonzero(said == 7)[0])
    drawn = {key: f()[i] for key, f in explain.items() if key != "the input itself"}
    rows.append(Maps("spoken digit: why seven? (time →, pitch ↑)", shown[i], drawn, spectrogram=True))


def heard(sound: np.ndarray) -> np.ndarray:
    """A log mel spectrogram (32 frames, 32 bands, 1), the sound in the middle."""
    bands = audio.log_mel(sound, rate_hz=8000, window_samples=256, hop_samples=128, mels=32) / 40 + 1
    out = np.full((32, 32, 1), bands.min(), np.float32)
    n, begin = min(32, len(bands)), max(0, (len(bands) - 32) // 2)
    out[(32 - n) // 2 : (32 - n) // 2 + n, :, 0] = bands[begin : begin + n]
    return out


def emoji(folder: Path, record: dict[str, Any], rows: list[Any]) -> None:
    """The picture's tower asked how well drawings of the style never seen agree with their own texts."""
    from tinyxm import recipes
    from tinyxm.recipes.emoji.job import vocabulary_of
    from tinyxm.recipes.emoji.scores import embed_texts
    from tinyxm.recipes.emoji.views import features, texts_of

    run = recipes.open(folder)
    samples, tower = run.data, run.model("held_out_style").image
    chosen = np.random.default_rng(0).permutation(len(samples))[:INPUTS]
    texts = [texts_of(samples)[i] for i in chosen]
    said = embed_texts(run.model("held_out_style"), vocabulary_of(run, "held_out_style"), texts)
    shown, blank = features(samples["openmoji"][chosen]), features(np.zeros((1, 32, 32, 4), np.uint8))[0]
    score = inside.similarity(tower, said)
    explain = usual(score, shown, blank)
    explain["Grad-CAM"] = lambda: inside.grad_cam(score, tower.layers[5], shown, (16, 16))
    explain["the input itself"] = lambda: np.abs(shown - blank).sum(axis=-1)
    epochs = run.settings.passes
    record["emoji, two towers"] = {"epochs": epochs, **examined(tower, score, shown, blank, explain, grain=2)}
    rows += run.inside(text="red apple", image=samples["openmoji"][list(samples["name"]).index("red apple")])


def caption(folder: Path, record: dict[str, Any]) -> None:
    """The captioner of scenes asked for one word of each true caption: a size, colour, shape, count or relation."""
    from tinyxm import recipes
    from tinyxm.recipes.caption.scenes import seen, unseen_scenes
    from tinyxm.recipes.sentences import tokens_of

    run, scenes = recipes.open(folder), unseen_scenes(INPUTS, seed=3)
    model, vocabulary = run.model("scenes"), data.Vocabulary.of(run.facts("scenes")["vocabulary"])
    x, tokens = seen(scenes.images), tokens_of(vocabulary, scenes.texts)[:, 1:]
    rng, rows = np.random.default_rng(0), np.arange(INPUTS)
    empty = {"a", "of", "with", "shapes"}
    places = np.array([rng.choice([i for i, w in enumerate(t.split()) if w not in empty]) for t in scenes.texts])

    def score(pictures: Any) -> Any:
        return model.log_odds(pictures, tokens)[rows, places]

    def looked_at() -> np.ndarray:
        maps = [model.attention(x[i : i + 1], tokens[i, : places[i]].tolist())[-1] for i in rows]
        return np.repeat(np.repeat(np.array(maps), 8, axis=1), 8, axis=2)

    ground = x[:, :1, :1]
    explain: Explain = {
        "attention": looked_at,
        "integrated gradients": lambda: inside.over_channels(inside.integrated_gradients(score, x, ground)),
        "occlusion": lambda: inside.occlusion(score, x, (6, 6), 3, ground),
        "the input itself": lambda: np.abs(x - ground).sum(axis=-1),
    }
    told = examined(model, lambda pictures: 1 / (1 + np.exp(-score(pictures))), x, ground, explain, grain=8)
    record["scenes, a captioner's words"] = {"epochs": run.settings.passes, **told}


def usual(score: Score, x: np.ndarray, fill: Any) -> Explain:
    return {
        "gradient": lambda: inside.over_channels(inside.gradient(score, x)),
        "SmoothGrad": lambda: inside.over_channels(inside.smooth_grad(score, x, rng=np.random.default_rng(1))),
        "gradient × input": lambda: inside.over_channels(inside.gradient_times_input(score, x, fill)),
        "integrated gradients": lambda: inside.over_channels(inside.integrated_gradients(score, x, fill)),
        "occlusion": lambda: inside.occlusion(score, x, (4, 4), 2, fill),
    }


def answers(model: Any, x: np.ndarray, y: np.ndarray, test: np.ndarray, chosen: np.ndarray) -> tuple[np.ndarray, float]:
    with xm.no_grad():
        right = float(np.mean(model(x[test]).data.argmax(axis=1) == y[test]))
        return model(x[chosen]).data.argmax(axis=1), right


def examined(
    model: nn.Module, score: Score, x: np.ndarray, fill: Any, explain: Explain, grain: int = 4
) -> dict[str, Any]:
    """Of each method: what random weights leave of it, and whether its first places matter more than random ones."""
    found: dict[str, Any] = {}
    for name, draw in explain.items():
        left = [inside.randomisation_test(model, draw, np.random.default_rng(k), cascade=False) for k in range(3)]
        curves = inside.faithfulness(score, x, draw(), fill, grain=grain, rng=np.random.default_rng(3))
        low, high = xm.metrics.bootstrap(np.mean, curves.deletion.area, rng=np.random.default_rng(0))
        found[name] = {
            "signed": round(float(np.mean([r.signed[-1] for r in left])), 3),
            "magnitudes": round(float(np.mean([r.left for r in left])), 3),
            "deletion": round(float(curves.deletion.area.mean()), 3),
            "deletion_interval": [round(float(low), 3), round(float(high), 3)],
            "random_deletion": round(float(curves.random_deletion.area.mean()), 3),
            "deletion_wins": round(float(curves.deletion_wins.mean()), 3),
            "insertion": round(float(curves.insertion.area.mean()), 3),
            "random_insertion": round(float(curves.random_insertion.area.mean()), 3),
            "insertion_wins": round(float(curves.insertion_wins.mean()), 3),
        }
        print(f"{name:22} {found[name]}", flush=True)
    return {"methods": found, "inputs": len(x)}


def write_page(record: dict[str, Any]) -> None:
    """The table of docs/interpretation.md, between its marks."""
    lines: list[str] = []
    for model, told in record.items():
        known = f"{told['accuracy']:.0%} right on the test" if "accuracy" in told else f"{told['epochs']} epochs"
        lines += [f"**{model}** ({known}, {told['inputs']} inputs)", ""]
        lines += ["| | left, signed | left, magnitudes | deletion ↓ | insertion ↑ | beats random orders |"]
        lines += ["| --- | --- | --- | --- | --- | --- |"]
        for name, row in told["methods"].items():
            low, high = row["deletion_interval"]
            area = f"{row['deletion']:.2f} ({low:.2f}–{high:.2f}) | {row['insertion']:.2f}"
            wins = f"{row['deletion_wins']:.0%}, {row['insertion_wins']:.0%}"
            lines.append(f"| {name} | {row['signed']:.2f} | {row['magnitudes']:.2f} | {area} | {wins} |")
        lines += [f"| random orders | | | {row['random_deletion']:.2f} | {row['random_insertion']:.2f} | |", ""]
    page = HERE.parent / "docs" / "interpretation.md"
    before, rest = page.read_text("utf-8").split("<!-- results -->")
    after = rest.split("<!-- /results -->")[1]
    page.write_text(f"{before}<!-- results -->\n" + "\n".join(lines) + f"<!-- /results -->{after}", "utf-8")


if __name__ == "__main__":
    main()
