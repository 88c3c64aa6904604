from hypothesis import given
from hypothesis import strategies as st

from diascope.training.replicas import passes

COUNTS = st.integers(1, 12)


@given(first=st.integers(0, 10**12), batch=COUNTS, accumulate=COUNTS, size=COUNTS)
def test_a_step_is_dealt_whole_and_once(first: int, batch: int, accumulate: int, size: int) -> None:
    """By position, the first process never less than another, no pass larger than a batch."""
    step = batch * accumulate
    dealt = [passes(first, step, batch, rank, size) for rank in range(size)]
    read = [place for own in dealt for positions in own for place in positions]
    assert sorted(read) == list(range(first, first + step))
    assert all(0 < len(positions) <= batch for own in dealt for positions in own)
    assert max(map(len, dealt)) == len(dealt[0])


@given(first=st.integers(0, 10**12), batch=COUNTS, accumulate=COUNTS)
def test_one_process_reads_batch_after_batch(first: int, batch: int, accumulate: int) -> None:
    expected = [
        range(first + part * batch, first + (part + 1) * batch) for part in range(accumulate)
    ]
    assert passes(first, batch * accumulate, batch, 0, 1) == expected
