"""Tables say what the results say: in percent, with the best in bold, and every method in its row."""

import io
from html.parser import HTMLParser

import pytest
from rich.console import Console

from tinyxm.training.tables import Cell, Column, explanations, html_table, print_scores, score_tables


def scores(recall, median, spread=0.02):
    plain = {"recall@1": recall, "mrr": recall + 0.1, "median_rank": median}
    intervals = {key: [value - spread, value + spread] for key, value in plain.items()} | {"median_rank": [1.0, 4.0]}
    return {**plain, "intervals": intervals}


@pytest.fixture
def results():
    def entry():
        return {**scores(0.415, 2.0), "baselines": {"chance": {"recall@1": 0.0007}, "cca": scores(0.211, 9.0)}}

    return {
        "recipe": "emoji",
        "quick": False,
        "held_out_style": {"image_to_text": entry(), "image_to_text_via_images": scores(0.4654, 2.5)},
        "unseen_concepts": {"concepts": 275, "openmoji": {"text_to_image": entry()}},
        "facts": {"seconds": {"baselines": 12.0}},
    }


class Cells(HTMLParser):
    """The text of each row's cells, with the bold ones apart."""

    def __init__(self):
        super().__init__()
        self.rows, self.bold, self.within = [], [], []

    def handle_starttag(self, tag, attributes):
        self.within.append(tag)
        if tag == "tr":
            self.rows.append([])
        elif tag in ("th", "td"):
            self.rows[-1].append("")

    def handle_endtag(self, tag):
        assert self.within.pop() == tag

    def handle_data(self, data):
        if {"th", "td"} & set(self.within):
            self.rows[-1][-1] += data
            if "b" in self.within:
                self.bold.append((len(self.rows) - 1, data))


def test_every_set_of_scores_becomes_a_table_however_deep_it_lies(results):
    tables = score_tables(results, {"held_out_style": "held-out style"})
    assert [table.title for table in tables] == [
        "Held-out style: image → text",
        "Unseen concepts, openmoji: text → image",
    ]
    assert [row.kind for row in tables[0].rows] == ["model", "via_images", "cca", "chance"]
    assert [row.kind for row in tables[1].rows] == ["model", "cca", "chance"]


def test_bare_scores_are_a_table_too():
    (table,) = score_tables({"validation": {"twemoji": {"image_to_text": {"recall@1": 0.5, "median_rank": 2.0}}}})
    assert table.title == "Validation, twemoji: image → text"
    assert table.rows[0].cells == (Cell(0.5, None, True), Cell(2.0, None, True))


def test_the_best_is_marked_in_each_column_and_less_is_better_for_ranks(results):
    table = score_tables(results)[0]
    assert table.columns == (Column("recall@1"), Column("mrr"), Column("median_rank"))
    assert [[cell.best for cell in row.cells if cell] for row in table.rows] == [
        [False, False, True],
        [True, True, False],
        [False, False, False],
        [False],
    ]
    assert table.rows[3].cells == (Cell(0.0007), None, None)


def test_html_shows_percent_intervals_and_the_best_in_bold(results):
    cells = Cells()
    cells.feed(html_table(score_tables(results)[0]))
    assert not cells.within
    assert [[text.rstrip() for text in row] for row in cells.rows] == [
        ["", "R@1\xa0%", "MRR\xa0%", "median rank"],
        ["this model", "41.5 39.5–43.5", "51.5 49.5–53.5", "2 1–4"],
        ["this model, via images", "46.5 44.5–48.5", "56.5 54.5–58.5", "2.5 1–4"],
        ["CCA", "21.1 19.1–23.1", "31.1 29.1–33.1", "9 1–4"],
        ["chance", "0.1", "–", "–"],
    ]
    assert cells.bold == [(1, "2"), (2, "46.5"), (2, "56.5")]


def test_where_nothing_was_found_no_interval_is_shown(results):
    entry = results["held_out_style"]["image_to_text"]
    entry["recall@1"], entry["intervals"]["recall@1"] = 0.0, [0.0, 0.0]
    entry["intervals"]["median_rank"] = [2.0, 2.0]
    assert score_tables(results)[0].rows[0].cells == (
        Cell(0.0),
        Cell(0.515, (0.495, 0.535)),
        Cell(2.0, (2.0, 2.0), True),
    )


def test_it_is_told_what_the_intervals_are_over(results):
    assert "interval over queries. Bold" in printed(results)
    results["unseen_concepts"]["openmoji"]["text_to_image"]["intervals_over"] = "families"
    assert [table.over for table in score_tables(results)] == ["queries", "families"]
    assert score_tables(results)[1].columns == score_tables(results)[0].columns
    shown = " ".join(printed(results).split())
    assert "over queries (Held out style); families (Unseen concepts). Bold" in shown


def test_a_run_that_stopped_early_says_so_in_a_line(results):
    results["unfinished"] = {"held_out_style": [800, 1800], "unseen_concepts": [0, None]}
    line = "unfinished: held_out_style stopped at step 800 of 1,800; its scores are of that checkpoint"
    assert line in printed(results).splitlines()
    assert "unfinished: unseen_concepts has not begun" in printed(results).splitlines()
    assert len(score_tables(results)) == 2


def test_html_escapes_what_a_recipe_names():
    results = {"a": {"b": {"recall@1": 0.5, "intervals": {}, "baselines": {"<script>": {"recall@1": 0.1}}}}}
    page = html_table(score_tables(results, {"b": "<b> & c"})[0])
    assert "<script>" not in page
    assert "A: &lt;b&gt; &amp; c" in page


def printed(results, **options):
    console = Console(file=io.StringIO(), width=80, **options)
    print_scores(console, results)
    return console.file.getvalue()


def test_the_terminal_table_fits_80_columns_and_explains_its_rows(results):
    for key in ("recall@5", "recall@10"):
        for entry in results["held_out_style"].values():
            entry[key], entry["intervals"][key] = 0.7, [0.68, 0.72]
    text = printed(results)
    lines = text.splitlines()
    model = next(line for line in lines if line.startswith("this model "))
    assert model.split()[2:] == ["41.5", "±2.0", "51.5", "±2.0", "2", "±1.5", "70.0", "±2.0", "70.0", "±2.0"]
    assert max(map(len, lines)) <= 80
    for label in ("this model:", "this model, via images:", "CCA:", "chance:"):
        assert any(line.startswith(label) for line in lines)
    assert "ridge:" not in text, "a method that has no row"
    assert "smoke test" not in text


def test_a_quick_run_says_it_is_one(results):
    assert "smoke test" in printed({**results, "quick": True})


def test_results_without_scores_print_nothing():
    assert score_tables({"recipe": "emoji", "facts": {"concepts": 3}}) == []
    assert printed({"recipe": "emoji"}) == ""


def test_a_recipe_names_rows_of_its_own_and_those_of_all():
    results = {"part": {"accuracy": 0.9, "baselines": {"parrot": {"accuracy": 0.2}, "chance": {"accuracy": 0.1}}}}
    named = {"model": ("our model", "learned"), "parrot": ("a parrot", "says what it has heard")}
    (table,) = score_tables(results, rows=named)
    assert [row.label for row in table.rows] == ["our model", "chance", "a parrot"]
    assert explanations([table])["a parrot"] == "says what it has heard"
    (table,) = score_tables(results)
    assert [row.label for row in table.rows] == ["this model", "chance", "parrot"]
    assert "parrot" not in explanations([table])


def test_small_numbers_have_as_many_decimals_as_their_column_needs():
    told = {"stroke_order": 0.722, "intervals": {"stroke_order": [0.7, 0.74]}}
    few = {"stroke_order": 0.00388, "intervals": {"stroke_order": [-0.00024, 0.0105]}}
    (table,) = score_tables({"films": {**told, "baselines": {"shuffled": few, "still": {"stroke_order": 0.0}}}})
    assert [table.columns[0].text(row.cells[0].value) for row in table.rows] == ["0.722", "0.004", "0"]
    assert "0.000–0.011" in html_table(table)  # 0.0105 isn't binary: it rounds up
    assert Column("largest_difference").text(1.77e-6) == "1.77e-06"


def test_an_interval_of_shares_ends_where_there_can_be_no_more():
    told = {"accuracy": 0.99, "intervals": {"accuracy": [0.74, 1.256]}}
    (table,) = score_tables({"drawn": told})
    assert table.rows[0].cells[0].interval == (0.74, 1.0)
    assert "74.0–100.0" in html_table(table)
    assert "accuracy&nbsp;%" in html_table(table)
