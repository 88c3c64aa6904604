"""Tables of a raw folder: what was torn is refused, and no file is passed over."""

import csv
import io

import pytest
from hypothesis import given
from hypothesis import strategies as st

from diascope.errors import InputError
from diascope.sources.folder import Folder

cells = st.text(st.characters(codec="utf-8", exclude_characters="\r\0"), max_size=5)


def table(tmp_path, text, columns=("a", "b")):
    (tmp_path / "t.csv").write_text(text, newline="")
    return list(Folder(tmp_path).table("t.csv", columns))


@given(st.lists(st.tuples(cells, cells, cells), max_size=5))
def test_every_cell_of_a_whole_table_is_read(tmp_path_factory, rows):
    text = io.StringIO()
    csv.writer(text, lineterminator="\n").writerows([("a", "b", "c"), *rows])
    read = table(tmp_path_factory.mktemp("table"), text.getvalue())
    found = [tuple(line.cells.values()) for line in read]
    assert found == [tuple(map(str.strip, row)) for row in rows]


@pytest.mark.parametrize("row", ["1,2,3,4", "1,2,,4", '1,"2",3,"4"'])
def test_a_row_with_more_cells_than_the_header_is_refused(tmp_path, row):
    with pytest.raises(InputError, match=r"t\.csv, row 3: it has more cells"):
        table(tmp_path, f"a,b,c\n1,2,3\n{row}\n")


def test_empty_cells_beyond_the_header_are_nothing(tmp_path):
    (line,) = table(tmp_path, "a,b\n1,2,, \n")
    assert dict(line.cells) == {"a": "1", "b": "2"}


@pytest.mark.parametrize("end", ["3", "3,", '3,"4', "3,4"])
def test_a_table_that_ends_in_the_middle_of_a_row_is_refused(tmp_path, end):
    with pytest.raises(InputError, match=r"t\.csv, row 3: it ends in the middle; copy the file"):
        table(tmp_path, f"a,b,c\n1,2,3\n{end}")


def test_a_short_row_is_filled_with_empty_cells(tmp_path):
    """As spreadsheets write them; the last row may lack its line break where it is whole."""
    short, whole = table(tmp_path, "a,b,c\n1\n4,5,6")
    assert dict(short.cells) == {"a": "1", "b": "", "c": ""}
    assert dict(whole.cells) == {"a": "4", "b": "5", "c": "6"}


def test_a_column_that_is_there_twice_is_refused(tmp_path):
    with pytest.raises(InputError, match=r"t\.csv: its header has the column 'c' twice"):
        table(tmp_path, "a,b,c,c\n1,2,3,4\n")
    assert len(table(tmp_path, "a,b,,\n1,2,,\n")) == 1


def test_a_file_that_no_image_has_is_told(tmp_path):
    for name in ("one", "other"):
        (tmp_path / f"{name}.png").touch()
    folder = Folder(tmp_path)
    (stray,) = folder.strays("*.png", {"one.png"})
    assert (stray.file, stray.reason) == ("other.png", "its image is missing")
