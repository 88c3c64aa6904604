"""A predictor that is no model is asked, written down and scored like one."""

import pytest

from diascope.answers import Choice
from diascope.predictionfile import PredictionFile
from diascope.predictions import Invalid
from diascope.scoring.predictor import write_predictor
from diascope.scoring.score import score


def test_it_answers_the_same_cases_and_is_scored_by_the_same_code(
    predict, records, provenance, tmp_path
):
    like = provenance.model_copy(update={"tasks": ("classification",)})

    def always_b(case):
        if case.record.id == "c3":
            raise ValueError("never seen")
        return Choice(option="B")

    file = write_predictor(tmp_path / "b" / "dumb", "dumb", always_b, like, records)
    assert PredictionFile.open(tmp_path / "b" / "dumb") == file
    assert [each.id for each in file.predictions] == ["c1#0", "c2#0", "c3#0", "c4#0", "d1#0"]
    assert file.predictions[2].outcome == Invalid(why="never seen")
    assert file.provenance.model == "dumb"
    card = score(tmp_path / "b" / "dumb")
    assert card.name == "dumb"
    assert card.task("classification").primary.score.value == pytest.approx(0.25)
