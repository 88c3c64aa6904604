import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from diascope.training._controller.tally import Tally
from diascope.training.loss import Learnt

rows = st.lists(
    st.tuples(st.sampled_from("abc"), st.floats(0, 9, width=32), st.floats(0, 1, width=32)),
    min_size=1,
    max_size=30,
)


def learnt(losses: list[float], right: list[float]) -> Learnt:
    told, shares = torch.tensor(losses), torch.tensor(right)
    return Learnt(told.sum(), told, shares, 2 * shares)


@given(rows, st.integers(1, 30))
def test_means_are_of_examples_however_they_are_packed(
    rows: list[tuple[str, float, float]], size: int
) -> None:
    tally = Tally()
    for start in range(0, len(rows), size):
        tasks, losses, right = zip(*rows[start : start + size], strict=True)
        tally.add(tasks, learnt(list(losses), list(right)))
    assert tally.losses() == [loss for _, loss, _ in rows]
    means = tally.means()
    assert list(means) == sorted({task for task, *_ in rows})
    for task, told in means.items():
        own = [row for row in rows if row[0] == task]
        assert told.n == len(own)
        assert told.loss == pytest.approx(sum(row[1] for row in own) / told.n, rel=1e-5)
        assert told.accuracy == pytest.approx(sum(row[2] for row in own) / told.n, rel=1e-5)
        assert told.entropy == pytest.approx(2 * told.accuracy, rel=1e-4)


def test_a_row_of_other_length_is_refused() -> None:
    with pytest.raises(ValueError, match="zip"):
        Tally().add(["a", "b"], learnt([1.0], [1.0]))
