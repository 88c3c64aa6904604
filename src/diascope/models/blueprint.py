"""A model as large as the real one and without its weights, to plan a run with.

Its network lies on the meta device: shapes and no storage. A folder that is there says itself how
it is built; one that is not is known by its name, where it is a published model's. Words are
counted with the folder's own tokenizer, or else with the one that ships with the package.
"""

from collections.abc import Callable, Mapping
from pathlib import Path
from types import MappingProxyType
from typing import Any

import torch
from transformers import (
    AutoConfig,
    Gemma3ForConditionalGeneration,
    PaliGemmaForConditionalGeneration,
    PreTrainedTokenizerFast,
)

from diascope.errors import InputError
from diascope.models import qwen_vl
from diascope.models.composed import compose
from diascope.models.composition import Composition, Source
from diascope.models.folder import load_tokenizer, read_config
from diascope.models.gemma3 import Gemma3
from diascope.models.paligemma import PaliGemma
from diascope.models.parts import shipped
from diascope.models.parts.encoder import LITE, LITE_TYPE
from diascope.models.published import published
from diascope.models.tiny import configuration, tokenizer
from diascope.models.transformer import Transformer

GEMMA_TOKENS = (
    "<start_of_turn>",
    "<end_of_turn>",
    "<start_of_image>",
    "<end_of_image>",
    "<image_soft_token>",
)

Build = Callable[[Any, PreTrainedTokenizerFast], Transformer]


def blueprint(family: str, path: str | None, dtype: torch.dtype) -> Transformer:
    """A model of a family; InputError where its architecture is not known here."""
    if family not in _BUILDS or path is None:
        raise InputError(f"of family {family!r} the size is known by its weights alone")
    folder = Path(path).expanduser()
    config, words = _config(folder), _words(folder)
    if words is None:
        words = _stand_in()
        # the tokens of pictures are numbered by whoever spells them
        spelt = "<image_soft_token>" if family == "gemma3" else "<image>"
        config.image_token_id = config.image_token_index = words.convert_tokens_to_ids(spelt)
    with torch.device("meta"), _in(dtype):
        return _BUILDS[family](config, words)


def composed_blueprint(plan: Composition, dtype: torch.dtype) -> Transformer:
    """A composed model; InputError where the architecture of a part is not known here."""
    told = {"vision": _vision(plan.vision), "language": _language(plan.language)}
    with torch.device("meta"), _in(dtype):
        return compose(plan.model_copy(update=told), dtype)


def lacking(path: str) -> bool:
    """Whether a path of a model is neither there nor that of a part that ships."""
    return path != shipped.NAME and not Path(path).expanduser().exists()


def _config(folder: Path) -> Any:
    if folder.exists():
        return read_config(folder)
    return AutoConfig.for_model(**published(str(folder)))


def _words(folder: Path) -> PreTrainedTokenizerFast | None:
    return load_tokenizer(folder) if (folder / "tokenizer.json").is_file() else None


def _stand_in() -> PreTrainedTokenizerFast:
    words = shipped.chatting_tokenizer()
    words.add_special_tokens({"additional_special_tokens": [*shipped.CHAT_TOKENS, *GEMMA_TOKENS]})
    return words


def _tiny_fields(part: str) -> dict[str, Any]:
    fields: dict[str, Any] = configuration(tokenizer()).to_dict()[part]
    return fields


def _vision(source: Source) -> Source:
    if source.scratch is not None or source.path is None:
        return source
    if source.path == shipped.NAME:
        return Source(scratch=_tiny_fields("vision_config"))
    folder = Path(source.path).expanduser()
    if (folder / LITE).is_file():
        return Source(scratch={"model_type": LITE_TYPE})
    return Source(scratch=_config(folder).to_dict())


def _language(source: Source) -> Source:
    if source.path is None:
        return source
    words = source.tokenizer or shipped.NAME
    if source.path == shipped.NAME:
        fields = _tiny_fields("text_config") | {"vocab_size": len(shipped.chatting_tokenizer())}
        return Source(scratch=fields, tokenizer=words)
    path = Path(source.path).expanduser()
    if path.suffix == ".gguf" and path.is_file():
        config = AutoConfig.from_pretrained(path.parent, gguf_file=path.name)
        return Source(scratch=config.to_dict(), tokenizer=words)
    own = str(path) if (path / "tokenizer.json").is_file() else words
    return Source(scratch=_config(path).to_dict(), tokenizer=source.tokenizer or own)


def _paligemma(config: Any, words: PreTrainedTokenizerFast) -> Transformer:
    return PaliGemma(PaliGemmaForConditionalGeneration(config), words)


def _gemma3(config: Any, words: PreTrainedTokenizerFast) -> Transformer:
    return Gemma3(Gemma3ForConditionalGeneration(config), words)


def _qwen_vl(config: Any, words: PreTrainedTokenizerFast) -> Transformer:
    kinds = {getattr(each.config_class, "model_type", None): each for each in qwen_vl.NETWORKS}
    if config.model_type not in kinds:
        raise InputError(f"a {config.model_type!r} model is none of family 'qwen_vl'")
    return qwen_vl.QwenVL(kinds[config.model_type](config), words)


_BUILDS: Mapping[str, Build] = MappingProxyType(
    {"paligemma": _paligemma, "gemma3": _gemma3, "qwen_vl": _qwen_vl}
)
FAMILIES = frozenset(_BUILDS)
"""Those whose size is known without their weights, besides composed models."""


class _in:
    """Numbers made inside are of this type."""

    def __init__(self, dtype: torch.dtype) -> None:
        self._dtype, self._before = dtype, torch.get_default_dtype()

    def __enter__(self) -> None:
        torch.set_default_dtype(self._dtype)

    def __exit__(self, *_: object) -> None:
        torch.set_default_dtype(self._before)
