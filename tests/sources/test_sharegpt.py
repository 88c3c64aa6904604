"""sharegpt: names of columns and roles are those of dataset_info.json, and bad entries are told."""

import json
import shutil
from pathlib import Path

import pytest

from diascope.errors import InputError
from diascope.sources.sharegpt import SOURCE
from diascope.sources.source import Problem

PICTURE = Path(__file__).parent / "fixtures" / "sharegpt" / "raw" / "chest_demo_data" / "1.jpg"


@pytest.fixture
def root(tmp_path):
    shutil.copy(PICTURE, tmp_path / "1.jpg")
    return tmp_path


def read(root, *entries, info=None):
    (root / "talk.json").write_text(json.dumps(entries))
    if info:
        (root / "dataset_info.json").write_text(json.dumps({"talk": info}))
    return list(SOURCE.read(root))


def entry(*contents, **other):
    roles = ("user", "assistant")
    turns = [{"role": roles[at % 2], "content": text} for at, text in enumerate(contents)]
    return {"messages": turns, "images": ["1.jpg"]} | other


def test_other_names_of_columns_and_roles_are_read(root):
    turns = [{"who": "Q", "words": "a?"}, {"who": "A", "words": "b"}]
    info = {
        "file_name": "talk.json",
        "columns": {"messages": "chat", "images": "pictures"},
        "tags": {"role_tag": "who", "content_tag": "words", "user_tag": "Q", "assistant_tag": "A"},
    }
    (record,) = read(root, {"chat": turns, "pictures": "1.jpg"}, info=info)
    assert record.turns[0].question == "a?"


def test_bad_entries_are_problems(root):
    told = read(
        root,
        entry("a", "b"),
        entry("a", "b", images=["9.jpg"]),
        entry("a", "b", images=["../1.jpg"]),
        entry("<image><image>a", "b"),
        entry([{"type": "text", "text": "a"}, 5], "b"),
        entry("a", "b", messages=7),
        entry("a", "b", messages=["a"]),
        {"images": ["1.jpg"]},
        "words",
        entry("a", "b", images=[None, "1.jpg"]),
        entry([{"type": "video", "video": "1.mp4"}, {"type": "text", "text": "a"}], "b"),
    )
    assert [item.row for item in told if isinstance(item, Problem)] == list(range(2, 12))
    assert [item.file for item in told if isinstance(item, Problem)] == ["talk.json"] * 10


def test_a_line_that_is_no_json_is_a_problem(root):
    (root / "more.jsonl").write_text("{\n")
    told = read(root, entry("a", "b"))
    assert [(item.file, item.row) for item in told if isinstance(item, Problem)] == [
        ("more.jsonl", 1)
    ]


def test_a_folder_without_conversations_is_refused(tmp_path):
    with pytest.raises(InputError, match="conversations"):
        list(SOURCE.read(tmp_path))


@pytest.mark.parametrize(
    "info",
    [
        {"columns": {"images": ["pictures"]}},
        {"columns": ["images"]},
        {"tags": {"role_tag": {"a": 1}}},
        {"tags": {"user_tag": 3}},
    ],
)
def test_a_name_of_a_column_that_is_no_text_is_refused(root, info):
    with pytest.raises(InputError, match=r"dataset_info\.json: .*should be"):
        read(root, entry("a?", "b"), info={"file_name": "talk.json"} | info)
