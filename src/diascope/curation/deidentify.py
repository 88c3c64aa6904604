"""De-identification of a folder of DICOM, by the profile of DICOM PS3.15 Annex E.

    OUT/dicom/ab/cd/*.dcm   OUT/audit.jsonl   OUT/report.json
    OUT.quarantine/         the originals that must not pass, and reasons.jsonl

What is not known to be safe is removed. Patients, studies and images get pseudonyms that depend on
the key and on nothing else, so what belongs together stays together over runs and sites. No name of
a file or folder is taken over. Every written file is read again and searched for what identified
the patient in the original; one in which it is found goes to quarantine, and the report fails. OUT
appears whole at the end or not at all, and nothing is written below `root`.

OUT holds neither the key nor an original value. The quarantine holds originals: it is for those who
may see them.
"""

import os
import shutil
from collections import defaultdict
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING, TextIO

from diascope.curation._deidentify import files, profile
from diascope.curation._deidentify.burned import TextGate, find_ocr
from diascope.curation._deidentify.cleaning import Leaked, write_clean
from diascope.curation._deidentify.files import Unfit
from diascope.curation._deidentify.options import Options, PrivateAttribute
from diascope.curation._deidentify.pseudonyms import Key, read_key
from diascope.curation._deidentify.report import FileAudit, Report, counted
from diascope.curation._deidentify.rewrite import Rewriter
from diascope.curation._deidentify.scan import Needles, needles
from diascope.curation.outfolder import link_or_copy, partial_name, publish, refuse_used
from diascope.errors import InputError
from diascope.values import Value

if TYPE_CHECKING:
    from pydicom import FileDataset

__all__ = [
    "FileAudit",
    "Key",
    "Options",
    "PrivateAttribute",
    "Report",
    "deidentify",
    "pseudonym",
    "read_key",
]

Progress = Callable[[int, int], None]
_DEFAULTS = Options()


def pseudonym(key: Key, patient: str) -> str:
    """The stable name that a patient's id has under a key, in DICOM and in anything else."""
    return key.patient(patient)


def deidentify(
    root: Path,
    out: Path,
    key: Key,
    options: Options = _DEFAULTS,
    progress: Progress | None = None,
) -> Report:
    """De-identify every DICOM file under `root` into `out`; `read_key` gives the key.

    `progress` is told files done and files in all. InputError where `out` or its quarantine exists
    and is not empty, one of them and `root` lie in each other, or nothing under `root` is DICOM. A
    report that has not `passed` found leaks: their files are in quarantine, yet the rules that let
    them through need a look before the others are believed.
    """
    quarantine = out.with_name(f"{out.name}.quarantine")
    for folder in (out, quarantine):
        _refuse_nested(folder, root)
        refuse_used(folder, root)
    clean, unfit = partial_name(out), partial_name(quarantine)
    try:
        for partial in (clean, unfit):
            partial.mkdir(parents=True, mode=0o700)
        with files.quiet():
            report = _Job(root, clean, unfit, key, options).run(progress)
        (clean / "report.json").write_text(report.model_dump_json(indent=1))
        if report.quarantined:
            publish(unfit, quarantine)
        clean.chmod(0o755)
        publish(clean, out)
    finally:
        for partial in (clean, unfit):
            shutil.rmtree(partial, ignore_errors=True)
    return report


class _Reason(Value):
    """A line of the quarantine's list, which may name the original: it lies beside it."""

    file: str
    original: str
    reasons: tuple[str, ...]


class _Job:
    """Two passes: whose every study is, then each file by itself."""

    def __init__(self, root: Path, out: Path, quarantine: Path, key: Key, options: Options) -> None:
        self._root, self._out, self._quarantine = root, out, quarantine
        self._key, self._options, self._ocr = key, options, find_ocr()
        self._rewriter = Rewriter(key, options)
        self._profile = profile.Profile(options)
        self._audits: list[FileAudit] = []
        self._leaks = self._too_short = 0

    def run(self, progress: Progress | None) -> Report:
        """Both."""
        # the order of the audit must not be that of the patients' names
        paths = sorted(_files(self._root), key=self._name)
        try:
            dicom = [path for path in paths if files.is_dicom(path)]
        except OSError as error:
            raise InputError(f"{self._root}: a file cannot be read ({error.strerror})") from None
        if not dicom:
            raise InputError(f"{self._root}: none of its {len(paths)} files is DICOM")
        mixed = _mixed_studies(dicom)
        with (
            (self._out / "audit.jsonl").open("w") as audit,
            (self._quarantine / "reasons.jsonl").open("w") as reasons,
            TextGate(self._ocr, self._options.ocr == "all") as gate,
        ):
            for done, path in enumerate(dicom, start=1):
                told = self._one(path, mixed, gate, reasons)
                audit.write(told.model_dump_json() + "\n")
                self._audits.append(told.model_copy(update={"changes": {}}))
                if progress:
                    progress(done, len(dicom))
        return self._report(len(paths))

    def _name(self, path: Path) -> str:
        """What a file is called where its path, which may name a patient, must not be told."""
        return self._key.digest("path", str(path.relative_to(self._root))).hex()[:32]

    def _one(self, path: Path, mixed: set[str], gate: TextGate, reasons: TextIO) -> FileAudit:
        """One file, written or put into quarantine."""
        name = self._name(path)
        try:
            return self._passed(name, path, mixed, gate)
        except Unfit as unfit:
            told = tuple(str(unfit).split("\n"))
        except (OSError, InputError):
            raise
        except Exception:  # hostile bytes raise anything, and must not end the whole run
            told = ("holds values that make no sense",)
        link_or_copy(path, self._quarantine / f"{name}.dcm")
        original = str(path.relative_to(self._root))
        reasons.write(_Reason(file=name, original=original, reasons=told).model_dump_json() + "\n")
        return FileAudit(file=name, output=None, reasons=told)

    def _passed(self, name: str, path: Path, mixed: set[str], gate: TextGate) -> FileAudit:
        """A file that is written; Unfit where it must not be."""
        dataset = files.read(path)
        files.check_image(dataset)
        if str(dataset.get("StudyInstanceUID", "")) in mixed:
            raise Unfit("its study holds images of more than one PatientID")
        looked = gate.check(path, dataset)
        return self._written(name, dataset, looked)

    def _written(self, name: str, dataset: "FileDataset", looked: bool) -> FileAudit:
        patient = str(dataset.PatientID)
        stem = self._key.file_name(str(dataset.SOPInstanceUID))
        place = Path("dicom", stem[:2], stem[2:4], f"{stem}.dcm")
        if (self._out / place).exists():
            raise Unfit("another file has the same SOPInstanceUID")
        sought = self._sought(dataset, patient)
        try:
            changes = write_clean(dataset, self._out / place, self._rewriter, sought)
        except Exception as error:
            self._leaks += isinstance(error, Leaked)
            (self._out / place).unlink(missing_ok=True)
            raise
        return FileAudit(
            file=name,
            output=place.as_posix(),
            patient=self._key.patient(patient),
            searched_for_text=looked,
            changes=changes,
        )

    def _sought(self, dataset: "FileDataset", patient: str) -> Needles:
        """What must not be found in the written file, taken before anything is done to it."""
        shift = self._key.shift(patient, self._options.times == "shifted")
        sought = needles(dataset, self._profile, shift)
        self._too_short += sought.num_too_short
        return sought

    def _report(self, num_files: int) -> Report:
        written = [audit for audit in self._audits if audit.output]
        return Report(
            edition=profile.edition(),
            options=self._options,
            ocr=self._ocr.version if self._ocr else None,
            files=num_files,
            written=len(written),
            quarantined=len(self._audits) - len(written),
            not_dicom=num_files - len(self._audits),
            patients=len({audit.patient for audit in written}),
            leaks=self._leaks,
            searched_for_text=sum(audit.searched_for_text for audit in written),
            too_short_to_search=self._too_short,
            reasons=counted(reason for audit in self._audits for reason in audit.reasons),
        )


def _files(root: Path) -> Iterator[Path]:
    """Every file; links are not followed, since they may lead out of `root`."""
    for folder, _, names in os.walk(root):
        paths = (Path(folder, name) for name in names)
        yield from (path for path in paths if path.is_file() and not path.is_symlink())


def _mixed_studies(paths: list[Path]) -> set[str]:
    """The studies whose files name more than one patient: somebody's images are filed wrongly."""
    patients: dict[str, set[str]] = defaultdict(set)
    for path in paths:
        try:
            header = files.read(path, only=("StudyInstanceUID", "PatientID"))
            study, patient = header.get("StudyInstanceUID", ""), header.get("PatientID", "")
        except Exception:  # noqa: S112 - hostile bytes raise anything; the second pass says so
            continue
        if study:
            patients[str(study)].add(str(patient).strip(" \0"))
    return {study for study, names in patients.items() if len(names) > 1}


def _refuse_nested(out: Path, root: Path) -> None:
    inner, outer = out.resolve(), root.resolve()
    if inner.is_relative_to(outer) or outer.is_relative_to(inner):
        raise InputError(f"{out}: lies in the folder that is read, or around it; name another")
