"""A folder of predictions: predictions.jsonl, and provenance.json that says where they came from.

Replies are written once and scored often. A writer appends whole lines and flushes each, so a
killed run leaves at most one torn last line, which the next writer cuts off before it goes on.
"""

import hashlib
import itertools
import os
import tempfile
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from typing import IO, Annotated, Self, TypeVar

from pydantic import Field, FiniteFloat, ValidationError

from diascope.codecs.dialect import Dialect
from diascope.errors import InputError
from diascope.geometry import CanvasMap, Fit, Size
from diascope.imaging.handover import UNKNOWN
from diascope.predictions import Prediction, Reading
from diascope.recordfile import RecordFile, spread
from diascope.recordindex import reason
from diascope.records import Case
from diascope.values import Value

PREDICTIONS = "predictions.jsonl"
PROVENANCE = "provenance.json"
NO_TEXT = "none"
"""The token budget of a predictor that writes no text."""
_PROFILES = ("records_profile", "model_profile")

V = TypeVar("V", bound=Value)


class Sampling(Value):
    """How tokens are drawn: temperature 0 takes the likeliest, top_p keeps so much of the mass."""

    temperature: Annotated[FiniteFloat, Field(ge=0)] = 0.0
    top_p: Annotated[FiniteFloat, Field(gt=0, le=1)] = 1.0


class Canvas(Value):
    """The model's canvas: width and height in pixels, and how an image is laid on it."""

    size: tuple[Annotated[int, Field(ge=1)], Annotated[int, Field(ge=1)]]
    fit: Fit = "stretch"

    def map(self, image: Size) -> CanvasMap:
        """The map from an image of this size to the canvas."""
        return CanvasMap.fit(image, Size(*self.size), self.fit)


class Provenance(Value):
    """All that a reader needs to judge a set of predictions and to score it without the model."""

    name: str
    """What tables call this set: "fine-tuned", "before", "pixels", ..."""
    records: str
    """The record file asked, relative to this folder where that is possible, forward slashes."""
    records_sha256: str
    split: str | None = None
    """The split asked; None asks every record."""
    tasks: tuple[str, ...] = ()
    """The tasks asked; none named asks every task."""
    limit: Annotated[int, Field(ge=1)] | None = None
    """At most so many cases of each task, spread evenly over the file, and so over patients."""
    model: str
    """A family's name or a path."""
    weights_sha256: str | None = None
    dialect: Dialect
    canvas: Canvas
    constrained: bool = True
    seed: int = 0
    sampling: Sampling = Sampling()
    numbers: Reading = "tokens"
    """Where numbers are read."""
    budget: str = "grammar"
    """The rule that bounds the tokens of a reply."""
    render_profile: str = ""
    """Digest of how pixels were drawn."""
    records_profile: str = UNKNOWN
    """The same of the preparation of the records."""
    model_profile: str = UNKNOWN
    """The same of what the model learnt from."""
    versions: dict[str, str] = Field(default_factory=dict)
    commit: str | None = None
    created: str
    """Date and time, ISO 8601 with its offset."""

    @property
    def digest(self) -> str:
        """Sixteen hex digits that every prediction written under this provenance carries."""
        # as in older files
        untold = {name for name in _PROFILES if getattr(self, name) == UNKNOWN}
        untold |= {"numbers"} if self.numbers == "tokens" else set()
        told = self.model_dump_json(exclude=untold)
        return hashlib.sha256(told.encode()).hexdigest()[:16]

    def asked(self, records: RecordFile) -> list[Case]:
        """The cases of the split, tasks and limit stated here: task by task, in file order."""
        tasks = self.tasks or records.tasks
        chosen = [records.cases(split=self.split, task=task) for task in tasks]
        return [case for cases in chosen for case in spread(cases, self.limit)]


@dataclass(frozen=True)
class PredictionFile:
    """The predictions of one folder, read whole and checked line by line."""

    folder: Path
    provenance: Provenance
    predictions: tuple[Prediction, ...]

    @classmethod
    def open(cls, path: Path) -> Self:
        """Read a folder of predictions, given by itself or by its predictions.jsonl.

        Raises InputError, with the line, for anything that is not as a PredictionWriter writes it.
        """
        folder = path.parent if path.is_file() else path
        for name in (PREDICTIONS, PROVENANCE):
            if not (folder / name).is_file():
                raise InputError(f"{folder} holds no {name}: it is not a folder of predictions")
        provenance = read_value(Provenance, folder / PROVENANCE)
        lines = (folder / PREDICTIONS).read_bytes().splitlines(keepends=True)
        digest, where = provenance.digest, folder / PREDICTIONS
        read = tuple(_read(line, f"{where}, line {n}", digest) for n, line in enumerate(lines, 1))
        _refuse_twice(read, where)
        return cls(folder, provenance, read)

    @property
    def records(self) -> Path:
        """The record file that was asked."""
        return Path(os.path.normpath(self.folder / self.provenance.records))


class PredictionWriter:
    """Appends predictions to a folder, and goes on where an earlier run of the same kind stopped.

    A context manager. `replies` holds what the folder already answers, by the ids of the cases. A
    folder begun under other settings is an InputError; `created` alone may differ.
    """

    def __init__(self, folder: Path, provenance: Provenance) -> None:
        folder.mkdir(parents=True, exist_ok=True)
        self.folder = folder
        self.provenance = _claim(folder, provenance)
        self._digest = self.provenance.digest
        _cut_torn_line(folder / PREDICTIONS)
        self.replies = {p.id: p.text for p in PredictionFile.open(folder).predictions}
        self._file: IO[bytes] = (folder / PREDICTIONS).open("ab")

    def write(self, prediction: Prediction) -> None:
        """Append one line, stamped with the provenance; a second reply to a case is an error."""
        if prediction.id in self.replies:
            raise ValueError(f"{prediction.id} is answered already")
        stamped = prediction.model_copy(update={"provenance": self._digest})
        self._file.write(stamped.model_dump_json().encode() + b"\n")
        self._file.flush()
        self.replies[prediction.id] = prediction.text

    def __enter__(self) -> Self:
        """The writer itself."""
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        """Close the file."""
        self._file.close()


def write_predictions(
    folder: Path, provenance: Provenance, predictions: Iterable[Prediction]
) -> PredictionFile:
    """Write a whole set of predictions to a folder, and read it back."""
    with PredictionWriter(folder, provenance) as writer:
        for prediction in predictions:
            writer.write(prediction)
    return PredictionFile.open(folder)


def read_value(kind: type[V], path: Path) -> V:
    """A value from a JSON file; InputError says which field is wrong, never what it holds."""
    try:
        return kind.model_validate_json(path.read_bytes())
    except OSError as error:
        raise InputError(f"{path} cannot be read: {error.strerror}") from None
    except ValidationError as error:
        raise InputError(f"{path}: {reason(error)}") from None


def write_atomically(path: Path, text: str) -> Path:
    """Write a text file whole or not at all."""
    handle, temporary = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}.")
    try:
        with os.fdopen(handle, "w", encoding="utf-8") as file:
            file.write(text)
        Path(temporary).chmod(0o644)
        return Path(temporary).replace(path)
    except BaseException:
        Path(temporary).unlink(missing_ok=True)
        raise


def relative_path(path: Path, folder: Path) -> str:
    """`path` as seen from `folder`, with forward slashes."""
    return Path(os.path.relpath(path.resolve(), folder.resolve())).as_posix()


def _read(line: bytes, where: str, digest: str) -> Prediction:
    if not line.endswith(b"\n"):
        raise InputError(f"{where}: the line is cut off; predict with --resume to mend it")
    try:
        prediction = Prediction.model_validate_json(line)
    except ValidationError as error:
        raise InputError(f"{where}: {reason(error)}") from None
    if prediction.provenance != digest:
        raise InputError(
            f"{where}: written under provenance {prediction.provenance or '(none)'}, but "
            f"{PROVENANCE} is {digest}: these predictions come from different runs"
        )
    return prediction


def _refuse_twice(predictions: tuple[Prediction, ...], where: Path) -> None:
    lines: dict[str, int] = {}
    for line, prediction in enumerate(predictions, 1):
        first = lines.setdefault(prediction.id, line)
        if first != line:
            raise InputError(f"{where}: lines {first} and {line} both answer {prediction.id}")


def _claim(folder: Path, provenance: Provenance) -> Provenance:
    path = folder / PROVENANCE
    if not path.exists():
        write_atomically(path, provenance.model_dump_json(indent=2) + "\n")
        return provenance
    earlier = read_value(Provenance, path)
    old, new = (p.model_dump(exclude={"created"}) for p in (earlier, provenance))
    differ = [name for name, value in old.items() if value != new[name]]
    if differ:
        raise InputError(
            f"{folder} holds predictions made under another {', '.join(differ)}; "
            "name another folder, or remove this one"
        )
    return earlier


def _cut_torn_line(path: Path) -> None:
    path.touch()
    with path.open("r+b") as file:
        whole = itertools.takewhile(lambda line: line.endswith(b"\n"), file)
        file.truncate(sum(len(line) for line in whole))
