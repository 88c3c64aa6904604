"""llava: entries that are no conversation about an image are told."""

import json
import shutil
from pathlib import Path

import pytest

from diascope.errors import InputError
from diascope.sources.llava import SOURCE
from diascope.sources.source import Problem

RAW = Path(__file__).parent / "fixtures" / "llava" / "raw"


@pytest.fixture
def root(tmp_path):
    return shutil.copytree(RAW, tmp_path / "raw")


def only(root, *entries):
    (root / "train.json").unlink()
    (root / "test.json").write_text(json.dumps(entries))
    return list(SOURCE.read(root))


def entry(*said, **other):
    turns = [{"from": ("human", "gpt")[at % 2], "value": text} for at, text in enumerate(said)]
    return {"image": "p01/chest_pa.jpg", "conversations": turns} | other


def test_bad_entries_are_problems(root):
    told = only(
        root,
        entry("<image>a", "b"),
        entry("<image>a", "b", image="../truth.json"),
        entry("<image>a", "b", conversations=3),
        entry("<image>a", "b", image=7),
        entry("<image>a"),
        "words",
    )
    assert [item.row for item in told if isinstance(item, Problem)] == [2, 3, 4, 5, 6]


def test_a_name_may_begin_with_the_folder_of_images(root):
    (record,) = only(root, entry("<image>a", "b", image="images/p01/chest_pa.jpg"))
    assert record.images[0].path == "images/p01/chest_pa.jpg"


def test_images_of_one_conversation_are_of_one_patient():
    by_entry = {item.id: item for item in SOURCE.read(RAW) if not isinstance(item, Problem)}
    assert by_entry["train/1"].patient == by_entry["train/3"].patient
    assert by_entry["train/1"].patient != by_entry["train/2"].patient


def test_a_folder_without_conversations_is_refused(tmp_path):
    (tmp_path / "other.json").write_text("[1]")
    with pytest.raises(InputError, match="conversations"):
        list(SOURCE.read(tmp_path))
