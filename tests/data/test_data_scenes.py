"""Captions are judged by a checker of its own: it reads the text, and looks at the objects, or at the pixels alone."""

import re

import numpy as np
import pytest
from scipy import ndimage

from tinyxm.data.sources import scenes as module
from tinyxm.data.sources.scenes import Thing, arrange, draw, scenes

WORDS = {"one": 1, "two": 2, "three": 3, "four": 4, "five": 5, "six": 6}


def true_of(caption, things):
    """Read the caption by a regular expression and ask the objects; shares no code with the grammar."""
    noun = r"(?:(small|large) )?(?:(red|green|blue|yellow|pink|black) )?(circle|square|triangle|cross|shape)"
    if found := re.fullmatch(rf"a {noun}(?: (left of|right of|above|below) a {noun})?", caption):
        size, colour, shape, relation, *second = found.groups()
        first = [t for t in things if fits(t, size, colour, shape)]
        if relation is None:
            return len(first) > 0
        pairs = [(a, b) for a in first for b in things if fits(b, *second) and b is not a]
        axis, sign = {"left of": ("x", 1), "right of": ("x", -1), "above": ("y", 1), "below": ("y", -1)}[relation]
        return any(sign * (getattr(b, axis) - getattr(a, axis)) > 0.1 for a, b in pairs)
    count, rest = caption.split(" ", 1)
    singular = rest if count == "one" else re.sub(r"(?<=cross)es$|s$", "", rest)
    found = re.fullmatch(noun, singular)
    assert found, f"no caption of the grammar: {caption!r}"
    return sum(fits(t, *found.groups()) for t in things) == WORDS[count]


def fits(thing, size, colour, shape):
    return size in (None, thing.size) and colour in (None, thing.colour) and shape in ("shape", thing.shape)


@pytest.fixture(scope="module")
def many():
    return scenes(600, rng=3)


def test_captions_are_true_and_foils_are_false(many):
    for caption, foil, things in zip(many["text"], many["foil"], many["objects"], strict=True):
        assert true_of(caption, things), (caption, things)
        assert not true_of(foil, things), (foil, things)
        assert set(many.groups["kind"]) == {"object", "relation", "count"}


def test_a_foil_differs_in_one_word_or_relation(many):
    def units(text):
        return re.sub(r"(left|right) of", r"\1-of", text).split()

    for caption, foil in zip(many["text"], many["foil"], strict=True):
        a, b = units(caption), units(foil)
        assert len(a) == len(b)
        assert sum(x != y for x, y in zip(a, b, strict=True)) == 1, (caption, foil)


def test_the_checker_catches_a_planted_error(many, monkeypatch):
    monkeypatch.setattr(module, "stands", lambda a, relation, b: (b.x < a.x) if relation == "left of" else True)
    wrong = scenes(60, rng=3)
    assert not all(map(true_of, wrong["text"], wrong["objects"]))


def test_the_picture_shows_the_objects(many):
    """Coloured patches, found in the pixels, are as many as there are objects, and lie where these do."""
    pictured = scenes(60, size_pixels=96, rng=4)
    for image, things in zip(pictured["image"], pictured["objects"], strict=True):
        patches, count = ndimage.label(np.abs(image.astype(int) - 235).max(-1) > 30)
        assert count == len(things)
        middles = np.array(ndimage.center_of_mass(patches > 0, patches, range(1, count + 1))) / 96
        for thing in things:
            row, column = middles[np.hypot(*(middles - (thing.y, thing.x)).T).argmin()]
            assert np.hypot(row - thing.y, column - thing.x) < 0.02
            seen = image[int(96 * thing.y), int(96 * thing.x)]
            assert seen.tolist() == list(module.COLOURS[thing.colour])


@pytest.mark.parametrize(
    ("shape", "area"), [("circle", np.pi), ("square", 2), ("triangle", 3 * 3**0.5 / 4), ("cross", None)]
)
def test_shapes_have_their_area(shape, area):
    picture = draw([Thing(shape, "black", "large", 0.5, 0.5)], 200)
    arm, reach = 0.3, (1 - 0.3**2) ** 0.5
    area = 8 * arm * reach - 4 * arm**2 if area is None else area
    covered = (235 - picture[..., 0].astype(float)).sum() / 235 / 200**2
    assert covered == pytest.approx(area * module.SIZES["large"] ** 2, rel=0.01)


def test_objects_do_not_touch_one_another_or_the_border():
    rng = np.random.default_rng(0)
    for _ in range(50):
        things = arrange(5, rng)
        for i, a in enumerate(things):
            radius = module.SIZES[a.size]
            assert radius < min(a.x, a.y, 1 - a.x, 1 - a.y)
            assert all(np.hypot(a.x - b.x, a.y - b.y) > radius + module.SIZES[b.size] for b in things[:i])


def test_the_seed_alone_decides(many):
    again = scenes(100, rng=3)
    assert np.array_equal(again["image"], many["image"][:100])
    assert again["text"] == many["text"][:100]
    assert scenes(20, rng=4)["text"] != many["text"][:20]


@pytest.mark.parametrize("wrong", [{"n": 0}, {"size_pixels": 4}, {"most": 7}, {"most": 0}])
def test_numbers_out_of_range_are_refused(wrong):
    with pytest.raises(ValueError, match=r"scenes: n .* expected"):
        scenes(**wrong)


ORDER = ("small large", "red green blue yellow pink black", "circle square triangle cross")


def test_the_canonical_caption_is_true_in_full_and_a_function_of_the_scene(many):
    """Held to the things by hand: by the checker of this file, and by the order of the words as they are spoken."""
    for text, things in zip(many["canonical"], many["objects"], strict=True):
        *counts, told = text.split(" with ")
        assert [count.split()[0] for count in counts] == [k for k, n in WORDS.items() if 1 < n == len(things)]
        assert all(true_of(part, things) for part in (*counts, told))
        looks = sorted(
            [tuple(o.split().index(w) for o, w in zip(ORDER, (t.size, t.colour, t.shape), strict=True)) for t in things]
        )
        nouns = re.findall(r"a (\w+) (\w+) (\w+)", told)
        said = [tuple(o.split().index(w) for o, w in zip(ORDER, noun, strict=True)) for noun in nouns]
        assert said == looks[:2]
        shuffled = [things[i] for i in np.random.default_rng(0).permutation(len(things))]
        assert module.say(module.canonical(shuffled)) == text


def test_the_relation_told_is_that_along_the_axis_on_which_they_are_further_apart():
    a = Thing("circle", "red", "small", 0.2, 0.3)
    for x, y, word in ((0.8, 0.5, "left of"), (0.1, 0.32, "right of"), (0.3, 0.9, "above"), (0.25, 0.1, "below")):
        told = module.canonical([Thing("square", "red", "small", x, y), a])
        assert module.say(told) == f"two shapes with a small red circle {word} a small red square"
    alike = [Thing("circle", "red", "small", x, 0.5) for x in (0.9, 0.6, 0.2)]
    assert module.say(module.canonical(alike)).endswith("a small red circle left of a small red circle")


def test_what_is_parsed_is_what_was_said(many):
    rng = np.random.default_rng(0)
    for things in many["objects"][:200]:
        for captions in (module.describe(things, rng)[:1], module.canonical(things)):
            assert module.parse(module.say(captions)) == captions


@pytest.mark.parametrize(
    "text",
    [
        "",
        "a",
        "a red",
        "two circle",
        "two crosss",
        "one circles",
        "a circle left a square",
        "a circle with",
        "A circle",
        "a red small circle",
        "a circle left of a square above a cross",
        "seven circles",
        "a circle two squares",
    ],
)
def test_what_is_not_of_the_grammar_is_not_parsed(text):
    with pytest.raises(ValueError, match="no caption of the grammar"):
        module.parse(text)


def test_colours_and_ground_can_be_others(many):
    things = many["objects"][0]
    other = draw(things, 48, 200, {name: (1, 2, 3) for name in module.COLOURS})
    assert set(np.unique(other)) <= set(range(1, 201))
    assert other.max() == 200
    assert (other.reshape(-1, 3) == (1, 2, 3)).all(1).any()
