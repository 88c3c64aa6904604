import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from sklearn.metrics import roc_auc_score

from diascope.metrics.auroc import auroc


@given(st.lists(st.tuples(st.integers(-3, 3), st.booleans()), min_size=2, max_size=40))
def test_it_is_scikit_learns_ties_included(pairs: list[tuple[int, bool]]) -> None:
    scores, truths = np.array([s for s, _ in pairs], np.float32), np.array([t for _, t in pairs])
    if truths.all() or not truths.any():
        assert math.isnan(auroc(scores, truths))
    else:
        assert auroc(scores, truths) == pytest.approx(roc_auc_score(truths, scores))
