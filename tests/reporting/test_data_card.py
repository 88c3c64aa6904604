"""The data card says what a prepared folder holds, needs no network, and names nobody."""

from pathlib import Path

from diascope.curation.audit import Exclusion
from diascope.curation.prepare import prepare
from diascope.recordfile import write_records
from diascope.reporting.data_card import reasons, write_data_card
from diascope.sources.phantom import PhantomSettings, generate


def test_the_page_tells_counts_labels_and_leaks(tmp_path: Path) -> None:
    root = tmp_path / "raw"
    root.mkdir()
    records = list(generate(root, PhantomSettings(seed=1, patients=12)))
    write_records(root / "records.jsonl", records)
    made = prepare("jsonl", root, tmp_path / "out")
    page = write_data_card(made.out).read_text()
    assert f"{made.audit.records} records, {made.audit.cases} questions" in page
    assert "calcified" in page
    assert made.card.records_sha256 in page
    assert "http" not in page.replace("http-equiv", "")
    assert not any(record.patient in page for record in records)


def test_reasons_that_differ_in_names_alone_are_one() -> None:
    told = ["a.png: the picture is 3 x 4", "b.png: the picture is 7 x 9", "no such option 'x'"]
    found = reasons(tuple(Exclusion(file=None, row=None, record=None, reason=t) for t in told))
    assert [(each.first, each.times) for each in found] == [(told[0], 2), (told[2], 1)]
