"""The page: one file, no network, no script, nothing unescaped, nothing left out."""

import re
import shutil
from html.parser import HTMLParser
from pathlib import Path

import pytest

from diascope.errors import InputError
from diascope.predictionfile import PredictionFile, write_predictions
from diascope.recordfile import RecordFile, write_records
from diascope.reporting import cards as cards_module
from diascope.reporting.page import render, report
from diascope.reporting.words import task_inline
from diascope.scoring.score import score
from diascope.scoring.scorecard import WITHHELD, Scorecard

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


@pytest.fixture(scope="module")
def restricted(cards, tmp_path_factory):
    """The faulty set again, on records of which every one with a report is restricted."""
    kept = tmp_path_factory.mktemp("restricted") / "kept"
    shutil.copytree(Path(cards[0].records).parent, kept)
    records = [
        record.model_copy(update={"restricted": any(t.task == "report" for t in record.turns)})
        for record in RecordFile(kept / "records.jsonl")
    ]
    write_records(kept / "records.jsonl", records)
    old = PredictionFile.open(kept / "faulty")
    digest = RecordFile(kept / "records.jsonl").digest()
    made = old.provenance.model_copy(update={"records_sha256": digest})
    write_predictions(kept / "again", made, old.predictions)
    return score(kept / "again", resamples=10)


def shown(page):
    """The ids of all cases on a page."""
    return set(re.findall(r"[\w/.-]+#\d+", page))


def test_cases_of_restricted_records_are_left_out_and_it_is_said(restricted, cards):
    told = []
    page = render([restricted], tell=told.append)
    secret = {r.id for r in RecordFile(Path(restricted.records)) if r.restricted}
    every = {sample.case for task in restricted.tasks for sample in task.samples}
    hidden = {case for case in every if case.partition("#")[0] in secret}
    assert hidden
    assert every - hidden
    assert not shown(page) & hidden
    assert shown(page) >= every - hidden
    assert "replies are about records that must not leave the machine" in read(page).words
    assert '<meta name="restricted-records" content="left out">' in page
    assert "--include-restricted shows them" in "".join(told)
    assert [row.counts for row in restricted.table()] == [row.counts for row in cards[0].table()]


def test_a_page_that_shows_restricted_cases_says_so(restricted):
    told = []
    page = render([restricted], include_restricted=True, tell=told.append)
    every = {sample.case for task in restricted.tasks for sample in task.samples}
    assert shown(page) >= every
    assert "Restricted data. This page shows cases" in read(page).words
    assert '<meta name="restricted-records" content="included">' in page
    assert told == []


def test_a_page_without_restricted_records_says_nothing_of_them(page):
    assert '<meta name="restricted-records" content="none">' in page
    assert "estricted" not in read(page).words


def test_words_of_restricted_records_are_not_in_the_scores(restricted, cards):
    spreads = [task.collapse.truth for task in restricted.tasks if task.task == "report"]
    assert [each.commonest for each in spreads] == [WITHHELD]
    assert all(task.collapse.truth.commonest != WITHHELD for task in cards[0].tasks)


def test_sets_of_other_pixels_are_not_set_side_by_side(cards, tmp_path):
    made = (card.provenance for card in cards)
    profiles = zip(made, ("0" * 16, "1" * 16), strict=True)
    other = [each.model_copy(update={"render_profile": profile}) for each, profile in profiles]
    mixed = [
        card.model_copy(update={"provenance": each})
        for card, each in zip(cards, other, strict=True)
    ]
    with pytest.raises(InputError, match=r"predicted under render profile 0+, but 'truth'"):
        report(mixed, tmp_path / "page.html")
    assert report([mixed[0], cards[1]], tmp_path / "page.md").is_file()


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
