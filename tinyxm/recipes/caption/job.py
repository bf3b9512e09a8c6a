"""The recipe: two captioners of one kind, one for scenes and one for emoji."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, ClassVar

import numpy as np
from numpy.typing import NDArray

from tinyxm.autograd import Tensor
from tinyxm.data import CREDITS, Samples, Vocabulary, emoji
from tinyxm.models.captioner import Captioner, ConvolutionEncoder, PatchEncoder
from tinyxm.models.interpretation.draw import Maps, Words
from tinyxm.recipes.baselines import score_texts
from tinyxm.recipes.caption import answers, drawings, report
from tinyxm.recipes.caption import scenes as shapes
from tinyxm.recipes.caption.scenes import Scenes
from tinyxm.recipes.emoji.validation import withheld
from tinyxm.recipes.emoji.views import SECOND_DRAWING, features
from tinyxm.recipes.recipe import Goal, Progress, Recipe, Results, Stage
from tinyxm.recipes.run import Run
from tinyxm.recipes.sentences import vocabulary_of, written
from tinyxm.recipes.settings import Settings
from tinyxm.training.report import Section

LEAST = 1e-9  # "at least as good as": a goal that is another figure is to be exceeded otherwise


@dataclass(frozen=True)
class CaptionSettings(Settings):
    """`epochs` are passes over the training scenes, of which there are `scenes`; the emoji, far fewer, are passed over
    `emoji_epochs` times for each. `features` is the width of the decoder; `beam` texts are under way in beam search,
    and compared by Σ ln p / length^length_power: at 0 the most probable wins; with `second_look` the mirrored scene is
    asked, too, which of them it is (`Captioner.second_look`). `embedding_rate` is the learning rate of the emoji's
    words."""

    EPOCHS: ClassVar[tuple[int, int]] = (12, 1)
    MODELS: ClassVar[tuple[str, ...]] = ("convolution", "patches")

    scenes: int = 16_000
    features: int = 96
    emoji_epochs: float = 7.5
    beam: int = 4
    length_power: float = 0.0
    second_look: bool = True
    batch_size: int = 64
    learning_rate: float = 2e-3
    embedding_rate: float = 5e-3
    weight_decay: float = 0.02
    warm_up: int = 50
    clip: float = 1.0


@dataclass(frozen=True)
class Data:
    """Scenes to train on and to be asked about, by part; and the emoji, of which all concepts are trained on."""

    train: Scenes
    asked: Mapping[str, Scenes]
    emoji: Samples

    def __len__(self) -> int:
        return len(self.train) + len(self.emoji)


class Caption(Recipe):
    """Pictures → words: a captioner says what stands in scenes, another names emoji in a style it has never seen."""

    name = "caption"
    arrow = "image → text"
    title = "Captions: pictures → words"
    summary = "say what is to be seen: shapes in scenes, how many and how they stand; emoji by their names"
    settings = CaptionSettings
    goals = (
        Goal("unseen_scenes.image_to_text.bleu_4", 0.90),
        Goal("unseen_scenes.image_to_text.bleu_4", "unseen_scenes.image_to_text.baselines.greedy.bleu_4", -LEAST),
        Goal(
            "held_out_style.image_to_text.exact_match",
            "held_out_style.image_to_text.baselines.nearest_training_image.exact_match",
        ),
    )
    criterion = "unseen_scenes.image_to_text.bleu_4"
    titles = report.TITLES
    rows = report.ROWS
    notes = report.NOTES
    credits = CREDITS
    makes: ClassVar = {"image": ("text",)}

    def load(self, settings: Any, progress: Progress) -> Data:
        train = shapes.training_scenes(300 if settings.quick else settings.scenes, progress)
        if settings.validation:
            train, kept_back = shapes.withheld(train)
            return Data(train, {"unseen_scenes": kept_back}, emoji(progress))
        n = 100 if settings.quick else 1000
        asked = {"unseen_scenes": shapes.unseen_scenes(n), "unseen_combinations": shapes.unseen_combinations(n // 2)}
        return Data(train, asked, emoji(progress))

    def describe(self, data: Data) -> str:
        asked = ", ".join(f"{len(scenes):,} {part.replace('_', ' ')}" for part, scenes in data.asked.items())
        return f"{len(data.train):,} scenes to learn from, {asked}; {len(data.emoji):,} emoji in three styles"

    def stages(self, settings: Settings) -> list[str]:
        return ["scenes", "emoji"]

    def stage(self, name: str, run: Run) -> Stage:
        settings, data = run.settings, run.data
        if name == "scenes":
            vocabulary = vocabulary_of(data.train.texts)
            batches: Any = shapes.SceneBatches(data.train, vocabulary, settings.batch_size, settings.seed)
            steps = settings.passes * batches.steps_per_epoch
            longest = batches.tokens.shape[1] - 1
        else:
            vocabulary = vocabulary_of(drawings.names_of(data.emoji))
            missing = withheld(len(data.emoji)) if settings.validation else {}
            batches = drawings.DrawingBatches(data.emoji, vocabulary, 2 * settings.batch_size, settings.seed, missing)
            steps = max(1, round(settings.passes * settings.emoji_epochs)) * batches.steps_per_epoch
            longest = batches.tokens.shape[1] - 1
        return Stage(steps, batches.batch, {"vocabulary": list(vocabulary.index), "longest": longest})

    def build(self, stage: str, settings: Any, facts: Mapping[str, Any]) -> Captioner:
        rng = np.random.default_rng(settings.seed)
        side, channels, widths, patch, dropout, layers, whole = KINDS[stage]
        encoder: Any
        if settings.model == "convolution":
            encoder = ConvolutionEncoder(side, channels, settings.features, widths, rng)
        else:
            encoder = PatchEncoder(side, channels, settings.features, patch, dropout=dropout, rng=rng)
        return Captioner(
            encoder,
            len(facts["vocabulary"]),
            settings.features,
            layers=layers,
            longest=facts["longest"],
            dropout=dropout,
            rng=rng,
            whole=whole,
        )

    def loss(self, stage: str, model: Captioner, batch: Any) -> Tensor:
        return model.contrastive_loss(*batch) if stage == "emoji" else model.loss(*batch)

    def parameter_groups(self, model: Any, settings: Any) -> list[dict[str, Any]]:
        """The vectors of emoji's words, seldom used, learn faster, and don't decay."""
        groups = super().parameter_groups(model, settings)
        if not model.whole:
            return groups
        seldom = [model.embedding.weight, model.output.weight]
        rest = [
            {**group, "params": [p for p in group["params"] if all(p is not q for q in seldom)]} for group in groups
        ]
        return [*rest, {"params": seldom, "weight_decay": 0.0, "lr": settings.embedding_rate}]

    def score(self, run: Run) -> Results:
        data, settings = run.data, run.settings
        results: Results = {"data": {"leaks": report.leaks(data)}}
        for part, asked in data.asked.items() if "scenes" in run.stages else ():
            images = shapes.seen(asked.images)
            texts = self._written(run, "scenes", images, asked.texts)
            beside = shapes.baselines(data.train, asked)
            results[part] = _scored(asked.texts, texts, beside, settings, asked)
        if "emoji" in run.stages:
            part, pictures, asked_for = self._emoji_asked(run)
            names = drawings.names_of(data.emoji)
            right = [names[i] for i in asked_for]
            texts = self._written(run, "emoji", features(pictures), right)
            beside = {} if settings.validation else drawings.baselines(data.emoji, pictures, asked_for)
            results[part] = _scored(right, texts, beside, settings)
        return results

    def _emoji_asked(self, run: Run) -> tuple[str, NDArray[np.uint8], NDArray[np.intp]]:
        """The part's name, drawings (n, 32, 32, 4) and which concepts they are of."""
        samples = run.data.emoji
        if not run.settings.validation:
            asked = np.arange(0, len(samples), 5 if run.settings.quick else 1)
            return "held_out_style", samples["openmoji"][asked], asked
        missing = withheld(len(samples))["without_outline"]
        return "withheld_outlines", samples["noto"][missing, SECOND_DRAWING], missing

    def _written(self, run: Run, stage: str, images: NDArray[Any], right: Sequence[str]) -> dict[str, list[str]]:
        model, settings = run.model(stage), run.settings
        vocabulary, called = Vocabulary.of(run.facts(stage)["vocabulary"]), answers.called_mirrored(run, stage)
        return written(model, vocabulary, images, right, settings.beam, settings.length_power, called)

    def introduction(self, results: Results) -> str:
        return report.introduction(results)

    def sections(self, run: Run, results: Results) -> list[Section]:
        return report.sections(run, results)

    def make(self, run: Run, given: Mapping[str, Any], to: str, count: int, rng: np.random.Generator) -> list[str]:
        return answers.texts_of(run, given["image"], count)

    def inside(self, run: Run, given: Mapping[str, Any]) -> list[Maps | Words]:
        return [*answers.why(run, given["image"])]


# side and channels of what is seen, widths of the convolutions, side of a patch, dropout, layers of the decoder, and
# numbers that say what the whole picture is: an emoji is to be known again in another style, a scene is to be read
KINDS: dict[str, tuple[int, int, tuple[int, ...], int, float, int, int]] = {
    "scenes": (shapes.SIDE, 3, (24, 48, 64), 8, 0.0, 2, 0),
    "emoji": (drawings.SIDE, drawings.CHANNELS, (64, 128), 4, 0.1, 1, 128),
}


def _scored(
    right: Sequence[str],
    written: Mapping[str, list[str]],
    baselines: Mapping[str, list[str]],
    settings: Any,
    scenes: Scenes | None = None,
) -> Results:
    """Beam search is the model, with a second look where there is one; the other ways of writing stand beside it, with
    the baselines. Of scenes truth, too."""
    *others, best = (way for way in ("teacher_forced", "greedy", "beam", "second_look") if way in written)
    beside = {**{way: written[way] for way in reversed(others)}, **baselines}
    resamples = 100 if settings.quick else 1000
    told = None if scenes is None else lambda texts: shapes.judged(texts, scenes.things)
    return {"image_to_text": score_texts(right, written[best], beside, told=told, over="pictures", resamples=resamples)}
