"""What is published is whole, and takes the place of an empty folder alone."""

from pathlib import Path

import pytest

from diascope.curation.outfolder import publish_settled, write_settled


def made(folder: Path, text: str) -> Path:
    folder.mkdir()
    (folder / "inner").mkdir()
    (folder / "file").write_text(text)
    return folder


def test_a_folder_takes_the_place_of_an_empty_one(tmp_path: Path) -> None:
    out = tmp_path / "out"
    out.mkdir()
    publish_settled(made(tmp_path / "partial", "new"), out)
    assert (out / "file").read_text() == "new"
    assert [path.name for path in tmp_path.iterdir()] == ["out"]


def test_the_first_to_publish_is_believed(tmp_path: Path) -> None:
    out = made(tmp_path / "out", "first")
    with pytest.raises(OSError, match="not empty"):
        publish_settled(made(tmp_path / "partial", "second"), out)
    assert (out / "file").read_text() == "first"


def test_a_file_takes_the_place_of_another(tmp_path: Path) -> None:
    scratch = tmp_path / "scratch"
    scratch.mkdir()
    for data in (b"old", b"new"):
        write_settled(tmp_path / "file", data, scratch)
    write_settled(tmp_path / "other", b"beside")
    assert (tmp_path / "file").read_bytes() == b"new"
    assert {path.name for path in tmp_path.iterdir()} == {"file", "other", "scratch"}
    assert list(scratch.iterdir()) == []
