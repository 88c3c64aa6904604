"""The data card says what a prepared folder holds, needs no network, and names nobody."""

from html.parser import HTMLParser
from pathlib import Path
from typing import Any

import pytest

from diascope.curation.anomalies import Anomaly
from diascope.curation.anonymous import Anonymiser, Deidentified
from diascope.curation.audit import Audit, Exclusion
from diascope.curation.contents import Contents, LabelCount
from diascope.curation.conventions import Conventions
from diascope.curation.deidentify import Key
from diascope.curation.doubts import Doubt
from diascope.curation.leaks import LeakReport
from diascope.curation.prepare import Card, Preparation, prepare
from diascope.curation.tokens import Lengths, TokenBudget
from diascope.errors import InputError
from diascope.geometry import BoxFormat
from diascope.predictionfile import read_value
from diascope.recordfile import RecordFile, write_records
from diascope.reporting.data_card import notes, reasons, render, write_data_card
from diascope.sources.misread import MisreadBoxes
from diascope.sources.phantom import PhantomSettings, generate

FEW = Lengths(median=3, high=9, longest=12)
MANY = Lengths(median=90, high=700, longest=731)
BUDGET = TokenBudget(
    family="gemma", task="report", n=40, question=FEW, answer=MANY, limit=512, over=7
)
ODD = Anomaly(
    what="the option '<b>' is never right",
    dataset="d",
    task="vqa",
    times=3,
    of=4,
    records=("r1", "r2"),
)
DOUBT = Doubt(what="made FOR PROCESSING", images=1)


class Told(Card):
    """A card that says how its records were de-identified."""

    deidentified: Deidentified | None = None


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Preparation:
    root = tmp_path_factory.mktemp("raw")
    write_records(root / "records.jsonl", generate(root, PhantomSettings(seed=1, patients=12)))
    return prepare("jsonl", root, root.with_name("prepared"))


def values(made: Preparation) -> tuple[Audit, Contents, Card, LeakReport]:
    kinds = ((Audit, "audit"), (Contents, "contents"), (Card, "card"), (LeakReport, "leaks"))
    audit, contents, card, leaks = (
        read_value(kind, made.out / f"{name}.json") for kind, name in kinds
    )
    return audit, contents, card, leaks


def misread() -> Conventions:
    """Forty boxes that are written as a corner and a size, and read as corners."""
    told: dict[str, Any] = {"file": "f", "reason": "why", "dataset": "lesions", "task": "detection"}
    numbers = tuple((300.0 + n, 200.0, 40.0, 30.0) for n in range(40))
    conventions = Conventions()
    conventions.add(MisreadBoxes(**told, format=BoxFormat(), numbers=numbers, image=(640, 480)))
    return conventions


class Words(HTMLParser):
    """The text of a page, and whether its tags close in order."""

    def __init__(self) -> None:
        super().__init__()
        self.open: list[str] = []
        self.text = ""

    def handle_starttag(self, tag: str, _: object) -> None:
        if tag not in ("meta", "br"):
            self.open.append(tag)

    def handle_endtag(self, tag: str) -> None:
        # HTML closes rows and cells by itself; this page closes every one
        assert self.open.pop() == tag
        self.text += " "

    def handle_data(self, data: str) -> None:
        self.text += data


def words(page: str) -> str:
    reader = Words()
    reader.feed(page)
    assert reader.open == []
    return " ".join(reader.text.split())


def test_the_page_tells_counts_labels_and_leaks(made: Preparation) -> None:
    page = write_data_card(made.out).read_text()
    patients = {record.patient for record in RecordFile(made.out / "records.jsonl")}
    assert f"{made.audit.records} records, {made.audit.cases} questions" in words(page)
    assert "calcified" in page
    assert made.card.records_sha256 in page
    assert "http" not in page.replace("http-equiv", "")
    assert not any(patient in page for patient in patients)


def test_what_a_person_should_look_at_is_told_first(made: Preparation) -> None:
    audit, contents, card, leaks = values(made)
    odd = contents.model_copy(
        update={
            "budgets": (BUDGET,),
            "anomalies": (ODD,),
            "conventions": misread().survey().conventions,
        }
    )
    doubtful = audit.model_copy(update={"doubts": (DOUBT,)})
    told = list(notes(doubtful, odd))
    assert told == [
        "1 image: made FOR PROCESSING",
        "lesions, detection: 100% of the boxes make no sense as xyxy in pixels, and 0% as xywh in "
        "pixels: see which one the files are written in",
        "d, vqa: the option '<b>' is never right (3 of 4)",
        "gemma, report: 7 of 40 questions have more than 512 tokens with their answer",
    ]
    page = words(render(doubtful, odd, card, leaks))
    assert all(note in page for note in told)
    assert "gemma report 40 3 9 12 90 700 731 512 7" in page
    assert "lesions · detection 40 boxes, xyxy in pixels: 100.0 % make no sense" in page
    assert "3 of 4 r1, r2" in page


def test_nothing_odd_is_said_as_such(made: Preparation) -> None:
    audit, contents, card, leaks = values(made)
    plain = contents.model_copy(update={"budgets": (), "anomalies": (), "conventions": ()})
    page = words(render(audit, plain, card, leaks))
    assert list(notes(audit, plain)) == []
    assert "Nothing odd was found" in page
    assert not any(head in page for head in ("Box conventions", "Doubtful", "De-identified"))


def test_the_frame_is_round_what_the_boxes_were_read_by(made: Preparation) -> None:
    audit, contents, card, leaks = values(made)
    odd = contents.model_copy(update={"conventions": misread().survey().conventions})
    page = render(audit, odd, card, leaks)
    (declared,) = [line for line in page.split("<td") if "cell declared" in line]
    assert '--share: 1.000">100 %' in declared
    assert page.count('class="cell') == 16


def test_labels_stand_in_the_order_of_how_often_they_are_met(made: Preparation) -> None:
    audit, contents, card, leaks = values(made)
    counts = (
        LabelCount(task="multilabel", split="test", label="rare", present=1),
        LabelCount(task="multilabel", split="train", label="rare", present=2, absent=9),
        LabelCount(task="multilabel", split="train", label="usual", present=8, uncertain=1),
        *(LabelCount(task="multilabel", split="val", label=f"x{n}", absent=1) for n in range(70)),
    )
    page = words(render(audit, contents.model_copy(update={"labels": counts}), card, leaks))
    assert "train val test Label present absent uncertain absent present" in page
    assert page.index("usual 8 0 1 0 0") < page.index("rare 2 9 0 0 1")
    assert "And 12 that are rarer" in page


@pytest.mark.parametrize("has_ocr", [True, False])
def test_a_de_identified_folder_says_how(made: Preparation, has_ocr: bool) -> None:
    audit, contents, card, leaks = values(made)
    done = Anonymiser(Key(bytes(32))).deidentified()
    done = done.model_copy(update={"ocr": "tesseract 5" if has_ocr else None})
    told = Told(**(card.model_dump() | {"deidentified": done}))
    page = words(render(audit, contents, told, leaks))
    assert "113100 Basic Application Confidentiality Profile" in page
    assert ("searched for burned-in text by tesseract 5" in page) == has_ocr
    assert ("tesseract was not there to look" in page) != has_ocr


def test_reasons_that_differ_in_names_alone_are_one() -> None:
    told = ["a.png: the picture is 3 x 4", "b.png: the picture is 7 x 9", "no such option 'x'"]
    found = reasons(tuple(Exclusion(file=None, row=None, record=None, reason=t) for t in told))
    assert [(each.first, each.times) for each in found] == [(told[0], 2), (told[2], 1)]


def test_a_folder_that_is_not_whole_is_refused(tmp_path: Path) -> None:
    with pytest.raises(InputError):
        write_data_card(tmp_path)
