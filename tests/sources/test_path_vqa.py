"""path_vqa: a missing shard and rows without words are told."""

import shutil
from pathlib import Path

import pytest

from diascope.errors import InputError
from diascope.sources.path_vqa import SOURCE
from diascope.sources.source import Problem

pyarrow = pytest.importorskip("pyarrow")
from pyarrow import parquet  # noqa: E402

RAW = Path(__file__).parent / "fixtures" / "path_vqa" / "raw"
SECOND = "data/train-00001-of-00002-bbbbbbbbbbbbbbbb.parquet"


@pytest.fixture
def root(tmp_path):
    return shutil.copytree(RAW, tmp_path / "raw")


def problems(root):
    return [item for item in SOURCE.read(root) if isinstance(item, Problem)]


def test_a_missing_shard_is_told(root):
    (root / SECOND).unlink()
    assert [problem.file for problem in problems(root)] == ["data/train-00001-of-00002.parquet"]


@pytest.mark.parametrize("column", ["question", "answer"])
def test_a_row_without_words_is_told(root, column):
    table = parquet.read_table(root / SECOND)
    at = table.schema.get_field_index(column)
    blank = table.set_column(at, column, pyarrow.array([" ", None], pyarrow.string()))
    parquet.write_table(blank, root / SECOND)
    assert [(each.file, each.row) for each in problems(root)] == [(SECOND, 1), (SECOND, 2)]


def test_a_file_without_the_columns_is_told_row_by_row(root):
    parquet.write_table(pyarrow.table({"other": [1]}), root / SECOND)
    assert [(each.file, each.row) for each in problems(root)] == [(SECOND, 1)]


def test_equal_pictures_are_one_patient_in_every_split(root):
    shutil.copy(root / SECOND, root / "data" / "test-00001-of-00002-dddd.parquet")
    of = {}
    for item in SOURCE.read(root):
        if not isinstance(item, Problem):
            of.setdefault(item.images[0].path, set()).add((item.patient, item.split))
    shared = [said for said in of.values() if len(said) > 1]
    assert [len({patient for patient, _ in said}) for said in shared] == [1]


def test_a_folder_without_parquet_is_refused(tmp_path):
    with pytest.raises(InputError, match="parquet"):
        list(SOURCE.read(tmp_path))
