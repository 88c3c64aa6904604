"""What a run of low-rank updates has learnt, apart from the weights that it began with.

RUN/adapter is a folder of peft's: adapter_config.json names the base and the layers, the parts that
moved in full lie among the tensors (`modules_to_save`), and `PeftModel.from_pretrained` reads it
without diascope. Of a composed model each part has a folder of its own: peft's where it has
updates, transformers' where it moved in full, none where it did not move.
"""

from collections import Counter
from collections.abc import Collection, Iterator, Mapping, Set
from pathlib import Path
from typing import Any, NamedTuple, cast

from peft import LoraConfig
from peft.tuners.lora import LoraLayer
from safetensors.torch import save_file
from torch import Tensor, nn

from diascope.errors import InputError
from diascope.models.adapters import WEIGHTS
from diascope.models.family import VisionLanguageModel
from diascope.models.modelcard import write_card
from diascope.models.number_head import kept_apart
from diascope.training import heads
from diascope.training.moving import Movement

CONTAINERS = (nn.ModuleList, nn.ModuleDict, nn.Sequential)
"""What peft cannot replace as a whole."""


class Update(NamedTuple):
    """The low-rank update of one layer."""

    rank: int
    alpha: float
    tensors: Mapping[str, Tensor]
    """By peft's names in a file, without the layer's."""


def has_adapter(movement: Movement) -> bool:
    """Whether what has moved can be told apart from the base.

    It cannot where nothing has an update, where a layer has two or its own weights have moved too,
    and where the base was made of random numbers: that lies nowhere.
    """
    model, moved = movement.model, movement.moved(movement.plan[-1])
    updated = {name for name, _ in updates(model.network)}
    under = any(name.rpartition(".base_layer.")[0] in updated for name in moved)
    lies = all(
        model.bases[name] for name, network in model.networks.items() if any(updates(network))
    )
    twice = any(isinstance(m, LoraLayer) and len(m.lora_A) > 1 for m in model.network.modules())
    return bool(updated) and not under and not twice and lies


def save_adapter(movement: Movement, folder: Path) -> None:
    """Write it; the model must still have its updates."""
    model = movement.model
    moved = movement.moved(movement.plan[-1])
    heads.drop(model.network)
    folder.mkdir(parents=True, exist_ok=True)
    with kept_apart(model, folder):
        for name, network in model.networks.items():
            prefix = _prefix(model, network)
            within = {each.removeprefix(prefix) for each in moved if each.startswith(prefix)}
            if any(updates(network)):
                write_updates(network, within, model.bases[name], folder / name)
            elif within:
                model.save_part(name, folder / name)
        model.save_between(folder)
    write_card(folder, model.card.model_copy(update=_told(model)))


def write_updates(network: Any, moved: Set[str], base: str, folder: Path) -> None:
    """A network's updates and the modules that moved in full, as peft keeps them."""
    found = dict(updates(network))
    saved = wholes(network, {name for name in moved if ".lora_" not in name})
    tensors = {
        f"{layer}.{name}": value
        for layer, update in found.items()
        for name, value in update.tensors.items()
    }
    for name in saved:
        state = network.get_submodule(name).state_dict(prefix=f"{name}.")
        tensors |= {key: value.clone() for key, value in state.items()}
    folder.mkdir(parents=True, exist_ok=True)
    told = configuration(network, found, saved)
    told.base_model_name_or_path = base
    told.save_pretrained(str(folder))
    named = {f"base_model.model.{name}": value.contiguous() for name, value in tensors.items()}
    save_file(named, folder / WEIGHTS, metadata={"format": "pt"})


def configuration(network: Any, found: Mapping[str, Update], saved: list[str]) -> LoraConfig:
    """What adapter_config.json says: the commonest rank and alpha, and the layers that differ."""
    (rank, alpha), _ = Counter((each.rank, each.alpha) for each in found.values()).most_common(1)[0]
    layers = [network.get_submodule(name) for name in found]
    kinds = {any(layer.use_dora.values()) for layer in layers}
    if len(kinds) > 1:
        raise InputError("train: DoRA and LoRA in one network cannot be one adapter; choose one")
    owner = type(network)
    return LoraConfig(
        r=rank,
        lora_alpha=cast("int", alpha),
        use_dora=kinds.pop(),
        target_modules=list(found),
        modules_to_save=saved or None,
        ensure_weight_tying=_ties(network, saved),
        rank_pattern={name: each.rank for name, each in found.items() if each.rank != rank},
        alpha_pattern={name: each.alpha for name, each in found.items() if each.alpha != alpha},
        fan_in_fan_out=all(layer.fan_in_fan_out for layer in layers),
        auto_mapping={"base_model_class": owner.__name__, "parent_library": owner.__module__},
        inference_mode=True,
    )


def updates(network: Any) -> Iterator[tuple[str, Update]]:
    """The low-rank updates of a network, by the name of the layer."""
    for name, module in network.named_modules():
        if isinstance(module, LoraLayer):
            adapter = next(iter(module.lora_A))
            own = {
                key.replace(f".{adapter}.weight", _ending(key)): value.detach()
                for key, value in cast("nn.Module", module).state_dict().items()
                if f".{adapter}." in key
            }
            yield name, Update(module.r[adapter], module.lora_alpha[adapter], own)


def wholes(network: nn.Module, moved: Set[str]) -> list[str]:
    """Names of the largest modules all of whose weights are among `moved`; they hold all of it.

    A weight that two modules share (a tied head) moves in both.
    """
    by_id = {id(weight): key for key, weight in network.named_parameters()}
    return list(_wholes(network, {i for i, key in by_id.items() if key in moved}, ""))


def _wholes(module: nn.Module, moved: Set[int], name: str) -> Iterator[str]:
    own = {id(weight) for weight in module.parameters()}
    if own and own <= moved and name and not isinstance(module, CONTAINERS):
        yield name
    elif own & moved:
        for last, child in module.named_children():
            yield from _wholes(child, moved, f"{name}.{last}" if name else last)


def _ties(network: Any, saved: Collection[str]) -> bool:
    """Whether the words that moved are those that are written with, too."""
    table, head = network.get_input_embeddings(), network.get_output_embeddings()
    named = [network.get_submodule(name) for name in saved]
    return head is not None and head.weight is table.weight and any(each is table for each in named)


def _ending(key: str) -> str:
    """peft keeps a magnitude without the name of the layer that it has become since."""
    return "" if "lora_magnitude_vector" in key else ".weight"


def _prefix(model: VisionLanguageModel, network: Any) -> str:
    """How the names of a part's weights begin in the whole."""
    named = model.network.named_modules()
    name = next(name for name, module in named if module is network)
    return f"{name}." if name else ""


def _told(model: VisionLanguageModel) -> dict[str, Any]:
    """What the card of an adapter says beside what that of the model says."""
    return {"adapter": True, "base": model.bases.get("")}
