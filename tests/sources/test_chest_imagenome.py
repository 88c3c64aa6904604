"""Traps of Chest ImaGenome that its fixture does not show."""

import json
import shutil
from pathlib import Path

import pytest

from diascope.answers import Boxes, Choice
from diascope.errors import InputError
from diascope.records import Record
from diascope.sources.chest_imagenome import SOURCE
from diascope.sources.source import Problem

RAW = Path(__file__).parent / "fixtures" / "chest_imagenome" / "raw"
GRAPHS, SPLITS = "silver_dataset/scene_graph", "silver_dataset/splits"
GOLD = "gold_dataset/gold_bbox_coordinate_annotations_1000images.csv"
HEART = "0a1b2c3d-11111111-22222222-33333333-44444444"
BOXED = "718293a4-11111111-22222222-33333333-4444444b"
TRAIN = f"{SPLITS}/train.csv"


@pytest.fixture
def raw(tmp_path):
    return shutil.copytree(RAW, tmp_path / "raw")


def problems(raw):
    """Those that the fixture does not have."""
    found = [item for item in SOURCE.read(raw) if isinstance(item, Problem)]
    return [problem for problem in found if problem.file != f"{SPLITS}/test.csv"]


def record(raw, name=HEART):
    found = (item for item in SOURCE.read(raw) if isinstance(item, Record) and item.id == name)
    return next(found)


def changed(raw, change):
    path = raw / GRAPHS / f"{HEART}_SceneGraph.json"
    graph = json.loads(path.read_text())
    change(graph)
    path.write_text(json.dumps(graph))


def chosen(record):
    return {
        turn.question: turn.answer.option
        for turn in record.turns
        if isinstance(turn.answer, Choice)
    }


def grounded(record):
    return {
        turn.question: [box.label for box in turn.answer.boxes]
        for turn in record.turns
        if isinstance(turn.answer, Boxes)
    }


def heart_says(phrase, *attributes, region="cardiac silhouette", cues=()):
    """A change of the graph: one more sentence."""

    def change(graph):
        said = {"phrases": [phrase], "attributes": [[*attributes]], "comparison_cues": [[*cues]]}
        graph["attributes"].append({"bbox_name": region, **said})

    return change


@pytest.mark.parametrize(
    ("table", "column"),
    [
        (TRAIN, "dicom_id"),
        (TRAIN, "ViewPosition"),
        (f"{SPLITS}/images_to_avoid.csv", "dicom_id"),
        (GOLD, "original_x2"),
    ],
)
def test_a_table_without_a_column_is_refused_by_its_name(raw, table, column):
    text = (raw / table).read_text()
    (raw / table).write_text(text.replace(column, "else", 1))
    with pytest.raises(InputError, match=f"'{column}'"):
        list(SOURCE.read(raw))


def test_without_the_images_to_avoid_nothing_is_read(raw):
    (raw / SPLITS / "images_to_avoid.csv").unlink()
    with pytest.raises(InputError, match="images_to_avoid"):
        list(SOURCE.read(raw))


def test_packed_graphs_are_refused(raw):
    shutil.rmtree(raw / GRAPHS)
    (raw / "silver_dataset/scene_graph.zip").write_bytes(b"PK")
    with pytest.raises(InputError, match=r"unpack silver_dataset/scene_graph\.zip"):
        list(SOURCE.read(raw))
    assert SOURCE.recognises(raw)


def test_graphs_may_lie_in_a_folder_of_their_own_name(raw):
    (raw / GRAPHS).rename(raw / "graphs")
    (raw / GRAPHS).mkdir()
    (raw / "graphs").rename(raw / GRAPHS / "scene_graph")
    assert problems(raw) == []
    assert record(raw).split == "train"


def test_what_people_boxed_is_for_testing(raw):
    found = record(raw, BOXED)
    assert found.split == "test"
    assert grounded(found) == {
        "Where is the right lung?": ["right lung"],
        "Where is the left lung?": ["left lung"],
    }


def test_what_people_boxed_is_never_trained_on_even_where_it_is_not_avoided(raw):
    (raw / SPLITS / "images_to_avoid.csv").write_text("subject_id,study_id,dicom_id\n")
    assert record(raw, BOXED).split == "test"


def test_an_image_to_avoid_that_nobody_boxed_is_left_out(raw):
    (raw / GOLD).unlink()
    assert BOXED not in [item.id for item in SOURCE.read(raw) if isinstance(item, Record)]
    (problem,) = problems(raw)
    assert (problem.file, problem.row) == (TRAIN, 3)
    assert "images_to_avoid.csv" in problem.reason


def test_boxes_by_people_in_an_image_that_no_table_lists_are_told(raw):
    text = (raw / TRAIN).read_text()
    row = next(line for line in text.splitlines() if BOXED in line)
    (raw / TRAIN).write_text(text.replace(f"{row}\n", ""))
    told = problems(raw)
    assert {problem.file for problem in told} == {GOLD}
    assert all(problem.reason == f"its image is in no table of {SPLITS}" for problem in told)


def test_a_bad_gold_cell_is_charged_to_the_row_of_its_image(raw):
    text = (raw / GOLD).read_text()
    (raw / GOLD).write_text(text.replace(",3,5,15,30,", ",3,five,15,30,"))
    (problem,) = problems(raw)
    assert (problem.file, problem.row) == (TRAIN, 3)
    assert "row 2" in problem.reason


@pytest.mark.parametrize(
    "change",
    [
        lambda graph: graph.pop("objects"),
        lambda graph: graph.update(objects=None),
        lambda graph: graph.update(objects=[[]]),
        lambda graph: graph["objects"][0].update(original_x1="three"),
        lambda graph: graph["objects"][0].update(original_x1=10**400),
        lambda graph: graph["objects"][0].update(bbox_name=["right lung"]),
        lambda graph: graph["attributes"][0].update(phrases=[]),
        lambda graph: graph["attributes"][0].update(phrases=[3]),
        lambda graph: graph["attributes"][0].update(attributes=[["anatomicalfinding|maybe|x"]]),
        lambda graph: graph["attributes"][0].update(attributes=[["anatomicalfinding"]]),
        lambda graph: graph["attributes"][0].update(attributes=[["anatomicalfinding|yes|"]]),
        lambda graph: graph["attributes"][0].update(attributes=[[7]]),
        lambda graph: graph.update(gender=["F"]),
        lambda graph: graph.update(reason_for_exam=7),
    ],
)
def test_a_bad_graph_is_a_problem_of_its_row(raw, change):
    changed(raw, change)
    (problem,) = problems(raw)
    assert (problem.file, problem.row) == (TRAIN, 2)


@pytest.mark.parametrize("text", ["", "{", "[]", "null", "3", '"objects"', "\udcff"])
def test_a_graph_that_is_none_is_a_problem(raw, text):
    path = raw / GRAPHS / f"{HEART}_SceneGraph.json"
    path.write_bytes(text.encode(errors="surrogateescape"))
    (problem,) = problems(raw)
    assert (problem.file, problem.row) == (TRAIN, 2)
    assert str(raw) not in problem.reason


@pytest.mark.parametrize("path", ["", "../../secret.dcm", "files/nowhere.dcm"])
def test_a_bad_path_is_a_problem(raw, path):
    text = (raw / TRAIN).read_text()
    old = f"files/p10/p10999901/s59000003/{HEART}.dcm"
    assert old in text
    (raw / TRAIN).write_text(text.replace(old, path))
    (problem,) = problems(raw)
    assert (problem.file, problem.row) == (TRAIN, 2)


def test_a_region_without_corners_is_not_asked(raw):
    changed(raw, lambda graph: graph["objects"][0].update(original_x1=None))
    assert "Where is the right lung?" not in grounded(record(raw))


def test_a_contradicted_finding_is_unknown(raw):
    asked = "Is there enlarged cardiac silhouette in the cardiac silhouette?"
    assert chosen(record(raw))[asked] == "yes"
    changed(raw, heart_says("Not big.", "anatomicalfinding|no|enlarged cardiac silhouette"))
    assert asked not in chosen(record(raw))


def test_one_abnormal_thing_makes_a_region_abnormal(raw):
    changed(raw, heart_says("Fine.", "nlp|yes|normal"))
    changed(raw, heart_says("Bad.", "nlp|yes|abnormal", region="right lung"))
    found = chosen(record(raw))
    assert found["Is the cardiac silhouette normal?"] == "no"
    assert found["Is the right lung normal?"] == "no"


def test_only_sentences_that_find_something_now_are_grounded(raw):
    asked = [question for question in grounded(record(raw)) if '"' in question]
    assert asked == ['Where is "The heart is enlarged."?']
    changed(raw, heart_says("Pacer.", "device|yes|pacemaker"))
    changed(raw, heart_says("Worse.", "disease|yes|edema", cues=["comparison|yes|worsened"]))
    changed(raw, heart_says("No edema.", "disease|no|edema"))
    asked = [question for question in grounded(record(raw)) if '"' in question]
    assert asked[1:] == ['Where is "Pacer."?']


def test_a_sentence_is_grounded_in_all_of_its_regions_and_any_is_offered(raw):
    for region in ("left lung", "right lung"):
        changed(raw, heart_says("Haze  on both\nsides.", "disease|yes|edema", region=region))
    (turn,) = (turn for turn in record(raw).turns if "Haze on both sides." in turn.question)
    assert [box.label for box in turn.answer.boxes] == ["right lung", "left lung"]
    assert len(turn.expects.labels) == 29


def test_a_sentence_about_a_region_that_was_not_found_is_not_grounded(raw):
    for region in ("left lung", "carina"):
        changed(raw, heart_says("Haze.", "disease|yes|edema", region=region))
    found = record(raw)
    assert 'Where is "Haze."?' not in grounded(found)
    assert chosen(found)["Is there edema in the carina?"] == "yes"


def test_what_is_said_of_a_place_that_is_never_boxed_is_not_asked(raw):
    changed(raw, heart_says("Clip.", "device|yes|clip", region="left chest wall"))
    assert not [question for question in chosen(record(raw)) if "chest wall" in question]


def test_what_is_not_told_is_not_asked(raw):
    changed(raw, lambda graph: graph.update(gender=None, reason_for_exam=None))
    text = (raw / TRAIN).read_text()
    (raw / TRAIN).write_text(text.replace(f"{HEART}.dcm,PA", f"{HEART}.dcm,"))
    found = record(raw)
    assert not [asked for asked in chosen(found) if "view" in asked or "sex" in asked]
    assert (found.context, found.images[0].view) == ((), None)


def test_an_image_of_which_nothing_is_known_is_a_problem(raw):
    text = (raw / GOLD).read_text()
    (raw / GOLD).write_text(text.replace(",3,5,15,30,", ",40,5,50,30,").replace(",18,", ",29,"))
    (problem,) = problems(raw)
    assert (problem.file, problem.row) == (TRAIN, 3)


def test_quality_and_texture_are_no_findings(raw):
    changed(raw, heart_says("Rotated.", "technicalassessment|yes|rotated"))
    assert not [question for question in chosen(record(raw)) if "rotated" in question]
