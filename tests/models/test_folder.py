"""A model folder is hostile until it is read: one clear error for each thing that may be wrong."""

import json
from pathlib import Path
from typing import Any

import pytest
import torch
from safetensors.torch import load_file, save_file
from transformers import AutoImageProcessor, AutoModelForImageTextToText, AutoTokenizer

from diascope.errors import InputError
from diascope.generation.predict import open_model
from diascope.models import family
from diascope.models.composed import Composed
from diascope.models.gemma3 import Gemma3
from diascope.models.modelcard import CARD, family_of, read_card
from diascope.models.qwen_vl import QwenVL
from diascope.models.transformer import Transformer


@pytest.fixture
def folder(gemma_3: Gemma3, tmp_path: Path) -> Path:
    gemma_3.save(tmp_path / "model")
    return tmp_path / "model"


def rewritten(path: Path, **fields: Any) -> None:
    told = json.loads(path.read_text())
    path.write_text(json.dumps(told | fields))


def refused(folder: Path, why: str) -> None:
    with pytest.raises(InputError, match=why) as told:
        open_model(folder)
    assert "\n" not in str(told.value)


def test_what_is_saved_is_read_by_transformers_alone(
    any_model: Transformer, tmp_path: Path
) -> None:
    if isinstance(any_model, Composed):
        pytest.skip("its parts are read one by one, in test_adapter")
    any_model.save(tmp_path / "model")
    read = AutoModelForImageTextToText.from_pretrained(tmp_path / "model")
    for name, weight in read.named_parameters():
        assert torch.equal(weight, any_model.network.get_parameter(name)), name
    words = AutoTokenizer.from_pretrained(tmp_path / "model")
    assert words("the heart", add_special_tokens=False).input_ids == any_model.encode("the heart")
    eyes = AutoImageProcessor.from_pretrained(tmp_path / "model")
    assert list(eyes.image_mean) == list(any_model.image_processor().image_mean)


def test_an_architecture_finds_its_family(qwen_3: QwenVL, folder: Path, tmp_path: Path) -> None:
    """Folders as they are published have no card of ours."""
    qwen_3.save(tmp_path / "qwen")
    for place, name in ((folder, "gemma3"), (tmp_path / "qwen", "qwen_vl")):
        (place / CARD).unlink()
        assert family_of(place) == name
        assert open_model(place).dialect.box_key in ("box_2d", "bbox_2d")
    rewritten(folder / "config.json", model_type="bert")
    refused(folder, "holds a 'bert' model")


def test_a_folder_that_needs_code_of_its_own_is_refused(folder: Path) -> None:
    (folder / CARD).unlink()
    code = {"AutoConfig": "configuration.Mine", "AutoModel": "modeling.Mine"}
    (folder / "configuration.py").write_text("raise SystemExit('run')")
    rewritten(folder / "config.json", model_type="mine", auto_map=code)
    refused(folder, "no code of a model folder is run")
    with pytest.raises(InputError, match="no code of a model folder is run"):
        family("gemma3").load(folder, torch.float32)


def test_code_beside_a_known_architecture_is_never_run(folder: Path) -> None:
    rewritten(folder / "config.json", auto_map={"AutoConfig": "configuration.Mine"})
    (folder / "configuration.py").write_text("raise SystemExit('run')")
    assert isinstance(open_model(folder), Gemma3)


def test_an_unknown_architecture_is_met_with_the_nearest(folder: Path) -> None:
    rewritten(folder / "config.json", model_type="gema3")
    refused(folder, "knows no model_type 'gema3', did you mean 'gemma3'")


def test_damaged_files_are_named(folder: Path) -> None:
    (folder / "config.json").write_text("{")
    refused(folder, r"config\.json: damaged")
    (folder / CARD).write_text("[]")
    refused(folder, r"diascope\.json: damaged")


def test_a_pickle_is_never_opened(folder: Path) -> None:
    (folder / "model.safetensors").unlink()
    (folder / "pytorch_model.bin").write_bytes(b"\x80\x04cposix\nsystem\n(S'touch ran'\ntR.")
    refused(folder, "its weights cannot be read")
    assert not Path("ran").exists()


def test_half_a_file_of_weights_is_refused(folder: Path) -> None:
    path = folder / "model.safetensors"
    path.write_bytes(path.read_bytes()[:-1000])
    refused(folder, "its weights cannot be read")


def test_lacking_weights_are_not_made_up(folder: Path) -> None:
    tensors = load_file(folder / "model.safetensors")
    gone = next(name for name in tensors if "q_proj" in name)
    save_file({n: t for n, t in tensors.items() if n != gone}, folder / "model.safetensors")
    refused(folder, "1 tensors that its config.json asks for are not among its weights")


def test_weights_of_other_shapes_are_refused(folder: Path) -> None:
    told = json.loads((folder / "config.json").read_text())
    told["text_config"]["intermediate_size"] *= 2
    (folder / "config.json").write_text(json.dumps(told))
    refused(folder, "its weights cannot be read")


def test_words_of_another_model_are_refused(
    gemma_3: Gemma3, qwen_2_5: QwenVL, folder: Path
) -> None:
    qwen_2_5.tokenizer.save_pretrained(folder)
    refused(folder, "they do not belong together|has no token")
    gemma_3.tokenizer.save_pretrained(folder)
    rewritten(folder / "config.json", image_token_index=7, image_token_id=7)
    refused(folder, "<image_soft_token> is .* they do not belong together")
    for path in folder.glob("token*"):
        path.unlink()
    refused(folder, "holds no tokenizer")


def test_another_canvas_than_it_learnt_on_is_refused(folder: Path) -> None:
    card = read_card(folder)
    assert card is not None and card.frame is not None
    assert card.frame.size == (128, 128) and card.frame.fit == "pad"
    rewritten(folder / CARD, frame={"size": [224, 224], "fit": "pad"})
    refused(folder, "it learnt on a canvas of 224 x 224 pixels, its configuration gives 128 x 128")
