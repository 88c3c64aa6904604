"""prepare: the bad is listed or stops it, patients keep to one split, OUT is whole or absent."""

import json
import os
from collections import Counter
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import PIL.Image
import pytest

from diascope.answers import Choice, Text
from diascope.curation.inspection import inspect_folders
from diascope.curation.leaks import gate
from diascope.curation.prepare import PrepareOptions, prepare
from diascope.errors import InputError
from diascope.expectations import Free, Options
from diascope.imaging.profile import render_profile
from diascope.recordfile import RecordFile, write_records
from diascope.records import Image, Record, Turn

YES_NO = Options(options=("Yes", "No"))


def picture(path: Path, seed: int) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    pixels = np.random.default_rng(seed).integers(0, 255, (12, 16), np.uint8)
    PIL.Image.fromarray(pixels).save(path)


def record(number: int, **changes: Any) -> Record:
    turn = Turn(task="classification", question="?", expects=YES_NO, answer=Choice(option="No"))
    values: dict[str, Any] = {
        "id": f"r{number}",
        "dataset": "d",
        "patient": f"p{number}",
        "study": "s",
        "split": "train",
        "images": (Image(path=f"raw/{number}.png", width=16, height=12),),
        "turns": (turn,),
    }
    return Record(**(values | changes))


@pytest.fixture
def layout(tmp_path: Path) -> Callable[..., Path]:
    """Writes a folder in our own layout, with a picture for every record."""

    def write(*records: Record) -> Path:
        root = tmp_path / "root"
        for number, each in enumerate(records):
            for image in each.images:
                picture(root / image.path, number)
        write_records(root / "records.jsonl", records)
        return root

    return write


def test_what_it_writes(layout: Callable[..., Path], tmp_path: Path) -> None:
    root, told = layout(*map(record, range(4))), []
    made = prepare("jsonl", root, tmp_path / "out", progress=lambda *done: told.append(done))
    assert told == [(1, 4), (2, 4), (3, 4), (4, 4)]
    names = {path.name for path in (tmp_path / "out").iterdir()}
    told = {"audit.json", "leaks.json", "contents.json", "card.json"}
    assert names == {"records.jsonl", "records.jsonl.index", "images", "fingerprints.bin"} | told
    assert {path.name for path in tmp_path.iterdir()} == {"out", "root"}
    records = RecordFile(tmp_path / "out" / "records.jsonl")
    assert [each.id for each in records] == ["r0", "r1", "r2", "r3"]
    for number, each in enumerate(records):
        image = each.images[0]
        assert image.path == f"images/{image.sha256}"[:9] + f"/{image.sha256}"[:33] + ".png"
        original = root / f"raw/{number}.png"
        assert records.image_path(image).read_bytes() == original.read_bytes()
    audit = json.loads((tmp_path / "out" / "audit.json").read_text())
    assert audit == json.loads(made.audit.model_dump_json())
    assert (audit["records"], audit["images"], audit["excluded"]) == (4, 4, 0)
    card = json.loads((tmp_path / "out" / "card.json").read_text())
    assert card["records_sha256"] == records.digest()
    assert (card["source"], card["records"]) == ("jsonl", 4)
    assert card["render_profile"] == render_profile()


def test_the_same_picture_is_kept_once(layout: Callable[..., Path], tmp_path: Path) -> None:
    root = layout(record(0), record(1))
    (root / "raw/1.png").write_bytes((root / "raw/0.png").read_bytes())
    assert prepare("jsonl", root, tmp_path / "out").audit.images == 1


BAD: dict[str, tuple[dict[str, Any], str]] = {
    "missing image": (
        {"images": (Image(path="raw/none.png", width=16, height=12),)},
        "there is no such file",
    ),
    "truncated image": (
        {"images": (Image(path="raw/cut.png", width=16, height=12),)},
        "truncated or damaged",
    ),
    "unknown task": (
        {"turns": (Turn(task="clasification", question="?", expects=YES_NO),)},
        "unknown task 'clasification', did you mean 'classification'",
    ),
    "answer not among its options": (
        {
            "turns": (
                Turn(
                    task="classification",
                    question="?",
                    expects=YES_NO,
                    answer=Choice(option="Perhaps"),
                ),
            )
        },
        "unknown option 'Perhaps'",
    ),
    "patient in two splits": ({"patient": "p1", "split": "train"}, "also in the split 'val'"),
}


def with_bad(layout: Callable[..., Path], changes: dict[str, Any]) -> Path:
    """Three good records, the middle one in val, and a bad one."""
    root = layout(record(0), record(1, split="val"), record(2), record(7, **changes))
    (root / "raw/none.png").unlink(missing_ok=True)
    whole = (root / "raw/0.png").read_bytes()
    (root / "raw/cut.png").write_bytes(whole[: len(whole) * 2 // 3])
    return root


@pytest.mark.parametrize("name", BAD)
def test_something_bad_is_left_out_counted_and_listed(
    layout: Callable[..., Path], tmp_path: Path, name: str
) -> None:
    changes, why = BAD[name]
    made = prepare("jsonl", with_bad(layout, changes), tmp_path / "out")
    assert [each.id for each in RecordFile(made.out / "records.jsonl")] == ["r0", "r1", "r2"]
    (exclusion,) = made.audit.exclusions
    assert (exclusion.file, exclusion.row, exclusion.record) == ("records.jsonl", 4, "r7")
    assert why in exclusion.reason
    assert made.audit.excluded == 1
    assert made.audit.images == len(list((made.out / "images").glob("*/*"))) == 3


@pytest.mark.parametrize("name", BAD)
def test_or_it_stops_and_writes_nothing(
    layout: Callable[..., Path], tmp_path: Path, name: str
) -> None:
    changes, why = BAD[name]
    root = with_bad(layout, changes)
    with pytest.raises(InputError, match=r"records\.jsonl, row 4, r7: .*mend it") as stopped:
        prepare("jsonl", root, tmp_path / "out", PrepareOptions(on_error="stop"))
    assert why in str(stopped.value)
    assert [path.name for path in tmp_path.iterdir()] == ["root"]


def test_a_repeated_id_and_a_line_that_is_no_record(
    layout: Callable[..., Path], tmp_path: Path
) -> None:
    root = layout(record(0), record(1))
    lines = (root / "records.jsonl").read_text() + "{\n" + record(0).model_dump_json()
    (root / "records.jsonl").write_text(lines)
    made = prepare("jsonl", root, tmp_path / "out")
    assert [(each.row, each.record) for each in made.audit.exclusions] == [(3, None), (4, "r0")]
    assert made.audit.records == 2
    with pytest.raises(InputError, match=r"records\.jsonl, row 3: .*EOF"):
        prepare("jsonl", root, tmp_path / "stopped", PrepareOptions(on_error="stop"))


def test_records_without_a_split_follow_their_patient(
    layout: Callable[..., Path], tmp_path: Path
) -> None:
    free = [record(n, split="", patient=f"p{n // 2}") for n in range(40)]
    given = [record(50, split="test", patient="p3"), record(51, split="val", patient="p5")]
    root = layout(*free, *given)
    shares = {"train": 0.5, "val": 0.25, "test": 0.25}
    made = prepare("jsonl", root, tmp_path / "out", PrepareOptions(split=shares, seed=1))
    assert made.audit.excluded == 0
    splits = {(each.patient, each.split) for each in RecordFile(made.out / "records.jsonl")}
    assert len(splits) == 20
    assert {("p3", "test"), ("p5", "val")} <= splits
    assert set(Counter(split for _, split in splits)) == {"train", "val", "test"}
    assert made.card.fractions == shares


def test_splits_do_not_move_when_patients_join(layout: Callable[..., Path], tmp_path: Path) -> None:
    few = prepare("jsonl", layout(*(record(n, split="") for n in range(20))), tmp_path / "few")
    like = PrepareOptions(like=few.out)
    more = prepare("jsonl", layout(*(record(n, split="") for n in range(60))), tmp_path / "m", like)
    first, second = (
        {each.id: each.split for each in RecordFile(made.out / "records.jsonl")}
        for made in (few, more)
    )
    assert {name: second[name] for name in first} == first
    counts = Counter(second.values())
    assert counts == {"train": 48, "val": 6, "test": 6}


def test_training_that_holds_an_evaluated_report_is_left_out(
    layout: Callable[..., Path], tmp_path: Path
) -> None:
    """Word for word, under another patient and with another picture; the gate then passes."""
    words = ". ".join(
        f"In region {number} a shadow of {number + 2} mm lies beside the vessel number {number}"
        for number in range(6)
    )

    def reported(number: int, split: str, text: str) -> Record:
        turn = Turn(task="report", question="?", expects=Free(), answer=Text(text=text))
        return record(number, split=split, turns=(turn,))

    own = (reported(n, "train", f"Study {n} shows nothing that is told elsewhere.") for n in (4, 5))
    root = layout(
        reported(0, "test", words),
        reported(1, "train", f"Seen before. {words}"),
        record(2, patient="p1"),
        *own,
    )
    made = prepare("jsonl", root, tmp_path / "out")
    kept = {each.id for each in RecordFile(made.out / "records.jsonl")}
    assert kept == {"r0", "r4", "r5"}
    assert "a report that is evaluated on" in made.audit.exclusions[0].reason
    assert len(made.leaks.reports) == 1
    gate(inspect_folders([made.out]))


def test_an_existing_folder_is_refused_unless_it_is_empty(
    layout: Callable[..., Path], tmp_path: Path
) -> None:
    root, out = layout(record(0)), tmp_path / "out"
    out.mkdir()
    prepare("jsonl", root, out)
    before = (out / "records.jsonl").stat()
    with pytest.raises(InputError, match="out: exists already; remove it or name another"):
        prepare("jsonl", root, out)
    assert (out / "records.jsonl").stat() == before
    (tmp_path / "file").write_text("")
    with pytest.raises(InputError, match="exists already"):
        prepare("jsonl", root, tmp_path / "file")


@pytest.mark.parametrize("error", [KeyboardInterrupt, RuntimeError])
def test_nothing_is_left_when_it_is_stopped(
    layout: Callable[..., Path], tmp_path: Path, error: type[BaseException]
) -> None:
    def stop(done: int, total: int) -> None:
        raise error

    root = layout(record(0), record(1))
    with pytest.raises(error):
        prepare("jsonl", root, tmp_path / "out", progress=stop)
    assert [path.name for path in tmp_path.iterdir()] == ["root"]


def test_other_bad_input(layout: Callable[..., Path], tmp_path: Path) -> None:
    root = layout(record(0, images=(Image(path="raw/0.png", width=9, height=9),)))
    out = tmp_path / "out"
    with pytest.raises(InputError, match="unknown source 'flair', did you mean 'flare'"):
        prepare("flair", root, out)
    with pytest.raises(InputError, match="there is no such folder"):
        prepare("jsonl", tmp_path / "nowhere", out)
    with pytest.raises(InputError, match="add up to 1"):
        prepare("jsonl", root, out, PrepareOptions(split={"train": 0.5}))
    with pytest.raises(InputError, match="no FLARE questions here"):
        prepare("flare", root, out)
    with pytest.raises(InputError, match=r"not one record can be used; .* row 1, r0: .*16 x 12"):
        prepare("jsonl", root, out)
    assert not out.exists()


def test_a_prepared_folder_can_be_prepared_again(
    layout: Callable[..., Path], tmp_path: Path
) -> None:
    made = prepare("jsonl", layout(*map(record, range(4))), tmp_path / "out")
    again = prepare("jsonl", made.out, tmp_path / "again", PrepareOptions(on_error="stop"))
    assert again.card == made.card


@pytest.mark.real_data
def test_flare_mini_is_prepared_without_an_exclusion(tmp_path: Path) -> None:
    root = Path(os.environ.get("DIASCOPE_DATA", "")) / "flare_mini"
    if not os.environ.get("DIASCOPE_DATA") or not root.is_dir():
        pytest.skip("DIASCOPE_DATA names no folder with flare_mini")
    made = prepare("flare", root, tmp_path / "out", PrepareOptions(on_error="stop"))
    cases = Counter[str]()
    for count in made.audit.counts:
        cases[count.split] += count.cases
    assert cases == {"train": 2403, "val": 437}
    records = RecordFile(made.out / "records.jsonl")
    patients = {split: {c.record.patient for c in records.cases(split=split)} for split in cases}
    assert not patients["train"] & patients["val"]
