"""_parquet: every picture comes back by its name, whatever the row groups; damage is a Problem."""

import builtins
import io

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image as Picture

from diascope.errors import InputError
from diascope.sources import _parquet
from diascope.sources.folder import Folder, Unreadable
from diascope.sources.source import Problem

pyarrow = pytest.importorskip("pyarrow")
from pyarrow import parquet  # noqa: E402


def png(shade):
    file = io.BytesIO()
    Picture.new("L", (3 + shade, 2), shade).save(file, "PNG")
    return file.getvalue()


def write(path, cells, group=2, column="image"):
    struct = pyarrow.struct([("bytes", pyarrow.binary()), ("path", pyarrow.string())])
    table = pyarrow.table({column: pyarrow.array(cells, struct)})
    parquet.write_table(table, path, row_group_size=group)


@settings(max_examples=25, deadline=None)
@given(st.lists(st.integers(0, 5), min_size=1, max_size=9), st.integers(1, 4))
def test_every_picture_comes_back_by_its_name(tmp_path_factory, shades, group):
    root = tmp_path_factory.mktemp("rows")
    write(root / "a.parquet", [{"bytes": png(shade), "path": None} for shade in shades], group)
    pictures = _parquet.Pictures(Folder(root))
    names = {}
    for row, cells in enumerate(_parquet.rows(Folder(root), "a.parquet")):
        image, digest = pictures.picture("a.parquet", row, "image", cells["image"])
        assert _parquet.extract(root, image.path) == png(shades[row])
        assert image.width == 3 + shades[row]
        assert image.sha256 == digest
        names[image.path] = shades[row]
    assert len(names) == len(set(shades)), "equal bytes are one image"


def test_only_the_columns_asked_for_are_read(tmp_path):
    table = pyarrow.table({"image": [b"x"], "label": [1]})
    parquet.write_table(table, tmp_path / "a.parquet")
    assert list(_parquet.rows(Folder(tmp_path), "a.parquet", ["label"])) == [{"label": 1}]


@pytest.mark.parametrize("cell", [None, {"bytes": None, "path": "a.png"}, {"bytes": b""}, 7])
def test_a_cell_without_a_picture_is_unreadable(cell):
    with pytest.raises(Unreadable, match="no picture"):
        _parquet.picture_bytes(cell)


@pytest.mark.parametrize("keep", [0, 20, -30])
def test_a_damaged_file_is_one_problem(tmp_path, keep):
    path = tmp_path / "a.parquet"
    write(path, [{"bytes": png(1), "path": None}])
    path.write_bytes(path.read_bytes()[:keep])
    told = list(_parquet.row_records(Folder(tmp_path), "a.parquet", lambda row, cells: ()))
    assert [(type(each), each.file, each.row) for each in told] == [(Problem, "a.parquet", None)]


@pytest.mark.parametrize(
    "name",
    [
        "a.parquet/9/image.png",
        "a.parquet/0/picture.png",
        "a.parquet/x/image.png",
        "a.parquet",
        "b.parquet/0/image.png",
        "../a.parquet/0/image.png",
    ],
)
def test_a_name_of_no_picture_is_refused(tmp_path, name):
    write(tmp_path / "a.parquet", [{"bytes": png(1), "path": None}])
    with pytest.raises(InputError):
        _parquet.extract(tmp_path, name)


def test_without_pyarrow_it_says_what_to_install(tmp_path, monkeypatch):
    write(tmp_path / "a.parquet", [])
    real = builtins.__import__

    def refusing(name, *args, **more):
        if name.startswith("pyarrow"):
            raise ImportError(name)
        return real(name, *args, **more)

    monkeypatch.setattr(builtins, "__import__", refusing)
    with pytest.raises(InputError, match=r"pip install 'diascope\[parquet\]'"):
        list(_parquet.rows(Folder(tmp_path), "a.parquet"))
