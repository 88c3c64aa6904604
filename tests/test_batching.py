import numpy as np
import torch

from diascope.batching import PREFIX, SUFFIX, Example, collate, pixels

GREY = np.full((4, 4), 255, np.uint8)
COLOUR = np.zeros((4, 4, 3), np.uint8)
ROWS = [Example((3, 3, 9), (5, 6, 1), (GREY,)), Example((3, 3), (7, 1), (COLOUR,))]


def test_rows_are_padded_on_the_right_and_weigh_one_each() -> None:
    batch = collate(ROWS, pad_id=0)
    assert batch.input_ids.tolist() == [[3, 3, 9, 5, 6, 1], [3, 3, 7, 1, 0, 0]]
    assert batch.attention_mask.tolist() == [[1] * 6, [1] * 4 + [0] * 2]
    assert batch.token_type_ids.tolist() == [
        [PREFIX] * 3 + [SUFFIX] * 3,
        [PREFIX] * 2 + [SUFFIX] * 4,
    ]
    torch.testing.assert_close(batch.loss_weights.sum(dim=1), torch.ones(2))
    assert batch.loss_weights[0, :3].sum() == 0


def test_rows_for_generation_end_together() -> None:
    batch = collate(ROWS, pad_id=0, pad_left=True)
    assert batch.input_ids.tolist() == [[3, 3, 9, 5, 6, 1], [0, 0, 3, 3, 7, 1]]
    assert batch.attention_mask[1].tolist() == [0, 0, 1, 1, 1, 1]


def test_pixels_run_from_minus_one_to_one_in_three_planes() -> None:
    values = pixels(ROWS)
    assert values.shape == (2, 3, 4, 4)
    assert values[0].min() == 1.0
    assert values[1].max() == -1.0


def test_show_colours_what_carries_loss() -> None:
    shown = collate(ROWS, pad_id=0).show(lambda token: "<image>" if token == 3 else f"t{token}")
    assert "<image> x 2" in shown
    assert "\x1b[32mt5" in shown
    assert "\x1b[90mt9" in shown
    assert "t0" not in shown
