"""The page: one file, no network, no script, nothing unescaped, nothing left out."""

import re
import shutil
from html.parser import HTMLParser
from pathlib import Path

import pytest

from diascope.errors import InputError
from diascope.predictionfile import PredictionFile, write_predictions
from diascope.recordfile import RecordFile
from diascope.reporting import cards as cards_module
from diascope.reporting.page import render, report
from diascope.reporting.words import task_inline
from diascope.scoring.score import score
from diascope.scoring.scorecard import Scorecard

MINUS = "\N{MINUS SIGN}"
VOID = {"meta", "img", "br", "line", "path", "circle"}


class Reader(HTMLParser):
    """Checks that tags nest, and keeps the text and every attribute."""

    def __init__(self):
        super().__init__()
        self.open, self.text, self.tags, self.links, self.ids = [], [], [], [], set()

    def handle_starttag(self, tag, attributes):
        self.tags.append(tag)
        found = dict(attributes)
        self.links += [found[name] for name in ("src", "href") if name in found]
        self.ids |= {found["id"]} if "id" in found else set()
        if tag not in VOID:
            self.open.append(tag)

    def handle_startendtag(self, tag, attributes):
        self.tags.append(tag)

    def handle_endtag(self, tag):
        assert self.open.pop() == tag

    def handle_data(self, data):
        self.text.append(data)


def read(page):
    reader = Reader()
    reader.feed(page)
    assert reader.open == []
    reader.words = " ".join(" ".join(reader.text).split())
    return reader


@pytest.fixture(scope="module")
def page(cards):
    return render(cards)


@pytest.fixture
def no_pictures(monkeypatch):
    monkeypatch.setattr(cards_module, "_BUDGET", 0)


def test_it_is_one_file_that_loads_nothing(page):
    found = read(page)
    assert "script" not in found.tags
    assert "link" not in found.tags
    assert all(link.startswith(("data:image/jpeg;base64,", "#")) for link in found.links)
    assert {link[1:] for link in found.links if link.startswith("#")} <= found.ids
    assert not re.search(r"https?:|url\(|@import", page)
    assert "default-src 'none'" in page
    assert len(page.encode()) < 4_000_000


def test_what_others_wrote_is_text(page):
    assert "<script" not in page
    assert "<i>&" not in page
    assert "no </td> <script>alert(1)</script>" in read(page).words
    assert "tuned <i>&" in read(page).words


def test_every_task_is_there_and_failing_ones_say_so(page, cards):
    words = read(page).words
    faulty = cards[0]
    assert len(faulty.tasks) == 10
    failing = [row for row in faulty.table() if row.verdict != "better"]
    assert {"regression", "counting"} <= {row.task for row in failing}
    assert page.count('<tr class="failing">') == len(failing)
    assert "Not shown to beat it: " in words
    for alarm in (row.task for row in faulty.table() if row.alarm):
        assert f"Collapse alarm: {task_inline(alarm)}." in words
    assert "Collapse alarm: regression." in words


def test_invalid_replies_are_listed_with_why(page, cards):
    words = read(page).words
    faulty = [task for task in cards[0].tasks if task.counts.invalid]
    assert len(faulty) > 6
    for task in faulty:
        title = task_inline(task.task)
        assert f"{title}: {task.counts.invalid} of {task.counts.n}" in words
    assert "expected '<loc' at character 1" in words
    assert "repaired: took the last line" in words
    assert "invalid: took the last line" not in words


def test_other_sets_stand_beside_with_paired_differences(page, cards):
    words = read(page).words
    assert "Beside other predictions" in words
    assert f"Δ {MINUS}" in words
    assert "100 % of the way" in words


@pytest.mark.usefixtures("no_pictures")
def test_a_set_alone_has_nothing_beside_it(cards):
    words = read(render(cards[1:])).words
    assert "Beside other predictions" not in words
    assert "Every reply could be read." in words
    assert "Collapse alarm:" not in words


def test_where_it_comes_from(page, cards):
    words = read(page).words
    made = cards[0].provenance
    for fact in (made.records_sha256[:16], "4be1a77", "split test", "200 resamples of patients"):
        assert fact in words


def test_pictures_show_random_and_worst_cases(page, cards):
    assert page.count("Drawn at random</h4>") == 10
    assert page.count("<img ") >= 40
    worst = [sample for task in cards[0].tasks for sample in task.samples if sample.why == "worst"]
    assert page.count("<figure>") == page.count("<img ")
    assert all(sample.case in page for sample in worst)


def test_a_full_page_leaves_out_pictures_and_nothing_else(cards, monkeypatch, page):
    monkeypatch.setattr(cards_module, "_BUDGET", 20_000)
    small = render(cards[:1])
    assert 0 < small.count("<img ") < 6
    assert small.count("<figure>") == page.count("<figure>")
    assert "the page holds as many as it can carry" in small


@pytest.mark.usefixtures("no_pictures")
def test_it_is_written_from_scorecards_on_disk_and_always_the_same(cards, tmp_path):
    paths = [card.write(tmp_path / f"{number}.json") for number, card in enumerate(cards)]
    out = report(paths, tmp_path / "new" / "report.html")
    assert out.read_text(encoding="utf-8") == render(cards)
    assert [each.name for each in out.parent.iterdir()] == ["report.html"]


def test_predictions_that_are_gone_are_an_error(cards, tmp_path):
    lost = cards[0].model_copy(update={"predictions": str(tmp_path / "gone")})
    with pytest.raises(InputError, match="gone"):
        report([lost], tmp_path / "report.html")
    assert not (tmp_path / "report.html").exists()
    with pytest.raises(InputError, match=r"scores\.json cannot be read"):
        Scorecard.read(tmp_path)


@pytest.mark.usefixtures("no_pictures")
def test_restricted_data_is_named_as_such(cards, tmp_path):
    folder = Path(cards[0].records).parent
    shutil.copytree(folder, tmp_path / "kept")
    records = tmp_path / "kept" / "records.jsonl"
    lines = records.read_text().replace('"restricted":false', '"restricted":true', 400)
    records.write_text(lines)
    provenance = tmp_path / "kept" / "truth" / "provenance.json"
    old = PredictionFile.open(provenance.parent)
    made = old.provenance.model_copy(update={"records_sha256": RecordFile(records).digest()})
    write_predictions(tmp_path / "kept" / "again", made, old.predictions)
    card = score(tmp_path / "kept" / "again", resamples=10)
    assert "Restricted data." in read(render([card])).words
    assert "Restricted data." not in read(render(cards[1:])).words


@pytest.mark.usefixtures("no_pictures")
def test_sets_of_other_records_stand_beside_without_a_difference(cards):
    strange = cards[1].provenance.model_copy(update={"records_sha256": "0" * 64})
    other = cards[1].model_copy(update={"provenance": strange})
    assert f"Δ {MINUS}" not in read(render([cards[0], other])).words


def test_a_name_in_md_gets_the_tables_alone(cards, tmp_path):
    text = report(cards, tmp_path / "results.md").read_text(encoding="utf-8")
    assert text.startswith("# Results\n")
    assert text.count("\n## ") == len(cards)
    assert "<html" not in text
