"""FLARE Task 5 (2D multimodal): `<split>/<Category>/<dataset>/<dataset>_questions_*.json`.

A question is a record of one turn, its split that of the folder. FLARE names no patients: they are
told from image names (see `Patients`), so that a patient may be a single image. The closed
world that a question leaves open (ranges, box limits, types, options of free-text classification)
comes from the training answers of its data set, with room to spare. The convention of boxes is read
from the question and never guessed from numbers; a question that states none has the one that all
others of its data set state, and its metadata says so. Images may lie in the zip files of their
data set. What cannot be read becomes a Problem with its file and row.
"""

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping
from functools import lru_cache
from pathlib import Path
from types import MappingProxyType
from typing import NamedTuple

from pydantic import JsonValue, ValidationError

from diascope.answers import Answer, Boxes, Text
from diascope.errors import InputError
from diascope.expectations import BoxSpace, Expectation, LabelSet, Options
from diascope.geometry import BoxFormat, Size
from diascope.imaging.decode import read_size
from diascope.recordindex import reason
from diascope.records import Image, Record, Turn
from diascope.sources._flare import answers, questions, zipped
from diascope.sources._flare.bounds import MOST_OPTIONS, Bounds, Key, all_bounds
from diascope.sources._flare.layout import (
    SPLITS,
    Patients,
    QuestionFile,
    Row,
    image_path,
    normalised,
    question_files,
    rows,
    strays,
)
from diascope.sources.folder import Folder, Unreadable
from diascope.sources.misread import Four, MisreadBoxes
from diascope.sources.source import Problem, Source

_FOLDERS = "one of training, validation-public, validation-hidden, testing"
_BOX_TASKS = ("detection", "instance_detection")


class _Asked(NamedTuple):
    """The task, which may differ from FLARE's, what is expected, and the answer where known."""

    task: str
    expects: Expectation
    answer: Answer | None
    notes: Mapping[str, str] = MappingProxyType({})
    """What the question itself does not say."""


class _Known(NamedTuple):
    """What the rest of its data set tells of a question."""

    bounds: Bounds = Bounds()
    convention: BoxFormat | None = None
    """Of boxes, where all questions of the data set that state one state the same."""


class _Convention(NamedTuple):
    """How the boxes of a question are written, and what its metadata says of it."""

    format: BoxFormat
    notes: Mapping[str, str] = MappingProxyType({})


class _Misread(Unreadable):
    """Boxes of which one has no area as they are read."""

    def __init__(self, why: str, task: str, format: BoxFormat, numbers: tuple[Four, ...]) -> None:
        super().__init__(why)
        self.task, self.format, self.numbers = task, format, numbers


def _read(root: Path) -> Iterator[Record | Problem]:
    files = question_files(root)
    if not files:
        raise InputError(
            f"{root}: no FLARE questions here; expected training/<Category>/<dataset>/"
            "*questions*.json, or the same under validation-public, validation-hidden or testing"
        )
    reader = _Reader(root, files)
    for file in files:
        yield from reader.records(file)
    for path in strays(root, files):
        why = f"not read: questions lie in <split>/<Category>/<dataset>/, <split> {_FOLDERS}"
        yield Problem(file=path.relative_to(root).as_posix(), row=None, reason=why)


class _Reader:
    """Reads question files one by one, knowing all of them."""

    def __init__(self, root: Path, files: list[QuestionFile]) -> None:
        self._root = root
        self._patients = Patients(
            (file.category, row.images) for file in files for row in _readable_rows(file)
        )
        self._bounds = all_bounds(
            (key, row.answer)
            for file in files
            if file.split == "train"
            for row in _readable_rows(file)
            if (key := _key(file, row))
        )
        self._conventions = _conventions(
            (key, row.question)
            for file in files
            for row in _readable_rows(file)
            if (key := _key(file, row)) and key.task in _BOX_TASKS
        )
        self._size = lru_cache(4096)(read_size)

    def records(self, file: QuestionFile) -> Iterator[Record | Problem]:
        name = file.path.relative_to(self._root).as_posix()
        try:
            for number, row in rows(file):
                yield self._record(file, name, number, row)
        except Unreadable as error:
            yield Problem(file=name, row=None, reason=str(error))

    def _record(
        self, file: QuestionFile, name: str, number: int, row: Row | str
    ) -> Record | Problem:
        if isinstance(row, str):
            return Problem(file=name, row=number, reason=row)
        try:
            return self._checked(file, name, number, row)
        except _Misread as error:
            return self._misread(file, name, number, row, error)
        except ValidationError as error:
            return Problem(file=name, row=number, reason=reason(error))
        except (Unreadable, InputError) as error:
            return Problem(file=name, row=number, reason=self._shown(error))

    def _checked(self, file: QuestionFile, name: str, number: int, row: Row) -> Record:
        _refuse_other_split(file, row)
        images = tuple(self._image(file, image) for image in row.images)
        asked = _asked(row, self._known(file, row), images[0].size)
        if asked.answer is None and file.is_answered:
            raise Unreadable("the question has no answer, in a file of answered questions")
        turn = Turn(
            task=asked.task, question=row.question, expects=asked.expects, answer=asked.answer
        )
        return Record(
            id=f"{file.key}/{number}",
            dataset=file.dataset,
            patient=self._patients.of(file.category, row.images[0]),
            study="+".join(Path(image).stem for image in row.images),
            split=file.split,
            images=images,
            turns=(turn,),
            metadata={"category": file.category, "file": name, "row": str(number), **asked.notes},
        )

    def _misread(
        self, file: QuestionFile, name: str, number: int, row: Row, error: _Misread
    ) -> MisreadBoxes:
        size = self._image(file, row.images[0]).size
        return MisreadBoxes(
            file=name,
            row=number,
            reason=str(error),
            dataset=file.dataset,
            task=error.task,
            format=error.format,
            numbers=error.numbers,
            image=(size.width, size.height),
        )

    def _known(self, file: QuestionFile, row: Row) -> _Known:
        key = _key(file, row) or Key("", "", "")
        usual = self._conventions.get((key.category, key.dataset))
        return _Known(self._bounds.get(key, Bounds()), usual)

    def _image(self, file: QuestionFile, name: str) -> Image:
        folder = file.path.parent
        try:
            path = image_path(file, name)
        except Unreadable:
            data = zipped.member(folder, name)
            if data is None:
                raise
            place = (folder.relative_to(self._root) / name).as_posix()
            return Folder(self._root).embedded(place, data)
        size = self._size(path)
        relative = path.relative_to(self._root).as_posix()
        return Image(path=relative, width=size.width, height=size.height)

    def _shown(self, error: ValueError) -> str:
        """The reason with paths as they are from the root."""
        return str(error).replace(f"{self._root}/", "")


def _readable_rows(file: QuestionFile) -> Iterator[Row]:
    """The rows that are questions about an image; the others are reported when records are read."""
    try:
        yield from (row for _, row in rows(file) if isinstance(row, Row))
    except Unreadable:
        return


def _key(file: QuestionFile, row: Row) -> Key | None:
    try:
        return Key(file.category, file.dataset, questions.task_name(row.task_type))
    except Unreadable:
        return None


def _refuse_other_split(file: QuestionFile, row: Row) -> None:
    """A question that calls itself training and lies elsewhere, or the reverse, may leak."""
    stated = SPLITS.get(normalised(row.split or file.split))
    if (stated == "train") != (file.split == "train"):
        raise Unreadable(f"its Split is {row.split!r}, but its folder is of split {file.split!r}")


def _conventions(
    asked: Iterable[tuple[Key, str]],
) -> dict[tuple[str, str], BoxFormat | None]:
    """The box convention of each category's data sets, where their questions state but one."""
    by_set: dict[tuple[str, str], list[str]] = defaultdict(list)
    for key, question in asked:
        by_set[key.category, key.dataset].append(question)
    return {name: questions.common_format(each) for name, each in by_set.items()}


def _asked(row: Row, known: _Known, size: Size) -> _Asked:
    """The task as ours, what the question expects, and the answer in original pixels."""
    task, bounds = questions.task_name(row.task_type), known.bounds
    answer = None if row.answer in (None, "") else row.answer
    match task:
        case "classification":
            return _classification(row.question, answer, bounds)
        case "multilabel":
            return _multilabel(row.question, answer, bounds)
        case "detection" | "instance_detection":
            return _boxes(task, row, answer, known, size)
        case "counting":
            number = None if answer is None else answers.count(answer)
            return _Asked(task, bounds.counts(), number)
        case "regression":
            unit = questions.unit(row.question) or ("%" if bounds.percent else None)
            measured = None if answer is None else answers.measurement(answer, unit)
            return _Asked(task, bounds.range(unit), measured)
        case _:
            return _words(task, answer, bounds)


def _classification(question: str, answer: JsonValue, bounds: Bounds) -> _Asked:
    offered = questions.options(question)
    if not offered and not 2 <= len(bounds.names) <= MOST_OPTIONS:
        return _words("vqa", answer, bounds)
    style = Options(options=offered, style="letters") if offered else Options(options=bounds.names)
    chosen = None if answer is None else answers.choice(answer, style)
    return _Asked("classification", style, chosen)


def _multilabel(question: str, answer: JsonValue, bounds: Bounds) -> _Asked:
    offered = questions.labels(question, bounds.names)
    nothing = next((label for label in offered if questions.is_nothing(label)), "none")
    labels = tuple(label for label in offered if not questions.is_nothing(label))
    expects = LabelSet(labels=labels, none=nothing)
    letters = bool(questions.options(question))
    found = None if answer is None else answers.present(answer, expects, offered, letters)
    return _Asked("multilabel", expects, found)


def _boxes(task: str, row: Row, answer: JsonValue, known: _Known, size: Size) -> _Asked:
    convention = _convention(row.question, known.convention)
    if len(row.images) > 1:
        raise Unreadable("boxes over several images: the question does not say in which they are")
    expects = _box_space(task, row.question, known.bounds, convention.format)
    if answer is None:
        return _Asked(task, expects, None, convention.notes)
    nested = {} if expects.by_class else {expects.labels[0]: answers.nested(answer)}
    found = answers.in_label_order(nested or answers.by_type(answer), expects)
    return _Asked(task, expects, _placed(task, found, convention.format, size), convention.notes)


def _convention(question: str, usual: BoxFormat | None) -> _Convention:
    """The one that the question states, or else the one of its data set."""
    try:
        return _Convention(questions.box_format(question))
    except questions.Unstated:
        if usual is None:
            raise
    told = f"{usual.order}, as the other questions of the data set state it"
    return _Convention(usual, {"box_convention": told})


def _box_space(task: str, question: str, bounds: Bounds, convention: BoxFormat) -> BoxSpace:
    by_class = task == "instance_detection"
    listed = questions.types(question) or bounds.names
    listed = listed if by_class else (questions.target(question),)
    if not listed:
        raise Unreadable("neither the question nor the training answers name the types of objects")
    return BoxSpace(labels=listed, limit=bounds.limit, format=convention, by_class=by_class)


def _placed(task: str, found: dict[str, list[Four]], convention: BoxFormat, size: Size) -> Boxes:
    """The boxes in original pixels."""
    try:
        return answers.boxes(found, convention, size)
    except Unreadable as error:
        numbers = tuple(four for fours in found.values() for four in fours)
        raise _Misread(str(error), task, convention, numbers) from None


def _words(task: str, answer: JsonValue, bounds: Bounds) -> _Asked:
    said = None if answer is None else Text(text=answers.text(answer))
    return _Asked(task, bounds.words(), said)


SOURCE = Source(
    name="flare",
    about="FLARE Task 5 in its own folders: nineteen 2D data sets, seven kinds of question",
    read=_read,
    extract=zipped.extract,
    marks=("*/*/*/*questions*.json",),
    licence="see each data set",
    witnesses=(
        "https://huggingface.co/datasets/FLARE-MedFM/FLARE-Task5-MLLM-2D",
        "https://github.com/medfm-flare/FLARE25-QWen2.5VL",
    ),
    counts=MappingProxyType({"images": 50_996, "questions": 58_112}),
)
