"""`tinyxm data`, as a user calls it."""

import json

import pytest
from refusal import refused

from tinyxm.data import SOURCES


def test_all_sources_are_listed(run):
    code, out, err = run("data")
    assert (code, err) == (0, "")
    for name, source in SOURCES.items():
        assert f"\n{name}" in out
        assert source.origin in out


def test_the_list_as_json(run):
    code, out, err = run("data", "--json")
    assert (code, err) == (0, "")
    records = json.loads(out)
    assert [record["name"] for record in records] == list(SOURCES)
    for record in records:
        assert {"licence", "citation", "modalities", "origin", "size", "version", "packages", "missing"} <= set(record)


def test_missing_packages_are_told(run, monkeypatch):
    from importlib.metadata import PackageNotFoundError

    def version(name):
        raise PackageNotFoundError(name)

    monkeypatch.setattr("tinyxm.data.sources.version", version)
    monkeypatch.setattr("tinyxm.data.sources.registry.version", version)
    code, out, _ = run("data")
    assert code == 0
    assert 'wine: scikit-learn isn\'t installed; run: pip install "tinyxm[data]"' in out
    code, _, err = run("data", "show", "wine")
    assert code == 1
    assert 'pip install "tinyxm[data]"' in err


def test_one_is_shown_with_its_page(run, tmp_path, monkeypatch):
    monkeypatch.setenv("TINYXM_CACHE", str(tmp_path / "cache"))
    small = SOURCES["balls"]
    monkeypatch.setitem(
        SOURCES._sources, "balls", type(small)(**{**vars(small), "load": lambda report=None: small.specimen()})
    )
    page = tmp_path / "deep" / "balls.html"
    code, out, err = run("data", "show", "balls", "--out", str(page), "--count", "3")
    assert (code, err) == (0, "")
    for part in ("simulated", "Lubachevsky", "uint8 (4, 48, 64, 64, 3)", "16,000 Hz", "▁", f"written: {page}"):
        assert part in out
    text = page.read_text("utf-8")
    assert text.count("<audio") == 3
    assert "Simulated" in text
    code, out, _ = run("data", "show", "balls", "--out", str(page), "--json")
    record = json.loads(out)
    assert (record["samples"], record["page"]) == (4, str(page))


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (("show", "scens"), "no source 'scens'; there is scenes"),
        (("show", "scenes", "--count", "0"), "--count 0: expected 1 or more"),
        (("show",), "NAME"),
        (("sho", "scenes"), "sho"),
    ],
)
def test_misuse_is_refused_in_one_line(run, arguments, message):
    refused(run("data", *arguments), 2, message)


def test_help_tells_of_both(run):
    for arguments in (("data", "--help"), ("data", "show", "-h")):
        code, out, _ = run(*arguments)
        assert code == 0
        assert "--json" in out
        assert "<bool>" not in out
