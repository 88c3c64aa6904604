import json
from collections import Counter, defaultdict
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from PIL import Image as Pixels

from diascope.answers import Boxes, Choice, Labels, Mask, Masks, Number, Text
from diascope.errors import InputError
from diascope.geometry import Size, area, intersect
from diascope.metrics.masks import rasterise
from diascope.records import Case, Record
from diascope.sources import all_sources, source
from diascope.sources._phantom.canvas import Patch, View, ball, polygon, polygon_cover
from diascope.sources._phantom.chest import Lesion, chest_patient
from diascope.sources._phantom.radiograph import frontal
from diascope.sources.phantom import PhantomSettings, draw_patient, generate, split_of
from diascope.tasks import all_tasks
from diascope.tasks.checks import problems

PATIENTS = 120


@pytest.fixture(scope="module")
def drawn(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, list[Record]]:
    out = tmp_path_factory.mktemp("phantom")
    return out, list(generate(out, PhantomSettings(seed=3, patients=PATIENTS)))


def cases(records: list[Record], task: str) -> list[Case]:
    return [case for record in records for case in record.cases() if case.turn.task == task]


def picture(out: Path, case: Case) -> np.ndarray:
    return np.asarray(Pixels.open(out / case.image.path), dtype=np.float64)


def test_same_seed_same_bytes_and_another_seed_other_patients(tmp_path: Path) -> None:
    seen = []
    for name, seed in (("a", 5), ("b", 5), ("c", 6)):
        records = list(generate(tmp_path / name, PhantomSettings(seed=seed, patients=4)))
        files = sorted((tmp_path / name / "images").iterdir())
        seen.append(([r.model_dump_json() for r in records], [f.read_bytes() for f in files]))
    assert seen[0] == seen[1]
    assert seen[0][1][0] != seen[2][1][0]


def test_a_patient_does_not_depend_on_the_others(
    tmp_path: Path, drawn: tuple[Path, list[Record]]
) -> None:
    (tmp_path / "images").mkdir()
    alone = draw_patient(tmp_path, PhantomSettings(seed=3, patients=1), 8)
    assert alone == [record for record in drawn[1] if record.patient == "p00008"]


def test_processes_draw_what_one_draws(tmp_path: Path) -> None:
    settings = PhantomSettings(seed=1, patients=3)
    told: list[tuple[int, int]] = []
    one = list(generate(tmp_path / "one", settings, lambda done, total: told.append((done, total))))
    assert told == [(1, 3), (2, 3), (3, 3)]
    assert list(generate(tmp_path / "two", settings, workers=2)) == one


def test_every_turn_of_every_task_is_legal(drawn: tuple[Path, list[Record]]) -> None:
    turns = [case for record in drawn[1] for case in record.cases()]
    assert {case.turn.task for case in turns} == set(all_tasks())
    assert [bad for case in turns for bad in problems(case.turn, case.image.size)] == []


def test_the_hardest_pictures_have_legal_truth_too(tmp_path: Path) -> None:
    settings = PhantomSettings(seed=8, patients=40, style="B", difficulty=1.0)
    turns = [case for record in generate(tmp_path, settings) for case in record.cases()]
    assert [bad for case in turns for bad in problems(case.turn, case.image.size)] == []


def test_records_are_unique_and_name_real_pictures(drawn: tuple[Path, list[Record]]) -> None:
    out, records = drawn
    assert max(Counter(record.id for record in records).values()) == 1
    for image in {image.path: image for record in records for image in record.images}.values():
        with Pixels.open(out / image.path) as file:
            assert (file.size, file.mode) == (tuple(image.size), "L")


def test_no_patient_is_in_two_splits_and_shares_hold(drawn: tuple[Path, list[Record]]) -> None:
    splits = defaultdict(set)
    for record in drawn[1]:
        splits[record.patient].add(record.split)
    assert all(len(found) == 1 for found in splits.values())
    settings = PhantomSettings(seed=3, patients=PATIENTS)
    for kind in (0, 1):
        counts = Counter(split_of(settings, n) for n in range(kind, 1000, 2))
        assert counts["train"] == pytest.approx(350, abs=8)
        assert counts["test"] == pytest.approx(100, abs=8)


def test_adding_a_lesion_changes_pixels_inside_its_box_only() -> None:
    view = View(200, 220, angle=0.05, scale=0.95, shift=(0.02, -0.03))
    checked = 0
    for seed in range(40):
        study = chest_patient(np.random.default_rng(seed))[0]
        for lesion in study.lesions:
            if lesion.kind not in ("nodule", "nodule, calcified", "opacity"):
                continue
            change = np.abs(_added(study, lesion, view))
            box = frontal(study, view, 1, np.random.default_rng(0)).boxes[lesion.number]
            x, y = np.meshgrid(np.arange(view.width) + 0.5, np.arange(view.height) + 0.5)
            inside = (x > box[0]) & (x < box[2]) & (y > box[1]) & (y < box[3])
            assert change[inside].sum() > 0.95 * change.sum() > 0
            touched = np.argwhere(change > 0.3 * change.max())
            assert np.ptp(touched[:, 1]) > 0.8 * (box[2] - box[0]) - 3
            assert np.ptp(touched[:, 0]) > 0.8 * (box[3] - box[1]) - 3
            checked += 1
    assert checked > 20


def _added(study, lesion: Lesion, view: View) -> np.ndarray:
    without = replace(study, lesions=tuple(one for one in study.lesions if one is not lesion))
    pictures = [frontal(s, view, 1, np.random.default_rng(0)).attenuation for s in (study, without)]
    return pictures[0] - pictures[1]


def test_the_heart_is_as_wide_as_the_ratio_says() -> None:
    view = View(256, 256)
    for seed in range(10):
        study = chest_patient(np.random.default_rng(seed))[0]
        x0, _, x1, _ = frontal(study, view, 1, np.random.default_rng(0)).heart
        thorax = 2 * study.anatomy.thorax * view.width
        assert (x1 - x0) / thorax == pytest.approx(study.anatomy.heart_ratio, abs=1e-6)


def test_cells_in_boxes_are_darker_than_the_film(drawn: tuple[Path, list[Record]]) -> None:
    out, records = drawn
    asked = cases(records, "instance_detection")
    assert len(asked) > 20
    for case in asked:
        pixels = picture(out, case)
        film = np.median(pixels)
        boxes = case.truth.boxes if isinstance(case.truth, Boxes) else ()
        for box in boxes:
            x0, y0, x1, y1 = (round(number) for number in box.corners)
            assert np.percentile(pixels[y0:y1, x0:x1], 20) < film


def test_polygons_are_what_was_drawn() -> None:
    view = View(120, 120)
    plane = np.zeros((120, 120), dtype=np.float32)
    radii = (30.0, 22, 35, 28, 31, 24, 38, 27)
    patch = Patch.around(plane, (60.3, 58.8), 45)
    patch.add(plane, polygon_cover(patch, radii, 2))
    mask = Mask(label="x", polygon=polygon((60.3, 58.8), radii))
    truth, seen = rasterise([mask], Size(view.width, view.height)), plane > 0.5
    assert (truth & seen).sum() / (truth | seen).sum() > 0.99


def test_view_to_pixels_inverts_its_grid() -> None:
    view = View(160, 200, angle=0.1, scale=0.9, shift=(0.05, -0.02))
    u, v = view.grid()
    x, y = view.to_pixels(float(u[40, 70]), float(v[40, 70]))
    assert (x, y) == pytest.approx((70.5, 40.5), abs=1e-3)


def test_patients_left_is_on_the_right_of_the_image(drawn: tuple[Path, list[Record]]) -> None:
    middles = defaultdict(list)
    for case in cases(drawn[1], "grounding"):
        side = next((s for s in ("left", "right") if f"the {s}" in case.turn.question), None)
        if side and isinstance(case.truth, Boxes):
            box = case.truth.boxes[0]
            middles[side].append((box.x0 + box.x1) / 2 / case.image.width)
    assert min(middles["left"]) > 0.45 > np.mean(middles["right"])


def test_answers_about_one_picture_agree(drawn: tuple[Path, list[Record]]) -> None:
    """The label set, the detection boxes and the report of one frontal tell the same story."""
    told: dict[str, dict[str, Case]] = defaultdict(dict)
    for record in drawn[1]:
        if record.dataset == "phantom-chest" and len(record.turns) == len(record.images) == 1:
            told[record.images[0].path][record.turns[0].task] = record.cases()[0]
    checked = 0
    for each in told.values():
        labels, report = each["multilabel"].truth, each["report"].truth
        assert isinstance(labels, Labels)
        assert isinstance(report, Text)
        said = report.text.lower()
        assert ("effusion" in said) == ("effusion" in labels.present + labels.uncertain)
        assert ("possible" in said) == bool(labels.uncertain)
        if "detection" in each and isinstance(each["detection"].truth, Boxes):
            found = {box.label for box in each["detection"].truth.boxes}
            boxed = {"nodule", "nodule, calcified", "device"}
            assert found == boxed & set(labels.present)
            checked += 1
    assert checked > 40


def test_conversations_laterals_and_priors_are_there(drawn: tuple[Path, list[Record]]) -> None:
    shapes = Counter(
        (tuple(turn.task for turn in record.turns), tuple(i.role for i in record.images))
        for record in drawn[1]
    )
    assert shapes[(("multilabel", "report"), ("main",))] > 5
    assert shapes[(("vqa",), ("main", "lateral"))] > 5
    assert shapes[(("vqa",), ("main", "prior"))] > 5
    for record in drawn[1]:
        if len(record.images) == 2 and record.images[1].role == "prior":
            assert record.images[1].study != record.study == record.images[0].study
            assert record.context[0].role == "prior report"
            assert isinstance(record.turns[0].answer, Choice)


def test_counts_are_the_number_of_boxes(drawn: tuple[Path, list[Record]]) -> None:
    counts = {
        case.image.path: case.truth.value
        for case in cases(drawn[1], "counting")
        if case.turn.question == "How many cells are there?" and isinstance(case.truth, Number)
    }
    for case in cases(drawn[1], "instance_detection"):
        assert isinstance(case.truth, Boxes)
        assert counts[case.image.path] == len(case.truth.boxes)


def test_outlines_lie_in_their_images_and_vary(drawn: tuple[Path, list[Record]]) -> None:
    extents = []
    for case in cases(drawn[1], "segmentation"):
        assert isinstance(case.truth, Masks)
        x, y = np.array(case.truth.masks[0].polygon).T
        frame = (0.0, 0.0, float(case.image.width), float(case.image.height))
        rect = (float(x.min()), float(y.min()), float(x.max()), float(y.max()))
        assert area(intersect(rect, frame)) == pytest.approx(area(rect))
        extents.append((x.mean() / case.image.width, np.ptp(x) / case.image.width))
    assert len(extents) > 20
    assert np.std(extents, axis=0)[0] > 0.15


def test_difficulty_lowers_contrast_and_styles_differ(tmp_path: Path) -> None:
    stored = {}
    for name, change in {"easy": {"difficulty": 0.0}, "hard": {"difficulty": 1.0}, "B": {}}.items():
        style = "B" if name == "B" else "A"
        settings = PhantomSettings(seed=2, patients=1, style=style, **change)
        list(generate(tmp_path / name, settings))
        stored[name] = np.asarray(Pixels.open(tmp_path / name / "images/p00000-s0-frontal.png"))
    assert stored["easy"].shape == stored["hard"].shape == stored["B"].shape
    grain = {name: np.diff(p.astype(float), axis=1)[40:60].std() for name, p in stored.items()}
    assert grain["hard"] > 1.3 * grain["easy"]


def test_only_the_tasks_asked_for(tmp_path: Path) -> None:
    settings = PhantomSettings(seed=2, patients=6, tasks=("counting", "detection"))
    tasks = {turn.task for record in generate(tmp_path, settings) for turn in record.turns}
    assert tasks == {"counting", "detection"}


def test_ball_is_thickest_in_the_middle() -> None:
    plane = np.zeros((21, 21), dtype=np.float32)
    patch = Patch.around(plane, (10.5, 10.5), 10)
    patch.add(plane, ball(patch, 8))
    assert plane.max() == plane[10, 10] == pytest.approx(1)
    assert plane[10, 1] == plane[0, 0] == 0


def test_source_reads_its_settings_file(tmp_path: Path) -> None:
    (tmp_path / "phantom.toml").write_text("seed = 4\npatients = 2\n")
    records = list(source("phantom").read(tmp_path))
    assert {record.patient for record in records if isinstance(record, Record)} == {
        "p00000",
        "p00001",
    }
    assert json.loads(records[0].model_dump_json())["licence"] == "CC0-1.0"


@pytest.mark.parametrize(
    ("text", "why"),
    [
        (None, "no settings"),
        ("seed = ", "phantom.toml"),
        ("seed = 1\npatiens = 3", "did you mean 'patients'"),
        ("seed = 1\npatients = 0", "patients"),
        ("seed = 1\npatients = 3\ntrain = 0.9\nval = 0.2", "exceed 1"),
    ],
)
def test_bad_settings_are_told(tmp_path: Path, text: str | None, why: str) -> None:
    if text is not None:
        (tmp_path / "phantom.toml").write_text(text)
    with pytest.raises(InputError, match=why):
        list(source("phantom").read(tmp_path))


def test_an_unknown_source_names_the_nearest() -> None:
    assert "phantom" in all_sources()
    with pytest.raises(InputError, match="did you mean 'phantom'"):
        source("fantom")
