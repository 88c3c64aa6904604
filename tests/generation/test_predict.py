import json
import shutil
from pathlib import Path

import pytest

from diascope.errors import InputError
from diascope.generation.answering import Asking
from diascope.generation.predict import Asked, predict
from diascope.imaging.handover import UNKNOWN
from diascope.imaging.profile import render_profile
from diascope.models.modelcard import write_profile
from diascope.models.tiny import ASSETS
from diascope.predictionfile import PREDICTIONS, PredictionFile, Sampling

HOT = Asking(sampling=Sampling(temperature=1.5), seed=3, batch_size=4)
SOME = Asked(split=None, tasks=("vqa", "multilabel"), limit=6)


def replies(folder: Path) -> dict[str, str]:
    return {each.id: each.text for each in PredictionFile.open(folder).predictions}


def test_an_interrupted_prediction_goes_on_to_the_same_replies(
    phantom: Path, tmp_path: Path
) -> None:
    """Hot sampling as well: the stream of a reply is the case's own."""
    whole, torn = tmp_path / "whole", tmp_path / "torn"
    for folder in (whole, torn):
        predict("tiny", phantom, folder, asked=SOME, asking=HOT)
    lines = (torn / PREDICTIONS).read_bytes().splitlines(keepends=True)
    (torn / PREDICTIONS).write_bytes(b"".join(lines[:5]) + lines[5][:20])
    asked: list[int] = []
    predict(
        "tiny", phantom, torn, asked=SOME, asking=HOT, resume=True,
        progress=lambda done, total: asked.append(done),
    )  # fmt: skip
    assert asked == list(range(6, len(lines) + 1))
    assert replies(torn) == replies(whole)
    assert (torn / PREDICTIONS).read_bytes().startswith(b"".join(lines[:5]))


def test_predictions_are_not_overwritten_nor_mixed(phantom: Path, tmp_path: Path) -> None:
    few = SOME._replace(tasks=("vqa",), limit=2)
    predict("tiny", phantom, tmp_path / "out", asked=few)
    with pytest.raises(InputError, match="never overwritten"):
        predict("tiny", phantom, tmp_path / "out", asked=few)
    with pytest.raises(InputError, match="another limit"):
        predict("tiny", phantom, tmp_path / "out", asked=few._replace(limit=3), resume=True)


FEW = Asked(split=None, tasks=("vqa",), limit=1)
OTHER = "0123456789abcdef"


@pytest.fixture
def prepared(phantom: Path, tmp_path: Path) -> Path:
    """Records with the card of a preparation."""
    shutil.copytree(phantom.parent, tmp_path / "data")
    card = {"render_profile": render_profile()}
    (tmp_path / "data" / "card.json").write_text(json.dumps(card))
    return tmp_path / "data" / "records.jsonl"


@pytest.fixture
def trained(tmp_path: Path) -> Path:
    """A model folder that says under which profile it learnt."""
    shutil.copytree(ASSETS, tmp_path / "weights")
    write_profile(tmp_path / "weights", render_profile())
    return tmp_path / "weights"


def test_profiles_that_nobody_knows_are_recorded_as_such(phantom: Path, tmp_path: Path) -> None:
    predict("tiny", phantom, tmp_path / "out", asked=FEW)
    made = PredictionFile.open(tmp_path / "out").provenance
    assert made.render_profile == render_profile()
    assert (made.records_profile, made.model_profile) == (UNKNOWN, UNKNOWN)


def test_profiles_travel_from_records_and_model(
    prepared: Path, trained: Path, tmp_path: Path
) -> None:
    predict(trained, prepared, tmp_path / "out", asked=FEW)
    made = PredictionFile.open(tmp_path / "out").provenance
    assert {made.records_profile, made.model_profile} == {render_profile()}


def test_records_of_other_pixels_are_refused(prepared: Path, tmp_path: Path) -> None:
    (prepared.parent / "card.json").write_text(json.dumps({"render_profile": OTHER}))
    with pytest.raises(InputError, match=f"prepared under render profile {OTHER}.*prepare the"):
        predict("tiny", prepared, tmp_path / "out", asked=FEW)
    assert not (tmp_path / "out").exists()


def test_a_model_of_other_pixels_is_refused(phantom: Path, trained: Path, tmp_path: Path) -> None:
    write_profile(trained, OTHER)
    with pytest.raises(InputError, match=f"trained under render profile {OTHER}.*or train again"):
        predict(trained, phantom, tmp_path / "out", asked=FEW)
    assert not (tmp_path / "out").exists()


def test_a_run_tells_for_a_model_that_does_not(phantom: Path, tmp_path: Path) -> None:
    run = tmp_path / "run"
    shutil.copytree(ASSETS, run / "model")
    (run / "run.json").write_text(json.dumps({"render_profile": OTHER}))
    for model in (run, run / "model"):
        with pytest.raises(InputError, match="trained under render profile"):
            predict(model, phantom, tmp_path / "out", asked=FEW)
