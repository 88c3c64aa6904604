import numpy as np
import torch
from torch.nn.functional import cross_entropy

from diascope.batching import Example, Span, pack
from diascope.models.number_head import attach
from diascope.models.tiny import from_scratch
from diascope.training.loss import learn
from diascope.training.supervision import HARD, LossConfig


def test_what_a_row_teaches_is_told_example_by_example() -> None:
    """The mean over its own suffix, times its weight; whoever lies beside it in the row."""
    model = from_scratch(seed=0)
    canvas = np.zeros((128, 128), np.uint8)
    image = (model.image_id,) * 64
    rows = [
        Example((*image, 2, 30), (40, 41, 1), (canvas,), (Span(0, 66),), weight=2.0),
        Example((*image, 2, 30, 31), (50, 1), (canvas,), (Span(0, 67),)),
    ]
    with torch.no_grad():
        both = learn(model, pack(rows), HARD)
        alone = [learn(model, pack([row]), HARD) for row in rows]
        logits = model.head(model.hidden(pack(rows[:1]))[65:68])
    torch.testing.assert_close(both.losses, torch.cat([each.losses for each in alone]))
    torch.testing.assert_close(both.total, both.losses.sum())
    torch.testing.assert_close(both.losses[0], 2 * cross_entropy(logits, torch.tensor([40, 41, 1])))
    hits = (logits.argmax(dim=1) == torch.tensor([40, 41, 1])).float().mean()
    assert both.right[0] == hits
    said = torch.distributions.Categorical(logits=logits).entropy().mean()
    torch.testing.assert_close(both.entropy[0], said)


def test_a_head_reads_the_last_state_of_the_prefix() -> None:
    """Of the examples that ask for a number, as their weights and the loss's own say."""
    model = from_scratch(seed=0)
    head = attach(model, seed=1)
    canvas = np.zeros((128, 128), np.uint8)
    prefix = ((model.image_id,) * 64 + (2, 30), (canvas,), (Span(0, 66),))
    rows = [
        Example(prefix[0], (40, 1), *prefix[1:], weight=2.0, number=0.25),
        Example(prefix[0], (41, 42, 1), *prefix[1:]),
        Example(prefix[0], (43, 1), *prefix[1:], weight=0.5, number=0.75),
    ]
    config = LossConfig(location_sigma=0.0, number_head=3.0)
    with torch.no_grad():
        found = learn(model, pack(rows), config).losses - learn(model, pack(rows), HARD).losses
        said = head(model.hidden(pack(rows[:1]))[65:66]).item()
    wanted = [3 * 2.0 * (abs(said - 0.25) - 0.005), 0.0, 3 * 0.5 * (abs(said - 0.75) - 0.005)]
    torch.testing.assert_close(found, torch.tensor(wanted), atol=1e-5, rtol=1e-5)
