import csv
import io

import numpy as np
import pytest

from tinyxm.data import Impute, OneHot, Prepare, Scale, Split, Table, grouped_split, read_table

CSV = """name,age,height,colour,always,nothing
ann,31,1.70,red,1,
bob,,1.80,blue,1,NA
cyd,45,n/a,red,1,?
dan,52,1.65,,1,nan
"""


def told(table):
    return {(e.sample, e.modality, e.fault, e.action) for e in table.ledger}


def numbers(rows=60, columns=5, missing=0.1, seed=0):
    rng = np.random.default_rng(seed)
    x = rng.normal(size=(rows, columns)) * np.geomspace(0.01, 1000, columns) + rng.normal(size=columns) * 50
    x[rng.random(x.shape) < missing] = np.nan
    x[:, -1] = 7.25
    return x


def test_a_csv_becomes_columns_with_what_is_missing():
    table = read_table(CSV.encode(), id_column="name")
    assert table.ids == ["ann", "bob", "cyd", "dan"]
    assert table.kinds == {
        "age": "numeric",
        "height": "numeric",
        "colour": "categorical",
        "always": "numeric",
        "nothing": "numeric",
    }
    np.testing.assert_array_equal(table["age"], [31, np.nan, 45, 52])
    assert table["colour"] == ["red", "blue", "red", None]
    assert table.missing("colour").tolist() == [False, False, False, True]
    assert told(table) == {("all", "always", "constant column", "kept"), ("all", "nothing", "empty column", "kept")}
    assert "age: numeric, 31 to 52, 1 missing" in repr(table)
    assert table[[2, 0]].ids == ["cyd", "ann"]
    np.testing.assert_array_equal(table[1:3].numbers(["age"]), [[np.nan], [45]])
    with pytest.raises(KeyError, match="no column 'weight'"):
        table["weight"]
    with pytest.raises(ValueError, match="'colour' is categorical"):
        table.numbers(["colour"])
    with pytest.raises(TypeError, match=r"table\[\[3\]\]"):
        table[1]


def test_rows_without_a_value_are_dropped_and_told():
    table = read_table(CSV.encode(), id_column="name")
    kept = table.drop_missing(["age", "height"])
    assert kept.ids == ["ann", "dan"]
    assert {("bob", "age", "missing value", "dropped"), ("cyd", "height", "missing value", "dropped")} <= told(kept)
    assert not any(e.action == "dropped" for e in table.ledger)
    assert len(table.drop_missing()) == 0
    assert table.without(["age"]).columns.keys() == {"height", "colour", "always", "nothing"}
    with pytest.raises(ValueError, match="no column would be left"):
        table.without(list(table.columns))


def test_mixed_types_are_told_value_by_value_or_as_a_column():
    most = [str(k) for k in range(19)] + ["about 20"]
    half = ["1", "two"] * 10
    codes = [f"c{k % 3}" for k in range(19)] + ["7"]
    table = Table({"most": most, "half": half, "codes": codes, "wild": [1.0] * 18 + [np.inf, 2.0]})
    assert table.kinds == {"most": "numeric", "half": "categorical", "codes": "categorical", "wild": "numeric"}
    assert np.isnan(table["most"][19])
    assert np.isnan(table["wild"][18])
    assert told(table) == {
        ("19", "most", "not a number", "missing"),
        ("all", "half", "mixed types", "kept"),
        ("18", "wild", "not finite", "missing"),
    }
    assert [e.value for e in table.ledger if e.modality == "most"] == ["'about 20'"]
    forced = Table({"half": half}, kinds={"half": "numeric"})
    assert np.isnan(forced["half"]).sum() == 10
    assert Table({"zip": [10115, 80331]}, kinds={"zip": "categorical"})["zip"] == ["10115", "80331"]
    assert Table({"x": ["1_000", "nan", "3"]}).kinds == {"x": "categorical"}
    names = Table({"name": [f"n{k}" for k in range(30)]})
    assert told(names) == {("all", "name", "a category for every row", "kept")}
    assert Table({"x": np.array([True, False]), "y": np.array(["a", ""]), "z": [None, 3]})["x"].tolist() == [1, 0]


def test_a_table_refuses_in_one_line():
    for columns, kinds, message in (
        ({}, {}, "columns none"),
        ({"a": [1], "b": [1, 2]}, {}, "a 1, b 2"),
        ({"a": [1]}, {"b": "numeric"}, "no column 'b'"),
        ({"a": [1]}, {"a": "date"}, "kind 'date'"),
        ({"a": np.zeros((2, 2))}, {}, r"'a' is \(2, 2\)"),
    ):
        with pytest.raises(ValueError, match=message):
            Table(columns, kinds)
    with pytest.raises(ValueError, match="1 ids of 2 rows"):
        Table({"a": [1, 2]}, ids=["x"])


def test_files_as_they_come():
    semicolons = read_table("größe;farbe\n1,5;rot\n2,5;blau\n".encode("cp1252"))
    assert list(semicolons.columns) == ["größe", "farbe"]
    assert any(e.fault == "encoding" for e in semicolons.ledger)
    assert read_table(b"a\tb\n1\t2\n")["b"].tolist() == [2]
    assert read_table("\ufeffa,b\r\n1,2\r\n".encode())["a"].tolist() == [1]
    assert read_table(b"1,2\n3,4\n", header=False)["column 1"].tolist() == [2, 4]
    assert read_table(b'a,b\n"x, ""y""\nz",2\n')["a"] == ['x, "y"\nz']
    assert read_table(b"one\n1\n2\n")["one"].tolist() == [1, 2]


def test_broken_rows_are_left_out_and_the_rest_goes_on(tmp_path, monkeypatch):
    table = read_table(b"a,b\n1,2\n3\n4,5,6\n7,8\n")
    assert table["a"].tolist() == [1, 7]
    assert table.ids == ["1", "4"]
    assert {("row 2", "all", "wrong length", "dropped"), ("row 3", "all", "wrong length", "dropped")} <= told(table)
    monkeypatch.setattr("tinyxm.data.table.LONGEST_FIELD", 1000)
    before = csv.field_size_limit()
    table = read_table(("a,b\n1,2\n" + "x " * 1_000_000 + ",3\n5,6\n").encode())
    assert table["a"].tolist() == [1, 5]
    assert [e.fault for e in table.ledger if e.action == "dropped"] == ["unreadable row"]
    assert csv.field_size_limit() == before
    for data, message in (
        (b"", "is empty"),
        (b" \n", "is empty"),
        (b"a,b\n", "no row of 2"),
        (b"a,a\n1,2\n", "several"),
    ):
        path = tmp_path / "table.csv"
        path.write_bytes(data)
        with pytest.raises(ValueError, match=message) as caught:
            read_table(path)
        assert "\n" not in str(caught.value)
    with pytest.raises(ValueError, match="no column 'id'"):
        read_table(CSV.encode(), id_column="id")
    with pytest.raises(FileNotFoundError):
        read_table(tmp_path / "absent.csv")


@pytest.mark.oracle
@pytest.mark.parametrize("strategy", ["mean", "median"])
def test_imputation_agrees_with_scikit_learn(strategy):
    impute = pytest.importorskip("sklearn.impute")
    train, test = numbers(seed=0), numbers(seed=1)
    theirs = impute.SimpleImputer(strategy=strategy, add_indicator=True).fit(train)
    ours = Impute(strategy, indicator=True).fit(train)
    for x in (train, test):
        np.testing.assert_allclose(ours.transform(x), theirs.transform(x), rtol=1e-12)


@pytest.mark.oracle
@pytest.mark.parametrize(
    ("method", "name"), [("standard", "StandardScaler"), ("min-max", "MinMaxScaler"), ("robust", "RobustScaler")]
)
def test_scaling_agrees_with_scikit_learn(method, name):
    preprocessing = pytest.importorskip("sklearn.preprocessing")
    train, test = numbers(seed=0), numbers(seed=1)
    theirs, ours = getattr(preprocessing, name)().fit(train), Scale(method).fit(train)
    for x in (train, test):
        np.testing.assert_allclose(ours.transform(x), theirs.transform(x), rtol=1e-9, atol=1e-9)
        np.testing.assert_allclose(ours.inverse(ours.transform(x)), x, rtol=1e-9)


@pytest.mark.oracle
def test_one_hot_agrees_with_scikit_learn():
    preprocessing = pytest.importorskip("sklearn.preprocessing")
    train, test = ["red", "blue", "red", "green"], ["blue", "black", "red"]
    theirs = preprocessing.OneHotEncoder(handle_unknown="ignore").fit(np.array(train)[:, None])
    ours = OneHot().fit(train)
    assert ours.categories == list(theirs.categories_[0])
    np.testing.assert_array_equal(ours.transform(test), theirs.transform(np.array(test)[:, None]).toarray())
    assert not ours.transform([None]).any()


@pytest.mark.oracle
def test_a_whole_table_is_prepared_as_by_scikit_learn():
    compose = pytest.importorskip("sklearn.compose")
    from sklearn.impute import SimpleImputer
    from sklearn.pipeline import make_pipeline
    from sklearn.preprocessing import OneHotEncoder, StandardScaler

    rng = np.random.default_rng(0)
    x = numbers(columns=4)[:, :3]
    colours = rng.choice(["red", "green", "blue"], 60)
    table = Table({"a": x[:, 0], "colour": colours.tolist(), "b": x[:, 1], "c": x[:, 2]})
    train = np.arange(40)
    prepare = Prepare("mean").fit(table[train])
    both = np.array([*zip(x[:, 0], x[:, 1], x[:, 2], colours, strict=True)], object)
    theirs = compose.ColumnTransformer(
        [("n", make_pipeline(SimpleImputer(), StandardScaler()), [0, 1, 2]), ("c", OneHotEncoder(), [3])]
    ).fit(both[train])
    # filling with the mean before scaling shrinks the deviation: ours is that of the values that are there
    ours = prepare.transform(table)
    filled = SimpleImputer().fit(x[train]).transform(x)
    spread = np.nanstd(x[train], axis=0)
    expected = (filled - np.nanmean(x[train], axis=0)) / spread
    assert prepare.names == ["a", "colour=blue", "colour=green", "colour=red", "b", "c"]
    np.testing.assert_allclose(ours[:, [0, 4, 5]], expected, rtol=1e-5, atol=1e-6)
    np.testing.assert_array_equal(ours[:, 1:4], np.asarray(theirs.transform(both))[:, 3:].astype(np.float64))


def test_use_before_fit_and_other_columns_are_refused():
    for step, x in (
        (Impute(), np.ones((2, 2))),
        (Scale(), np.ones((2, 2))),
        (OneHot(), ["a"]),
        (Prepare(), Table({"a": [1, 2]})),
    ):
        with pytest.raises(ValueError, match=f"{type(step).__name__}: transform before fit"):
            step.transform(x)
    with pytest.raises(ValueError, match="Scale: transform before fit"):
        Scale().inverse(np.ones((1, 1)))
    with pytest.raises(ValueError, match=r"expected \(rows, 2\)"):
        Scale().fit(np.ones((2, 2))).transform(np.ones((2, 3)))
    with pytest.raises(ValueError, match="column 1 has no value"):
        Impute().fit([[1, np.nan], [2, np.nan]])
    with pytest.raises(ValueError, match="1 infinite values"):
        Scale().fit([[1.0], [np.inf]])
    with pytest.raises(ValueError, match="no category in 2 rows"):
        OneHot().fit([None, None])
    for wrong in (lambda: Impute("mode"), lambda: Scale("max"), lambda: Prepare("drop"), lambda: Prepare(scale="max")):
        with pytest.raises(ValueError, match=r"expected '[ms]"):
            wrong()


def test_only_the_rows_fitted_on_decide():
    table = Table({"x": [1.0, 2.0, 3.0, 1e6], "kind": ["a", "b", "a", "c"]})
    split = Split({"train": np.arange(3), "test": np.array([3])})
    prepare = Prepare().fit(table[split["train"]])
    x = prepare.transform(table)
    np.testing.assert_allclose(x[:3, 0], (np.arange(1, 4) - 2) / np.std([1, 2, 3]), rtol=1e-6)
    assert prepare.names == ["x", "kind=a", "kind=b"]
    assert not x[3, 1:].any()


def test_what_tells_nothing_is_left_out_and_said():
    rows = 30
    table = Table(
        {"x": np.arange(rows), "same": [2] * rows, "gone": [None] * rows, "id": [f"n{k}" for k in range(rows)]},
    )
    prepare = Prepare().fit(table)
    assert prepare.names == ["x"]
    assert prepare.notes == [
        "same is left out: always one value in the 30 rows fitted on",
        "gone is left out: no value in the 30 rows fitted on",
        "id is left out: a category for every row in the 30 rows fitted on",
    ]
    with pytest.raises(ValueError, match="no column can be used; same is left out"):
        Prepare().fit(table.without(["x", "gone", "id"]))
    with pytest.raises(ValueError, match="column 'x' is absent here, numeric"):
        prepare.transform(table.without(["x"]))
    with pytest.raises(ValueError, match="'x' is categorical here"):
        prepare.transform(Table({"x": ["a", "b"]}))


def test_feature_groups_become_modalities_with_presence():
    table = Table(
        {
            "radius": [1.0, None, 3.0, 4.0],
            "area": [1.0, None, 9.0, None],
            "stain": ["red", "blue", None, "red"],
            "hospital": ["a", "a", None, "b"],
        },
        ids=list("wxyz"),
    )
    prepare = Prepare(indicator=True).fit(table)
    samples = prepare.samples(table, {"size": ["radius", "area"], "stain": ["stain"]}, groups=["hospital"])
    assert samples["size"].shape == (4, 4)  # each with a column that tells what was missing
    assert samples["size"].dtype == np.float32
    assert samples["size"][:, 3].tolist() == [0, 1, 0, 1]
    assert samples.present["size"].tolist() == [True, False, True, True]
    assert samples.present["stain"].tolist() == [True, True, False, True]
    assert samples.groups["hospital"].tolist() == ["a", "a", "row y", "b"]
    assert samples.ids == list("wxyz")
    split = grouped_split(samples.groups["hospital"], {"train": 0.5, "test": 0.5})
    assert not split.leaks(samples, groups=["hospital"])
    kept = Prepare("keep", scale=None).fit(table).transform(table)
    assert np.isnan(kept[1, 0])
    with pytest.raises(ValueError, match="asks for 'weight'"):
        prepare.samples(table, {"size": ["weight"]})
    with pytest.raises(ValueError, match="names no column"):
        prepare.samples(table, {"size": []})


def test_every_step_draws_itself():
    table = read_table(CSV.encode(), id_column="name")
    assert len(table.plot().axes) == 8
    prepare = Prepare(indicator=True).fit(table)
    x = numbers()
    for figure in (
        Scale().fit(x).plot(x),
        Impute(indicator=True).fit(x).plot(x),
        OneHot().fit(table["colour"]).plot(table["colour"]),
        prepare.plot(table),
    ):
        figure.savefig(io.BytesIO(), format="png")
        assert len(figure.axes) == 2
