import json
from pathlib import Path

import pytest

from diascope.predictions import Invalid, Prediction
from diascope.training._controller.budget import Plan
from diascope.training._controller.looks import Looks, Time

PLAN = Plan(limit=32, replies=8, pictures=4, gradients=2, share=0.04)


def test_a_look_is_read_back(tmp_path: Path) -> None:
    looks = Looks(tmp_path / "looks")
    assert looks.plan() is None
    assert looks.time() == (0, 0)
    looks.write_plan(PLAN)
    reply = Prediction(record="r", turn=0, task="vqa", text="x", outcome=Invalid(why="y"))
    folder = looks.write(7, (1.5, 0.25), [reply])
    looks.write_time(7, Time(0.5, 9.5))
    looks.write(14, (), [])
    looks.write_time(14, Time(0.5, 9.5))
    assert looks.plan() == PLAN
    assert looks.losses(7) == [1.5, 0.25]
    assert looks.losses(8) is None
    assert looks.time() == Time(1.0, 19.0)
    (line,) = (folder / "predictions.jsonl").read_text().splitlines()
    assert Prediction.model_validate_json(line) == reply


def test_a_look_that_is_made_again_takes_the_place_of_the_first(tmp_path: Path) -> None:
    looks = Looks(tmp_path / "looks")
    for losses in ((1.0,), (2.0,)):
        looks.write(7, losses, [])
    assert looks.losses(7) == [2.0]
    assert {path.name for path in looks.at(7).iterdir()} == {"losses.json", "predictions.jsonl"}


def test_a_time_cut_short_by_a_full_disk_is_told(tmp_path: Path) -> None:
    looks = Looks(tmp_path / "looks")
    looks.write(7, (), [])
    (looks.at(7) / "time.json").write_text('{"looked": 1')
    with pytest.raises(json.JSONDecodeError):
        looks.time()
