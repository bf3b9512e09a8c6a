"""Runs of recipes: train one, score it again, ask it, have it make something."""

from __future__ import annotations

import hashlib
import math
import os
import re
import shlex
from collections.abc import Sequence
from pathlib import Path
from typing import Annotated, Any

import typer
from rich.console import Console
from rich.markup import escape

from tinyxm.cli.errors import Interrupted, Misuse, usage

Debug = Annotated[bool, typer.Option("--debug", help="Show the traceback of an error.")]
Folder = Annotated[
    Path, typer.Argument(metavar="RUN", help="The run's folder, as `train` made it.", show_default=False)
]
Kind = Annotated[str | None, typer.Option(metavar="MODALITY", help="What to answer with: image, text, audio or video.")]
File = Path | None


def file_option(what: str) -> Any:
    return typer.Option(exists=True, dir_okay=False, metavar="FILE", help=what)


def train(
    recipe: Annotated[
        str, typer.Argument(metavar="RECIPE", help="The ready-made job to run; --list shows all.")
    ] = "emoji",
    seed: Annotated[int | None, typer.Option(metavar="N", help="Seed of all randomness; 0 by default.")] = None,
    epochs: Annotated[
        int | None, typer.Option(metavar="N", help="Passes over the data; by default the recipe's.")
    ] = None,
    out: Annotated[
        File,
        typer.Option(
            metavar="FOLDER",
            help="The run's folder; by default runs/RECIPE-SEED, with -quick or -validation after it.",
        ),
    ] = None,
    quick: Annotated[
        bool, typer.Option("--quick", help="A smoke run of about half a minute: everything, but far too short.")
    ] = False,
    resume: Annotated[bool, typer.Option("--resume", help="Go on with the run in that folder.")] = False,
    validation: Annotated[bool, typer.Option("--validation", help="Score on validation data, to choose by.")] = False,
    set_: Annotated[
        str | None,
        typer.Option("--set", metavar="NAME=VALUE,...", help="Any settings, such as optimizer=Momentum,momentum=0.95."),
    ] = None,
    select: Annotated[
        str | None,
        typer.Option(
            metavar="NAME=A/B,...",
            help="Choose settings on validation data first, such as learning_rate=1e-3/3e-3,betas=0.9:0.98/0.9:0.999.",
        ),
    ] = None,
    kernels: Annotated[
        str | None, typer.Option(metavar="RULE", help="Kernels to use, such as numpy, numba or conv2d=patches.")
    ] = None,
    device: Annotated[
        str | None, typer.Option(metavar="DEVICE", help="Where to train: cpu, cuda or cuda:1; cpu by default.")
    ] = None,
    list_: Annotated[
        bool, typer.Option("--list", help="Show every recipe with its goals and its last recorded figures instead.")
    ] = False,
    json: Annotated[bool, typer.Option("--json", help="With --list: print it as JSON.")] = False,
    debug: Debug = False,
) -> None:
    """Train a model and score it beside baselines; the run's folder holds all of it, with a report.

    Ctrl-C stops after the step, with a checkpoint; --resume goes on from there as if nothing had been.
    """
    if list_:
        _list(json)
        return
    if json:
        raise Misuse("train: --json is for --list; give both")
    from tinyxm import recipes
    from tinyxm.training import Stopped

    job = usage(lambda: recipes.get(recipe))
    given: dict[str, Any] = {"seed": seed, "epochs": epochs, "quick": quick or None, "validation": validation or None}
    given = {name: value for name, value in given.items() if value is not None}
    for name, values in usage(lambda: job.settings.read(set_)).items() if set_ else ():
        if len(values) > 1:
            raise Misuse(f"train: --set gives {name} several values; to choose among them say --select")
        given[name] = values[0]
    console = Console()
    run = usage(
        lambda: recipes.begin(
            recipe, out, resume=resume, select=select, kernels=kernels, device=device, console=console, **given
        )
    )
    console.print(f"[bold]{recipe}[/bold]: {escape(job.summary)}", highlight=False)
    print_path(console, "run folder", run.folder.path)
    try:
        results = run.train()
    except (Stopped, KeyboardInterrupt) as error:
        what = str(error) or "train: interrupted"
        command = f"tinyxm train {recipe} --resume --out {shlex.quote(str(run.folder.path))}"
        kept = "nothing was trained yet" if _discard_if_empty(run.folder.path) else f"go on with: {command}"
        raise Interrupted(f"{what}; {kept}") from None
    except BaseException:
        _discard_if_empty(run.folder.path)
        raise
    _show(console, run, results)


def evaluate(run: Folder, debug: Debug = False) -> None:
    """Score a trained run again, from its checkpoint, and print the tables."""
    from tinyxm import recipes

    console = Console()
    opened = recipes.open(run, console)
    _show(console, opened, opened.evaluate())


def query(
    run: Folder,
    text: Annotated[str | None, typer.Argument(metavar="TEXT", help='What to look for, such as "red heart".')] = None,
    image: Annotated[File, file_option("A picture to look for what belongs to it instead.")] = None,
    audio: Annotated[File, file_option("A sound to look for what belongs to it instead.")] = None,
    video: Annotated[File, file_option("A video to look for what belongs to it instead.")] = None,
    to: Kind = None,
    top: Annotated[int, typer.Option(metavar="N", help="How many answers to show, at most 50.")] = 5,
    out: Annotated[File, typer.Option(metavar="FILE", help="The PNG to write; by default in RUN/queries.")] = None,
    debug: Debug = False,
) -> None:
    """Ask a trained run for what agrees best: the pictures for a text, the names for a picture.

    A run that fuses modalities takes several of them at once.
    """
    asking = {"text": text, "image": image, "audio": audio, "video": video}
    given = _given("query", 'as in `tinyxm query RUN "red heart"`', several=True, **asking)
    if not 1 <= top <= 50:
        raise Misuse(f"query: --top {top}: expected 1 to 50")
    if out is not None and (out.suffix.lower() != ".png" or out.is_dir()):
        raise Misuse(f"query: --out {out}: the picture is a PNG file; give a name that ends in .png")
    from tinyxm import recipes
    from tinyxm.data import decode
    from tinyxm.training.folder import beside
    from tinyxm.training.pictures import print_answers
    from tinyxm.training.retrievals import Answer, Retrieval, retrievals

    console = Console()
    opened = recipes.open(run, console)
    asked = image or audio or video or text or ""
    answers = [Answer(hit.name, hit.score, hit.picture) for hit in opened.find(to, top, **given)]
    _doubt(opened.doubts(**given))
    print_answers(console, answers)
    shown = decode(image) if image else asked if isinstance(asked, str) else asked.name
    sheet = retrievals([Retrieval(shown, answers)])
    path = out or opened.folder.path / "queries" / sheet_name(asked)
    usage(lambda: path.parent.mkdir(parents=True, exist_ok=True))
    with beside(path) as part:
        sheet.savefig(part, format="png", dpi=160)
    print_path(console, "picture", path)


def generate(
    run: Folder,
    text: Annotated[
        str | None, typer.Option(metavar="TEXT", help='What to make something of, such as "seven".')
    ] = None,
    image: Annotated[File, file_option("A picture to make something of.")] = None,
    audio: Annotated[File, file_option("A sound to make something of.")] = None,
    video: Annotated[File, file_option("A video to make something of.")] = None,
    to: Kind = None,
    out: Annotated[
        File,
        typer.Option(
            metavar="FILE",
            help="Where to write it: .png, .wav, .gif or .txt; by default in RUN/generated. Texts are printed.",
        ),
    ] = None,
    count: Annotated[int, typer.Option(metavar="N", help="How many to make, at most 64.")] = 1,
    seed: Annotated[int, typer.Option(metavar="N", help="Seed of the randomness: the same makes the same.")] = 0,
    guidance: Annotated[
        float | None,
        typer.Option(metavar="W", help="How strongly a text is followed: 1 as learned, more exaggerates it."),
    ] = None,
    debug: Debug = False,
) -> None:
    """Have a trained run make something: a picture of a text, the text of a sound, whatever it has learned."""
    given = _given(
        "generate", 'as in `tinyxm generate RUN --text "seven"`', text=text, image=image, audio=audio, video=video
    )
    if not 1 <= count <= 64:
        raise Misuse(f"generate: --count {count}: expected 1 to 64")
    if guidance is not None and not math.isfinite(guidance):
        raise Misuse(f"generate: --guidance {guidance}: expected a number, such as 1.5")
    from tinyxm import recipes
    from tinyxm.training.writing import ENDINGS, write_made

    console = Console()
    opened = recipes.open(run, console)
    if guidance is not None:
        if not hasattr(opened.recipe.settings, "guidance"):
            raise Misuse(f"generate: --guidance {guidance:g}: {opened.recipe.name} isn't guided; leave it out")
        opened.folder.config["guidance"] = guidance
    if out is not None and to is None:
        ending = out.suffix.lower()
        if ending not in ENDINGS:
            raise Misuse(f"generate: --out {out}: expected a name that ends in {', '.join(ENDINGS)}")
        to = ENDINGS[ending]
    made = opened.generate(to, count, seed, **given)
    _doubt(opened.doubts(**given))
    (source,) = given
    to = to or opened.recipe.makes[source][0]
    if to == "text":
        for line in made:
            console.print(str(line), markup=False, highlight=False, soft_wrap=True)
        if out is None:
            return
    asked = image or audio or video or text or ""
    path = out or opened.folder.path / "generated" / Path(sheet_name(asked)).stem
    usage(lambda: path.parent.mkdir(parents=True, exist_ok=True))
    for written in write_made(path, to, made):
        print_path(console, to, written)


def _doubt(sentences: Sequence[str]) -> None:
    """Before the answers, on the error stream, so that the other holds the answers alone."""
    for sentence in sentences:
        Console(stderr=True).print(sentence, style="yellow", markup=False, highlight=False, soft_wrap=True)


def _given(operation: str, example: str, several: bool = False, **asked: Any) -> dict[str, Any]:
    """The one modality that was given, or several where an operation may take them."""
    given = {name: value for name, value in asked.items() if value is not None}
    if not given or (len(given) > 1 and not several):
        what = "nothing to go by" if not given else " and ".join(given)
        raise Misuse(f"{operation}: {what}: give either a text, {example}, or one of --image, --audio and --video")
    if "text" in given and not given["text"].strip():
        raise Misuse(f"{operation}: the text is empty; say what to {'look for' if operation == 'query' else 'make'}")
    return given


def _list(as_json: bool) -> None:
    from tinyxm.recipes.recorded import overview

    rows = overview()
    if as_json:
        from json import dumps

        keys = ("name", "arrow", "figures", "goals", "of", "minutes", "recorded")
        typer.echo(dumps([{key: row[key] for key in keys} for row in rows], indent=2))
        return
    from tinyxm.training.tables import recipe_table

    console = Console()
    for row in rows:
        minutes = f", {row['minutes']:.1f} minutes a seed" if row["minutes"] else ""
        known = f"recorded {row['recorded']}{minutes}" if row["recorded"] else "no record yet"
        about = f"[bold]{row['name']}[/bold]  {escape(row['arrow'])}: {escape(row['summary'])} ({known})"
        console.print(about, highlight=False, soft_wrap=True)
        console.print(recipe_table(row), "")


def _show(console: Console, run: Any, results: dict[str, Any]) -> None:
    from tinyxm.training.tables import print_scores

    print_scores(console, results, run.recipe.titles, run.recipe.rows)
    report = run.folder.path / "report.html"
    print_path(console, *(("report", report) if report.exists() else ("run", run.folder.path)))


def _discard_if_empty(folder: Path) -> bool:
    """Remove a folder that holds its configuration alone, so that the same command works once the cause is mended."""
    if [path.name for path in folder.iterdir()] != ["config.json"]:
        return False
    (folder / "config.json").unlink()
    folder.rmdir()
    return True


def print_path(console: Console, what: str, path: Path) -> None:
    console.print(f"{what}: {path}", markup=False, highlight=False, soft_wrap=True)


def sheet_name(asked: str | Path) -> str:
    """The file for the answers to a query; what its characters can't tell apart, a short hash does."""
    kind, words, whole = (
        ("text", asked, asked) if isinstance(asked, str) else (_kind(asked), asked.stem, str(asked.absolute()))
    )
    name = re.sub(r"\W+", "-", words).strip("-").lower()[:50]
    digest = "" if name.replace("-", " ") == whole else hashlib.sha256(os.fsencode(whole)).hexdigest()[:6]
    return "-".join(filter(None, (kind, name, digest))) + ".png"


def _kind(path: Path) -> str:
    """What a file is called in the name of its answers."""
    ending = path.suffix.lower()
    return (
        "audio" if ending in (".wav", ".flac", ".ogg") else "video" if ending in (".gif", ".mp4", ".webm") else "image"
    )
