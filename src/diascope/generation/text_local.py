"""A causal language model from a folder of transformers' layout, on this machine.

The folder holds config.json, safetensors and a tokenizer; its chat template is used where it has
one. Weights in any other form, and models that bring code of their own, are refused. Of the
folder's generation settings only the tokens that end a text are used.
"""

import hashlib
import zlib
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any, Self

import numpy as np
import torch
from torch import Tensor
from transformers import (
    AutoModelForCausalLM,
    AutoTokenizer,
    GenerationConfig,
    LogitsProcessor,
    LogitsProcessorList,
)

from diascope.curation.converse import Prompt, Reply
from diascope.errors import InputError
from diascope.generation.sampling import choose
from diascope.models.devices import has_bfloat16
from diascope.predictionfile import Sampling

_DECIDING = ("*.safetensors", "config.json", "tokenizer*", "chat_template*")
"""Files of a folder that decide what it writes."""


@dataclass(frozen=True)
class LocalTextEngine:
    """Writes with a loaded model, all prompts of a call side by side."""

    network: Any
    tokenizer: Any
    model: str
    """The folder's name, and sixteen hex digits over its files."""

    @classmethod
    def open(cls, folder: Path) -> Self:
        """Load a folder; InputError where it holds no causal language model in safetensors."""
        if not any(folder.glob("*.safetensors")):
            raise InputError(f"{folder} has no .safetensors file; no other form of weights is read")
        try:
            tokenizer = AutoTokenizer.from_pretrained(
                folder, local_files_only=True, trust_remote_code=False
            )
            network: Any = AutoModelForCausalLM.from_pretrained(
                folder,
                local_files_only=True,
                trust_remote_code=False,
                use_safetensors=True,
                dtype="auto" if torch.cuda.is_available() or has_bfloat16() else torch.float32,
            )
        except (ValueError, OSError, KeyError) as error:
            raise InputError(
                f"{folder}: no causal language model that transformers reads without the model's "
                f"own code ({type(error).__name__}); name the folder that has its config.json, "
                "tokenizer and safetensors"
            ) from None
        device = torch.device("cuda" if torch.cuda.is_available() else "cpu")
        made = cls(network.to(device).eval(), tokenizer, f"{folder.name} {_digest(folder)}")
        network.generation_config = made._settings(network.generation_config)
        return made

    def admit(self, restricted: Iterable[bool]) -> None:
        """Nothing leaves this machine, so every record may be put to it."""

    def write(self, prompts: Sequence[Prompt], sampling: Sampling, seed: int) -> Iterator[Reply]:
        """One reply a prompt, in order; one too long for the model is answered by nothing.

        What is drawn for a prompt hangs on the prompt and the seed alone, not on its neighbours.
        """
        rows = [_Row(self._ids(each.text), each, seed) for each in prompts]
        longest = max((row.prompt.budget for row in rows), default=0)
        spacious = [row for row in rows if len(row.ids) + longest <= self._context]
        crowded = [[row] for row in rows if row not in spacious and len(row.ids) < self._context]
        for together in filter(None, (spacious, *crowded)):
            self._generate(together, sampling)
        yield from (self._reply(row) for row in rows)

    @cached_property
    def _context(self) -> int:
        """Tokens that the model can hold."""
        text = self.network.config.get_text_config()
        return int(getattr(text, "max_position_embeddings", None) or 1 << 20)

    @cached_property
    def _ends(self) -> frozenset[int]:
        ends = self.network.generation_config.eos_token_id
        return frozenset(ends if isinstance(ends, list) else [ends])

    def _settings(self, own: GenerationConfig) -> GenerationConfig:
        ends = own.eos_token_id
        ends = self.tokenizer.eos_token_id if ends is None else ends
        if ends is None:
            raise InputError(f"{self.model}: neither its settings nor its tokenizer end a text")
        pad = self.tokenizer.pad_token_id
        first = ends[0] if isinstance(ends, list) else ends
        return GenerationConfig(  # type: ignore[no-untyped-call]
            eos_token_id=ends, pad_token_id=first if pad is None else pad
        )

    def _ids(self, text: str) -> list[int]:
        """A prompt in tokens; no special token comes of its words."""
        for token in self.tokenizer.added_tokens_decoder.values():
            if token.special and len(token.content) > 1:
                text = text.replace(token.content, f"{token.content[0]} {token.content[1:]}")
        if not self.tokenizer.chat_template:
            return list(self.tokenizer(text)["input_ids"])
        asked = [{"role": "user", "content": text}]
        encoded = self.tokenizer.apply_chat_template(
            asked, add_generation_prompt=True, return_dict=True, enable_thinking=False
        )
        return list(encoded["input_ids"])

    @torch.inference_mode()
    def _generate(self, rows: "Sequence[_Row]", sampling: Sampling) -> None:
        width = max(len(row.ids) for row in rows)
        room = min(self._context - width, max(row.prompt.budget for row in rows))
        pad = self.network.generation_config.pad_token_id
        ids = torch.tensor([[pad] * (width - len(row.ids)) + row.ids for row in rows])
        mask = torch.tensor([[0] * (width - len(row.ids)) + [1] * len(row.ids) for row in rows])
        written = self.network.generate(
            input_ids=ids.to(self.network.device),
            attention_mask=mask.to(self.network.device),
            max_new_tokens=room,
            do_sample=False,
            logits_processor=LogitsProcessorList([_Drawn(rows, sampling)]),
        )
        for row, tokens in zip(rows, written[:, width:].tolist(), strict=True):
            row.written = tokens[: row.prompt.budget]

    def _reply(self, row: "_Row") -> Reply:
        end = next((at for at, token in enumerate(row.written) if token in self._ends), None)
        tokens = row.written[:end]
        text = self.tokenizer.decode(
            tokens, skip_special_tokens=True, clean_up_tokenization_spaces=False
        )
        return Reply(text, end is not None)


class _Row:
    """One reply being written."""

    def __init__(self, ids: list[int], prompt: Prompt, seed: int) -> None:
        self.ids = ids
        self.prompt = prompt
        self.chance = np.random.default_rng([seed, zlib.crc32(prompt.text.encode())])
        self.written: list[int] = []


class _Drawn(LogitsProcessor):
    """Leaves one token a row, chosen by numbers of the row's own, for the search to take."""

    def __init__(self, rows: Sequence[_Row], sampling: Sampling) -> None:
        self._rows = rows
        self._sampling = sampling

    def __call__(self, input_ids: Tensor, scores: Tensor) -> Tensor:
        """Scores [rows, vocabulary] with everything but the chosen token at minus infinity."""
        draws = [row.chance.random() for row in self._rows]
        tokens, _ = choose(scores, self._sampling, draws)
        chosen = torch.tensor(tokens, device=scores.device)[:, None]
        return torch.full_like(scores, -torch.inf).scatter(1, chosen, 0.0)


def _digest(folder: Path) -> str:
    digest = hashlib.sha256()
    for path in sorted({path for pattern in _DECIDING for path in folder.glob(pattern)}):
        with path.open("rb") as file:
            digest.update(path.name.encode() + hashlib.file_digest(file, "sha256").digest())
    return digest.hexdigest()[:16]
