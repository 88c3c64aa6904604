"""Local model folders: nothing is fetched, and no code or pickle of a folder is run."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any, cast

import torch
from transformers import AutoConfig, AutoTokenizer, PreTrainedModel, PreTrainedTokenizerFast

from diascope.errors import InputError


def load_network(
    folder: Path | None,
    family: str,
    networks: Sequence[type[PreTrainedModel]],
    dtype: torch.dtype,
) -> Any:
    """The weights of a folder of one of the family's model types; InputError for any other."""
    if folder is None:
        raise InputError(f"family {family!r} ships no weights: set model.path to a local folder")
    if not (folder / "config.json").is_file():
        raise InputError(f"{folder} is no model folder: it has no config.json")
    config = AutoConfig.from_pretrained(folder, local_files_only=True, trust_remote_code=False)
    types = {getattr(each.config_class, "model_type", None): each for each in networks}
    if config.model_type not in types:
        told = " or ".join(map(repr, types))
        raise InputError(f"{folder} holds a {config.model_type!r} model, not a {told} one")
    return types[config.model_type].from_pretrained(
        folder, dtype=dtype, local_files_only=True, use_safetensors=True
    )


def load_tokenizer(folder: Path | None, **options: Any) -> PreTrainedTokenizerFast:
    """The tokenizer beside the weights."""
    words = AutoTokenizer.from_pretrained(
        folder, local_files_only=True, trust_remote_code=False, **options
    )
    return cast("PreTrainedTokenizerFast", words)
