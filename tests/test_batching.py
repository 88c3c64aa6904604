from dataclasses import replace

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from diascope.batching import Batch, Example, Span, pack, pad, pixels

GREY = np.full((4, 4), 255, np.uint8)
COLOUR = np.zeros((4, 4, 3), np.uint8)
ROWS = [
    Example((3, 3, 9), (5, 6, 1), (GREY,), (Span(0, 3),)),
    Example((3, 3), (7, 1), (COLOUR,), (Span(0, 2),)),
]


def sees(batch: Batch) -> np.ndarray:
    """[token, token] whether the first sees the second, by the runs."""
    matrix = np.zeros((len(batch.input_ids),) * 2, bool)
    for span, seen, causal in batch.runs:
        for token in range(*span):
            for each in seen:
                matrix[token, slice(*each)] = True
            matrix[token, span.start : token + 1 if causal else span.end] = True
    return matrix


def test_examples_lie_one_behind_the_other_and_weigh_one_each() -> None:
    batch = pack(ROWS)
    assert batch.input_ids.tolist() == [3, 3, 9, 5, 6, 1, 3, 3, 7, 1]
    assert batch.positions.tolist() == [[0, 1, 2, 3, 4, 5, 0, 1, 2, 3]]
    third = pytest.approx(1 / 3)
    assert batch.loss_weights.tolist() == [0, 0, 0, third, third, third, 0, 0, 0.5, 0.5]
    assert batch.num_examples == 2
    assert batch.looks == (0, 1)


def test_a_weight_is_shared_by_the_suffix() -> None:
    batch = pack([replace(ROWS[0], weight=3.0)])
    assert batch.loss_weights.tolist() == [0, 0, 0, 1, 1, 1]


def test_a_picture_is_looked_at_once() -> None:
    batch = pack([ROWS[0], ROWS[1], ROWS[0]])
    assert len(batch.canvases) == 2
    assert batch.looks == (0, 1, 0)


def test_what_is_shared_is_written_once() -> None:
    first = Example((3, 3, 8, 9), (5, 1), (GREY,), shared=3)
    second = Example((3, 3, 8, 7, 7), (6, 6, 1), (GREY.copy(),), shared=3)
    batch = pack([first, second, replace(second, canvases=(COLOUR,))])
    assert batch.input_ids.tolist() == [3, 3, 8, 9, 5, 1, 7, 7, 6, 6, 1, 3, 3, 8, 7, 7, 6, 6, 1]
    assert batch.positions[0, 6:11].tolist() == [3, 4, 5, 6, 7]
    assert batch.looks == (0, 1)
    seen = sees(batch)
    assert seen[8].nonzero()[0].tolist() == [0, 1, 2, 6, 7, 8]
    assert seen[5].nonzero()[0].tolist() == [0, 1, 2, 3, 4, 5]


tokens = st.lists(st.integers(3, 9), min_size=1, max_size=6).map(tuple)


@st.composite
def examples(draw: st.DrawFn) -> Example:
    prefix, suffix = draw(tokens), draw(tokens)
    cuts = sorted(draw(st.sets(st.integers(0, len(prefix)), max_size=4)))
    blocks = tuple(Span(*pair) for pair in zip(cuts[::2], cuts[1::2], strict=False))
    shared = draw(st.integers(0, len(prefix) - 1))
    return Example(prefix, suffix, (draw(st.sampled_from([GREY, COLOUR])),), blocks, shared)


@given(st.lists(examples(), min_size=1, max_size=4), st.booleans())
def test_every_token_sees_what_it_would_see_alone(rows: list[Example], twice: bool) -> None:
    """Whatever is shared: the tokens seen, in order, are those of the example by itself."""
    rows = [row for row in rows for _ in range(1 + twice)]
    batch = pack(rows)
    seen, ids = sees(batch), batch.input_ids.numpy()
    heads = np.flatnonzero(batch.loss_weights.numpy())
    ends = [0, *np.cumsum([len(row.suffix) for row in rows])]
    for row, first, last in zip(rows, ends, ends[1:], strict=False):
        alone = pad([row], 0)
        expected = alone.may_attend()[0, 0].numpy()
        for place, token in enumerate(heads[first:last].tolist()):
            at = len(row.prefix) + place
            whole = np.array(row.prefix + row.suffix)
            assert ids[seen[token]].tolist() == whole[expected[at]].tolist()
            places = batch.positions[0].numpy()[seen[token]]
            assert places.tolist() == row.places[0, expected[at]].tolist()
    assert sorted(place for run in batch.runs for place in range(*run.span)) == list(
        range(len(ids))
    )


@given(examples())
def test_a_prefix_sees_the_same_packed_and_padded(row: Example) -> None:
    own = replace(row, shared=0)
    assert (sees(pack([own])) == pad([own], 0).may_attend()[0, 0].numpy()).all()


def test_rows_for_generation_end_together() -> None:
    batch = pad(ROWS, pad_id=0)
    assert batch.input_ids.tolist() == [[3, 3, 9, 5, 6, 1], [0, 0, 3, 3, 7, 1]]
    assert batch.attention_mask[1].tolist() == [0, 0, 1, 1, 1, 1]
    assert batch.positions[0, 1].tolist() == [0, 0, 0, 1, 2, 3]
    assert batch.blocks[1].tolist() == [-1, -1, 0, 0, -1, -1]


def test_pixels_run_from_minus_one_to_one_in_three_planes() -> None:
    values = pixels([GREY, COLOUR])
    assert values.shape == (2, 3, 4, 4)
    assert values[0].min() == 1.0
    assert values[1].max() == -1.0
    assert values.dtype == torch.float32


def test_show_colours_what_carries_loss() -> None:
    shown = pack(ROWS[:1]).show(lambda token: "<image>" if token == 3 else f"t{token}")
    assert "<image> x 2" in shown
    assert "\x1b[32mt5" in shown
    assert "\x1b[90mt9" in shown
