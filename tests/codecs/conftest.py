"""The laws of codecs as one reusable check, the vocabularies and the answers to run it with."""

import json
import math
import os
import random
import re
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import llguidance
import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from diascope.answers import Box, Boxes, Choice, Finding, Findings, Labels, Mask, Masks, Number
from diascope.answers import Text as FreeAnswer
from diascope.codecs import matcher
from diascope.codecs.choice import ChoiceCodec
from diascope.codecs.codec import Codec, ParseError
from diascope.codecs.decimal import DecimalNumber
from diascope.codecs.findings import FindingsCodec
from diascope.codecs.free_text import FreeText
from diascope.codecs.grammar import Grammar
from diascope.codecs.label_set import LabelSetCodec
from diascope.codecs.matcher import Matcher
from diascope.codecs.objects import BoxListCodec
from diascope.codecs.outline import is_flat
from diascope.codecs.regions import RegionListCodec
from diascope.codecs.whole_number import WholeNumber

LOC, SEG = [f"<loc{n:04d}>" for n in range(1024)], [f"<seg{n:03d}>" for n in range(128)]
EXAMPLES = int(os.environ.get("DIASCOPE_EXAMPLES", "1"))
"""A multiple of the effort that the laws are tested with; nightly runs raise it."""


class Vocabulary(matcher.Vocabulary):
    """A vocabulary, as the laws use it."""

    def __init__(
        self,
        tokenizer: llguidance.LLTokenizer,
        token_id: Callable[[str], int],
        tokenize: Callable[[str], list[int]],
    ) -> None:
        super().__init__(tokenizer, token_id)
        self.tokenize = tokenize

    def matcher(self, grammar: Grammar) -> Matcher:
        """At the start of a reply."""
        return Matcher(self, grammar)

    @property
    def size(self) -> int:
        return self.tokenizer.vocab_size

    @property
    def eos(self) -> int:
        return int(self.tokenizer.eos_token)


class _Bytes:
    """Single bytes, the end, and the native tokens."""

    eos_token_id, bos_token_id = 256, None
    tokens = (*(bytes([i]) for i in range(256)), b"<eos>", *(t.encode() for t in LOC + SEG))
    special_token_ids = tuple(range(256, len(tokens)))

    def __call__(self, text: str | bytes) -> list[int]:
        return list(text if isinstance(text, bytes) else text.encode())


@pytest.fixture(scope="session")
def byte_vocabulary() -> Vocabulary:
    """A token a byte."""
    ids = {text: 257 + at for at, text in enumerate(LOC + SEG)}

    def tokenize(text: str) -> list[int]:
        from diascope.codecs.grammar import symbols

        return [
            token
            for symbol in symbols(text)
            for token in ([ids[symbol]] if len(symbol) > 1 else symbol.encode())
        ]

    wrapped = llguidance.LLTokenizer(llguidance.TokenizerWrapper(_Bytes()))
    return Vocabulary(wrapped, ids.__getitem__, tokenize)


SENTENCES = (
    "nodule; possible pleural effusion; mass",
    "nodule: present; effusion: uncertain",
    "none ; The heart is 12.50 cm wide, the lungs are clear.",
    '[{"box_2d":[100,20,300,40],"label":"nodule"},{"box_2d":[0,1,22,33],"label":"RBC"}]',
    '{"RBC":[[1,2,3,4],[5,6,7,8]],"WBC":[[10,20,30,40]]}',
    '[{"polygon":[[10,20],[30,40],[500,60]],"label":"heart"}]',
)


@pytest.fixture(scope="session")
def bpe_vocabulary() -> Vocabulary:
    """A small byte-level BPE in transformers' own class, trained here."""
    from tokenizers import Tokenizer, decoders, models, pre_tokenizers, trainers
    from transformers import PreTrainedTokenizerFast

    raw = Tokenizer(models.BPE())
    raw.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
    raw.decoder = decoders.ByteLevel()
    trainer = trainers.BpeTrainer(
        vocab_size=500,
        initial_alphabet=pre_tokenizers.ByteLevel.alphabet(),
        special_tokens=["<pad>", "<bos>", "<eos>", "<image>"],
        show_progress=False,
    )
    raw.train_from_iterator(SENTENCES * 20, trainer)
    names = {"pad_token": "<pad>", "bos_token": "<bos>", "eos_token": "<eos>"}
    trained = PreTrainedTokenizerFast(tokenizer_object=raw, **names)
    trained.add_tokens(LOC + SEG)
    return _of_transformers(trained)


@pytest.fixture(scope="session")
def tiny_vocabulary() -> Vocabulary:
    """The tokenizer that the shipped family brings."""
    from transformers import PreTrainedTokenizerFast

    import diascope

    folder = Path(diascope.__file__).parent / "models" / "assets" / "tiny"
    return _of_transformers(PreTrainedTokenizerFast.from_pretrained(folder, local_files_only=True))


@pytest.fixture(scope="session")
def gemma_vocabulary() -> Vocabulary:
    """A small one of Gemma's kind: spaces written as U+2581, bytes where no piece fits."""
    from tokenizers import Tokenizer, decoders, models, normalizers, trainers
    from transformers import PreTrainedTokenizerFast

    special = ["<pad>", "<eos>", "<bos>", "<unk>", "<image>"]
    single = [f"<0x{n:02X}>" for n in range(256)]
    raw = Tokenizer(models.BPE(unk_token="<unk>", byte_fallback=True, fuse_unk=True))
    raw.normalizer = normalizers.Replace(" ", "\u2581")
    fallback = decoders.ByteFallback()
    raw.decoder = decoders.Sequence([decoders.Replace("\u2581", " "), fallback, decoders.Fuse()])
    trainer = trainers.BpeTrainer(
        vocab_size=700, special_tokens=special + single, show_progress=False
    )
    raw.train_from_iterator(SENTENCES * 20, trainer)
    plan = json.loads(raw.to_str())
    # bytes are pieces like any other, as in Gemma's own file
    plan["added_tokens"] = [each for each in plan["added_tokens"] if each["content"] in special]
    raw = Tokenizer.from_str(json.dumps(plan))
    names = {"pad_token": "<pad>", "bos_token": "<bos>", "eos_token": "<eos>"}
    trained = PreTrainedTokenizerFast(tokenizer_object=raw, **names)
    trained.add_tokens(LOC + SEG)
    return _of_transformers(trained)


def _of_transformers(tokenizer: Any) -> Vocabulary:
    import llguidance.hf

    return Vocabulary(
        llguidance.hf.from_tokenizer(tokenizer),
        tokenizer.convert_tokens_to_ids,
        lambda text: tokenizer(text, add_special_tokens=False)["input_ids"],
    )


Near = Callable[[Any, Any], bool]


@dataclass(frozen=True)
class Laws:
    """Checks every law of a codec; an AssertionError names the one that is broken."""

    letters: Vocabulary
    words: Vocabulary
    near: Callable[[Codec[Any]], Near | None]

    def check(self, codec: Codec[Any], answers: Iterable[Any], rng: random.Random) -> int:
        """All of the laws on these answers, on random walks, and on random edits.

        Returns how many texts the codec was given to read.
        """
        grammar = codec.grammar()
        try:
            texts = [self.written(codec, grammar, answer) for answer in answers]
        except ValueError as error:
            raise AssertionError(f"cannot be written: {error}") from error
        for text in texts[:4]:
            self.tokens(grammar, text)
        walks = [
            self.walk(grammar, vocabulary, rng)
            for vocabulary in [self.letters, self.words] * EXAMPLES
            for _ in range(3)
        ]
        for text in walks:
            self.readable(codec, grammar, text)
        read = len(texts) + len(walks)
        for text in texts[:8] + walks:
            read += self.check_slips(codec, text) + 2
            for _ in range(2):
                edit = edited(text, texts + walks, rng)
                self.agreed(grammar, edit, legal=self.exact(codec, grammar, edit))
        return read

    def check_many(self, codec: Codec[Any], answers: st.SearchStrategy[Any]) -> list[Any]:
        """The laws of what is written, on many answers; returns the answers."""
        grammar, seen = codec.grammar(), []

        @settings(
            deadline=None,
            max_examples=12 * EXAMPLES,
            derandomize=EXAMPLES == 1,
            database=None,
            suppress_health_check=list(HealthCheck),
        )
        @given(answers)
        def written(answer: Any) -> None:
            seen.append(answer)
            self.written(codec, grammar, answer)

        written()
        return seen

    def check_slips(self, codec: Codec[Any], text: str) -> int:
        """Exactness of what is written in place of a text; returns how many such texts."""
        grammar, wrong = codec.grammar(), slips(text)
        for slip in wrong:
            self.exact(codec, grammar, slip)
        return len(wrong)

    def check_walks(self, codec: Codec[Any], rng: random.Random) -> None:
        """The laws of what can be read, on a few replies of a model that knows nothing."""
        grammar = codec.grammar()
        for _ in range(3 * EXAMPLES):
            self.readable(codec, grammar, self.walk(grammar, self.words, rng))

    def written(self, codec: Codec[Any], grammar: Grammar, answer: Any) -> str:
        """Round trip, soundness, idempotence, nearness and the budget."""
        text, snapped = codec.encode(answer), codec.snap(answer)
        assert parsed(codec, text) == snapped, f"round trip: {text!r}"
        assert codec.snap(snapped) == snapped, f"snap is not idempotent: {snapped!r}"
        assert grammar.matches(text), f"soundness: {text!r}"
        near = self.near(getattr(codec, "original", codec))
        assert near is None or near(answer, snapped), f"far from the answer: {answer!r} {text!r}"
        assert len(self.letters.tokenize(text)) <= grammar.longest(), f"budget: {text!r}"
        return text

    def tokens(self, grammar: Grammar, text: str, *more: Vocabulary) -> None:
        """The matcher accepts the tokenizers' own ids."""
        for vocabulary in (self.letters, self.words, *more):
            ids = vocabulary.tokenize(text)
            assert len(ids) <= grammar.longest(), f"budget: {text!r}"
            assert self.accepts(grammar, ids, vocabulary), f"tokens: {text!r}"

    def accepts(self, grammar: Grammar, ids: list[int], vocabulary: Vocabulary) -> bool:
        """Whether each token is offered in its turn, and then the end."""
        matcher = vocabulary.matcher(grammar)
        for token in ids:
            allowed = matcher.allowed(vocabulary.size)
            if token not in allowed:
                return False
            if vocabulary.spelling(token).startswith("<loc"):
                spelt = {vocabulary.spelling(int(other)) for other in allowed}
                assert "<" not in spelt, "the bytes of a native token are offered"
            matcher.advance(token)
        return bool(vocabulary.eos in matcher.allowed(vocabulary.size)) and matcher.is_accepting()

    def walk(self, grammar: Grammar, vocabulary: Vocabulary, rng: random.Random) -> str:
        """A reply of a model that knows nothing, within the budget; extremes are drawn often."""
        matcher, written = vocabulary.matcher(grammar), []
        for _ in range(grammar.longest() + 1):
            allowed = matcher.allowed(vocabulary.size)
            assert len(allowed), f"dead end after {''.join(written)!r}"
            at = rng.choice([0, -1, rng.randrange(len(allowed)), rng.randrange(len(allowed))])
            token = int(allowed[at])
            matcher.advance(token)
            if matcher.is_finished():
                data = "".join(written).encode(errors="surrogateescape")
                return data.decode()
            written.append(vocabulary.spelling(token))
        raise AssertionError(f"does not close: {''.join(written)!r}")

    def readable(self, codec: Codec[Any], grammar: Grammar, text: str) -> None:
        """Totality and canonicity of a text that the matcher wrote."""
        assert grammar.matches(text), f"the matcher and the text disagree: {text!r}"
        answer = parsed(codec, text)
        assert answer is not None, f"totality: {text!r}"
        assert codec.encode(answer) == text, f"canonicity: {text!r}"
        assert codec.snap(answer) == answer, f"parsed but not snapped: {text!r}"

    def exact(self, codec: Codec[Any], grammar: Grammar, text: str) -> bool:
        """A text is read if and only if the grammar has it; whether it has."""
        legal = grammar.matches(text)
        assert (parsed(codec, text) is not None) == legal, f"exactness: {text!r} {legal}"
        return legal

    def agreed(self, grammar: Grammar, text: str, legal: bool) -> None:
        """The matcher takes what the grammar has, and nothing else."""
        accepted = self.accepts(grammar, self.words.tokenize(text), self.words)
        assert accepted == legal, f"matcher: {text!r} {legal}"


def parsed(codec: Codec[Any], text: str) -> Any:
    try:
        return codec.parse(text)
    except ParseError:
        return None


def slips(text: str) -> list[str]:
    """What people and models write in place of the text."""
    spaced = [f"{text} ", f" {text}", f"{text}\n", text.replace(",", ", "), text.replace(" ", "  ")]
    cut = [text[:-1], text[1:], f"{text}; ", text + text, text.replace("; ", ";"), f"-{text}"]
    twice = [f"{text}; {text}", f"{text} ; {text}", f"{text[:-1]},{text[1:]}"]
    box = re.sub(r"((?:<loc\d{4}>){4})", r"\1\1", text, count=1)
    zero = re.sub(r"(?<!\d)\d+", r"0\g<0>", text, count=1)
    numbers = list(re.finditer(r"\d+", text))
    one_off = [
        text[: number.start()]
        + str(abs(int(number[0]) + by)).zfill(len(number[0]))
        + text[number.end() :]
        for number in (numbers[:1] + numbers[-1:])
        for by in (-1, 1)
    ]
    case = [text.upper(), text.lower()]
    return [*spaced, *cut, *twice, box, zero, *one_off, *case, "", "none", "null", "[]", "{}", "0"]


def edited(text: str, others: list[str], rng: random.Random) -> str:
    """The text with something left out, put in, doubled, swapped or taken from another one."""
    from diascope.codecs.grammar import symbols

    parts = symbols(text)
    start = rng.randrange(len(parts) + 1)
    stop = min(len(parts), start + rng.choice([0, 1, 1, 2, 4, 5]))
    piece = parts[start:stop]
    other = symbols(rng.choice(others))
    put = rng.choice(
        [
            [],
            piece * 2,
            piece[::-1],
            [rng.choice([*"0019 ;,.-x\n", "<loc0000>", "<loc1023>", "<seg001>"])],
            [rng.choice(other)] if other else [],
            other[start:stop],
        ]
    )
    return "".join(parts[:start] + put + parts[stop:])


def near(codec: Codec[Any]) -> Near | None:
    """Whether what is left of an answer lies as near to it as the format can say."""
    match codec:
        case BoxListCodec():
            return lambda answer, snapped: boxes_near(codec, answer, snapped)
        case WholeNumber():
            return lambda answer, snapped: number_near(codec.low, codec.high, 0, answer, snapped)
        case DecimalNumber():
            return lambda answer, snapped: number_near(
                codec.low, codec.high, codec.decimals, answer, snapped
            )
        case RegionListCodec():
            return lambda answer, snapped: masks_near(codec, answer, snapped)
        case _:
            return None


def masks_near(codec: RegionListCodec, answer: Masks, snapped: Masks) -> bool:
    """Where all masks are simple and inside: each vertex within half a step, or the whole span."""
    low, high = (codec.grid.x.low, codec.grid.y.low), (codec.grid.x.high, codec.grid.y.high)
    given = [_steps(codec, mask) for mask in answer.masks]
    if any(len(p) > codec.vertices or (p < low).any() or (p > high).any() for p in given):
        return True
    left = [_steps(codec, mask) for mask in snapped.masks]
    return len(left) == min(len(given), codec.limit) and all(
        np.abs(_extent(was) - _extent(now)).max() <= 1.5 + 1e-6
        if is_flat(was.round())
        else len(was) == len(now) and np.abs(was - now).max() <= 0.5 + 1e-6
        for was, now in zip(given, left, strict=False)
    )


def _extent(points: Any) -> Any:
    """What a polygon without area spans: it is written as a box around it."""
    return np.array([points.min(axis=0), points.max(axis=0)])


def _steps(codec: RegionListCodec, mask: Mask) -> Any:
    return np.array([codec.grid.to_steps((x, y, x, y))[:2] for x, y in mask.polygon])


def number_near(low: float, high: float, decimals: int, answer: Number, left: Number) -> bool:
    step = 10.0**-decimals
    within = min(max(answer.value, math.ceil(low / step) * step), math.floor(high / step) * step)
    return abs(left.value - within) <= step / 2 + 1e-6 * step + 1e-12 * abs(within)


def boxes_near(codec: BoxListCodec, answer: Boxes, snapped: Boxes) -> bool:
    """Each box that is left lies within a step of one that was given, at its visible part."""
    grid = codec.grid
    low = (grid.x.near, grid.y.near) * 2
    high = (grid.x.far, grid.y.far) * 2
    given = [(box.label, np.clip(grid.to_steps(box.corners), low, high)) for box in answer.boxes]

    def close(label: str, steps: Any, box: Box) -> bool:
        return label == box.label and all(
            _ends_near(codec, steps[axis::2], grid.to_steps(box.corners)[axis::2])
            for axis in (0, 1)
        )

    return all(any(close(*one, box) for one in given) for box in snapped.boxes)


def _ends_near(codec: BoxListCodec, was: Any, now: Any) -> bool:
    """Half a step, or what it takes to be one step wide, or what whole centres can say."""
    half = 0.5 + 1e-6
    if codec.grid.format.order == "cxcywh":
        return bool(np.abs(np.subtract(was, now)).max() <= 2 * half)
    if np.abs(np.subtract(was, now)).max() <= half:
        return True
    return bool(
        now[1] - now[0] < 1 + 1e-6
        and now[0] - half - 0.5 <= was[0] <= was[1] <= now[1] + half + 0.5
    )


@pytest.fixture(scope="session")
def laws(byte_vocabulary: Vocabulary, bpe_vocabulary: Vocabulary) -> Laws:
    """The laws, over both vocabularies."""
    return Laws(byte_vocabulary, bpe_vocabulary, near)


def answers_of(codec: Codec[Any]) -> st.SearchStrategy[Any]:
    """Answers that a codec may be asked to write."""
    match codec:
        case ChoiceCodec():
            return st.sampled_from(codec.options).map(lambda option: Choice(option=option))
        case LabelSetCodec():
            return _known(codec.labels).map(_labels)
        case FindingsCodec():
            return _known(codec.names).map(_findings)
        case WholeNumber() | DecimalNumber():
            return _numbers(codec.low, codec.high)
        case FreeText():
            return _texts(codec.max_chars)
        case BoxListCodec():
            box = _box(codec)
            return st.lists(box, max_size=codec.limit + 2).flatmap(_doubled).map(_boxes)
        case RegionListCodec():
            mask = _mask(codec)
            return st.lists(mask, max_size=codec.limit + 1).map(lambda m: Masks(masks=tuple(m)))
        case _:
            raise TypeError(f"no answers for {codec!r}")


@pytest.fixture(scope="session")
def answers() -> Callable[[Codec[Any]], st.SearchStrategy[Any]]:
    """Answers that a codec may be asked to write."""
    return answers_of


def _known(names: tuple[str, ...]) -> st.SearchStrategy[dict[str, str]]:
    statuses = st.sampled_from(["present", "absent", "uncertain"])
    return st.lists(
        st.tuples(st.sampled_from(names), statuses), unique_by=lambda pair: pair[0]
    ).map(dict)


def _labels(known: dict[str, str]) -> Labels:
    by = {
        status: tuple(name for name, said in known.items() if said == status)
        for status in ("present", "absent", "uncertain")
    }
    return Labels(**by)


def _findings(known: dict[str, Any]) -> Findings:
    return Findings(
        findings=tuple(
            Finding(name=name, status=status, probability=0.5) for name, status in known.items()
        )
    )


def _numbers(low: float, high: float) -> st.SearchStrategy[Number]:
    span = high - low
    inside = st.floats(low - 0.1 * span - 1, high + 0.1 * span + 1)
    halves = st.integers(math.floor(low) * 2000, math.ceil(high) * 2000).map(lambda n: n / 2000)
    wild = st.floats(allow_nan=False, allow_infinity=False)
    values = st.one_of(inside, halves, halves.map(lambda value: float(round(value))), wild)
    return st.builds(Number, value=values, unit=st.sampled_from([None, "cm"]))


def _texts(limit: int) -> st.SearchStrategy[FreeAnswer]:
    words = st.text(
        st.sampled_from("abé µ<>.,\n\t\u200b\u3000\u2581中\U0001f600"), max_size=limit + 5
    )
    native = st.sampled_from(["<loc0001>", "a<b>c", "", " ", "<", "the heart is large " * 9])
    return st.one_of(words, native, st.text(max_size=8)).map(lambda text: FreeAnswer(text=text))


def _box(codec: Any) -> st.SearchStrategy[Box]:
    width, height = codec.canvas.original
    corner = [
        st.one_of(st.floats(-0.3 * side, 1.2 * side), st.integers(-1, side).map(float))
        for side in (width, height)
    ]
    extent = [
        st.one_of(st.floats(0.01, side), st.integers(1, side).map(float), st.just(1e-3))
        for side in (width, height)
    ]
    return st.builds(
        lambda label, x, y, w, h: Box(label=label, x0=x, y0=y, x1=x + w, y1=y + h, score=0.5),
        st.sampled_from(codec.labels),
        *corner,
        *extent,
    )


def _doubled(boxes: list[Box]) -> st.SearchStrategy[list[Box]]:
    return st.sampled_from([boxes, boxes + boxes[:1], boxes[:1] * 2 + boxes])


def _boxes(boxes: list[Box]) -> Boxes:
    return Boxes(boxes=tuple(boxes))


def _mask(codec: RegionListCodec) -> st.SearchStrategy[Mask]:
    width, height = codec.canvas.original
    point = st.tuples(st.floats(-0.2 * width, 1.2 * width), st.floats(-0.2 * height, 1.2 * height))
    small = st.tuples(st.floats(0.4 * width, 0.401 * width), st.floats(0, 0.001 * height))
    points = st.one_of(
        st.lists(point, min_size=3, max_size=codec.vertices + 6),
        st.lists(small, min_size=3, max_size=5),
        st.lists(st.just((1.0, 2.0)), min_size=3, max_size=4),
    )
    return st.builds(
        lambda label, polygon: Mask(label=label, polygon=tuple(polygon)),
        st.sampled_from(codec.labels),
        points,
    )
