"""What reads the texts that pictures are compared with: [texts, tokens] to [texts, width].

Both pool over the tokens that are there; `ids` are padded on the right, and `lengths` says how many
of each row count.
"""

from collections.abc import Callable

import torch
from torch import Tensor, nn

from diascope.models.transformer import Transformer
from diascope.training.lessonconfig import TextConfig

_HEAD = 64


def text_tower(model: Transformer, config: TextConfig, width: int) -> nn.Module:
    """The configured reader of texts in the model's own tokens."""
    if config.kind == "transformer":
        return TextEncoder(len(model.tokenizer), config, width)
    return BagOfWords(model.embed, model.width, width)


class BagOfWords(nn.Module):
    """The mean of the language model's embeddings, normalised, through a matrix.

    The embeddings stay the language model's: they move where a phase says so.
    """

    def __init__(self, embed: Callable[[Tensor], Tensor], words: int, width: int) -> None:
        super().__init__()
        self._embed = embed
        self.norm, self.out = nn.LayerNorm(words), nn.Linear(words, width, bias=False)

    def forward(self, ids: Tensor, lengths: Tensor) -> Tensor:
        """[texts, width]"""
        read: Tensor = self.out(self.norm(_mean(self._embed(ids).float(), lengths)))
        return read


class TextEncoder(nn.Module):
    """A transformer encoder over embeddings of its own, every token seeing every other."""

    def __init__(self, vocabulary: int, config: TextConfig, width: int) -> None:
        super().__init__()
        self.embed_words = nn.Embedding(vocabulary, config.width)
        self.embed_places = nn.Parameter(torch.zeros(config.tokens, config.width))
        for table in (self.embed_words.weight, self.embed_places):
            nn.init.normal_(table, std=0.02)
        heads, inner = config.width // _HEAD, 4 * config.width
        layer = nn.TransformerEncoderLayer(
            config.width, heads, inner, 0.0, "gelu", batch_first=True, norm_first=True
        )
        self.layers = nn.TransformerEncoder(layer, config.layers, enable_nested_tensor=False)
        self.norm = nn.LayerNorm(config.width)
        self.out = nn.Linear(config.width, width, bias=False)

    def forward(self, ids: Tensor, lengths: Tensor) -> Tensor:
        """[texts, width]"""
        embedded = self.embed_words(ids) + self.embed_places[: ids.shape[1]]
        states = self.layers(embedded, src_key_padding_mask=~_there(ids, lengths))
        read: Tensor = self.out(_mean(self.norm(states).float(), lengths))
        return read


def _there(ids: Tensor, lengths: Tensor) -> Tensor:
    """[texts, tokens] whether there is a token."""
    return torch.arange(ids.shape[1])[None] < lengths[:, None]


def _mean(states: Tensor, lengths: Tensor) -> Tensor:
    there = _there(states, lengths)[..., None]
    return (states * there).sum(dim=1) / lengths[:, None]
