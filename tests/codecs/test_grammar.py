"""The text side of grammars: nodes, matching, narrowing, budgets and the Lark source."""

import re

import llguidance
import pytest
from hypothesis import given
from hypothesis import strategies as st

from diascope.codecs.grammar import (
    Allowed,
    Alternatives,
    Grammar,
    Literal,
    OneOf,
    Ranges,
    Repeat,
    Sequence,
    TokenRange,
    symbols,
)
from diascope.codecs.nodes import padded, some_in_order, whole

AWKWARD = 'a"\\/\n\t.*+?()[]{}|^$#&-~<b>é中\U0001f600\u2028'


def test_symbols_are_characters_and_native_tokens() -> None:
    assert symbols("a<loc0012><seg007>\n<loc1>") == [
        "a",
        "<loc0012>",
        "<seg007>",
        "\n",
        *"<loc1>",
    ]


@given(st.integers(-1200, 1200), st.integers(0, 2500))
def test_a_range_of_whole_numbers_has_exactly_those(low: int, extent: int) -> None:
    matches = re.compile(whole(low, low + extent).regex).fullmatch
    near = {low, low + extent, 0, -1, 9, 10, 99, 100, 999, 1000, low + extent // 2}
    for number in {n + by for n in near for by in (-1, 0, 1)}:
        assert bool(matches(str(number))) == (low <= number <= low + extent)
        assert not matches(f"0{number}")
    assert not matches("-0")
    assert not matches("")


@given(st.integers(0, 9999), st.integers(0, 9999))
def test_a_padded_range_has_exactly_those(one: int, other: int) -> None:
    low, high = sorted((one, other))
    matches = re.compile(padded(low, high, 4).regex).fullmatch
    for number in {low - 1, low, low + 1, high - 1, high, high + 1, 0, 9999, (low + high) // 2}:
        assert bool(matches(f"{number:04d}")) == (low <= number <= high)


@given(st.lists(st.sampled_from("abcde"), min_size=1, max_size=6))
def test_some_in_order_takes_each_item_once_and_in_order(chosen: list[str]) -> None:
    node = some_in_order(tuple(map(Literal, "abcde")), Literal(","))
    legal = chosen == sorted(set(chosen))
    assert bool(re.fullmatch(node.regex, ",".join(chosen))) == legal


def test_awkward_characters_match_themselves_alone() -> None:
    grammar = Grammar(Sequence((Literal(AWKWARD), OneOf("]^-\\"))))
    assert grammar.matches(f"{AWKWARD}^")
    assert not grammar.matches(f"{AWKWARD.replace('.', 'x')}^")


def test_awkward_characters_reach_llguidance_unchanged() -> None:
    node = Sequence((Literal(AWKWARD), OneOf("]^-\\"), Ranges(((0x21, 0x2F), (0x4E00, 0x4E2D)))))
    lark = Grammar(node).lark(lambda _: 0)
    tokenizer = llguidance.LLTokenizer("byte")
    source = llguidance.LLMatcher.grammar_from_lark(lark)
    for last, legal in (("]/", True), ("^中", True), ("]0", False)):
        matcher = llguidance.LLMatcher(tokenizer, source, log_level=0)
        text = AWKWARD + last
        ids = tokenizer.tokenize_str(text)
        assert (matcher.try_consume_tokens(ids) == len(ids)) == legal


def test_a_token_range_spells_its_tokens() -> None:
    grammar = Grammar(Repeat(TokenRange("loc", 3, 12), 2, 2))
    assert grammar.matches("<loc0003><loc0012>")
    assert not grammar.matches("<loc0002><loc0012>")
    assert not grammar.matches("<loc0003><loc0013>")
    assert Grammar(TokenRange("seg", 0, 127)).matches("<seg127>")
    assert not Grammar(TokenRange("seg", 0, 127)).matches("<seg128>")


def test_longest_counts_bytes_and_native_tokens() -> None:
    part = Alternatives((Literal("é"), TokenRange("loc", 0, 9), Literal("abc")))
    assert Grammar(part).longest() == 3
    assert Grammar(Repeat(Sequence((part, Literal("; "))), 0, 4)).longest() == 20
    assert Grammar(Repeat(OneOf("ab"), 1, 100), limit=7).longest() == 28


def test_a_limit_bounds_characters() -> None:
    grammar = Grammar(Repeat(OneOf("aé"), 1, 100), limit=3)
    assert grammar.matches("aéa")
    assert not grammar.matches("aaaa")


def test_narrowing_is_asked_symbol_by_symbol() -> None:
    asked: list[str] = []

    def narrow(prefix: str) -> Allowed | None:
        asked.append(prefix)
        if not prefix:
            return None
        return Allowed(frozenset("b"), (TokenRange("loc", 5, 9),), end=prefix.endswith("b"))

    token = TokenRange("loc", 0, 9)
    grammar = Grammar(Repeat(Alternatives((OneOf("abc"), token)), 1, 9), narrow)
    assert grammar.matches("ab<loc0005>b")
    assert asked == ["", "a", "ab", "ab<loc0005>", "ab<loc0005>b"]
    assert not grammar.matches("ac")
    assert not grammar.matches("a<loc0004>b")
    assert not grammar.matches("ab<loc0009>")
    assert grammar.matches("cb")


def test_lark_names_a_shared_node_once() -> None:
    token = Sequence((TokenRange("loc", 0, 9), Literal(" x")))
    shared = Sequence((token, token, token))
    lark = Grammar(Sequence((shared, shared, Literal("end")))).lark(lambda text: int(text[4:8]))
    assert lark.count("<[0-9]>") == 1
    assert lark.count("/ x/") == 1


def test_token_ids_must_follow_each_other() -> None:
    ids = {"<loc0000>": 7, "<loc0009>": 99}
    with pytest.raises(ValueError, match="not contiguous"):
        Grammar(TokenRange("loc", 0, 9)).lark(ids.__getitem__)
