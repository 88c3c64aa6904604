"""Local model folders: nothing is fetched, and no code or pickle of a folder is run."""

from pathlib import Path
from typing import Any, cast

import torch
from transformers import AutoConfig, AutoTokenizer, PreTrainedModel, PreTrainedTokenizerFast

from diascope.errors import InputError


def load_network(
    folder: Path | None, family: str, network: type[PreTrainedModel], dtype: torch.dtype
) -> Any:
    """The weights of a folder of the family's model type; InputError for any other folder."""
    if folder is None:
        raise InputError(f"family {family!r} ships no weights: set model.path to a local folder")
    if not (folder / "config.json").is_file():
        raise InputError(f"{folder} is no model folder: it has no config.json")
    config = AutoConfig.from_pretrained(folder, local_files_only=True, trust_remote_code=False)
    expected = getattr(network.config_class, "model_type", None)
    if config.model_type != expected:
        raise InputError(f"{folder} holds a {config.model_type!r} model, not a {expected!r} one")
    return network.from_pretrained(folder, dtype=dtype, local_files_only=True, use_safetensors=True)


def load_tokenizer(folder: Path | None, **options: Any) -> PreTrainedTokenizerFast:
    """The tokenizer beside the weights."""
    words = AutoTokenizer.from_pretrained(
        folder, local_files_only=True, trust_remote_code=False, **options
    )
    return cast("PreTrainedTokenizerFast", words)
