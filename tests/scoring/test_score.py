"""Scores of hand-made predictions, whose every number can be worked out on paper."""

import json
import subprocess
import sys

import pytest

from diascope.answers import Choice, Number
from diascope.errors import InputError
from diascope.predictionfile import Canvas, PredictionFile
from diascope.predictions import Repaired
from diascope.recordfile import RecordFile, write_records
from diascope.scoring.predictor import write_predictor
from diascope.scoring.score import score
from diascope.scoring.scorecard import Scorecard


def primary(card, task):
    return card.task(task).primary


def test_the_truth_scores_the_maximum_and_its_interval_is_a_point(predict):
    card = score(predict("truth", {}))
    assert [task.task for task in card.tasks] == ["classification", "counting", "detection"]
    for task, best in (("classification", 1), ("counting", 0), ("detection", 1)):
        found = primary(card, task)
        assert (found.score.value, found.score.low, found.score.high) == (best, best, best)
        assert found.best == best
        assert card.task(task).counts.model_dump() == {
            "n": 4,
            "patients": 3,
            "invalid": 0,
            "missing": 0,
            "repaired": 0,
            "cut": 0,
        }


def test_what_a_crop_cuts_is_counted_and_lowers_the_ceiling(predict):
    """The middle square of 200 x 100 shows x from 50 to 150: one nodule of four."""
    card = score(predict("crop", {}, canvas=Canvas(size=(224, 224), fit="crop")))
    assert card.task("detection").counts.cut == 3
    assert card.task("counting").counts.cut == 0
    assert primary(card, "detection").ceiling == pytest.approx(2 / 5)


def test_invalid_and_missing_replies_count_as_the_worst_case(predict, unreadable):
    card = score(
        predict(
            "some",
            {
                "c2#0": unreadable,  # A
                "c4#0": None,  # B
                "c2#1": unreadable,  # 5 of 0 to 10
                "c3#1": Repaired(answer=Number(value=5), how="took the first number"),
                "c1#2": unreadable,
            },
        )
    )
    classification = card.task("classification")
    assert classification.primary.score.value == 0.5
    assert classification.primary.without_invalid == 1
    assert (classification.counts.invalid, classification.counts.missing) == (2, 1)
    counting = card.task("counting")
    assert counting.primary.score.value == pytest.approx((0 + 5 + 1 + 0) / 4)
    assert counting.primary.without_invalid == pytest.approx(1 / 3)
    assert (counting.counts.invalid, counting.counts.repaired) == (1, 1)
    detection = card.task("detection")
    assert detection.primary.score.value == pytest.approx(2 * 3 / (2 * 3 + 0 + 1))
    assert [sample.case for sample in classification.samples if sample.why == "invalid"] == [
        "c2#0",
        "c4#0",
    ]


def test_without_the_invalid_nothing_is_left_where_all_are(predict, unreadable):
    card = score(predict("none", {f"c{n}#0": unreadable for n in (1, 2, 3, 4)}))
    found = primary(card, "classification")
    assert found.score.value == 0
    assert found.without_invalid is None


def test_the_baseline_learns_from_the_training_split_and_differences_are_oriented(predict):
    card = score(predict("mixed", {"c1#1": Number(value=3)}))
    classification = primary(card, "classification")
    assert classification.baseline == 0.5  # always A
    assert classification.difference.value == 0.5
    counting = primary(card, "counting")
    assert counting.baseline == pytest.approx((2 + 1 + 0 + 0) / 4)  # the median, 4
    assert counting.score.value == 0.25
    assert counting.difference.value == pytest.approx(0.5)
    assert not counting.higher_is_better
    assert primary(card, "detection").difference.value == 1
    assert counting.way == pytest.approx(2 / 3)


def test_every_secondary_metric_knows_which_way_it_runs(predict):
    card = score(predict("truth", {}))
    ways = {m.metric: m.higher_is_better for task in card.tasks for m in task.metrics}
    assert {name for name, up in ways.items() if not up} == {"mae", "rmse"}
    better = [m.difference.value for task in card.tasks for m in task.metrics]
    assert all(value is None or value >= 0 for value in better)


def test_a_reply_worse_than_the_baseline_has_a_negative_difference(predict):
    replies = {f"c{n}#1": Number(value=10) for n in (1, 2, 3, 4)}
    found = primary(score(predict("far", replies)), "counting")
    assert found.score.value == pytest.approx((8 + 5 + 6 + 6) / 4)
    assert found.difference.value == pytest.approx(0.75 - 6.25)
    assert found.difference.high < 0


def test_paired_resamples_make_a_constant_difference_certain(predict):
    replies = {f"c{n}#1": Number(value=v) for n, v in ((1, 3), (2, 4), (3, 5), (4, 5))}
    found = primary(score(predict("off", replies)), "counting")
    assert found.score.model_dump() == {"value": 1.0, "low": 1.0, "high": 1.0}
    assert found.difference.high > found.difference.low  # the baseline's error varies


def test_the_interval_is_by_patients_and_by_seed(predict):
    folder = predict("half", {"c1#0": Choice(option="B"), "c4#1": Number(value=9)})
    once, again, other = score(folder), score(folder), score(folder, seed=1)
    assert once == again
    assert once.tasks[1].primary.score.value == other.tasks[1].primary.score.value
    few = [primary(score(folder, resamples=5, seed=seed), "counting") for seed in range(6)]
    assert len({(each.score.low, each.score.high) for each in few}) > 1
    found = primary(once, "counting")
    # p1 has two cases with errors 0 and 5, p2 and p3 one each without: ends of the resamples
    assert (found.score.low, found.score.high) == (0, 2.5)


def test_the_ceiling_is_what_the_format_and_the_canvas_can_reach(predict):
    card = score(predict("stretched", {}))
    assert primary(card, "detection").ceiling == 1
    cropped = score(predict("cropped", {}, canvas=Canvas(size=(224, 224), fit="crop")))
    # of the four nodules, only the one that starts at x = 60 lies between 50 and 150
    assert primary(cropped, "detection").ceiling == pytest.approx(0.4)
    assert primary(cropped, "detection").best == 1
    assert primary(cropped, "counting").ceiling == 0


def test_subgroups_have_their_own_counts_and_baselines(predict, unreadable):
    folder = predict("by", {"c3#0": unreadable})
    card = score(folder, by="site")
    groups = {group.group: group for group in card.task("classification").groups}
    assert set(groups) == {"north", "south"}  # c1 c3, c2 c4
    assert groups["north"].counts.n == 2
    assert groups["north"].score.score.value == 0.5
    assert groups["north"].score.without_invalid == 1
    assert (groups["north"].counts.invalid, groups["south"].counts.invalid) == (1, 0)
    assert groups["south"].score.score.value == groups["south"].score.without_invalid == 1
    assert groups["south"].score.baseline == 0.5
    with pytest.raises(InputError, match="by=sight: no record has it, did you mean 'site'"):
        score(folder, by="sight")


def test_without_training_cases_there_is_no_baseline(predict, records, tmp_path):
    tests = [record for record in records if record.split == "test"]
    write_records(tmp_path / "external.jsonl", tests)
    external = RecordFile(tmp_path / "external.jsonl")
    folder = predict("external", {}, records="../external.jsonl", records_sha256=external.digest())
    row = score(folder).table()[0]
    assert row.metric.baseline is None
    assert row.metric.difference.value is None
    assert row.verdict == "no baseline"


def test_one_patient_has_no_interval(predict):
    found = primary(score(predict("one", {}, limit=1)), "counting")
    assert (found.score.value, found.score.low, found.score.high) == (0, None, None)


def test_the_worst_are_the_furthest_from_the_truth(records, provenance, tmp_path):
    made = [
        records[3].model_copy(update={"id": f"w{number:02d}", "turns": records[3].turns[1:2]})
        for number in range(20)
    ]
    write_records(tmp_path / "many.jsonl", made)
    many = RecordFile(tmp_path / "many.jsonl")
    like = provenance.model_copy(update={"records_sha256": many.digest()})
    write_predictor(
        tmp_path / "far",
        "far",
        lambda case: Number(value=2 + min(int(case.record.id[1:]), 8)),
        like,
        many,
    )
    samples = score(tmp_path / "far").task("counting").samples
    drawn = {sample.case for sample in samples if sample.why == "random"}
    worst = [sample for sample in samples if sample.why == "worst"]
    assert len(drawn) == len(worst) == 4
    assert drawn.isdisjoint(sample.case for sample in worst)
    assert [sample.value for sample in worst] == [8, 8, 8, 8]


def test_other_records_are_refused_with_both_digests(predict, records, tmp_path):
    folder = predict("out", {})
    elsewhere = tmp_path / "moved.jsonl"
    elsewhere.write_bytes(records.path.read_bytes())
    assert score(folder, records=elsewhere).records == str(elsewhere)
    elsewhere.write_bytes(records.path.read_bytes().replace(b'"value":9.0', b'"value":8.0'))
    with pytest.raises(InputError) as caught:
        score(folder, records=elsewhere)
    asked = PredictionFile.open(folder).provenance.records_sha256
    assert asked in str(caught.value)
    assert RecordFile(elsewhere).digest() in str(caught.value)
    with pytest.raises(InputError, match="say where they are: --records PATH"):
        score(folder, records=tmp_path / "none.jsonl")


@pytest.mark.parametrize(
    ("replies", "message"),
    [
        ({"record": "c9"}, "line 1: c9#0 is not among the cases that were asked"),
        ({"record": "t1"}, "line 1: t1#0 is not among the cases that were asked"),
        ({"task": "vqa"}, "line 1: c1#0 is a classification question, answered as vqa"),
        (
            {"outcome": {"kind": "parsed", "answer": {"kind": "number", "value": 1.0}}},
            "line 1: c1#0 is answered with number, where the truth is choice",
        ),
    ],
)
def test_replies_that_belong_to_nothing_are_refused(predict, replies, message):
    path = predict("out", {}) / "predictions.jsonl"
    lines = path.read_text().splitlines()
    lines[0] = json.dumps(json.loads(lines[0]) | replies)
    path.write_text("\n".join(lines) + "\n")
    with pytest.raises(InputError, match=message):
        score(path)


def test_a_scorecard_is_read_as_it_was_written_and_moves_with_its_folder(predict, tmp_path):
    folder = predict("out", {"c1#0": Choice(option="B")})
    card = score(folder)
    path = card.write(folder)
    assert path == folder / "scores.json"
    assert Scorecard.read(folder) == card
    assert "NaN" not in path.read_text()
    assert str(tmp_path) not in path.read_text()
    moved = tmp_path / "elsewhere"
    moved.mkdir()
    for name in ("out", "records.jsonl"):
        (tmp_path / name).rename(moved / name)
    again = Scorecard.read(moved / "out")
    assert (again.predictions, again.records) == (
        str(moved / "out"),
        str(moved / "records.jsonl"),
    )


def test_scoring_and_reporting_import_no_torch(predict):
    folder = predict("out", {})
    code = (
        "import sys; from pathlib import Path; from diascope.scoring.score import score;"
        "import diascope.scoring.compare, diascope.scoring.predictor, diascope.scoring.pixels;"
        "import diascope.reporting.page, diascope.reporting.tables, diascope.reporting.figure;"
        f"score(Path({str(folder)!r}), resamples=10);"
        "bad = {'torch', 'transformers', 'tokenizers', 'llguidance'} & set(sys.modules);"
        "sys.exit(' '.join(bad) or 0)"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr


def test_records_that_were_prepared_again_with_other_pixels_are_refused(predict, records):
    folder = predict("set", {}, render_profile="0" * 16)
    card = records.root / "card.json"
    card.write_text(json.dumps({"render_profile": "0" * 16}))
    score(folder, resamples=10)
    card.write_text(json.dumps({"render_profile": "1" * 16}))
    with pytest.raises(InputError, match=r"prepared under render profile 1+.*'set': predicted"):
        score(folder, resamples=10)
    score(predict("of unknown pixels", {}), resamples=10)
