"""The parts of a set: a Parquet shard, a metadata file beside pictures, or folders named by class.

Every part tells its rows twice: without pictures, for what bounds the answers of the whole set, and
one by one with the pictures that they name.
"""

from abc import ABC, abstractmethod
from collections import defaultdict
from collections.abc import Iterator, Sequence
from pathlib import PurePosixPath
from typing import Any, NamedTuple

from diascope.records import Image
from diascope.sources import _parquet
from diascope.sources._parquet import Cells, Pictures
from diascope.sources._shards import SPLITS, in_order, split_of
from diascope.sources.folder import Folder, Unreadable

_METADATA = "metadata"
_PICTURES = (".png", ".jpg", ".jpeg", ".tif", ".tiff", ".dcm")
_FILE_NAME = "file_name"
LABEL = "label"


class Row(NamedTuple):
    """`number` is what a person counts: the line of a text file, or the place from 1."""

    number: int
    cells: Cells


class Pictured(NamedTuple):
    """The pictures of a row, the main one first, and who they are of where no column says so."""

    images: tuple[Image, ...]
    patient: str


class Part(ABC):
    """One file of rows, or one split of class folders; Unreadable where it is damaged."""

    def __init__(self, folder: Folder, file: str) -> None:
        self.folder, self.file = folder, file
        self.split = split_of(file)

    @property
    def features(self) -> dict[str, Any]:
        """What `datasets` wrote of the columns, where it did."""
        return {}

    def told(self) -> Iterator[Cells]:
        """The cells of every row, those of pictures not among them."""
        return (row.cells for row in self.rows())

    @abstractmethod
    def rows(self) -> Iterator[Row]:
        """Every row."""

    @abstractmethod
    def pictured(self, row: Row) -> Pictured:
        """The pictures of a row; Unreadable where it has none."""


class Shard(Part):
    """A Parquet file whose rows carry their pictures."""

    def __init__(self, folder: Folder, file: str, pictures: Pictures) -> None:
        super().__init__(folder, file)
        self._pictures = pictures

    @property
    def features(self) -> dict[str, Any]:
        """From the schema."""
        return _parquet.features(self.folder, self.file)

    def told(self) -> Iterator[Cells]:
        """Columns of pictures are not even read."""
        told = self.features
        names = _parquet.columns(self.folder, self.file)
        wanted = [name for name in names if not _is_picture(name, told)]
        return _parquet.rows(self.folder, self.file, wanted)

    def rows(self) -> Iterator[Row]:
        """Counted from 1."""
        for number, cells in enumerate(_parquet.rows(self.folder, self.file), start=1):
            yield Row(number, cells)

    def pictured(self, row: Row) -> Pictured:
        """Those of every column of pictures; the bytes tell who they are of."""
        told = self.features
        names = [name for name in row.cells if _is_picture(name, told)]
        if not names or row.cells[names[0]] is None:
            raise Unreadable("the row has no picture")
        found = {
            name: self._pictures.picture(self.file, row.number - 1, name, row.cells[name])
            for name in names
            if row.cells[name] is not None
        }
        images = (_playing(each.image, name) for name, each in found.items())
        return Pictured(tuple(images), found[names[0]].digest)


class Metadata(Part):
    """`metadata.csv`, `.jsonl` or `.parquet`: its rows name pictures from its own folder."""

    def rows(self) -> Iterator[Row]:
        """A line of a CSV file has the number that an editor shows."""
        match PurePosixPath(self.file).suffix:
            case ".csv":
                for line in self.folder.table(self.file, [_FILE_NAME]):
                    yield Row(line.number, {key: each for key, each in line.cells.items() if each})
            case ".jsonl":
                for number, cells in self.folder.json_lines(self.file):
                    yield Row(number, cells or {})
            case _:
                for number, cells in enumerate(_parquet.rows(self.folder, self.file), start=1):
                    yield Row(number, cells)

    def pictured(self, row: Row) -> Pictured:
        """`file_name` is the main picture, `<name>_file_name` another, a blank one none."""
        if not row.cells.get(_FILE_NAME):
            raise Unreadable(f"the row names no picture: its {_FILE_NAME} is missing")
        main, *others = sorted(
            (name for name in row.cells if is_file_name(name) and row.cells[name]), key=len
        )
        images = [self._image(row, main), *(self._image(row, name) for name in others)]
        return Pictured(tuple(images), str(PurePosixPath(images[0].path).with_suffix("")))

    def _image(self, row: Row, column: str) -> Image:
        path = PurePosixPath(self.file).parent / str(row.cells[column])
        return _playing(self.folder.image(path.as_posix()), column.removesuffix(f"_{_FILE_NAME}"))


class ClassFolders(Part):
    """Pictures in folders named by their class, in one split; `file` is the folder of the split."""

    def __init__(self, folder: Folder, file: str, pictures: Sequence[str]) -> None:
        super().__init__(folder, pictures[0])
        self.file, self._names = file, pictures

    def rows(self) -> Iterator[Row]:
        """One for each picture, in order of name."""
        for number, name in enumerate(self._names, start=1):
            yield Row(number, {_FILE_NAME: name, LABEL: PurePosixPath(name).parent.name})

    def pictured(self, row: Row) -> Pictured:
        """The one."""
        image = self.folder.image(row.cells[_FILE_NAME])
        return Pictured((image,), str(PurePosixPath(image.path).with_suffix("")))


def is_file_name(column: str) -> bool:
    """Whether a column names pictures."""
    return column == _FILE_NAME or column.endswith(f"_{_FILE_NAME}")


def sets_of(folder: Folder) -> dict[str, list[Part]]:
    """The parts of every set in the folder, by the place of the set."""
    found: dict[str, list[Part]] = defaultdict(list)
    pictures = Pictures(folder)
    for file in in_order(folder.names("**/*.parquet")):
        is_metadata = PurePosixPath(file).stem == _METADATA
        part = Metadata(folder, file) if is_metadata else Shard(folder, file, pictures)
        found[_place(file)].append(part)
    for suffix in ("csv", "jsonl"):
        for file in in_order(folder.names(f"**/{_METADATA}.{suffix}")):
            found[_place(file)].append(Metadata(folder, file))
    for place, parts in _class_folders(folder, set(found)).items():
        found[place] += parts
    return found


def _class_folders(folder: Folder, taken: set[str]) -> dict[str, list[Part]]:
    """Pictures in two folders or one below a place where there is nothing else to go by."""
    together: dict[str, list[str]] = defaultdict(list)
    for name in folder.names("**/*"):
        path = PurePosixPath(name)
        above = {parent.as_posix() for parent in path.parents}
        is_named = len(path.parts) > 1 and path.parent.name.lower() not in SPLITS
        if path.suffix.lower() in _PICTURES and is_named and not above & taken:
            together[path.parent.parent.as_posix()].append(name)
    found: dict[str, list[Part]] = defaultdict(list)
    for place, names in sorted(together.items()):
        found[_place(f"{place}/_")].append(ClassFolders(folder, place, names))
    return found


def _place(file: str) -> str:
    """The folder of a file without those that name a split or say `data`."""
    parents = PurePosixPath(file).parent.parts
    return "/".join(part for part in parents if part.lower() not in {*SPLITS, "data"}) or "."


def _is_picture(column: str, features: dict[str, Any]) -> bool:
    """By what `datasets` wrote of it, else by its name."""
    if column in features:
        return isinstance(features[column], dict) and features[column].get("_type") == "Image"
    return column == "image" or column.endswith("_image")


def _playing(image: Image, column: str) -> Image:
    """The part that a picture plays, by its column: the first is the main one."""
    name = column.removesuffix("_image")
    return image if name in ("image", _FILE_NAME) else image.model_copy(update={"role": name})
