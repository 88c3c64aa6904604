"""Every source over its fixture with one file damaged: records, problems, or one InputError.

    DIASCOPE_FUZZ=10000 pytest tests/fuzz/test_sources.py -k "[coco]"

A failure says the file, and where its damaged bytes are kept.
"""

import gzip
import shutil
import subprocess
import sys
import traceback
from collections import defaultdict
from collections.abc import Callable, Collection
from pathlib import Path
from random import Random

import pytest

from diascope.errors import InputError
from diascope.recordfile import RecordFile
from diascope.records import Record
from diascope.sources import Problem, Source, all_sources, source
from diascope.sources.folder import Folder, Unreadable

FIXTURES = Path(__file__).parent.parent / "sources" / "fixtures"
LAYOUTS = {"flare26": "flare"}
"""Sources whose fixture has another name."""
NAMES = sorted(path.parent.name for path in FIXTURES.glob("*/raw"))
READ = [name for name in NAMES if LAYOUTS.get(name, name) in all_sources()]
PICTURES = {".png", ".jpg", ".gif", ".img"}
TEXTS = {".csv", ".json", ".jsonl", ".xml", ".txt", ".yaml", ".md", ".gz"}
Check = Callable[[Path], None]


class Fuzzed:
    """A folder that is read again and again, each time with one of its files damaged.

    Pictures that are `asked` about are left alone where there are other files: decoders have tests
    of their own. Masks are drawn for the reader, and are damaged.
    """

    def __init__(
        self, root: Path, check: Check, bounded, damage, reword, asked: Collection[str] = ()
    ) -> None:
        self.root, self._check = root, check
        self._bounded, self._damage, self._reword = bounded, damage, reword
        self.found: dict[str, str] = {}
        self._by_kind = defaultdict(list)
        files = sorted(path for path in root.rglob("*") if path.is_file())
        told = [path for path in files if path.relative_to(root).as_posix() not in asked]
        for path in told or files:
            self._by_kind[path.suffix.lower()].append(path)

    def run(self, number: int, rng: Random) -> None:
        """One input; what is wrong is kept once for each line of code that raises it."""
        path = rng.choice(self._by_kind[rng.choice(sorted(self._by_kind))])
        whole = path.read_bytes()
        path.write_bytes(self._changed(whole, path, rng))
        try:
            with self._bounded():
                self._check(self.root)
        except InputError:
            pass
        except BaseException as error:
            if isinstance(error, KeyboardInterrupt):
                raise
            self._keep(error, path, number)
        path.write_bytes(whole)

    def _changed(self, data: bytes, path: Path, rng: Random) -> bytes:
        kind = path.suffix.lower()
        if kind not in TEXTS or rng.random() < 0.3:
            return self._damage(data, rng)
        if kind == ".gz":
            return gzip.compress(self._worded(gzip.decompress(data), rng))
        return self._worded(data, rng)

    def _worded(self, data: bytes, rng: Random) -> bytes:
        return self._reword(data.decode("latin-1"), rng).encode("latin-1", errors="replace")

    def _keep(self, error: BaseException, path: Path, number: int) -> None:
        frame = traceback.extract_tb(error.__traceback__)[-1]
        place = f"{type(error).__name__} at {frame.filename}:{frame.lineno}"
        if place in self.found:
            return
        kept = self.root.parent / f"input-{number}-{path.name}"
        kept.write_bytes(path.read_bytes())
        lines = "".join(traceback.format_exception(error)[-8:])
        relative = path.relative_to(self.root)
        self.found[place] = f"input {number}, {relative}, kept as {kept}\n{lines}"


def pictures_asked(one: Source, root: Path) -> set[str]:
    """Pictures of records; a DICOM file is none of them, as its header is read for what it says."""
    records = (item for item in one.read(root) if isinstance(item, Record))
    named = {image.path for record in records for image in record.images}
    return {name for name in named if Path(name).suffix.lower() in PICTURES}


def read_through(one: Source, root: Path) -> None:
    """All that it yields, and the bytes of images that lie inside other files."""
    for item in one.read(root):
        assert isinstance(item, Record | Problem)
        for image in item.images if isinstance(item, Record) else ():
            if one.extract and not (root / image.path).is_file():
                assert isinstance(one.image_bytes(root, image.path), bytes)


@pytest.mark.parametrize("name", READ)
def test_source(name: str, tmp_path: Path, inputs, bounded, damage, reword) -> None:
    root = shutil.copytree(FIXTURES / name / "raw", tmp_path / "raw")
    one = source(LAYOUTS.get(name, name))
    asked = pictures_asked(one, root)
    fuzzed = Fuzzed(root, lambda folder: read_through(one, folder), bounded, damage, reword, asked)
    for number, rng in inputs(f"source {name}", 500):
        fuzzed.run(number, rng)
    assert not fuzzed.found, "\n".join(fuzzed.found.values())


@pytest.mark.parametrize(
    "name", ["x" * 5000, "a\0b", "", ".", "/", "../raw/a.png", "a" * 300 + "/b"]
)
def test_a_name_that_no_file_can_have(name: str, tmp_path: Path) -> None:
    folder = Folder(tmp_path)
    assert not folder.has(name)
    with pytest.raises(Unreadable):
        folder.path(name)


@pytest.mark.parametrize(
    "error", [ValueError("DOE"), ZeroDivisionError("DOE"), IndexError("DOE"), OSError(13, "DOE")]
)
def test_whatever_a_row_does_to_its_reader_is_a_problem(error: Exception, tmp_path: Path) -> None:
    def make() -> list[Record]:
        raise error

    [problem] = Folder(tmp_path).records("a.csv", 2, make)
    assert isinstance(problem, Problem)
    assert (problem.file, problem.row) == ("a.csv", 2)
    assert "DOE" not in problem.reason


def test_no_value_of_a_damaged_header_is_logged(tmp_path: Path) -> None:
    """In a process of its own, as what was imported before decides what pydicom may log."""
    root = shutil.copytree(FIXTURES / "dicom_folder" / "raw", tmp_path / "raw")
    for path in root.rglob("*.dcm"):
        path.write_bytes(path.read_bytes().replace(b"1.2.840.10008.1.2", b"1.2.DOE^JANE00.12"))
    code = (
        "import logging, pathlib, sys; logging.basicConfig(level=logging.INFO);"
        "from diascope.sources import source;"
        "list(source('dicom_folder').read(pathlib.Path(sys.argv[1])))"
    )
    command = [sys.executable, "-c", code, str(root)]
    done = subprocess.run(command, capture_output=True, check=True, text=True)
    assert "DOE" not in done.stderr


def read_opened(root: Path) -> None:
    """Every record through the index, with the questions that it selects."""
    records = RecordFile(root / "records.jsonl")
    assert all(isinstance(record, Record) for record in records)
    for task in records.tasks:
        assert all(case.turn.task == task for case in records.cases(task=task))


def read_afresh(root: Path) -> None:
    """Without the index of the file as it was before."""
    (root / "records.jsonl.index").unlink(missing_ok=True)
    read_through(source("jsonl"), root)
    read_opened(root)


@pytest.fixture
def written(phantom: Path, tmp_path: Path) -> Path:
    """A folder with a record file alone."""
    root = tmp_path / "raw"
    root.mkdir()
    lines = phantom.read_bytes().splitlines(keepends=True)
    (root / "records.jsonl").write_bytes(b"".join(lines[:6]))
    return root


def test_record_file(written: Path, inputs, bounded, damage, reword) -> None:
    fuzzed = Fuzzed(written, read_afresh, bounded, damage, reword)
    for number, rng in inputs("records.jsonl", 300):
        fuzzed.run(number, rng)
    assert not fuzzed.found, "\n".join(fuzzed.found.values())


def test_record_index(written: Path, inputs, bounded, damage) -> None:
    """An index that rots or was tampered with: records, an InputError, or it is built anew."""
    read_opened(written)
    index = written / "records.jsonl.index"
    whole = index.read_bytes()
    for number, rng in inputs("index", 300):
        index.write_bytes(damage(whole, rng))
        try:
            with bounded():
                list(RecordFile(written / "records.jsonl"))
        except InputError:
            pass
        except Exception as error:
            pytest.fail(f"input {number} of {index}: {error!r}")
