"""What is watched of a run of many tasks, from its first step to its last look."""

import json
import math
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import pytest
import torch
from safetensors.torch import load_file

from diascope.configuration import load as read_config
from diascope.errors import InputError
from diascope.models.tiny import from_scratch, load
from diascope.predictions import Prediction
from diascope.recordfile import RecordFile, write_records
from diascope.records import Case, Record
from diascope.training._controller.opening import open_controller, times
from diascope.training.config import DataConfig, Duration, EvalConfig, ModelConfig, TrainConfig
from diascope.training.controller import Controller, Look
from diascope.training.course import course
from diascope.training.loop import metrics, train
from diascope.training.optimconfig import OptimConfig

TASKS = {"classification", "counting", "detection", "segmentation"}


def config(records: Path, steps: int = 4, **evaluation: object) -> TrainConfig:
    told = {"every": Duration(steps=2), "limit": 8, "budget": 0.0} | evaluation
    return TrainConfig(
        model=ModelConfig(scratch=True),
        data=DataConfig(records=str(records)),
        duration=Duration(steps=steps),
        batch_size=2,
        optim=OptimConfig(lr=1e-3),
        checkpoint_every=Duration(steps=2),
        evaluation=EvalConfig.model_validate(told),
    )


def opened(settings: TrainConfig, out: Path) -> Controller:
    model = from_scratch(0)
    return open_controller(model, course(model, settings), settings, out, lambda *_: None)


def written(folder: Path, phantom: Path, records: Iterable[Record]) -> Path:
    """A record file beside phantom's pictures."""
    folder.mkdir(exist_ok=True)
    (folder / "images").symlink_to(phantom.parent / "images")
    write_records(folder / "records.jsonl", records)
    return folder / "records.jsonl"


@pytest.fixture(scope="module")
def few(phantom: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Single questions of four tasks, two of which point."""
    kept = (
        record
        for record in RecordFile(phantom)
        if len(record.turns) == 1 and record.turns[0].task in TASKS
    )
    return written(tmp_path_factory.mktemp("few"), phantom, kept)


Drawn = list[tuple[Case, Prediction, Path, Path]]


@pytest.fixture(scope="module")
def watched(few: Path, tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Drawn]:
    """A run that looks at everything, and what it asked to be drawn."""
    run, drawn = tmp_path_factory.mktemp("watched") / "run", list[Any]()
    settings = config(few, replies=2, pictures=2, gradients=1, gradients_every={"steps": 4})
    train(settings, run, picture=lambda *told: drawn.append(told))
    return run, drawn


def test_every_step_tells_each_task_that_it_learnt(watched: tuple[Path, Drawn]) -> None:
    lines = metrics(watched[0])
    for line in lines:
        assert sum(means["n"] for means in line["tasks"].values()) == 2
        mean = sum(means["n"] * means["loss"] for means in line["tasks"].values()) / 2
        assert mean == pytest.approx(line["loss"], rel=1e-4)
        assert all(0 <= means["accuracy"] <= 1 for means in line["tasks"].values())
        assert all(means["entropy"] > 0 for means in line["tasks"].values())


def test_every_look_tells_all_tasks(watched: tuple[Path, Drawn]) -> None:
    run, _ = watched
    looks = [line for line in metrics(run) if "val" in line]
    assert [line["step"] for line in looks] == [2, 4]
    for line in looks:
        assert set(line["val"]) == TASKS
        asked = [each["replies"]["n"] for each in line["val"].values()]
        assert asked == [2] * len(TASKS)
        replies = (run / f"looks/step-{line['step']:08d}/predictions.jsonl").read_text()
        assert len(replies.splitlines()) == sum(asked)
    assert set(looks[0]["best"]) == {"loss", *TASKS}
    assert [set(line.get("gradients", {})) for line in looks] == [set(), TASKS]


def test_pictures_are_drawn_of_tasks_that_point(watched: tuple[Path, Drawn]) -> None:
    run, drawn = watched
    assert len(drawn) == 4
    for case, reply, root, out in drawn:
        assert reply.id == case.id
        assert (root / case.image.path).is_file()
        assert out.parent.parent == run / "looks"
    first, second = drawn[:2], drawn[2:]
    tasks = {case.turn.task for case, *_ in first}
    assert tasks == {"detection", "segmentation"}
    assert [case.id for case, *_ in first] == [case.id for case, *_ in second]


def test_watching_moves_no_weight_and_no_loss(
    few: Path, watched: tuple[Path, Drawn], tmp_path: Path
) -> None:
    """The losses of a run that looks at nothing are the same to the bit."""
    alone = config(few, every=Duration(steps=4), gradients_every=Duration(steps=4))
    train(alone, tmp_path / "run")
    plain, seen = metrics(tmp_path / "run"), metrics(watched[0])
    assert [line["loss"] for line in plain] == [line["loss"] for line in seen]
    last = "checkpoints/step-00000004/weights.safetensors"
    ours, theirs = load_file(tmp_path / "run" / last), load_file(watched[0] / last)
    assert all(torch.equal(ours[name], theirs[name]) for name in ours)


def test_the_wall_time_of_every_look_is_kept(watched: tuple[Path, Drawn]) -> None:
    times = [json.loads(path.read_text()) for path in watched[0].glob("looks/step-*/time.json")]
    assert len(times) == 2
    assert all(each["looked"] > 0 and each["learnt"] > 0 for each in times)


def test_time_is_counted_once(few: Path, tmp_path: Path) -> None:
    """A clock that ticks at every reading: what is looked and what is learnt make up the whole."""
    controller = opened(config(few), tmp_path)
    ticks = iter(range(100))
    controller.clock = lambda: next(ticks)
    controller.__post_init__()
    for step in (2, 4):
        controller.looks.write(step, (), [])
        with controller.watching(step):
            controller.clock()
    whole = controller.looks.time()
    assert whole.looked == 4
    assert whole.learnt == 4


def fake(monkeypatch: pytest.MonkeyPatch, measures: list[dict[str, float]]) -> None:
    given = iter(measures)
    monkeypatch.setattr(Controller, "look", lambda self, step: Look(next(given), {"val": {}}))
    monkeypatch.setattr("diascope.training._controller.looks.Looks.write_time", lambda *_: None)


@pytest.mark.parametrize(
    ("evaluation", "chosen"),
    [
        ({"task": "classification"}, "classification"),
        ({"mix": {"classification": 1.0}}, "mix"),
        ({}, "loss"),
    ],
)
def test_a_run_ends_with_the_weights_that_it_was_told_to_choose_by(
    few: Path,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    evaluation: dict[str, object],
    chosen: str,
) -> None:
    """The chosen measure is worse at the second look, all others are better."""
    first = {"loss": 2.0, "classification": 0.5, "counting": 2.0, "mix": 0.5}
    worse = -1.0 if chosen != "loss" else 1.0
    second = {"loss": 1.0, "classification": 0.75, "counting": 1.0, "mix": 0.75}
    second[chosen] = first[chosen] + worse
    fake(monkeypatch, [first, second])
    more = {"replies": 8} if chosen == "loss" else {}
    model = train(config(few, **evaluation, **more), tmp_path / "run")
    folder = tmp_path / "run" / "checkpoints"
    best = load_file(folder / f"best-{chosen}" / "weights.safetensors")
    last = load_file(folder / "step-00000004" / "weights.safetensors")
    given = dict(load(model, torch.float32).network.named_parameters())
    assert all(torch.equal(given[name], best[name]) for name in best)
    assert not all(torch.equal(last[name], best[name]) for name in best)


def test_what_is_not_a_number_is_never_the_best(few: Path, tmp_path: Path) -> None:
    controller = opened(config(few), tmp_path)
    assert controller.improved({"classification": math.nan}, {}) == []
    assert controller.improved({"classification": 1.0}, {}) == ["classification"]
    assert controller.improved({"classification": math.nan}, {"classification": 1.0}) == []


def test_a_task_of_few_replies_is_judged_by_its_loss(few: Path, tmp_path: Path) -> None:
    controller = opened(config(few, replies=2, task="counting", task_limit=3), tmp_path)
    look = controller.look(2)
    val = look.logged["val"]
    assert look.measures["classification"] == val["classification"]["loss"]
    assert look.measures["counting"] == val["counting"]["replies"]["value"]
    assert look.logged["val_counting"] == look.measures["counting"]
    assert val["counting"]["replies"]["n"] == 3
    assert "mix" not in look.measures
    better, worse = {"counting": 1.0}, {"counting": 2.0}
    assert controller.improved(better, worse) == ["counting"]
    assert controller.improved(worse, better) == []


def test_a_mix_is_the_weighted_way_of_its_tasks(few: Path, tmp_path: Path) -> None:
    controller = opened(config(few, mix={"counting": 3.0, "detection": 1.0}), tmp_path)
    look = controller.look(2)
    ways = {task: each["replies"]["way"] for task, each in look.logged["val"].items()}
    mixed = (3 * ways["counting"] + ways["detection"]) / 4
    assert look.measures["mix"] == pytest.approx(mixed, rel=1e-5)
    assert controller.improved({"mix": 0.2}, {"mix": 0.1}) == ["mix"]
    assert controller.improved({"mix": 0.1}, {"mix": 0.2}) == []


def test_a_mixed_task_without_a_case_to_look_at_is_told(few: Path, tmp_path: Path) -> None:
    kept = [
        record
        for record in RecordFile(few)
        if record.split != "val" or record.turns[0].task != "counting"
    ]
    records = written(tmp_path / "records", few, kept)
    settings = config(records, mix={"counting": 1.0})
    with pytest.raises(InputError, match="split 'val' has no answered case of 'counting'"):
        opened(settings, tmp_path / "run")


def test_restricted_records_are_drawn_only_where_that_is_asked(few: Path, tmp_path: Path) -> None:
    hidden = [record.model_copy(update={"restricted": True}) for record in RecordFile(few)]
    records = written(tmp_path / "records", few, hidden)
    for wanted in (False, True):
        drawn: list[Any] = []
        told = config(records, replies=1, pictures=2, draw_restricted=wanted)
        controller = opened(told, tmp_path / "run")
        controller.picture = lambda *each, drawn=drawn: drawn.append(each)
        controller.look(2)
        assert len(drawn) == (2 if wanted else 0)


def test_looks_are_counted_as_they_come(few: Path, tmp_path: Path) -> None:
    for steps, every, count in ((4, 2, 2), (5, 2, 3), (7, 3, 3), (3, 9, 1)):
        settings = config(few, steps=steps)
        legs = course(from_scratch(0), settings)
        assert times(legs, Duration(steps=every)) == count


def test_a_look_that_rings_is_in_the_metrics_of_a_resumed_run_too(
    few: Path, tmp_path: Path
) -> None:
    """A model that has learnt nothing says the same of everything."""
    run = tmp_path / "run"
    settings = config(few, steps=1, replies=8, split="train")
    train(settings, run)
    whole = metrics(run)
    rung = [alarm for line in whole for alarm in line.get("alarms", ())]
    assert {alarm["kind"] for alarm in rung} == {"collapses"}
    assert all(alarm["task"] in TASKS for alarm in rung)
    again = opened(settings, run)
    for line in whole:
        assert again.note(line).get("alarms", []) == line.get("alarms", [])


class Interrupted(Exception):
    """Stands for whatever ends a run between two looks."""


def test_a_run_that_is_resumed_looks_at_the_same_and_says_the_same(
    watched: tuple[Path, Drawn], tmp_path: Path
) -> None:
    run = tmp_path / "run"
    settings = read_config(watched[0] / "config.toml", [], TrainConfig)

    def interrupt(done: int, total: int, logged: object) -> None:
        if done == 3:
            raise Interrupted

    with pytest.raises(Interrupted):
        train(settings, run, report=interrupt)
    train(settings, run, resume=True)
    assert metrics(run) == metrics(watched[0])
    for name in ("losses.json", "predictions.jsonl"):
        whole, again = (
            (each / "looks/step-00000004" / name).read_text() for each in (watched[0], run)
        )
        assert whole == again
