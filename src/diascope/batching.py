"""From rendered conversations to what a model reads: packed rows to learn from, padded to go on.

An example is what is given (the prefix) and what is to be written (the suffix); the loss falls on
the suffix alone, which ends with EOS. Examples of a training batch lie one behind the other in one
row without padding, and each sees itself alone. Examples whose first tokens are the same and hang
on the images alone may share them (`Example.shared`): the images are then read once for all the
questions about them.
"""

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from itertools import groupby
from typing import NamedTuple

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

Canvas = NDArray[np.uint8]
"""[height, width] grey or [height, width, 3] colour, canvas pixels."""


class Span(NamedTuple):
    """Places from `start` to before `end`."""

    start: int
    end: int


NOWHERE = Span(0, 0)


class Graded(NamedTuple):
    """What may be written in the places of a number beside its own tokens; one entry a choice.

    The choices of a place are all tokens with which a number of the asked range goes on from what
    the true one has written before it.
    """

    places: NDArray[np.int64]
    """Which token of the suffix, or of a packed row, the choice stands for."""
    tokens: NDArray[np.int64]
    mass: NDArray[np.float32]
    """How probable the choice should be; it sums to one over a place."""
    distance: NDArray[np.float32]
    """From the truth to the nearest number that begins so, as a share of the range."""


_NO_PLACES, _NO_SHARES = np.empty(0, np.int64), np.empty(0, np.float32)
PLAIN = Graded(_NO_PLACES, _NO_PLACES, _NO_SHARES, _NO_SHARES)
"""Nothing but the true tokens is right."""


@dataclass(frozen=True)
class Example:
    """One conversation turn as tokens: what is given, what is to be written, what is seen."""

    prefix: tuple[int, ...]
    """Everything that is given, a placeholder for every image token included."""
    suffix: tuple[int, ...]
    """The answer and EOS; empty when the answer is to be generated."""
    canvases: tuple[Canvas, ...]
    both_ways: tuple[Span, ...] = ()
    """Spans of the prefix, in order, whose tokens see one another whatever their order."""
    shared: int = 0
    """Leading tokens that any other question about the same images begins with as well."""
    positions: NDArray[np.int64] | None = None
    """[axes, tokens] for rotary embeddings; None counts from 0 along one axis."""
    weight: float = 1.0
    """How much it weighs in the loss."""
    graded: Graded = PLAIN
    """Of the suffix."""
    number: float | None = None
    """The true answer as a share of its range, 0 to 1, where a number head learns it."""

    @property
    def length(self) -> int:
        """Tokens, images included."""
        return len(self.prefix) + len(self.suffix)

    @property
    def places(self) -> NDArray[np.int64]:
        """[axes, tokens] positions for rotary embeddings."""
        return np.arange(self.length)[None] if self.positions is None else self.positions


class Run(NamedTuple):
    """Consecutive tokens of a packed row that see the same tokens before them."""

    span: Span
    seen: tuple[Span, ...]
    """What all of them see, in order, besides one another."""
    causal: bool
    """Whether each sees only those of the run that stand before it, or all of them."""


class Looked(NamedTuple):
    """What a model says of pictures, where it need not look at them again."""

    features: tuple[Tensor, ...]
    """[tokens, width] of each canvas."""
    projected: bool
    """Whether the projector has read them already, or is still to."""


@dataclass(frozen=True)
class Batch:
    """A packed row of examples."""

    input_ids: Tensor
    """[tokens]"""
    positions: Tensor
    """[axes, tokens]"""
    runs: tuple[Run, ...]
    """Every token is in one."""
    loss_weights: Tensor
    """[tokens] weight of predicting each token from the one before it; their sum over an example
    is its weight."""
    owners: Tensor
    """[tokens] the number of the example that a token with loss belongs to."""
    canvases: tuple[Canvas, ...]
    """Each picture once."""
    looks: tuple[int, ...]
    """Numbers of the canvases, in the order that the row's image tokens stand for them."""
    num_examples: int
    graded: Graded = PLAIN
    """Of the row."""
    numbers: tuple[float | None, ...] = ()
    """What a number head should say of each example."""
    looked: Looked | None = None
    """What the vision tower says of the canvases; None looks at them."""

    def show(self, spell: Callable[[int], str]) -> str:
        """The tokens in colour: grey is seen, green carries loss, images are counted."""
        parts: list[str] = []
        for (is_image, colour), tokens in groupby(
            zip(self.input_ids.tolist(), self.loss_weights.tolist(), strict=True),
            key=lambda one: (spell(one[0]) == "<image>", "32" if one[1] > 0 else "90"),
        ):
            spelled = [_visible(spell(token)) for token, _ in tokens]
            words = [f"<image> x {len(spelled)}"] if is_image else spelled
            parts += [f"\x1b[{colour}m{word}\x1b[0m" for word in words]
        return "|".join(parts)


@dataclass(frozen=True)
class Padded:
    """Prefixes to go on from [batch, time], padded on the left, so that all rows end together."""

    input_ids: Tensor
    attention_mask: Tensor
    """1 for what is there, 0 for padding."""
    blocks: Tensor
    """Number of the block whose tokens see one another both ways; -1 for causal ones."""
    positions: Tensor
    """[axes, batch, time]"""
    canvases: tuple[Canvas, ...]
    looks: tuple[int, ...]

    def may_attend(self) -> Tensor:
        """[batch, 1, time, time] whether a token (row) may see another (column).

        Padding sees itself, so that no row of the softmax is empty.
        """
        time = self.input_ids.shape[1]
        causal = torch.ones(time, time, dtype=torch.bool).tril()
        there = self.attention_mask.bool()[:, None, None, :]
        return ((causal | self.together()) & there) | torch.eye(time, dtype=torch.bool)

    def together(self) -> Tensor:
        """[batch, 1, time, time] whether both are in one block that sees itself both ways."""
        same = self.blocks[:, :, None] == self.blocks[:, None, :]
        return (same & (self.blocks >= 0)[..., None])[:, None]


def pack(examples: Sequence[Example]) -> Batch:
    """One row; neighbours that share their images share the tokens that stand for them too."""
    row = _Row()
    for example in examples:
        row.add(example)
    return row.batch()


class _Pictures:
    """The canvases of a batch, each once: a store gives the same memory for the same picture."""

    def __init__(self) -> None:
        self.canvases: list[Canvas] = []
        self.looks: list[int] = []
        self._numbers: dict[tuple[int, tuple[int, ...]], int] = {}

    def look(self, canvases: Iterable[Canvas]) -> None:
        """Add the pictures of an example."""
        for canvas in canvases:
            key = (canvas.__array_interface__["data"][0], canvas.shape)
            if key not in self._numbers:
                self._numbers[key] = len(self.canvases)
                self.canvases.append(canvas)
            self.looks.append(self._numbers[key])


@dataclass
class _Row:
    """A packed row being written."""

    tokens: list[int] = field(default_factory=list)
    weights: list[float] = field(default_factory=list)
    owners: list[int] = field(default_factory=list)
    positions: list[NDArray[np.int64]] = field(default_factory=list)
    runs: list[Run] = field(default_factory=list)
    graded: list[Graded] = field(default_factory=list)
    numbers: list[float | None] = field(default_factory=list)
    pictures: _Pictures = field(default_factory=_Pictures)
    count: int = 0
    trunk: Span = NOWHERE
    of: Example | None = None
    """The example that the trunk was written for."""

    def add(self, example: Example) -> None:
        """Write an example, but for what it shares with the one before it."""
        if self.of is None or not _share(self.of, example):
            self._write_trunk(example)
        place = len(self.tokens)
        known = len(example.prefix) - example.shared
        each = example.weight / max(1, len(example.suffix))
        self._write(example, Span(example.shared, example.length))
        self.weights += [0.0] * known + [each] * len(example.suffix)
        self.runs += _runs(example, Span(example.shared, example.length), self.trunk, place)
        moved = example.graded.places + place + known
        self.graded.append(example.graded._replace(places=moved))
        self.numbers.append(example.number)
        self.count += 1

    def batch(self) -> Batch:
        """What was written."""
        return Batch(
            torch.tensor(self.tokens),
            torch.from_numpy(np.concatenate(self.positions, axis=1)),
            tuple(self.runs),
            torch.tensor(self.weights),
            torch.tensor(self.owners),
            tuple(self.pictures.canvases),
            tuple(self.pictures.looks),
            self.count,
            Graded(*(np.concatenate(each) for each in zip(*self.graded, strict=True))),
            tuple(self.numbers),
        )

    def _write_trunk(self, example: Example) -> None:
        start = len(self.tokens)
        span = Span(0, example.shared)
        self.trunk, self.of = Span(start, start + example.shared), example
        self._write(example, span)
        self.weights += [0.0] * example.shared
        self.runs += _runs(example, span, self.trunk, start + example.shared)
        self.pictures.look(example.canvases)

    def _write(self, example: Example, span: Span) -> None:
        self.tokens += (example.prefix + example.suffix)[span.start : span.end]
        self.positions.append(example.places[:, span.start : span.end])
        self.owners += [self.count] * (span.end - span.start)


def _share(one: Example, other: Example) -> bool:
    """Whether the tokens that both may share are the same and stand for the same pictures."""
    return (
        0 < one.shared == other.shared
        and one.prefix[: one.shared] == other.prefix[: one.shared]
        and len(one.canvases) == len(other.canvases)
        and all(map(_same, one.canvases, other.canvases))
    )


def _same(one: Canvas, other: Canvas) -> bool:
    return one is other or np.array_equal(one, other)


def _runs(example: Example, span: Span, trunk: Span, place: int) -> Iterator[Run]:
    """The runs of the example's tokens in `span`; its trunk and the rest stand where they stand."""

    def in_row(part: Span) -> tuple[Span, ...]:
        shared = Span(*(trunk.start + min(at, example.shared) for at in part))
        own = Span(*(place + max(at, example.shared) - example.shared for at in part))
        return tuple(each for each in (shared, own) if each.start < each.end)

    for part, causal in _parts(example, span):
        yield Run(in_row(part)[0], in_row(Span(0, part.start)), causal)


def _parts(example: Example, span: Span) -> Iterator[tuple[Span, bool]]:
    """The tokens in `span`, cut where seeing both ways begins and ends."""
    at = span.start
    for block in example.both_ways:
        start, end = max(block.start, span.start), min(block.end, span.end)
        if start >= end:
            continue
        if at < start:
            yield Span(at, start), True
        yield Span(start, end), False
        at = end
    if at < span.end:
        yield Span(at, span.end), True


def pad(examples: Sequence[Example], pad_id: int) -> Padded:
    """Prefixes (and suffixes, where there are some) padded on the left."""
    shape = (len(examples), max(example.length for example in examples))
    ids = np.full(shape, pad_id)
    mask, blocks = np.zeros(shape, np.int64), np.full(shape, -1)
    positions = np.zeros((len(examples[0].places), *shape), np.int64)
    pictures = _Pictures()
    for row, example in enumerate(examples):
        start = shape[1] - example.length
        ids[row, start:] = example.prefix + example.suffix
        mask[row, start:] = 1
        positions[:, row, start:] = example.places
        for number, block in enumerate(example.both_ways):
            blocks[row, start + block.start : start + block.end] = number
        pictures.look(example.canvases)
    return Padded(
        torch.from_numpy(ids),
        torch.from_numpy(mask),
        torch.from_numpy(blocks),
        torch.from_numpy(positions),
        tuple(pictures.canvases),
        tuple(pictures.looks),
    )


def pixels(canvases: Sequence[Canvas]) -> Tensor:
    """[pictures, 3, height, width] in order, grey repeated to three channels, scaled to -1 to 1."""
    planes = np.stack([_three_planes(canvas) for canvas in canvases])
    return torch.from_numpy(planes).float().div_(127.5).sub_(1.0)


def grey(canvases: Sequence[Canvas]) -> Tensor:
    """[pictures, 1, height, width] of grey canvases as they are, one byte a pixel."""
    return torch.from_numpy(np.stack(canvases)[:, None])


def _visible(text: str) -> str:
    return text.replace("\n", "\\n").replace("\x1b", "\\e")


def _three_planes(canvas: Canvas) -> Canvas:
    if canvas.ndim == 2:
        return np.broadcast_to(canvas, (3, *canvas.shape))
    return np.ascontiguousarray(canvas.transpose(2, 0, 1))
