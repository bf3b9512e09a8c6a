"""What all recipes share: settings, goals, and that a validation run doesn't touch the test."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tinyxm import Parameter, optim
from tinyxm.recipes.recipe import Goal, figure
from tinyxm.recipes.settings import OPTIMIZERS, Settings, combinations

RESULTS = {"part": {"way": {"accuracy": 0.8, "error": 0.1, "baselines": {"cca": {"accuracy": 0.75, "error": 0.1}}}}}


def test_a_figure_is_found_by_its_path_or_not_at_all():
    assert figure(RESULTS, "part.way.accuracy") == 0.8
    for path in ("part", "part.way", "part.way.accuracy.more", "other", ""):
        assert figure(RESULTS, path) is None


@pytest.mark.parametrize(
    ("goal", "met", "told"),
    [
        (Goal("part.way.accuracy", 0.8), True, "≥ 0.8"),
        (Goal("part.way.accuracy", 0.81), False, "≥ 0.81"),
        (Goal("part.way.accuracy", "part.way.baselines.cca.accuracy"), True, "above part.way.baselines.cca.accuracy"),
        (Goal("part.way.accuracy", "part.way.accuracy"), False, "above part.way.accuracy"),
        (Goal("part.way.accuracy", "part.way.baselines.cca.accuracy", 0.04), True, "above … by 0.04"),
        (Goal("part.way.accuracy", "part.way.baselines.cca.accuracy", 0.06), False, "above … by 0.06"),
        (Goal("part.way.error", 0.1, at_most=True), True, "≤ 0.1"),
        (Goal("part.way.error", 0.09, at_most=True), False, "≤ 0.09"),
        (Goal("part.way.error", "part.way.baselines.cca.error", at_most=True), False, "below"),
        (Goal("part.way.absent", 0.1), None, "≥ 0.1"),
        (Goal("part.way.error", "part.absent", at_most=True), None, "below part.absent"),
    ],
)
def test_a_goal_is_met_or_not_or_not_known(goal, met, told):
    assert goal.met(RESULTS) is met
    assert str(goal).startswith(told.split("…")[0])


def test_settings_are_read_from_a_line_and_combined():
    line = "learning_rate=1e-3/3e-3, betas=0.9:0.98/0.8:0.999,optimizer=Adam,epochs=4"
    read = Settings.read(line)
    assert read == {
        "learning_rate": [1e-3, 3e-3],
        "betas": [(0.9, 0.98), (0.8, 0.999)],
        "optimizer": ["Adam"],
        "epochs": [4],
    }
    found = combinations(read)
    assert len(found) == 4
    assert found[1] == {"learning_rate": 1e-3, "betas": (0.8, 0.999), "optimizer": "Adam", "epochs": 4}


@pytest.mark.parametrize(
    ("line", "part"),
    [
        ("learning_rate", "expected NAME=VALUE"),
        ("", "expected NAME=VALUE"),
        ("speed=3", "no 'speed'"),
        ("validation=yes", "no 'validation'"),
        ("learning_rate=fast", "learning_rate=fast: expected float"),
        ("betas=0.9:x", "numbers with colons"),
        ("seed=1,seed=2", "given twice"),
        ("epochs=1.5", "expected int"),
    ],
)
def test_a_line_that_cannot_be_read_is_refused(line, part):
    with pytest.raises(ValueError, match=part):
        Settings.read(line)


@given(
    seed=st.integers(0, 2**31),
    epochs=st.integers(1, 10**6),
    learning_rate=st.floats(1e-9, 10),
    betas=st.tuples(st.floats(0, 0.999), st.floats(0, 0.999)),
    optimizer=st.sampled_from(sorted(OPTIMIZERS)),
)
def test_settings_come_back_from_json_as_they_were(seed, epochs, learning_rate, betas, optimizer):
    import json

    settings = Settings(seed=seed, epochs=epochs, learning_rate=learning_rate, betas=betas, optimizer=optimizer)
    assert Settings.of({**json.loads(json.dumps(settings.as_config())), "recipe": "any", "threads": 2}) == settings


def test_every_optimizer_takes_what_it_is_given():
    assert set(OPTIMIZERS) == {
        *("AMSGrad", "AdaDelta", "AdaGrad", "Adam", "AdamW", "GradientDescent", "Momentum", "Nesterov", "RMSProp")
    }
    parameter = optim.optimizer.listed("test", [Parameter([1.0])])
    for name, kind in OPTIMIZERS.items():
        given = Settings(optimizer=name, learning_rate=0.01, momentum=0.8, betas=(0.7, 0.9)).for_optimizer()
        made = kind(parameter, **given).groups[0]
        assert made["lr"] == 0.01
        assert made.get("momentum", 0.8) == 0.8
        assert tuple(made.get("betas", (0.7, 0.9))) == (0.7, 0.9)
