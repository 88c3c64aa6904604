"""_shards: names say the split, and how many shards there are."""

import pytest

from diascope.sources._shards import in_order, missing, split_of


@pytest.mark.parametrize(
    ("file", "split"),
    [
        ("data/train-00000-of-00002-aaaaaaaaaaaaaaaa.parquet", "train"),
        ("data/validation-00000-of-00001.parquet", "val"),
        ("Test/0000.parquet", "test"),
        ("train/val/metadata.csv", "val"),
        ("test.json", "test"),
        ("data/contest-00000-of-00001.parquet", ""),
        ("latest/a.png", ""),
    ],
)
def test_the_split_is_the_nearest_word_that_says_one(file, split):
    assert split_of(file) == split


def test_train_comes_first():
    files = ["data/test-00000-of-00001.parquet", "data/train-00000-of-00001.parquet"]
    assert in_order(files) == files[::-1]


def test_a_shard_that_its_sisters_count_is_missed():
    found = missing([f"data/train-0000{at}-of-00004-abc{at}.parquet" for at in (0, 3)])
    assert [problem.file for problem in found] == [
        "data/train-00001-of-00004.parquet",
        "data/train-00002-of-00004.parquet",
    ]
    assert not list(missing(["data/test-00000-of-00001.parquet", "train/0001.parquet"]))
