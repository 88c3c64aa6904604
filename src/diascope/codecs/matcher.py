"""Which tokens may come next: llguidance's mask of a grammar, and the grammar's narrowing.

The mask costs microseconds; the narrowing looks only at the tokens that the mask leaves, and only
where the grammar narrows.
"""

from collections.abc import Callable, Iterable
from functools import cache, lru_cache
from itertools import islice
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from diascope.codecs.grammar import Allowed, Grammar, TokenRange

if TYPE_CHECKING:
    from llguidance import LLMatcher, LLTokenizer

RESERVE = 5
"""Tokens kept for closing: three bytes of an open character, a word's first character, the end."""
_ENOUGH_CLOSERS = 512
_COMPILED = 256

Mask = NDArray[np.int32]


class Vocabulary:
    """A tokenizer as matchers use it: its tokens' texts, and the grammars compiled for it.

    `token_id` gives the id of a native token by its text. Questions of one kind share a grammar, so
    the last ones stay compiled.
    """

    def __init__(self, tokenizer: "LLTokenizer", token_id: Callable[[str], int]) -> None:
        self.tokenizer, self.token_id = tokenizer, token_id
        self.spelling = cache(self._spelling)
        self.compiled = lru_cache(_COMPILED)(self._compiled)

    def _spelling(self, token: int) -> str:
        """Its text; bytes that are no whole characters become surrogates (surrogateescape)."""
        return self.tokenizer.decode_bytes([token]).decode(errors="surrogateescape")

    def _compiled(self, lark: str) -> "LLMatcher":
        """llguidance's own matcher at the start of a grammar: to be copied, not advanced."""
        from llguidance import LLMatcher

        start = LLMatcher(self.tokenizer, LLMatcher.grammar_from_lark(lark))
        if start.is_error():
            raise ValueError(f"the grammar cannot be used: {start.get_error()}")
        return start


class Matcher:
    """Follows one reply token by token."""

    def __init__(self, vocabulary: Vocabulary, grammar: Grammar) -> None:
        tokenizer, token_id = vocabulary.tokenizer, vocabulary.token_id
        self._state = vocabulary.compiled(grammar.lark(token_id)).deep_copy()
        self._narrow, self._longest = grammar.narrow, grammar.longest()
        self._spelling = vocabulary.spelling
        self._ends, self._words = tuple(tokenizer.eos_tokens), (tokenizer.vocab_size + 31) // 32
        ranges = grammar.token_ranges()
        self._base = {
            tokens.name: token_id(tokens.spell(tokens.first)) - tokens.first for tokens in ranges
        }
        self._native = _ids(self._base, ranges)
        self._text, self._open, self._taken, self._finished = "", b"", 0, False

    def fill(self, row: Mask, remaining: int | None = None) -> None:
        """Fills a packed mask: bit t % 32 of word t // 32 says whether token t may come next.

        With `remaining` tokens to come, the end among them, and less than the grammar may need, a
        text ends as soon as it may once the reserve is reached. This closes words; a list of
        objects needs its grammar's whole `longest() + 1` tokens from the start.
        """
        if self._finished or self._state.is_stopped():
            _pack(row, np.array(self._ends))
        elif remaining is None or remaining > min(RESERVE, self._needed()):
            self._fill(row)
        else:
            self._close(row)

    def allowed(self, vocabulary: int) -> NDArray[np.int64]:
        """The ids of the tokens that may come next, of a vocabulary of so many."""
        row = np.zeros((vocabulary + 31) // 32, np.int32)
        self.fill(row)
        return _unpack(row)

    def advance(self, token: int) -> None:
        """Takes the next token; ValueError where the grammar does not."""
        if token in self._ends:
            self._finished = True
            return
        if not self._state.consume_token(token):
            raise ValueError(f"token {token} cannot come next: {self._state.get_error()}")
        spelt = self._open + self._spelling(token).encode(errors="surrogateescape")
        text, self._open = _whole(spelt)
        self._taken += 1
        self._text += text

    def is_accepting(self) -> bool:
        """Whether the text may end here."""
        if self._finished:
            return True
        allowed = self._narrow(self._text)
        return self._state.is_accepting() and (allowed is None or allowed.end)

    def is_finished(self) -> bool:
        """Whether the closing token was taken."""
        return self._finished

    def _fill(self, row: Mask) -> None:
        # A model's logits may be wider than its tokenizer: those ids never come.
        row[self._words :] = 0
        self._state.unsafe_compute_mask_ptr(row.ctypes.data, 4 * self._words)
        allowed = self._narrow(self._text)
        if allowed is not None:
            _pack(row, self._permitted(_unpack(row), allowed))

    def _close(self, row: Mask) -> None:
        if self.is_accepting():
            _pack(row, np.array(self._ends))
            return
        self._fill(row)
        closers = list(islice(filter(self._closes, map(int, _unpack(row))), _ENOUGH_CLOSERS))
        if closers:
            _pack(row, np.array(closers))

    def _needed(self) -> int:
        """More tokens than the grammar can still take, its end apart."""
        return self._longest - self._taken

    def _permitted(self, ids: NDArray[np.int64], allowed: Allowed) -> NDArray[np.int64]:
        native = np.zeros(len(ids), bool)
        kept = native.copy()
        if len(self._native):
            native = np.isin(ids, self._native)
            kept = np.isin(ids, _ids(self._base, allowed.tokens))
        for at in np.flatnonzero(~native):
            token = int(ids[at])
            kept[at] = allowed.end if token in self._ends else self._fits(token, allowed)
        return ids[kept]

    def _fits(self, token: int, allowed: Allowed | None) -> bool:
        """Whether a token of text is permitted, character by character."""
        spelt = self._open + self._spelling(token).encode(errors="surrogateescape")
        text, rest = _whole(spelt)
        for count, character in enumerate(text):
            if count:
                allowed = self._narrow(self._text + text[:count])
            if allowed is not None and character not in allowed.characters:
                return False
        if text:
            allowed = self._narrow(self._text + text) if rest else None
        if not rest or allowed is None:
            return True
        return any(character.encode().startswith(rest) for character in allowed.characters)

    def _closes(self, token: int) -> bool:
        ahead = self._state.deep_copy()
        return bool(ahead.consume_token(token)) and bool(ahead.is_accepting())


def _ids(base: dict[str, int], ranges: Iterable[TokenRange]) -> NDArray[np.int64]:
    """The ids of native tokens."""
    parts = [np.arange(tokens.first, tokens.last + 1) + base[tokens.name] for tokens in ranges]
    return np.concatenate([np.empty(0, np.int64), *parts])


def _whole(spelt: bytes) -> tuple[str, bytes]:
    """The whole characters, and the first bytes of one that is still open."""
    try:
        return spelt.decode(), b""
    except UnicodeDecodeError as error:
        return spelt[: error.start].decode(), spelt[error.start :]


def _unpack(row: Mask) -> NDArray[np.int64]:
    return np.flatnonzero(np.unpackbits(row.view(np.uint8), bitorder="little"))


def _pack(row: Mask, ids: NDArray[np.int64]) -> None:
    row[:] = 0
    np.bitwise_or.at(row.view(np.uint32), ids // 32, np.uint32(1) << (ids % 32).astype(np.uint32))
