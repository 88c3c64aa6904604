"""Records and images that tell nobody who they are of, while they are prepared.

    layout = layout_named("dicom_folder", Path("project.key"), Options())

A layout that is wrapped so gives records whose patient, study and id are pseudonyms by the
project's key, and images without anything that names a person: DICOM goes through the profile of
PS3.15 Annex E and the search for leaks (see `deidentify`), of PNG and JPEG the pixels are left, and
what must not pass is refused. What is asked of sex and age goes where the profile does not keep
them, metadata but for words of radiology, and a record whose words hold what the header of one of
its images says of people, places and dates. The names of files are told nowhere.

Free text is searched for what the headers say and for the patient's id; it is not read for more. A
picture that is no DICOM is not searched for burned-in text.
"""

import re
import tempfile
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from functools import cached_property, lru_cache
from io import BytesIO
from pathlib import Path
from typing import Any, BinaryIO, NamedTuple

from diascope.answers import Number
from diascope.curation._deidentify import files, profile
from diascope.curation._deidentify.burned import Ocr, TextGate, find_ocr
from diascope.curation._deidentify.cleaning import write_clean
from diascope.curation._deidentify.files import Unfit
from diascope.curation._deidentify.options import Options
from diascope.curation._deidentify.paths import original, stand_in
from diascope.curation._deidentify.profile import Profile
from diascope.curation._deidentify.pseudonyms import Key, read_key
from diascope.curation._deidentify.raster import is_raster, stripped
from diascope.curation._deidentify.rewrite import Rewriter
from diascope.curation._deidentify.scan import Needle, needles
from diascope.curation._deidentify.words import is_known
from diascope.errors import InputError
from diascope.records import Context, Image, Record, Turn
from diascope.sources import Problem, Source, turns
from diascope.sources import source as source_named
from diascope.values import Value

_OLDEST_TOLD = 90
_SHORTEST_ID = 4
_KEPT_HEADERS = 1024
_START = 16
_UID = re.compile(r"[0-9]+(\.[0-9]+)+")
_PERSON = frozenset(turn.question for turn in turns.person("female", 1))
_NAMING = re.compile(r"'[^']*'|\"[^\"]*\"|\S*[\d/\\._@^=-]\S*|\S*[^\x00-\x7f]\S*|(?<!^)\b[A-Z]\w*")
"""What may be a name or a number of somebody in a sentence of ours: quoted, or no plain word."""


class Deidentified(Value):
    """What a card says of it: that it was done, and how."""

    edition: str
    """Of the table of PS3.15 Annex E."""
    options: Options
    methods: tuple[str, ...]
    """The codes of PS3.16 CID 7050, with their meanings."""
    ocr: str | None
    """Version of tesseract; None where the kind of image alone decided."""


def layout_named(source: str, key: Path | None, options: Options = Options()) -> Source:  # noqa: B008 - frozen
    """The layout of that name, de-identified where a key's file is given."""
    layout = source_named(source)
    return layout if key is None else anonymous(layout, read_key(key), options)


def anonymous(layout: Source, key: Key, options: Options = Options()) -> Source:  # noqa: B008 - frozen
    """The layout with every record and image de-identified; `read_key` gives the key."""
    wrapped = _Anonymous(layout, Anonymiser(key, options))
    return replace(layout, read=wrapped.read, extract=wrapped.extract)


@dataclass(frozen=True)
class Anonymiser:
    """Pseudonyms for records, and images without names, under one key and choice of options."""

    key: Key
    options: Options = Options()  # noqa: RUF009 - frozen

    def deidentified(self) -> Deidentified:
        """What it does, for a card."""
        return Deidentified(
            edition=profile.edition(),
            options=self.options,
            methods=tuple(" ".join(method) for method in self.options.methods()),
            ocr=self._ocr.version if self._ocr else None,
        )

    def record(self, record: Record) -> Record | None:
        """The record under pseudonyms; None where nothing may be asked any more.

        Its images keep their paths, and lose the digest of the file that they no longer are.
        """
        asked = tuple(turn for each in record.turns for turn in self._asked(each))
        if not asked:
            return None
        return record.model_copy(
            update={
                "id": self._digest("record", record.id, "R"),
                "patient": self.key.patient(record.patient),
                "study": self._study(record.study),
                "images": tuple(map(self._image, record.images)),
                "turns": asked,
                "context": tuple(map(self._context, record.context)),
                "metadata": dict(self._metadata(record.metadata)),
            }
        )

    def problem(self, problem: Problem) -> Problem:
        """The problem in words that tell no name: they may repeat what the raw files say."""
        reason = _NAMING.sub("*", problem.reason.replace(problem.file, "*"))
        return problem.model_copy(update={"file": self.name(problem.file), "reason": reason})

    def name(self, path: str) -> str:
        """What a file is called where its path, which may name a patient, must not be told."""
        return self.key.digest("path", path).hex()[:32]

    def image_bytes(self, data: bytes) -> bytes:
        """A file without anything that names a person; the same bytes give the same.

        InputError where it must not pass; the reason holds nothing of the file.
        """
        try:
            return stripped(data) if is_raster(data) else self._rewritten(data)
        except Unfit as unfit:
            raise InputError(str(unfit).replace("\n", "; ")) from None
        except (OSError, InputError):
            raise
        except Exception:  # hostile bytes raise anything
            raise InputError("holds values that make no sense; export it again") from None

    def sought(self, file: BinaryIO) -> frozenset[Needle]:
        """What the header of a DICOM file says of people, places and dates; nothing of others."""
        from pydicom import dcmread

        with files.quiet():
            try:
                dataset = dcmread(file, force=True, stop_before_pixels=True)
                shift = self.key.shift(str(dataset.get("PatientID", "")), False)
                return needles(dataset, Profile(self.options), shift).found
            except Exception:  # hostile bytes raise anything; the image itself will be refused
                return frozenset()

    @cached_property
    def _ocr(self) -> Ocr | None:
        return find_ocr()

    def _rewritten(self, data: bytes) -> bytes:
        """A DICOM file by the profile, searched for leaks."""
        with tempfile.TemporaryDirectory() as folder, files.quiet():
            original, clean = Path(folder, "original"), Path(folder, "clean")
            original.write_bytes(data)
            if not files.is_dicom(original):
                return stripped(data)
            dataset = files.read(original)
            files.check_image(dataset)
            with TextGate(self._ocr, self.options.ocr == "all") as gate:
                gate.check(original, dataset)
            patient = str(dataset.PatientID)
            shift = self.key.shift(patient, self.options.times == "shifted")
            sought = needles(dataset, Profile(self.options), shift)
            write_clean(dataset, clean, Rewriter(self.key, self.options), sought)
            return clean.read_bytes()

    def _asked(self, turn: Turn) -> Iterator[Turn]:
        """The turn, unless it asks what the profile takes out; nobody is told to be over 90."""
        if turn.question not in _PERSON:
            yield turn
        elif self.options.patient_characteristics:
            is_older = isinstance(turn.answer, Number) and turn.answer.value > _OLDEST_TOLD
            told = Number(value=_OLDEST_TOLD, unit=getattr(turn.answer, "unit", None))
            yield turn.model_copy(update={"answer": told}) if is_older else turn

    def _image(self, image: Image) -> Image:
        view = image.view if image.view is None or is_known(image.view) else None
        study = None if image.study is None else self._study(image.study)
        return image.model_copy(update={"study": study, "view": view, "sha256": None})

    def _context(self, context: Context) -> Context:
        if context.study is None:
            return context
        return context.model_copy(update={"study": self._study(context.study)})

    def _metadata(self, told: Mapping[str, str]) -> Iterator[tuple[str, str]]:
        for name, value in told.items():
            if name == "file":
                yield name, self.name(value)
            elif is_known(value) or (name == "row" and value.isdecimal()):
                yield name, value

    def _study(self, study: str) -> str:
        """As in the study's DICOM files, where it goes by its UID."""
        return self.key.uid(study) if _UID.fullmatch(study) else self._digest("study", study, "S")

    def _digest(self, kind: str, original: str, letter: str) -> str:
        return letter + self.key.digest(kind, original).hex()[:20]


@dataclass(frozen=True)
class _Anonymous:
    """A layout whose images go by stand-in paths, where nothing lies that could be linked to."""

    layout: Source
    anonymiser: Anonymiser

    def read(self, root: Path) -> Iterator[Record | Problem]:
        """Everything that the layout has, under pseudonyms."""
        headers = lru_cache(_KEPT_HEADERS)(lambda path: self._header(root, path))
        for item in self.layout.read(root):
            if isinstance(item, Problem):
                yield self.anonymiser.problem(item)
            else:
                yield self._record(item, [headers(image.path) for image in item.images])

    def extract(self, root: Path, path: str) -> bytes:
        """An image by its stand-in path; InputError where it is missing or must not pass."""
        try:
            data = self.layout.image_bytes(root, original(path))
        except (OSError, InputError):
            raise InputError("its image is missing or cannot be unpacked") from None
        try:
            return self.anonymiser.image_bytes(data)
        except InputError as error:
            raise InputError(f"its image must not pass: {error}") from None

    def _header(self, root: Path, path: str) -> "_Header":
        try:
            file = root / path
            with file.open("rb") if file.is_file() else BytesIO(self._inner(root, path)) as opened:
                is_plain = is_raster(opened.read(_START))
                opened.seek(0)
                if is_plain:
                    return _Header(False, frozenset())
                return _Header(True, self.anonymiser.sought(opened))
        except (OSError, InputError):
            return _Header(False, frozenset())

    def _inner(self, root: Path, path: str) -> bytes:
        return self.layout.image_bytes(root, path)

    def _record(self, record: Record, headers: list["_Header"]) -> Record | Problem:
        clean = self.anonymiser.record(record)
        if clean is None:
            return self._left_out(record, "it asks for nothing but what the profile takes out")
        if leak := _leak(clean, record.patient, headers):
            return self._left_out(record, f"leak: {leak} in its words")
        images = tuple(
            image.model_copy(update={"path": stand_in(image.path, header.is_dicom)})
            for image, header in zip(clean.images, headers, strict=True)
        )
        return clean.model_copy(update={"images": images})

    def _left_out(self, record: Record, reason: str) -> Problem:
        file = record.metadata.get("file", record.images[0].path)
        row = record.metadata.get("row", "")
        return Problem(
            file=self.anonymiser.name(file),
            row=int(row) if row.isdecimal() else None,
            reason=reason,
        )


class _Header(NamedTuple):
    """Of an image: whether it may be DICOM, and what must not be found in its record's words."""

    is_dicom: bool
    sought: frozenset[Needle]


def _leak(record: Record, patient: str, headers: list[_Header]) -> str | None:
    """The kind of what the words of a record tell of somebody, if they do."""
    words = "\n".join(_texts(record)).casefold()
    for needle in sorted(set().union(*(header.sought for header in headers))):
        if re.search(needle.pattern, words):
            return needle.kind
    plain = patient.strip().casefold()
    if len(plain) < _SHORTEST_ID or is_known(plain):
        return None
    return "patient's id" if re.search(Needle(plain, "id").pattern, words) else None


def _texts(record: Record) -> Iterator[str]:
    """Everything that is said in a record."""
    yield from (image.role for image in record.images)
    yield from _strings(record.model_dump(include={"turns", "context", "metadata"}))


def _strings(value: Any) -> Iterator[str]:
    if isinstance(value, str):
        yield value
    elif isinstance(value, Mapping):
        for each in value.values():
            yield from _strings(each)
    elif isinstance(value, list | tuple):
        for each in value:
            yield from _strings(each)
