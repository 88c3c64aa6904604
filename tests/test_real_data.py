"""The whole path on real images: prepare, fine-tune, predict and score a FLARE-style folder."""

import os
from pathlib import Path

import pytest

from diascope.configuration import load, recipe
from diascope.curation.prepare import prepare
from diascope.generation.answering import Asking
from diascope.generation.predict import Asked, predict
from diascope.scoring.score import score
from diascope.training.config import TrainConfig
from diascope.training.loop import metrics, train

DATA = Path(os.environ.get("DIASCOPE_DATA", "")) / "flare_mini"

pytestmark = [
    pytest.mark.real_data,
    pytest.mark.skipif(
        not os.environ.get("DIASCOPE_DATA") or not DATA.is_dir(),
        reason="DIASCOPE_DATA names no folder that holds flare_mini",
    ),
]


@pytest.fixture(scope="module")
def records(tmp_path_factory: pytest.TempPathFactory) -> Path:
    out = tmp_path_factory.mktemp("flare") / "data"
    prepare("flare", DATA, out)
    return out / "records.jsonl"


@pytest.fixture(scope="module")
def run(records: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    out = tmp_path_factory.mktemp("run") / "run"
    overrides = [
        f"data.records={str(records)!r}",
        "duration={steps=24}",
        "batch_size=8",
        "optim.warmup={steps=4}",
        "evaluation={every={steps=12},limit=24}",
    ]
    train(load(recipe("flare_mini"), overrides, TrainConfig), out)
    return out


def test_the_loss_falls(run: Path) -> None:
    losses = [line["loss"] for line in metrics(run)]
    assert sum(losses[-8:]) < 0.9 * sum(losses[:8])
    measured = [line["val_loss"] for line in metrics(run) if "val_loss" in line]
    assert measured[-1] < measured[0]


def test_every_constrained_reply_parses_and_is_scored(
    run: Path, records: Path, tmp_path: Path
) -> None:
    asked = Asked(split="val", limit=6)
    out = predict(run, records, tmp_path / "predictions", asked=asked, asking=Asking())
    card = score(out, resamples=50)
    assert {row.task for row in card.tasks} == {
        "classification", "multilabel", "detection", "instance_detection", "counting", "regression",
    }  # fmt: skip
    for row in card.tasks:
        assert row.counts.n == 6
        assert row.counts.invalid == 0
