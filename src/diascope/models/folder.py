"""Local model folders: nothing is fetched, and no code or pickle of a folder is run."""

import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import torch
from safetensors import SafetensorError
from transformers import (
    CONFIG_MAPPING,
    AutoConfig,
    AutoTokenizer,
    PreTrainedConfig,
    PreTrainedModel,
    PreTrainedTokenizerFast,
)

from diascope.errors import InputError, nearest

CONFIG = "config.json"
WORDS = ("tokenizer.json", "tokenizer.model", "vocab.json")


def load_network(
    folder: Path | None,
    family: str,
    networks: Sequence[type[PreTrainedModel]],
    dtype: torch.dtype,
) -> Any:
    """The weights of a folder of one of the family's model types; InputError for any other."""
    if folder is None:
        raise InputError(f"family {family!r} ships no weights: set model.path to a local folder")
    config = read_config(folder)
    types = {getattr(each.config_class, "model_type", None): each for each in networks}
    if config.model_type not in types:
        told = " or ".join(map(repr, types))
        raise InputError(f"{folder} holds a {config.model_type!r} model, not a {told} one")
    return read_weights(types[config.model_type], folder, dtype)


def read_config(folder: Path) -> PreTrainedConfig:
    """The configuration of a folder.

    InputError where there is none, where it needs code that comes with it, and where this
    version of transformers does not know its architecture.
    """
    path = folder / CONFIG
    if not path.is_file():
        raise InputError(f"{folder} is no model folder: it has no {CONFIG}")
    told = read_json(path)
    kind = told.get("model_type")
    if kind not in CONFIG_MAPPING and told.get("auto_map"):
        raise InputError(
            f"{folder}: its architecture is code that comes with the weights (auto_map in "
            f"{CONFIG}), and no code of a model folder is run; use weights of an architecture "
            "that transformers has"
        )
    if kind not in CONFIG_MAPPING:
        known = nearest(str(kind), CONFIG_MAPPING) if isinstance(kind, str) else ""
        raise InputError(f"{path}: this transformers knows no model_type {kind!r}{known}")
    config: PreTrainedConfig = AutoConfig.from_pretrained(
        folder, local_files_only=True, trust_remote_code=False
    )
    return config


def read_weights(
    loader: Any, folder: Path, dtype: torch.dtype, spare: Sequence[str] = (), **options: Any
) -> Any:
    """The network in a folder of safetensors, loaded by a class of transformers'.

    InputError for weights that are damaged, of other shapes than the configuration says, lie in a
    pickle alone, or lack a tensor: transformers would fill it with random numbers. Names with one
    of `spare` in them may be lacking.
    """
    try:
        network, told = loader.from_pretrained(
            folder,
            dtype=dtype,
            local_files_only=True,
            trust_remote_code=False,
            use_safetensors=True,
            output_loading_info=True,
            **options,
        )
    except (OSError, SafetensorError, RuntimeError) as error:
        raise InputError(f"{folder}: its weights cannot be read: {_first_line(error)}") from None
    lacking = sorted(
        name for name in told["missing_keys"] if not any(each in name for each in spare)
    )
    if lacking:
        raise InputError(
            f"{folder}: {len(lacking)} tensors that its {CONFIG} asks for are not among its "
            f"weights, the first: {lacking[0]}; fetch the folder again"
        )
    return network


def load_tokenizer(folder: Path | None, **options: Any) -> PreTrainedTokenizerFast:
    """The tokenizer beside the weights; InputError where there is none that can be used.

    Of a folder without its files transformers would make one that knows no words.
    """
    if folder is not None and not options and not any((folder / name).is_file() for name in WORDS):
        raise InputError(f"{folder} holds no tokenizer: it has none of {', '.join(WORDS)}")
    try:
        words = AutoTokenizer.from_pretrained(
            folder, local_files_only=True, trust_remote_code=False, **options
        )
    except (OSError, ValueError, TypeError) as error:
        raise InputError(
            f"{folder}: no tokenizer of it can be used: {_first_line(error)}"
        ) from None
    if not isinstance(words, PreTrainedTokenizerFast):
        raise InputError(f"{folder}: its tokenizer has no tokenizer.json, which decoding needs")
    return words


def read_json(path: Path) -> dict[str, Any]:
    """A JSON object; InputError for anything else."""
    try:
        told = json.loads(path.read_bytes())
    except ValueError:
        told = None
    if not isinstance(told, dict):
        raise InputError(f"{path}: damaged, it is no JSON object")
    return told


def _first_line(error: Exception) -> str:
    return str(error).strip().split("\n", 1)[0]
