"""The matcher: masks, narrowing, closing, over a tokenizer of bytes and one of words."""

from typing import Any

import numpy as np
import pytest

from diascope.codecs.boxes_json import BoxesJson
from diascope.codecs.boxes_loc import BoxesLoc
from diascope.codecs.choice import ChoiceCodec
from diascope.codecs.free_text import FreeText
from diascope.codecs.grammar import Allowed, Grammar, Literal
from diascope.codecs.matcher import RESERVE, Matcher
from diascope.codecs.whole_number import WholeNumber
from diascope.geometry import BoxFormat, CanvasMap, Size

CANVAS = CanvasMap.fit(Size(640, 480), Size(224, 224), "pad")


@pytest.fixture(params=["byte_vocabulary", "bpe_vocabulary"])
def vocabulary(request: pytest.FixtureRequest) -> Any:
    return request.getfixturevalue(request.param)


def matcher_at(vocabulary: Any, grammar: Grammar, text: str) -> Matcher:
    matcher = vocabulary.matcher(grammar)
    for token in vocabulary.tokenize(text):
        matcher.advance(token)
    return matcher


def spelt(vocabulary: Any, matcher: Matcher) -> set[str]:
    return {vocabulary.spelling(int(token)) for token in matcher.allowed(vocabulary.size)}


def locs(first: int, last: int) -> set[str]:
    return {f"<loc{number:04d}>" for number in range(first, last + 1)}


def test_corners_are_native_tokens_after_their_start(vocabulary: Any) -> None:
    grammar = BoxesLoc(CANVAS, ("cell", "cells"), 2).grammar()
    assert spelt(vocabulary, matcher_at(vocabulary, grammar, "<loc0005><loc1000>")) == locs(6, 1023)
    three = matcher_at(vocabulary, grammar, "<loc0005><loc1000><loc0100>")
    assert spelt(vocabulary, three) == locs(1001, 1023)


def test_a_box_with_its_label_comes_once(vocabulary: Any) -> None:
    grammar = BoxesLoc(CANVAS, ("cell", "cells"), 3).grammar()
    box = "<loc0005><loc1000><loc0100><loc1001>"
    again = matcher_at(vocabulary, grammar, f"{box} cell ; {box} cell")
    assert spelt(vocabulary, again) == {"s"}
    assert not again.is_accepting()
    full = matcher_at(
        vocabulary, grammar, f"{box} cell ; {box} cells ; <loc0005><loc1000><loc0100>"
    )
    assert spelt(vocabulary, full) == locs(1002, 1023)


def test_digits_lead_to_a_number_that_may_be_written(vocabulary: Any) -> None:
    grammar = BoxesJson(CANVAS, ("cell",), 2, BoxFormat(space="permille")).grammar()
    inside = matcher_at(vocabulary, grammar, '[{"box_2d":[995,20,')
    starts = {text[0] for text in spelt(vocabulary, inside)}
    assert starts == {"9", "1"}
    inside.advance(vocabulary.tokenize("9")[0])
    inside.advance(vocabulary.tokenize("9")[0])
    assert {text[0] for text in spelt(vocabulary, inside)} == set("6789")


def test_the_end_comes_only_where_a_text_may_end(vocabulary: Any) -> None:
    grammar = ChoiceCodec(("no", "nodule"), "texts").grammar()
    matcher = vocabulary.matcher(grammar)
    assert vocabulary.eos not in matcher.allowed(vocabulary.size)
    assert not matcher.is_accepting()
    for token in vocabulary.tokenize("no"):
        matcher.advance(token)
    assert vocabulary.eos in matcher.allowed(vocabulary.size)
    assert matcher.is_accepting()
    assert not matcher.is_finished()
    matcher.advance(vocabulary.eos)
    assert matcher.is_finished()
    assert matcher.allowed(vocabulary.size).tolist() == [vocabulary.eos]


def test_a_finished_grammar_still_asks_for_the_end(vocabulary: Any) -> None:
    matcher = matcher_at(vocabulary, Grammar(Literal("ab")), "ab")
    assert matcher.is_accepting()
    assert matcher.allowed(vocabulary.size).tolist() == [vocabulary.eos]


def test_a_narrowing_may_forbid_the_end(vocabulary: Any) -> None:
    grammar = Grammar(WholeNumber(0, 99).grammar().root, lambda _: Allowed(frozenset("12")))
    matcher = matcher_at(vocabulary, grammar, "1")
    assert {text for text in spelt(vocabulary, matcher) if text} == {"1", "2"}
    assert not matcher.is_accepting()


def test_what_is_not_allowed_is_refused(vocabulary: Any) -> None:
    matcher = vocabulary.matcher(WholeNumber(0, 99).grammar())
    with pytest.raises(ValueError, match="cannot come next"):
        matcher.advance(vocabulary.tokenize("x")[0])


def test_characters_of_several_bytes_are_narrowed_byte_by_byte(vocabulary: Any) -> None:
    grammar = Grammar(
        ChoiceCodec(("é", "è", "中"), "texts").grammar().root,
        lambda prefix: Allowed(frozenset("è中")) if not prefix else Allowed(end=True),
    )
    matcher = vocabulary.matcher(grammar)
    written = b""
    while not matcher.is_accepting():
        tokens = matcher.allowed(vocabulary.size)
        spelling = vocabulary.spelling(int(tokens[0])).encode(errors="surrogateescape")
        written += spelling
        matcher.advance(int(tokens[0]))
        assert "é".encode() not in written
    assert written.decode() in ("è", "中")


def test_a_grammar_is_compiled_once_and_each_reply_starts_anew(vocabulary: Any) -> None:
    compiled = vocabulary.compiled.cache_info().misses
    used = matcher_at(vocabulary, WholeNumber(0, 98).grammar(), "12")
    other = vocabulary.matcher(WholeNumber(0, 98).grammar())
    assert vocabulary.compiled.cache_info().misses == compiled + 1
    assert not other.is_accepting()
    other.advance(vocabulary.tokenize("7")[0])
    assert other.is_accepting()
    assert used.allowed(vocabulary.size).tolist() == [vocabulary.eos]


def test_a_wider_mask_is_filled_to_its_end(vocabulary: Any) -> None:
    matcher = vocabulary.matcher(WholeNumber(0, 9).grammar())
    row = np.full((vocabulary.size + 31) // 32 + 5, -1, np.int32)
    matcher.fill(row)
    allowed = np.flatnonzero(np.unpackbits(row.view(np.uint8), bitorder="little"))
    assert len(allowed) == 10


@pytest.mark.parametrize("budget", [1, 2, 3, 4, 5, 6, 9, 20])
def test_words_close_within_any_budget(vocabulary: Any, budget: int) -> None:
    codec = FreeText(200)
    rng = np.random.default_rng(budget)
    for _ in range(3):
        matcher, written = vocabulary.matcher(codec.grammar()), b""
        for remaining in range(max(budget, 2), 0, -1):
            row = np.zeros((vocabulary.size + 31) // 32, np.int32)
            matcher.fill(row, remaining)
            allowed = np.flatnonzero(np.unpackbits(row.view(np.uint8), bitorder="little"))
            token = int(rng.choice(allowed))
            matcher.advance(token)
            if matcher.is_finished():
                break
            written += vocabulary.spelling(token).encode(errors="surrogateescape")
        assert matcher.is_finished()
        assert codec.parse(written.decode()).text


def test_a_budget_that_is_enough_never_closes_early(byte_vocabulary: Any) -> None:
    grammar = WholeNumber(0, 999).grammar()
    matcher, remaining = byte_vocabulary.matcher(grammar), grammar.longest() + 1
    assert remaining <= RESERVE
    for digit in b"999":
        row = np.zeros((byte_vocabulary.size + 31) // 32, np.int32)
        matcher.fill(row, remaining)
        assert row[digit // 32] >> (digit % 32) & 1
        matcher.advance(digit)
        remaining -= 1
    assert remaining == 1
