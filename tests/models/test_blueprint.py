"""Models without weights have the sizes that their makers publish."""

from collections import Counter

import pytest
import torch

from diascope.errors import InputError
from diascope.models.blueprint import blueprint, composed_blueprint, lacking
from diascope.models.composed import compose
from diascope.models.composition import Composition, ProjectorConfig, Source
from diascope.models.published import PUBLISHED
from diascope.models.transformer import Transformer


def counts(model: Transformer) -> Counter[str]:
    found: Counter[str] = Counter()
    for name, weight in model.network.named_parameters():
        found[model.part(name)] += weight.numel()
    return found


@pytest.mark.parametrize(
    ("family", "name", "billions"),
    [
        ("paligemma", "paligemma-3b-pt-224", 2.92),
        ("paligemma", "paligemma2-3b-pt-224", 3.03),
        ("paligemma", "paligemma2-10b-pt-224", 9.66),
        ("gemma3", "medgemma-4b-it", 4.30),
    ],
)
def test_a_published_model_has_its_published_size(family: str, name: str, billions: float) -> None:
    model = blueprint(family, f"models/{name}", torch.bfloat16)
    assert counts(model).total() / 1e9 == pytest.approx(billions, abs=0.005)
    assert {weight.device.type for weight in model.network.parameters()} == {"meta"}
    assert {weight.dtype for weight in model.network.parameters()} == {torch.bfloat16}
    assert torch.get_default_dtype() == torch.float32


def test_m4cxr_is_put_together_without_its_parts() -> None:
    plan = Composition(
        vision=Source(path="models/rad-dino"),
        language=Source(path="models/Mistral-7B-Instruct-v0.2"),
        projector=ProjectorConfig(kind="c_abstractor", tokens=361),
        chat="mistral",
    )
    model = composed_blueprint(plan, torch.bfloat16)
    found = counts(model)
    assert found["vision"] == pytest.approx(86.6e6, rel=0.001)
    assert found["language"] + found["embeddings"] == 7_241_732_096
    assert model.network.projector.num_tokens == 361
    assert model.canvas == (518, 518)


def test_a_blueprint_of_what_ships_has_the_sizes_of_what_ships() -> None:
    plan = Composition(vision=Source(path="tiny"), language=Source(path="tiny"))
    assert counts(composed_blueprint(plan, torch.float32)) == counts(compose(plan, torch.float32))


def test_a_folder_tells_its_own_size(gemma_3: Transformer, tmp_path) -> None:
    gemma_3.save(tmp_path)
    drawn = blueprint("gemma3", str(tmp_path), torch.float32)
    assert counts(drawn) == counts(gemma_3)
    assert len(drawn.tokenizer) == len(gemma_3.tokenizer)
    assert not lacking(str(tmp_path))
    assert lacking(str(tmp_path / "gone"))
    assert not lacking("tiny")


def test_an_unknown_name_says_which_is_near() -> None:
    with pytest.raises(InputError, match=r"did you mean 'medgemma-4b-it'\?"):
        blueprint("gemma3", "models/medgema-4b-it", torch.float32)
    with pytest.raises(InputError, match="by its weights alone"):
        blueprint("tiny", None, torch.float32)
    assert "rad-dino" in PUBLISHED
