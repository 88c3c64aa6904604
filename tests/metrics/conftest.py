from collections.abc import Callable, Sequence

import numpy as np
import pytest

from diascope.metrics.sums import Row, Sums


@pytest.fixture
def total() -> Callable[..., Sums]:
    """Sums of rows, plain or weighted; independent of the code that tasks use."""

    def add(rows: Sequence[Row], weights: Sequence[float] | None = None) -> Sums:
        weights = weights or [1.0] * len(rows)
        names = {name for row in rows for name in row}
        return {
            name: np.array(
                sum(w * row.get(name, 0.0) for w, row in zip(weights, rows, strict=True))
            )
            for name in names
        }

    return add
