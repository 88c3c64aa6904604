import os
from pathlib import Path

import pytest
import torch
from safetensors.torch import load_file

from diascope.training._controller.best import keep
from diascope.training.checkpoint import WEIGHTS


def weights(value: float) -> dict[str, torch.Tensor]:
    return {"w": torch.full((4,), value)}


def kept(folder: Path, name: str) -> float:
    return load_file(folder / f"best-{name}" / WEIGHTS)["w"][0].item()


def test_weights_that_are_the_best_by_several_measures_are_one_file(tmp_path: Path) -> None:
    keep(tmp_path, ["loss", "vqa", "mix"], weights(1.0))
    files = [tmp_path / f"best-{name}" / WEIGHTS for name in ("loss", "vqa", "mix")]
    assert len({file.stat().st_ino for file in files}) == 1
    keep(tmp_path, ["vqa"], weights(2.0))
    assert [kept(tmp_path, name) for name in ("loss", "vqa", "mix")] == [1.0, 2.0, 1.0]
    keep(tmp_path, ["mix", "loss"], weights(3.0))
    assert [kept(tmp_path, name) for name in ("loss", "vqa", "mix")] == [3.0, 2.0, 3.0]
    assert not list(tmp_path.glob(".*"))


def test_where_files_cannot_be_linked_they_are_copied(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(*_: object, **__: object) -> None:
        raise OSError

    monkeypatch.setattr(os, "link", refuse)
    keep(tmp_path, ["loss", "vqa"], weights(1.0))
    assert kept(tmp_path, "vqa") == 1.0
