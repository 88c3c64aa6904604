"""Every source reads its fixture: all that the fixture's author says is true, and nothing is lost.

A fixture is a folder of `fixtures/`, in the exact layout of its set: `raw/` and `truth.json`, which
states in pixels, labels and words what the files mean. It was written from public loaders and
pages (its witnesses) by somebody who had not seen the reader, but for the sets of JSON lines and
the outlines of Pascal VOC, which came after their readers.
"""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image as Picture
from PIL import ImageDraw

from diascope.answers import Boxes, Choice, Labels, Masks, Number, Text
from diascope.curation.prepare import prepare
from diascope.records import Case, Record
from diascope.sources import all_sources
from diascope.sources.source import Problem, Source

FIXTURES = Path(__file__).parent / "fixtures"
NAMES = sorted(path.parent.name for path in FIXTURES.glob("*/truth.json"))


def truth_of(name: str) -> dict[str, Any]:
    return json.loads((FIXTURES / name / "truth.json").read_text())


def source_of(name: str) -> Source:
    """Of the fixture's own name, unless it is of a layout that another source reads."""
    return all_sources()[truth_of(name).get("source", name)]


def items_of(name: str) -> list[Record | Problem]:
    return list(source_of(name).read(FIXTURES / name / "raw"))


def records_of(name: str) -> list[Record]:
    return [item for item in items_of(name) if isinstance(item, Record)]


@pytest.mark.parametrize("name", NAMES)
def test_only_what_is_known_to_be_unreadable_becomes_a_problem(name: str) -> None:
    told = [item for item in items_of(name) if isinstance(item, Problem)]
    expected = truth_of(name).get("problems", [])
    found = [(problem.file, problem.row) for problem in told]
    assert found == [(each["file"], each.get("row")) for each in expected], told


@pytest.mark.parametrize("name", NAMES)
def test_every_image_is_read_with_its_patient_and_split(name: str) -> None:
    of = {
        (image.path, image.frame_index): (record, image)
        for record in records_of(name)
        for image in record.images
    }
    for said in truth_of(name)["images"]:
        if said.get("unused"):
            continue
        record, image = next(
            found
            for (path, frame), found in of.items()
            if path == said["path"] and said.get("frame") in (None, frame)
        )
        assert said["patient"] in ("", record.patient), said
        assert record.split == said["split"], said
        assert (image.width, image.height) == (said["width"], said["height"]), said
        assert image.view == said.get("view"), said


@pytest.mark.parametrize("name", NAMES)
def test_every_fact_is_read(name: str) -> None:
    cases = [case for record in records_of(name) for case in record.cases()]
    truth = truth_of(name)
    unused = {said["path"] for said in truth["images"] if said.get("unused")}
    told = [fact for fact in truth["facts"] if fact.get("image") not in unused]
    missed = [fact for fact in told if not is_read(fact, cases)]
    assert not missed


@pytest.mark.parametrize("name", NAMES)
def test_a_fixture_is_prepared_without_an_exclusion(name: str, tmp_path: Path) -> None:
    made = prepare(source_of(name).name, FIXTURES / name / "raw", tmp_path / "out")
    # a leak that the set itself has is rightly left out
    lost = [each for each in made.audit.exclusions if "also in the split" not in each.reason]
    assert len(lost) == len(truth_of(name).get("problems", [])), lost
    assert made.card.restricted == truth_of(name)["restricted"]


@pytest.mark.parametrize("name", NAMES)
def test_a_source_names_its_witnesses(name: str) -> None:
    assert source_of(name).confirmed == bool(truth_of(name)["witness"])


@pytest.mark.parametrize("name", NAMES)
def test_a_fixture_is_recognised_by_its_own_source_alone(name: str) -> None:
    own, raw = source_of(name), FIXTURES / name / "raw"
    known = [source.name for source in all_sources().values() if source.recognises(raw)]
    assert known == ([own.name] if own.marks else [])


def is_read(fact: dict[str, Any], cases: list[Case]) -> bool:
    """Whether some case, or all that ask about the image together, say what the fact says."""
    about = [case for case in cases if is_about(fact, case)]
    match fact["kind"]:
        case "labels" if not any(fact[status] for status in ("present", "absent", "uncertain")):
            return not any(isinstance(case.turn.answer, Labels) for case in about)
        case "labels":
            return any(labels_agree(fact, case) for case in about)
        case "choice":
            return any(
                case.turn.answer == Choice(option=fact.get("option", fact["answer"]))
                for case in about
            )
        case "number":
            numbers = [case.truth.value for case in about if isinstance(case.turn.answer, Number)]
            return any(abs(value - fact["value"]) < 1e-6 for value in numbers)
        case "boxes":
            said = sorted(map(box_of, fact["boxes"]))
            asked = [sorted(corners(case)) for case in about if isinstance(case.turn.answer, Boxes)]
            return close(said, sorted({box for boxes in asked for box in boxes}))
        case "mask":
            return any(mask_agrees(fact, case) for case in about)
        case "text":
            return any(fact["text"] in texts(case) for case in about)
        case "qa":
            return any(qa_agrees(fact, case) for case in about)
        case other:
            raise ValueError(f"{other!r} is no kind of fact")


def is_about(fact: dict[str, Any], case: Case) -> bool:
    paths = {image.path for image in case.record.images}
    if "images" in fact:
        return paths >= set(fact["images"])
    if "image" not in fact:
        return case.record.study == fact["study"]
    if fact["kind"] in ("boxes", "mask"):
        return case.image.path == fact["image"]
    return fact["image"] in paths


def labels_agree(fact: dict[str, Any], case: Case) -> bool:
    answer = case.turn.answer
    if not isinstance(answer, Labels):
        return False
    return all(
        set(getattr(answer, status)) == set(fact[status])
        for status in ("present", "absent", "uncertain")
    )


def corners(case: Case) -> Iterator[tuple[Any, ...]]:
    return ((box.label, *(round(side, 3) for side in box.corners)) for box in case.truth.boxes)


def box_of(box: dict[str, Any]) -> tuple[Any, ...]:
    return (box["label"], *(round(float(box[side]), 3) for side in ("x0", "y0", "x1", "y1")))


def close(said: list[tuple[Any, ...]], read: list[tuple[Any, ...]]) -> bool:
    return len(said) == len(read) and all(
        one[0] == other[0] and np.allclose(one[1:], other[1:], atol=0.01)
        for one, other in zip(sorted(set(said)), read, strict=True)
    )


def mask_agrees(fact: dict[str, Any], case: Case) -> bool:
    """By the pixels whose centres the polygons hold: equal but for a pixel in a hundred."""
    if not isinstance(case.turn.answer, Masks):
        return False
    width, height = fact.get("frame", (case.image.width, case.image.height))
    across, down = 4 * width / case.image.width, 4 * height / case.image.height
    drawn = Picture.new("1", (width * 4, height * 4))
    for mask in case.turn.answer.masks:
        # a format may name nothing; an outline fills the holes of its region
        if fact["label"] in ("", mask.label):
            outline = [(across * x - 0.5, down * y - 0.5) for x, y in mask.polygon]
            ImageDraw.Draw(drawn).polygon(outline, fill=1)
    pixels = np.asarray(drawn).reshape(height, 4, width, 4)
    filled = pixels.mean(axis=(1, 3)) > 0.5
    if not filled.any():
        return fact["area"] == 0
    area = fact.get("area_filled", fact["area"])
    rows, columns = np.flatnonzero(filled.any(axis=1)), np.flatnonzero(filled.any(axis=0))
    bounds = [columns[0], rows[0], columns[-1] + 1, rows[-1] + 1]
    return (
        abs(int(filled.sum()) - area) <= max(1, area // 100)
        and np.abs(np.subtract(bounds, fact["bounds"])).max() <= 1
    )


def texts(case: Case) -> set[str]:
    answered = {case.turn.answer.text} if isinstance(case.turn.answer, Text) else set()
    return answered | {context.text for context in case.record.context}


def qa_agrees(fact: dict[str, Any], case: Case) -> bool:
    answer = case.turn.answer
    said = answer.text if isinstance(answer, Text) else getattr(answer, "option", None)
    if isinstance(answer, Number):
        said = f"{answer.value:g}"
    stated = fact["answer"]
    if isinstance(stated, list):
        stated = ", ".join(stated) or "none"
    return case.turn.question == fact["question"] and said == stated
