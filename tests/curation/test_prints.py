"""Rows of fingerprints come back as they were written, each image once."""

from pathlib import Path

import numpy as np
import pytest

from diascope.curation.fingerprint import fingerprint
from diascope.curation.prints import PrintWriter, named, read_prints
from diascope.errors import InputError

SHA = "0123456789abcdef" * 4


def written(path: Path, count: int) -> list:
    rng = np.random.default_rng(0)
    taken = [fingerprint(rng.integers(0, 255, (20, 30), np.uint8)) for _ in range(count)]
    writer = PrintWriter(path)
    for number, each in enumerate(taken):
        writer.add(SHA, number or None, each)
        writer.add(SHA, number or None, taken[0])
    writer.close()
    return taken


def test_rows_come_back(tmp_path: Path) -> None:
    taken = written(tmp_path / "f", 3)
    prints = read_prints(tmp_path / "f")
    assert prints.names == [named(SHA, None), named(SHA, 1), named(SHA, 2)]
    assert len(prints.fingerprints) == 3
    for number, each in enumerate(taken):
        assert prints.fingerprints.digests[number].tobytes() == each.digest
        assert prints.fingerprints.thumbnails[number].tobytes() == each.thumbnail


def test_an_empty_file_has_no_rows(tmp_path: Path) -> None:
    written(tmp_path / "f", 0)
    assert read_prints(tmp_path / "f").names == []


def test_a_cut_or_missing_file_is_refused(tmp_path: Path) -> None:
    written(tmp_path / "f", 2)
    (tmp_path / "f").write_bytes((tmp_path / "f").read_bytes()[:-5])
    with pytest.raises(InputError, match="cut off"):
        read_prints(tmp_path / "f")
    with pytest.raises(InputError, match="no such file"):
        read_prints(tmp_path / "g")
