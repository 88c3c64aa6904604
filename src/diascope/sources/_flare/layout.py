"""Where things lie: question files, their rows, their images, and who the images are of."""

import re
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Annotated, NamedTuple

from pydantic import BaseModel, ConfigDict, Field, JsonValue, TypeAdapter, ValidationError

from diascope.recordindex import reason
from diascope.sources.folder import Unreadable, is_file

SPLITS = {
    "train": "train",
    "training": "train",
    "val": "val",
    "validation": "val",
    "validation public": "val",
    "validation hidden": "hidden",
    "test": "test",
    "testing": "test",
}
"""Folder names and values of the `Split` key, normalised, and the split that each means."""

_WITH_TRUTH = re.compile("_withgt$", re.IGNORECASE)
_PERSON = re.compile(r"(?:^|_)(person\d+|(?:NORMAL2-)?IM-\d+)(?=[_-])")
_NUMBERED = re.compile(r"^(\d+)_")


class QuestionFile(NamedTuple):
    """One JSON list of questions about the images of one data set."""

    path: Path
    split: str
    folder: str
    """Of the split; two folders may mean one split."""
    category: str
    dataset: str

    @property
    def key(self) -> str:
        """Unique over the layout and the same whether or not the file holds the answers."""
        stem = _WITH_TRUTH.sub("", self.path.stem)
        return f"{self.folder}/{self.category}/{self.dataset}/{stem}"

    @property
    def is_answered(self) -> bool:
        """Whether every question ought to have its answer."""
        return self.split == "train" or bool(_WITH_TRUTH.search(self.path.stem))


class Row(BaseModel):
    """One question as the file has it."""

    model_config = ConfigDict(extra="ignore", frozen=True, strict=True)
    task_type: str = Field(alias="TaskType")
    image_name: str | Annotated[list[str], Field(min_length=1)] = Field(alias="ImageName")
    question: str = Field(alias="Question", min_length=1)
    answer: JsonValue = Field(alias="Answer", default=None)
    split: str | None = Field(alias="Split", default=None)

    @property
    def images(self) -> tuple[str, ...]:
        """Names of the images, one or several."""
        names = [self.image_name] if isinstance(self.image_name, str) else self.image_name
        return tuple(name.replace("\\", "/") for name in names)


_LIST = TypeAdapter(list[JsonValue])


def normalised(name: str) -> str:
    """Lower case, words parted by single spaces: spellings vary from file to file."""
    return " ".join(re.split(r"[\s_-]+", name.strip().lower()))


def question_files(root: Path) -> list[QuestionFile]:
    """Every question file, in order of path; of two that differ in `_withGT`, the one with it."""
    chosen: dict[str, QuestionFile] = {}
    for folder in sorted(root.iterdir()):
        split = SPLITS.get(normalised(folder.name))
        for path in sorted(folder.glob("*/*/*.json")) if split else ():
            file = QuestionFile(path, split or "", *path.parts[-4:-1])
            better = file.key not in chosen or _WITH_TRUTH.search(path.stem)
            if _has_questions(path) and better:
                chosen[file.key] = file
    return list(chosen.values())


def strays(root: Path, files: Iterable[QuestionFile]) -> list[Path]:
    """Files that are named like questions, in order of path, and lie where none are looked for."""
    read = {_WITH_TRUTH.sub("", str(file.path.with_suffix(""))) for file in files}
    return [
        path
        for path in sorted(root.rglob("*.json"))
        if _has_questions(path) and _WITH_TRUTH.sub("", str(path.with_suffix(""))) not in read
    ]


def _has_questions(path: Path) -> bool:
    return "questions" in path.name.lower()


def rows(file: QuestionFile) -> Iterator[tuple[int, Row | str]]:
    """Number (the first is 1) and content of every row, or why it has none.

    Unreadable where the file itself is no JSON list.
    """
    try:
        items = _LIST.validate_json(file.path.read_bytes())
    except OSError as error:
        raise Unreadable(f"cannot be opened ({error.strerror})") from None
    except ValidationError as error:
        raise Unreadable(f"not a JSON list of questions ({reason(error)})") from None
    for number, item in enumerate(items, start=1):
        yield number, _row(item)


def _row(item: JsonValue) -> Row | str:
    try:
        return Row.model_validate(item)
    except ValidationError as error:
        return reason(error)


def image_path(file: QuestionFile, name: str) -> Path:
    """Where an image lies: as named from the data set's folder, or in one of its image folders.

    Unreadable where it lies nowhere, or the name points out of the folder.
    """
    folder = file.path.parent
    if Path(name).is_absolute() or ".." in Path(name).parts:
        raise Unreadable(f"image {name!r} points out of its folder")
    if is_file(path := folder / name):
        return path
    for path in (each / name for each in sorted(folder.glob("images*/"))):
        if is_file(path):
            return path
    packed = "; unpack the zip files first" if any(folder.glob("*.zip")) else ""
    raise Unreadable(f"image {name!r} is missing{packed}")


class Patients:
    """Who the images are of, as far as their names tell; FLARE itself names no patients.

    The key is the number that a name starts with (`063_3HC` and `063_HC` are of 063), the person
    that it names (`train_person268_virus_553` is of person268), or else the whole stem. Images
    that one question lists together are of one patient, who goes by the first key in order. Names
    are compared over all data sets and splits of a category, so that a set and its `-det` twin
    share their patients.
    """

    def __init__(self, listed: Iterable[tuple[str, tuple[str, ...]]]) -> None:
        self._parent: dict[str, str] = {}
        for category, names in listed:
            first, *others = (patient_key(category, name) for name in names)
            for other in others:
                self._join(first, other)

    def of(self, category: str, name: str) -> str:
        """The patient of an image of a category."""
        return self._root(patient_key(category, name))

    def _root(self, key: str) -> str:
        while (parent := self._parent.get(key, key)) != key:
            key = parent
        return key

    def _join(self, one: str, other: str) -> None:
        low, high = sorted((self._root(one), self._root(other)))
        if low != high:
            self._parent[high] = low


def patient_key(category: str, name: str) -> str:
    """The patient that an image's own name tells of."""
    stem = Path(name).stem
    if match := _PERSON.search(stem) or _NUMBERED.match(stem):
        stem = match[1]
    return f"{category}/{stem}"
