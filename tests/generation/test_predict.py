from pathlib import Path

import pytest

from diascope.errors import InputError
from diascope.generation.answering import Asking
from diascope.generation.predict import Asked, predict
from diascope.predictionfile import PREDICTIONS, PredictionFile, Sampling

HOT = Asking(sampling=Sampling(temperature=1.5), seed=3, batch_size=4)
SOME = Asked(split=None, tasks=("vqa", "multilabel"), limit=6)


def replies(folder: Path) -> dict[str, str]:
    return {each.id: each.text for each in PredictionFile.open(folder).predictions}


def test_an_interrupted_prediction_goes_on_to_the_same_replies(
    phantom: Path, tmp_path: Path
) -> None:
    """Hot sampling as well: the stream of a reply is the case's own."""
    whole, torn = tmp_path / "whole", tmp_path / "torn"
    for folder in (whole, torn):
        predict("tiny", phantom, folder, asked=SOME, asking=HOT)
    lines = (torn / PREDICTIONS).read_bytes().splitlines(keepends=True)
    (torn / PREDICTIONS).write_bytes(b"".join(lines[:5]) + lines[5][:20])
    asked: list[int] = []
    predict(
        "tiny", phantom, torn, asked=SOME, asking=HOT, resume=True,
        progress=lambda done, total: asked.append(done),
    )  # fmt: skip
    assert asked == list(range(6, len(lines) + 1))
    assert replies(torn) == replies(whole)
    assert (torn / PREDICTIONS).read_bytes().startswith(b"".join(lines[:5]))


def test_predictions_are_not_overwritten_nor_mixed(phantom: Path, tmp_path: Path) -> None:
    few = SOME._replace(tasks=("vqa",), limit=2)
    predict("tiny", phantom, tmp_path / "out", asked=few)
    with pytest.raises(InputError, match="never overwritten"):
        predict("tiny", phantom, tmp_path / "out", asked=few)
    with pytest.raises(InputError, match="another limit"):
        predict("tiny", phantom, tmp_path / "out", asked=few._replace(limit=3), resume=True)
