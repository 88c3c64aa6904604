"""Any local PaliGemma folder goes the way that tiny goes."""

import json
from pathlib import Path

import pytest
import torch

from diascope.errors import InputError
from diascope.generation.answering import answer_cases
from diascope.generation.predict import Asked, open_model, predict
from diascope.imaging.store import CanvasStore
from diascope.models import all_families, family
from diascope.models.paligemma import PaliGemma
from diascope.models.tiny import from_scratch
from diascope.predictionfile import PredictionFile
from diascope.recordfile import RecordFile


@pytest.fixture(scope="module")
def folder(paligemma_2: PaliGemma, tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("paligemma2")
    paligemma_2.save(folder)
    return folder


def test_what_is_saved_is_loaded_and_answers_alike(
    paligemma_2: PaliGemma, folder: Path, phantom: Path
) -> None:
    loaded = family("paligemma").load(folder, torch.float32)
    records = RecordFile(phantom)
    cases = [
        case for name in ("grounding", "vqa", "report") for case in records.cases(task=name)[:3]
    ]
    replies = [
        answer_cases(model, cases, CanvasStore(records.root, model.canvas_map))
        for model in (paligemma_2, loaded)
    ]
    assert [reply.text for reply in replies[0]] == [reply.text for reply in replies[1]]
    assert {reply.outcome.kind for reply in replies[1]} == {"parsed"}


def test_a_folder_as_transformers_writes_it_is_recognised(
    folder: Path, phantom: Path, tmp_path: Path
) -> None:
    """Without our own file beside the weights, the model type says which family it is."""
    plain = tmp_path / "plain"
    plain.mkdir()
    for path in folder.iterdir():
        if path.name != "diascope.json":
            (plain / path.name).symlink_to(path)
    out = predict(plain, phantom, tmp_path / "out", asked=Asked("train", ("counting",), 3))
    assert len(PredictionFile.open(out).predictions) == 3


def test_weights_come_in_the_type_that_is_asked_for(folder: Path) -> None:
    loaded = family("paligemma").load(folder, torch.bfloat16)
    assert {weight.dtype for weight in loaded.network.parameters()} == {torch.bfloat16}


def test_what_is_no_paligemma_is_refused(tmp_path: Path) -> None:
    with pytest.raises(InputError, match=r"set model\.path"):
        family("paligemma").load(None, torch.float32)
    with pytest.raises(InputError, match=r"no config\.json"):
        family("paligemma").load(tmp_path, torch.float32)
    (tmp_path / "config.json").write_text(json.dumps({"model_type": "bert"}))
    with pytest.raises(InputError, match="'bert'"):
        family("paligemma").load(tmp_path, torch.float32)


def test_a_wrong_name_is_met_with_the_nearest() -> None:
    assert set(all_families()) == {"paligemma", "tiny"}
    with pytest.raises(InputError, match="did you mean 'paligemma'"):
        family("paligema")
    with pytest.raises(InputError, match="no model at nowhere"):
        open_model("nowhere")


def test_a_scratch_tiny_is_a_function_of_its_seed() -> None:
    one, same, other = (from_scratch(seed).network for seed in (1, 1, 2))
    assert all(torch.equal(a, b) for a, b in zip(one.parameters(), same.parameters(), strict=True))
    assert not torch.equal(one.lm_head.weight, other.lm_head.weight)
    assert 3e6 < sum(weight.numel() for weight in one.parameters()) < 6e6
