"""Chat templates: how pictures, what people say and what the model replies follow one another.

Special tokens are written as text, between which a tokenizer reads the rest; what people wrote was
kept from spelling one (see `words`). Pictures come in the first turn, before anything is said.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from types import MappingProxyType
from typing import NamedTuple

from diascope.batching import Span

Encode = Callable[[str], list[int]]


class Exchange(NamedTuple):
    """What a person said, and what the model replied."""

    said: str
    replied: str


class Prompt(NamedTuple):
    """A conversation up to where the model goes on, as tokens."""

    tokens: tuple[int, ...]
    images: tuple[Span, ...]
    """Where the tokens of each picture stand."""


@dataclass(frozen=True)
class Chat:
    """The text around what is said."""

    start: str
    """Before everything."""
    user: str
    """Before what a person says."""
    model: str
    """Between that and the reply."""
    closing: str
    """The token that ends a reply."""
    end: str
    """Between a reply, its closing token included, and the next turn of a person."""
    image: str = ""
    """Before a single picture."""
    images: str = ""
    """Before the first of several."""
    between: str = " "
    """Between two pictures."""
    after: str = "\n"
    """After the last."""

    def prompt(
        self,
        encode: Encode,
        images: Sequence[Sequence[int]],
        exchanges: Sequence[Exchange],
        said: str,
    ) -> Prompt:
        """The tokens before the next reply; `images` are those that stand for each picture."""
        tokens: list[int] = []
        spans = []
        text = self.start + self.user
        for number, image in enumerate(images):
            text += self.between if number else (self.image if len(images) == 1 else self.images)
            tokens += encode(text)
            spans.append(Span(len(tokens), len(tokens) + len(image)))
            tokens += image
            text = ""
        text = self.after if images else text
        for exchange in exchanges:
            text += exchange.said + self.model + exchange.replied + self.end + self.user
        return Prompt((*tokens, *encode(text + said + self.model)), tuple(spans))


GEMMA = Chat(
    start="<bos>",
    user="<start_of_turn>user\n",
    model="<end_of_turn>\n<start_of_turn>model\n",
    closing="<end_of_turn>",
    end="<end_of_turn>\n",
    image="\n\n<start_of_image>",
    images="\n\n<start_of_image>",
    between="<end_of_image>\n\n\n\n<start_of_image>",
    after="<end_of_image>\n\n",
)
"""Gemma 3 and MedGemma: transformers' processing_gemma3.py, and the templates in their folders."""

MISTRAL = Chat(
    start="<s>",
    user="[INST] ",
    model=" [/INST]",
    closing="</s>",
    end="</s>",
    image="radiology image: ",
    images="radiology images: ",
)
"""M4CXR (exp/cxr_llm/data_utils/templates.py) on Mistral-7B-Instruct-v0.2."""

LLAMA2 = Chat(
    start="",
    user="<s>[INST] ",
    model=" [/INST] ",
    closing="</s>",
    end=" </s>",
)
"""CXR-LLaVA on LLaMA-2-chat."""

CHATML = Chat(
    start="",
    user="<|im_start|>user\n",
    model="<|im_end|>\n<|im_start|>assistant\n",
    closing="<|im_end|>",
    end="<|im_end|>\n",
)
"""SmolLM2 and Qwen."""

PLAIN = Chat(start="", user="", model="\n", closing="</s>", end="</s>\n")
"""For language models that were never taught to chat."""

CHATS: Mapping[str, Chat] = MappingProxyType(
    {"mistral": MISTRAL, "llama2": LLAMA2, "chatml": CHATML, "plain": PLAIN, "gemma": GEMMA}
)
