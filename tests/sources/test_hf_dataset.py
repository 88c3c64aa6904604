"""hf_dataset: what a table, a schema or a folder says wrongly is told, row by row."""

import io
import json
import shutil
from pathlib import Path

import pytest
from PIL import Image as Picture

from diascope.answers import Choice
from diascope.errors import InputError
from diascope.sources.hf_dataset import SOURCE
from diascope.sources.source import Problem

pyarrow = pytest.importorskip("pyarrow")
from pyarrow import parquet  # noqa: E402

RAW = Path(__file__).parent / "fixtures" / "hf_dataset" / "raw"


def png(shade=0):
    file = io.BytesIO()
    Picture.new("L", (8, 6), shade).save(file, "PNG")
    return file.getvalue()


def write(root, rows, features=None, name="train-00000-of-00001.parquet"):
    told = {"huggingface": json.dumps({"info": {"features": features}})} if features else {}
    table = pyarrow.Table.from_pylist([{"image": {"bytes": png()}} | row for row in rows])
    parquet.write_table(table.replace_schema_metadata(told), root / name)


def read(root):
    return list(SOURCE.read(root))


def lines(root, *rows):
    (root / "train").mkdir()
    (root / "train" / "a.png").write_bytes(png())
    text = "\n".join(json.dumps({"file_name": "a.png"} | row) for row in rows)
    (root / "train" / "metadata.jsonl").write_text(text)
    return read(root)


def test_a_class_out_of_range_is_a_problem_and_one_that_is_not_known_is_not_asked(tmp_path):
    features = {"label": {"_type": "ClassLabel", "names": ["no", "yes"]}}
    write(tmp_path, [{"label": label, "text": "a"} for label in (0, -1, 7, None)], features)
    first, unknown, beyond, blank = read(tmp_path)
    assert first.turns[0].answer == Choice(option="no")
    assert [turn.task for turn in (*unknown.turns, *blank.turns)] == ["report", "report"]
    assert (type(beyond), beyond.row) == (Problem, 3)


def test_a_list_of_classes_is_read_by_name_whatever_its_column(tmp_path):
    inner = {"_type": "ClassLabel", "names": ["mass", "node"]}
    write(tmp_path, [{"seen": [1]}, {"seen": None}], {"seen": {"_type": "List", "feature": inner}})
    first, blank = read(tmp_path)
    assert (first.turns[0].answer.present, first.turns[0].answer.absent) == (("node",), ("mass",))
    assert isinstance(blank, Problem)


@pytest.mark.parametrize(
    "objects",
    [
        [],
        {"bbox": [[1, 1, 2, 2]], "categories": []},
        {"bbox": [[1, 1, 2]], "categories": [0]},
        {"bbox": [[1, 1, 0, 2]], "categories": [0]},
        {"bbox": 3, "categories": [0]},
        {"bbox": [[1, 1, 2, 2]]},
        {"categories": [0]},
    ],
)
def test_bad_objects_are_a_problem(tmp_path, objects):
    (item,) = lines(tmp_path, {"objects": objects})
    assert (type(item), item.file, item.row) == (Problem, "train/metadata.jsonl", 1)


@pytest.mark.parametrize(
    "row", [{"file_name": "b.png"}, {"file_name": "../../x.png"}, {"file_name": None}, {}]
)
def test_a_bad_row_of_metadata_is_a_problem(tmp_path, row):
    (item,) = lines(tmp_path, row)
    assert (type(item), item.row) == (Problem, 1)


def test_a_line_that_is_no_json_is_a_problem(tmp_path):
    lines(tmp_path, {"text": "a"})
    (tmp_path / "train" / "metadata.jsonl").write_text("{")
    assert [type(item) for item in read(tmp_path)] == [Problem]


def test_a_table_without_file_names_is_refused(tmp_path):
    (tmp_path / "metadata.csv").write_text("file,label\na.png,1\n")
    with pytest.raises(InputError, match="file_name"):
        read(tmp_path)


def test_a_damaged_shard_is_one_problem_beside_the_others(tmp_path):
    root = shutil.copytree(RAW / "parquet", tmp_path / "raw")
    (root / "data" / "train-00001-of-00002.parquet").write_bytes(b"PAR1")
    told = [item for item in read(root) if isinstance(item, Problem)]
    assert [(each.file, each.row) for each in told] == [("data/train-00001-of-00002.parquet", None)]
    assert sum(not isinstance(item, Problem) for item in read(root)) == 3


def test_a_second_picture_may_be_blank(tmp_path):
    features = {name: {"_type": "Image"} for name in ("image", "prior", "late")}
    pictures = {"prior": None, "late": {"bytes": png(9)}, "text": "a"}
    write(tmp_path, [pictures, pictures | {"prior": {"bytes": png(5)}}], features)
    first, second = read(tmp_path)
    assert [image.role for image in first.images] == ["main", "late"]
    assert [image.role for image in second.images] == ["main", "prior", "late"]
    assert SOURCE.image_bytes(tmp_path, second.images[1].path) == png(5)


def test_one_file_name_in_two_folders_is_two_patients(tmp_path):
    for place in ("train/a", "test/b"):
        (tmp_path / place).mkdir(parents=True)
        (tmp_path / place / "1.png").write_bytes(png())
    assert len({item.patient for item in read(tmp_path)}) == 2


def test_pictures_that_nothing_is_told_of_are_no_set(tmp_path):
    (tmp_path / "a.png").write_bytes(png())
    with pytest.raises(InputError, match="Parquet"):
        read(tmp_path)
