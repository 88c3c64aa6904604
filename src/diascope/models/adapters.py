"""Adapters: low-rank updates in a folder of peft's, put on the base that they were learnt on."""

import warnings
from dataclasses import replace
from pathlib import Path
from typing import Any

import torch
from peft import PeftModel
from safetensors import SafetensorError

from diascope.errors import InputError
from diascope.models import family
from diascope.models.composition import Composition, Source
from diascope.models.folder import read_json
from diascope.models.modelcard import ADAPTER, Card, family_of, read_card
from diascope.models.transformer import Transformer

CONFIG, WEIGHTS = ADAPTER, "adapter_model.safetensors"


def open_adapter(folder: Path, dtype: torch.dtype) -> Transformer:
    """The base with the updates added to its weights.

    An adapter of another program's making says its base alone; the family is then that of the base.
    InputError where the base is not where it was, or the updates do not fit it.
    """
    card = read_card(folder)
    if card is not None and card.plan is not None:
        return _composed(card, card.plan, folder, dtype)
    base = _base(folder, card)
    made: Any = family(card.family if card else family_of(base)).load(base, dtype)
    network = add_updates(made.network, folder)
    told = {"dialect": card.dialect, "chat": card.chat} if card else {}
    kept = {key: each for key, each in told.items() if each}
    opened: Transformer = replace(made, network=network, **kept)
    return opened


def add_updates(network: Any, folder: Path) -> Any:
    """A network with the updates of a folder merged into it; InputError where they do not fit."""
    kind = read_json(folder / CONFIG).get("peft_type")
    if kind != "LORA" or not (folder / WEIGHTS).is_file():
        raise InputError(f"{folder}: a {kind} adapter; only LoRA in {WEIGHTS} is read")
    try:
        with warnings.catch_warnings():
            # peft asks transformers by a name that this version calls deprecated
            warnings.filterwarnings("ignore", "`is_gradient_checkpointing`", FutureWarning)
            updated = PeftModel.from_pretrained(network, str(folder))
    except (RuntimeError, ValueError, KeyError, SafetensorError) as error:
        why = str(error).strip().split("\n", 1)[0]
        raise InputError(f"{folder}: its updates do not fit the base: {why}") from None
    return updated.merge_and_unload(safe_merge=True)


def _composed(card: Card, plan: Composition, folder: Path, dtype: torch.dtype) -> Transformer:
    """With the parts that moved in full in place of those that the plan names."""
    from diascope.models.composed import compose, read_projector

    whole = {
        part: Source(path=str(folder / part))
        for part in ("vision", "language")
        if (folder / part).is_dir() and not (folder / part / CONFIG).is_file()
    }
    made = compose(plan.model_copy(update=whole), dtype)
    for part, network in made.networks.items():
        if (folder / part / CONFIG).is_file():
            made.put(part, add_updates(network, folder / part))
    read_projector(made.network.projector, folder)
    return replace(made, dialect=card.dialect or made.dialect, chat=card.chat or made.chat)


def _base(folder: Path, card: Card | None) -> Path:
    named = card.base if card else read_json(folder / CONFIG).get("base_model_name_or_path")
    if not named or not Path(named).is_dir():
        where = "diascope.json and adapter_config.json" if card else CONFIG
        raise InputError(
            f"{folder}: its base {named!r} is no folder here; write where it lies into {where}"
        )
    return Path(named)
